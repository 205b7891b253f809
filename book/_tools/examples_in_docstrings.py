"""A Sphinx extension: an indented example in the docstring of a module is code, as it is for a reader of the source.

To reStructuredText an indented paragraph is a quotation: it would be set in one line, with curly quotes.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def as_code(app: Sphinx, what: str, name: str, thing: object, options: Any, lines: list[str]) -> None:
    """Write ``::`` before each indented block of a module's docstring that has none."""
    if what != "module":
        return
    told, inside = [], False
    for line in lines:
        if line.startswith("    ") and not inside:
            last = next((one for one in reversed(told) if one.strip()), "")
            if not last.rstrip().endswith("::"):
                told += ["::", ""]
            inside = True
        elif line.strip() and not line.startswith(" "):
            inside = False
        told.append(line)
    lines[:] = told


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", as_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
