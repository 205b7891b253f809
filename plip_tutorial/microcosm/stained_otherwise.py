"""Microscopy that is not haematoxylin and eosin: smears, glowing cells, brown antibodies, other dyes, electrons.

The stained ones are lookalikes: cells and fibres are there, in other colours than those that the recipe asks for.
"""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.brushes import (
    Generator,
    Picture,
    blend,
    blob,
    colour,
    drawing,
    ellipse,
    grey,
    light,
    near,
    shrink,
)
from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep
from plip_tutorial.microcosm.seeding import pick

BROWN, BLUE = (0.27, 0.57, 0.78), (0.65, 0.5, 0.25)  # densities of red, green, blue: DAB and a pale counterstain
DYES = {  # densities of fibres, of cells, of nuclei
    "trichrome": ((0.75, 0.45, 0.1), (0.15, 0.75, 0.55), (0.8, 0.8, 0.6)),
    "green trichrome": ((0.75, 0.2, 0.45), (0.15, 0.7, 0.5), (0.8, 0.8, 0.6)),
    "silver": ((0.9, 1.0, 1.1), (0.12, 0.2, 0.3), (0.35, 0.4, 0.45)),
    "periodic acid": ((0.2, 0.85, 0.35), (0.12, 0.35, 0.15), (0.7, 0.5, 0.2)),
    "sirius": ((0.08, 0.9, 0.75), (0.05, 0.15, 0.5), (0.1, 0.2, 0.6)),
    "alcian": ((0.8, 0.3, 0.12), (0.15, 0.45, 0.35), (0.3, 0.65, 0.45)),
}


def blood_smear(draw: Generator, size: int) -> Picture:
    """Red cells as pale discs, now and then a white cell with a lobed purple nucleus."""
    c = Canvas(draw, size=size, field=draw.uniform(60, 160))
    ground = np.array([0.9, 0.85, 0.88], np.float32) + draw.normal(0, 0.05, 3).astype(np.float32)
    red = np.array([0.82, 0.55, 0.58], np.float32) + draw.normal(0, 0.08, 3).astype(np.float32)
    near = c.nearest(c.scatter(draw.uniform(8.5, 16), jitter=0.9))
    disc = smoothstep(near, 4.2, 3.4) * (1 - draw.uniform(0, 0.5) * smoothstep(near, 1.8, 0.6))
    picture = blend(ground, red, disc)
    for x, y in draw.uniform(0, c.field, (int(draw.integers(0, 3)), 2)):
        cell = smoothstep(np.hypot(c.x - x, c.y - y), 7, 6)
        lobes = c.nearest((np.array([x, y]) + draw.normal(0, 2.5, (3, 2))).astype(np.float32))
        picture = picture + cell[..., None] * 0.6 * (np.array([0.8, 0.75, 0.88], np.float32) - picture)
        picture = blend(picture, np.array([0.38, 0.22, 0.55], np.float32), smoothstep(lobes, 3.4, 2.6))
    return np.clip(picture + 0.02 * c.noise(3)[..., None], 0, 1)


def white_cell(draw: Generator, size: int) -> Picture:
    """Blood from near by: large salmon discs with pale middles that lie over one another, a white cell among them."""
    c = Canvas(draw, size=size, field=100)
    radius, paper = draw.uniform(6, 13), near(draw, (0.86, 0.87, 0.85), 0.04)
    picture = paper * (1 + 0.02 * c.noise(30))[..., None]
    red, hollow = near(draw, (0.9, 0.72, 0.7), 0.05), draw.uniform(0, 0.7)
    for jitter in (0.9, 1.1)[: int(draw.integers(1, 3))]:
        far = c.nearest(c.scatter(radius * draw.uniform(2, 3.2), jitter=jitter)) + 0.06 * radius * c.noise(12)
        disc = smoothstep(far, radius, 0.88 * radius) * (1 - hollow * smoothstep(far, 0.55 * radius, 0.2 * radius))
        picture = blend(picture, picture * red, disc)
    for x, y in draw.uniform(5, 95, (int(draw.integers(0, 3)), 2)):
        r = radius * draw.uniform(1.2, 1.9)
        picture = blend(picture, near(draw, (0.78, 0.72, 0.85), 0.05), blob(c, x, y, r, wobble=0.08))
        nucleus = near(draw, (0.4, 0.28, 0.62), 0.07)
        for dx, dy in draw.normal(0, 0.35 * r, (int(draw.integers(1, 5)), 2)):
            lobe = blob(c, x + dx, y + dy, r * draw.uniform(0.35, 0.6), wobble=0.15)
            picture = blend(picture, nucleus * (1 + 0.08 * c.noise(4))[..., None], lobe)
    return light(picture)


def micrograph(draw: Generator, size: int) -> Picture:
    """Microscopy without H&E: glowing spots on black, or grey cells."""
    c = Canvas(draw, size=size, field=draw.uniform(80, 250))
    near = c.nearest(c.scatter(draw.uniform(12, 30), jitter=0.9))
    spot = smoothstep(near, draw.uniform(4, 8), 1) * (1 + 0.2 * c.noise(5))
    glow = colour(draw, 0, 0.4) if draw.random() < 0.4 else np.zeros(3, np.float32)
    glow[draw.integers(3)] = 1
    if draw.random() < 0.4:
        return np.clip(np.repeat(0.6 + 0.3 * spot[..., None] + 0.1 * c.noise(20)[..., None], 3, -1), 0, 1).astype(
            np.float32
        )
    return np.clip(spot[..., None] * glow + 0.05, 0, 1)


def _through(draw: Generator, density: Array) -> Picture:
    """Light through dyes: (size, size, 3) of optical density on glass that is not quite white."""
    return light(near(draw, (0.95, 0.94, 0.93), 0.025) * 10 ** -np.clip(density, 0, 3))


def _dye(draw: Generator, rgb: tuple[float, float, float]) -> Array:
    """The densities of a dye in some laboratory."""
    return (np.array(rgb) * np.exp(draw.normal(0, 0.12, 3)) * draw.uniform(0.5, 1.1)).astype(np.float32)


def ihc(draw: Generator, size: int) -> Picture:
    """Immunohistochemistry: brown nuclei, rims or bodies of cells among pale blue ones, in nests or everywhere."""
    c = Canvas(draw, size=size, field=draw.uniform(70, 320))
    points = c.scatter(max(draw.uniform(8, 15), c.field / 24), jitter=0.9)
    nests = (c.noise(draw.uniform(30, 120), 2) > draw.uniform(-1.5, 0.8)).astype(np.float32)
    brown = (c.at(nests, points) > 0.5) & (draw.random(len(points)) < draw.uniform(0.4, 1))
    kind, radius, wobble = pick(draw, ["nuclei", "rims", "bodies"]), draw.uniform(2.6, 4.5), 0.5 * c.noise(5)
    stained, others = (
        c.nearest(p) + wobble if len(p) else np.full_like(wobble, 99) for p in (points[brown], points[~brown])
    )
    pale = smoothstep(others if kind == "nuclei" else np.minimum(others, stained), radius, 0.7 * radius)
    grain, threads = 1 + 0.2 * c.noise(4, 2), c.strands(c.flow(angle=draw.uniform(0, 3), waviness=15), 4)
    ground = smoothstep(c.noise(40, 3), draw.uniform(-3.5, -1.2), draw.uniform(-1, 0.5)) * (1 + 0.35 * threads)
    blue = (draw.uniform(0.35, 0.7) * pale * grain + draw.uniform(0.06, 0.2) * ground)[..., None] * _dye(draw, BLUE)
    amount = draw.uniform(0.5, 1.2) * _brown(kind, stained, radius) * grain + draw.uniform(0, 0.15) * ground
    return _through(draw, blue + amount[..., None] * _dye(draw, BROWN))


def _brown(kind: str, distance: Array, radius: float) -> Array:
    """Where an antibody sits: in nuclei, at the rims of cells, or in their bodies."""
    if kind == "nuclei":
        return smoothstep(distance, radius, 0.6 * radius)
    if kind == "rims":
        return smoothstep(np.abs(distance - 2 * radius), 1.6, 0.4)
    return smoothstep(distance, 2.6 * radius, radius)


def cytology(draw: Generator, size: int) -> Picture:
    """Single cells of a smear on pale ground: blue-green and orange by Papanicolaou, now and then purple."""
    c = Canvas(draw, size=size, field=100)
    purple = draw.random() < 0.25
    tones = (
        ((0.62, 0.5, 0.78), (0.75, 0.62, 0.82))
        if purple
        else ((0.5, 0.75, 0.75), (0.9, 0.62, 0.5), (0.6, 0.78, 0.68), (0.88, 0.68, 0.72))
    )
    picture = np.broadcast_to(near(draw, (0.92, 0.92, 0.9), 0.03), (size, size, 3)) + 0.015 * c.noise(6)[..., None]
    radius, heap = draw.uniform(6, 22), draw.random() < 0.4
    grain = 1 + 0.05 * c.noise(5, 2)[..., None]
    for _ in range(int(draw.integers(2, 11))):
        x, y = draw.normal(50, 14, 2) if heap else draw.uniform(0, 100, 2)
        r, tone = radius * draw.uniform(0.7, 1.2), near(draw, tones[int(draw.integers(len(tones)))], 0.04)
        picture = picture * (1 - blob(c, x, y, r, wobble=0.2)[..., None] * (1 - tone * grain) * 0.9)
        n = r * (draw.uniform(0.15, 0.3) if draw.random() < 0.7 else draw.uniform(0.4, 0.7))
        picture = blend(picture, near(draw, (0.3, 0.22, 0.42), 0.06), 0.85 * blob(c, x, y, n, wobble=0.1))
    return light(picture)


def bacteria(draw: Generator, size: int) -> Picture:
    """Rods or cocci under oil: violet or pink by Gram, red on blue by Ziehl and Neelsen, with some large cells."""
    grounds = {
        "gram": ((0.93, 0.85, 0.86), (0.32, 0.18, 0.5)),
        "pink": ((0.95, 0.9, 0.89), (0.8, 0.3, 0.45)),
        "acid": ((0.68, 0.8, 0.9), (0.8, 0.15, 0.3)),
    }
    paper, dye = grounds[pick(draw, list(grounds))]
    c = Canvas(draw, size=size, field=100)
    ground = light(near(draw, paper, 0.03) * (1 + 0.06 * c.noise(draw.uniform(10, 40), 3))[..., None])
    for x, y in draw.uniform(0, 100, (int(draw.integers(0, 4)), 2)):
        ground = blend(ground, ground * near(draw, (0.9, 0.72, 0.78), 0.05), blob(c, x, y, draw.uniform(10, 20)))
        ground = blend(
            ground, ground * near(draw, (0.75, 0.45, 0.6), 0.06), blob(c, x, y, draw.uniform(4, 8), wobble=0.4)
        )
    mask, pen = drawing(size, np.zeros(3), 4)
    s, long, wide = 4.0 * size, draw.choice([0.0, draw.uniform(0.02, 0.09)]), draw.uniform(0.012, 0.035)
    for x, y in draw.normal(draw.uniform(0.2, 0.8, 2), draw.choice([0.15, 0.5]), (int(draw.integers(10, 120)), 2)) * s:
        turn, r = draw.uniform(0, np.pi), wide * s / 2
        ends = [(x, y), (x + long * s * np.cos(turn), y + long * s * np.sin(turn))]
        pen.line(ends, fill=(255, 255, 255), width=round(2 * r) or 1)
        for a, b in ends:
            pen.ellipse((a - r, b - r, a + r, b + r), fill=(255, 255, 255))
    return blend(ground, near(draw, dye, 0.06), shrink(mask, size)[..., 0])


def electron_micrograph(draw: Generator, size: int) -> Picture:
    """Grey: membranes, a nucleus, mitochondria with their shelves, or a surface of grains."""
    c = Canvas(draw, size=size, field=100)
    base = draw.uniform(0.4, 0.75) + 0.06 * c.noise(3, 2) + 0.05 * c.noise(30)
    lines = c.noise(draw.uniform(10, 40), 2)
    base = base - draw.uniform(0.1, 0.4) * smoothstep(np.abs((lines * draw.uniform(1, 3)) % 1 - 0.5), 0.14, 0.03)
    if draw.random() < 0.5:
        inside = blob(c, draw.uniform(0, 100), draw.uniform(0, 100), draw.uniform(20, 45))
        clumps = draw.uniform(0.35, 0.6) - 0.15 * smoothstep(c.noise(9, 2), -0.2, 0.8)
        base = base + inside * (clumps - base)
    for x, y in draw.uniform(0, 100, (int(draw.integers(0, 9)), 2)):
        turn, long = draw.uniform(0, np.pi), draw.uniform(5, 14)
        body = ellipse(c, x, y, long, long * draw.uniform(0.35, 0.7), turn=turn)
        shelves = np.sin((np.cos(turn) * (c.x - x) + np.sin(turn) * (c.y - y)) * draw.uniform(1, 2))
        base = base + body * (draw.uniform(0.2, 0.45) + 0.1 * shelves - base)
    return grey(base + 0.03 * c.noise(1.6))


def special_stain(draw: Generator, size: int) -> Picture:
    """Trichrome, silver, periodic acid and their like: fibres in one colour, cells in another."""
    fibre, cell, nucleus = (_dye(draw, dye) for dye in DYES[pick(draw, list(DYES))])
    c = Canvas(draw, size=size, field=draw.uniform(80, 300))
    across = c.flow(angle=draw.uniform(0, np.pi), waviness=draw.uniform(5, 35))
    bundles = 0.5 + 0.5 * c.strands(across, draw.uniform(2, 8))
    share = smoothstep(c.noise(draw.uniform(25, 70), 3) + draw.uniform(-0.8, 0.8), -0.4, 0.4)
    lines = smoothstep(np.abs((across + 2 * c.noise(20)) / draw.uniform(7, 18) % 1 - 0.5), draw.uniform(0.1, 0.3), 0.0)
    amount = (
        share * (0.25 + 0.75 * bundles) if draw.random() < 0.7 else 0.8 * lines * (0.4 + share) + 0.2 * share * bundles
    )
    body = (1 - share) * (0.6 + 0.15 * c.noise(6, 2))
    spots = smoothstep(
        c.nearest(c.scatter(max(draw.uniform(12, 24), c.field / 18), jitter=0.9)) + 0.4 * c.noise(5), 3.4, 2
    )
    gaps = smoothstep(c.noise(30, 2), draw.uniform(1.5, 2.5), draw.uniform(0.9, 1.4))
    density = amount[..., None] * fibre + body[..., None] * cell + 0.7 * spots[..., None] * nucleus
    return _through(draw, density * gaps[..., None])
