"""Time and recall of the nearest neighbours as the pool grows from 1,000 to a million vectors; chapter 3 draws them.

    python benchmarks/knn_growth.py [largest pool, default 1000000]

It writes ``plip_tutorial/data/knn_growth.json`` with its provenance, if the largest pool is the full one. Vectors lie
in clusters around 300 centres, as embeddings do, in float32; every search is timed twice, and the better time counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from time import perf_counter
from typing import Any

import numpy as np
from knn import DIM, Found, clustered, timed

from plip_tutorial import cache, provenance
from plip_tutorial.vector_index import ApproximateIndex, VectorIndex

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUERIES, K = 200, 10
WAYS = {"approximate": (16, 10), "approximate, looks longer": (64, 50)}  # cells, and length of the short list over k
CODE = ("plip_tutorial.vector_index",)


def row(name: str, n: int, search: Callable[[], Found], exact: Found | None, **more: Any) -> dict[str, Any]:
    """One measurement: milliseconds for a query, and the share of the exact neighbours that came back."""
    seconds, found = timed(search)
    pairs = zip(found.tolist(), (found if exact is None else exact).tolist(), strict=True)
    recall = float(np.mean([len(set(a) & set(b)) / K for a, b in pairs]))
    told = {"index": name, "pool": n, "ms": round(1e3 * seconds / QUERIES, 5), "recall": round(recall, 4), **more}
    print(told, flush=True)
    return told


def measure(n: int) -> list[dict[str, Any]]:
    """All ways on one pool; the saved index is searched as well, codes and vectors mapped from the disk."""
    pool, queries = clustered(n), clustered(QUERIES + 1)[:QUERIES]
    index = VectorIndex(pool)
    exact = index.search(queries, K)[1]
    rows = [row("exact", n, lambda: index.search(queries, K)[1], None, megabytes=pool.nbytes / 1e6)]
    start = perf_counter()
    cells = ApproximateIndex(pool)
    built = round(perf_counter() - start, 2)
    with tempfile.TemporaryDirectory() as folder:
        size = (cells.save(folder) / "codes.faiss").stat().st_size / 1e6
        for mapped, chosen in (("", cells), (", from disk", ApproximateIndex.load(folder))):
            for name, (probes, shortlist) in WAYS.items():
                chosen.index.nprobe, chosen.shortlist = probes, shortlist
                search = lambda chosen=chosen: chosen.search(queries, K)[1]  # noqa: E731
                rows.append(row(name + mapped, n, search, exact, megabytes=size, built=built))
    return rows


def main(largest: int) -> None:
    """Measure every size, print the exponents, write the file."""
    start = perf_counter()
    rows = [told for n in SIZES if n <= largest for told in measure(n)]
    for name in dict.fromkeys(told["index"] for told in rows):
        mine = [told for told in rows if told["index"] == name and told["pool"] >= 10_000]
        if len(mine) > 1:
            power = np.polyfit(np.log([t["pool"] for t in mine]), np.log([t["ms"] for t in mine]), 1)[0]
            print(f"{name}: from 10,000 vectors on, time grows with the pool to the power {power:.2f}")
    if largest >= SIZES[-1]:
        note = provenance.Provenance.now(code=cache.code_key(*CODE), seconds=perf_counter() - start)
        told = {"dim": DIM, "queries": QUERIES, "k": K, "faiss": version("faiss-cpu"), "rows": rows}
        print(provenance.save("knn_growth", told, note))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
