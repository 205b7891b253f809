"""Colon and stomach: crypts, pits, what inflames them and what grows out of them. All lengths are micrometres."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import (
    Cytology,
    Glands,
    atypical,
    bland,
    desmoplasia,
    glands,
    goblets,
    infiltrate,
    line,
    lymphocyte_nuclei,
    plasma_cells,
    sheet,
    stamp,
)
from plip_tutorial.microcosm.fibres_and_vessels import along, capillaries, loose
from plip_tutorial.microcosm.noise import fill, smoothstep


def _lamina(c: Canvas, spacing: float) -> None:
    """Lamina propria: pale, torn, with lymphocytes and plasma cells."""
    loose(c, eosin=c.between(0.14, 0.3))
    lymphocyte_nuclei(c, c.scatter(spacing, jitter=0.8))
    plasma_cells(c, c.scatter(2 * spacing, jitter=0.9))
    if c.chance(0.3):
        capillaries(c, 50)


def normal_colon_mucosa(c: Canvas) -> None:
    """Crypts in rank and file, cut across or along; goblet cells like foam, small nuclei at the rim."""
    _lamina(c, c.between(8.5, 14))
    stretch = 1.0 if c.chance(0.45) else c.between(1.8, 5.0)
    g = glands(c, spacing=c.between(70, 112), edge=c.between(0.7, 0.9), stretch=stretch, irregular=0.06)
    cells = replace(bland(c), elongation=c.between(1.2, 1.8), eosin=c.between(0.25, 0.45), amount=c.between(0.4, 0.58))
    line(c, g, cells, layers=c.between(1, 1.3), lumen=c.between(0.05, 0.2))
    goblets(c, g, size=c.between(5.0, 10.5), share=c.between(0.7, 1.0))


def inflamed_colon(c: Canvas) -> None:
    """Colitis: crypts out of line and far apart, few goblet cells, a dense crowd of inflammatory cells between."""
    loose(c, eosin=c.between(0.14, 0.28))
    g = glands(
        c, spacing=c.between(75, 130), edge=c.between(0.5, 0.75), stretch=c.between(1, 2.2), irregular=0.12, jitter=0.8
    )
    infiltrate(c, c.between(6.4, 9))
    cells = replace(bland(c, (3.0, 3.9)), elongation=c.between(1.4, 2.0), blue=c.between(0.1, 0.22))
    line(c, g, cells, layers=c.between(1, 1.6), lumen=c.between(0.15, 0.4))
    goblets(c, g, size=c.between(4.5, 6.5), share=c.between(0.0, 0.5))
    if c.chance(0.5):  # neutrophils in the crypts
        where = 0.5 * smoothstep(g.middle, 0.7, 0.2)
        c.nuclei(c.scatter(5.5, where=where), radius=1.7, elongation=1.5, variety=0.2, amount=0.7)


def adenoma(c: Canvas) -> None:
    """Tubular adenoma: crowded, even tubules; dark pencil-shaped nuclei in rows, but each on its base."""
    _lamina(c, c.between(11, 18))
    g = glands(c, spacing=c.between(58, 95), edge=c.between(0.8, 0.98), stretch=c.between(1, 4), irregular=0.08)
    cells = Cytology(
        radius=c.between(3.0, 3.7), spacing=c.between(1.7, 2.0), elongation=c.between(2.4, 3.6), variety=0.13,
        amount=c.between(0.4, 0.58), hollow=c.between(0.0, 0.3), eosin=c.between(0.2, 0.35), blue=c.between(0.12, 0.25),
    )  # fmt: skip
    line(c, g, cells, layers=c.between(1.5, 2.4), lumen=c.between(0.08, 0.25))
    goblets(c, g, size=5.0, share=c.between(0.0, 0.3), nucleus=11)


def colorectal_adenocarcinoma(c: Canvas) -> None:
    """Crowded irregular or cribriform glands, palisades or solid sheets; large pale nuclei, dirty lumina."""
    desmoplasia(c, c.between(0.22, 0.4))
    cells = replace(atypical(c, (3.5, 4.9)), elongation=c.between(1.3, 2.8))
    look = c.draw.random()
    if look < 0.5:
        g = glands(
            c,
            spacing=c.between(60, 125),
            edge=c.between(0.82, 1.15),
            stretch=c.between(1, 2.5),
            irregular=0.2,
            jitter=0.7,
        )
        line(c, g, cells, layers=c.between(1.6, 4), lumen=c.between(0.05, 0.4))
        if c.chance(0.35):
            _dirt(c, g)
    elif look < 0.75:  # cribriform: holes punched into a sheet
        sheet(c, smoothstep(c.noise(90), -1.6, -1.3), cells)
        holes = c.nearest(c.sites(c.between(35, 60), jitter=0.9)) + 3 * c.noise(20)
        c.empty(smoothstep(holes, c.between(6, 13), 4))
    else:  # solid, or in palisades along a flow
        sheet(c, np.ones_like(c.e), replace(cells, elongation=1.3))
        across = c.flow(angle=c.between(0, 3), waviness=12)
        septum = smoothstep(c.strands(across, c.between(14, 26)), 0.7, 0.95)
        c.tint(septum, e=0.3, h=0.05)
        points = c.scatter(7, where=1 - septum)
        stamp(c, points, cells, along(c, across, points) + np.pi / 2)
        c.empty(smoothstep(c.noise(c.between(30, 60), 2), c.between(1.2, 2.4), 2.6))
    if c.chance(0.4):
        lymphocyte_nuclei(c, c.scatter(c.between(20, 40), jitter=1))


def _dirt(c: Canvas, g: Glands) -> None:
    """Dead cells in the lumina: pink, with crumbs."""
    lumen = smoothstep(g.middle, 0.3, 0.2)
    c.e += lumen * np.clip(0.25 * (1 + 0.5 * c.noise(4, 2)), 0, None)
    c.nuclei(c.scatter(6, where=0.6 * lumen), radius=1.3, variety=0.4, amount=0.7)


def stomach_benign(c: Canvas) -> None:
    """Gastric pits and glands: tubules side by side, a pale mucin cap towards the lumen, small nuclei at the base."""
    _lamina(c, c.between(11, 16))
    g = glands(c, spacing=c.between(36, 58), edge=c.between(0.8, 0.98), stretch=c.between(1.5, 6), irregular=0.06)
    _pits(c, g, replace(bland(c, (2.5, 3.1)), elongation=c.between(1.1, 1.5)))


def _pits(c: Canvas, g: Glands, cells: Cytology) -> None:
    """Foveolar epithelium: nuclei at the base, mucin above them."""
    line(c, g, cells, lumen=c.between(0.08, 0.2))
    if c.chance(0.7):
        cap = smoothstep(g.inside, 6, 8) * smoothstep(g.middle, 0.12, 0.24)
        fill(c.e, cap, c.between(0.06, 0.2))
        fill(c.h, cap, c.between(0.02, 0.08))
    else:  # parietal cells: round, very pink, the nucleus in the middle
        where = smoothstep(g.inside, 1, 3) * smoothstep(g.middle, 0.15, 0.3)
        c.tint(where, e=c.between(0.4, 0.6), h=0.05)
        c.nuclei(c.scatter(9.5, where=where), radius=2.8, amount=0.5)


def gastritis(c: Canvas) -> None:
    """Chronic gastritis: pits pushed apart by plasma cells and lymphocytes."""
    loose(c, eosin=c.between(0.16, 0.3))
    infiltrate(c, c.between(6.3, 8.8))
    g = glands(
        c, spacing=c.between(55, 95), edge=c.between(0.45, 0.72), stretch=c.between(1.3, 4), irregular=0.1, jitter=0.6
    )
    _pits(c, g, replace(bland(c, (2.8, 3.5)), elongation=1.4, blue=c.between(0.08, 0.2)))


def stomach_malignant(c: Canvas) -> None:
    """Signet-ring cells: a drop of mucin fills the cell and presses the nucleus to its edge."""
    loose(c, eosin=c.between(0.2, 0.38))
    points = c.scatter(c.between(11.5, 18), jitter=0.6, where=np.clip(0.75 + 0.4 * c.noise(60), 0, 1))
    if not len(points):
        points = c.scatter(15)
    radius = c.between(4.8, 6.8)
    near = c.nearest(points)
    c.e += 0.2 * smoothstep(near, radius + 2.2, radius + 0.6)
    hole = smoothstep(near, radius + 0.5, radius - 0.7)
    fill(c.e, hole, c.between(0.03, 0.12))
    fill(c.h, hole, c.between(0.03, 0.14))
    angle = c.draw.spawn(1)[0].uniform(0, 2 * np.pi, len(points)).astype(np.float32)
    edge = points + (0.95 * radius) * np.stack([np.cos(angle), np.sin(angle)], 1)
    c.nuclei(
        edge.astype(np.float32), radius=c.between(2.9, 3.8), angle=angle + np.pi / 2, elongation=c.between(1.8, 2.6),
        variety=0.25, amount=c.between(0.5, 0.75),
    )  # fmt: skip
    lymphocyte_nuclei(c, c.scatter(c.between(16, 40), jitter=1))
