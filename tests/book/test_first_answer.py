"""The answer that a search box shows before anybody has asked: that of the model, and nothing is loaded for it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np

from plip_tutorial import artifacts
from plip_tutorial.plip import PLIP
from plip_tutorial.plots.markup import address

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))
import live
from finish.first_answer import first_answers
from live_view import markup


def test_a_box_shows_what_the_model_finds_for_its_own_question() -> None:
    from bs4 import BeautifulSoup

    box = markup("search", {"asked": 'mucus & "fat"', "k": "3"})
    soup = BeautifulSoup(first_answers(box, Path("book/x.html")), "html.parser")
    drawn = live.gallery()
    cosines = drawn.vectors["plip"] @ PLIP(artifacts.tiny_plip()).encode_text(['mucus & "fat"'])[0]
    best = np.argsort(-cosines, kind="stable")[:3]
    items = soup.select("div[data-live=search] > .plip-live-first li")
    assert [item.get_text(" ", strip=True) for item in items] == [f"{drawn.captions[i]} {cosines[i]:.2f}" for i in best]
    told = soup.select_one(".plip-live-first")["data-say"]
    assert told.startswith("3 tiles: ")
    assert sum(int(part.split()[0]) for part in told[9:].split(", ")) == 3
    assert soup.strong.get_text() == '“mucus & "fat"”'
    assert all(item.img["src"].startswith("data:image/webp") for item in items)
    assert len({item.img["src"] for item in items}) == 3


def test_the_first_page_tells_how_many_tiles_there_are() -> None:
    page = (Path(live.__file__).parents[1] / "index.md").read_text(encoding="utf-8")
    told = [words for words in re.findall(r"(\w+ \w+) tiles", page) if "hundred" in words]
    assert set(told) == {{300: "three hundred"}[live.TILES]}


def test_a_box_without_a_question_or_with_its_own_gallery_and_other_views_stay_as_they_are() -> None:
    own = markup("search", {"asked": "fat"}).replace("</div>", '<script type="application/json">{}</script></div>')
    boxes = markup("search", {}) + own + markup("compare", {"first": "fat"}) + "<p>text</p>"
    assert first_answers(boxes, Path("x.html")) == boxes


def test_a_box_that_classifies_shows_the_tile_that_it_will_take_first() -> None:
    found = re.findall(
        r'src="([^"]*)"',
        first_answers(markup("classify", {"tiles": "7|1"}) + markup("classify", {}), Path("x.html")),
    )
    assert found == [address(live.gallery().shown[place]) for place in (7, 0)]
