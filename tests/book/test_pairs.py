"""A notebook and its source say the same; units have the form and the length that the book promises."""

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
UNITS = [source for source in SOURCES if source.name[:2].isdigit()]
sys.path.insert(0, str(BOOK / "_tools"))
from claims import is_claim  # noqa: E402


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_notebook_and_source_say_the_same(source: Path) -> None:
    import course
    from fill import filled
    from lengths import length

    notebook = source.with_suffix(".ipynb")
    assert notebook.exists(), f"{notebook.name} is missing. Run: make sync"
    page, derived = (jupytext.read(path) for path in (source, notebook))
    minutes = length(page).minutes
    page.cells = course.with_checks(course.with_questions(page.cells, source.stem), source.stem)
    told = [(c.cell_type, filled(c.source, source.stem, minutes), c.metadata.get("tags", [])) for c in page.cells]
    found = [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in derived.cells]
    assert told == found, f"{notebook.name} is not what {source.name} says. Run: make sync"


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
    numbers = [f"{i:02d}" for i in range(19)]
    assert [unit.name[:2] for unit in UNITS] == numbers


each_unit = pytest.mark.parametrize("source", UNITS, ids=lambda p: p.stem)


@each_unit
def test_a_unit_opens_with_its_question_its_place_and_three_lines(source: Path) -> None:
    first, setup, *others = [cell for cell in jupytext.read(source).cells if not is_claim(cell)]
    number = int(source.name[:2])
    assert re.match(rf"# {number} · \S.*\n\n\*\*[^*]+\?\*\*\n\n@way@\n\n- \*\*Time:\*\* @time@", first.source)
    assert re.findall(r"^- \*\*(\w+):\*\* \S", first.source, re.MULTILINE) == ["Time", "Learn", "Need"]
    assert len(first.source.split("@time@")[1].strip().splitlines()) <= 6
    assert setup.metadata["tags"] == ["remove-cell"]
    place = next(i for i, cell in enumerate(others) if "figure" in cell.metadata.get("mystnb", {}))
    assert place <= 1, "one picture comes first"
    assert all("hide-input" in cell.metadata["tags"] for cell in others[: place + 1] if cell.cell_type == "code")
    assert "## " not in others[0].source


@each_unit
def test_a_unit_closes_with_three_lines_and_what_comes_next(source: Path) -> None:
    prose = "\n\n".join(cell.source for cell in jupytext.read(source).cells if cell.cell_type == "markdown")
    summary = re.search(
        r"^## Summary\n\n(.+?)\n\n## What comes next\n\n.+?\n\n## References", prose, re.DOTALL | re.MULTILINE
    )
    assert summary
    assert len(re.findall(r"^- ", summary[1], re.MULTILINE)) == 3
    exercises = re.findall(r"^:::\{exercise\}.*\n:label: (ex-\d\d-[\w-]+)$", prose, re.MULTILINE)
    assert len(exercises) >= 2
    assert re.findall(r"^:::\{solution-start\} (\S+)$", prose, re.MULTILINE) == exercises


@each_unit
def test_a_section_says_its_point_first_in_bold_and_once(source: Path) -> None:
    prose = "\n\n".join(cell.source for cell in jupytext.read(source).cells[1:] if cell.cell_type == "markdown")
    sections = re.split(r"^## ", prose, flags=re.MULTILINE)[1:]
    plain = [s for s in sections if not s.startswith(("Exercises", "Summary", "What comes next", "References"))]
    assert plain
    late = [section.splitlines()[0] for section in plain if not re.match(r".+\n\n(?:\(.+\)=\n)?\*\*", section)]
    assert late == [], "these sections do not begin with a bold sentence"


@each_unit
def test_a_unit_follows_the_pair(source: Path) -> None:
    assert "artifacts.followed(" in source.read_text(encoding="utf-8")


@each_unit
def test_a_unit_takes_no_longer_than_it_promises(source: Path) -> None:
    """Words, cells, lines, columns, and the minutes that follow from them."""
    from lengths import length, over

    found = length(jupytext.read(source))
    assert over(found) == []
    assert min(found.words, found.cells, found.exercises) >= 2


def test_what_is_too_long_is_named() -> None:
    import nbformat
    from lengths import length, over

    code = nbformat.v4.new_code_cell("x = 1\n" * 11 + f"y = '{'z' * 80}'")
    text = nbformat.v4.new_markdown_cell(
        "word " * 1990 + "\n\n:::{exercise} One\n:label: ex-01-one\nten words of a task " * 3
    )
    found = length(nbformat.v4.new_notebook(cells=[text, *[code] * 21]))
    assert over(found) == [
        "2005 words, at most 2000", "21 cells, at most 20", "12 lines, at most 10", "86 columns, at most 78",
        "54 minutes, at most 45",
    ]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: p.stem)
def test_code_on_a_page_is_narrow_and_carries_no_marks_for_tools(source: Path) -> None:
    for cell in jupytext.read(source).cells:
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", []):
            assert not re.search(r"#\s*(?:noqa|fmt:|type:\s*ignore|pragma)", cell.source), cell.source
            assert max(map(len, cell.source.splitlines())) <= 78, cell.source


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
        text = re.sub(r"\n#? ?", " ", page.read_text(encoding="utf-8"))
        for term in re.findall(r"{term}`([^`]+)`", text):
            used.add(" ".join((re.search(r"<(.+)>", term) or [None, term])[1].lower().split()))
    missing = sorted(term for term in used if not re.search(rf"^{re.escape(term)}$", glossary, re.MULTILINE))
    assert missing == []
