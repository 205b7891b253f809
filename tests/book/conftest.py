"""The folder of the model in the page, built once for the tests that open it in a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))

VIEWS = ("search", "classify", "compare")


@pytest.fixture(scope="session")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the folder ``_static/live``, a bare page that only loads it, and one page for each view."""
    from live import PLACE, load_live, write
    from live_view import markup

    root = tmp_path_factory.mktemp("live_site")
    write(root / PLACE)
    (root / "book").mkdir()
    head = '<head><meta charset="utf-8"><title>A page</title></head>'
    empty = f'<!doctype html><html lang="en">{head}<body><main>{{}}</main></body></html>'
    for view in VIEWS:
        place = Path("book") / f"{view}.html"
        text = empty.format(markup(view, {}, "Without scripts."))
        (root / place).write_text(load_live(text, place), encoding="utf-8")
    loader = '<script defer src="../_static/live/live.js"></script>'
    (root / "book" / "bare.html").write_text(empty.format(loader), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def live_server(live_site: Path) -> Iterator[str]:
    """The address of a server of that site on this machine."""
    from weights import served

    with served(live_site) as address:
        yield address.rstrip("/")
