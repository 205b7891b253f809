"""Lung: alveoli, what scars them and what grows in them. All lengths are micrometres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import (
    atypical,
    desmoplasia,
    glands,
    infiltrate,
    line,
    lymphocyte_nuclei,
    nests,
    sheet,
)
from plip_tutorial.microcosm.fibres_and_vessels import red_cells, spindles
from plip_tutorial.microcosm.noise import Array, smoothstep


def _septa(c: Canvas, width: float, thick: float) -> Array:
    """Alveolar walls, 0 to 1, painted with nuclei and capillaries."""
    wall, _, _ = c.walls(c.sites(width, jitter=0.8), bend=c.between(2, 5))
    own = thick * np.exp(0.35 * c.noise(24))
    septum = smoothstep(wall, 1.4 * own, 0.7 * own) * smoothstep(c.noise(50), -2.4, -1.4)
    c.e += septum * np.clip(c.between(0.22, 0.42) * (1 + 0.3 * c.noise(6, 2)), 0, None)
    c.h += 0.05 * septum
    c.nuclei(c.scatter(6.2, where=0.5 * septum), radius=2.7, elongation=1.6, variety=0.2, amount=c.between(0.45, 0.7))
    red_cells(c, 0.5 * septum * smoothstep(c.noise(12), 0.2, 1.0), c.between(0.3, 0.6))
    return septum


def lung_benign(c: Canvas) -> None:
    """Alveoli: air in thin walls, and the walls carry nuclei and red cells, which fat does not."""
    septum = _septa(c, c.between(45, 120), c.between(1.8, 5))
    c.nuclei(c.scatter(c.between(40, 90), jitter=1), radius=5, amount=0.2, hollow=0.2)  # macrophages: pale bodies
    c.nuclei(c.scatter(c.between(50, 110), jitter=1), radius=3, amount=0.5)
    if c.chance(0.3):
        fluid = (1 - septum) * smoothstep(c.noise(80), 0.0, 0.8)
        c.e += c.between(0.06, 0.2) * fluid


def organizing_pneumonia(c: Canvas) -> None:
    """Organizing pneumonia: pale plugs of young fibrous tissue in the alveoli, thick inflamed walls."""
    septum = _septa(c, c.between(60, 120), c.between(5, 10))
    infiltrate(c, c.between(7, 10), where=septum)
    level = c.noise(c.between(40, 70), 2)
    plug = smoothstep(level, c.between(-0.4, 0.3), 0.5) * (1 - septum)
    swirl = 18 * level + c.flow(angle=c.between(0, 3), waviness=10)
    c.e += plug * np.clip(c.between(0.14, 0.28) * (1 + 0.4 * c.strands(swirl, 3)), 0, None)
    c.h += plug * c.between(0.06, 0.14)
    spindles(c, swirl, spacing=c.between(9, 13), wild=0.15, where=plug)
    lymphocyte_nuclei(c, c.scatter(c.between(14, 25), where=plug))


def lung_malignant(c: Canvas) -> None:
    """Adenocarcinoma: acini, tufts or sheets of large atypical cells in a desmoplastic stroma with lymphocytes."""
    desmoplasia(c, c.between(0.22, 0.42))
    lymphocyte_nuclei(c, c.scatter(c.between(12, 30), jitter=1.0))
    cells = atypical(c, (4.2, 5.8))
    if c.chance(0.65):
        g = glands(c, spacing=c.between(42, 85), edge=c.between(0.6, 0.98), irregular=0.22, jitter=0.8)
        return line(c, g, cells, layers=c.between(1.0, 2.2), lumen=c.between(0.15, 0.5))
    level = nests(c, cells, scale=c.between(40, 90), share=c.between(-1.3, 0.0))
    c.empty(smoothstep(level, 1.2, 1.6))
    return None


def lung_squamous(c: Canvas) -> None:
    """Squamous carcinoma: nests of polygonal pink cells with sharp borders, dark nuclei, whorls of keratin."""
    desmoplasia(c, c.between(0.25, 0.42))
    infiltrate(c, c.between(14, 35))
    cells = replace(
        atypical(c, (3.8, 5.4)), spacing=c.between(2.2, 3.0), elongation=1.3, amount=c.between(0.5, 0.75),
        hollow=c.between(0.0, 0.35), eosin=c.between(0.3, 0.5), blue=c.between(0.04, 0.12),
    )  # fmt: skip
    level = np.asarray(c.noise(c.between(50, 120), 2) - c.between(-1.2, 0.1), np.float32)
    sheet(c, smoothstep(level, 0.0, 0.14), cells, borders=0.2)
    if c.chance(0.6):  # a pearl: layers of keratin around nothing
        pearl = smoothstep(level, 1.1, 1.4)
        c.tint(pearl, e=c.between(0.4, 0.65), h=0.02, grain=0.1)
        c.e += 0.15 * pearl * c.strands(25 * level, 2.5)
