"""A MyST directive: a place on a page where the model answers (`live` brings it, ``book/live`` has its views).

    :::{live} search
    :asked: pink fibres
    :::

The options are the ``data-`` attributes of the view. The body is what readers without scripts get; each view has a line
of its own for them. In a notebook, which has no such place, `plain_markdown` writes a link to the page.
"""

from __future__ import annotations

from html import escape

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

#: What each view is for, in words that end "on the page".
VIEWS = {
    "search": "search by words",
    "classify": "classify by words",
    "compare": "compare two sentences",
    "slide": "lay words on a slide of real tissue",
}
OPTIONS = ("asked", "against", "second", "first", "examples", "k", "tiles")


def anchor(kind: str) -> str:
    """Where a view stands on its page."""
    return f"live-{kind}"


def markup(kind: str, options: dict[str, str], body: str = "") -> str:
    """A view as HTML."""
    told = body or f"Here one can {VIEWS[kind]}, with JavaScript switched on: the model then runs in this page."
    given = "".join(f' data-{name}="{escape(value)}"' for name, value in options.items())
    return f'<div class="plip-live" id="{anchor(kind)}" data-live="{kind}"{given}><p>{escape(told)}</p></div>'


class Live(SphinxDirective):
    """The directive."""

    required_arguments = 1
    has_content = True
    option_spec = dict.fromkeys(OPTIONS, directives.unchanged)

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        (kind,) = self.arguments
        if kind not in VIEWS:
            raise self.error(f"there is no live view {kind!r}; choose one of: {', '.join(VIEWS)}")
        return [nodes.raw("", markup(kind, self.options, " ".join(self.content)), format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_directive("live", Live)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
