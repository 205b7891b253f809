"""Mends what a screen reader or a keyboard trips over in the HTML of Sphinx, of its theme and of pandas.

Each mend is a pattern and what takes its place. All are small and exact, so that a new version of a tool, which writes
something else, is left alone; `tests/book/test_access.py` then reports what is no longer mended.
"""

from __future__ import annotations

import re
from pathlib import Path

EMPTY = r"(?:\s|&nbsp;|&#160;|<p></p>)*"
MENDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        # Sphinx: the list of references is a list of items, and `doc-biblioentry` is a role of the past.
        (r'(<div class="citation" id="[^"]*" role=)"doc-biblioentry"', r'\1"listitem"'),
        # Sphinx: the parameters of a long signature are a list of definitions that defines nothing, within a term.
        (r'(<span class="sig-paren">.</span>\s*)<dl>(?=\s*<dd><em )', r'\1<span class="sig-all">'),
        (r"(?m)^<dd>(<em .*)</dd>$", r'<span class="sig-one">\1</span>'),
        (r'</dl>(?=\s*<span class="sig-paren">)', "</span>"),
        # Sphinx: a table without names of columns has a head with nothing in it.
        (rf"<thead>\s*<tr[^>]*>\s*(?:<th[^>]*>{EMPTY}</th>\s*)+</tr>\s*</thead>", ""),
        # pandas: a corner, or a gap, heads nothing. It is a cell.
        (rf"<th([^>]*)>({EMPTY})</th>", r"<td\1>\2</td>"),
        # The theme: dialogs have no names.
        (r'<dialog id="pst-search-dialog"(?! aria-label)', r'\g<0> aria-label="Search"'),
        (r'<dialog id="pst-primary-sidebar-modal"(?! aria-label)', r'\g<0> aria-label="All pages"'),
        (r'<dialog id="pst-secondary-sidebar-modal"(?! aria-label)', r'\g<0> aria-label="On this page"'),
        # sphinx-exercise: each exercise of a page has the same id inside, which nothing refers to.
        (r' id="(?:exercise|solution)-content"', ""),
        # The theme: what opens a part of the contents has a picture only, and is called as the part.
        (r'(<a class="[^"]*" href="[^"]*">([^<]+)</a><details[^>]*>)<summary>', r'\1<summary aria-label="Pages: \2">'),
        # The theme: the name of a button holds all that can be read on it, the keys too.
        (r'(<button class="btn search-button-field[^>]*?) aria-label="Search"', r"\1"),
        (r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"', r"\1"),
        # sphinx-exercise: the blank before a link is not a part of it.
        (r'(<p class="admonition-title">Solution to)(<a [^>]*>) ', r"\1 \2"),
        # myst-nb: what opens hidden code says in words what it does, and is called otherwise.
        (r'<summary aria-label="Toggle hidden content">', "<summary>"),
        # The theme: the title stands in no landmark, and an empty one is announced instead.
        (r'<header class="bd-header[^"]*"(?=>\s*</header>)', r'\g<0> role="presentation"'),
        (r'<div class="sidebar-primary-item"(?=>\s*<a class="navbar-brand logo")', r'\g<0> role="banner"'),
    )
)  # fmt: skip


def mended(text: str, place: Path) -> str:
    """The page, mended; ``place`` does not matter."""
    for pattern, into in MENDS:
        text = pattern.sub(into, text)
    return text
