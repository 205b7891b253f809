"""Pieces of HTML and SVG that `widgets` is put together from: a frame, marks, a legend, a sheet of small pictures.

Everything stands in the page itself, data and script included; nothing is fetched.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.plots.style import point_looks
from plip_tutorial.sources.tables import whole

SIDE = 1000  # of the drawing, in its own units
MARGIN = 40
LINE = "#767676"  # can be seen on white and on dark paper
TILE = 64  # pixels: the width of a picture of a sheet
STEPS = ('<button type="button">Previous</button>', '<button type="button">Next</button>')
SHAPES = (  # paths around the origin, about 12 units wide in every direction, in the order of `plots.stills`
    "M-12,0a12,12 0 1,0 24,0a12,12 0 1,0 -24,0", "M0,-15L12,0L0,15L-12,0z", "M-10,-10H10V10H-10z", "M0,-14L13,10H-13z",
    "M0,14L13,-10H-13z",
)  # fmt: skip


class Mark(NamedTuple):
    """How a point is drawn and what it is called."""

    name: str
    colour: str
    shape: str


@dataclass(frozen=True, repr=False)
class Widget:
    """A piece of HTML that a notebook shows as such."""

    kind: str
    html: str

    def _repr_html_(self) -> str:
        return whole(self.html)  # a notebook with half an emoji in it could not be saved

    def __repr__(self) -> str:
        """A line for places that show no HTML."""
        return f"<{self.kind} widget, {len(self.html) // 1000} kB>"


def widget(kind: str, body: str, alt: str, data: dict[str, Any]) -> Widget:
    """Body, data and script in one frame; ``data`` is what the script reads."""
    html = (
        f'<div class="plip-widget" data-plip="{kind}" role="group" aria-label="{escape(alt)}">'
        f"<style>{file('widgets.css')}</style>{body}"
        f"{packed(data)}</div><script>{file('widgets.js')}</script>"
    )
    return Widget(kind, html)


def packed(data: dict[str, Any]) -> str:
    """Data for a script to read, in the page itself."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")  # no </script> in it
    return f'<script type="application/json">{text}</script>'


def numbers(vectors: NDArray[Any]) -> str:
    """Unit vectors as text, three bytes a number, in steps of 2^-23: half precision would swap neighbours in rank."""
    whole = np.round(np.clip(vectors, -1, 1 - 2**-23) * 2**23).astype("<i4")
    return base64.b64encode(whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()).decode()


@cache
def file(name: str) -> str:
    """A file of the package's data."""
    return files("plip_tutorial").joinpath("data", name).read_text(encoding="utf-8")


def fit(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places (..., 2) in units of the drawing; both axes keep one scale, and y points up."""
    low, high = points.reshape(-1, 2).min(0), points.reshape(-1, 2).max(0)
    scale = (SIDE - 2 * MARGIN) / max(float((high - low).max()), 1e-9)
    centred = (points - (low + high) / 2) * scale * (1, -1) + SIDE / 2
    return np.round(centred).astype(np.int64)


def looks(labels: Sequence[str], symbols: Sequence[str] | None = None) -> list[Mark]:
    """Name, colour and shape of each point. Without symbols the shape, too, tells the label."""
    return [Mark(name, colour, SHAPES[i % len(SHAPES)]) for name, colour, i in point_looks(labels, symbols)]


def svg(drawing: str, alt: str, places: NDArray[np.int64] | None = None) -> str:
    """A drawing with a name: a square, or as high as the places in it."""
    low, high = (0, SIDE) if places is None else (places[:, 1].min() - MARGIN, places[:, 1].max() + MARGIN)
    return f'<svg viewBox="0 {low} {SIDE} {high - low}" role="img" aria-label="{escape(alt)}">{drawing}</svg>'


def marks(places: NDArray[np.int64], points: Sequence[Mark], size: float = 1.0) -> str:
    """Points; ``size`` is a share of the usual one. Their edge, a mix of colour and ink, stands out from any paper."""
    scale = "" if size == 1 else f" scale({size:.2f})"
    return "".join(
        f'<path class="plip-mark" transform="translate({x} {y}){scale}" d="{shape}" color="{colour}"/>'
        for (x, y), (_, colour, shape) in zip(places.tolist(), points, strict=True)
    )


def grouped_marks(places: NDArray[np.int64], points: Sequence[Mark], size: float = 1.0) -> str:
    """Points whose classes follow each other; each class is a group of its own."""
    groups, start = [], 0
    for _, members in groupby(points):
        n = len(list(members))
        groups.append(f"<g>{marks(places[start : start + n], points[start : start + n], size)}</g>")
        start += n
    return "".join(groups)


def lines(places: NDArray[np.int64], half: int) -> str:
    """Lines between each point of the first half and its partner in the second."""
    ends = zip(places[:half].tolist(), places[half : 2 * half].tolist(), strict=True)
    return "".join(
        f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="{LINE}" stroke-width="2"/>' for (a, b), (c, d) in ends
    )


def slider(n: int, what: str, before: str = "", after: str = "") -> str:
    """A slider over n things, called ``what``, between two pieces of HTML, and a place for words on where it stands."""
    field = f'<input type="range" min="0" max="{n - 1}" value="0" aria-label="{what}, 1 to {n}">'
    words = '<span class="plip-where" aria-hidden="true"></span>'
    return f'<div class="plip-controls">{before}{field}{after}{words}</div>'


def legend(points: Sequence[Mark]) -> str:
    """Each look once, with its name."""
    items = "".join(f"<li>{icon(look)} {escape(look.name)}</li>" for look in dict.fromkeys(points))
    return f'<ul class="plip-legend">{items}</ul>'


def classes(counts: Mapping[Mark, int]) -> str:
    """A legend from which one class, or all, is chosen, by the browser's own radio buttons; each with its size."""
    both = [("", "all", sum(counts.values())), *((icon(look), escape(look.name), n) for look, n in counts.items())]
    items = "".join(f'<label><input type="radio"> {drawn} {name} ({n})</label>' for drawn, name, n in both)
    return f'<div class="plip-legend plip-classes" role="radiogroup" aria-label="Class">{items}</div>'


def icon(look: Mark) -> str:
    """A mark beside its name."""
    return f'<svg viewBox="-16 -16 32 32" aria-hidden="true"><path d="{look.shape}" color="{look.colour}"/></svg>'


def sheet(pictures: Sequence[Any], side: int = TILE) -> dict[str, Any]:
    """All pictures in one, as a data address. A kilobyte each: they are many, and looked at one by one, in small."""
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    sheet = Image.new("RGB", (columns * side, -(-len(pictures) // columns) * side), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture.resize((side, side), Image.Resampling.BILINEAR), (i % columns * side, i // columns * side))
    return {"columns": columns, "picture": address(sheet, quality=40)}


def crop(sheet: dict[str, Any], n: int) -> str:
    """A window on a sheet of n pictures, at first on the first. Unlike a background it prints and has a name."""
    width, height = sheet["columns"] * TILE, -(-n // sheet["columns"]) * TILE
    image = f'<image href="{sheet["picture"]}" width="{width}" height="{height}"/>'
    return f'<svg class="plip-tile" role="img" aria-label="tile" viewBox="0 0 {TILE} {TILE}">{image}</svg>'


def address(picture: Image.Image, quality: int = 70) -> str:
    """A picture as a data address; WebP takes half of what JPEG does."""
    with io.BytesIO() as file:
        picture.save(file, "webp", quality=quality, method=6)
        return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
