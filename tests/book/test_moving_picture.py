"""The moving picture in a real browser: the button plays it, the slider moves it, and the end stands without either."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from plip_tutorial import widgets

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))
from demo_browser import browser_page, chromium

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")

WATCH = """() => {
    const mark = document.querySelector(".plip-mark");
    window.seen = [];
    new MutationObserver(() => seen.push(mark.getAttribute("transform"))).observe(mark, {attributes: true});
}"""


def test_the_button_plays_from_the_first_frame_to_the_last(tmp_path: Path) -> None:
    frames = [np.array([[float(i), 0.0], [0.0, 1.0], [4.0, 4.0]]) for i in range(5)]
    file = tmp_path / "page.html"
    file.write_text(f"<html><body>{widgets.moving_points(frames, ['a', 'b', 'a'])._repr_html_()}</body></html>")
    with browser_page() as page:
        page.goto(file.as_uri())
        where = lambda: page.locator(".plip-mark").first.get_attribute("transform")  # noqa: E731
        opened, slider = where(), page.locator("input[type=range]").first
        slider.focus()
        slider.press("Home")  # the keyboard moves it, too
        first = where()
        page.evaluate(WATCH)  # a slow browser may be at the end before anybody can look
        said = page.get_by_role("button", name="Play").evaluate(
            "button => { button.click(); return button.innerText; }"
        )
        assert said == "Pause"
        page.get_by_role("button", name="Play").wait_for()  # it has come to its end by itself
        assert first != opened
        assert page.evaluate("seen.at(-1)") == opened  # nothing is only in motion: the end is there from the beginning
        assert set(page.evaluate("seen")) != {first, opened}  # and there was something between
