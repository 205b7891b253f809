"""What a real slide has besides tissue: a fold, a pen stroke, an air bubble, a dark corner, a lossy file.

Each comes now and then, on any tissue, so that none of them tells which tissue it is.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep

FOLDED, MARKED, BUBBLED, DARK_CORNERS, LOSSY = 0.03, 0.008, 0.008, 0.25, 0.35  # shares of tiles
Generator = np.random.Generator


def before(c: Canvas, draw: Generator) -> Array:
    """Fold the section of a canvas now and then; gives how much light each pixel gets, (size, size), 0 to 1."""
    fold, pen, bubble, corners = draw.random(4) < (FOLDED, MARKED, BUBBLED, DARK_CORNERS)
    if fold:
        for layer in (c.h, c.e, c.b):
            layer *= 1 + _band(c, draw, draw.uniform(0.03, 0.12))
    light = np.ones_like(c.h)
    if corners:
        x, y = (c.x - c.field / 2) / c.field, (c.y - c.field / 2) / c.field
        dx, dy = draw.normal(0, 0.25, 2)
        light -= draw.uniform(0.03, 0.3) * ((x - dx) ** 2 + (y - dy) ** 2)
    if pen:
        light *= 1 - draw.uniform(0.3, 0.7) * _band(c, draw, draw.uniform(0.1, 0.3))
    if bubble:
        centre, radius = draw.uniform(0, c.field, 2), c.field * draw.uniform(0.2, 0.6)
        rim = np.abs(np.hypot(c.x - centre[0], c.y - centre[1]) - radius) / c.field
        light *= 1 - draw.uniform(0.3, 0.7) * smoothstep(rim, 0.04, 0.0)
    return np.clip(light, 0, 1)


def _band(c: Canvas, draw: Generator, width: float) -> Array:
    """A crooked band across the tile, 0 to 1, ``width`` of the field wide."""
    turn = draw.uniform(0, np.pi)
    across = (c.x - c.field / 2) * np.cos(turn) + (c.y - c.field / 2) * np.sin(turn)
    bent = across / c.field + 0.05 * c.noise(0.6 * c.field) - draw.uniform(-0.4, 0.4)
    return smoothstep(np.abs(bent), width, 0.6 * width)


def after(pixels: NDArray[np.uint8], draw: Generator) -> NDArray[np.uint8]:
    """Store some tiles as JPEG, as most archives do."""
    lossy, quality = draw.random() < LOSSY, int(draw.integers(40, 95))
    if not lossy:
        return pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
