"""An SVG of `matplotlib` becomes two for the page: in light and in dark ink, in the page's font, tissue as WebP.

The pictures inside are the same bytes in both, so tissue has one colour in whatever mode one looks at it. They are
lossless, unless a figure holds so many that they would weigh more than `HEAVY`.
"""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from typing import NamedTuple

import numpy as np
from PIL import Image

from .inks import dark

#: What the theme calls --pst-font-family-base-system, without its emoji.
FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI','Helvetica Neue',Arial,sans-serif"
PIXELS = 130 / 72  # a point on the page, by the dpi of `plots.STYLE`: as wide as in a notebook
WIDEST = 728  # pixels of `plots.WIDTH`
HEAVY = 200_000  # bytes of the pictures of one figure
NOISE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)
SIZE = re.compile(r'\b(width|height)="([\d.]+)pt"')
FAMILY = re.compile(r"font-family: [^;\"]*")
PICTURE = re.compile(r"<image\b[^>]*>")
DATA = re.compile(r"data:image/png;base64,\s*([^\"]+)")
STRETCH = re.compile(r"matrix\(([\d.]+)")
COARSE = re.compile(r" style=\"image-rendering:[^\"]*\"")
TITLE = re.compile(r'<g id="text_\d+">(.*?)</g>', re.DOTALL)
PATH = re.compile(r'\bd="[^"]*"')
DOT = re.compile(r"M ([-\d.]+) ([-\d.]+)\s+((?:C [-\d.\s]+){8})z")  # a circle, as `matplotlib` hatches with it


class Figure(NamedTuple):
    """An SVG in both modes, the size in pixels that it has on a page, and what is written beside its pictures."""

    light: str
    dark: str
    width: int
    height: int
    written: tuple[str, ...]


def figure(svg: str) -> Figure:
    """Both forms of what `matplotlib` has written."""
    sides = dict(SIZE.findall(svg))
    wide, high = float(sides["width"]), float(sides["height"])
    width = min(WIDEST, round(wide * PIXELS))
    light = _lean(_in_font(_with_webp(svg)))
    return Figure(light, dark(light), width, round(width * high / wide), _written(svg))


def _written(svg: str) -> tuple[str, ...]:
    """The titles in a gallery, which has tiles and no axes."""
    if 'id="xtick_1"' in svg or not PICTURE.search(svg):
        return ()
    titles = (re.findall(r"<text\b[^>]*>([^<]*)</text>", group) for group in TITLE.findall(svg))
    return tuple(unescape(" ".join(lines)) for lines in titles if lines)


def webp(picture: Image.Image, *, lossless: bool = True) -> bytes:
    """A picture as WebP."""
    if picture.mode not in ("RGB", "RGBA") or (picture.mode == "RGBA" and picture.getextrema()[3][0] == 255):
        picture = picture.convert("RGB")
    way = {"lossless": True, "quality": 75, "exact": True} if lossless else {"quality": 90}
    with io.BytesIO() as file:
        picture.save(file, "webp", method=4, **way)
        return file.getvalue()


def _with_webp(svg: str) -> str:
    """The same with its pictures as WebP, drawn smooth where the page has fewer pixels than they."""
    pictures = [Image.open(io.BytesIO(base64.b64decode(data))) for data in DATA.findall(svg)]
    files = [webp(picture) for picture in pictures]
    if sum(map(len, files)) > HEAVY:
        files = [webp(picture, lossless=False) for picture in pictures]
    coded = iter("data:image/webp;base64," + base64.b64encode(file).decode() for file in files)
    svg = DATA.sub(lambda _: next(coded), svg)
    return PICTURE.sub(lambda tag: COARSE.sub("", tag[0]) if _shrinks(tag[0]) else tag[0], svg)


def _shrinks(tag: str) -> bool:
    stretch = STRETCH.search(tag)
    return stretch is not None and float(stretch[1]) * PIXELS < 1


def _in_font(svg: str) -> str:
    return FAMILY.sub("", svg).replace("<svg ", f'<svg font-family="{FONT}" ', 1)


def _lean(svg: str) -> str:
    """Without prologue, comments and decimals that nobody sees: 0.01 points are a fiftieth of a pixel."""
    svg = PATH.sub(lambda path: re.sub(r"(\.\d\d)\d+", r"\1", DOT.sub(_circle, path[0])), NOISE.sub("", svg))
    return re.sub(r"\n\s*", "\n", svg).strip() + "\n"


def _circle(dot: re.Match[str]) -> str:
    """A circle in two arcs instead of eight curves."""
    numbers = np.array(re.findall(r"[-\d.]+", dot[0]), float).reshape(-1, 2)
    (left, top), (right, bottom) = numbers.min(0), numbers.max(0)
    radius, middle = (right - left) / 2, (top + bottom) / 2
    arc = f"a{radius:.2f} {radius:.2f} 0 1 0"
    return f"M{left:.2f} {middle:.2f}{arc} {2 * radius:.2f} 0{arc} {-2 * radius:.2f} 0z"
