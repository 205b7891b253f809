"""How long is a unit, for the one who learns from it? Words, cells, lines, columns, and an estimate of the minutes.

    python book/_tools/lengths.py                 # all units, and what is over its limit
    python book/_tools/lengths.py 11_zero_shot    # one

The minutes are an estimate: 150 words a minute, six seconds for a line of code with what it prints, five minutes for an
exercise. The cells run while one reads.
"""

from __future__ import annotations

import re
import sys
from math import ceil
from pathlib import Path
from typing import NamedTuple

import claims
import jupytext
import live_view
from nbformat import NotebookNode

BOOK = Path(__file__).parents[1]
WORDS_A_MINUTE, LINES_A_MINUTE, MINUTES_AN_EXERCISE = 150, 10, 5
OPTIONS = "|".join(("class", "label", "filter", "figclass", "alt", "width", "name", *live_view.OPTIONS))
MARKS = re.compile(rf"^:::.*$|^:(?:{OPTIONS}):.*$|@\w+@|^\(.+\)=$", re.MULTILINE)


class Length(NamedTuple):
    """What a unit asks of its reader; `LIMITS` has the most of each.

    Attributes:
        words: of prose, with exercises, solutions and captions.
        cells: of code that a reader sees.
        lines: of the longest cell, without empty ones.
        columns: of the widest line of code.
        minutes: reading, running, exercises.
        exercises: two at the least.
        claims: that are checked.
    """

    words: int
    cells: int
    lines: int
    columns: int
    minutes: int
    exercises: int
    claims: int


LIMITS = {"words": 2000, "cells": 20, "lines": 10, "columns": 78, "minutes": 45}


def units() -> list[Path]:
    """The sources of the numbered pages, in their order."""
    return sorted(path for path in BOOK.glob("*.py") if path.name[:2].isdigit())


def length(book: NotebookNode) -> Length:
    """Measure the notebook of a unit."""
    prose = "\n\n".join([c.source for c in book.cells if c.cell_type == "markdown"])
    captions = [c.metadata.get("mystnb", {}).get("figure", {}).get("caption", "") for c in book.cells]
    said = claims.plain(MARKS.sub("", re.split(r"^:::\{bibliography\}", prose, flags=re.MULTILINE)[0]))
    words = len(re.findall(r"\w[\w'’.,-]*", " ".join([said, *captions])))
    shown = [c for c in book.cells if c.cell_type == "code" and "remove-cell" not in c.metadata.get("tags", [])]
    lines = [[line for line in cell.source.splitlines() if line.strip()] for cell in shown]
    exercises = len(re.findall(r"^:::\{exercise\}", prose, re.MULTILINE))
    taken = words / WORDS_A_MINUTE + sum(map(len, lines)) / LINES_A_MINUTE + exercises * MINUTES_AN_EXERCISE
    return Length(
        words,
        len(shown),
        max(map(len, lines), default=0),
        max((len(line) for cell in lines for line in cell), default=0),
        ceil(taken),
        exercises,
        len(claims.claimed(book)),
    )


def over(found: Length) -> list[str]:
    """What is over its limit, in words."""
    values = found._asdict()
    return [f"{values[name]} {name}, at most {most}" for name, most in LIMITS.items() if values[name] > most]


def main() -> int:
    """Print a line for each unit; returns 1 if one is over a limit."""
    chosen = [BOOK / f"{name}.py" for name in sys.argv[1:]] or units()
    found = {path.stem: length(jupytext.read(path)) for path in chosen}
    print(f"{'':26}" + "".join(f"{name:>11}" for name in Length._fields))
    for name, measured in found.items():
        print(f"{name:26}" + "".join(f"{value:11,}" for value in measured), *over(measured), sep="   ")
    return int(any(map(over, found.values())))


if __name__ == "__main__":
    sys.exit(main())
