"""Tiles of tissue: a pattern, cut from a slide, stained and scanned by a lab.

>>> render_tile("lymphocytes", seed=0, lab="C").shape
(64, 64, 3)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.stain import LABS, Lab, mix
from plip_tutorial.microcosm.tissues import TISSUES

FIELD = 112.0  # micrometres a side: 224 px at 0.5 um, the tile of NCT-CRC-HE


@dataclass(frozen=True)
class _Slide:
    """What the tiles of one slide share: thickness of the section, strength of both stains, focus, cell size."""

    thickness: float
    haematoxylin: float
    eosin: float
    focus: float
    scale: float


def _slide(key: int) -> _Slide:
    draw = rng("slide", key)
    thickness, haematoxylin, eosin = np.exp(draw.normal(0, (0.2, 0.45, 0.45)))
    focus = float(draw.uniform(0.1, 0.9) + 1.2 * (draw.random() < 0.12))
    return _Slide(float(thickness), float(haematoxylin), float(eosin), focus, float(np.exp(draw.normal(0, 0.12))))


def field_of(tissue: str, *, seed: int) -> float:
    """Micrometres a side of the field that tile ``seed`` of ``tissue`` shows."""
    return float(np.clip(130 * np.exp(rng("field", tissue, seed).normal(0, 0.6)), 60, 900))


def render_tile(
    tissue: str, *, seed: int, lab: str = "A", size: int = 64, slide: int | None = None
) -> NDArray[np.uint8]:
    """Draw one tile of tissue; a pure function of its arguments.

    Args:
        tissue: a key of `TISSUES`.
        seed: which tile.
        lab: a key of `stain.LABS`; it sets stain vectors, gain, white point, blur and noise.
        size: pixels a side, 16 or more. The field of view does not depend on it.
        slide: tiles with the same number share section thickness, stain strength and focus. None: a slide of its own.

    Returns:
        uint8 array, (size, size, 3).

    Raises:
        ValueError: unknown tissue or lab, or a size below 16.
    """
    if tissue not in TISSUES:
        raise ValueError(f"unknown tissue {tissue!r}. Choose one of: {', '.join(TISSUES)}.")
    if lab not in LABS:
        raise ValueError(f"unknown lab {lab!r}. Choose one of: {', '.join(LABS)}.")
    if size < 16:
        raise ValueError(f"size is {size} pixels; a tile needs at least 16.")
    preparation = _slide(seed if slide is None else slide)
    draw = rng("tile", tissue, seed)
    field = FIELD / preparation.scale * float(np.exp(draw.normal(0, 0.2)))
    canvas = Canvas(draw, size=size, field=field)
    TISSUES[tissue].paint(canvas)
    return _scan(canvas, preparation, LABS[lab])


def _scan(canvas: Canvas, slide: _Slide, lab: Lab) -> NDArray[np.uint8]:
    """Stain, illuminate, blur, add noise, and count photons to 255."""
    grain = canvas.draw.uniform(0.05, 0.3) * canvas.noise(float(canvas.draw.uniform(1.5, 4.5)), 2)
    uneven = np.clip(1 + 0.06 * canvas.noise(80) + grain, 0, None)
    h = canvas.h * slide.haematoxylin * slide.thickness * uneven
    e = canvas.e * slide.eosin * slide.thickness * uneven
    light = mix(h, e, lab, blood=canvas.b)
    sigma = float(np.hypot(lab.blur, slide.focus)) * canvas.pixels
    light = gaussian_filter(light, (sigma, sigma, 0), truncate=2.5) if sigma > 0.15 else light
    if lab.sharpening:
        soft = gaussian_filter(light, (1.0 * canvas.size / 64, 1.0 * canvas.size / 64, 0), truncate=2)
        light = light + lab.sharpening * (light - soft)
    noise = canvas.draw.standard_normal(light.shape, np.float32) * lab.noise
    return np.clip(light * 255 + noise + 0.5, 0, 255).astype(np.uint8)
