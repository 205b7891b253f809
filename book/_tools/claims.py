"""The claims of a page (`plip_tutorial.studies.claims`): its cells, the words they quote, and what nothing claims yet.

    python book/_tools/claims.py                 # sentences of all pages that seem to speak of a result, undecided
    python book/_tools/claims.py 11_zero_shot    # of one

A sentence that has a number in it, or words such as "higher", "most" or "nearly half", is either quoted by a claim, or
somebody has decided why it needs none: ``book/decided/NN_name.yml`` lists it under one of `REASONS`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import roles
import yaml
from nbformat import NotebookNode

BOOK = Path(__file__).parents[1]
DECIDED = BOOK / "decided"
#: Why a sentence that looks like a result needs no claim.
REASONS = {
    "definition": "says what a word or formula means, or what is true by construction",
    "source": "a fact of a source that the page cites",
    "printed": "its numbers are printed or drawn by the cell beside it, and it says no more than these",
    "method": "says what the code does or why, or a setting that somebody chose",
    "task": "tells the reader what to do, asks, or expects something that is then checked",
    "tested": "holds by a test or a benchmark of the repository",
}
#: What a sentence about a result has in it, mostly.
RESULT = re.compile(
    r"\b(?:more|less|fewer|larger|smaller|higher|lower|better|worse|stronger|weaker|wider|ahead|behind|"
    r"above|below|highest|lowest|largest|smallest|best|worst|longest|fastest|slowest|most|nearly|hardly|almost|"
    r"half|twice|quarter|third|one in|(?:two|three|four|five|six|seven|eight|nine|ten) of|holds?|"
    r"intervals? (?:leave|leaves|overlap)|told apart|rises?|rose|falls?|fell|climbs?|sinks?|sunk|drops?|gains?|loses?|"
    r"lost|costs?|near|close|closest|nearest|equal|differs?|changes?|changed|no longer|nothing|none|all|each of|every|"
    r"always|never|seldom|mostly|often|agrees?|\d+(?:\.\d+)?%?)\b",
    re.IGNORECASE,
)
EXPECTED = re.compile(r"\bwe (?:would )?(?:expect|hope|guess)\b|^(?:suppose|expect|guess)\b", re.IGNORECASE)


def is_claim(cell: NotebookNode) -> bool:
    """Whether a cell belongs to the claims or checks a solution: the site hides it, and readers' notebooks lack it."""
    return bool({"claim", "check"} & set(cell.metadata.get("tags", [])))


def claimed(book: NotebookNode) -> list[str]:
    """The words that the claims of a page quote."""
    cells = [ast.parse(cell.source) for cell in book.cells if is_claim(cell)]
    calls = [node for tree in cells for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [plain(call.args[0].value) for call in calls if getattr(call.func, "id", "") == "claim"]  # type: ignore[attr-defined]


def plain(text: str) -> str:
    r"""What a reader sees of Markdown: no roles, no stars, single spaces.

    >>> plain("A **far**\n{term}`higher F1 <F1>`")
    'A far higher F1'
    """
    shown = roles.ROLE.sub(lambda found: re.sub(r"\s*<[^<>]+>$", "", found[3]), text)
    return " ".join(re.sub(r"[*]|(?<!\w)_|_(?!\w)", "", shown).split())


def texts(book: NotebookNode, *, results: bool = False) -> Iterator[str]:
    """The paragraphs of a page, captions and descriptions of figures among them.

    Args:
        book: its notebook.
        results: leave out what stands before the first cell that computes something.
    """
    computed = not results
    for cell in book.cells:
        marked = cell.metadata.get("mystnb", {})
        if cell.cell_type == "code":
            said = marked.get("figure", {}).get("caption"), marked.get("image", {}).get("alt")
            yield from filter(None, said)
            computed = computed or "remove-cell" not in cell.metadata.get("tags", [])
        elif computed:
            parts = re.split(r"\n\s*\n(?:- )?|(?:^|\n)- ", cell.source)
            yield from (part for part in parts if part and not part.startswith(("#", ":::")))


def unclaimed(book: NotebookNode) -> list[str]:
    """Sentences that seem to speak of a result, and of which no claim quotes a part."""
    quotes = claimed(book)
    said = [part for text in texts(book, results=True) for part in re.split(r"(?<=[.!?:;])\s+", plain(text))]
    return [
        part
        for part in dict.fromkeys(said)
        if RESULT.search(part) and not EXPECTED.search(part) and not part.endswith("?")
        if not any(quote in part or part in quote for quote in quotes)
    ]


def decided(page: str) -> dict[str, str]:
    """Sentences of a page that need no claim, each with its reason.

    Raises:
        ValueError: for a reason that is none of `REASONS`.
    """
    place = DECIDED / f"{page}.yml"
    listed = yaml.safe_load(place.read_text(encoding="utf-8")) if place.exists() else None
    if unknown := set(listed or {}) - set(REASONS):
        raise ValueError(f"{place.name}: {', '.join(sorted(unknown))} is no reason. There are: {', '.join(REASONS)}.")
    return {" ".join(sentence.split()): reason for reason, lines in (listed or {}).items() for sentence in lines}


def undecided(page: str) -> tuple[list[str], list[str]]:
    """Sentences that have neither claim nor decision, and decisions on what the page no longer says."""
    left, known = unclaimed(jupytext.read(BOOK / f"{page}.py")), decided(page)
    return [said for said in left if said not in known], [said for said in known if said not in left]


def main() -> int:
    """Print what nobody has decided, page by page; returns 1 if there is anything."""
    pages = sys.argv[1:] or [path.stem for path in sorted(BOOK.glob("*.py"))]
    open_ones = {page: undecided(page) for page in pages}
    for page, (left, stale) in open_ones.items():
        claims = len(claimed(jupytext.read(BOOK / f"{page}.py")))
        print(f"{page}: {claims} claims, {len(decided(page))} decisions, {len(left)} sentences without either")
        print(*(f"    {said}" for said in left), *(f"    no longer on the page: {said}" for said in stale), sep="\n")
    return int(any(left or stale for left, stale in open_ones.values()))


if __name__ == "__main__":
    sys.exit(main())
