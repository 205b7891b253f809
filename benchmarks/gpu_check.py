"""Does everything that is written for a GPU work on yours? One command, under eight minutes on a T4, no network.

    python benchmarks/gpu_check.py                       # prints a table and a verdict a line; writes gpu_check.json
    python benchmarks/gpu_check.py --output FOLDER       # the file goes there
    python benchmarks/gpu_check.py embedding resume      # only some of the checks

It needs the package and torch, no network and no trained model: a ViT-B/32 and a tiny CLIP with random weights are
made on the spot, tiles and captions are drawn. Without a GPU the same checks run with tiny sizes: that shows that the
script works, and nothing about a GPU. Please send the file of a GPU back in an issue or as a pull request.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import torch
from gpu_bench import CPU_SIZES, GPU_SIZES, Bench, Finding
from gpu_checks import CHECKS
from transformers.utils import logging

from plip_tutorial.studies import provenance

NAME = "gpu_check"


def run(bench: Bench, chosen: list[str]) -> Iterator[Finding]:
    """Carry out checks one after the other; one that raises has failed, and the others go on."""
    for name in chosen:
        start = perf_counter()
        try:
            found = list(CHECKS[name](bench))
        except Exception as error:
            traceback.print_exc()
            found = [Finding(name, False, f"{type(error).__name__}: {error}")]
        for finding in found:
            print(f"{finding.mark:8} {finding.what}: {finding.said}", flush=True)
            yield finding
        print(f"{'':8} ({name}: {perf_counter() - start:.0f} s)", flush=True)
        if bench.gpu:
            torch.cuda.empty_cache()


def table(findings: list[Finding]) -> str:
    """All numbers, a row each."""
    rows = [(one.what, name, value) for one in findings for name, value in one.numbers.items()]
    width = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
    return "\n".join(f"{what:{width[0]}}  {name:{width[1]}}  {value:10.4g}" for what, name, value in rows)


def main() -> int:
    """Check, print, write; returns 1 if a check failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("checks", nargs="*", metavar="check", help=f"{', '.join(CHECKS)}; by default all")
    options.add_argument(
        "--output", type=Path, default=Path(), metavar="FOLDER", help="where gpu_check.json is written"
    )
    options.add_argument("--cpu", action="store_true", help="tiny sizes on the CPU, also where there is a GPU")
    chosen = options.parse_args()
    unknown = set(chosen.checks) - set(CHECKS)
    if unknown:
        options.error(f"no such check: {', '.join(sorted(unknown))}. There are: {', '.join(CHECKS)}.")
    if not chosen.output.is_dir():
        options.error(f"{chosen.output} is no folder. Make it first, or choose another with --output.")
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    gpu, start = torch.cuda.is_available() and not chosen.cpu, perf_counter()
    print(f"on {torch.cuda.get_device_name() if gpu else 'a CPU, with tiny sizes: this says nothing about a GPU'}")
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder), GPU_SIZES if gpu else CPU_SIZES, "cuda" if gpu else "cpu")
        findings = list(run(bench, chosen.checks or list(CHECKS)))
    print(f"\n{table(findings)}\n")
    failed = [finding for finding in findings if finding.good is False]
    results = {"gpu": gpu, "findings": [asdict(finding) for finding in findings]}
    note = provenance.Provenance.now(seconds=perf_counter() - start, root=Path(__file__).parents[1])
    print(provenance.save(NAME, results, note, folder=chosen.output))
    for finding in findings:
        print(f"{finding.mark:8} {finding.what}")
    print(f"{len(findings) - len(failed)} of {len(findings)} hold, in {perf_counter() - start:.0f} s.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
