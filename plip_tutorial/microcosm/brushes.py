"""What pictures that are no tissue are drawn with: colours, pens, soft shapes, lines of words.

A drawing with hard edges is made by Pillow at several times the size and shrunk, a soft one on a `Canvas`, mostly 100
across, so that both look alike at 64 and at 224 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep

Picture = Array  # (size, size, 3), 0 to 1
Generator = np.random.Generator
Pen = ImageDraw.ImageDraw
Ink = tuple[int, int, int]


def colour(draw: Generator, low: float = 0.0, high: float = 1.0) -> Array:
    """Any colour, each channel between two limits."""
    return draw.uniform(low, high, 3).astype(np.float32)


def near(draw: Generator, rgb: Sequence[float] | Array, spread: float = 0.05) -> Array:
    """A colour like ``rgb``: lighter or darker, and a little off in each channel."""
    return np.clip(np.asarray(rgb) + draw.normal(0, spread) + draw.normal(0, spread, 3), 0, 1).astype(np.float32)


def pink(draw: Generator) -> Array:
    """Somewhere between the pink of eosin and the purple of haematoxylin."""
    share = draw.uniform(0, 1)
    base = share * np.array([0.45, 0.25, 0.6]) + (1 - share) * np.array([0.92, 0.6, 0.75])
    return np.clip(base + draw.normal(0, 0.07, 3), 0, 1).astype(np.float32)


def blend(a: Array, b: Array, mask: Array) -> Picture:
    """``a`` where the mask (size, size) is 0, ``b`` where it is 1; each is a picture or a colour."""
    return np.asarray(a + mask[..., None] * (b - a), np.float32)


def light(picture: Array) -> Picture:
    """Cut to what a screen can show."""
    return np.clip(picture, 0, 1).astype(np.float32)


def grey(values: Array) -> Picture:
    """Three equal channels."""
    return light(np.repeat(values[..., None], 3, -1))


def ink(rgb: Array) -> Ink:
    """A colour (3,) from 0 to 1 as Pillow wants it."""
    r, g, b = (int(255 * v) for v in rgb)
    return r, g, b


def drawing(size: int, paper: Array, times: int = 2) -> tuple[Image.Image, Pen]:
    """An empty sheet, ``times`` as large as the picture will be, and a pen for it."""
    picture = Image.new("RGB", (times * size, times * size), ink(paper))
    return picture, ImageDraw.Draw(picture)


def shrink(picture: Image.Image, size: int) -> Picture:
    """Back from several times the size: edges become smooth, hair lines fade."""
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX), np.float32) / 255


def words(
    draw: Generator, pen: Pen, start: tuple[float, float], end: float, high: float, side: float, shade: Ink
) -> None:
    """One line of words from ``start`` to the column ``end``, ``high`` pixels high, on a sheet of ``side`` pixels."""
    x, y = start
    while x < end:
        word = draw.uniform(0.03, 0.13) * side
        pen.rectangle((x, y, min(x + word, end), y + 0.45 * high), fill=shade)
        x += word + 0.25 * high


def ellipse(c: Canvas, x: float, y: float, wide: float, high: float, *, turn: float = 0.0, soft: float = 1.5) -> Array:
    """A soft ellipse, (size, size): half axes ``wide`` and ``high``, 1 inside, and an edge ``soft`` wide."""
    dx, dy = c.x - x, c.y - y
    u, v = np.cos(turn) * dx + np.sin(turn) * dy, np.cos(turn) * dy - np.sin(turn) * dx
    depth = (1 - np.sqrt((u / wide) ** 2 + (v / high) ** 2)) * min(wide, high)
    return smoothstep(depth, -soft / 2, soft / 2)


def blob(c: Canvas, x: float, y: float, radius: float, *, wobble: float = 0.15, soft: float = 1.5) -> Array:
    """A soft lump without a name, (size, size): a disc whose edge goes in and out by ``wobble`` of its radius."""
    angle, phases = np.arctan2(c.y - y, c.x - x), c.draw.uniform(0, 2 * np.pi, 4)
    edge = sum(np.cos((k + 1) * angle + phase) / (k + 1) for k, phase in enumerate(phases))
    depth = radius * (1 + wobble * edge) - np.hypot(c.x - x, c.y - y)
    return smoothstep(np.asarray(depth, np.float32), -soft / 2, soft / 2)


def outline(
    draw: Generator, x: float, y: float, radius: float, wobble: float, n: int = 24
) -> list[tuple[float, float]]:
    """Corners of a lump for a pen: as `blob`, in pixels."""
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    edge = sum(np.cos((k + 1) * angle + phase) / (k + 1) for k, phase in enumerate(draw.uniform(0, 2 * np.pi, 3)))
    r = radius * (1 + wobble * edge)
    return list(zip((x + r * np.cos(angle)).tolist(), (y + r * np.sin(angle)).tolist(), strict=True))
