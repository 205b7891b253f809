"""The slide in the page, in a real Chromium: its numbers are Python's, and it is moved by keys, mouse and fingers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import artifacts, slide, tracks
from plip_tutorial.plip import PLIP
from plip_tutorial.sources import slides

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import live  # noqa: E402
import live_slide  # noqa: E402
from demo_browser import browser_page, chromium  # noqa: E402
from weights import served  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")

PHRASES = ("pink fibres", "crowded dark nuclei")
#: A page as the theme makes them: in the dark it filters every picture that does not say no.
PAGE = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>A slide</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>html[data-theme="dark"] img:not(.dark-light) {{ filter: brightness(.8) contrast(1.2) }}</style>
<link rel="stylesheet" href="{place}/live.css"><script defer src="{place}/live.js"></script></head>
<body><main><div class="plip-live" data-live="slide" data-asked="pink fibres">In words.</div>
<p style="height: 2000px">Below.</p></main></body></html>"""


class Site(NamedTuple):
    """A folder with the page, and what Python says of the same slide."""

    root: Path
    tiles: Any
    cosines: dict[str, np.ndarray]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page and the model, without gallery and slide."""
    root = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "write_gallery", lambda folder: 0)  # takes as long as all the rest
        live.write(root / live.PLACE)
    (root / "page.html").write_text(PAGE.format(place=live.PLACE.as_posix()), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def site(bare: Path, real_file: Path) -> Site:
    """With the slide. Python's numbers come from squares that Pillow has cut out."""
    path = real_file
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(live_slide.GRID, "step", 32)  # a quarter of the tiles is enough to compare numbers
        live_slide.add_slide(bare)
        tiles = live_slide.tiles_of(path)
    picture = Image.open(path).convert("RGB")
    squares = [picture.crop((x, y, x + tiles.side, y + tiles.side)) for x, y in tiles.places.tolist()]
    models = {"plip": PLIP(artifacts.tiny_plip()), "clip": PLIP(artifacts.tiny_clip())}
    found = {name: model.encode_images(squares) @ model.encode_text(PHRASES).T for name, model in models.items()}
    return Site(bare, tiles, found)


@contextmanager
def address(root: Path, way: str) -> Iterator[str]:
    """The page from the disk, or from a server on this machine."""
    if way == "disk":
        yield (root / "page.html").as_uri()
        return
    with served(root) as site:
        yield f"{site}page.html"


@contextmanager
def opened(root: Path, way: str = "disk", **options: Any) -> Iterator[Any]:
    """The page; at the end nothing has gone wrong in it, and nothing was asked of anybody else."""
    faults: list[str] = []
    asked: list[str] = []
    with address(root, way) as url, browser_page(**options) as page:
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        page.get_by_role("button", name="Show on the slide").wait_for()
        page.asked = asked
        yield page
    home = url.rsplit("/", 1)[0]
    origin = "null" if way == "disk" else "/".join(url.split("/")[:3])  # what a worker's own script is named by
    assert [one for one in asked if not one.startswith((home, f"blob:{origin}/"))] == []
    assert faults == []


def seen(page: Any, words: str, against: str = "", model: str = "PLIP") -> np.ndarray:
    """Ask, and wait for the map; returns a value for each tile."""
    page.get_by_label("Words", exact=True).fill(words)
    page.get_by_label("Against").fill(against)
    page.get_by_label(model).check()
    page.evaluate("document.querySelector('[data-live]').slide.values = null")
    page.get_by_label("Words", exact=True).press("Enter")
    page.wait_for_function("document.querySelector('[data-live]').slide.values")
    return np.array(page.evaluate("Array.from(document.querySelector('[data-live]').slide.values)"))


def view(page: Any) -> tuple[float, float, float]:
    """Place in the middle of the window, in pixels of the slide, and CSS pixels for each."""
    found = page.evaluate("document.querySelector('[data-live]').slide.view")
    return found["x"], found["y"], found["scale"]


def test_the_tiles_are_those_of_the_unit(real_file: Path) -> None:
    """The unit lays its grid in a cell of its own; it is read off there."""
    unit = (ROOT / "book" / "14_whole_slide.py").read_text(encoding="utf-8")
    call = re.search(r"^tiles = (slide\.grid\(.*?\))$", unit, re.MULTILINE | re.DOTALL)
    assert call
    tiles = live_slide.tiles_of(real_file)
    mask = slide.find_tissue(tiles.slide)
    theirs = eval(call[1], {"slide": slide, "scan": tiles.slide, "pixels": tracks.TINY.image_size, "mask": mask})
    assert (tiles.side, tiles.pixels) == (theirs.side, theirs.pixels)
    assert np.array_equal(tiles.places, theirs.places)


@pytest.mark.parametrize("way", ["disk", "server"])
def test_the_map_is_what_python_says_and_nothing_comes_before_it_is_asked_for(site: Site, way: str) -> None:
    parts = [site.root / live.PLACE / name for name in ("slide_vectors.js", "slide.webp")]
    assert sum(part.stat().st_size for part in parts) < 1_300_000
    with opened(site.root, way) as page:
        loader = {"page.html", "live.css", "live.js", "kit.js", "view_slide.js", "view_slide.css"}
        assert {one.rsplit("/", 1)[1] for one in page.asked} <= loader
        for name, cosines in site.cosines.items():
            for i, phrase in enumerate(PHRASES):
                assert np.abs(seen(page, phrase, model=name.upper()) - cosines[:, i]).max() < 1e-3
            shares = 1 / (1 + np.exp(live.scale(name) * (cosines[:, 1] - cosines[:, 0])))
            assert np.abs(seen(page, *PHRASES, model=name.upper()) - (2 * shares - 1)).max() < 1e-2
        laid = "slide => plipLive.parts.slideHeat.laid(plipLive.store.slide, slide.values)"
        found = page.evaluate(f"({laid})(document.querySelector('[data-live]').slide)")
        values = page.evaluate("document.querySelector('[data-live]').slide.values")
        expected = slide.heat_map(site.tiles, values, mpp=8 * site.tiles.slide.mpp)
        means = np.array(found["means"]).reshape(found["height"], found["width"])
        np.testing.assert_allclose(means, expected, atol=1e-5)


def test_legend_list_and_announcement_say_the_numbers(site: Site) -> None:
    cosines = site.cosines["plip"][:, 0]
    best: list[int] = []
    for tile in np.argsort(-cosines):
        if all(np.abs(site.tiles.places[tile] - site.tiles.places[other]).max() >= site.tiles.side for other in best):
            best.append(int(tile))
    with opened(site.root) as page:
        page.evaluate(
            """() => { window.told = []; const status = document.querySelector('[role=status]');
            const watch = new MutationObserver(() => told.push(status.textContent));
            watch.observe(status, {childList: true, characterData: true, subtree: true}) }"""
        )
        seen(page, PHRASES[0])
        low, high = (f"{value:.3f}".replace("-", "−") for value in (cosines.min(), cosines.max()))
        assert page.locator(".plip-slide-ends span").all_inner_texts()[::2] == [low, high]
        numbers = f"“{PHRASES[0]}” on {len(cosines)} tiles by PLIP: cosines from {low} to {high}."
        assert page.evaluate("told") == [f"{numbers} Any words have a brightest place."]
        told = page.locator(".plip-slide-tile p")
        assert page.locator(".plip-slide-heard").inner_text() == "", "one answer, one announcement"
        for place, tile in enumerate(best[:3], 1):
            x, y = site.tiles.places[tile]
            assert f"Best place {place} of 10: cosine with “{PHRASES[0]}” {cosines[tile]:.3f}." in told.inner_text()
            assert f"{x:,} pixels from the left and {y:,} from the top" in told.inner_text()
            page.get_by_role("button", name="Next").press("Enter")
        assert page.evaluate("told.length") == 1
        assert page.locator(".plip-slide-heard").inner_text() == told.inner_text()
        nearer = (seen(page, *PHRASES) > 0).sum()
        said = page.get_by_role("status").inner_text()
        assert said.startswith(f"By PLIP, {nearer} of {len(cosines)} tiles are nearer to “{PHRASES[0]}”")
        seen(page, "fat", "fat")  # the same as to ask once
        assert page.locator(".plip-slide-legend").inner_text().startswith("Cosine with “fat”, on average")
        seen(page, *PHRASES)
        page.get_by_role("button", name="a bicycle").click()
        page.get_by_role("status").filter(has_text="“a bicycle” on").wait_for()
        assert page.get_by_label("Against").input_value() == ""


def test_keys_mouse_and_wheel_move_the_view_to_the_pixel(site: Site) -> None:
    with opened(site.root, viewport={"width": 1000, "height": 900}) as page:
        seen(page, PHRASES[0])
        frame = page.locator(".plip-slide-frame")
        wide, high = frame.evaluate("frame => [frame.clientWidth, frame.clientHeight]")
        whole = min(wide / 2220, high / 2967)
        assert view(page) == pytest.approx((1110, 1483.5, whole))
        frame.focus()
        for key in ("+", "+", "+", "+"):
            frame.press(key)
        assert view(page) == pytest.approx((1110, 1483.5, whole * 1.5**4))
        scale = whole * 1.5**4
        frame.press("ArrowRight")
        frame.press("ArrowUp")
        assert view(page) == pytest.approx((1110 + 0.2 * wide / scale, 1483.5 - 0.2 * high / scale, scale))
        for _ in range(40):
            frame.press("ArrowLeft")
        assert view(page)[0] == pytest.approx(wide / 2 / scale), "the slide's edge is the window's"
        heard = page.locator(".plip-slide-heard")
        shown = " by ".join(f"{length / scale * 0.499:,.0f}" for length in (wide, high))
        assert heard.inner_text().startswith(f"The window shows {shown} µm, 0 µm from the left and ")
        frame.press("Home")
        assert view(page) == pytest.approx((1110, 1483.5, whole))
        assert heard.inner_text() == "The window shows 1,108 by 1,481 µm, 0 µm from the left and 0 from the top."
        page.get_by_role("button", name="zoom in").click()
        page.get_by_role("button", name="zoom in").click()

        box = frame.bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        before = view(page)
        page.mouse.move(*middle)
        page.mouse.down()
        page.mouse.move(middle[0] - 60, middle[1] + 30, steps=4)
        page.mouse.up()
        assert view(page) == pytest.approx((before[0] + 60 / before[2], before[1] - 30 / before[2], before[2]))
        x, y, scale = view(page)
        page.mouse.move(middle[0] + 50, middle[1] - 40)
        frame.dispatch_event("pointerdown", {"pointerId": 9, "buttons": 1, "clientX": middle[0], "clientY": middle[1]})
        frame.dispatch_event(
            "pointermove", {"pointerId": 9, "buttons": 0, "clientX": middle[0], "clientY": middle[1] + 90}
        )
        assert view(page) == (x, y, scale), "a button that was let go outside of the window carries nothing"
        page.keyboard.down("Control")
        page.mouse.wheel(0, -30)
        page.keyboard.up("Control")
        page.wait_for_function(f"document.querySelector('[data-live]').slide.view.scale > {scale} * 1.01")
        after = view(page)
        held = (after[0] + 50 / after[2], after[1] - 40 / after[2])
        assert held == pytest.approx((x + 50 / scale, y - 40 / scale), abs=1)
        page.mouse.wheel(0, 300)
        page.wait_for_function("scrollY > 100")
        assert view(page) == after, "a wheel alone is the page's"


def test_a_click_tells_the_tile_under_it(site: Site) -> None:
    with opened(site.root) as page:
        values = seen(page, PHRASES[0])
        tile = len(values) // 2
        x, y = site.tiles.places[tile] + site.tiles.side / 2
        frame = page.locator(".plip-slide-frame")
        wide, high = frame.evaluate("frame => [frame.clientWidth, frame.clientHeight]")
        left, top, scale = view(page)
        frame.click(position={"x": wide / 2 + (x - left) * scale, "y": high / 2 + (y - top) * scale})
        assert page.evaluate("document.querySelector('[data-live]').slide.chosen") == tile
        assert f"“{PHRASES[0]}” {values[tile]:.3f}".replace("-", "−") in page.locator(".plip-slide-tile p").inner_text()
        frame.click(position={"x": 3, "y": 3})
        assert page.locator(".plip-slide-tile p").inner_text() == "There is no tile at this place."


def test_without_the_map_tissue_is_the_same_in_light_and_dark(site: Site) -> None:
    with opened(site.root) as page:
        seen(page, PHRASES[0])
        shots = {}
        for state in ("map", "light", "dark"):
            if state == "light":
                page.get_by_label("Heat map").uncheck()
            if state == "dark":
                page.evaluate("document.documentElement.dataset.theme = 'dark'")
            page.locator(".plip-slide-mark").evaluate("mark => { mark.hidden = true }")
            shot = page.locator(".plip-slide-frame").screenshot()  # without the border, which is the theme's
            shots[state] = np.asarray(Image.open(BytesIO(shot)).convert("RGB"))[2:-2, 2:-2]
        assert np.array_equal(shots["light"], shots["dark"])
        assert not np.array_equal(shots["light"], shots["map"])


def test_fingers_on_a_phone(site: Site) -> None:
    """Two zoom. One carries the slide that is zoomed in; where all of it is seen, a stroke up or down is the page's."""
    with opened(site.root, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as page:
        seen(page, PHRASES[0])
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        frame = page.locator(".plip-slide-frame")
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        touch = page.context.new_cdp_session(page)

        def send(kind: str, *points: tuple[float, float]) -> None:
            places = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        before = view(page)
        send("touchStart", (x - 20, y), (x + 20, y))
        for apart in (30, 40, 50, 60):
            send("touchMove", (x - apart, y), (x + apart, y))
        send("touchEnd")
        after = view(page)
        assert after[2] == pytest.approx(before[2] * 3, rel=0.02)

        def stroke(way: int) -> None:
            now = frame.bounding_box()
            middle = now["y"] + now["height"] / 2
            send("touchStart", (x, middle))
            for far in (10, 30, 60, 100, 150):
                send("touchMove", (x, middle + way * far))
            send("touchEnd")

        start = page.evaluate("scrollY")
        stroke(-1)
        assert view(page)[1] == pytest.approx(after[1] + 150 / after[2], abs=12 / after[2])  # all but what tells a tap
        assert page.evaluate("scrollY") == start
        page.get_by_role("button", name="Whole slide").tap()
        page.wait_for_function(f"document.querySelector('[data-live]').slide.view.scale < {after[2]} / 2")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        frame.scroll_into_view_if_needed()
        start, whole = page.evaluate("scrollY"), view(page)
        stroke(1)
        page.wait_for_function(f"scrollY < {start} - 50")
        assert view(page) == whole


def test_what_did_not_come_is_said_and_can_be_asked_for_again(site: Site) -> None:
    with address(site.root, "server") as url, browser_page() as page:
        page.set_default_timeout(60_000)
        for part in ("slide.js", "slide_vectors.js", "slide.webp"):
            page.route(f"**/{part}", lambda route: route.abort())
            page.goto(url)
            page.get_by_role("button", name="Show on the slide").click()
            page.get_by_text(f"The slide could not be loaded ({part} did not come).").wait_for()
            page.unroute(f"**/{part}")
            page.get_by_role("button", name="Try again").press("Enter")
            page.wait_for_function("document.querySelector('[data-live]').slide.values")
        page.route("**/clip-text-0.js", lambda route: route.abort())
        page.get_by_label("CLIP").check()
        page.get_by_text("(clip-text-0.js did not come)").wait_for()
        assert page.locator(".plip-slide-frame").count() == 0
        page.unroute("**/clip-text-0.js")
        page.get_by_role("button", name="Try again").press("Enter")
        page.locator(".plip-slide-frame").wait_for()
        page.get_by_role("status").filter(has_text="cosines from").wait_for()


def test_without_the_slide_the_build_warns_and_the_view_says_so(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Path:
        raise slides.SlideFetchError("no network")

    monkeypatch.setattr(slides, "small_region", gone)
    folder = tmp_path / live.PLACE
    folder.mkdir(parents=True)
    for file in (bare / live.PLACE).iterdir():
        if not file.name.startswith(("slide.", "clip-", "plip-")):
            (folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "page.html").write_text((bare / "page.html").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.warns(UserWarning, match="cannot be shown here. no network"):
        live_slide.add_slide(tmp_path)
    with opened(tmp_path) as page:
        page.get_by_role("button", name="Show on the slide").click()
        page.get_by_text(live_slide.MISSING).wait_for()
