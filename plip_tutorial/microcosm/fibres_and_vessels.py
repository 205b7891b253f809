"""What lies between cells: collagen, muscle, loose tissue, vessels. All lengths are micrometres."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep


def fibrous(c: Canvas, *, waviness: float, width: float, clefts: float, eosin: float, angle: float) -> Array:
    """Collagen or muscle: ragged strands along a flow, with clefts where they part. Returns the flow coordinate."""
    across = c.flow(angle=angle, waviness=waviness, scale=c.between(35, 80))
    rough = across + c.between(0.6, 2.0) * c.noise(9, 2)
    fine = c.strands(rough, width) * smoothstep(c.noise(16, 2), -1.4, 0.6)  # no strand goes on for ever
    coarse = c.strands(across + 2.5 * c.noise(25), 3.5 * width)
    hair = c.strands(across + 1.2 * c.noise(5, 2), 0.6 * width)
    c.e += np.clip(eosin * (1 + 0.3 * fine + 0.2 * coarse + 0.4 * hair + 0.15 * c.noise(14, 2)), 0.02, None)
    c.h += np.clip(0.06 + 0.04 * coarse + 0.03 * c.noise(20), 0, None)
    lines = c.strands(rough + 1.5 * c.noise(18), 2.2 * width) + 0.35 * c.noise(20, 2)
    c.empty(0.9 * smoothstep(lines, 1.15 - clefts, 1.45 - clefts))
    return across


def along(c: Canvas, across: Array, points: Array) -> Array:
    """Direction of the fibres at points, in radians."""
    dy, dx = (np.asarray(part) for part in np.gradient(across))
    return np.asarray(np.arctan2(c.at(-dx, points), c.at(dy, points)))


def spindles(c: Canvas, across: Array, *, spacing: float, wild: float, where: Array | None = None) -> None:
    """Nuclei of fibroblasts along fibres; ``wild`` is how much they turn and differ, 0 to 0.4."""
    points = c.scatter(spacing, jitter=0.9, where=where)
    turn = along(c, across, points) + c.draw.spawn(1)[0].normal(0, wild, len(points))
    c.nuclei(
        points, radius=c.between(2.3, 3.1), angle=turn, elongation=c.between(2.0, 4.0), variety=0.12 + 0.4 * wild,
        amount=c.between(0.35, 0.65), hollow=wild,
    )  # fmt: skip


def loose(c: Canvas, eosin: float = 0.2) -> Array:
    """Loose connective tissue: pale, torn, some fibres. Returns its flow."""
    across = c.flow(angle=c.between(0, np.pi), waviness=15)
    texture = c.noise(9, 3)
    c.e += np.clip(eosin * (1 + 0.5 * texture + 0.4 * c.strands(across + 2 * c.noise(10), 3)), 0, None)
    c.h += np.clip(0.05 * (1 + c.noise(12)), 0, None)
    c.empty(0.95 * smoothstep(c.noise(14, 3) - 0.2 * texture, c.between(0.2, 0.9), 1.4))
    return across


def red_cells(c: Canvas, where: Array, amount: float = 0.5) -> None:
    """Red blood cells, packed, inside a mask."""
    cells = c.scatter(6.2, where=where)
    if len(cells):
        disc = smoothstep(c.nearest(cells), 3.7, 2.5)
        c.empty(0.8 * disc)
        np.maximum(c.b, amount * disc, out=c.b)


def vessel(c: Canvas) -> None:
    """A lumen with red cells or without, in a thin wall, as any tissue may have."""
    centre = c.draw.uniform(0, c.field, 2).astype(np.float32)
    radius = c.between(7, 18)
    distance = np.hypot(c.x - centre[0], (c.y - centre[1]) * c.between(0.6, 1.6)) + 2 * c.noise(15)
    wall = smoothstep(np.abs(distance - radius - 1.5), 3.0, 1.0)
    c.e += 0.25 * wall
    c.empty(smoothstep(distance, radius + 1, radius - 1))
    ring = c.scatter(5, where=wall)
    c.nuclei(ring, radius=2.2, angle=along(c, distance, ring), elongation=2.8, amount=0.55)
    if c.chance(0.65):
        red_cells(c, smoothstep(distance, radius - 1, radius - 3), c.between(0.35, 0.7))


def capillaries(c: Canvas, spacing: float) -> None:
    """Small vessels as dots and dashes of a few red cells."""
    spots = c.scatter(spacing, jitter=1.0)
    red_cells(c, smoothstep(c.nearest(spots) + 1.5 * c.noise(8), 5, 3), c.between(0.3, 0.6))
