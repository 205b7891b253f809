"""Tissue has one colour: a tile is the same by pixel in light and in the dark, in outputs and in widgets."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "_build" / "html" / "book"
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import browser_page, chromium  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.skipif(not (BOOK / "index.html").exists(), reason="no built book; run: make book"),
]
FIRST_TILE = re.compile(r'<image\b[^>]* width="([\d.]+)" height="([\d.]+)" transform="matrix\(([^)]+)\)')


def turned(page: Any, mode: str) -> None:
    """Switch the mode, and wait for the form of the first drawing that belongs to it."""
    page.evaluate("mode => { document.documentElement.dataset.theme = mode }", mode)
    page.evaluate(
        """async () => {
            const shown = [...document.querySelectorAll(".drawing img")].find((one) => one.getClientRects().length);
            if (shown) { shown.loading = "eager"; await shown.decode(); }
        }"""
    )


def seen(page: Any, clip: dict[str, float] | None = None) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(page.screenshot(**({"clip": clip} if clip else {})))).convert("RGB"))


def first_tile(page: Any) -> dict[str, float]:
    """Where the first tile of the first figure stands in the window, without its edge."""
    image = next(one for one in page.locator(".drawing img").all() if one.is_visible())
    drawing = (BOOK / str(image.get_attribute("src")).replace(".dark.", ".")).read_text(encoding="utf-8")
    tile, box = FIRST_TILE.search(drawing), image.bounding_box()
    whole = float(re.search(r'viewBox="0 0 ([\d.]+)', drawing)[1])  # type: ignore[index]
    assert tile
    width, height, (a, _, _, d, left, top) = float(tile[1]), float(tile[2]), map(float, tile[3].split())
    scale = box["width"] / whole
    return {
        "x": round(box["x"] + left * scale + 2), "y": round(box["y"] + top * scale + 2),
        "width": int(width * a * scale - 4), "height": int(height * d * scale - 4),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["01_pairs_and_a_loss", "microcosm_gallery"])
def test_a_tile_in_an_output_is_the_same_by_pixel(name: str) -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto((BOOK / f"{name}.html").as_uri())
        page.locator(".drawing").first.scroll_into_view_if_needed()
        shown, papers = {}, {}
        for mode in ("light", "dark"):
            turned(page, mode)
            shown[mode] = seen(page, first_tile(page))
            papers[mode] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert papers["light"] != papers["dark"]
        assert shown["light"].std() > 5
        assert np.array_equal(shown["light"], shown["dark"])


def test_a_tile_in_a_widget_is_the_same_by_pixel() -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto((BOOK / "13_retrieval.html").as_uri())
        tile = page.locator("[data-plip=scatter] .plip-tile").first
        tile.scroll_into_view_if_needed()
        shown = {}
        for mode in ("light", "dark"):
            turned(page, mode)
            shown[mode] = np.asarray(Image.open(io.BytesIO(tile.screenshot())).convert("RGB"))[2:-2, 2:-2]
        assert shown["light"].std() > 5
        assert np.array_equal(shown["light"], shown["dark"])


def test_no_picture_is_filtered_and_paper_gets_the_light_form() -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        for name in ("00_in_five_minutes", "13_retrieval", "index"):
            page.goto((BOOK / f"{name}.html").as_uri())
            turned(page, "dark")
            images = page.locator("article img")
            filters = images.evaluate_all("all => all.map((one) => getComputedStyle(one).filter)")
            assert set(filters) == {"none"}, name
            page.emulate_media(media="print")
            for form, shown in (("only-light", True), ("only-dark", False)):
                ways = page.locator(f"article .{form}").evaluate_all(
                    "all => all.map((one) => getComputedStyle(one).display)"
                )
                assert {way != "none" for way in ways} <= {shown}, name
            page.emulate_media(media="screen")
