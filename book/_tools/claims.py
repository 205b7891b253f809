"""The claims of a page (`plip_tutorial.studies.claims`): its cells, the words they quote, and what nothing claims yet.

    python book/_tools/claims.py                 # sentences of all pages that seem to speak of a result and quote none
    python book/_tools/claims.py 07_zero_shot    # of one

That list is a help for who writes a page: it goes by words such as "higher" or "nearly half", and it forbids nothing.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import roles
from nbformat import NotebookNode

BOOK = Path(__file__).parents[1]
#: What a sentence about a result has in it, mostly.
RESULT = re.compile(
    r"\b(?:\w+ (?:more|less|fewer|larger|smaller|higher|lower|better|worse|stronger|weaker|wider) than|ahead|behind|"
    r"above|below|highest|lowest|largest|smallest|best|worst|longest|fastest|slowest|most of|nearly|hardly|almost|"
    r"half|twice|quarter|third|one in|intervals? (?:hold|holds|leave|leaves|overlap)|told apart|rises?|falls?|fell|"
    r"climbs?|sinks?|sunk|drops?|gains?|loses?|lost|costs?|far|near|close|closest|nearest|same|equal|differs?|changes?|"
    r"changed|no longer|nothing|none|all of|each of|every|always|never|seldom|mostly|often|agrees?|\d+(?:\.\d+)?%?)\b",
    re.IGNORECASE,
)
EXPECTED = re.compile(r"\b(?:expect|hope|guess|would|should|could|may|might|if)\b", re.IGNORECASE)


def is_claim(cell: NotebookNode) -> bool:
    """Whether a cell belongs to the claims: the site hides it, and notebooks for readers lack it."""
    return "claim" in cell.metadata.get("tags", [])


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
        for part in said
        if RESULT.search(part) and not EXPECTED.search(part) and not part.endswith("?")
        if not any(quote in part or part in quote for quote in quotes)
    ]


def main() -> None:
    """Print what no claim covers, page by page."""
    pages = sys.argv[1:] or [path.stem for path in sorted(BOOK.glob("*.py"))]
    for page in pages:
        book = jupytext.read(BOOK / f"{page}.py")
        found = unclaimed(book)
        print(f"{page}: {len(claimed(book))} claims, {len(found)} sentences without one", *found, sep="\n    ")


if __name__ == "__main__":
    main()
