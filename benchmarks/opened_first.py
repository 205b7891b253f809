"""How long a reader waits who opens a page first: nothing is in the cache, and there is one core.

    python benchmarks/opened_first.py                     # all pages, one after the other
    python benchmarks/opened_first.py 07_fine_tuning

For each page: seconds until its first figure stands there (at most 60), until its end (at most 90), those of the
processor, and its slowest cells. On a machine that does other things, too, read the processor's.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path

import pages

from plip_tutorial.storage import cache

sys.path.insert(0, str(pages.BOOK / "_tools"))
import kernels

FIRST_FIGURE, END = 60, 90  # seconds


def processor() -> float:
    """Seconds that all processes took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def told(ran: pages.Ran, taken: float, slowest: int = 3) -> str:
    """A line for a page and one for each of its slowest cells."""
    first = ran.first_figure()
    late = (first is not None and first > FIRST_FIGURE) or ran.seconds > END
    shown = "no figure" if first is None else f"first figure {first:.0f} s"
    lines = [f"{shown}, end {ran.seconds:.0f} s, processor {taken:.0f} s{', TOO LATE' * late}", *ran.failed]
    for cell in sorted(ran.page.cells, key=pages.seconds, reverse=True)[:slowest]:
        lines.append(f"    {pages.seconds(cell):5.1f} s  {cell.source.splitlines()[0][:80]}")
    return "\n".join(lines)


def main() -> None:
    """Run one page after the other on one core, each with an empty cache."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pages", nargs="*", metavar="page", help="07_fine_tuning, ...; by default all")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
    notebooks = pages.chosen(options.parse_args().pages)
    with tempfile.TemporaryDirectory() as folder:
        environment = kernels.environment(kernels.install(Path(folder) / "package"))
        for notebook in notebooks:
            before = processor()
            ran = pages.run(notebook, environment | {cache.VARIABLE: str(Path(folder) / notebook.stem)})
            print(f"{notebook.stem}: {told(ran, processor() - before)}", flush=True)


if __name__ == "__main__":
    main()
