"""What has no architecture: empty glass, dead tissue, mucus. All lengths are micrometres."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.fibres_and_vessels import along, red_cells
from plip_tutorial.microcosm.noise import smoothstep


def background(c: Canvas) -> None:
    """Empty glass: light, a haze, specks of dust, at times the edge of the section."""
    c.e += np.clip(0.01 * c.noise(60), 0, 0.05)
    c.h += c.between(0, 0.02)
    specks = c.draw.uniform(0, c.field, (int(c.draw.integers(0, 12)), 2)).astype(np.float32)
    c.nuclei(specks, radius=c.between(0.4, 1.5), elongation=1.3, variety=0.5, amount=c.between(0.15, 0.6))
    if c.chance(0.1):
        edge = smoothstep(c.flow(angle=c.between(0, 6), waviness=6) - 0.06 * c.field, 0, -4)
        c.e += 0.3 * edge
        c.h += 0.06 * edge


def debris(c: Canvas) -> None:
    """Necrosis: granular, eosin-rich, ghosts of cells and crumbs of their nuclei."""
    grain, pink, blue = c.noise(c.between(2.0, 4.5), 2), c.between(0.2, 0.62), c.between(0.02, 0.16)
    if c.chance(0.35):
        blue = c.between(0.15, 0.5)  # purple: dust of nuclei everywhere
    c.e += np.clip(pink * (1 + c.between(0.05, 0.35) * grain + 0.15 * c.noise(25)), 0.03, None)
    c.h += np.clip(blue * (1 + 0.35 * c.noise(3.5, 2) + 0.3 * c.noise(22)), 0, None)
    if c.chance(0.3):
        c.b += np.clip(c.between(0.03, 0.25) * (1 + 0.5 * c.noise(5, 2)), 0, None)  # old blood: brown
    ghosts = c.scatter(c.between(6.5, 11), jitter=0.6)
    c.nuclei(ghosts, radius=c.between(2.6, 3.8), variety=0.3, amount=blue + c.between(0.0, 0.2), hollow=0.5, clumps=0.4)
    where = c.between(0.05, 0.8) * smoothstep(c.noise(30), -0.8, 1.0)
    c.nuclei(
        c.scatter(c.between(4, 8), where=where), radius=c.between(0.7, 1.5), variety=0.5, amount=c.between(0.35, 0.75)
    )
    if c.chance(0.25):  # neutrophils: a crowd of small lobes
        c.nuclei(c.scatter(c.between(4, 6), where=0.7 * where), radius=1.6, elongation=1.6, variety=0.25, amount=0.7)
    if c.chance(0.45):  # torn
        gaps = c.between(0.5, 1.6)
        c.empty(smoothstep(c.noise(c.between(12, 40), 3), gaps, gaps + 0.25))
    c.empty(0.8 * smoothstep(c.noise(6, 2), c.between(1.3, 2.2), 2.4))


def mucus(c: Canvas) -> None:
    """Pools of mucin: lavender or pale, streaked like brushed hair, net-like where it is torn; few cells."""
    across = c.flow(angle=c.between(0, np.pi), waviness=c.between(6, 26), scale=c.between(30, 80))
    wispy = across + c.between(1.5, 4) * c.noise(13, 2) + c.between(0.5, 1.5) * c.noise(4, 2)
    pale = c.chance(0.4)
    body = np.clip(1 + 0.3 * c.noise(25, 2) + 0.6 * c.strands(wispy, 1.6) + 0.3 * c.strands(wispy, 5), 0, None)
    c.h += (c.between(0.02, 0.08) if pale else c.between(0.08, 0.24)) * body
    c.e += (c.between(0.01, 0.06) if pale else c.between(0.03, 0.16)) * body
    for width, dark in ((c.between(1.6, 3), 0.25), (c.between(5, 12), 0.3)):
        thread = np.exp(-((c.strands(wispy + 2 * c.noise(9), width) / 0.2) ** 2)) * smoothstep(
            c.noise(18, 2), -0.6, 0.9
        )
        c.h += c.between(0.3, 1) * dark * thread
        c.e += c.between(0.2, 1.2) * dark * thread
    if c.chance(0.5):  # torn into a net
        net = np.abs(c.noise(c.between(9, 22), 2))
        c.empty(0.9 * smoothstep(net, c.between(0.25, 0.8), 1.2) * smoothstep(c.noise(50), -0.2, 0.8))
    if c.chance(0.35):
        spots = c.draw.uniform(0, c.field, (int(c.draw.integers(1, 4)), 2)).astype(np.float32)
        red_cells(c, smoothstep(c.nearest(spots) + 3 * c.noise(9), c.between(5, 12), 3), c.between(0.5, 0.9))
    points = c.scatter(c.between(22, 60), jitter=0.9)
    turn = along(c, across, points)
    c.nuclei(points, radius=2.7, angle=turn, elongation=2.2, variety=0.3, amount=0.55)
