"""Write what follows from each page's source: ``book/NN_name.py`` -> ``book/NN_name.ipynb``, without outputs.

And from that ``notebooks/student/NN_name.ipynb`` and ``notebooks/teacher/NN_name.ipynb``, in plain Markdown, for Colab
and others that know no MyST (`plain_notebook`). Questions and checks come from beside the source (`course`), pages of
the package from its folders (`api_pages`).

Ids of cells follow from their place, no version of a tool and no date is stored. So a notebook changes when its source
does, or what `fill` writes into all of them, and not otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

import addresses
import course
import jupytext
import nbformat
from api_pages import api_pages
from fill import TESTED, filled, tested
from lengths import length
from plain_notebook import FOLDER, path, plain_notebook

BOOK = Path(__file__).parents[1]


def notebook(source: Path) -> str:
    """The text of the notebook that belongs to a page's source."""
    return nbformat.writes(_book(source)) + "\n"


def _book(source: Path) -> nbformat.NotebookNode:
    book = jupytext.read(source)
    book.metadata.pop("jupytext", None)
    learner = length(book).minutes
    book.cells = course.with_checks(course.with_questions(book.cells, source.stem), source.stem)
    for place, cell in enumerate(book.cells):
        cell["id"] = f"{source.stem[:40]}-{place:03d}".replace("_", "-")
        cell.source = filled(cell.source, source.stem, learner)
    return book


def sources() -> list[Path]:
    """Units and other pages that run, in the order of their names."""
    return sorted(BOOK.glob("*.py"))


def derived() -> dict[Path, str]:
    """All files that follow from others, with their text."""
    texts = {TESTED: tested(), course.EXERCISES: course.checks(), course.TABLE: course.table(), **api_pages()}
    for source in sources():
        texts[source.with_suffix(".ipynb")] = notebook(source)
        for form in ("student", "teacher") if source.stem in course.units() else ("student",):
            texts[addresses.ROOT / path(source.stem, form)] = plain_notebook(_book(source), source.stem, form)
    return texts


def _api() -> set[Path]:
    return {path for path in (BOOK / "api").glob("*.md") if path.stem != "index"}


def main() -> None:
    """Write what has changed and remove notebooks whose source is gone."""
    texts = derived()
    for target, text in texts.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")
            print(f"wrote {target.relative_to(BOOK.parent)}")
    for orphan in {*BOOK.glob("*.ipynb"), *FOLDER.rglob("*.ipynb"), *_api()} - texts.keys():
        orphan.unlink()
        print(f"removed {orphan.relative_to(BOOK.parent)}, which has no source")


if __name__ == "__main__":
    sys.exit(main())
