"""The built pages by keyboard alone: where one is can be seen, and no dialog swallows the way back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import browser_page, chromium  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
UNIT = ROOT / "_build" / "html" / "book" / "00_in_five_minutes.html"
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed"),
    pytest.mark.skipif(not UNIT.exists(), reason="no built book; run: make book"),
]
# What has the focus, and whether an outline or a shadow says so, on itself or on what it shows in its place.
FOCUS = """() => {
    const one = document.activeElement, own = [one, ...one.querySelectorAll(":scope > .toctree-toggle")];
    const looks = own.map((part) => getComputedStyle(part));
    const drawn = (look) => look.boxShadow !== "none" || (look.outlineStyle !== "none" && look.outlineWidth !== "0px");
    return [one === document.body, one.outerHTML.slice(0, 120), looks.some(drawn)];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browser_page() as page:
        yield page.context.browser


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    width, theme = getattr(request, "param", (1280, "light"))
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=theme, reduced_motion="reduce")
    opened = context.new_page()
    opened.goto(UNIT.as_uri())
    yield opened
    context.close()


def named(page: Any) -> str:
    return page.evaluate(
        "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
    ).strip()


@pytest.mark.parametrize("page", [(1280, "light"), (390, "dark")], indirect=True, ids=["desk", "phone at night"])
def test_the_focus_is_seen_wherever_it_goes(page: Any) -> None:
    hidden, stops = [], 0
    while stops < 400:
        page.keyboard.press("Tab")
        over, html, seen = page.evaluate(FOCUS)
        if over:
            break
        stops += 1
        hidden += [] if seen else [html]
    assert stops > 30
    assert over, "the focus goes round in a circle"
    assert hidden == []


def test_the_first_stop_leads_past_the_contents(page: Any) -> None:
    page.keyboard.press("Tab")
    assert named(page) == "Skip to main content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_search_opens_and_gives_the_focus_back(page: Any) -> None:
    button = page.locator(".search-button-field").filter(visible=True).first
    button.press("Enter")
    page.locator("dialog[open] input").wait_for()
    assert page.evaluate("document.activeElement.matches('dialog[open] input')")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('.search-button-field')")


def test_a_search_by_its_keys_gives_the_focus_back_to_where_it_was(page: Any) -> None:
    page.locator(".theme-switch-button").filter(visible=True).first.click()
    page.evaluate("document.querySelector('.bd-article p a[href]').focus()")
    page.keyboard.press("Control+k")
    page.locator("dialog[open] input").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.wait_for_timeout(100)
    assert page.evaluate("document.activeElement.matches('.bd-article p a')")


@pytest.mark.parametrize("page", [(390, "light")], indirect=True, ids=["phone"])
def test_the_contents_open_on_a_phone_and_give_the_focus_back(page: Any) -> None:
    page.get_by_role("button", name="Toggle primary sidebar").press("Enter")
    page.locator("dialog[open] nav").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)")
    page.keyboard.press("Escape")
    page.wait_for_function("document.activeElement.matches('.primary-toggle')")


def test_a_solution_and_an_answer_open_by_keyboard(page: Any) -> None:
    button = page.locator(".toggle-button").first
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    answer = page.locator("details[name] > summary").first
    answer.press("Enter")
    assert answer.evaluate("summary => summary.parentElement.open")
