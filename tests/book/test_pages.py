"""The built book: all pages, all links, all pictures described. `make test` builds it first."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_tools"))

BUILT = bool(os.environ.get("PLIP_TUTORIAL_BOOK_BUILT"))
needs_book = pytest.mark.skipif(
    not BUILT and not (HTML / "index.html").exists(), reason="no built book; run: make book"
)


@needs_book
def test_the_build_has_found_nothing_broken() -> None:
    from build import KEY

    assert (HTML / "index.html").exists(), "make test builds the book before the tests, and it is not there"
    assert KEY.exists(), "the last build has found the book broken; run: make book"


@needs_book
def test_units_show_pictures_and_numbers() -> None:
    from check import soup

    for page in (HTML / "book" / f"{path.stem}.html" for path in sorted((ROOT / "book").glob("[01]*.py"))):
        outputs = soup(page).select("main div.cell_output")
        assert len(outputs) >= 3, f"{page.name} has hardly run"


@needs_book
def test_what_a_page_prints_is_narrow() -> None:
    """78 columns: as much as the page shows beside its navigation."""
    from check import soup

    wide = [
        f"{page.stem}: {line}"
        for page in sorted((HTML / "book").glob("*.html"))
        for block in soup(page).select("main div.cell_output pre")
        for line in block.get_text().splitlines()
        if len(line) > 78
    ]
    assert wide == []


@needs_book
def test_addresses_of_the_first_edition_lead_to_pages() -> None:
    import yaml

    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    old = config["sphinx"]["config"]["redirects"]
    assert len(old) == 11
    for address, target in old.items():
        page = (HTML / f"{address}.html").read_text(encoding="utf-8")
        assert f"url={target}" in page
        assert (HTML / "book" / target).exists()


@needs_book
def test_every_figure_that_a_cell_promises_is_on_its_page() -> None:
    from check import soup

    seen = 0
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        promised = {
            cell["metadata"]["mystnb"]["figure"]["name"]
            for cell in cells
            if "figure" in cell["metadata"].get("mystnb", {})
        }
        drawn = {
            figure["id"] for figure in soup(HTML / "book" / f"{path.stem}.html").select("main figure[id]:has(img, svg)")
        }
        assert promised <= drawn, f"{path.name} promises figures that its page does not show"
        seen += len(promised)
    assert seen > 30


def _page(folder: Path, body: str) -> Path:
    (folder / "index.html").write_text(f"<html><main>{body}</main></html>", encoding="utf-8")
    (folder / "toc.yml").write_text("root: index\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="nowhere.html">x</a>', "does not exist"),
        ('<a href="#nothing">x</a>', "no such anchor"),
        ('<img src="_images/a.png" alt="_images/a.png">', "without a description"),
        ('<div class="traceback">ValueError: x</div>', "failed cell"),
    ],
)
def test_the_check_finds_planted_faults(tmp_path: Path, body: str, fault: str) -> None:
    from check import problems

    folder = _page(tmp_path, body)
    assert any(fault in problem for problem in problems(folder, folder / "toc.yml"))


def test_the_check_finds_a_missing_page_and_accepts_a_sound_one(tmp_path: Path) -> None:
    from check import problems

    folder = _page(tmp_path, '<a href="#here">x</a><p id="here"></p>')
    assert problems(folder, folder / "toc.yml") == []
    (folder / "toc.yml").write_text("root: index\nchapters:\n- file: lost\n", encoding="utf-8")
    assert problems(folder, folder / "toc.yml") == ["page lost was not built"]
