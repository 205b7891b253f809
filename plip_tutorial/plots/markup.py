"""Pieces of HTML and SVG that `widgets` is put together from: a frame, marks, a legend, a sheet of small pictures.

Everything stands in the page itself, data and script included; nothing is fetched.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.plots.style import point_looks
from plip_tutorial.sources.tables import whole

SIDE = 1000  # of the drawing, in its own units
MARGIN = 40
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


def svg(drawing: str, alt: str) -> str:
    """A square drawing with a name."""
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" role="img" aria-label="{escape(alt)}">{drawing}</svg>'


def marks(places: NDArray[np.int64], points: Sequence[Mark], size: float = 1.0) -> str:
    """Points; ``size`` is a share of the usual one."""
    scale = "" if size == 1 else f" scale({size:.2f})"
    return "".join(
        f'<path class="plip-mark" transform="translate({x} {y}){scale}" d="{shape}" fill="{colour}" fill-opacity=".8"/>'
        for (x, y), (_, colour, shape) in zip(places.tolist(), points, strict=True)
    )


def lines(places: NDArray[np.int64], half: int) -> str:
    """Lines between each point of the first half and its partner in the second."""
    ends = zip(places[:half].tolist(), places[half : 2 * half].tolist(), strict=True)
    return "".join(
        f'<line x1="{a}" y1="{b}" x2="{c}" y2="{d}" stroke="#999" stroke-width="2"/>' for (a, b), (c, d) in ends
    )


def slider(n: int, what: str, before: str = "") -> str:
    """A slider over n things, called ``what``; with something before it, which replaces the name, a place for words."""
    name = before or f'<span aria-hidden="true">{escape(what).capitalize()}</span>'
    output = '<output aria-live="off"></output>' if before else ""
    field = f'<input type="range" min="0" max="{n - 1}" value="0" aria-label="{what}, 1 to {n}">'
    return f'<div class="plip-controls">{name}{field}{output}</div>'


def legend(points: Sequence[Mark]) -> str:
    """Each look once, with its name."""
    icon = '<svg viewBox="-16 -16 32 32" aria-hidden="true">'
    items = "".join(
        f'<li>{icon}<path d="{shape}" fill="{colour}"/></svg> {escape(name)}</li>'
        for name, colour, shape in dict.fromkeys(points)
    )
    return f'<ul class="plip-legend">{items}</ul>'


def sheet(pictures: Sequence[Any], side: int = 64) -> dict[str, Any]:
    """All pictures in one, as a data address; WebP takes half of what JPEG does."""
    columns = max(1, int(np.ceil(np.sqrt(len(pictures)))))
    sheet = Image.new("RGB", (columns * side, -(-len(pictures) // columns) * side), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture.resize((side, side), Image.Resampling.BILINEAR), (i % columns * side, i // columns * side))
    return {"columns": columns, "picture": address(sheet)}


def address(picture: Image.Image) -> str:
    """A picture as a data address."""
    with io.BytesIO() as file:
        picture.save(file, "webp", quality=70, method=4)
        return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
