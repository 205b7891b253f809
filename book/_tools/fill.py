"""What `sync` fills into a notebook, so that it stands in one place: the set-up cell for Colab and the time.

A chapter's source marks the places. The set-up cell stands in ``setup_cell.py``; the address of the repository and the
tag of this version are put into it: a notebook installs the package that it was written for.
"""

from __future__ import annotations

import re
from pathlib import Path

import addresses

from plip_tutorial.at_scale import budgets

ROOT = Path(__file__).parents[2]
TESTED = ROOT / "plip_tutorial" / "data" / "tested.txt"
TIME_MARK = "@time@"
TIME = """\
{minutes}`under two minutes on two CPU cores`, after the shared artifacts are built ({doc}`all pages <run_times>`).
@GPU@"""
SETUP_MARK = "# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook."
SETUP = Path(__file__).with_name("setup_cell.py")


def filled(source: str, chapter: str) -> str:
    """The source of a chapter's cell with what belongs into it."""
    if source == SETUP_MARK:
        return setup_cell()
    return source.replace(TIME_MARK, time(chapter)) if TIME_MARK in source else source


def time(chapter: str) -> str:
    """What a chapter takes: `page_times` puts the minutes of this build in, `budgets` knows the GPU."""
    return TIME.replace("@GPU@", budgets.sentence(chapter))


def tested() -> str:
    """Pinned versions of what the package needs, for the doctor: the pins themselves are not installed."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    same = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    names = [re.match(r"[\w.-]+", line)[0] for line in addresses.project()["dependencies"]]  # type: ignore[index]
    return "".join(f"{name}=={same[name.lower()]}\n" for name in names)


def package() -> str:
    """What pip installs: the package with what the chapters need besides, from the repository at this version's tag."""
    return f"plip-tutorial[colab] @ git+{addresses.repository()}@{addresses.tag()}"


def setup_cell() -> str:
    """The source of the set-up cell, the same in every notebook."""
    python = addresses.project()["requires-python"].removeprefix(">=").replace(".", ", ")
    words = {"@PACKAGE@": package(), "@TAG@": addresses.tag(), "@PYTHON@": python}
    source = SETUP.read_text(encoding="utf-8").strip()
    for mark, word in words.items():
        source = source.replace(mark, word)
    return source
