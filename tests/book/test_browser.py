"""A real browser: the demo is used as a reader uses it, and the widgets answer to pointer, keyboard and dark mode."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from plip_tutorial import microcosm, widgets

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import PICTURE, SEARCH, browser_page, chromium, running_demo  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
UNIT = ROOT / "_build" / "html" / "book" / "13_retrieval.html"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles of three classes; the name of one would be markup if anybody took it for such."""
    root = tmp_path_factory.mktemp("tiles")
    for name, tissue in {"adipose": "adipose", "lymphocytes": "lymphocytes", "<b>mucus<": "mucus"}.items():
        (root / name).mkdir()
        for seed in range(4):
            Image.fromarray(microcosm.render_tile(tissue, seed=seed)).save(root / name / f"{seed}.png")
    return root


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[tuple[str, Any]]:
    pytest.importorskip("streamlit", reason="Streamlit is not installed")
    with running_demo([str(folder)]) as running:
        yield running


def captions(page: Any) -> list[str]:
    return [text.strip() for text in page.get_by_test_id("stText").all_inner_texts()]


def test_the_demo_searches_by_words_and_shows_captions_as_text(demo: tuple[str, Any]) -> None:
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("textbox", name="Words", exact=True).fill("adipose tissue")
        page.get_by_role("textbox", name="Words", exact=True).press("Enter")
        page.get_by_test_id("stImage").nth(7).wait_for()
        assert captions(page)[0].startswith("adipose/")
        page.get_by_role("textbox", name="Words", exact=True).fill("mucus")
        page.get_by_role("textbox", name="Words", exact=True).press("Enter")
        page.get_by_text("<b>mucus</").first.wait_for()
        assert page.locator("main b").count() == 0


def test_the_demo_takes_pictures_and_says_what_is_wrong_with_others(
    demo: tuple[str, Any], folder: Path, tmp_path
) -> None:
    whole = (folder / "lymphocytes" / "0.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "words.png").write_text("no picture")
    (tmp_path / "large.png").write_bytes(bytes(11 * 1024**2))
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("tab", name="By picture").click()
        upload = page.locator("input[type=file]").first
        for name, message in {
            "cut.png": "cannot be used",
            "words.png": "damaged or no picture",
            "large.png": "must be 10",
        }.items():
            upload.set_input_files(tmp_path / name)
            page.get_by_text(re.compile(message)).last.wait_for()
        upload.set_input_files(folder / "lymphocytes" / "0.png")
        panel = page.get_by_role("tabpanel")
        panel.get_by_text("lymphocytes/0.png").wait_for()
        assert panel.get_by_test_id("stText").first.inner_text().strip() == "lymphocytes/0.png"  # itself, the nearest


def test_the_demo_classifies_with_own_labels(demo: tuple[str, Any], folder: Path) -> None:
    with browser_page() as page:
        page.goto(demo[0])
        page.get_by_role("tab", name="Classify").click()
        page.get_by_role("textbox", name="Labels, one a line").fill("lymphocytes\nadipose tissue\n<u>smooth muscle</u>")
        page.get_by_role("textbox", name="Labels, one a line").press("Control+Enter")
        page.locator("input[type=file]").last.set_input_files(folder / "lymphocytes" / "0.png")
        panel = page.get_by_role("tabpanel")
        panel.get_by_test_id("stText").filter(has_text="<u>smooth muscle").wait_for()
        lines = panel.get_by_test_id("stText").all_inner_texts()
        assert lines[0].split(maxsplit=1)[1].strip() == "lymphocytes"
        assert page.locator("main u").count() == 0


def test_the_demo_listens_on_this_machine_only(demo: tuple[str, Any]) -> None:
    family = [psutil.Process(demo[1].pid), *psutil.Process(demo[1].pid).children(recursive=True)]
    found = [c.laddr for member in family for c in member.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert found
    assert {address.ip for address in found} == {"127.0.0.1"}


def test_the_picture_in_the_book_is_there_and_names_its_search() -> None:
    assert Image.open(PICTURE).width >= 800
    assert SEARCH in (ROOT / "book" / "13_retrieval.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def map_page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A map of four tiles on a page of its own, opened from the disk."""
    tiles = [np.full((8, 8, 3), (60 * i, 40, 200), np.uint8) for i in range(4)]
    points = [[0, 0], [1, 0], [0, 1], [1, 1]]
    html = widgets.scatter_with_tiles(points, tiles, list("aabb"), texts=["one", "two", "three", "four"])._repr_html_()
    file = tmp_path_factory.mktemp("map") / "map.html"
    file.write_text(f"<html data-theme=dark><body style='background:#111'>{html}</body></html>", encoding="utf-8")
    return file.as_uri()


def test_the_map_answers_to_the_pointer_and_to_the_keyboard(map_page: str) -> None:
    with browser_page() as page:
        page.goto(map_page)
        shown, slider = page.locator("output"), page.locator("input[type=range]")
        for place, name in enumerate(["one", "two", "three", "four"]):
            page.locator(".plip-mark").nth(place).hover()
            assert shown.inner_text() == name
        slider.focus()
        slider.press("Home")
        slider.press("ArrowRight")
        assert shown.inner_text() == slider.get_attribute("aria-valuetext") == "two"
        assert "url(" in page.locator(".plip-tile").evaluate("tile => getComputedStyle(tile).backgroundImage")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_can_be_read_in_every_scheme_and_named_by_a_screen_reader(map_page: str, scheme: str) -> None:
    with browser_page(color_scheme=scheme) as page:
        page.goto(map_page)
        page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
        ink, paper = page.locator(".plip-widget").evaluate(
            "box => [getComputedStyle(box).color, getComputedStyle(box).backgroundColor]"
        )
        sheet, letters = ([int(value) for value in re.findall(r"\d+", colour)[:3]] for colour in (paper, ink))
        light, dark = (sheet, letters) if scheme == "light" else (letters, sheet)  # the panel follows the theme
        assert min(light) - max(dark) > 150
        told = page.locator(".plip-widget").aria_snapshot()
        assert re.search(r"slider .*tile, 1 to 4", told)
        assert "one" in told


@pytest.mark.skipif(not UNIT.exists(), reason="no built book; run: make book")
def test_the_map_of_retrieval_works_from_the_disk() -> None:
    faults: list[str] = []
    with browser_page() as page:
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
