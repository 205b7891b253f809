"""The tissues that a pathologist names, each a short function that paints stain amounts on a `Canvas`.

Architecture (fibres, sheets, glands, nests, alveoli, pools) times cytology (size, spacing, pleomorphism and staining of
the nuclei). All lengths are micrometres of real tissue: a lymphocyte is 7 wide, a crypt 70.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plip_tutorial.microcosm.canvas import Canvas, fill, smoothstep
from plip_tutorial.microcosm.cells_and_glands import gland, lymphocyte_nuclei, nests, sheet
from plip_tutorial.microcosm.fibres_and_vessels import along, fibrous, loose, vessel

Pattern = Callable[[Canvas], None]


@dataclass(frozen=True)
class Tissue:
    """A tissue that the microcosm can draw.

    Attributes:
        name: key in `TISSUES`.
        phrase: what a pathologist calls it.
        organ: colon, lung, breast, skin, stomach; "any" where the organ does not show.
        malignant: None where the question does not arise.
        code: label in NCT-CRC-HE, or None.
        paint: puts amounts of stain on a canvas.
    """

    name: str
    phrase: str
    organ: str
    malignant: bool | None
    code: str | None
    paint: Pattern


TISSUES: dict[str, Tissue] = {}


def _tissue(
    phrase: str, organ: str = "any", malignant: bool | None = None, code: str | None = None
) -> Callable[[Pattern], Pattern]:
    def enter(paint: Pattern) -> Pattern:
        TISSUES[paint.__name__] = Tissue(paint.__name__, phrase, organ, malignant, code, paint)
        return paint

    return enter


@_tissue("adipose tissue", code="ADI")
def adipose(c: Canvas) -> None:
    """Fat cells: wide, empty, with walls as thin as a line that meet in threes."""
    wall, _, _ = c.walls(c.scatter(c.between(45, 95), jitter=0.7))
    wall = wall + 1.5 * c.noise(30)
    thick = c.between(0.7, 2.4) * np.clip(1 + 0.5 * c.noise(25), 0.3, None)
    line = smoothstep(wall - thick, 0.8, -0.8)
    c.e += line * np.clip(c.between(0.2, 0.6) * (1 + 0.3 * c.noise(12, 2)), 0, None)
    c.h += line * np.clip(c.between(0.05, 0.3) * (1 + 0.5 * c.noise(20)), 0, None)
    folds = smoothstep(c.noise(35), 0.2, 0.8) * smoothstep(wall, c.between(8, 25), 4)
    c.e += folds * np.clip(c.between(0.03, 0.25) * (1 + 0.4 * c.noise(7, 2)), 0, None)
    c.nuclei(c.scatter(14, where=0.25 * line), radius=2.3, elongation=2.5, amount=0.9)
    if c.draw.random() < 0.3:  # a strand of stroma between the cells
        across = np.abs(c.flow(angle=c.between(0, np.pi), waviness=8) - c.between(0, c.field))
        strand = smoothstep(across, c.between(6, 16), 3)
        c.e += strand * np.clip(0.45 + 0.2 * c.noise(6, 2), 0, None)
        c.nuclei(c.scatter(10, where=0.6 * strand), radius=2.5, elongation=2.0, amount=0.9)


@_tissue("background", code="BACK")
def background(c: Canvas) -> None:
    """Empty glass: light, a haze, specks of dust."""
    c.e += np.clip(0.01 * c.noise(60), 0, 0.05)
    c.h += c.between(0, 0.02)
    specks = c.draw.uniform(0, c.field, (int(c.draw.integers(0, 14)), 2)).astype(np.float32)
    c.nuclei(specks, radius=c.between(0.4, 1.5), elongation=1.3, variety=0.5, amount=c.between(0.15, 0.8))


@_tissue("debris", code="DEB")
def debris(c: Canvas) -> None:
    """Necrosis: granular, eosin-rich, ghosts of cells and crumbs of their nuclei."""
    grain = c.noise(c.between(2.0, 4.5), 2)
    blue = c.between(0.05, 0.4) * (c.draw.random() < 0.7)
    c.e += np.clip(c.between(0.35, 0.75) * (1 + 0.3 * grain + 0.12 * c.noise(25)), 0.05, None)
    c.h += np.clip(blue * (1 + 0.35 * c.noise(4, 2)), 0, None)
    c.nuclei(c.scatter(c.between(7, 12)), radius=2.8, variety=0.3, amount=c.between(0.05, 0.25))  # ghosts
    where = c.between(0.05, 0.8) * smoothstep(c.noise(30), -0.6, 1.0)
    c.nuclei(c.scatter(c.between(4.5, 9), where=where), radius=c.between(0.7, 1.3), variety=0.45, amount=0.9)
    gaps = c.between(0.8, 2.6)
    c.empty(smoothstep(c.noise(c.between(10, 35), 3), gaps, gaps + 0.2))
    cracks = c.noise(6, 2)
    c.empty(0.8 * smoothstep(cracks, 1.5, 2.0))


@_tissue("lymphocytes", code="LYM")
def lymphocytes(c: Canvas) -> None:
    """Small round dark nuclei, side by side, with hardly any cytoplasm."""
    c.e += np.clip(c.between(0.05, 0.3) + 0.08 * c.noise(9, 2), 0, None)
    spacing = c.between(5.6, 10.5)
    c.empty(smoothstep(c.noise(9, 2), 0.4, 1.0) * (c.draw.random() < 0.75))
    lymphocyte_nuclei(c, c.scatter(spacing, jitter=0.5))
    c.nuclei(c.scatter(spacing * 3), radius=4.3, elongation=1.5, amount=0.45, hollow=0.4)


@_tissue("mucus", code="MUC")
def mucus(c: Canvas) -> None:
    """Pools of mucin: pale, bluish, streaked with thin wavy threads; few cells."""
    across = c.flow(angle=c.between(0, np.pi), waviness=c.between(8, 30), scale=c.between(30, 70))
    body = np.clip(1 + 0.35 * c.noise(25, 3) + 0.25 * c.strands(across, 5), 0, None)
    c.h += c.between(0.03, 0.3) * body
    c.e += c.between(0.0, 0.12) * body
    for width in (c.between(2.5, 4), c.between(6, 14)):
        thread = np.exp(-((c.strands(across + 3 * c.noise(14), width) / 0.16) ** 2))
        broken = smoothstep(c.noise(20), -0.7, 0.6)
        c.h += c.between(0.08, 0.3) * thread * broken
        c.e += c.between(0.05, 0.3) * thread * broken
    c.empty(0.9 * smoothstep(c.noise(28, 2), c.between(0.6, 1.8), 2.0))
    points = c.scatter(c.between(22, 45), jitter=0.9)
    c.nuclei(points, radius=2.8, elongation=2.0, variety=0.3, amount=0.8)
    if c.draw.random() < 0.3:
        spot = c.draw.uniform(0, c.field, 2)
        c.b += 0.8 * smoothstep(np.hypot(c.x - spot[0], c.y - spot[1]) + 3 * c.noise(9), c.between(5, 11), 3)


@_tissue("smooth muscle", code="MUS")
def smooth_muscle(c: Canvas) -> None:
    """Straight bundles, dense and pink, with cigar-shaped nuclei that lie along them."""
    across = fibrous(
        c, waviness=c.between(0.5, 4), width=c.between(2.2, 4.5), clefts=c.between(-0.1, 0.2),
        eosin=c.between(0.3, 0.75), angle=c.between(0, np.pi),
    )  # fmt: skip
    points = c.scatter(c.between(13, 21), jitter=0.7)
    elongation = c.between(2.6, 4.5)
    turn = along(c, across, points)
    c.nuclei(points, radius=2.9, angle=turn, elongation=elongation, variety=0.15, amount=c.between(0.5, 0.8))
    if c.draw.random() < 0.2:
        vessel(c)


@_tissue("normal colon mucosa", "colon", False, "NORM")
def normal_colon_mucosa(c: Canvas) -> None:
    """Round crypts in rank and file, goblet cells, small nuclei at the rim; lymphocytes in a pale lamina propria."""
    loose(c, eosin=c.between(0.15, 0.35))
    lymphocyte_nuclei(c, c.scatter(c.between(9, 15), jitter=0.8, where=np.full_like(c.e, 0.8)))
    radius = c.between(24, 38)
    for centre in c.scatter(2 * radius + c.between(6, 22), jitter=0.25):
        gland(c, centre, radius, irregular=0.05, nucleus=2.7, goblets=True, lumen=c.between(0.12, 0.3))


@_tissue("cancer-associated stroma", code="STR")
def stroma(c: Canvas) -> None:
    """Stroma around a cancer: wavy collagen, clefts, plump spindle cells this way and that, a few lymphocytes."""
    across = fibrous(
        c, waviness=c.between(5, 22), width=c.between(1.8, 4), clefts=c.between(0.15, 0.5),
        eosin=c.between(0.25, 0.65), angle=c.between(0, np.pi),
    )  # fmt: skip
    c.h += np.clip(c.between(0, 0.12) * (1 + c.noise(15)), 0, None)
    points = c.scatter(c.between(13, 24), jitter=1.0)
    turn = along(c, across, points) + c.draw.normal(0, 0.35, len(points)).astype(np.float32)
    c.nuclei(points, radius=2.9, angle=turn, elongation=c.between(1.7, 3), variety=0.28, amount=0.75, hollow=0.2)
    lymphocyte_nuclei(c, c.scatter(c.between(18, 40), jitter=1.0))
    if c.draw.random() < 0.2:
        vessel(c)


@_tissue("colorectal adenocarcinoma epithelium", "colon", True, "TUM")
def colorectal_adenocarcinoma(c: Canvas) -> None:
    """Crowded irregular glands or solid sheets; large, long, stratified nuclei that differ from each other."""
    if c.draw.random() < 0.5:
        across = loose(c, eosin=0.3)
        points = c.scatter(14, jitter=0.9)
        c.nuclei(points, radius=3, angle=along(c, across, points), elongation=2.3, variety=0.2, amount=0.75)
        radius = c.between(28, 55)
        for centre in c.scatter(1.75 * radius, jitter=0.5):
            gland(
                c, centre, radius, irregular=0.22, layers=int(c.draw.integers(2, 4)), nucleus=c.between(3.1, 4.2),
                variety=0.25, hollow=0.3, lumen=c.between(0.1, 0.42), amount=c.between(0.6, 1.0),
            )  # fmt: skip
        return
    sheet(c, np.ones_like(c.e), spacing=c.between(7, 10.5), radius=c.between(3.3, 4.6), variety=0.27, hollow=0.4)
    slit = c.noise(c.between(30, 50), 2)
    c.empty(smoothstep(slit, c.between(1.1, 2.5), 2.7))
    c.e += 0.2 * smoothstep(c.strands(c.flow(angle=c.between(0, 3), waviness=14), 16), 0.75, 0.95)


@_tissue("benign lung tissue", "lung", False)
def lung_benign(c: Canvas) -> None:
    """Alveoli: air in thin walls, and the walls carry nuclei and red cells, which fat does not."""
    wall, _, _ = c.walls(c.scatter(c.between(38, 70), jitter=0.7))
    wall = np.abs(wall + 2.5 * c.noise(20))
    thick = c.between(2.2, 5)
    septum = smoothstep(wall, 1.5 * thick, 0.7 * thick)
    c.e += septum * np.clip(c.between(0.3, 0.55) + 0.12 * c.noise(6), 0, None)
    c.nuclei(c.scatter(6.5, where=0.55 * septum), radius=2.8, elongation=1.6, variety=0.2, amount=0.9)
    c.b += 0.5 * septum * smoothstep(c.noise(7), 0.8, 1.3)
    c.nuclei(c.scatter(40, jitter=1), radius=5, amount=0.3, hollow=0.3)  # macrophages


@_tissue("lung adenocarcinoma", "lung", True)
def lung_malignant(c: Canvas) -> None:
    """Nests and acini of large dark cells in a desmoplastic stroma with lymphocytes."""
    nests(c, scale=c.between(35, 60), share=c.between(-0.6, 0.2), radius=c.between(4.4, 5.6), acinar=True)
    lymphocyte_nuclei(c, c.scatter(c.between(14, 26), jitter=1.0))


@_tissue("benign breast tissue", "breast", False)
def breast_benign(c: Canvas) -> None:
    """Lobules: small round ducts with two rows of small nuclei, in calm collagen."""
    fibrous(c, waviness=12, width=5, clefts=c.between(-0.1, 0.2), eosin=c.between(0.35, 0.6), angle=c.between(0, 3))
    c.nuclei(c.scatter(22, jitter=1), radius=2.4, elongation=2.6, amount=0.7)
    radius = c.between(11, 18)
    for centre in c.scatter(2.4 * radius + c.between(4, 20), jitter=0.5):
        gland(c, centre, radius, irregular=0.06, layers=2, nucleus=2.5, lumen=c.between(0.15, 0.4))


@_tissue("invasive breast carcinoma", "breast", True)
def breast_malignant(c: Canvas) -> None:
    """Cords and nests of large cells that run through dense collagen."""
    across = fibrous(c, waviness=14, width=3.5, clefts=0.15, eosin=c.between(0.35, 0.65), angle=c.between(0, 3))
    if c.draw.random() < 0.5:
        cord = smoothstep(c.strands(across + 2 * c.noise(20), c.between(9, 14)), 0.1, 0.45)
        sheet(c, cord, spacing=c.between(8, 10), radius=c.between(3.8, 5), variety=0.25, hollow=0.3)
    else:
        nests(c, scale=c.between(28, 50), share=c.between(-0.2, 0.5), radius=c.between(4.2, 5.6), acinar=False)


@_tissue("benign skin", "skin", False)
def skin_benign(c: Canvas) -> None:
    """Epidermis in layers over coarse collagen: keratin flakes, squamous cells, a dark basal row."""
    fibrous(c, waviness=10, width=6, clefts=0.3, eosin=c.between(0.45, 0.8), angle=c.between(-0.4, 0.4))
    c.nuclei(c.scatter(20, jitter=1), radius=2.5, elongation=2.4, amount=0.75)
    turn = c.between(0, 2 * np.pi)
    depth = (c.x - c.field / 2) * np.cos(turn) + (c.y - c.field / 2) * np.sin(turn) + c.between(3, 9) * c.noise(35)
    thick, place = c.between(30, 60), c.between(-15, 25)
    epidermis = smoothstep(depth, place + 1.5, place - 1.5)
    sheet(c, epidermis, spacing=c.between(9, 12), radius=3.3, variety=0.12, hollow=0.2)
    basal = smoothstep(np.abs(depth - place + 5), 6, 3)
    c.nuclei(c.scatter(6, where=basal), radius=3, elongation=1.6, amount=0.95)
    flakes = smoothstep(depth, place - thick + 2, place - thick - 2)
    c.empty(flakes)
    c.e += flakes * 0.6 * smoothstep(c.strands(depth + c.noise(25), 4), 0.1, 0.5)


@_tissue("melanoma", "skin", True)
def skin_malignant(c: Canvas) -> None:
    """Melanoma: nests of cells with great pale nuclei and big nucleoli, clefts around them, brown pigment."""
    nests(c, scale=c.between(40, 70), share=c.between(-0.9, 0.0), radius=c.between(4.8, 6.2), acinar=False, hollow=0.75)
    pigment = smoothstep(c.noise(6, 2), c.between(1.2, 2.4), 2.6)
    c.b += 0.9 * pigment
    c.h += 0.4 * pigment


@_tissue("benign gastric mucosa", "stomach", False)
def stomach_benign(c: Canvas) -> None:
    """Gastric pits: long tubules side by side, a pale mucin cap towards the lumen, small nuclei at the base."""
    loose(c, eosin=0.25)
    lymphocyte_nuclei(c, c.scatter(15, jitter=0.9))
    across = c.flow(angle=c.between(0, np.pi), waviness=c.between(3, 9))
    period = c.between(32, 48)
    place = np.abs((across / period) % 1 - 0.5) * 2  # 0 in the lumen of a pit, 1 between the pits
    wall = smoothstep(place, 0.86, 0.8)
    for layer, value in ((c.e, c.between(0.3, 0.5)), (c.h, 0.15)):
        fill(layer, wall, value)
    cap = smoothstep(place, 0.52, 0.42)
    for layer, value in ((c.e, 0.14), (c.h, 0.05)):
        fill(layer, cap, value)
    c.empty(smoothstep(place + 0.05 * c.noise(10), 0.14, 0.08))
    rim = smoothstep(np.abs(place - 0.68), 0.12, 0.05)
    points = c.scatter(5.6, where=rim)
    c.nuclei(points, radius=2.7, angle=along(c, across, points) + np.pi / 2, elongation=1.5, amount=0.85)


@_tissue("gastric signet ring cell carcinoma", "stomach", True)
def stomach_malignant(c: Canvas) -> None:
    """Signet-ring cells: a drop of mucin fills the cell and presses the nucleus to its edge."""
    loose(c, eosin=c.between(0.25, 0.45))
    points = c.scatter(c.between(12, 17), jitter=0.6)
    radius = c.between(4.8, 6.5)
    near = c.nearest(points)
    c.e += 0.25 * smoothstep(near, radius + 2.5, radius + 1)
    hole = smoothstep(near, radius + 0.5, radius - 0.7)
    fill(c.e, hole, 0.06)
    fill(c.h, hole, 0.07)
    angle = c.draw.uniform(0, 2 * np.pi, len(points)).astype(np.float32)
    edge = points + (0.95 * radius) * np.stack([np.cos(angle), np.sin(angle)], 1)
    c.nuclei(edge.astype(np.float32), radius=3.3, angle=angle + np.pi / 2, elongation=2.2, variety=0.25, amount=1.0)
