"""Does every page print the same on other processors? Three are simulated, and what still differs is listed.

    make compare-processors                                  # all pages, two at a time: half an hour
    python benchmarks/processors.py 11_zero_shot 17_auditing_plip

Every page runs on this processor, as on a laptop without AVX-512, and as on an old machine, each with an empty cache of
its own. Then what it prints is compared, line by line. Times may differ, and so may the last digit of a number that was
rounded, or a thousandth of it. All else is named: page, cell, line. Pictures are not compared.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import pages
from bs4 import BeautifulSoup
from nbformat import NotebookNode

from plip_tutorial.storage import cache

sys.path.insert(0, str(pages.BOOK / "_tools"))
import kernels

OWN = "this processor"
PROCESSORS = {
    OWN: {},
    "without AVX-512": {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
    "old": {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},
}
RELATIVE, NOTHING = 1e-3, 1e-5  # numbers this near are the same; what is smaller than this is rounding itself
NUMBER = re.compile(r"(?:(?<![\w.)])[-+−])?(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?%?")
UNIT = re.compile(r" ?(?:s|ms|µs|us|seconds?|minutes?|min|hours?)\b(?!-)| ?\w*/s\b| ?(?:\w+ )?(?:a|per) second\b")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
Line = tuple[str, tuple[str, ...]]


def text(cell: NotebookNode) -> list[str]:
    """The lines that a cell prints or shows as text; a styled table row by row."""
    lines: list[str] = []
    for output in cell.get("outputs", ()):
        if output.output_type == "stream":
            lines += output.text.splitlines() if output.name == "stdout" else []
        elif output.output_type == "error":
            lines.append(f"{output.ename}: {output.evalue}")
        elif "<table" in (table := output.data.get("text/html", "")):
            rows = BeautifulSoup(table, "html.parser").find_all("tr")
            lines += ["  ".join(cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])) for row in rows]
        else:
            lines += ADDRESS.sub("", output.data.get("text/plain", "")).splitlines()
    return lines


def parts(line: str) -> Line:
    """A line as its words, with ``#`` for each number and ``<time>`` for each time; and its numbers."""
    words, numbers, end = "", [], 0
    for match in NUMBER.finditer(line):
        words += line[end : match.start()]
        end = match.end()
        if unit := UNIT.match(line, end):
            words, end = f"{words}<time>", unit.end()
        else:
            words += "#"
            numbers.append(match[0])
    return " ".join((words + line[end:]).split()), tuple(numbers)


def near(one: str, other: str) -> bool:
    """Whether two numbers differ by no more than rounding: whole ones, which count something, not at all."""
    first, second = (float(number.rstrip("%").replace(",", "").replace("−", "-")) for number in (one, other))
    if one.replace(",", "").isdigit():
        return first == second
    largest = max(abs(first), abs(second))
    return largest < NOTHING or abs(first - second) <= max(1.01 * _last_digit(one), RELATIVE * largest)


def _last_digit(number: str) -> float:
    """What one more in the last digit is: 0.01 for 3.14, 1 for 3%."""
    mantissa, _, power = number.rstrip("%").partition("e")
    return float(10.0 ** (int(power or 0) - len(mantissa.partition(".")[2])))


def same(one: str, other: str) -> bool:
    """Whether two lines say the same."""
    (words, numbers), (others, their) = parts(one), parts(other)
    return words == others and all(near(a, b) for a, b in zip(numbers, their, strict=True))


def differences(page: NotebookNode, other: NotebookNode) -> Iterator[tuple[int, list[str]]]:
    """Places of the cells whose text differs, each with its lines: ``-`` of the first page, ``+`` of the other."""
    for place, (cell, twin) in enumerate(zip(page.cells, other.cells, strict=True)):
        lines, theirs = text(cell), text(twin)
        if len(lines) == len(theirs):
            unlike = [(a, b) for a, b in zip(lines, theirs, strict=True) if not same(a, b)]
            found = [told for a, b in unlike for told in (f"- {a}", f"+ {b}")]
        else:
            found = [line for line in difflib.ndiff(lines, theirs) if line[0] in "-+"]
        if found:
            yield place, found


def run(task: tuple[str, Path, dict[str, str]]) -> tuple[str, str, pages.Ran]:
    """One page on one processor; in a process of its own."""
    processor, notebook, environment = task
    return processor, notebook.stem, pages.run(notebook, environment)


def main() -> int:
    """Run, compare, list; returns 1 if a page fails."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("pages", nargs="*", metavar="page", help="11_zero_shot, ...; by default all")
    notebooks = pages.chosen(options.parse_args().pages)
    ran: dict[tuple[str, str], pages.Ran] = {}
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(2) as two:
        plain = kernels.environment(kernels.install(Path(folder) / "package"))
        environments = {
            name: plain | changes | {cache.VARIABLE: str(Path(folder) / name)} for name, changes in PROCESSORS.items()
        }
        tasks = [(name, notebook, environments[name]) for notebook, name in product(notebooks, PROCESSORS)]
        for name, page, found in two.map(run, tasks):
            ran[page, name] = found
            print(f"{page}, {name}: {found.seconds:.0f} s", *found.failed, flush=True)
    for (page, name), found in ran.items():
        for place, lines in differences(ran[page, OWN].page, found.page):
            print(f"\n{page}, cell {place}, {name}: {found.page.cells[place].source.splitlines()[0]}", *lines, sep="\n")
    return int(any(found.failed for found in ran.values()))


if __name__ == "__main__":
    sys.exit(main())
