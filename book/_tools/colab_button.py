"""A Sphinx extension: the rocket and the download of a page lead to the student's notebook in ``notebooks/student``.

By itself the theme takes the file that the page was built from, which holds MyST: Colab shows it raw. And who wants to
edit the page is led to its source, not to what `make sync` made of it.
The role ``{colab}`text <00_in_five_minutes>``` leads there from a sentence.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import addresses
from docutils import nodes
from plain_notebook import path
from sphinx.application import Sphinx
from sphinx.util.docutils import ReferenceRole


def redirect(app: Sphinx, page: str, template: str, context: dict[str, Any], document: object) -> None:
    """Let the buttons of a page that runs open its plain notebook, or the file to edit."""
    ours, plain = f"/{page}.ipynb", f"/{path(Path(page).name, 'student')}"
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            address = str(button.get("url", ""))
            if address.startswith(addresses.colab("")) and address.endswith(ours):
                button["url"] = address.removesuffix(ours) + plain
            elif "/edit/" in address:
                button["url"] = addresses.edit(source(page))


def source(page: str) -> str:
    """The file that somebody edits who wants the page otherwise: py:percent, Markdown, or a room of the package."""
    room = addresses.ROOT / "plip_tutorial" / Path(page).name
    if page.startswith("book/api/") and page != "book/api/index":
        own = room / "__init__.py" if room.is_dir() else room.with_suffix(".py")
        return str(own.relative_to(addresses.ROOT))
    ending = ".py" if (addresses.ROOT / f"{page}.py").exists() else ".md"
    return page + ending


def replace_downloads(app: Sphinx, error: Exception | None) -> None:
    """What the download button fetches lies beside the pages."""
    for target in Path(app.outdir).glob("_sources/**/*.ipynb"):
        plain = addresses.ROOT / path(target.stem, "student")
        if plain.exists():
            shutil.copyfile(plain, target)


class Colab(ReferenceRole):
    """A button that opens a unit's notebook."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """One link."""
        address = addresses.colab(path(self.target, "student"))
        return [nodes.reference("", self.title, refuri=address, classes=["plip-button"])], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("html-page-context", redirect, priority=502)  # after the theme, which makes the buttons at 501
    app.connect("build-finished", replace_downloads)
    app.add_role("colab", Colab())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
