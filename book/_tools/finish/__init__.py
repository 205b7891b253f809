"""What Sphinx has written becomes the site that readers get.

Sphinx and its theme know nothing of our readers' networks, screens and ears. So every built page passes once through
`PAGES`, and then the folder as a whole through `FOLDER`. A step is a plain function with one concern, and a module of
its own: it takes the text of a page and gives it back, better.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from live import add_live, load_live
from live_slide import add_slide

from .access import mended
from .figures import figures
from .first_answer import first_answers
from .formulas import drawn_formulas, small_formula_font
from .found import lost_page, site_map
from .frames import framed
from .head import described, front_door
from .icons import drawn_icons, small_icon_font
from .outside import drop_dead_weight, only_ours
from .pictures import drawn_pictures
from .search_index import own_search, write_index

PageStep = Callable[[str, Path], str]  # the text of a page, and its place below the root
FolderStep = Callable[[Path], None]  # the root of the site

PAGES: tuple[PageStep, ...] = (
    only_ours,
    mended,
    framed,
    drawn_icons,
    drawn_formulas,
    described,
    own_search,
    load_live,
    first_answers,
)
FOLDER: tuple[FolderStep, ...] = (
    figures,
    drop_dead_weight,
    small_icon_font,
    small_formula_font,
    drawn_pictures,
    front_door,
    write_index,
    site_map,
    lost_page,
    add_live,
    add_slide,
)


def finish(root: Path) -> None:
    """Pass all pages, and then the site, through their steps."""
    for place in sorted(root.rglob("*.html")):
        text = place.read_text(encoding="utf-8")
        for step in PAGES:
            text = step(text, place.relative_to(root))
        place.write_text(text, encoding="utf-8")
    for whole in FOLDER:
        whole(root)
