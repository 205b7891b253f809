"""The map of tiles in a real browser: pointer, finger, keyboard, screen reader, dark mode and paper."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import widgets
from plip_tutorial.plots.style import COLOURS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import browser_page, chromium  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
Opened = Callable[..., Any]
WHITE = "rgb(255, 255, 255)"
UNIT = ROOT / "_build" / "html" / "book" / "13_retrieval.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browser_page() as page:
        yield page.context.browser


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """Opens an address in a page with the given options."""
    contexts: list[Any] = []

    def open_page(address: str, **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def map_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A map of four tiles on a page of its own, opened from the disk."""
    tiles = [np.full((8, 8, 3), (60 * i, 40, 200), np.uint8) for i in range(4)]
    points = [[0, 0], [2, 0], [0, 1], [2, 1]]  # wider than high, as is the map
    html = widgets.scatter_with_tiles(points, tiles, list("aabb"), texts=["one", "two", "three", "four"])._repr_html_()
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(f"<html data-theme=dark><body style='background:#111'>{html}</body></html>", encoding="utf-8")
    return file.as_uri()


def test_the_map_answers_to_the_pointer_and_to_the_keyboard(opened: Opened, map_page: str) -> None:
    page = opened(map_page)
    shown, slider = page.locator("output"), page.locator("input[type=range]")
    for place, name in enumerate(["one", "two", "three", "four"]):
        page.locator(".plip-mark").nth(place).hover()
        assert shown.inner_text() == name
    slider.focus()
    slider.press("Home")
    slider.press("ArrowRight")
    assert shown.inner_text() == "two"
    assert slider.get_attribute("aria-valuetext") == "two, 2 of 4"


def test_the_map_is_walked_by_class_with_the_keyboard_alone(opened: Opened, map_page: str) -> None:
    page = opened(map_page)
    shown, tile, slider = page.locator("output"), page.locator(".plip-tile"), page.locator("input[type=range]")
    page.keyboard.press("Tab")  # to the choice of classes: "all"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("radio", name="b (2)").is_checked()
    walk = [shown.inner_text()]
    for _ in range(2):
        page.get_by_role("button", name="Next").press("Enter")
        walk.append(shown.inner_text())
    assert walk == ["three", "four", "three"]  # round and round, in the class
    page.get_by_role("button", name="Previous").press("Space")
    slider.press("Home")
    assert shown.inner_text() == "three"
    assert tile.get_attribute("aria-label") == "tile: b"
    assert slider.get_attribute("aria-label") == "tile of b, 1 to 2"
    page.locator(".plip-mark").first.hover()
    assert shown.inner_text() == "three"  # the other class is not in the way
    strengths = page.locator(".plip-map g").evaluate_all("all => all.map(one => getComputedStyle(one).opacity)")
    assert strengths == ["0.15", "1"]
    page.get_by_role("radio", name="all (4)").check()
    assert shown.inner_text() == "three"
    assert slider.input_value() == "2"


def test_what_the_map_shows_is_announced_once(opened: Opened, map_page: str) -> None:
    """By the slider, which says its value, or by the live text: not by both, and not while a mouse wanders."""
    page = opened(map_page)
    live, slider = page.locator("output"), page.locator("input[type=range]")
    page.get_by_role("button", name="Next").press("Enter")
    assert live.get_attribute("aria-live") == "polite"
    slider.press("ArrowRight")
    assert live.get_attribute("aria-live") == "off"
    page.get_by_role("radio", name="a (2)").check()
    assert live.get_attribute("aria-live") == "polite"
    page.locator(".plip-mark").nth(1).hover()
    assert live.get_attribute("aria-live") == "off"


def test_two_maps_on_a_page_do_not_share_their_choice(opened: Opened, map_page: str, tmp_path: Path) -> None:
    one = Path(map_page.removeprefix("file://")).read_text(encoding="utf-8")
    (tmp_path / "two.html").write_text(one + one, encoding="utf-8")
    page = opened((tmp_path / "two.html").as_uri())
    page.get_by_role("radio", name="b (2)").first.check()
    assert page.get_by_role("radio", name="all (4)").nth(1).is_checked()


def test_a_finger_reaches_small_points(opened: Opened, map_page: str) -> None:
    page = opened(map_page, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    frame = page.locator(".plip-map > svg").first.bounding_box()
    page.touchscreen.tap(frame["x"] + 0.96 * frame["width"] - 14, frame["y"] + 0.04 * frame["width"] + 14)
    assert page.locator("output").inner_text() == "four"
    for control in page.locator("label, button").all():
        assert control.bounding_box()["height"] > 43.9


def test_map_and_tile_are_printed(opened: Opened, map_page: str) -> None:
    page = opened(map_page)
    page.emulate_media(media="print")
    assert page.locator(".plip-widget").evaluate("box => getComputedStyle(box).backgroundColor") == WHITE
    tile = Image.open(io.BytesIO(page.locator(".plip-tile").screenshot())).convert("RGB")
    assert tile.getpixel((tile.width // 2, tile.height // 2)) == pytest.approx((0, 40, 200), abs=12)
    assert not page.locator("input, button").filter(visible=True).count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_can_be_read_in_every_scheme_and_named_by_a_screen_reader(
    opened: Opened, map_page: str, scheme: str
) -> None:
    page = opened(map_page, color_scheme=scheme)
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    ink, paper = page.locator(".plip-widget").evaluate(
        "box => [getComputedStyle(box).color, getComputedStyle(box).backgroundColor]"
    )
    sheet, letters = ([int(value) for value in re.findall(r"\d+", colour)[:3]] for colour in (paper, ink))
    light, dark = (sheet, letters) if scheme == "light" else (letters, sheet)  # the panel follows the theme
    assert min(light) - max(dark) > 150
    told = page.locator(".plip-widget").aria_snapshot()
    assert re.search(r"slider .*tile, 1 to 4", told)
    assert 'img "tile: a"' in told
    assert "one" in told


# Edges of all marks and the paper, as the browser paints them: 0 to 255.
COLOURS_AS_DRAWN = """() => {
    const pen = new OffscreenCanvas(1, 1).getContext("2d");
    const painted = (colour) => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data];
    };
    const edges = [...document.querySelectorAll(".plip-mark")].map((mark) => painted(getComputedStyle(mark).stroke));
    return [edges, painted(getComputedStyle(document.querySelector(".plip-widget")).backgroundColor)];
}"""


def contrast(one: Sequence[float], other: Sequence[float]) -> float:
    """Of two colours, as WCAG defines it."""

    def light(colour: Sequence[float]) -> float:
        shares = np.asarray(colour[:3]) / 255
        return float(
            np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)
        )

    dark, bright = sorted([light(one), light(other)])
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_stand_out_from_both_papers(opened: Opened, tmp_path: Path, scheme: str) -> None:
    """Their edges: WCAG 2.2, success criterion 1.4.11, at least 3 to 1."""
    html = widgets.moving_points([np.eye(9)[:, :2]], list(COLOURS))._repr_html_()
    (tmp_path / "marks.html").write_text(f"<html data-theme={scheme}><body>{html}</body></html>", encoding="utf-8")
    page = opened((tmp_path / "marks.html").as_uri())
    edges, paper = page.evaluate(COLOURS_AS_DRAWN)
    assert len({tuple(edge) for edge in edges}) == len(COLOURS)
    assert min(contrast(edge, paper) for edge in edges) >= 3


@pytest.mark.skipif(not UNIT.exists(), reason="no built book; run: make book")
def test_the_map_of_retrieval_works_from_the_disk(opened: Opened) -> None:
    faults: list[str] = []
    page = opened("about:blank")
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(UNIT.as_uri())
    box = page.locator(".plip-widget[data-plip=scatter]").first
    marks = box.locator(".plip-mark")
    assert marks.count() >= 300
    box.scroll_into_view_if_needed()
    seen = set()
    for place in range(0, marks.count(), marks.count() // 9):
        marks.nth(place).hover(force=True)
        seen.add(box.locator("output").first.inner_text())
    assert len(seen) >= 5
    assert faults == []
