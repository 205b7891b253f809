"""A notebook and its source say the same; chapters have the form that the book promises."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
SOURCES = sorted(BOOK.glob("*.py"))
CHAPTERS = [source for source in SOURCES if source.name[:2].isdigit()]
sys.path.insert(0, str(BOOK / "_tools"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_notebook_and_source_say_the_same(source: Path) -> None:
    from fill import filled
    from lengths import length

    notebook = source.with_suffix(".ipynb")
    assert notebook.exists(), f"{notebook.name} is missing. Run: make sync"
    pages = [jupytext.read(path) for path in (source, notebook)]
    cells = [[(c.cell_type, c.source, c.metadata.get("tags", [])) for c in page.cells] for page in pages]
    minutes = length(pages[0]).minutes
    expected = [(kind, filled(text, source.stem, minutes), tags) for kind, text, tags in cells[0]]
    assert expected == cells[1], f"{notebook.name} is not what {source.name} says. Run: make sync"


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_sync_writes_the_same_bytes_again(source: Path) -> None:
    from sync import notebook

    assert notebook(source) == source.with_suffix(".ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_notebooks_carry_no_outputs_and_find_the_kernel(source: Path) -> None:
    page = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert page["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in page["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    ids = [cell["id"] for cell in page["cells"]]
    assert len(set(ids)) == len(ids)


def test_every_notebook_has_a_source_and_a_place_in_the_book() -> None:
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert {p.stem for p in BOOK.glob("*.ipynb")} == {p.stem for p in SOURCES}
    assert [source.stem for source in SOURCES if f"book/{source.stem}\n" not in toc] == []
    assert [chapter.name[:2] for chapter in CHAPTERS] == [f"{i:02d}" for i in range(1, 12)]


@pytest.mark.parametrize("source", CHAPTERS, ids=lambda p: p.stem)
def test_a_chapter_has_its_form(source: Path) -> None:
    page = jupytext.read(source)
    prose = "\n\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    assert page.cells[0].source.startswith("# ")
    assert "**Time:**" in page.cells[0].source
    for heading in ("What you will learn", "What you need first", "Summary", "What comes next", "References"):
        assert re.search(rf"^## {heading}", prose, re.MULTILINE), f"no section {heading!r}"
    exercises, solutions = len(re.findall(r"{exercise}", prose)), len(re.findall(r"{solution}|{solution-start}", prose))
    assert exercises >= 2
    assert solutions >= exercises


@pytest.mark.parametrize("source", CHAPTERS, ids=lambda p: p.stem)
def test_cells_are_short(source: Path) -> None:
    """Ten lines of code or fewer; what is longer lives in the module."""
    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
            assert len(lines) <= 13, f"{len(lines)} lines: {lines[0]} ..."


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_figures_are_described(source: Path) -> None:
    """A cell that carries a caption carries words for those who cannot see the figure."""
    for cell in jupytext.read(source).cells:
        marked = cell.metadata.get("mystnb", {})
        if "figure" in marked:
            assert len(marked.get("image", {}).get("alt", "")) >= 15


def test_terms_stand_in_the_glossary() -> None:
    glossary = (BOOK / "glossary.md").read_text(encoding="utf-8").lower()
    used = set()
    for page in [*SOURCES, *BOOK.glob("*.md")]:
        for term in re.findall(r"{term}`([^`]+)`", page.read_text(encoding="utf-8")):
            used.add((re.search(r"<(.+)>", term) or [None, term])[1].lower())
    missing = sorted(term for term in used if not re.search(rf"^{re.escape(term)}$", glossary, re.MULTILINE))
    assert missing == []
