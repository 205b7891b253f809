"""The built site in a real browser: what its pages weigh and ask for, how they are found, and what its search finds."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
HTML = Path(os.environ.get("PLIP_TUTORIAL_SITE", ROOT / "_build" / "html"))
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import addresses  # noqa: E402
from check import listed  # noqa: E402
from demo_browser import browser_page, chromium  # noqa: E402
from weights import pages, served, weigh  # noqa: E402

BUILT = bool(os.environ.get("PLIP_TUTORIAL_BOOK_BUILT"))
pytestmark = pytest.mark.skipif(
    not BUILT and not (HTML / "sitemap.xml").exists(), reason="no built book; run: make book"
)
in_chromium = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
WORDS = ROOT / "book" / "search_words.yml"
# What somebody types, and the pages that must be among the first three that are shown.
QUERIES = {
    "H&E": ["glossary"],
    "hematoxylin": ["16_another_laboratory"],
    "haemato": ["16_another_laboratory"],
    "k-NN": ["04_neighbours", "glossary"],
    "nearest neighbor": ["04_neighbours", "millions_of_vectors"],
    "neighbor": ["04_neighbours"],
    "AUC": ["11_zero_shot", "15_does_it_read"],
    "area under the curve": ["11_zero_shot", "15_does_it_read"],
    "tumor": ["00_in_five_minutes", "11_zero_shot"],
    "color": ["16_another_laboratory", "12_linear_probing"],
    "zero shot": ["11_zero_shot"],
    "few labels": ["12_linear_probing"],
    "fine-tuning": ["07_fine_tuning"],
    "temperature": ["02_temperature_and_batches"],
    "duplicates": ["06_copies_and_leaks"],
    "confidence interval": ["17_auditing_plip"],
    "clip_loss": ["01_pairs_and_a_loss"],
    "recall_at_k": ["13_retrieval"],
    "LoRA": ["memory_of_a_gpu"],
    "gradient cache": ["08_large_batches"],
    "negation": ["15_does_it_read"],
    "stain normalization": ["16_another_laboratory"],
    "FAISS": ["millions_of_vectors"],
    "Ray": ["partitions_and_ray"],
}


@in_chromium
def test_every_page_is_light_asks_nobody_else_and_has_no_error() -> None:
    weights = weigh(HTML, pages(HTML))
    assert len(weights) > 50
    assert [problem for one in weights for problem in one.problems()] == []
    assert [*HTML.rglob("*.map")] == []


def test_every_page_is_described_and_on_the_map() -> None:
    found = re.findall(r"<loc>(.*?)</loc>", (HTML / "sitemap.xml").read_text(encoding="utf-8"))
    assert found == sorted(found)
    assert set(found) == {addresses.site(name) for name in listed(ROOT / "_toc.yml")}
    told = {}
    for address in found:
        place = address.removeprefix(addresses.site("").removesuffix(".html"))
        page = (HTML / place).read_text(encoding="utf-8")
        assert f'<link rel="canonical" href="{address}" />' in page
        told[place] = re.search(r'<meta name="description" content="([^"]*)"', page)[1]  # type: ignore[index]
        edited = re.search(r'href="([^"]*/edit/[^"]*)"', page)[1]  # type: ignore[index]
        source = edited.removeprefix(addresses.edit(""))
        assert source.endswith((".py", ".md"))
        assert (ROOT / source).exists()
    assert min(map(len, told.values())) > 40
    assert len(set(told.values())) == len(told)
    door = (HTML / "index.html").read_text(encoding="utf-8")
    assert f'<meta property="og:url" content="{addresses.site()}" />' in door
    assert told["book/index.html"] in door
    assert Image.open(HTML / "_static/share.jpg").size == (1200, 630)
    assert (HTML / "_static/share.jpg").stat().st_size < 300_000  # some messengers take no more
    for name in ("favicon.svg", "favicon.png", "touch-icon.png", "logo.svg", "logo-dark.svg"):
        assert (HTML / "_static" / name).exists()


@in_chromium
def test_a_wrong_address_and_an_old_one_lead_on_at_any_depth() -> None:
    with served(HTML) as site, browser_page() as page:
        page.goto(f"{site}no/such/depth/at-all.html")
        assert page.locator("article h1").inner_text() == "This page is not here"
        assert page.evaluate("getComputedStyle(document.querySelector('.bd-sidebar-primary')).display") == "flex"
        page.locator("article input[name=q]").fill("retrieval")
        page.locator("article button").click()
        page.wait_for_url(f"{site}search.html?q=retrieval")
        page.goto(f"{site}book/09_retrieval.html#summary")
        page.wait_for_url(f"{site}book/13_retrieval.html#summary")
        page.goto(f"{site}index.html")
        page.wait_for_url(f"{site}book/index.html")


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """For each query, and for each word that has others like it, the pages found: from the disk, without a server."""
    groups = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    with browser_page() as page:
        page.goto((HTML / "search.html").as_uri())
        find = "query => ranked(asked(query)).map(one => bookIndex.pages[one[1]][0])"
        return {
            query: page.evaluate(find, query) for query in [*QUERIES, *(word for group in groups for word in group)]
        }


@in_chromium
@pytest.mark.parametrize("query", QUERIES)
def test_the_search_finds_what_is_looked_for(found: dict[str, list[str]], query: str) -> None:
    read = [Path(place).stem for place in found[query] if "/api/" not in place]
    assert set(QUERIES[query]) <= set(read[:3]), f"{query} finds {read[:5]}"


@in_chromium
def test_words_that_mean_the_same_find_the_same(found: dict[str, list[str]]) -> None:
    for group in yaml.safe_load(WORDS.read_text(encoding="utf-8")):
        assert [other for other in group if found[other] != found[group[0]]] == []


@in_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_page_shows_units_first_and_marks_the_words(scheme: str) -> None:
    with browser_page(color_scheme=scheme) as page:
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto((HTML / "book" / "index.html").as_uri())
        page.keyboard.press("Control+k")
        page.locator("#pst-search-dialog input").fill("<b>hematoxylin & eosin")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        lists = page.locator("ol.found")
        assert "api/" not in "".join(link.get_attribute("href") for link in lists.first.locator("a").all())
        assert all("api/" in str(link.get_attribute("href")) for link in lists.nth(1).locator("a").all())
        assert page.get_by_role("heading", name="In the package").count() == 1
        assert page.locator("#search-results b").count() == 0  # what is typed is text
        page.goto((HTML / "search.html").as_uri() + "?q=H%26E")
        assert {"H&E", "Haematoxylin and eosin"} <= set(page.locator("ol.found mark").all_inner_texts())
        link = page.locator("ol.found p.found-section a").first
        place, anchor = str(link.get_attribute("href")).split("#")
        assert f'id="{anchor}"' in (HTML / place).read_text(encoding="utf-8")
        page.goto((HTML / "search.html").as_uri() + "?q=xyzzy")
        assert page.get_by_role("status").inner_text().startswith("Nothing is found")
        assert faults == []
