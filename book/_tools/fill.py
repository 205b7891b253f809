"""What `sync` fills into a notebook, so that it stands in one place: the set-up cell for Colab, the time, the way.

A page's source marks the places. The set-up cell stands in ``setup_cell.py``; the address of the repository and the
tag of this version are put into it: a notebook installs the package that it was written for.
"""

from __future__ import annotations

import re
from pathlib import Path

import addresses

ROOT = Path(__file__).parents[2]
TESTED = ROOT / "plip_tutorial" / "data" / "tested.txt"
TIME_MARK, WAY_MARK = "@time@", "@way@"
TIME = (
    "about {learner} minutes of yours, {{minutes}}`under two minutes` of a computer's, on one core "
    "({{doc}}`all pages <run_times>`)."
)
STATIONS = ("post", "pair", "relatives", "clean pairs", "model", "answers", "doubts")
#: Where on the way of the pair a unit stands, by its number.
STATION = {
    "01": "model", "02": "model", "03": "pair", "04": "relatives", "05": "clean pairs", "06": "clean pairs",
    "07": "model", "08": "model", "09": "model", "10": "answers", "11": "answers", "12": "answers", "13": "answers",
    "14": "answers", "15": "doubts", "16": "doubts", "17": "doubts", "18": "doubts",
}  # fmt: skip
SETUP_MARK = "# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook."
SETUP = Path(__file__).with_name("setup_cell.py")


def filled(source: str, page: str, learner: int) -> str:
    """The source of a page's cell with what belongs into it.

    Args:
        source: of the cell.
        page: its name.
        learner: minutes that the page takes a reader (`lengths`).
    """
    if source == SETUP_MARK:
        return setup_cell()
    return source.replace(TIME_MARK, TIME.format(learner=learner)).replace(WAY_MARK, way(page))


def way(page: str) -> str:
    """The way of the pair in a line, with the place of a unit in bold.

    >>> way("05_what_does_not_belong")
    '*Where we are, unit 5:* post → pair → relatives → **clean pairs** → model → answers → doubts'
    """
    here = STATION.get(page[:2])
    shown = " → ".join(f"**{station}**" if station == here else station for station in STATIONS)
    return f"*Where we are, unit {int(page[:2])}:* {shown}" if here else f"*The way of a pair:* {shown}"


def tested() -> str:
    """Pinned versions of what the package needs, for the doctor: the pins themselves are not installed."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    same = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    names = [re.match(r"[\w.-]+", line)[0] for line in addresses.project()["dependencies"]]  # type: ignore[index]
    return "".join(f"{name}=={same[name.lower()]}\n" for name in names)


def package() -> str:
    """What pip installs: the package with what the pages need besides, from the repository at this version's tag."""
    return f"plip-tutorial[colab] @ git+{addresses.repository()}@{addresses.tag()}"


def setup_cell() -> str:
    """The source of the set-up cell, the same in every notebook."""
    python = addresses.project()["requires-python"].removeprefix(">=").replace(".", ", ")
    words = {"@PACKAGE@": package(), "@TAG@": addresses.tag(), "@PYTHON@": python}
    source = SETUP.read_text(encoding="utf-8").strip()
    for mark, word in words.items():
        source = source.replace(mark, word)
    return source
