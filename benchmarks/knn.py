"""Nearest neighbours side by side: this package, torch, scikit-learn, a full sort, faiss; and how time grows.

    python benchmarks/knn.py [largest pool, default 100000]

Ratios say how many times longer the other one takes, in time of the processor; the searches take turns, so that a busy
minute hits all of them alike. faiss is left out where it is not installed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter, process_time

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.expand import ApproximateIndex, VectorIndex
from plip_tutorial.expand.vector_index import BLOCK
from plip_tutorial.microcosm.seeding import rng

DIM, QUERIES, K = 128, 500, 50
Found = NDArray[np.int64]


def clustered(n: int) -> NDArray[np.float32]:
    """Unit vectors in clusters, as embeddings are."""
    draw, centres = rng("pool", n), rng("centres").normal(size=(300, DIM))
    return np.asarray(unit(centres[draw.integers(300, size=n)] + draw.normal(size=(n, DIM))), np.float32)


def timed(searches: Mapping[str, Callable[[], Found]]) -> dict[str, tuple[float, Found]]:
    """Seconds of the processor in the best of three turns, and the answer, of each."""
    best: dict[str, tuple[float, Found]] = {}
    for _ in range(3):
        for name, search in searches.items():
            start = process_time()
            found = search()
            seconds = process_time() - start
            best[name] = min(seconds, best.get(name, (seconds, found))[0]), found
    return best


def full_sort(pool: NDArray[np.float32], queries: NDArray[np.float32]) -> Found:
    """The obvious way: sort everything, query by query."""
    return np.stack([np.argsort(-(pool @ query))[:K] for query in queries])


def in_blocks(pool: torch.Tensor, queries: torch.Tensor) -> Found:
    """Product and topk of torch, block by block, with memory as bounded as ours; ties stand in any order."""
    scores, places = torch.empty(len(queries), 0), torch.empty(len(queries), 0, dtype=torch.int64)
    for start in range(0, len(pool), BLOCK):
        found = (queries @ pool[start : start + BLOCK].T).topk(min(K, len(pool) - start))
        scores = torch.cat([scores, found.values], 1)
        places = torch.cat([places, found.indices + start], 1)
    return np.asarray(places.gather(1, scores.topk(K).indices).numpy())


def others(pool: NDArray[np.float32], queries: NDArray[np.float32]) -> Iterator[tuple[str, Callable[[], Found]]]:
    """What else one could call."""
    left, right = torch.from_numpy(queries), torch.from_numpy(pool)
    yield "torch, matmul and topk", lambda: (left @ right.T).topk(K).indices.numpy()
    yield "torch, in blocks", lambda: in_blocks(right, left)
    yield "full sort", lambda: full_sort(pool, queries)
    brute = NearestNeighbors(n_neighbors=K, metric="cosine", algorithm="brute").fit(pool)
    yield "scikit-learn", lambda: np.asarray(brute.kneighbors(queries)[1])
    try:
        import faiss
    except ModuleNotFoundError:
        return
    flat = faiss.IndexFlatIP(DIM)
    flat.add(pool)
    yield "faiss flat", lambda: np.asarray(flat.search(queries, K)[1])
    start = perf_counter()
    cells = ApproximateIndex(pool)
    yield f"faiss IVF-PQ (built in {perf_counter() - start:.1f} s)", lambda: cells.search(queries, K)[1]


def recall(found: Found, exact: Found) -> float:
    """Share of the exact neighbours that were found."""
    return float(np.mean([len(set(a) & set(b)) / K for a, b in zip(found.tolist(), exact.tolist(), strict=True)]))


def main(largest: int) -> None:
    """Print a table for each size of the pool, and the growth exponent."""
    sizes = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= largest]
    times = []
    for n in sizes:
        pool, queries = clustered(n), clustered(QUERIES + 1)[:QUERIES]
        index = VectorIndex(pool)
        ours = lambda index=index, queries=queries: index.search(queries, K)[1]  # noqa: E731
        told = timed({"VectorIndex": ours, **dict(others(pool, queries))})
        seconds, exact = told.pop("VectorIndex")
        times.append(seconds)
        print(f"pool {n:>9,}: VectorIndex {1e3 * seconds / QUERIES:.3f} ms a query")
        for name, (other, found) in told.items():
            ratio, same = other / seconds, recall(found, exact)
            print(f"    {name:<32} takes {ratio:6.2f} times as long, finds {same:.3f} of them")
    if len(sizes) > 1:
        print(f"time grows with the pool to the power {np.polyfit(np.log(sizes), np.log(times), 1)[0]:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
