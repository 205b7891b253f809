"""Write ``notebooks/NN_name.ipynb``: a page's notebook for Colab, Jupyter and GitHub, in plain Markdown.

The code cells are those of ``book/NN_name.ipynb`` in the same order. What Sphinx makes of the page is said in other
ways: captions stand under their figures, works in a list, solutions are folded, and links lead to the published book.
Claims (`claims`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import addresses
import nbformat
import roles
from check import listed
from claims import is_claim
from nbformat import NotebookNode
from plain_markdown import Page, figure_text, fold

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


def plain_notebook(book: NotebookNode, name: str) -> str:
    """The text of the plain notebook of a page.

    Args:
        book: the notebook of the book, set-up cell and time filled in.
        name: of the page, ``"11_zero_shot"``.

    Raises:
        ValueError, KeyError: for what has no plain form; the page is named.
    """
    try:
        cells = list(_cells(book, Page()))
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise type(error)(f"book/{name}.py: {error.args[0]}") from error
    cells = [_text(_top(name)), *cells, _text(_bottom(name))]
    for place, cell in enumerate(cells):
        cell["id"] = f"{name[:40]}-{place:03d}".replace("_", "-")
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata=METADATA)) + "\n"


def _cells(book: NotebookNode, page: Page) -> Iterator[NotebookNode]:
    for cell in (cell for cell in book.cells if not is_claim(cell)):
        if cell.cell_type == "markdown":
            if text := page.plain(cell.source):
                yield _text(text)
            continue
        yield _code(cell, page.solution)
        marked = cell.metadata.get("mystnb", {})
        caption = roles.plain(marked.get("figure", {}).get("caption", ""))
        if text := figure_text(caption, marked.get("image", {}).get("alt", "")):
            yield _text(fold(page.solution, text) if page.solution else text)


def _text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def _code(cell: NotebookNode, solution: str) -> NotebookNode:
    """A code cell; folded if it says so in its first line, as the set-up does, or belongs to a solution."""
    source = f"#@title {solution}\n{cell.source}" if solution else cell.source
    metadata = FOLDED if source.startswith("#@title") else {}
    if "hide-output" in cell.metadata.get("tags", []):
        metadata = {**metadata, "jupyter": {**metadata.get("jupyter", {}), "outputs_hidden": True}}
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def _top(name: str) -> str:
    """The way back to the page, and into Colab for those who see this elsewhere."""
    page, book = addresses.site(f"book/{name}"), addresses.site()
    here = addresses.colab(f"notebooks/{name}.ipynb")
    title = addresses.config()["title"]
    return f"*[This page in the book]({page}) shows all results. The book: [{title}]({book}). [Open in Colab]({here}).*"


@cache
def _order() -> list[str]:
    return [page.removeprefix("book/") for page in listed(addresses.ROOT / "_toc.yml")]


def _bottom(name: str) -> str:
    """The way to the next unit: its notebook if it has one."""
    following = _order()[_order().index(name) + 1]
    words, page = roles.title(following), addresses.site(f"book/{following}")
    if not (roles.BOOK / f"{following}.py").exists():
        return f"**Next:** [{words}]({page}), in the book."
    notebook = addresses.colab(f"notebooks/{following}.ipynb")
    return f"**Next:** [{words}]({notebook}) in Colab, or [in the book]({page})."
