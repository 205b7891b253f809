"""The patterns that a pathologist names, each a short function that paints stain amounts on a `Canvas`.

Architecture (fibres, sheets, glands, nests, alveoli, pools) times cytology (size, spacing, pleomorphism and staining of
the nuclei). All lengths are micrometres of real tissue: a lymphocyte is 7 wide, a crypt 70.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plip_tutorial.microcosm.architecture import (
    along,
    between,
    empty,
    fibrous,
    fill,
    gland,
    loose,
    lymphoid,
    nests,
    sheet,
    vessel,
)
from plip_tutorial.microcosm.canvas import Canvas, smoothstep

Pattern = Callable[[Canvas], None]


def adipose(c: Canvas) -> None:
    """Fat cells: wide, empty, with walls as thin as a line that meet in threes."""
    wall, _, _ = c.walls(c.scatter(between(c, 45, 95), jitter=0.7))
    wall = wall + 1.5 * c.noise(30)
    thick = between(c, 0.7, 2.4) * np.clip(1 + 0.5 * c.noise(25), 0.3, None)
    line = smoothstep(wall - thick, 0.8, -0.8)
    c.e += line * np.clip(between(c, 0.2, 0.6) * (1 + 0.3 * c.noise(12, 2)), 0, None)
    c.h += line * np.clip(between(c, 0.05, 0.3) * (1 + 0.5 * c.noise(20)), 0, None)
    folds = smoothstep(c.noise(35), 0.2, 0.8) * smoothstep(wall, between(c, 8, 25), 4)
    c.e += folds * np.clip(between(c, 0.03, 0.25) * (1 + 0.4 * c.noise(7, 2)), 0, None)
    c.nuclei(c.scatter(14, where=0.25 * line), radius=2.3, elongation=2.5, amount=0.9)
    if c.draw.random() < 0.3:  # a strand of stroma between the cells
        across = np.abs(c.flow(angle=between(c, 0, np.pi), waviness=8) - between(c, 0, c.field))
        strand = smoothstep(across, between(c, 6, 16), 3)
        c.e += strand * np.clip(0.45 + 0.2 * c.noise(6, 2), 0, None)
        c.nuclei(c.scatter(10, where=0.6 * strand), radius=2.5, elongation=2.0, amount=0.9)


def background(c: Canvas) -> None:
    """Empty glass: light, a haze, specks of dust."""
    c.e += np.clip(0.01 * c.noise(60), 0, 0.05)
    c.h += between(c, 0, 0.02)
    specks = c.draw.uniform(0, c.field, (int(c.draw.integers(0, 14)), 2)).astype(np.float32)
    c.nuclei(specks, radius=between(c, 0.4, 1.5), elongation=1.3, variety=0.5, amount=between(c, 0.15, 0.8))


def debris(c: Canvas) -> None:
    """Necrosis: granular, eosin-rich, ghosts of cells and crumbs of their nuclei."""
    grain = c.noise(between(c, 2.0, 4.5), 2)
    blue = between(c, 0.05, 0.4) * (c.draw.random() < 0.7)
    c.e += np.clip(between(c, 0.35, 0.75) * (1 + 0.3 * grain + 0.12 * c.noise(25)), 0.05, None)
    c.h += np.clip(blue * (1 + 0.35 * c.noise(4, 2)), 0, None)
    c.nuclei(c.scatter(between(c, 7, 12)), radius=2.8, variety=0.3, amount=between(c, 0.05, 0.25))  # ghosts
    where = between(c, 0.05, 0.8) * smoothstep(c.noise(30), -0.6, 1.0)
    c.nuclei(c.scatter(between(c, 4.5, 9), where=where), radius=between(c, 0.7, 1.3), variety=0.45, amount=0.9)
    gaps = between(c, 0.8, 2.6)
    empty(c, smoothstep(c.noise(between(c, 10, 35), 3), gaps, gaps + 0.2))
    cracks = c.noise(6, 2)
    empty(c, 0.8 * smoothstep(cracks, 1.5, 2.0))


def lymphocytes(c: Canvas) -> None:
    """Small round dark nuclei, side by side, with hardly any cytoplasm."""
    c.e += np.clip(between(c, 0.05, 0.3) + 0.08 * c.noise(9, 2), 0, None)
    spacing = between(c, 5.6, 10.5)
    empty(c, smoothstep(c.noise(9, 2), 0.4, 1.0) * (c.draw.random() < 0.75))
    lymphoid(c, c.scatter(spacing, jitter=0.5))
    c.nuclei(c.scatter(spacing * 3), radius=4.3, elongation=1.5, amount=0.45, hollow=0.4)


def mucus(c: Canvas) -> None:
    """Pools of mucin: pale, bluish, streaked with thin wavy threads; few cells."""
    across = c.flow(angle=between(c, 0, np.pi), waviness=between(c, 8, 30), scale=between(c, 30, 70))
    body = np.clip(1 + 0.35 * c.noise(25, 3) + 0.25 * c.strands(across, 5), 0, None)
    c.h += between(c, 0.03, 0.3) * body
    c.e += between(c, 0.0, 0.12) * body
    for width in (between(c, 2.5, 4), between(c, 6, 14)):
        thread = np.exp(-((c.strands(across + 3 * c.noise(14), width) / 0.16) ** 2))
        broken = smoothstep(c.noise(20), -0.7, 0.6)
        c.h += between(c, 0.08, 0.3) * thread * broken
        c.e += between(c, 0.05, 0.3) * thread * broken
    empty(c, 0.9 * smoothstep(c.noise(28, 2), between(c, 0.6, 1.8), 2.0))
    points = c.scatter(between(c, 22, 45), jitter=0.9)
    c.nuclei(points, radius=2.8, elongation=2.0, variety=0.3, amount=0.8)
    if c.draw.random() < 0.3:
        spot = c.draw.uniform(0, c.field, 2)
        c.b += 0.8 * smoothstep(np.hypot(c.x - spot[0], c.y - spot[1]) + 3 * c.noise(9), between(c, 5, 11), 3)


def smooth_muscle(c: Canvas) -> None:
    """Straight bundles, dense and pink, with cigar-shaped nuclei that lie along them."""
    across = fibrous(
        c, waviness=between(c, 0.5, 4), width=between(c, 2.2, 4.5), clefts=between(c, -0.1, 0.2),
        eosin=between(c, 0.3, 0.75), angle=between(c, 0, np.pi),
    )  # fmt: skip
    points = c.scatter(between(c, 13, 21), jitter=0.7)
    elongation = between(c, 2.6, 4.5)
    turn = along(c, across, points)
    c.nuclei(points, radius=2.9, angle=turn, elongation=elongation, variety=0.15, amount=between(c, 0.5, 0.8))
    if c.draw.random() < 0.2:
        vessel(c)


def stroma(c: Canvas) -> None:
    """Stroma around a cancer: wavy collagen, clefts, plump spindle cells this way and that, a few lymphocytes."""
    across = fibrous(
        c, waviness=between(c, 5, 22), width=between(c, 1.8, 4), clefts=between(c, 0.15, 0.5),
        eosin=between(c, 0.25, 0.65), angle=between(c, 0, np.pi),
    )  # fmt: skip
    c.h += np.clip(between(c, 0, 0.12) * (1 + c.noise(15)), 0, None)
    points = c.scatter(between(c, 13, 24), jitter=1.0)
    turn = along(c, across, points) + c.draw.normal(0, 0.35, len(points)).astype(np.float32)
    c.nuclei(points, radius=2.9, angle=turn, elongation=between(c, 1.7, 3), variety=0.28, amount=0.75, hollow=0.2)
    lymphoid(c, c.scatter(between(c, 18, 40), jitter=1.0))
    if c.draw.random() < 0.2:
        vessel(c)


def normal_colon_mucosa(c: Canvas) -> None:
    """Round crypts in rank and file, goblet cells, small nuclei at the rim; lymphocytes in a pale lamina propria."""
    loose(c, eosin=between(c, 0.15, 0.35))
    lymphoid(c, c.scatter(between(c, 9, 15), jitter=0.8, where=np.full_like(c.e, 0.8)))
    radius = between(c, 24, 38)
    for centre in c.scatter(2 * radius + between(c, 6, 22), jitter=0.25):
        gland(c, centre, radius, irregular=0.05, nucleus=2.7, goblets=True, lumen=between(c, 0.12, 0.3))


def colorectal_adenocarcinoma(c: Canvas) -> None:
    """Crowded irregular glands or solid sheets; large, long, stratified nuclei that differ from each other."""
    if c.draw.random() < 0.5:
        across = loose(c, eosin=0.3)
        points = c.scatter(14, jitter=0.9)
        c.nuclei(points, radius=3, angle=along(c, across, points), elongation=2.3, variety=0.2, amount=0.75)
        radius = between(c, 28, 55)
        for centre in c.scatter(1.75 * radius, jitter=0.5):
            gland(
                c, centre, radius, irregular=0.22, layers=int(c.draw.integers(2, 4)), nucleus=between(c, 3.1, 4.2),
                variety=0.25, hollow=0.3, lumen=between(c, 0.1, 0.42), amount=between(c, 0.6, 1.0),
            )  # fmt: skip
        return
    sheet(c, np.ones_like(c.e), spacing=between(c, 7, 10.5), radius=between(c, 3.3, 4.6), variety=0.27, hollow=0.4)
    slit = c.noise(between(c, 30, 50), 2)
    empty(c, smoothstep(slit, between(c, 1.1, 2.5), 2.7))
    c.e += 0.2 * smoothstep(c.strands(c.flow(angle=between(c, 0, 3), waviness=14), 16), 0.75, 0.95)


def lung_benign(c: Canvas) -> None:
    """Alveoli: air in thin walls, and the walls carry nuclei and red cells, which fat does not."""
    wall, _, _ = c.walls(c.scatter(between(c, 38, 70), jitter=0.7))
    wall = np.abs(wall + 2.5 * c.noise(20))
    thick = between(c, 2.2, 5)
    septum = smoothstep(wall, 1.5 * thick, 0.7 * thick)
    c.e += septum * np.clip(between(c, 0.3, 0.55) + 0.12 * c.noise(6), 0, None)
    c.nuclei(c.scatter(6.5, where=0.55 * septum), radius=2.8, elongation=1.6, variety=0.2, amount=0.9)
    c.b += 0.5 * septum * smoothstep(c.noise(7), 0.8, 1.3)
    c.nuclei(c.scatter(40, jitter=1), radius=5, amount=0.3, hollow=0.3)  # macrophages


def lung_malignant(c: Canvas) -> None:
    """Nests and acini of large dark cells in a desmoplastic stroma with lymphocytes."""
    nests(c, scale=between(c, 35, 60), share=between(c, -0.6, 0.2), radius=between(c, 4.4, 5.6), acinar=True)
    lymphoid(c, c.scatter(between(c, 14, 26), jitter=1.0))


def breast_benign(c: Canvas) -> None:
    """Lobules: small round ducts with two rows of small nuclei, in calm collagen."""
    fibrous(c, waviness=12, width=5, clefts=between(c, -0.1, 0.2), eosin=between(c, 0.35, 0.6), angle=between(c, 0, 3))
    c.nuclei(c.scatter(22, jitter=1), radius=2.4, elongation=2.6, amount=0.7)
    radius = between(c, 11, 18)
    for centre in c.scatter(2.4 * radius + between(c, 4, 20), jitter=0.5):
        gland(c, centre, radius, irregular=0.06, layers=2, nucleus=2.5, lumen=between(c, 0.15, 0.4))


def breast_malignant(c: Canvas) -> None:
    """Cords and nests of large cells that run through dense collagen."""
    across = fibrous(c, waviness=14, width=3.5, clefts=0.15, eosin=between(c, 0.35, 0.65), angle=between(c, 0, 3))
    if c.draw.random() < 0.5:
        cord = smoothstep(c.strands(across + 2 * c.noise(20), between(c, 9, 14)), 0.1, 0.45)
        sheet(c, cord, spacing=between(c, 8, 10), radius=between(c, 3.8, 5), variety=0.25, hollow=0.3)
    else:
        nests(c, scale=between(c, 28, 50), share=between(c, -0.2, 0.5), radius=between(c, 4.2, 5.6), acinar=False)


def skin_benign(c: Canvas) -> None:
    """Epidermis in layers over coarse collagen: keratin flakes, squamous cells, a dark basal row."""
    fibrous(c, waviness=10, width=6, clefts=0.3, eosin=between(c, 0.45, 0.8), angle=between(c, -0.4, 0.4))
    c.nuclei(c.scatter(20, jitter=1), radius=2.5, elongation=2.4, amount=0.75)
    turn = between(c, 0, 2 * np.pi)
    depth = (c.x - c.field / 2) * np.cos(turn) + (c.y - c.field / 2) * np.sin(turn) + between(c, 3, 9) * c.noise(35)
    thick, place = between(c, 30, 60), between(c, -15, 25)
    epidermis = smoothstep(depth, place + 1.5, place - 1.5)
    sheet(c, epidermis, spacing=between(c, 9, 12), radius=3.3, variety=0.12, hollow=0.2)
    basal = smoothstep(np.abs(depth - place + 5), 6, 3)
    c.nuclei(c.scatter(6, where=basal), radius=3, elongation=1.6, amount=0.95)
    flakes = smoothstep(depth, place - thick + 2, place - thick - 2)
    empty(c, flakes)
    c.e += flakes * 0.6 * smoothstep(c.strands(depth + c.noise(25), 4), 0.1, 0.5)


def skin_malignant(c: Canvas) -> None:
    """Melanoma: nests of cells with great pale nuclei and big nucleoli, clefts around them, brown pigment."""
    nests(
        c, scale=between(c, 40, 70), share=between(c, -0.9, 0.0), radius=between(c, 4.8, 6.2), acinar=False, hollow=0.75
    )
    pigment = smoothstep(c.noise(6, 2), between(c, 1.2, 2.4), 2.6)
    c.b += 0.9 * pigment
    c.h += 0.4 * pigment


def stomach_benign(c: Canvas) -> None:
    """Gastric pits: long tubules side by side, a pale mucin cap towards the lumen, small nuclei at the base."""
    loose(c, eosin=0.25)
    lymphoid(c, c.scatter(15, jitter=0.9))
    across = c.flow(angle=between(c, 0, np.pi), waviness=between(c, 3, 9))
    period = between(c, 32, 48)
    place = np.abs((across / period) % 1 - 0.5) * 2  # 0 in the lumen of a pit, 1 between the pits
    wall = smoothstep(place, 0.86, 0.8)
    for layer, value in ((c.e, between(c, 0.3, 0.5)), (c.h, 0.15)):
        fill(layer, wall, value)
    cap = smoothstep(place, 0.52, 0.42)
    for layer, value in ((c.e, 0.14), (c.h, 0.05)):
        fill(layer, cap, value)
    empty(c, smoothstep(place + 0.05 * c.noise(10), 0.14, 0.08))
    rim = smoothstep(np.abs(place - 0.68), 0.12, 0.05)
    points = c.scatter(5.6, where=rim)
    c.nuclei(points, radius=2.7, angle=along(c, across, points) + np.pi / 2, elongation=1.5, amount=0.85)


def stomach_malignant(c: Canvas) -> None:
    """Signet-ring cells: a drop of mucin fills the cell and presses the nucleus to its edge."""
    loose(c, eosin=between(c, 0.25, 0.45))
    points = c.scatter(between(c, 12, 17), jitter=0.6)
    radius = between(c, 4.8, 6.5)
    near = c.nearest(points)
    c.e += 0.25 * smoothstep(near, radius + 2.5, radius + 1)
    hole = smoothstep(near, radius + 0.5, radius - 0.7)
    fill(c.e, hole, 0.06)
    fill(c.h, hole, 0.07)
    angle = c.draw.uniform(0, 2 * np.pi, len(points)).astype(np.float32)
    edge = points + (0.95 * radius) * np.stack([np.cos(angle), np.sin(angle)], 1)
    c.nuclei(edge.astype(np.float32), radius=3.3, angle=angle + np.pi / 2, elongation=2.2, variety=0.25, amount=1.0)


PATTERNS: dict[str, Pattern] = {
    pattern.__name__: pattern
    for pattern in (
        adipose, background, debris, lymphocytes, mucus, smooth_muscle, normal_colon_mucosa, stroma,
        colorectal_adenocarcinoma, lung_benign, lung_malignant, breast_benign, breast_malignant,
        skin_benign, skin_malignant, stomach_benign, stomach_malignant,
    )
}  # fmt: skip
