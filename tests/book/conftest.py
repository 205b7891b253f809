"""The folder of the model in the page, built once for the tests that open it in a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))

VIEWS = ("search", "classify", "compare")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Not on the screen of the tests."""


@pytest.fixture(scope="session")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the folder ``_static/live``, a bare page that only loads it, and one page for each view."""
    from live import PLACE, load_live, write

    root = tmp_path_factory.mktemp("live_site")
    write(root / PLACE)
    (root / "book").mkdir()
    empty = '<!doctype html><html lang="en"><head><title>A page</title></head><body><main>{}</main></body></html>'
    for view in VIEWS:
        box = f'<div class="plip-live" data-live="{view}"><p>Without scripts.</p></div>'
        place = Path("book") / f"{view}.html"
        (root / place).write_text(load_live(empty.format(box), place), encoding="utf-8")
    loader = '<script defer src="../_static/live/live.js"></script>'
    (root / "book" / "bare.html").write_text(empty.format(loader), encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def live_server(live_site: Path) -> Iterator[str]:
    """The address of a server of that site on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(live_site)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
