"""Pieces of a page: what they hold is valid, escaped and complete, and they work without a mouse."""

import base64
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from plip_tutorial import widgets
from plip_tutorial.plots.markup import Widget

RNG = np.random.default_rng(0)
TILES = [RNG.integers(0, 255, (8, 8, 3), np.uint8) for _ in range(4)]
NASTY = '</script><b onclick="x">&'


EMBEDDINGS = np.array([[1, 0, 0, 0], [0.6, 0.8, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.float32)


class Echo:
    """Encodes the text "i" as the i-th axis."""

    def encode_text(self, texts: list[str]) -> np.ndarray[Any, Any]:
        return np.eye(4, dtype=np.float32)[[int(text) if text.isdigit() else 0 for text in texts]]


def parsed(widget: Widget) -> tuple[BeautifulSoup, dict[str, Any]]:
    soup = BeautifulSoup(widget._repr_html_(), "html.parser")
    scripts = soup.find_all("script", type="application/json")
    assert len(scripts) == 1
    return soup, json.loads(scripts[0].string)


def live_search(captions: list[str], **options: Any) -> Widget:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(widgets, "in_book", lambda: True)
        found: Widget = widgets.search_box(Echo(), EMBEDDINGS, TILES, captions, **options)
    return found


def every_widget() -> list[Widget]:
    return [
        widgets.moving_points([RNG.normal(size=(4, 2))] * 3, [NASTY] * 4, alt=NASTY),
        widgets.scatter_with_tiles(RNG.normal(size=(4, 2)), TILES, [NASTY] * 4, texts=[NASTY] * 4, alt=NASTY),
    ]


@pytest.mark.parametrize("widget", every_widget(), ids=lambda widget: widget.kind)
def test_no_text_can_break_out_and_nothing_is_fetched(widget: Widget) -> None:
    soup, _ = parsed(widget)
    assert not soup.find_all("b")
    assert not soup.find_all(src=re.compile("^(http|//)"))
    assert not soup.find_all("link")
    assert soup.find(attrs={"role": "group", "aria-label": True})
    for field in soup.find_all("input"):
        assert field.get("aria-label") or field.find_parent("label")


def test_points_keep_their_shape_and_partners_are_joined() -> None:
    frames = [np.array([[0.0, 0], [2, 1], [0, 1], [2, 0]]), np.array([[0.0, 0], [2, 1], [0, 0], [2, 1]])]
    soup, data = parsed(widgets.moving_points(frames, ["a", "b"] * 2, symbols=["image"] * 2 + ["text"] * 2))
    assert len(soup.select("svg line")) == 2
    assert len(soup.select("path.plip-mark")) == 4
    drawn = np.array(data["frames"]).reshape(2, 4, 2)
    np.testing.assert_allclose(drawn[1, :2], drawn[1, 2:])
    width, height = drawn[0, 1] - drawn[0, 0]
    assert width == pytest.approx(-2 * height, abs=2)  # one scale for both axes, and y points up


def test_the_map_keeps_points_tiles_and_texts_together() -> None:
    points, labels = np.array([[3, 0], [2, 0], [1, 0], [0, 1]]), ["b", "a", "b", "a"]
    solid = [np.full((8, 8, 3), 60 * i, np.uint8) for i in range(4)]
    soup, data = parsed(widgets.scatter_with_tiles(points, solid, labels, texts=["0", "1", "2", "3"]))
    assert data["texts"] == ["3", "1", "2", "0"]  # class by class, and from left to right
    assert np.array(data["points"]).reshape(4, 2)[:, 0].tolist() == [40, 653, 347, 960]
    assert data["classes"] == [["a", 2], ["b", 2]]
    assert [len(group.select(".plip-mark")) for group in soup.select(".plip-map g")] == [2, 2]
    sheet = Image.open(io.BytesIO(base64.b64decode(soup.select_one("image")["href"].partition(",")[2])))
    side = sheet.width // data["columns"]
    middles = [((i % 2 + 0.5) * side, (i // 2 + 0.5) * side) for i in range(4)]
    assert [round(sheet.getpixel(middle)[0] / 60) for middle in middles] == [3, 1, 2, 0]


def test_the_legend_of_the_map_is_a_choice_in_words() -> None:
    labels = ["smooth_muscle", "fat", "fat", "debris"]
    soup, data = parsed(widgets.scatter_with_tiles(np.zeros((4, 2)), TILES, labels))
    choices = [label.get_text(strip=True) for label in soup.select("[role=radiogroup][aria-label] label")]
    assert choices == ["all (4)", "debris (1)", "fat (2)", "smooth muscle (1)"]
    assert len(soup.select("label input[type=radio]")) == 4
    assert [name for name, _ in data["classes"]] == ["debris", "fat", "smooth muscle"]
    icons = [(path["d"], path["color"]) for path in soup.select("label path")]
    assert len(set(icons)) == len({shape for shape, _ in icons}) == len({colour for _, colour in icons}) == 3


def stored(data: dict[str, Any]) -> np.ndarray:
    """The vectors of a gallery in the page: three bytes a number, the lowest first."""
    digits = np.frombuffer(base64.b64decode(data["vectors"]["plip"]), np.uint8).reshape(-1, 3)
    return np.array([int.from_bytes(bytes(three), "little", signed=True) for three in digits]) / 2**23


def test_the_search_of_the_page_carries_its_gallery_and_no_text_breaks_out() -> None:
    soup, data = parsed(live_search([NASTY, "quokka", "wombat", "half an emoji \ud83d"], asked=NASTY, k=2))
    box = soup.find(attrs={"data-live": "search"})
    assert box is not None
    assert (box["data-asked"], box["data-k"]) == (NASTY, "2")
    assert not soup.find_all("b")
    assert box.find("p") is not None  # for readers without scripts
    assert data["captions"] == [NASTY, "quokka", "wombat", "half an emoji \ufffd"]
    assert data["sheet"].startswith("data:image/webp;base64,")
    assert (data["n"], data["columns"]) == (4, 2)
    np.testing.assert_allclose(stored(data).reshape(4, 4), EMBEDDINGS, rtol=0, atol=2**-23)


def test_of_a_large_gallery_the_page_holds_some_with_their_own_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widgets, "ON_PAGE", 2)
    _, data = parsed(live_search(list("abcd")))
    assert (data["n"], data["captions"]) == (2, ["a", "d"])
    np.testing.assert_allclose(stored(data).reshape(2, 4), EMBEDDINGS[[0, 3]], rtol=0, atol=2**-23)


def test_without_ipywidgets_the_box_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widgets, "in_book", lambda: False)
    monkeypatch.setattr(widgets, "find_spec", lambda name: None)
    told = widgets.search_box(Echo(), np.eye(4), TILES, list("abcd"))._repr_html_()
    assert "pip install ipywidgets" in told
    assert "<input" not in told


def test_lengths_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="3 points, 2 labels"):
        widgets.moving_points([np.zeros((3, 2))], ["a", "b"])
    with pytest.raises(ValueError, match="4 pictures, 4 labels and 3 texts"):
        widgets.scatter_with_tiles(np.zeros((4, 2)), TILES, ["a"] * 4, texts=["a"] * 3)
    with pytest.raises(ValueError, match="4 pictures, 3 labels"):
        widgets.scatter_with_tiles(np.zeros((4, 2)), TILES, ["a"] * 3, texts=["a"] * 4)


def test_the_live_box_searches_what_is_typed_and_escapes_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widgets, "in_book", lambda: False)
    box = widgets.search_box(Echo(), np.eye(4), TILES, [NASTY, "quokka", "wombat", "numbat"], asked="0", k=1)
    field, answer = box.children
    assert "<b " not in answer.value
    field.value = "2"
    assert "wombat" in answer.value
    assert "quokka" not in answer.value
