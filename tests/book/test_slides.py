"""The slides of all units, built from the built book: few enough, whole, described, and without the network."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import course  # noqa: E402
import course_zip  # noqa: E402
import slides  # noqa: E402
from demo_browser import browser_page, chromium  # noqa: E402

BUILT = bool(os.environ.get("PLIP_TUTORIAL_BOOK_BUILT"))
pytestmark = pytest.mark.skipif(
    not BUILT and not (HTML / "index.html").exists(), reason="no built book; run: make book"
)
each_unit = pytest.mark.parametrize("unit", course.units())


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides") / "html"
    counted = course_zip.write_slides(folder, course.units())
    assert all(slides.LEAST <= number <= slides.MOST for number in counted.values()), counted
    return folder


@each_unit
def test_a_deck_needs_no_network_and_describes_its_pictures(decks: Path, unit: str) -> None:
    page = BeautifulSoup((decks / f"{unit}.html").read_text(encoding="utf-8"), "html.parser")
    loaded = [tag.get("src") or tag.get("href") for tag in page.select("script[src], link[rel=stylesheet], img[src]")]
    assert [address for address in loaded if "//" in str(address)] == []
    assert all(len(picture.get("alt", "")) > 15 for picture in page.select("section img"))
    assert len(page.select("aside.notes")) >= 5
    text = page.get_text()
    assert not re.search(r"\{(?:doc|term|cite|ref)\}|@way@|@time@", text)


def test_no_style_of_the_slides_asks_for_the_network(decks: Path) -> None:
    used = {
        tag["href"].split("?")[0]
        for unit in course.units()
        for tag in BeautifulSoup((decks / f"{unit}.html").read_text(encoding="utf-8"), "html.parser").select(
            "link[href]"
        )
        if tag["href"].split("?")[0].endswith(".css")
    }
    assert used
    for style in used:
        assert not re.search(r"(?:@import|url\()[^;)]*//", (decks / style).read_text(encoding="utf-8")), style


@pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
def test_nothing_on_a_slide_lies_below_its_edge_and_each_deck_prints(decks: Path) -> None:
    low = []
    with browser_page(viewport={"width": 1280, "height": 720}) as page:
        for unit in course.units():
            page.goto((decks / f"{unit}.html").as_uri())
            page.wait_for_selector(".reveal.ready")
            bottoms = page.evaluate(
                """() => {
                    const found = [], scale = Reveal.getScale();
                    Reveal.getSlides().forEach((slide, i) => {
                        const place = Reveal.getIndices(slide);
                        Reveal.slide(place.h, place.v);
                        const top = document.querySelector('.reveal .slides').getBoundingClientRect().top;
                        for (const part of slide.querySelectorAll(':scope > :not(section):not(aside)'))
                            found.push([i, Math.round((part.getBoundingClientRect().bottom - top) / scale)]);
                    });
                    return found;
                }"""
            )
            low += [f"{unit}, slide {slide}: {bottom}" for slide, bottom in bottoms if bottom > 725]
    assert low == [], chr(10).join(low)
    assert {path.stem for path in (decks / "pdf").glob("*.pdf")} == set(course.units())
