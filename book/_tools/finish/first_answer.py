"""What a box shows before anybody has asked: the answer to its own question, or the tile that it will classify first.

So one look says what the box does, also on paper and where scripts are switched off; and nothing is loaded for it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import live
from numpy.typing import NDArray

from plip_tutorial import artifacts, retrieval
from plip_tutorial.plip.model import PLIP
from plip_tutorial.plots import markup

#: A box that has no gallery of its own: no data before its end.
BOX = re.compile(
    r'<div class="plip-live"[^>]* data-live="(search|classify)"([^>]*)>'
    r'(?!(?:(?!</div>).)*<script type="application/json">)',
    re.DOTALL,
)
WIDE = 100  # CSS pixels of a tile


@cache
def model() -> PLIP:
    """The model of the page."""
    return PLIP(artifacts.checkpoint(live.MODELS["plip"]), device="cpu", precision="float32")


def nearest(question: str, k: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cosines and places in the gallery of the k tiles nearest to a question."""
    cosines, places = retrieval.search(model().encode_text([question]), live.gallery().vectors["plip"], k)
    return cosines[0], places[0]


def answer(question: str, k: int) -> str:
    """The tiles that the page's own script would show, as it would show them."""
    gallery, size = live.gallery(), f"width:{WIDE}px;height:{WIDE}px"
    cosines, places = nearest(question, k)
    found = Counter(gallery.captions[place] for place in places).most_common()
    say = f"{k} tiles: {', '.join(f'{n} {words}' for words, n in found)}."
    items = "".join(
        f'<li><span class="plip-live-tile" style="{size}"><img class="dark-light" style="{size}" width="{WIDE}" '
        f'height="{WIDE}" alt="" src="{markup.address(gallery.shown[place])}"></span>'
        f'<span>{escape(gallery.captions[place])}</span><span class="plip-live-number">{cosine:.2f}</span></li>'
        for cosine, place in zip(cosines, places, strict=True)
    )
    title = f'<p class="plip-live-title"><strong>“{escape(question)}”</strong> by PLIP</p>'
    return (
        f'<div class="plip-live-first" data-say="{escape(say)}">{title}<ol class="plip-live-tiles">{items}</ol></div>'
    )


def tile(place: int) -> str:
    """One tile of the gallery, as it was drawn."""
    return (
        f'<img class="plip-live-one dark-light" width="{live.SIDE}" height="{live.SIDE}" alt="Tile {place + 1}" '
        f'src="{markup.address(live.gallery().shown[place])}">'
    )


def first_answers(text: str, place: Path) -> str:
    """A page step of `finish`: an answer in each box that names its first question, a tile in each that classifies."""

    def filled(box: re.Match[str]) -> str:
        kind, told = box.groups()
        options = dict(re.findall(r'data-(\w+)="([^"]*)"', told))
        if kind == "classify":
            return box[0] + tile(int(options.get("tiles", "0").split("|")[0]))
        if "asked" not in options:
            return box[0]
        return box[0] + answer(unescape(options["asked"]), int(options.get("k", 8)))

    return BOX.sub(filled, text)
