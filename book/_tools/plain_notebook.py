"""Write the notebooks of a page for Colab, Jupyter and GitHub, in plain Markdown, in two forms.

``notebooks/student/NN_name.ipynb`` has a stub and a check below each exercise and no solution. In
``notebooks/teacher/NN_name.ipynb`` solutions stand open, each with its check, and what a teacher needs (`course`).

The code cells are those of ``book/NN_name.ipynb`` in the same order. What Sphinx makes of the page is said in other
ways: captions stand under their figures, works in a list, and links lead to the published book. Claims (`claims`) are
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import addresses
import course
import nbformat
import roles
from check import listed
from claims import is_claim
from nbformat import NotebookNode
from plain_markdown import Form, Page, figure_text, quoted

FOLDER = addresses.ROOT / "notebooks"
#: Colab then offers a GPU, and a table of contents.
METADATA = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": [], "toc_visible": True},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
#: Code that opens with a click: Colab knows the first, Jupyter the second.
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}


def path(name: str, form: Form) -> str:
    """Where a notebook lies in the repository. Pages that are no units have one form, the student's."""
    return f"notebooks/{form}/{name}.ipynb"


def plain_notebook(book: NotebookNode, name: str, form: Form) -> str:
    """The text of the plain notebook of a page.

    Args:
        book: the notebook of the book, set-up cell, time and questions filled in.
        name: of the page, ``"11_zero_shot"``.
        form: whose it is.

    Raises:
        ValueError, KeyError: for what has no plain form; the page is named.
    """
    try:
        cells = list(_cells(book, Page(form if name in course.units() else "reader", name), name))
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise type(error)(f"book/{name}.py: {error.args[0]}") from error
    told = [_text(quoted(course.for_teachers(name)))] if form == "teacher" else []
    cells = [_text(_top(name, form)), *told, *cells, _text(_bottom(name, form))]
    for place, cell in enumerate(cells):
        cell["id"] = f"{name[:40]}-{place:03d}".replace("_", "-")
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=METADATA)) + "\n"


def _cells(book: NotebookNode, page: Page, name: str) -> Iterator[NotebookNode]:
    for cell in (cell for cell in book.cells if not is_claim(cell)):
        if cell.cell_type == "markdown":
            for kind, text in page.pieces(cell.source):
                yield _text(text) if kind == "text" else _code(course.stub(name, text, page.form))
        elif not page.hidden:
            yield _code(cell.source, hide_output="hide-output" in cell.metadata.get("tags", []))
            marked = cell.metadata.get("mystnb", {})
            caption = roles.plain(marked.get("figure", {}).get("caption", ""))
            if text := figure_text(caption, marked.get("image", {}).get("alt", "")):
                yield _text(text)


def _text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _code(source: str, *, hide_output: bool = False) -> NotebookNode:
    """A code cell; folded if it says so in its first line, as the set-up does."""
    metadata: dict[str, Any] = FOLDED if source.startswith("#@title") else {}
    if hide_output:
        metadata = {**metadata, "jupyter": {**metadata.get("jupyter", {}), "outputs_hidden": True}}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def _top(name: str, form: Form) -> str:
    """The way back to the page, and into Colab for those who see this elsewhere."""
    page, book = addresses.site(f"book/{name}"), addresses.site()
    here = addresses.colab(path(name, form))
    title = addresses.config()["title"]
    whose = "**The teacher's notebook**, with solutions. " if form == "teacher" else ""
    shows = "shows all results and solutions" if name[:2].isdigit() else "shows all results"
    return f"*{whose}[This page in the book]({page}) {shows}. The book: [{title}]({book}). [Open in Colab]({here}).*"


@cache
def _order() -> list[str]:
    return [page.removeprefix("book/") for page in listed(addresses.ROOT / "_toc.yml")]


def _bottom(name: str, form: Form) -> str:
    """The way to the next unit: its notebook if it has one."""
    following = _order()[_order().index(name) + 1]
    words, page = roles.title(following), addresses.site(f"book/{following}")
    if not (roles.BOOK / f"{following}.py").exists():
        return f"**Next:** [{words}]({page}), in the book."
    notebook = addresses.colab(path(following, form if following[:2].isdigit() else "student"))
    return f"**Next:** [{words}]({notebook}) in Colab, or [in the book]({page})."
