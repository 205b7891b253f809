"""Tiles of tissue: a pattern, cut from a slide, stained and scanned by a lab.

>>> render_tile("lymphocytes", seed=0, lab="C").shape
(64, 64, 3)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from plip_tutorial.microcosm import artefacts
from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.stain import LABS, Lab, mix
from plip_tutorial.microcosm.tissues import TISSUES

FIELDS = (60.0, 900.0)  # micrometres a side: from the high power of an eyepiece to a scan's overview


@dataclass(frozen=True)
class _Slide:
    """What the tiles of one slide share: thickness, both stains, glass and lamp, focus, size of the cells."""

    thickness: float
    haematoxylin: float
    eosin: float
    light: Array
    focus: float
    scale: float


def _slide(key: int) -> _Slide:
    draw = rng("slide", key)
    thickness, haematoxylin, eosin = np.exp(draw.normal((0.0, -0.25, 0.0), (0.14, 0.25, 0.26)))
    light = draw.uniform(0.93, 1.02) * (1 + draw.normal(0, 0.015 + 0.05 * (draw.random() < 0.25), 3))
    focus = float(draw.uniform(0.1, 0.6) + 0.9 * (draw.random() < 0.07))
    scale = float(np.exp(draw.normal(0, 0.12)))
    return _Slide(float(thickness), float(haematoxylin), float(eosin), light.astype(np.float32), focus, scale)


def field_of(tissue: str, *, seed: int) -> float:
    """Micrometres a side that a tile shows unless it is told: mostly 70 to 200, one in eight up to 900."""
    draw = rng("field", tissue, seed)
    wide = draw.random() < 0.12
    field = np.exp(draw.uniform(np.log(250), np.log(900))) if wide else 115 * np.exp(draw.normal(0, 0.45))
    return float(np.clip(field, *FIELDS))


def render_tile(
    tissue: str, *, seed: int, lab: str = "A", size: int = 64, slide: int | None = None, field: float | None = None
) -> NDArray[np.uint8]:
    """Draw one tile of tissue; a pure function of its arguments.

    Args:
        tissue: a key of `TISSUES`.
        seed: which tile.
        lab: a key of `stain.LABS`; it sets stain vectors, gain, white point, blur and noise.
        size: pixels a side, 16 or more. The field of view does not depend on it.
        slide: tiles with the same number share section thickness, stain strength and focus. None: a slide of its own.
        field: micrometres a side, `FIELDS`; None: see `field_of`.

    Returns:
        uint8 array, (size, size, 3).

    Raises:
        ValueError: unknown tissue or lab, a size below 16, or a field outside `FIELDS`.
    """
    if tissue not in TISSUES:
        raise ValueError(f"unknown tissue {tissue!r}. Choose one of: {', '.join(TISSUES)}.")
    if lab not in LABS:
        raise ValueError(f"unknown lab {lab!r}. Choose one of: {', '.join(LABS)}.")
    if size < 16:
        raise ValueError(f"size is {size} pixels; a tile needs at least 16.")
    field = field_of(tissue, seed=seed) if field is None else field
    if not FIELDS[0] <= field <= FIELDS[1]:
        raise ValueError(f"field is {field:g} micrometres; a tile shows {FIELDS[0]:g} to {FIELDS[1]:g}.")
    preparation = _slide(seed if slide is None else slide)
    canvas = Canvas(rng("tile", tissue, seed), size=size, field=field / preparation.scale)
    TISSUES[tissue].paint(canvas)
    return _scan(canvas, preparation, LABS[lab])


def _scan(c: Canvas, slide: _Slide, lab: Lab) -> NDArray[np.uint8]:
    """Stain, illuminate, blur, add noise, and count photons to 255."""
    draw = c.draw.spawn(1)[0]  # its own, so that what a tissue draws does not move the light
    light_of_section = artefacts.before(c, draw)
    grain = draw.uniform(0.04, 0.2) * c.noise(float(draw.uniform(1.5, 4.5)), 2)
    uneven = np.clip(1 + 0.08 * c.noise(0.7 * c.field) + grain, 0, None)
    h = c.h * slide.haematoxylin * slide.thickness * uneven
    e = c.e * slide.eosin * slide.thickness * uneven
    light = mix(h, e, lab, blood=c.b) * slide.light * light_of_section[..., None]
    sigma = float(np.hypot(lab.blur, slide.focus)) * c.pixels
    light = gaussian_filter(light, (sigma, sigma, 0), truncate=2.5) if sigma > 0.15 else light
    if lab.sharpening:
        soft = gaussian_filter(light, (1.0 * c.size / 64, 1.0 * c.size / 64, 0), truncate=2)
        light = light + lab.sharpening * (light - soft)
    noise = draw.standard_normal(light.shape, np.float32) * lab.noise
    return artefacts.after(np.clip(light * 255 + noise + 0.5, 0, 255).astype(np.uint8), draw)
