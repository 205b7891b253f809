"""Write each chapter's notebook from its source: ``book/NN_name.py`` -> ``book/NN_name.ipynb``, without outputs.

Ids of cells follow from their place, no version of a tool and no date is stored. So a notebook changes when its chapter
does, or what `fill` writes into all of them, and not otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
from fill import TESTED, filled, tested

BOOK = Path(__file__).parents[1]


def notebook(source: Path) -> str:
    """The text of the notebook that belongs to a chapter's source."""
    book = jupytext.read(source)
    book.metadata.pop("jupytext", None)
    for place, cell in enumerate(book.cells):
        cell["id"] = f"{source.stem[:40]}-{place:03d}".replace("_", "-")
        cell.source = filled(cell.source, source.stem)
    return nbformat.writes(book) + "\n"


def sources() -> list[Path]:
    """Chapters and other pages that run, in the order of their names."""
    return sorted(BOOK.glob("*.py"))


def main() -> None:
    """Write what has changed and remove notebooks whose source is gone."""
    for source in sources():
        target, text = source.with_suffix(".ipynb"), notebook(source)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            print(f"wrote {target.relative_to(BOOK.parent)}")
    if not TESTED.exists() or TESTED.read_text(encoding="utf-8") != tested():
        TESTED.write_text(tested(), encoding="utf-8")
        print(f"wrote {TESTED.relative_to(BOOK.parent)}")
    for orphan in set(BOOK.glob("*.ipynb")) - {source.with_suffix(".ipynb") for source in sources()}:
        orphan.unlink()
        print(f"removed {orphan.relative_to(BOOK.parent)}, which has no source")


if __name__ == "__main__":
    sys.exit(main())
