"""The live views as a reader uses them: by keyboard, by ear, with pictures of one's own; nothing is loaded before."""

from __future__ import annotations

import gzip
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from PIL import Image

from plip_tutorial import artifacts, microcosm, widgets
from plip_tutorial.plip.model import PLIP

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import live  # noqa: E402
import live_view  # noqa: E402
from demo_browser import browser_page, chromium  # noqa: E402
from plain_notebook import plain_notebook  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
LOADER = 15_000  # bytes, compressed, that a page may load before its reader asks for anything
TILE = microcosm.render_tile("adipose", seed=3, size=96)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browser_page() as page:
        yield page


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in a browser that remembers what it asked for and what went wrong."""
    browser.asked, browser.faults = [], []
    note, fault = lambda one: browser.asked.append(one.url), lambda error: browser.faults.append(str(error))
    browser.on("request", note)
    browser.on("pageerror", fault)
    yield browser
    browser.remove_listener("request", note)
    browser.remove_listener("pageerror", fault)
    assert browser.faults == []


def opened(page: Any, address: str, view: str) -> Any:
    page.goto(f"{address}/book/{view}.html")
    box = page.locator(f"[data-live={view}]")
    box.get_by_role("button").first.wait_for()
    return box


def heard(page: Any, view: str) -> None:
    """Remember from here on what the view announces."""
    page.evaluate(
        """(view) => {
            window.said = [];
            const status = document.querySelector(`[data-live=${view}] [role=status]`);
            new MutationObserver(() => said.push(status.textContent)).observe(status, {childList: true});
        }""",
        view,
    )


@pytest.mark.parametrize("view", ["search", "classify", "compare"])
def test_nothing_but_a_small_loader_comes_before_the_first_action(page: Any, live_site: Path, view: str) -> None:
    opened(page, live_site.as_uri(), view)
    page.wait_for_timeout(300)
    names = [address.rsplit("/", 1)[1] for address in page.asked]
    assert sorted(names) == sorted([f"{view}.html", "live.js", "live.css", "kit.js", f"view_{view}.js"])
    folder = live_site / "_static" / "live"
    assert sum(len(gzip.compress((folder / name).read_bytes())) for name in names[1:]) < LOADER


def test_a_search_by_keyboard_is_announced_once_and_asks_nobody_else(page: Any, live_server: str) -> None:
    box = opened(page, live_server, "search")
    heard(page, "search")
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "search":
            break
    page.keyboard.press("Control+A")
    page.keyboard.type("adipose tissue")
    page.keyboard.press("Enter")
    box.locator("li").nth(7).wait_for()
    plip = PLIP(artifacts.checkpoint("tiny-plip"), device="cpu", precision="float32")
    tiles = microcosm.benchmark("micro-kather", "test", 300)
    best = np.argsort(-plip.encode_text(["adipose tissue"])[0] @ plip.encode_images(tiles["image"]).T)[:8]
    names = microcosm.PHRASES["micro-kather"]
    truth = [names[tiles.features["label"].names[tiles[int(i)]["label"]]] for i in best]
    assert [item.splitlines()[0] for item in box.locator("li").all_inner_texts()] == truth
    said = page.evaluate("said")
    assert len(said) == 1
    assert said[0].startswith("8 tiles: ")
    assert f"{truth.count('adipose tissue')} adipose tissue" in said[0]
    assert box.locator("[aria-live], [role=status], [role=alert]").count() == 1
    assert [address for address in page.asked if not address.startswith((live_server, "blob:", "data:"))] == []


def test_two_questions_stand_side_by_side_and_a_cut_one_is_told(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "search")
    box.get_by_label("Two questions side by side").check()
    box.get_by_label("Words").fill("mucus")
    box.get_by_label("Second question").fill("without mucus " * 60)
    box.get_by_role("button", name="Search", exact=True).click()
    box.locator("li").nth(15).wait_for()
    rows = [section.locator("li") for section in box.locator("section").all()]
    assert [row.count() for row in rows] == [8, 8]
    assert re.search(r"share \d of 8 tiles\.", box.get_by_role("status").inner_text())
    assert "only the first 75 tokens are read" in box.locator(".plip-live-tokens").nth(1).inner_text()
    box.get_by_label("CLIP", exact=True).check()
    box.get_by_text("by CLIP").first.wait_for()


def test_both_models_stand_side_by_side_and_a_link_brings_the_search_back(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "search")
    box.get_by_label("Both").check()
    box.get_by_label("Words").fill("pools of mucus & fat")
    box.get_by_role("button", name="Search", exact=True).click()
    box.locator("li").nth(15).wait_for()
    titles = box.locator(".plip-live-title").all_inner_texts()
    assert titles == [f"“pools of mucus & fat” by {model}" for model in ("PLIP", "CLIP")]
    tiles, best = live.gallery(), {}
    for model, vectors in tiles.vectors.items():
        seen = PLIP(artifacts.checkpoint(f"tiny-{model}"), device="cpu", precision="float32")
        best[model] = set(np.argsort(-vectors @ seen.encode_text(["pools of mucus & fat"])[0])[:8])
    said = box.get_by_role("status").inner_text()
    assert re.fullmatch(
        rf"PLIP, 8 tiles: .*\. CLIP, 8 tiles: .*\. The two share {len(best['plip'] & best['clip'])} of 8 tiles\.", said
    )
    page.goto(box.get_by_role("link", name="Link to this search").evaluate("link => link.href"))
    page.reload()  # an address that differs in its end alone would not load the page anew
    box.locator("li").nth(15).wait_for()
    assert box.get_by_label("Words").input_value() == "pools of mucus & fat"
    assert box.get_by_role("status").inner_text() == said


def test_examples_fill_two_questions_in_their_order(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "search")
    box.get_by_label("Two questions side by side").check()
    for words in ("tumor", "tumour"):
        box.get_by_role("button", name=words, exact=True).click()
    box.get_by_text("“tumour”").wait_for()
    titles = box.locator(".plip-live-title strong").all_inner_texts()
    assert titles == ["“tumor”", "“tumour”"]
    box.get_by_label("Both").check()
    box.locator("li").nth(31).wait_for()
    line = r"(PLIP|CLIP): the two questions share \d of 8 tiles\."
    assert re.fullmatch(f"{line} {line}", box.get_by_role("status").inner_text())


def test_labels_classify_tiles_and_the_temperature_moves_the_shares(page: Any, live_server: str) -> None:
    box = opened(page, live_server, "classify")
    names = microcosm.PHRASES["micro-kather"]
    assert box.get_by_label("Labels").input_value().splitlines() == list(names.values())
    box.get_by_role("button", name="Tile 1", exact=True).click()
    row = box.locator("tbody tr")
    row.nth(8).wait_for()
    plip = PLIP(artifacts.checkpoint("tiny-plip"), device="cpu", precision="float32")
    tile = microcosm.benchmark("micro-kather", "test", 1)["image"][0]
    cosines = plip.encode_text([f"An H&E image of {name}" for name in names.values()]) @ plip.encode_images([tile])[0]
    shares = np.exp(plip.logit_scale * (cosines - cosines.max()))
    shares /= shares.sum()
    told = {one.locator("th").inner_text(): one.locator("td").all_inner_texts()[1:] for one in row.all()}
    for name, share, cosine in zip(names.values(), shares, cosines, strict=True):
        assert float(told[name][0].rstrip(" %")) == pytest.approx(100 * share, abs=0.1)
        assert float(told[name][1]) == pytest.approx(cosine, abs=0.001)
    slider = box.get_by_label("Temperature")
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "1.000"
    assert float(row.first.locator("td").nth(1).inner_text().rstrip(" %")) < 30
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "0.005"
    assert box.get_by_role("button", name=f"The model's own, {1 / plip.logit_scale:.3f}").count() == 1


def test_a_request_that_is_refused_leaves_no_answer_of_an_earlier_one(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "classify")
    box.get_by_role("button", name="Tile 1", exact=True).click()
    box.locator("tbody tr").nth(8).wait_for()
    box.evaluate(
        """(box) => {
            const press = (name) => [...box.querySelectorAll("button")].find((one) => one.innerText === name).click();
            press("Tile 2"); // answered later than what follows
            box.querySelector("textarea").value = "";
            press("Tile 3");
        }"""
    )
    page.wait_for_timeout(500)
    assert box.get_by_role("status").inner_text() == "Write at least one label first."
    assert box.locator("tbody tr, [aria-pressed=true]").count() == 0
    assert box.locator("figcaption").inner_text() == "Tile 1"


def test_tiles_are_counted_round_and_none_is_made_up(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "classify")
    box.get_by_role("button", name="Previous").click()  # the gallery comes with this request
    box.get_by_role("status").filter(has_text=f"Tile {live.TILES}: ").wait_for()
    box.get_by_role("button", name="Next").click()
    box.get_by_role("status").filter(has_text="Tile 1: ").wait_for()
    assert box.get_by_role("button", name="Tile 1", exact=True).get_attribute("aria-pressed") == "true"
    box = opened(page, live_site.as_uri(), "compare")
    box.get_by_role("button", name="Compare", exact=True).click()
    box.locator("li").nth(11).wait_for()
    for number in ("-3", "0", "2.5", str(live.TILES + 1)):
        box.get_by_label("Against a tile").fill(number)
        box.get_by_label("CLIP" if number == "-3" else "PLIP", exact=True).check()
        box.get_by_role("button", name="Compare", exact=True).click()
        box.get_by_text(f"There is no tile {number}; the gallery has 1 to {live.TILES}.").wait_for()


def test_what_has_come_does_not_come_again(page: Any, live_server: str) -> None:
    box = opened(page, live_server, "search")
    box.get_by_role("button", name="Search", exact=True).click()
    box.locator("li").nth(7).wait_for()
    box.evaluate(
        """(box) => {
            window.shown = 0;
            const line = box.querySelector(".plip-live-loading");
            new MutationObserver(() => { shown += !line.hidden; }).observe(line, {attributes: true});
        }"""
    )
    box.get_by_label("Words").fill("fat")
    box.get_by_role("button", name="Search", exact=True).click()
    box.get_by_text("“fat”").wait_for()
    assert page.evaluate("shown") == 0


def test_a_picture_of_ones_own_is_chosen_dropped_or_pasted_and_stays_here(
    page: Any, live_server: str, tmp_path: Path
) -> None:
    Image.fromarray(TILE).save(tmp_path / "mine.png")
    (tmp_path / "words.txt").write_text("no picture")
    box = opened(page, live_server, "classify")
    assert "never leaves your browser" in box.inner_text()
    chooser = box.get_by_label("A picture of your own")
    chooser.set_input_files(tmp_path / "words.txt")
    box.get_by_text("is no picture that is known here").wait_for()
    chooser.set_input_files(tmp_path / "mine.png")
    box.get_by_text("mine.png: adipose tissue").wait_for()
    sent: list[Any] = []
    page.on("request", lambda one: sent.append((one.method, one.post_data)))
    for event in ("drop", "paste"):
        box.evaluate(
            """async (box, event) => {
                const file = box.querySelector("input[type=file]").files[0];
                const data = new DataTransfer();
                data.items.add(new File([await file.arrayBuffer()], `by ${event}.png`, {type: "image/png"}));
                const made = event === "drop" ? new DragEvent(event, {dataTransfer: data, bubbles: true})
                                              : new ClipboardEvent(event, {clipboardData: data, bubbles: true});
                box.querySelector("textarea").dispatchEvent(made);
            }""",
            event,
        )
        box.get_by_text(f"by {event}.png: adipose tissue").wait_for()
    assert {one for one in sent if one != ("GET", None)} == set()
    kept = box.evaluate(
        """(box) => {
            const data = new DataTransfer();
            data.setData("text/plain", "mucus");
            data.items.add(new File(["a picture of the words"], "cells.png", {type: "image/png"})); // of a spreadsheet
            const field = box.querySelector("textarea");
            return ["drop", "paste"].every((name) => field.dispatchEvent(name === "drop"
                ? new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true})
                : new ClipboardEvent(name, {clipboardData: data, bubbles: true, cancelable: true})));
        }"""
    )
    assert kept, "words that are dropped or pasted belong to the field"


def test_two_sentences_are_compared_with_their_tokens_and_tiles(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "compare")
    heard(page, "compare")
    box.get_by_label("First sentence").fill("mucus")
    box.get_by_label("Second sentence").fill("no mucus")
    box.get_by_label("Against a tile").fill("5")
    box.get_by_role("button", name="Compare", exact=True).click()
    box.locator("li").nth(11).wait_for()
    plip = PLIP(artifacts.checkpoint("tiny-plip"), device="cpu", precision="float32")
    one, other = plip.encode_text(["mucus", "no mucus"])
    (said,) = page.evaluate("said")
    assert f"by PLIP: {one @ other:.3f}." in said
    assert re.search(r"They share \d of 6 tiles\. Tile 5 is nearer to the (first|second)\.", said)
    assert "2 tokens: no mucus" in " ".join(box.locator(".plip-live-tokens").nth(1).inner_text().split())


def test_without_scripts_and_in_print_there_are_words(page: Any, live_site: Path) -> None:
    box = opened(page, live_site.as_uri(), "search")
    page.emulate_media(media="print")
    assert box.get_by_text("Without scripts.").is_visible()
    assert not box.get_by_role("button", name="Search", exact=True).is_visible()
    page.emulate_media(media="screen")
    box.get_by_role("button", name="Search", exact=True).click()
    box.locator("li").nth(7).wait_for()
    page.emulate_media(media="print")
    assert box.locator("li").nth(7).is_visible()
    assert not box.get_by_text("Without scripts.").is_visible()
    page.emulate_media(media="screen")


def test_the_box_of_a_notebook_searches_its_own_gallery(
    page: Any, live_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from live import load_live

    monkeypatch.setattr(widgets, "in_book", lambda: True)
    plip = PLIP(artifacts.checkpoint("tiny-plip"), device="cpu", precision="float32")
    kinds = ["mucus", "adipose", "lymphocytes"]
    tiles = [microcosm.render_tile(kind, seed=1) for kind in kinds]
    box = widgets.search_box(plip, plip.encode_images(tiles), tiles, [f"<b>{kind}</b>" for kind in kinds], k=2)
    text = f"<!doctype html><html lang=en><head><title>x</title></head><body>{box._repr_html_()}</body></html>"
    place = Path("book") / "own.html"
    (live_site / place).write_text(load_live(text, place), encoding="utf-8")
    page.goto((live_site / place).as_uri())
    field = page.get_by_role("searchbox", name="Words")
    field.fill("adipose tissue")
    field.press("Enter")
    page.locator("li").nth(1).wait_for()
    assert page.locator("li").first.inner_text().startswith("<b>adipose</b>")
    assert not page.get_by_label("CLIP", exact=True).is_visible()  # the gallery was seen by one model only
    assert not any("gallery" in address for address in page.asked)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["search", "classify", "compare"])
def test_a_phone_shows_all_of_it_and_axe_finds_nothing(page: Any, live_site: Path, view: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page.set_viewport_size({"width": 390, "height": 800})
    box = opened(page, live_site.as_uri(), view)
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
    box.locator("button[type=submit]").click()
    box.locator("li, tbody tr").nth(7).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    found = axe.run(page).response["violations"]
    assert [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in found if one["id"] != "page-has-heading-one"
    ] == []
    page.set_viewport_size({"width": 1280, "height": 720})


def test_only_pages_with_a_view_get_the_loader() -> None:
    from live import load_live

    page = '<html><head></head><body><div class="plip-live" data-live="search"></div></body></html>'
    found = load_live(page, Path("book/11.html"))
    assert '<script defer src="../_static/live/live.js"></script>' in found
    assert 'href="_static/live/live.css"' in load_live(page, Path("index.html"))
    other = "<html><head></head><body><code>data-live=&quot;search&quot;</code></body></html>"
    assert load_live(other, Path("index.html")) == other


def test_a_notebook_has_a_link_in_the_place_of_a_view() -> None:
    cell = nbformat.v4.new_markdown_cell("Try it.\n\n:::{live} search\n:asked: mucus\n:::\n\nAnd then?")
    book = nbformat.v4.new_notebook(cells=[cell])
    text = plain_notebook(book, "11_zero_shot", "student")
    assert "**Try it on the page:** [search by words](https://" in text
    assert "book/11_zero_shot.html#live-search)" in text
    assert "asked" not in text
    assert 'id="live-search" data-live="search" data-asked="&lt;b&gt;"' in live_view.markup("search", {"asked": "<b>"})
