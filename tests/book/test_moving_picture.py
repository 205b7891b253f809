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
        page.get_by_role("button", name="Play").click()
        page.get_by_role("button", name="Pause").wait_for()
        page.wait_for_function(
            "start => document.querySelector('.plip-mark').getAttribute('transform') !== start", arg=first
        )
        page.get_by_role("button", name="Play").wait_for(timeout=20_000)  # it has come to its end by itself
        assert first != opened
        assert where() == opened  # nothing is only in motion: the end is there from the beginning
