"""What the comparison of processors calls the same and what it names, on small pages."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import opened_first
import pages
import processors

pytestmark = pytest.mark.once


def page(*printed: str) -> nbformat.NotebookNode:
    """A page whose cells have printed these texts."""
    cells = [new_code_cell("x", outputs=[new_output("stream", name="stdout", text=text)]) for text in printed]
    return new_notebook(cells=cells)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("F1 0.512 (0.47 to 0.55)", "F1 0.513 (0.46 to 0.55)"),  # the last digit
        ("loss 123.456", "loss 123.55"),  # a thousandth
        ("difference  3.1e-08", "difference -4.0e-07"),  # rounding itself
        ("PLIP minus CLIP +0.001", "PLIP minus CLIP -0.000"),
        ("57% of 1,200 tiles", "58% of 1,200 tiles"),
        ("mean   10.0", "mean    9.9"),  # the columns move
        ("embedded in 3.4 s, 120 tiles/s", "embedded in 12 s, 31 tiles/s"),
        ("took 40 seconds", "took 2 minutes"),
    ],
)
def test_last_digits_and_times_are_no_difference(one: str, other: str) -> None:
    assert list(processors.differences(page("before", one), page("before", other))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PLIP is ahead", "CLIP is ahead"),
        ("F1 0.512", "F1 0.514"),
        ("17 pairs are left", "18 pairs are left"),
        ("2,017 posts", "2,018 posts"),
        ("57%", "59%"),
        ("loss 2.31", "loss nan"),
        ("2.0e-05", "2.2e-05"),
    ],
)
def test_anything_else_is_named_with_its_cell_and_line(one: str, other: str) -> None:
    found = list(processors.differences(page("before", f"head\n{one}"), page("before", f"head\n{other}")))
    assert found == [(1, [f"- {one}", f"+ {other}"])]


def test_a_line_more_is_named_alone() -> None:
    assert list(processors.differences(page("a\nb"), page("a\nnew\nb"))) == [(0, ["+ new"])]


def test_tables_are_compared_row_by_row_and_pictures_and_addresses_are_not() -> None:
    def shown(score: str, address: str, picture: str) -> nbformat.NotebookNode:
        table = f"<table><tr><th>model</th><th>F1</th></tr><tr><td>PLIP</td><td>{score}</td></tr></table>"
        styled = {"text/html": table, "text/plain": f"<Styler at {address}>"}
        drawn = {"image/png": picture, "text/plain": f"<Axes at {address}>"}
        outputs = [new_output("display_data", data) for data in (styled, drawn)]
        return new_notebook(cells=[new_code_cell("x", outputs=outputs)])

    assert list(processors.differences(shown("0.51", "0x1f", "a"), shown("0.52", "0x2e", "b"))) == []
    ((_, lines),) = processors.differences(shown("0.51", "0x1f", "a"), shown("0.61", "0x2e", "b"))
    assert lines == ["- PLIP  0.51", "+ PLIP  0.61"]


def test_pages_run_in_the_environment_of_a_processor_and_cells_are_timed(tmp_path: Path) -> None:
    ask = "import os; print(os.environ.get('ATEN_CPU_CAPABILITY'), os.listdir())"
    sources = (ask, "import time; time.sleep(0.5)", "1 / 0", "print('later')")
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), tmp_path / "page.ipynb")
    ran = pages.run(tmp_path / "page.ipynb", {**os.environ, **processors.PROCESSORS["without AVX-512"]})
    first, waits, fails, later = ran.page.cells
    assert processors.text(first) == ["avx2 []"]
    assert 0.5 <= pages.seconds(waits) < ran.seconds
    assert processors.text(fails) == ran.failed == ["ZeroDivisionError: division by zero"]
    assert processors.text(later) == ["later"]


def test_a_page_that_shows_its_first_figure_too_late_is_told(tmp_path: Path) -> None:
    shows = "from IPython.display import display\ndisplay({'image/png': 'x'}, raw=True)"
    sources = ("import time; time.sleep(0.5)", shows, "time.sleep(1)")
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), tmp_path / "page.ipynb")
    ran = pages.run(tmp_path / "page.ipynb", dict(os.environ))
    figure = ran.first_figure()
    assert figure is not None
    assert 0.5 <= figure <= ran.seconds - 1
    line, slowest, *_ = opened_first.told(ran, 1.2).splitlines()
    assert line == f"first figure {figure:.0f} s, end {ran.seconds:.0f} s, processor 1 s"
    assert slowest.endswith("time.sleep(1)")
    assert opened_first.told(dataclasses.replace(ran, seconds=91.0), 1.2).splitlines()[0].endswith("TOO LATE")
    ran.page.cells.pop(1)
    assert opened_first.told(ran, 1.2).startswith("no figure, ")


def test_an_unknown_page_is_refused() -> None:
    assert [path.name for path in pages.chosen(["book/11_zero_shot.py"])] == ["11_zero_shot.ipynb"]
    with pytest.raises(SystemExit, match=r"no such page: 12_x\. There are: 00_in_five_minutes, 01_pairs"):
        pages.chosen(["12_x"])
