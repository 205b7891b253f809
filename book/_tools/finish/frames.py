"""A table that is wider than its column scrolls in a frame, and the frame has a name.

The theme lets the keyboard reach a frame while it scrolls. A screen reader then says which table it is; a landmark it
is not, or a page of results would be nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path

FRAME = re.compile(
    r'<div class="(?:pst-scrollable-table-container|output text_html)"'
    r"(?=>\s*(?:<div>\s*)?(?:<style\b[^>]*>[^<]*</style>\s*)?<table\b)"
)


def framed(text: str, place: Path) -> str:
    """The page with its frames named; ``place`` does not matter.

    >>> framed('<div class="output text_html"><table>', Path())
    '<div class="output text_html" role="group" aria-label="Table 1 of 1"><table>'
    """
    parts = FRAME.split(text)
    heads = FRAME.findall(text)
    names = [f'{head} role="group" aria-label="Table {i} of {len(heads)}"' for i, head in enumerate(heads, 1)]
    return "".join(part for pair in zip(parts, [*names, ""], strict=True) for part in pair)
