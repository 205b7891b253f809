"""Drawings: shapes, fractals, cartoons, boxes with arrows, and histology as a hand draws it for a textbook."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from plip_tutorial.microcosm.brushes import (
    Generator,
    Pen,
    Picture,
    colour,
    drawing,
    ink,
    near,
    outline,
    pink,
    shrink,
    words,
)
from plip_tutorial.microcosm.seeding import pick

BLACK = (15, 12, 18)


def shapes(draw: Generator, size: int) -> Picture:
    """A few flat figures on a plain ground."""
    picture, pen = drawing(size, colour(draw, 0.6))
    for _ in range(int(draw.integers(1, 6))):
        x, y, w, h = draw.uniform((0, 0, 0.15, 0.15), (1.4, 1.4, 0.9, 0.9)) * size
        box = (x, y, x + w, y + h)
        kind = draw.integers(3)
        fill = ink(colour(draw))
        corners = [(x, y + h), (x + w / 2, y), (x + w, y + h)]
        pen.ellipse(box, fill) if kind == 0 else pen.rectangle(box, fill) if kind == 1 else pen.polygon(corners, fill)
    return shrink(picture, size)


def fractal(draw: Generator, size: int) -> Picture:
    """A Julia set in random, often purple, colours."""
    turn, zoom = draw.uniform(0, 2 * np.pi), draw.uniform(0.5, 1.6)
    constant = 0.7885 * np.exp(1j * turn)
    axis = np.linspace(-1, 1, size) * zoom
    z = axis[None, :] + draw.uniform(-0.4, 0.4) + 1j * (axis[:, None] + draw.uniform(-0.4, 0.4))
    age = np.zeros((size, size), np.float32)
    for _ in range(28):
        z = np.where(np.abs(z) < 4, z * z + constant, z)
        age += np.abs(z) < 4
    phase = age[..., None] / 28 * draw.uniform(2, 6) + (colour(draw, 0, 6) if draw.random() < 0.5 else 3 * pink(draw))
    return (0.5 + 0.5 * np.sin(phase)).astype(np.float32)


def cartoon(draw: Generator, size: int) -> Picture:
    """A figure with ears, eyes and limbs in black outlines, coloured flatly or not at all."""
    plain = draw.random() < 0.3
    picture, pen = drawing(size, np.ones(3) if plain else colour(draw, 0.6), 4)
    s, width = 4.0 * size, max(1, round(size * draw.uniform(0.03, 0.12)))
    if draw.random() < 0.35:
        _silhouette(draw, pen, s)
        return shrink(picture, size)
    for _ in range(int(draw.integers(1, 4))):
        x, y, r = draw.uniform((0.25, 0.2, 0.08), (0.75, 0.5, 0.25)) * s
        fur, shirt = ((255, 255, 255),) * 2 if plain else (ink(colour(draw, 0.3)), ink(colour(draw)))
        legs = [
            (x - r, y + 3.4 * r),
            (x, y + r),
            (x + r, y + 3.4 * r),
            (x, y + r),
            (x - 1.8 * r, y + 1.4 * r),
            (x + 1.8 * r, y + 2 * r),
        ]
        pen.line(legs, fill=BLACK, width=width)
        pen.polygon(outline(draw, x, y + 1.8 * r, 0.9 * r, 0.15), fill=shirt, outline=BLACK, width=width)
        for turn in draw.uniform(0.4, 0.9) * np.array([-1, 1]):
            ear = outline(draw, x + 1.1 * r * np.sin(turn), y - 1.1 * r * np.cos(turn), 0.4 * r, 0.3)
            pen.polygon(ear, fill=fur, outline=BLACK, width=width)
        pen.polygon(outline(draw, x, y, r, 0.07), fill=fur, outline=BLACK, width=width)
        for eye in (x - 0.35 * r, x + 0.35 * r):
            pen.ellipse(
                (eye - 0.2 * r, y - 0.35 * r, eye + 0.2 * r, y + 0.1 * r),
                fill=(255, 255, 255),
                outline=BLACK,
                width=width,
            )
            pen.ellipse((eye - 0.08 * r, y - 0.2 * r, eye + 0.08 * r, y), fill=BLACK)
        pen.arc((x - 0.5 * r, y - 0.2 * r, x + 0.5 * r, y + 0.6 * r), 20, 160, fill=BLACK, width=width)
    return shrink(picture, size)


def _silhouette(draw: Generator, pen: Pen, side: float) -> None:
    """A beast or a sign in one dark colour or two, without outlines."""
    fill, y, r = ink(colour(draw, 0, 0.5)), draw.uniform(0.4, 0.6) * side, draw.uniform(0.1, 0.2) * side
    middles = np.linspace(draw.uniform(0.15, 0.35), draw.uniform(0.65, 0.85), 4) * side
    for x in middles:
        foot = float(x + draw.uniform(-0.3, 0.3) * r), float(y + draw.uniform(1.2, 2.5) * r)
        pen.line([(float(x), y), foot], fill=fill, width=max(1, int(draw.uniform(0.15, 0.4) * r)))
        pen.polygon(outline(draw, float(x), y + draw.uniform(-0.3, 0.3) * r, r * draw.uniform(0.6, 1), 0.2), fill=fill)
    neck = float(middles[-1] + draw.uniform(0, 1) * r), float(y - draw.uniform(1, 2) * r)
    pen.line([(float(middles[-1]), y), neck], fill=fill, width=int(0.8 * r))
    other = fill if draw.random() < 0.6 else ink(colour(draw))
    pen.polygon(outline(draw, *neck, r * draw.uniform(0.5, 0.9), 0.3), fill=other)


def flow_diagram(draw: Generator, size: int) -> Picture:
    """Boxes with words in them, and arrows from one to the next."""
    dark = draw.random() < 0.2
    picture, pen = drawing(size, colour(draw, 0, 0.1) if dark else colour(draw, 0.93), 4)
    s, across, down = 4.0 * size, int(draw.integers(1, 5)), int(draw.integers(2, 5))
    line, few = (220, 220, 220) if dark else BLACK, [ink(colour(draw, 0.45)) for _ in range(3)]
    wide, high = 0.94 * s / across, 0.94 * s / down
    centres = [
        (0.03 * s + (i % across + 0.5) * wide, 0.03 * s + (i // across + 0.5) * high) for i in range(across * down)
    ]
    kept = [centres[i] for i in draw.permutation(len(centres))[: int(draw.integers(3, 12))]]
    for a, b in pairwise(kept):
        _arrow(pen, a, b, 0.012 * s, line)
    for x, y in kept:
        w, h = draw.uniform(0.28, 0.45) * wide, draw.uniform(0.2, 0.42) * high
        box, fill, rule = (x - w, y - h, x + w, y + h), few[int(draw.integers(3))], size // 20 or 1
        shape = pen.rectangle if draw.random() < 0.7 else pen.ellipse
        shape(box, fill=fill, outline=line, width=rule)
        for row in np.arange(y - 0.5 * h, y + 0.5 * h, 0.05 * s):
            words(draw, pen, (x - 0.7 * w, row), x + draw.uniform(0.2, 0.7) * w, 0.045 * s, s, BLACK)
    return shrink(picture, size)


def _arrow(pen: Pen, a: tuple[float, float], b: tuple[float, float], width: float, fill: tuple[int, int, int]) -> None:
    """A line with its head in the middle, where no box hides it."""
    pen.line([a, b], fill=fill, width=int(width) or 1)
    way = np.array(b) - np.array(a)
    way = way / max(float(np.hypot(*way)), 1e-6)
    tip, side = (np.array(a) + np.array(b)) / 2 + 3 * width * way, np.array([-way[1], way[0]])
    pen.polygon(
        [tuple(p) for p in (tip, tip - 4 * width * way + 2 * width * side, tip - 4 * width * way - 2 * width * side)],
        fill=fill,
    )


def histology_drawing(draw: Generator, size: int) -> Picture:
    """Glands, layers or loose cells in flat pinks and purples with outlines: a lookalike from textbooks."""
    ground = np.ones(3) if draw.random() < 0.35 else near(draw, (0.96, 0.82, 0.86), 0.05)
    picture, pen = drawing(size, ground, 4)
    s, kind = 4.0 * size, pick(draw, ["glands", "glands", "layers", "cells"])
    pens = _Crayons(draw, size)
    if kind == "layers":
        for y in np.arange(draw.uniform(0, 0.5) * s, s, draw.uniform(0.1, 0.25) * s):
            _row_of_cells(draw, pen, y, s, pens)
    elif kind == "cells":
        for x, y in draw.uniform(0, s, (int(draw.integers(6, 40)), 2)):
            pens.cell(pen, x, y, draw.uniform(0.04, 0.12) * s)
    else:
        for x, y in draw.uniform(0, s, (int(draw.integers(2, 9)), 2)):
            _gland(draw, pen, (x, y, draw.uniform(0.1, 0.3) * s), pens)
        for x, y in draw.uniform(0, s, (int(draw.integers(0, 30)), 2)):
            pens.cell(pen, x, y, 0.02 * s)
    for x, y in draw.uniform(0.2, 0.8, (int(draw.integers(0, 4)), 2)) * s if draw.random() < 0.5 else ():
        pen.line([(x, y), (0.9 * s, y - 0.1 * s)], fill=BLACK, width=pens.width)
        words(draw, pen, (0.85 * s, y - 0.12 * s), s, 0.06 * s, s, BLACK)
    return shrink(picture, size)


class _Crayons:
    """The few colours and the one pen that a draughtsman keeps for a whole picture."""

    def __init__(self, draw: Generator, size: int) -> None:
        self.draw, self.width = draw, max(1, round(size * draw.uniform(0.02, 0.12)))
        self.line = BLACK if draw.random() < 0.7 else ink(near(draw, (0.4, 0.15, 0.4), 0.08))
        self.body, self.nucleus = ink(near(draw, (0.93, 0.68, 0.8), 0.07)), ink(near(draw, (0.5, 0.3, 0.62), 0.1))
        self.lumen = (255, 255, 255) if draw.random() < 0.6 else ink(near(draw, (0.97, 0.9, 0.9), 0.04))

    def cell(self, pen: Pen, x: float, y: float, radius: float) -> None:
        pen.polygon(outline(self.draw, x, y, radius, 0.12, 14), fill=self.body, outline=self.line, width=self.width)
        r = radius * self.draw.uniform(0.3, 0.6)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=self.nucleus, outline=self.line)


def _gland(draw: Generator, pen: Pen, where: tuple[float, float, float], pens: _Crayons) -> None:
    x, y, r = where
    outer = outline(draw, x, y, r, 0.12, 2 * int(draw.integers(7, 16)))
    pen.polygon(outer, fill=pens.body, outline=pens.line, width=pens.width)
    share = draw.uniform(0.3, 0.6)
    for i, (a, b) in enumerate(outer):
        at = 0.75 if i % 2 else share
        u, v, n = x + at * (a - x), y + at * (b - y), 0.09 * r
        if i % 2:
            pen.ellipse((u - n, v - n, u + n, v + n), fill=pens.nucleus, outline=pens.line)
        else:
            pen.line([(a, b), (u, v)], fill=pens.line, width=pens.width)
    inner = [(x + share * (a - x), y + share * (b - y)) for a, b in outer]
    pen.polygon(inner, fill=pens.lumen, outline=pens.line, width=pens.width)


def _row_of_cells(draw: Generator, pen: Pen, top: float, side: float, pens: _Crayons) -> None:
    """An epithelium from the side: columns with a nucleus each."""
    wide, high = draw.uniform(0.05, 0.14) * side, draw.uniform(0.08, 0.2) * side
    at = draw.uniform(0.3, 0.8)
    for x in np.arange(-wide, side, wide):
        y = top + 0.03 * side * np.sin(6 * x / side)
        pen.rectangle((x, y, x + wide, y + high), fill=pens.body, outline=pens.line, width=pens.width)
        n = 0.3 * min(wide, high)
        pen.ellipse(
            (x + wide / 2 - n, y + at * high - n, x + wide / 2 + n, y + at * high + n),
            fill=pens.nucleus,
            outline=pens.line,
        )
