"""Cells, alone and together: lymphocytes, sheets of epithelium, nests of a tumour, glands. All lengths are micrometres.

Nuclei are soft ellipses that `Canvas.nuclei` draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plip_tutorial.microcosm.canvas import Array, Canvas, fill, smoothstep
from plip_tutorial.microcosm.fibres_and_vessels import fibrous


def lymphocyte_nuclei(c: Canvas, points: Array) -> None:
    """Lymphocytes: small, round, dark."""
    c.nuclei(points, radius=3.1, elongation=1.1, variety=0.1, amount=c.between(0.8, 1.2))


def sheet(c: Canvas, where: Array, *, spacing: float, radius: float, variety: float, hollow: float) -> None:
    """A sheet of epithelial cells: shared cytoplasm, one nucleus a cell."""
    cytoplasm = c.between(0.25, 0.55)
    fill(c.e, where, np.clip(cytoplasm + 0.08 * c.noise(10, 2), 0, None))
    fill(c.h, where, np.clip(c.between(0.08, 0.25) + 0.04 * c.noise(8), 0, None))
    points = c.scatter(spacing, where=where)
    elongation = c.between(1.15, 1.9)
    c.nuclei(points, radius=radius, elongation=elongation, variety=variety, amount=c.between(0.5, 0.95), hollow=hollow)
    mitoses = points[c.draw.spawn(1)[0].random(len(points)) < 0.03 * (variety > 0.2)]
    c.nuclei(mitoses, radius=0.7 * radius, elongation=2.2, variety=0.3, amount=1.5)


def nests(c: Canvas, *, scale: float, share: float, radius: float, acinar: bool, hollow: float = 0.4) -> None:
    """Islands of tumour cells in stroma; ``share`` is the level of noise above which tumour grows."""
    if not c.e.any():
        fibrous(c, waviness=14, width=3, clefts=0.25, eosin=c.between(0.3, 0.6), angle=c.between(0, np.pi))
        c.nuclei(c.scatter(16, jitter=1), radius=3, elongation=2.3, variety=0.2, amount=0.75)
    level = c.noise(scale, 2)
    nest = smoothstep(level, share, share + 0.15)
    c.empty(smoothstep(np.abs(level - share), 0.16, 0.06) * (c.draw.random() < 0.5))  # a cleft of retraction
    sheet(c, nest, spacing=c.between(1.9, 2.3) * radius, radius=radius, variety=0.28, hollow=hollow)
    if acinar:
        c.empty(smoothstep(level, share + 1.1, share + 1.4))


def gland(
    c: Canvas,
    centre: Array,
    radius: float,
    *,
    irregular: float = 0.08,
    layers: int = 1,
    nucleus: float = 3.2,
    variety: float = 0.12,
    hollow: float = 0.1,
    lumen: float = 0.25,
    goblets: bool = False,
    amount: float = 0.85,
) -> None:
    """A gland cut across: lumen, cytoplasm, and ``layers`` rows of nuclei that stand on the rim."""
    c = c.fork()
    with c.window(centre, 1.7 * radius) as w:
        if w is None:
            return
        outline = _outline(c, irregular)
        dx, dy = w.x - centre[0], w.y - centre[1]
        depth = np.hypot(dx, dy) / (radius * outline(np.arctan2(dy, dx)))  # 0 in the middle, 1 at the rim
        inside = smoothstep(depth, 1.04, 0.98)
        for layer, value in ((w.e, c.between(0.3, 0.5)), (w.h, c.between(0.12, 0.25)), (w.b, 0.0)):
            fill(layer, inside, value)
        if goblets:
            _goblets(w, centre, radius, outline)
        w.empty(smoothstep(depth + 0.05 * w.noise(8), lumen, lumen - 0.08))
    rims = [_rim(c, centre, radius * (0.9 - row * 1.5 * nucleus / radius), nucleus, outline) for row in range(layers)]
    angle, points = (np.concatenate(parts) for parts in zip(*rims, strict=True))
    stretch = c.between(1.4, 2.2)
    c.nuclei(points, radius=nucleus, angle=angle, elongation=stretch, variety=variety, amount=amount, hollow=hollow)


def _outline(c: Canvas, irregular: float) -> Callable[[Array], Array]:
    """Radius of a closed curve as a function of the angle: an ellipse with ripples, 1 on average."""
    waves = c.draw.normal(0, irregular, 4) / np.arange(1, 5)
    phase, squash, tilt = c.draw.uniform(0, 2 * np.pi, 4), c.draw.uniform(0.7, 1.0), c.draw.uniform(0, np.pi)

    def radius(angle: Array) -> Array:
        ripple = sum(a * np.cos((k + 2) * angle + p) for k, (a, p) in enumerate(zip(waves, phase, strict=True)))
        return np.asarray((1 + ripple) * squash / np.hypot(squash * np.cos(angle - tilt), np.sin(angle - tilt)))

    return radius


def _rim(
    c: Canvas, centre: Array, ring: float, nucleus: float, outline: Callable[[Array], Array]
) -> tuple[Array, Array]:
    """Angles (n,) and places (n, 2) of a row of nuclei along an outline."""
    n = max(4, int(2 * np.pi * ring / (2.1 * nucleus)))
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False) + c.draw.normal(0, 0.5 / n, n) + c.draw.uniform(0, 6)
    away = ring * outline(angle) * (1 + c.draw.normal(0, 0.05, n))
    points = np.stack([centre[0] + away * np.cos(angle), centre[1] + away * np.sin(angle)], 1)
    return angle.astype(np.float32), points.astype(np.float32)


def _goblets(c: Canvas, centre: Array, radius: float, outline: Callable[[Array], Array]) -> None:
    """Vacuoles of mucin between lumen and nuclei: nearly empty, a trace of blue."""
    n = max(4, int(radius / 4.2))
    t = np.linspace(0, 2 * np.pi, n, endpoint=False) + c.draw.normal(0, 0.8 / n, n)
    r = radius * outline(t) * c.draw.uniform(0.5, 0.66, n)
    s = c.draw.uniform(3.5, 6.5, n) * radius / 33
    cos, sin, s = (values[:, None] for values in (np.cos(t), np.sin(t), s))
    dx, dy = c.x[0] - centre[0] - r[:, None] * cos, c.y[:, 0] - centre[1] - r[:, None] * sin
    along = (dx * cos)[:, None, :] + (dy * sin)[:, :, None]
    aside = (dy * cos)[:, :, None] - (dx * sin)[:, None, :]
    hole = smoothstep((np.hypot(along / 1.35, aside) - s[..., None]).min(0), 0.7, -0.7)
    fill(c.e, hole, 0.03)
    fill(c.h, hole, c.between(0.02, 0.12))
