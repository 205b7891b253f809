"""Nobody is shut out: axe-core finds nothing to object to on the built pages, at a desk, on a phone, by day, by night.

Structure (names, roles, landmarks, order, what scrolls) is looked at on every page; of units also as wide as a phone.
Contrast takes the time, so it is looked at where other colours can be: in prose, outputs and tables of units and
appendices in both themes, but in code and signatures, which have the same dozen colours everywhere, on `WHOLE` only.
Those pages are looked at with all rules in all four forms.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import addresses  # noqa: E402
from demo_browser import browser_page, chromium  # noqa: E402
from finish import access  # noqa: E402

HTML = ROOT / "_build" / "html"
built = pytest.mark.skipif(not (HTML / "book" / "index.html").exists(), reason="no built book; run: make book")
seen_in_browser = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHOLE = ("search.html", "book/index.html", "book/00_in_five_minutes.html", "book/glossary.html", "book/api/audit.html")
SAME_ON_ALL = (".bd-sidebar-primary", ".bd-sidebar-secondary", "div.highlight", "pre", "dt.sig", ".genindextable")
# What cannot be mended in `finish.access`: rule and start of the element's HTML, then why it stays, and where those who
# write the tool were told. An exception that no page needs any more fails.
EXCEPTIONS: dict[tuple[str, str], str] = {}
used: set[tuple[str, str]] = set()

LOOK = """([what, leftOut]) => axe.run(leftOut.length ? {exclude: leftOut} : document, {
    ...what, resultTypes: ["violations"], preload: false,
}).then(({violations}) => violations.flatMap(
    ({id, nodes}) => nodes.map((node) => [id, node.html, node.failureSummary])
))"""
ALL = {"runOnly": {"type": "tag", "values": RULES}, "rules": {"label-content-name-mismatch": {"enabled": True}}}
STRUCTURE = {**ALL, "rules": {**ALL["rules"], "color-contrast": {"enabled": False}}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
# The theme lets the keyboard into what scrolls, but only a moment after the window has another width.
REACHED = (
    "() => [...document.querySelectorAll('pre')].every(one => one.tabIndex >= 0 || one.scrollWidth <= one.clientWidth)"
)


def pages() -> list[str]:
    """Pages of the built book, without those that only lead to another."""
    found = (page for page in HTML.rglob("*.html") if not {"_static", "reports"} & set(page.parts))
    here = (page for page in found if b'http-equiv="refresh"' not in page.read_bytes()[:4000].lower())
    return sorted(str(page.relative_to(HTML)) for page in here)


@pytest.fixture(scope="module")
def desk() -> Iterator[Any]:
    pytest.importorskip("playwright", reason="Playwright is not installed")
    home = f"file://{addresses.home()}"  # the page for a wrong address asks for all it needs from the root of the site
    with browser_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as page:
        page.route(
            f"{home}**", lambda one: one.fulfill(path=HTML / one.request.url.removeprefix(home).partition("?")[0])
        )
        yield page


def opened(page: Any, address: str) -> Any:
    package = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(address)
    page.add_script_tag(path=Path(package.__path__[0]) / "axe.min.js")
    return page


def faults(page: Any, what: dict[str, Any], theme: str = "light", *, without: Sequence[str] = ()) -> list[str]:
    """What axe objects to in a theme and is no exception."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    told = []
    for rule, html, summary in page.evaluate(LOOK, [what, list(without)]):
        known = next((key for key in EXCEPTIONS if key[0] == rule and html.startswith(key[1])), None)
        used.add(known) if known else told.append(f"{theme}, {rule}: {html[:160]} {summary}")
    return told


def narrowed(page: Any) -> list[str]:
    """As wide as a phone; what is too wide for that."""
    from playwright.sync_api import TimeoutError as TooLong

    page.set_viewport_size({"width": 390, "height": 844})
    with suppress(TooLong):  # then axe says what cannot be reached
        page.wait_for_function(REACHED, timeout=20_000)
    width = page.evaluate("document.documentElement.scrollWidth")
    return [f"the page is {width} wide on a phone of 390"] if width > 390 else []


@built
@seen_in_browser
@pytest.mark.parametrize("name", [name for name in pages() if name not in WHOLE])
def test_axe_has_no_objection(desk: Any, name: str) -> None:
    page = opened(desk, (HTML / name).as_uri())
    told = faults(page, STRUCTURE)
    if not name.startswith("book/api/"):
        told += faults(page, CONTRAST, without=SAME_ON_ALL) + faults(page, CONTRAST, "dark", without=SAME_ON_ALL)
    told += narrowed(page)
    if re.match(r"book/\d", name):
        told += faults(page, STRUCTURE)
    assert not told, "\n".join(told)


@built
@seen_in_browser
@pytest.mark.parametrize("name", WHOLE)
def test_axe_has_no_objection_to_all_of_a_page_in_all_forms(desk: Any, name: str) -> None:
    page = opened(desk, (HTML / name).as_uri())
    told = faults(page, ALL) + faults(page, ALL, "dark")
    told += narrowed(page) + faults(page, ALL) + faults(page, ALL, "dark")
    assert not told, "\n".join(told)


@built
@seen_in_browser
def test_each_exception_is_needed() -> None:
    assert set(EXCEPTIONS) == used


@seen_in_browser
def test_axe_objects_to_what_is_wrong(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.html").write_text(
        "<html lang=en><title>x</title><main><h1>x</h1><img src=x.png><p style='color:#999'>pale</p>"
        "<p id=night style='color:#444'>dark on dark</p><button aria-label=Other>Words</button>"
        "<style>[data-theme=dark] body {background: #111}</style>"
        "<div style='overflow:auto; height:2em; width: 200px'><p style='width: 600px'>wide</p></div></main></html>"
    )
    page = opened(desk, (tmp_path / "bad.html").as_uri())
    structure, colours = "\n".join(faults(page, STRUCTURE)), "\n".join(faults(page, CONTRAST))
    for rule in ("image-alt", "scrollable-region-focusable", "label-content-name-mismatch"):
        assert f"light, {rule}:" in structure
    assert "color-contrast" not in structure
    assert "pale" in colours
    assert "night" not in colours
    assert "night" in "\n".join(faults(page, CONTRAST, "dark"))
    assert faults(page, CONTRAST, without=["p"]) == []


@built
def test_every_built_page_is_mended() -> None:
    for name in pages():
        text = (HTML / name).read_text(encoding="utf-8")
        assert access.mended(text, Path(name)) == text, f"{name} was not finished"
