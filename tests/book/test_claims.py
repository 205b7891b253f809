"""Claims: the words stand on the page, what is false stops the build, readers' notebooks have none."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import jupytext
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from plip_tutorial.metrics import Score
from plip_tutorial.studies.claims import ClaimError, Claims

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
sys.path.insert(0, str(BOOK / "_tools"))
import claims  # noqa: E402

PAGES = sorted(path.stem for path in BOOK.glob("*.py"))
LEAST = 12  # claims of a unit; each has at least as many sentences about results
each_page = pytest.mark.parametrize("page", PAGES)
claim = Claims("a_page")


def book(page: str) -> nbformat.NotebookNode:
    return jupytext.read(BOOK / f"{page}.py")


@each_page
def test_a_page_has_its_claims(page: str) -> None:
    assert len(claims.claimed(book(page))) >= (LEAST if page[:2].isdigit() and page[:2] != "00" else 0)


@each_page
def test_no_sentence_that_looks_like_a_result_is_left_without_a_decision(page: str) -> None:
    left, stale = claims.undecided(page)
    assert left == [], f"claim them, or say in book/decided/{page}.yml why not"
    assert stale == [], "decided, but no longer on the page"


def test_decisions_belong_to_pages_and_have_one_of_the_known_reasons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {path.stem for path in (BOOK / "decided").iterdir()} <= set(PAGES)
    monkeypatch.setattr(claims, "DECIDED", tmp_path)
    (tmp_path / "a.yml").write_text("method:\n  - The loop\n    runs once.\n", encoding="utf-8")
    assert claims.decided("a") == {"The loop runs once.": "method"}
    assert claims.decided("b") == {}
    (tmp_path / "a.yml").write_text("because:\n  - It is so.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.yml: because is no reason\. There are: definition"):
        claims.decided("a")


@each_page
def test_what_a_claim_quotes_stands_on_its_page(page: str) -> None:
    said = [claims.plain(text) for text in claims.texts(book(page))]
    for words in claims.claimed(book(page)):
        assert len(words.split()) >= 3, f"too short to be found again: {words}"
        assert any(words in text for text in said), f"a claim quotes what no paragraph of the page says: {words}"


@each_page
def test_claims_are_short_hidden_and_change_nothing(page: str) -> None:
    """Readers' notebooks lack these cells, so no other cell may need them; the first one brings `claim`."""
    cells = [cell for cell in book(page).cells if claims.is_claim(cell)]
    for place, cell in enumerate(cells):
        assert set(cell.metadata["tags"]) == {"claim", "remove-cell"}
        if place == 0:
            brought = f'from plip_tutorial.studies.claims import Claims\n\nclaim = Claims("{page}")'
            assert cell.source == brought
            continue
        calls = ast.parse(cell.source).body
        assert len(calls) <= 3, f"{page}: more than three claims in a cell: {cell.source}"
        for call in calls:
            assert getattr(getattr(getattr(call, "value", None), "func", None), "id", "") == "claim", ast.unparse(call)
            assert call.end_lineno - call.lineno < 4, f"{page}: a claim is short: {ast.unparse(call)}"
        assert max(map(len, cell.source.splitlines())) <= 120


@each_page
def test_notebooks_for_readers_have_none(page: str) -> None:
    text = (ROOT / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
    assert "claim(" not in text
    assert "studies.claims" not in text


def small_page(*sources: str) -> nbformat.NotebookNode:
    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    start = 'from plip_tutorial.studies.claims import Claims\n\nclaim = Claims("small_page")'
    cells = [
        code(f'{start}\nscores = {{"a": 0.61, "b": 0.58}}'),
        text("B is *far* ahead of `a`. Both are alike."),
        *map(code, sources),
    ]
    for cell in cells:
        if cell.cell_type == "code":
            cell.metadata["tags"] = ["claim", "remove-cell"]
    return nbformat.v4.new_notebook(cells=cells)


FALSE = 'claim("B is far ahead of a", scores["b"] - scores["a"], ">", 0, margin=0.05)'


def run(page: nbformat.NotebookNode, folder: Path, track: str) -> None:
    client = NotebookClient(page, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env={**os.environ, "PLIP_TUTORIAL_TRACK": track})


def test_what_is_false_stops_the_page_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(CellExecutionError) as error:
        run(small_page(FALSE), tmp_path, "tiny")
    assert 'small_page says "B is far ahead of a", and that is not so: -0.03 is not > 0, by 0.05.' in str(error.value)


def test_in_the_full_track_nothing_is_checked(tmp_path: Path) -> None:
    run(small_page(FALSE), tmp_path, "full")


def test_what_is_claimed_is_found_and_what_is_not_is_listed() -> None:
    assert claims.claimed(small_page(FALSE)) == ["B is far ahead of a"]
    page = small_page(FALSE)
    page.cells.insert(0, nbformat.v4.new_code_cell("1 + 1"))
    page.cells[2].source += "\n\n- C falls below the others.\n- We expect D ahead. Why is E the best?\n- Read on."
    assert claims.unclaimed(page) == ["C falls below the others."]


@pytest.mark.parametrize(
    ("values", "relation", "other", "margin"),
    [
        ([0.5, np.float32(0.6)], ">", 0.4, 0.05),
        ({"a": {"b": 1}}, "<", 2, 0.5),
        (np.eye(2).astype(bool), "in", (True, False), 0),
        ("mucus", "==", "mucus", 0),
        (["fat", "mucus"], "!=", "debris", 0),
        (0.52, "about", 0.5, 0.05),
        (0.45, "between", (0.4, 0.5), 0.01),
        (Score(0.1, -0.1, 0.3, 9), "holds", 0, 0.05),
        ([Score(0.1, 0.05, 0.3, 9), Score(-0.2, -0.3, -0.1, 9)], "leaves out", 0, 0.01),
        (Score(0.1, -0.1, 0.3, 9), ">", 0, 0.05),
    ],
)
def test_what_holds_passes_and_fails_with_too_wide_a_margin(values, relation, other, margin):
    claim("some words here", values, relation, other, margin=margin)
    wrong = {"==": "fat", "!=": "fat", "in": ()}
    with pytest.raises(ClaimError, match="a_page says"):
        claim("some words here", values, relation, wrong.get(relation, other), margin=-1 if relation == "about" else 9)


def test_of_many_the_wrong_are_named() -> None:
    with pytest.raises(ClaimError, match=r"-0\.1 \(b\) is not > 0\. All values: 0\.2 \(a\), -0\.1 \(b\)\."):
        claim("both are ahead", {"a": 0.2, "b": -0.1}, ">", 0)
    with pytest.raises(ClaimError, match="nan"):
        claim("both are ahead", float("nan"), ">", 0)
    with pytest.raises(ValueError, match="there is no value"):
        claim("all are ahead", [], ">", 0)
