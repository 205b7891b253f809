"""A Sphinx extension: the minutes that a page took in this very build, on the page itself.

``{minutes}`text``` becomes the measured time; "text" is what a reader in Colab sees, where nothing is substituted. A
page whose outputs come from the cache keeps the time of the run that made them.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from myst_nb.core.execute import ExecutionResult
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx


class Minutes(nodes.inline):
    """Stands for the time until the page has run."""


def role(name: str, rawtext: str, text: str, *_: Any, **__: Any) -> tuple[list[nodes.Node], list[Any]]:
    """``{minutes}`text```."""
    return [Minutes(rawtext, text)], []


def words(result: ExecutionResult | None, otherwise: str) -> str:
    """The time of one run, for people."""
    if not result or result["runtime"] is None:
        return otherwise
    return f"{result['runtime'] / 60:.1f} minutes"


def resolve(app: Sphinx, document: nodes.document, page: str) -> None:
    """Put the measured time in its place."""
    result = NbMetadataCollector.get_doc_data(app.env).get(page, {}).get("exec_data")
    for node in list(document.findall(Minutes)):
        node.replace_self(nodes.Text(words(result, node.astext())))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_node(Minutes)
    app.add_role("minutes", role)
    app.connect("doctree-resolved", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
