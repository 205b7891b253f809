"""Fat, smooth muscle, stroma and bone: what holds and moves an organ. All lengths are micrometres."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import infiltrate, lymphocyte_nuclei
from plip_tutorial.microcosm.fibres_and_vessels import along, capillaries, fibrous, spindles, vessel
from plip_tutorial.microcosm.noise import smoothstep


def adipose(c: Canvas) -> None:
    """Fat cells: wide and empty, in membranes that meet in threes, fold, tear and lie over each other."""
    wall, _, _ = c.walls(c.sites(c.between(45, 110), jitter=0.9), bend=c.between(2, 5))
    thick = c.between(0.3, 1.6) * np.exp(0.5 * c.noise(22))
    whole = smoothstep(c.noise(40, 2), c.between(-3.0, -0.6), 0.2)  # some membranes are torn
    membrane = smoothstep(wall - thick, 0.9, -0.6) * whole
    c.e += 0.01 + membrane * np.clip(c.between(0.25, 0.6) * (1 + 0.4 * c.noise(10, 2)), 0, None)
    c.h += 0.005 + membrane * np.clip(c.between(0.08, 0.35) * (1 + 0.6 * c.noise(12)), 0, None)
    for _ in range(int(c.draw.integers(0, 4))):  # a membrane seen from above: translucent, its edge a thread
        level = c.noise(c.between(40, 80), 2) - c.between(-0.2, 1.2)
        thread = np.exp(-((c.field * level / 4) ** 2) / 2) * smoothstep(c.noise(25), -0.8, 0.4)
        c.e += c.between(0.02, 0.12) * smoothstep(level, 0, 0.05) + c.between(0.1, 0.4) * thread
        c.h += c.between(0.0, 0.04) * smoothstep(level, 0, 0.05) + c.between(0.03, 0.2) * thread
    c.nuclei(c.scatter(13, where=0.22 * membrane), radius=2.2, elongation=2.6, amount=0.6)
    if c.chance(0.35):
        _septum(c)


def _septum(c: Canvas) -> None:
    """A strand of stroma between the lobules of fat."""
    across = np.abs(c.flow(angle=c.between(0, np.pi), waviness=8) - c.between(0, c.field)) + 3 * c.noise(12)
    strand = smoothstep(across, c.between(5, 20), 3)
    c.e += strand * np.clip(0.32 + 0.15 * c.noise(6, 2), 0, None)
    c.h += 0.06 * strand
    c.nuclei(c.scatter(9, where=0.6 * strand), radius=2.4, elongation=2.0, amount=0.55)


def smooth_muscle(c: Canvas) -> None:
    """Bundles, dense and pink, with cigar-shaped nuclei that lie along them; now and then cut across."""
    eosin = c.between(0.26, 0.55)
    if c.chance(0.15):
        return _cut_across(c, eosin)
    across = fibrous(
        c, waviness=c.between(0.5, 8), width=c.between(1.6, 4.0), clefts=c.between(-0.2, 0.25), eosin=eosin,
        angle=c.between(0, np.pi),
    )  # fmt: skip
    points = c.scatter(c.between(11, 19), jitter=0.8)
    c.nuclei(
        points, radius=c.between(2.4, 3.1), angle=along(c, across, points), elongation=c.between(3.0, 5.5),
        variety=0.15, amount=c.between(0.3, 0.6), hollow=c.between(0, 0.4),
    )  # fmt: skip
    if c.chance(0.3):
        vessel(c)
    return None


def _cut_across(c: Canvas, eosin: float) -> None:
    """Muscle cells cut across: a mosaic of pink cells, dots in some of them."""
    wall, _, number = c.walls(c.sites(c.between(5, 9), jitter=0.6)) if c.field < 260 else (c.noise(6) + 2, None, None)
    shade = 1 + 0.2 * c.noise(20) + (0 if number is None else 0.15 * np.sin(number * 2.4))
    c.e += np.clip(eosin * shade * smoothstep(wall, -0.3, 1.0), 0.05, None)
    c.h += 0.05
    c.nuclei(c.scatter(c.between(12, 18), jitter=0.8), radius=2.0, elongation=1.2, amount=0.5)


def stroma(c: Canvas) -> None:
    """Stroma around a cancer: fine wavy collagen, clefts, plump spindle cells this way and that, a few lymphocytes."""
    look = c.draw.random()
    myxoid, glassy = look < 0.3, look > 0.82
    eosin = c.between(0.12, 0.26) if myxoid else c.between(0.25, 0.5)
    across = fibrous(
        c, waviness=c.between(7, 24), width=c.between(4, 7) if glassy else c.between(1.4, 3.4),
        clefts=c.between(0.15, 0.6), eosin=eosin, angle=c.between(0, np.pi),
    )  # fmt: skip
    c.h += np.clip((c.between(0.04, 0.12) if myxoid else 0.03) * (1 + c.noise(15)), 0, None)
    spindles(c, across, spacing=c.between(15, 22) if glassy else c.between(9.5, 15), wild=c.between(0.2, 0.4))
    if c.chance(0.7):
        infiltrate(c, c.between(17, 45))
    if c.chance(0.25):
        vessel(c)
    if c.chance(0.25):
        capillaries(c, 45)


def bone(c: Canvas) -> None:
    """Trabeculae: pink, in lamellae, with cells in small holes; between them marrow of fat and blood-forming cells."""
    level = c.noise(c.between(70, 150), 2) + 0.1 * c.noise(14)
    edge = c.between(-0.5, 0.5)
    trabecula = smoothstep(level, edge, edge + 0.05)
    c.tint(1 - trabecula, e=0.1, h=0.05)
    fat = smoothstep(c.nearest(c.sites(c.between(38, 60), jitter=0.8)) + 2 * c.noise(15), 21, 18)
    lymphocyte_nuclei(c, c.scatter(c.between(7, 12), where=(1 - trabecula) * (1 - fat)))
    c.nuclei(c.scatter(16, where=(1 - trabecula) * (1 - fat)), radius=4, amount=0.4, hollow=0.4)
    c.empty(0.95 * fat * (1 - trabecula))
    lamellae = c.strands(8 * level / 0.4 + c.noise(30), 2.5)
    c.tint(trabecula, e=c.between(0.35, 0.6), h=c.between(0.02, 0.12), grain=0.06)
    c.e += trabecula * 0.07 * lamellae
    cells = c.scatter(c.between(17, 26), jitter=0.8, where=trabecula)
    if len(cells):
        c.empty(0.7 * smoothstep(c.nearest(cells), 4.2, 3.0) * trabecula)
    c.nuclei(cells, radius=2.1, elongation=1.8, amount=0.6)
