"""Time and GPU memory of each unit in the full track, on your GPU: what the pages can only estimate so far.

    make measure-gpu                                       # all units
    python benchmarks/measure_gpu.py 11_zero_shot          # some
    python benchmarks/measure_gpu.py --trial tiny 17_auditing_plip   # only to see that it runs

Every unit runs in a fresh kernel, an empty folder and with empty caches, so downloads count, as for a reader who
opens it first; only the tiny models and their corpus are built beforehand, as the pages say. The result, with GPU,
versions, date and commit, goes to ``plip_tutorial/data/measure_gpu.json``, and the lines that take the place of the
estimates in ``book/run_times.md`` are printed. Send them as a pull request or in an issue.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

import pages
import torch

from plip_tutorial.storage import cache
from plip_tutorial.studies import provenance

ROOT = Path(__file__).parents[1]
NAME = "measure_gpu"
UNITS = sorted(page.stem for page in (ROOT / "book").glob("[01]*.py"))
ASK_PEAK = "import torch; print(torch.cuda.max_memory_reserved() if torch.cuda.is_available() else 0)"


def run(notebook: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Seconds of a notebook in a fresh kernel and an empty folder, peak of torch's memory on the GPU, what failed."""
    ran = pages.run(notebook, environment, ASK_PEAK)
    peak = int(ran.page.cells[-1].outputs[0].text)
    return {
        "seconds": round(ran.seconds, 1),
        "peak_bytes": peak,
        "complete": not ran.failed,
        "failed": ran.failed[:1],
    }


def own_caches(folder: Path, track: str) -> dict[str, str]:
    """The environment of a reader whose caches are empty."""
    places = {cache.VARIABLE: str(folder / "book"), "HF_HOME": str(folder / "hub"), "PLIP_TUTORIAL_TRACK": track}
    return {**os.environ, **places, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def measure(units: list[str], track: str, output: Path) -> Path:
    """Measure unit by unit and write after each, so that an interruption loses one unit only."""
    results: dict[str, Any] = {}
    start = perf_counter()
    for unit in units:
        with tempfile.TemporaryDirectory() as folder:
            environment = own_caches(Path(folder), track)
            results[unit] = run(ROOT / "notebooks" / f"{unit}.ipynb", environment)
        print(f"{unit}: {results[unit]}", flush=True)
        origin = provenance.Provenance.now(seconds=perf_counter() - start, root=ROOT)
        written = provenance.save(NAME, results, origin, folder=output)
    return written


def rows(written: Path) -> str:
    """The lines of the table in ``book/run_times.md``; a unit that failed half-way says nothing about its length."""
    origin, results = provenance.load(NAME, folder=written.parent)
    where = f"{origin.machine}, {origin.date}, torch {origin.versions['torch']}, commit {origin.commit}"
    return "\n".join(
        f"| {{doc}}`{unit}` | {found['seconds'] / 60:.1f} | {found['peak_bytes'] / 1e9:.1f} | {where} |"
        for unit, found in results.items()
        if found["complete"]
    )


def main() -> None:
    """Refuse a machine without a GPU, then measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("units", nargs="*", metavar="unit", help="11_zero_shot, ...; by default all")
    options.add_argument("--trial", choices=("tiny", "full"), help="run in this track on any machine and keep nothing")
    chosen = options.parse_args()
    if not torch.cuda.is_available() and not chosen.trial:
        options.error("torch finds no GPU here. With --trial tiny the units run all the same, and nothing is kept")
    unknown = set(chosen.units) - set(UNITS)
    if unknown:
        options.error(f"no such unit: {', '.join(sorted(unknown))}. There are: {', '.join(UNITS)}")
    units = chosen.units or list(UNITS)
    if not chosen.trial:
        written = measure(units, "full", provenance.FOLDER)
        print(f"written: {written}\n{rows(written)}")
        return
    with tempfile.TemporaryDirectory() as folder:
        print(measure(units, chosen.trial, Path(folder)).read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
