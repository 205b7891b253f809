"""Charts as programs draw them, with thin axes, a grid, a legend, and words too small to read.

Bars, curves and dots by turns, thin lines, steps of survival, squares of a heat map, clouds of dots, bars with errors.
They are drawn large, shrunk and cut to a square, as a model sees the figure of an article: the axes may lie outside,
and hair lines fade to a shade of grey. White paper with a little ink looks more like fat tissue than any photograph
does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from plip_tutorial.microcosm.brushes import Generator, Ink, Picture, ink, shrink
from plip_tutorial.microcosm.seeding import pick

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels
SERIES = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189), (20, 20, 20), (0, 128, 0))
RAMPS = (  # colours of heat maps, from low to high
    ((247, 251, 255), (107, 174, 214), (8, 48, 107)), ((68, 1, 84), (33, 145, 140), (253, 231, 37)),
    ((5, 48, 97), (247, 247, 247), (103, 0, 31)), ((255, 255, 255), (252, 146, 114), (165, 15, 21)),
    ((0, 200, 0), (0, 0, 0), (220, 0, 0)), ((252, 251, 253), (188, 160, 215), (63, 0, 125)),
)  # fmt: skip


def chart(draw: Generator, size: int) -> Picture:
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
    return shrink(picture, size)


def _sheet(draw: Generator, size: int) -> tuple[Image.Image, ImageDraw.ImageDraw, Box, int, int]:
    """White paper, a pen, the box of the axes, the width of a hair line and the side of the paper in pixels."""
    side = 8 * size
    picture = Image.new("RGB", (side, side), (int(draw.integers(250, 256)),) * 3)
    left, top, right, bottom = draw.uniform((0.04, 0.04, 0.8, 0.78), (0.2, 0.15, 0.97, 0.93)) * side
    box = float(left), float(top), float(right), float(bottom)
    return picture, ImageDraw.Draw(picture), box, max(1, round(side / draw.uniform(120, 400))), side


def _shown(x: float, y: float, box: Box) -> tuple[float, float]:
    """The place of two numbers between 0 and 1 inside the axes."""
    left, top, right, bottom = box
    return left + x * (right - left), bottom - y * (bottom - top)


def line_plot(draw: Generator, size: int) -> Picture:
    """Thin curves on white, with a legend: how a training went."""
    picture, pen, box, hair, side = _sheet(draw, size)
    _axes(draw, pen, box, hair)
    n, bend, up = int(draw.integers(8, 60)), draw.uniform(0.5, 12), draw.random() < 0.6
    marks, noise = draw.random() < 0.35, draw.choice([0.0, 0.01, 0.03, 0.12])
    x = np.linspace(0.03, 0.97, n)
    for k in range(int(draw.integers(1, 8))):
        rise = 1 - np.exp(-bend * draw.uniform(0.7, 1.4) * x)
        y = draw.uniform(0.03, 0.2) + draw.uniform(0.5, 0.75) * (rise if up else 1 - rise) + draw.normal(0, noise, n)
        points = [_shown(a, b, box) for a, b in zip(x, np.clip(y, 0.01, 0.99), strict=True)]
        shade = SERIES[k % len(SERIES)] if draw.random() < 0.8 else _ink(draw)
        pen.line(points, fill=shade, width=hair)
        for a, b in points if marks else ():
            pen.ellipse((a - 2 * hair, b - 2 * hair, a + 2 * hair, b + 2 * hair), fill=shade)
    _words(draw, pen, box, side)
    return shrink(picture, size)


def survival_curve(draw: Generator, size: int) -> Picture:
    """Kaplan-Meier steps that go down, with ticks for the censored, and at times the numbers at risk below."""
    picture, pen, box, hair, side = _sheet(draw, size)
    _axes(draw, pen, box, hair)
    for k in draw.permutation(len(SERIES))[: int(draw.integers(1, 5))]:
        n = int(draw.integers(6, 40))
        times = np.concatenate([[0.0], np.sort(draw.uniform(0, 0.97, n))])
        left = np.concatenate([[1.0], np.cumprod(1 - draw.uniform(0, draw.uniform(0.5, 4) / n, n))]) * 0.98
        places = [_shown(a, b, box) for a, b in zip(np.repeat(times, 2)[1:], np.repeat(left, 2)[:-1], strict=True)]
        pen.line(places, fill=SERIES[k], width=hair)
        for a, b in places[:: int(draw.integers(2, 9))]:
            pen.line([(a, b - 3 * hair), (a, b + 3 * hair)], fill=SERIES[k], width=hair)
    _words(draw, pen, box, side)
    return shrink(picture, size)


def heat_map(draw: Generator, size: int) -> Picture:
    """Coloured squares with a colour bar: a confusion matrix, or genes by samples."""
    picture, pen, box, _, side = _sheet(draw, size)
    ramp = np.array(RAMPS[int(draw.integers(len(RAMPS)))], float)
    left, top, right, bottom = (int(v) for v in box)
    right = int(right - 0.08 * side)
    rows, columns = (int(v) for v in draw.integers(2, 24, 2))
    values = draw.beta(draw.uniform(0.6, 3), draw.uniform(0.6, 3), (rows, columns))
    if draw.random() < 0.4:
        values = 0.12 * values[: min(values.shape), : min(values.shape)]
        np.fill_diagonal(values, draw.uniform(0.6, 1, len(values)))
    for numbers, part in ((values, (left, top, right, bottom)), (np.linspace(1, 0, 32)[:, None], _bar(box, side))):
        wide, high = part[2] - part[0], part[3] - part[1]
        cells = np.stack([np.interp(numbers, (0, 0.5, 1), ramp[:, i]) for i in range(3)], -1).astype(np.uint8)
        picture.paste(Image.fromarray(cells).resize((wide, high), Image.Resampling.NEAREST), part[:2])
    _words(draw, pen, (left, top, right, bottom), side)
    return shrink(picture, size)


def _bar(box: Box, side: int) -> tuple[int, int, int, int]:
    """Where the colour bar of a heat map stands."""
    _, top, right, bottom = box
    return int(right - 0.04 * side), int(top), int(right), int(bottom)


def scatter_plot(draw: Generator, size: int) -> Picture:
    """A cloud of dots: a volcano of genes, or clusters in two dimensions."""
    picture, pen, box, hair, side = _sheet(draw, size)
    _axes(draw, pen, box, hair)
    n, radius = int(draw.integers(40, 260)), hair * draw.uniform(0.8, 2.5)
    if draw.random() < 0.5:
        x = draw.normal(0, 0.16, n)
        y = np.abs(x) * draw.uniform(1, 2.5) * draw.uniform(0, 1, n) + 0.03
        group = np.where((np.abs(x) > 0.12) & (y > 0.2), np.where(x > 0, 3, 0), 7)
        places = np.stack([x + 0.5, y], 1)
    else:
        centres = draw.uniform(0.15, 0.85, (int(draw.integers(1, 7)), 2))
        group = draw.integers(0, len(centres), n)
        places = centres[group] + draw.normal(0, draw.uniform(0.02, 0.12), (n, 2))
    shades = (*SERIES, (170, 170, 170))
    for (x0, y0), k in zip(np.clip(places, 0.01, 0.99), group, strict=True):
        a, b = _shown(x0, y0, box)
        pen.ellipse((a - radius, b - radius, a + radius, b + radius), fill=shades[k])
    _words(draw, pen, box, side)
    return shrink(picture, size)


def error_bars(draw: Generator, size: int) -> Picture:
    """Bars in groups, each with a whisker."""
    picture, pen, box, hair, side = _sheet(draw, size)
    _axes(draw, pen, box, hair)
    groups, each = int(draw.integers(2, 8)), int(draw.integers(1, 4))
    grey, step = draw.random() < 0.25, 1 / groups
    shades = [((k * 80 + 40,) * 3 if grey else SERIES[int(draw.integers(len(SERIES)))]) for k in range(each)]
    for k in range(groups * each):
        middle, high = step * (k // each + 0.5 + 0.8 * ((k % each + 0.5) / each - 0.5)), draw.uniform(0.1, 0.8)
        half, whisker = 0.35 * step / each, draw.uniform(0.02, 0.12)
        pen.rectangle((*_shown(middle - half, high, box), *_shown(middle + half, 0, box)), fill=shades[k % each])
        for line in (
            ((middle, high - whisker), (middle, high + whisker)),
            ((middle - half / 2, high + whisker), (middle + half / 2, high + whisker)),
        ):
            pen.line([_shown(a, b, box) for a, b in line], fill=(20, 20, 20), width=hair)
    _words(draw, pen, box, side)
    return shrink(picture, size)


def _ink(draw: Generator, low: float = 0.0, high: float = 0.8) -> Ink:
    return ink(draw.uniform(low, high, 3))


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
    n, shade = int(draw.integers(3, 12 if kind == "bars" else 60)), _ink(draw)
    x, y = np.linspace(left, right, n + 2)[1:-1], bottom - (bottom - top) * _heights(draw, n)
    step, radius = (right - left) / n, hair * draw.uniform(1, 4)
    if kind in ("curve", "marked"):
        pen.line([(float(a), float(b)) for a, b in zip(x, y, strict=True)], fill=shade, width=hair)
    for a, b in zip(x, y, strict=True) if kind != "curve" else ():
        if kind == "bars":
            pen.rectangle((a - 0.3 * step, b, a + 0.3 * step, max(b, bottom)), fill=shade)
        else:
            pen.ellipse((a - radius, b - radius, a + radius, b + radius), fill=shade)


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
