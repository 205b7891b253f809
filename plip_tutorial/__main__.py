"""Command line: ``python -m plip_tutorial prepare | report | demo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path


def _prepare(_: argparse.Namespace) -> None:
    """Build everything that the chapters of the tiny track share."""
    from plip_tutorial import artifacts, microcosm, tracks

    print(f"tiny CLIP: {artifacts.tiny_clip()}")
    print(f"tiny PLIP: {artifacts.tiny_plip()}")
    for name in microcosm.NAMES:
        for split in ("train", "test"):
            tiles = artifacts.benchmark_of(tracks.TINY, name, split)
            print(f"{name}, {split}: {len(tiles)} tiles")


def _report(arguments: argparse.Namespace) -> None:
    """Print the project's numbers."""
    from plip_tutorial import report

    print(report.building().to_markdown(), end="\n\n")
    print(report.benchmarks(arguments.seeds).to_markdown(), end="\n\n")
    if arguments.real:
        print(report.real_tiles(arguments.real, arguments.seeds).to_markdown())


def _demo(arguments: argparse.Namespace) -> None:
    """Open the Streamlit app in the browser."""
    from plip_tutorial import app

    app.run(arguments.rest)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(prog="python -m plip_tutorial", description="The PLIP tutorial.")
    commands = whole.add_subparsers(required=True, metavar="command")
    prepare = commands.add_parser("prepare", help="build what the chapters share: models, corpus, labelled sets")
    prepare.set_defaults(run=_prepare)
    report = commands.add_parser("report", help="measure and print the project's numbers (ten minutes the first time)")
    report.add_argument("--seeds", type=int, default=3, help="models of each kind that are trained and averaged")
    report.add_argument("--real", type=Path, nargs="*", metavar="DIR", help="folders class/file of real H&E tiles")
    report.set_defaults(run=_report)
    demo = commands.add_parser("demo", help="search tiles by words or by picture, in the browser")
    demo.add_argument("rest", nargs="*", help="a folder of tiles of your own")
    demo.set_defaults(run=_demo)
    return whole


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command."""
    arguments = parser().parse_args(argv)
    arguments.run(arguments)


if __name__ == "__main__":
    main()
