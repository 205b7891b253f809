"""What the model in the page cannot read, and what does not come, is told in a line; then the next request works."""

from __future__ import annotations

import base64
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from encoded import encoded
from PIL import Image

from plip_tutorial import microcosm

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))
from demo_browser import browser_page, chromium

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
TILE = Image.fromarray(microcosm.render_tile("mucus", seed=3, size=96))
TOLD = """async (file) => {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    return plipLive.picture(new Blob([bytes])).then(({vector}) => [...vector], (error) => error.message);
}"""


@pytest.fixture(scope="module")
def page(live_server: str) -> Iterator[Any]:
    with browser_page() as opened:
        opened.goto(f"{live_server}/book/bare.html")
        yield opened


def png(width: int, height: int, data: bytes, bits: int = 8) -> bytes:
    """A grey PNG of any claimed size, whatever its data."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)), (b"IDAT", data), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Files and what must be said of them."""
    whole = {kind: encoded(TILE, kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")}
    cut = {
        f"cut {kind}": (file[: len(file) // 2], r"cut off: it ends after [\d,]+ bytes") for kind, file in whole.items()
    }
    broken = bytearray(whole["PNG"])
    broken[60:200] = bytes(140)
    return {
        "empty": (b"", r"empty \(0 bytes\)"),
        "words": (b"no picture at all", "no picture that is known"),
        "nothing but a head": (b"\x89PNG\r\n\x1a\n", "cut off"),
        "drawing": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "SVG file"),
        "slide": (encoded(TILE, "TIFF"), "TIFF file"),
        "sixteen bits": (encoded(Image.new("I;16", (64, 64), 4000), "PNG"), "16 bits"),
        "four inks": (encoded(TILE.convert("CMYK"), "JPEG"), "CMYK"),
        "damaged": (bytes(broken), "damaged"),
        "bomb": (png(60000, 60000, zlib.compress(bytes(9))), r"60,000 x 60,000 pixels; at most 89,478,485"),
        "a little too large": (png(9500, 9500, zlib.compress(bytes(9500 * 1189), 1), 1), "9,500 x 9,500 pixels"),
        "strip": (encoded(Image.new("L", (6000, 4)), "PNG"), r"strip of 6,000 x 4 pixels"),
        "no pixels": (png(0, 7, b""), "empty"),
        **cut,
    }  # fmt: skip


def looked_at(page: Any, file: bytes) -> Any:
    return page.evaluate(TOLD, base64.b64encode(file).decode())


def test_a_bad_file_gives_a_line_and_the_next_picture_works(page: Any) -> None:
    good = encoded(TILE, "PNG")
    first = looked_at(page, good)
    for name, (file, line) in bad_files().items():
        told = looked_at(page, file)
        assert isinstance(told, str), f"{name} was taken for a picture"
        assert re.search(line, told), f"{name}: {told}"
        assert re.search(r"Please [^.]+\.$", told), f"{name} has no remedy: {told}"
    assert looked_at(page, good) == first


def test_what_takes_too_long_is_stopped_and_the_next_picture_works(page: Any) -> None:
    good = encoded(TILE, "PNG")
    first = looked_at(page, good)
    page.evaluate("plipLive.model().then(({patience}) => { patience.kept = patience.picture; patience.picture = 1; })")
    assert "was stopped. Please try a smaller one." in looked_at(page, good)
    page.evaluate("plipLive.model().then(({patience}) => { patience.picture = patience.kept; })")
    assert looked_at(page, good) == first


def test_models_and_sentences_that_are_none_are_named(page: Any) -> None:
    told = "(error) => error.message"
    assert "Choose" in page.evaluate(f'plipLive.texts(["a"], {{model: "vit"}}).catch({told})')
    assert "list" in page.evaluate(f'plipLive.texts("a").catch({told})')
    assert page.evaluate("plipLive.texts([])") == []


@pytest.mark.parametrize("missing", ["plip-text-2.js", "gallery.webp", "worker.js"])
def test_a_load_that_fails_is_told_and_can_be_tried_again(page: Any, live_server: str, missing: str) -> None:
    page.route(f"**/{missing}", lambda route: route.abort())
    page.goto(f"{live_server}/book/search.html")
    box = page.locator("[data-live=search]")
    box.get_by_role("button", name="Search", exact=True).click()
    box.get_by_text(re.compile(r"could not be loaded.*try again")).wait_for()
    assert box.locator("li").count() == 0
    page.unroute(f"**/{missing}")
    box.get_by_role("button", name="Try again").press("Enter")
    assert page.evaluate("document.activeElement.innerText") == "Search"  # the button that is gone had the focus
    box.locator("li").nth(7).wait_for()
    assert box.get_by_role("button", name="Try again").count() == 0
