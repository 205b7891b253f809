"""What lies between cells: collagen, muscle, loose tissue, vessels. All lengths are micrometres."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.canvas import Array, Canvas, smoothstep


def fibrous(c: Canvas, *, waviness: float, width: float, clefts: float, eosin: float, angle: float) -> Array:
    """Collagen or muscle: strands along a flow, with clefts where they part. Returns the flow coordinate."""
    across = c.flow(angle=angle, waviness=waviness, scale=c.between(35, 80))
    fine = c.strands(across + 1.2 * c.noise(12), width)
    coarse = c.strands(across + 2.5 * c.noise(25), 3 * width)
    c.e += np.clip(eosin * (1 + 0.28 * fine + 0.18 * coarse + 0.1 * c.noise(14, 2)), 0, None)
    c.h += np.clip(0.08 + 0.05 * coarse + 0.03 * c.noise(20), 0, None)
    lines = c.strands(across + 2.0 * c.noise(18), 2.2 * width)
    c.empty(smoothstep(lines + 0.25 * c.noise(22), 1.05 - clefts, 1.2 - clefts))
    return across


def along(c: Canvas, across: Array, points: Array) -> Array:
    """Direction of the fibres at points, in radians."""
    dy, dx = (np.asarray(part) for part in np.gradient(across))
    return np.asarray(np.arctan2(c.at(-dx, points), c.at(dy, points)))


def loose(c: Canvas, eosin: float = 0.2) -> Array:
    """Loose connective tissue: pale, gaps, some fibres. Returns its flow."""
    across = c.flow(angle=c.between(0, np.pi), waviness=15)
    texture = c.noise(12, 3)
    c.e += np.clip(eosin + 0.15 * texture + 0.12 * c.strands(across, 3), 0, None)
    c.empty(smoothstep(c.noise(18, 2) - 0.2 * texture, 0.5, 1.2))
    return across


def vessel(c: Canvas) -> None:
    """A lumen with red cells, as any tissue may have."""
    centre = c.draw.uniform(0, c.field, 2).astype(np.float32)
    radius = c.between(8, 20)
    distance = np.hypot(c.x - centre[0], (c.y - centre[1]) * c.between(0.7, 1.4)) + 2 * c.noise(15)
    inside = smoothstep(distance, radius + 1, radius - 1)
    c.empty(inside)
    cells = c.scatter(6.5, where=inside)
    if c.draw.random() < 0.7 and len(cells):
        np.maximum(c.b, 0.9 * smoothstep(c.nearest(cells), 3.6, 2.4), out=c.b)
