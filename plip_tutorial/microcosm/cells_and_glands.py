"""Cells, alone and together: lymphocytes, sheets of epithelium, nests of a tumour, glands. All lengths are micrometres.

Nuclei are soft ellipses that `Canvas.nuclei` draws; a gland is a cell of a Voronoi diagram, so that many of them cost
no more than one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.fibres_and_vessels import along, fibrous, spindles
from plip_tutorial.microcosm.noise import Array, fill, smoothstep


@dataclass(frozen=True)
class Cytology:
    """What the cells of a sheet or a gland look like.

    Attributes:
        radius: of a nucleus, in micrometres.
        spacing: distance of two nuclei, in radii; below 2 they overlap.
        elongation: long axis over short axis of a nucleus.
        variety: how much nuclei differ (pleomorphism).
        amount: haematoxylin of a nucleus.
        hollow: 0 for even chromatin, up to 1 for vesicular nuclei.
        nucleoli: share of nuclei with a nucleolus.
        eosin, blue: dyes in the cytoplasm.
    """

    radius: float = 3.2
    spacing: float = 2.3
    elongation: float = 1.3
    variety: float = 0.12
    amount: float = 0.5
    hollow: float = 0.1
    nucleoli: float = 0.0
    eosin: float = 0.28
    blue: float = 0.1


def atypical(c: Canvas, radius: tuple[float, float] = (3.8, 5.6)) -> Cytology:
    """Cells of a carcinoma: large, pale, crowded nuclei that differ, with nucleoli."""
    return Cytology(
        radius=c.between(*radius), spacing=c.between(1.75, 2.4), elongation=c.between(1.1, 1.8),
        variety=c.between(0.2, 0.32), amount=c.between(0.36, 0.56), hollow=c.between(0.25, 0.65),
        nucleoli=c.between(0.3, 0.9), eosin=c.between(0.22, 0.44), blue=c.between(0.05, 0.16),
    )  # fmt: skip


def bland(c: Canvas, radius: tuple[float, float] = (2.6, 3.4)) -> Cytology:
    """Cells of a benign epithelium: small, even, alike; how dark and how dense they are varies as in a carcinoma."""
    return Cytology(
        radius=c.between(*radius), spacing=c.between(1.8, 2.5), elongation=c.between(1.1, 1.7), variety=0.09,
        amount=c.between(0.38, 0.62), hollow=c.between(0.0, 0.3),
        eosin=c.between(0.22, 0.44), blue=c.between(0.05, 0.16),
    )  # fmt: skip


def lymphocyte_nuclei(c: Canvas, points: Array, amount: float | None = None) -> None:
    """Lymphocytes: small, round, plum, with coarse chromatin."""
    dark = c.between(0.4, 0.68) if amount is None else amount
    c.nuclei(points, radius=c.between(2.7, 3.2), elongation=1.15, variety=0.1, amount=dark, clumps=0.3)


def plasma_cells(c: Canvas, points: Array) -> None:
    """Plasma cells: a nucleus that lies at the side of an oval, purple body."""
    if not len(points):
        return
    turn = c.draw.spawn(1)[0].uniform(0, 2 * np.pi, len(points))
    body = smoothstep(c.nearest(points), 5.2, 4.0)
    c.e += 0.18 * body
    c.h += 0.14 * body
    aside = 1.8 * np.stack([np.cos(turn), np.sin(turn)], 1)
    c.nuclei((points + aside).astype(np.float32), radius=2.8, elongation=1.1, amount=0.5, clumps=0.35)


def infiltrate(c: Canvas, spacing: float, where: Array | None = None) -> None:
    """Inflammation: lymphocytes, plasma cells, now and then an eosinophil."""
    lymphocyte_nuclei(c, c.scatter(spacing, jitter=0.8, where=where))
    plasma_cells(c, c.scatter(1.6 * spacing, jitter=0.9, where=where))
    pink = c.scatter(7 * spacing, jitter=1, where=where)
    if len(pink) and c.chance(0.5):
        np.maximum(c.b, 0.45 * smoothstep(c.nearest(pink), 4.4, 3.2), out=c.b)


def sheet(c: Canvas, where: Array, cells: Cytology, *, borders: float = 0.0) -> None:
    """A sheet of epithelial cells: one nucleus a cell, and pink ``borders`` between the cells where one sees them."""
    c.tint(where, e=cells.eosin, h=cells.blue)
    points = c.scatter(cells.spacing * cells.radius, jitter=0.55)
    if borders and len(points) < 1500:
        wall, _, _ = c.walls(points)
        c.e += borders * where * smoothstep(wall, 1.3, 0.2)
    points = points[c.draw.random(len(points)) < c.at(where, points)]
    stamp(c, points, cells)
    mitoses = points[c.draw.spawn(1)[0].random(len(points)) < 0.02 * (cells.variety > 0.18)]
    c.nuclei(mitoses, radius=0.7 * cells.radius, elongation=2.2, variety=0.3, amount=0.9)


def stamp(c: Canvas, points: Array, cells: Cytology, angle: Array | None = None) -> None:
    """Nuclei of some cytology at points."""
    c.nuclei(
        points, radius=cells.radius, angle=angle, elongation=cells.elongation, variety=cells.variety,
        amount=cells.amount, hollow=cells.hollow, nucleoli=cells.nucleoli,
    )  # fmt: skip


def desmoplasia(c: Canvas, eosin: float = 0.3) -> None:
    """The stroma that a tumour grows in."""
    across = fibrous(
        c, waviness=c.between(8, 18), width=c.between(2, 4), clefts=c.between(0.1, 0.45), eosin=eosin,
        angle=c.between(0, np.pi),
    )  # fmt: skip
    spindles(c, across, spacing=c.between(12, 18), wild=0.3)


def nests(c: Canvas, cells: Cytology, *, scale: float, share: float, cleft: float = 0.3) -> Array:
    """Islands of tumour cells in what is there; ``share`` is the level of noise above which tumour grows.

    Returns:
        The level: 0 at the edge of a nest, more inside.
    """
    level = np.asarray(c.noise(scale, 2) - share, np.float32)
    if c.chance(cleft):  # the nest has shrunk away from the stroma
        torn = smoothstep(c.noise(30), -0.5, 0.5)
        c.empty(0.9 * torn * smoothstep(np.abs(level + 0.06), 0.1, 0.02))
    sheet(c, smoothstep(level, 0.0, 0.14), cells)
    return level


@dataclass(frozen=True)
class Glands:
    """Glands side by side.

    Attributes:
        inside: micrometres from the outline inwards, negative outside.
        middle: 0 in the middle of a gland, 1 at its wall.
        number: which gland each pixel belongs to.
        stretch, angle: how long they are, and in which direction.
    """

    inside: Array
    middle: Array
    number: NDArray[np.intp]
    stretch: float
    angle: float


def glands(
    c: Canvas, *, spacing: float, edge: float, stretch: float = 1.0, irregular: float = 0.1, jitter: float = 0.3
) -> Glands:
    """Where glands lie.

    Args:
        c: the canvas, on which nothing is painted yet.
        spacing: from middle to middle, in micrometres.
        edge: where a gland ends, as a share of the way from its middle to the next gland's: 1 is back to back.
        stretch: long axis over short axis: 1 is cut across, 3 along.
        irregular: how much outlines differ from a smooth curve.
        jitter: how far from rank and file they are.
    """
    angle = c.between(0, np.pi)
    wall, near, number = c.walls(
        c.sites(spacing, stretch=stretch, angle=angle, jitter=jitter), stretch=stretch, angle=angle
    )
    middle = 0.55 * near / (near + np.maximum(wall, 0) + 1e-3) + 0.45 * near / (0.5 * spacing)
    middle += irregular * (0.7 * c.noise(0.7 * spacing) + 0.4 * c.noise(0.3 * spacing))
    own = edge * np.exp(c.draw.spawn(1)[0].normal(0, 0.08, int(number.max()) + 1))[number]
    inside = (own - middle) * 0.5 * spacing
    return Glands(inside.astype(np.float32), (middle / own).astype(np.float32), number, stretch, angle)


def line(c: Canvas, g: Glands, cells: Cytology, *, layers: float = 1.0, lumen: float = 0.25) -> None:
    """Line glands with epithelium: cytoplasm, ``layers`` rows of nuclei at the outside, and a ``lumen``."""
    body = smoothstep(g.inside, -0.8, 0.8)
    c.tint(body, e=cells.eosin, h=cells.blue)
    c.empty(smoothstep(g.middle + 0.05 * c.noise(8), lumen + 0.04, lumen - 0.04) * body)
    tall = cells.radius * np.sqrt(cells.elongation)
    depth = 1.4 * tall + 1.7 * cells.radius * (layers - 1)
    rows = smoothstep(g.inside, 0.3 * tall, 0.6 * tall) * smoothstep(g.inside, depth + 1.5, depth - 0.5)
    points = c.scatter(cells.spacing * cells.radius / np.sqrt(cells.elongation), where=rows)
    stamp(c, points, cells, along(c, g.inside, points) + np.pi / 2)


def goblets(c: Canvas, g: Glands, *, size: float, share: float, nucleus: float = 7.0) -> None:
    """Vacuoles of mucin like foam, between nuclei and lumen: pale, a trace of blue, thin walls."""
    zone = smoothstep(g.inside, nucleus, nucleus + 2) * smoothstep(g.middle, 0.12, 0.22)
    points = c.scatter(1.95 * size, jitter=0.5, where=share * zone)
    if not len(points):
        return
    own = size * np.exp(c.draw.spawn(1)[0].normal(0, 0.15))
    hole = smoothstep(c.nearest(points), 0.98 * own, 0.75 * own) * smoothstep(g.inside, nucleus - 2, nucleus + 1)
    blue = c.between(0.03, 0.16)
    cloud = np.clip(1 + 0.5 * c.noise(4, 2), 0, None)
    fill(c.e, hole, 0.04 * cloud)
    fill(c.h, hole, blue * cloud)
