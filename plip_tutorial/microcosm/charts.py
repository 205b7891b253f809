"""Charts as programs draw them: bars, curves or dots between thin axes, a grid, a legend, and words too small to read.

They are drawn large, shrunk and cut to a square, as a model sees the figure of an article: the axes may lie outside,
and hair lines fade to a shade of grey. White paper with a little ink looks more like
fat tissue than any photograph does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from plip_tutorial.microcosm.seeding import pick

Array = NDArray[np.float32]
Generator = np.random.Generator
Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels
Ink = tuple[int, int, int]


def chart(draw: Generator, size: int) -> Array:
    """One chart, (size, size, 3), 0 to 1."""
    scale = int(draw.choice([2, 4, 8]))
    side, grey = scale * size, round(255 * float(draw.choice([1.0, draw.uniform(0.9, 1)])))
    picture = Image.new("RGB", (side, side), (grey, grey, grey))
    pen, hair = ImageDraw.Draw(picture), max(1, round(side / draw.uniform(60, 300)))
    left, top, right, bottom = draw.uniform((-0.15, 0.02, 0.8, 0.8), (0.2, 0.15, 1.15, 0.97)) * side
    box = float(left), float(top), float(right), float(bottom)
    _axes(draw, pen, box, hair)
    for _ in range(int(draw.integers(1, 6))):
        _series(draw, pen, box, hair)
    _words(draw, pen, box, side)
    return np.asarray(np.asarray(picture.resize((size, size), Image.Resampling.BOX)) / np.float32(255), np.float32)


def _ink(draw: Generator, low: float = 0.0, high: float = 0.8) -> Ink:
    r, g, b = (int(255 * v) for v in draw.uniform(low, high, 3))
    return r, g, b


def _axes(draw: Generator, pen: ImageDraw.ImageDraw, box: Box, hair: int) -> None:
    """A grid or none, and two axes, a frame or nothing around it."""
    left, top, right, bottom = box
    lines, shade = int(draw.integers(2, 9)), (int(draw.integers(190, 240)),) * 3
    if draw.random() < 0.5:
        for y in np.linspace(top, bottom, lines):
            pen.line([(left, y), (right, y)], fill=shade, width=hair)
        for x in np.linspace(left, right, lines) if draw.random() < 0.5 else ():
            pen.line([(x, top), (x, bottom)], fill=shade, width=hair)
    corners = [(left, top), (left, bottom), (right, bottom), (right, top), (left, top)]
    kind = draw.integers(3)
    if kind:
        pen.line(corners[:3] if kind == 1 else corners, fill=(40, 40, 40), width=hair)


def _series(draw: Generator, pen: ImageDraw.ImageDraw, box: Box, hair: int) -> None:
    """One row of numbers as bars, as a curve with or without marks, or as dots."""
    left, top, right, bottom = box
    kind = pick(draw, ["bars", "curve", "marked", "dots"])
    n, ink = int(draw.integers(3, 12 if kind == "bars" else 60)), _ink(draw)
    x, y = np.linspace(left, right, n + 2)[1:-1], bottom - (bottom - top) * _heights(draw, n)
    step, radius = (right - left) / n, hair * draw.uniform(1, 4)
    if kind in ("curve", "marked"):
        pen.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill=ink, width=hair)
    for a, b in zip(x, y, strict=True) if kind != "curve" else ():
        if kind == "bars":
            pen.rectangle((a - 0.3 * step, b, a + 0.3 * step, max(b, bottom)), fill=ink)
        else:
            pen.ellipse((a - radius, b - radius, a + radius, b + radius), fill=ink)


def _heights(draw: Generator, n: int) -> NDArray[np.float64]:
    """Numbers from 0.05 to 0.95: rising or falling to a limit, with noise on them."""
    rise = 1 - np.exp(-draw.uniform(0.5, 8) * np.linspace(0, 1, n))
    rise = rise if draw.random() < 0.6 else 1 - rise
    values = draw.uniform(0, 0.4) + draw.uniform(0.2, 0.7) * rise + draw.normal(0, draw.uniform(0, 0.12), n)
    return np.clip(values, 0.05, 0.95)


def _words(draw: Generator, pen: ImageDraw.ImageDraw, box: Box, side: int) -> None:
    """Numbers at the axes, a title and a legend: dark strokes, as high as letters."""
    left, top, right, bottom = box
    high, shade = max(1, round(0.02 * side)), (int(draw.integers(0, 120)),) * 3
    for share in np.linspace(0.05, 0.95, int(draw.integers(3, 8))):
        x, y = left + share * (right - left), top + share * (bottom - top)
        pen.rectangle((x, bottom + high, x + 2 * high, bottom + 2 * high), fill=shade)
        pen.rectangle((left - 3 * high, y, left - high, y + high), fill=shade)
    if draw.random() < 0.5:
        middle, wide = (left + right) / 2, draw.uniform(0.05, 0.25) * side
        pen.rectangle((middle - wide, top - 2.5 * high, middle + wide, top - high), fill=shade)
    if draw.random() < 0.5:
        x, y = left + draw.uniform(0.05, 0.7) * (right - left), top + draw.uniform(0.05, 0.7) * (bottom - top)
        for row in range(int(draw.integers(2, 7))):
            level = y + 2 * row * high
            pen.line([(x, level), (x + 2 * high, level)], fill=_ink(draw), width=high // 2 or 1)
            pen.rectangle((x + 3 * high, level, x + 8 * high, level + high), fill=shade)
