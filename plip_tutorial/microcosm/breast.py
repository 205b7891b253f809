"""Breast: lobules, ducts that proliferate, carcinoma in cords and nests. All lengths are micrometres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import (
    Cytology,
    atypical,
    bland,
    desmoplasia,
    glands,
    line,
    lymphocyte_nuclei,
    nests,
    sheet,
    stamp,
)
from plip_tutorial.microcosm.fibres_and_vessels import along, fibrous, spindles
from plip_tutorial.microcosm.noise import Array, smoothstep


def _collagen(c: Canvas) -> Array:
    """Calm, coarse collagen with few thin nuclei. Returns its flow."""
    across = fibrous(
        c, waviness=c.between(8, 16), width=c.between(3.5, 7), clefts=c.between(0, 0.35), eosin=c.between(0.28, 0.5),
        angle=c.between(0, np.pi),
    )  # fmt: skip
    spindles(c, across, spacing=c.between(18, 28), wild=0.1)
    return across


def breast_benign(c: Canvas) -> None:
    """Lobules: clusters of small round ducts with two rows of small nuclei, loose stroma in calm collagen."""
    _collagen(c)
    lobule = smoothstep(c.noise(c.between(110, 200)), c.between(-1.5, 0.2), 0.5)
    c.tint(lobule, e=c.between(0.14, 0.28), h=0.06, grain=0.4)
    lymphocyte_nuclei(c, c.scatter(c.between(16, 30), jitter=1, where=lobule))
    g = glands(c, spacing=c.between(32, 52), edge=c.between(0.62, 0.85), irregular=0.08, jitter=0.5)
    inside = np.where(lobule > 0.5, g.inside, -9).astype(np.float32)
    line(c, replace(g, inside=inside), bland(c, (2.4, 3.1)), layers=c.between(1.4, 2), lumen=c.between(0.1, 0.35))


def breast_hyperplasia(c: Canvas) -> None:
    """Usual ductal hyperplasia: ducts full of small nuclei that overlap and stream, slits at the edge."""
    _collagen(c)
    g = glands(c, spacing=c.between(110, 190), edge=c.between(0.75, 0.95), irregular=0.08, jitter=0.5)
    duct = smoothstep(g.inside, -0.8, 0.8)
    cells = Cytology(
        radius=c.between(2.7, 3.4), spacing=c.between(1.6, 1.9), elongation=c.between(1.4, 2.1), variety=0.16,
        amount=c.between(0.42, 0.65), hollow=c.between(0.1, 0.4),
        eosin=c.between(0.18, 0.32), blue=c.between(0.08, 0.2),
    )  # fmt: skip
    c.tint(duct, e=cells.eosin, h=cells.blue)
    across = c.flow(angle=c.between(0, 3), waviness=20, scale=45)
    points = c.scatter(cells.spacing * cells.radius, where=duct)
    stamp(c, points, cells, along(c, across, points))
    slits = smoothstep(c.noise(c.between(18, 30), 2), c.between(0.9, 1.4), 1.6) * smoothstep(g.inside, 6, 12)
    c.empty(slits * smoothstep(g.inside, 60, 30))


def breast_malignant(c: Canvas) -> None:
    """Cords, single files and nests of large pale cells that run through dense collagen; or poorly formed glands."""
    look = c.draw.random()
    if look < 0.4:
        across = _collagen(c)
        cord = smoothstep(c.strands(across + 2 * c.noise(20), c.between(9, 16)), 0.0, 0.4)
        return sheet(c, cord, atypical(c, (3.6, 5.0)))
    desmoplasia(c, c.between(0.28, 0.45))
    if look < 0.6:
        g = glands(c, spacing=c.between(45, 80), edge=c.between(0.5, 0.8), stretch=1.5, irregular=0.22, jitter=0.9)
        return line(c, g, atypical(c, (3.6, 4.8)), layers=c.between(1, 1.6), lumen=c.between(0.1, 0.4))
    nests(c, atypical(c, (4.2, 5.8)), scale=c.between(28, 70), share=c.between(-1.0, 0.4))
    return None
