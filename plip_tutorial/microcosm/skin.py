"""Skin: epidermis on dermis, naevus, melanoma. All lengths are micrometres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import Cytology, atypical, bland, lymphocyte_nuclei, nests, sheet
from plip_tutorial.microcosm.fibres_and_vessels import fibrous, spindles
from plip_tutorial.microcosm.noise import Array, smoothstep


def _dermis(c: Canvas) -> None:
    """Coarse collagen in bundles with white clefts, thin nuclei."""
    across = fibrous(
        c, waviness=c.between(8, 14), width=c.between(5, 9), clefts=c.between(0.25, 0.5), eosin=c.between(0.3, 0.55),
        angle=c.between(-0.5, 0.5),
    )  # fmt: skip
    spindles(c, across, spacing=c.between(15, 24), wild=0.15)


def _epidermis(c: Canvas, place: float) -> Array:
    """Layers of squamous cells above the dermis, wavy at the base, flakes of keratin on top. Returns the depth."""
    turn = c.between(0, 2 * np.pi)
    depth = (c.x - c.field / 2) * np.cos(turn) + (c.y - c.field / 2) * np.sin(turn) - place
    ridges = c.between(6, 25) * c.noise(c.between(40, 80))
    base, top = depth + ridges, depth + 4 * c.noise(50) + c.between(40, 80)
    cells = replace(bland(c, (2.9, 3.5)), spacing=c.between(2.5, 3.2), eosin=c.between(0.28, 0.42), hollow=0.2)
    sheet(c, smoothstep(base, 1.5, -1.5), cells, borders=0.1)
    basal = smoothstep(np.abs(base + 5), 6, 3)
    c.nuclei(c.scatter(5.8, where=basal), radius=2.9, elongation=1.6, amount=c.between(0.5, 0.75))
    flakes = smoothstep(top, 2, -2)
    c.empty(flakes)
    c.e += flakes * c.between(0.3, 0.6) * smoothstep(c.strands(top + c.noise(25), 3.5), 0.0, 0.5)
    return np.asarray(base, np.float32)


def skin_benign(c: Canvas) -> None:
    """Epidermis in layers over coarse collagen: keratin flakes, squamous cells, a dark basal row; or dermis alone."""
    _dermis(c)
    if c.chance(0.85):
        _epidermis(c, c.between(-0.25, 0.3) * c.field)
    lymphocyte_nuclei(c, c.scatter(c.between(25, 60), jitter=1))


def naevus(c: Canvas) -> None:
    """Melanocytic naevus: nests of small even cells in the dermis, pigment in some, under a quiet epidermis."""
    _dermis(c)
    cells = Cytology(
        radius=c.between(2.7, 3.5), spacing=c.between(2.0, 2.7),
        elongation=1.2, variety=0.1, amount=c.between(0.42, 0.65),
        hollow=c.between(0.1, 0.4), eosin=c.between(0.15, 0.3), blue=c.between(0.06, 0.16),
    )  # fmt: skip
    level = nests(c, cells, scale=c.between(26, 50), share=c.between(-1.0, 0.2), cleft=0.4)
    if c.chance(0.5):
        _pigment(c, smoothstep(level, 0.0, 0.3), c.between(1.6, 2.4))
    if c.chance(0.4):
        _epidermis(c, c.between(-0.4, -0.15) * c.field)


def _pigment(c: Canvas, where: Array, rare: float) -> None:
    """Melanin: brown dust in some cells."""
    grain = where * smoothstep(c.noise(7, 2), rare - 0.5, rare + 0.3)
    c.b += 0.5 * grain
    c.h += 0.35 * grain


def skin_malignant(c: Canvas) -> None:
    """Melanoma: sheets and nests of large cells with great pale nuclei and big nucleoli, clefts, brown pigment."""
    _dermis(c)
    cells = replace(atypical(c, (4.6, 6.4)), hollow=c.between(0.5, 0.9), nucleoli=0.95, elongation=c.between(1.1, 1.8))
    level = nests(c, cells, scale=c.between(40, 110), share=c.between(-2.2, -0.3))
    if c.chance(0.6):
        _pigment(c, smoothstep(level, 0.0, 0.3), c.between(1.0, 2.2))
    if c.chance(0.5):
        lymphocyte_nuclei(c, c.scatter(c.between(15, 40), jitter=1))
