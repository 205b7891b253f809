"""Time and recall of the nearest neighbours as the pool grows from 1,000 to a million vectors; a page of the book draws them.

    python benchmarks/knn_growth.py [largest pool, default 1000000]

It writes ``plip_tutorial/data/knn_growth.json`` with its provenance, anew after each size, from 100,000 vectors on.
Vectors lie in clusters around 300 centres, as embeddings do, in float32. What is counted is the time of one processor
(one thread, `process_time`), so that a busy machine changes little; each search runs twice, the better time counts.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from knn import DIM, Found, clustered
from threadpoolctl import threadpool_limits

from plip_tutorial.expand import ApproximateIndex, VectorIndex
from plip_tutorial.studies import canary, provenance

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
QUERIES, K = 200, 10
WAYS = {"approximate": (16, 10), "approximate, looks longer": (64, 50)}  # cells, and length of the short list over k


def timed(search: Callable[[], Found]) -> tuple[float, Found]:
    """The better of two runs, in seconds of the processor, and the answer."""
    seconds = []
    for _ in range(2):
        start = process_time()
        found = search()
        seconds.append(process_time() - start)
    return min(seconds), found


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
    start = process_time()
    cells = ApproximateIndex(pool)
    built = round(process_time() - start, 2)
    with tempfile.TemporaryDirectory() as folder:
        size = (cells.save(folder) / "codes.faiss").stat().st_size / 1e6
        for mapped, chosen in (("", cells), (", from disk", ApproximateIndex.load(folder))):
            for name, (probes, shortlist) in WAYS.items():
                chosen.index.nprobe, chosen.shortlist = probes, shortlist
                search = lambda chosen=chosen: chosen.search(queries, K)[1]  # noqa: E731
                rows.append(row(name + mapped, n, search, exact, megabytes=size, built=built))
    return rows


def measured(now: dict[str, Any]) -> tuple[list[dict[str, Any]], float]:
    """What an earlier run of the same code left, and how long it took: a killed run goes on."""
    with suppress(FileNotFoundError):
        note, results = provenance.load("knn_growth")
        if not canary.differences(note.canary, now):
            return results["rows"], note.seconds
    return [], 0.0


def main(largest: int) -> None:
    """Measure every size, print the exponents, write the file."""
    start, now = perf_counter(), canary.take("search")
    rows, before = measured(now)
    for n in (size for size in SIZES if size <= largest and size not in {told["pool"] for told in rows}):
        rows += measure(n)
        if n >= 100_000:
            note = provenance.Provenance.now(canary=now, seconds=before + perf_counter() - start)
            told = {"dim": DIM, "queries": QUERIES, "k": K, "faiss": version("faiss-cpu"), "rows": rows}
            print(provenance.save("knn_growth", told, note))
    for name in dict.fromkeys(told["index"] for told in rows):
        mine = [told for told in rows if told["index"] == name and told["pool"] >= 10_000]
        if len(mine) > 1:
            power = np.polyfit(np.log([t["pool"] for t in mine]), np.log([t["ms"] for t in mine]), 1)[0]
            print(f"{name}: from 10,000 vectors on, time grows with the pool to the power {power:.2f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with threadpool_limits(1):
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZES[-1])
