"""What Sphinx has written becomes the site that readers get.

Sphinx and its theme know nothing of our readers' networks, screens and ears. So every built page passes once through
`PAGES`, and then the folder as a whole through `FOLDER`. A step is a plain function with one concern, and a module of
its own: it takes the text of a page and gives it back, better.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .figures import figures
from .frames import framed

PageStep = Callable[[str, Path], str]  # the text of a page, and its place below the root
FolderStep = Callable[[Path], None]  # the root of the site

PAGES: tuple[PageStep, ...] = (framed,)
FOLDER: tuple[FolderStep, ...] = (figures,)


def finish(root: Path) -> None:
    """Pass all pages, and then the site, through their steps."""
    for place in sorted(root.rglob("*.html")):
        text = place.read_text(encoding="utf-8")
        for step in PAGES:
            text = step(text, place.relative_to(root))
        place.write_text(text, encoding="utf-8")
    for whole in FOLDER:
        whole(root)
