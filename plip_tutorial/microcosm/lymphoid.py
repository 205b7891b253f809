"""Lymphocytes, lymph nodes, and what spreads to them. All lengths are micrometres."""

from __future__ import annotations

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.cells_and_glands import atypical, glands, line, lymphocyte_nuclei, nests
from plip_tutorial.microcosm.fibres_and_vessels import capillaries, loose
from plip_tutorial.microcosm.noise import smoothstep


def lymphocytes(c: Canvas) -> None:
    """Small round dark nuclei that touch each other, with hardly any cytoplasm, on pink or in a pale net."""
    spacing = c.between(4.9, 7.0) if c.chance(0.65) else c.between(7.0, 10.0)
    c.tint(1.0, e=c.between(0.04, 0.26), h=c.between(0.0, 0.1), grain=0.4)
    c.empty(c.between(0.3, 0.95) * smoothstep(c.noise(8, 2), c.between(0.1, 0.9), 1.3))
    c.nuclei(c.scatter(spacing * 3.2, jitter=0.9), radius=4.0, elongation=1.5, amount=0.35, hollow=0.5, nucleoli=0.4)
    lymphocyte_nuclei(c, c.scatter(spacing, jitter=0.6), c.between(0.36, 0.68))
    if c.chance(0.3):
        capillaries(c, 50)


def lymph_node_benign(c: Canvas) -> None:
    """A crowd of lymphocytes; follicles with pale germinal centres and a dark mantle, pale sinuses between."""
    c.tint(1.0, e=c.between(0.06, 0.22), h=c.between(0.02, 0.1), grain=0.3)
    away = c.nearest(c.sites(c.between(220, 420), jitter=1.0)) + 9 * c.noise(60)
    size = c.between(45, 90) if c.chance(0.75) else 0.0
    centre = smoothstep(away, size, size - 14)
    mantle = smoothstep(away, size + 35, size + 15) * (1 - centre) * (size > 0)
    sinus = smoothstep(c.noise(c.between(60, 110), 2), c.between(0.8, 1.6), 1.9) * (1 - centre) * (1 - mantle)
    c.empty(0.7 * sinus * smoothstep(c.noise(9, 2), -0.2, 0.8))
    c.tint(centre, e=0.2, h=0.08)
    c.nuclei(c.scatter(8.5, where=centre), radius=3.9, variety=0.2, amount=0.42, hollow=0.45, nucleoli=0.4)
    c.nuclei(c.scatter(26, where=0.8 * centre), radius=1.2, variety=0.4, amount=0.8)  # crumbs in macrophages
    spacing = c.between(5.8, 7.6)
    lymphocyte_nuclei(c, c.scatter(spacing, jitter=0.6, where=(1 - centre) * (1 - 0.8 * sinus)))
    lymphocyte_nuclei(c, c.scatter(5.6, where=mantle))
    c.nuclei(c.scatter(15, where=sinus), radius=4, amount=0.35, hollow=0.4)


def lymph_node_malignant(c: Canvas) -> None:
    """Carcinoma in a lymph node: large pale cells in nests or glands, lymphocytes pressed aside."""
    c.tint(1.0, e=c.between(0.06, 0.2), h=0.05, grain=0.3)
    lymphocyte_nuclei(c, c.scatter(c.between(5.8, 8), jitter=0.6))
    cells = atypical(c, (4.2, 6.0))
    if c.chance(0.3):
        loose(c, 0.25)
        return line(
            c, glands(c, spacing=c.between(50, 90), edge=c.between(0.65, 0.85), irregular=0.2, jitter=0.6), cells,
            layers=c.between(1.2, 2.5), lumen=c.between(0.1, 0.4),
        )  # fmt: skip
    nests(c, cells, scale=c.between(45, 120), share=c.between(-1.4, 0.0), cleft=0.15)
    return None
