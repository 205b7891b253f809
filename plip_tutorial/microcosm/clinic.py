"""Pictures of clinical medicine that pathologists post beside their slides: rays, echoes, scopes, skin, specimens."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.brushes import Generator, Picture, blend, blob, ellipse, grey, light, near
from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep
from plip_tutorial.microcosm.seeding import pick


def x_ray(draw: Generator, size: int) -> Picture:
    """A chest with dark lungs and ribs, or the long bones of a limb."""
    c = Canvas(draw, size=size, field=100)
    values = _chest(c) if draw.random() < 0.55 else _limb(c)
    values = draw.uniform(0.7, 1.1) * values + 0.03 * c.noise(30)
    return grey(1 - values if draw.random() < 0.08 else values)


def _chest(c: Canvas) -> Array:
    x, y, wide = c.between(44, 56), c.between(40, 55), c.between(13, 19)
    values = 0.65 * ellipse(c, x, 62, c.between(42, 60), 62, soft=15)
    lungs = np.maximum(*(ellipse(c, x + side * 1.35 * wide, y, wide, c.between(26, 34), soft=10) for side in (-1, 1)))
    values = values - c.between(0.35, 0.5) * lungs * (1 - 0.08 * c.noise(5, 3))
    arcs = (c.y + c.between(0.006, 0.02) * (c.x - x) ** 2) / c.between(7, 11)
    values += 0.09 * np.maximum(0, np.sin(2 * np.pi * arcs)) * lungs
    heart = blob(c, x + c.between(2, 7), y + 12, c.between(9, 16), soft=8)
    return values + 0.25 * heart * lungs + 0.2 * ellipse(c, x, 50, 3.5, 60, soft=4)


def _limb(c: Canvas) -> Array:
    turn, bend = c.between(-0.5, 0.5), c.between(-0.004, 0.004)
    u, v = np.cos(turn) * (c.x - 50) + np.sin(turn) * (c.y - 50), np.cos(turn) * (c.y - 50) - np.sin(turn) * (c.x - 50)
    u, joint = u + bend * v**2, c.between(-40, 40)
    values = c.between(0.2, 0.4) * smoothstep(np.abs(u), c.between(30, 45), 20)
    for at in c.draw.choice([[0.0], [-13.0, 12.0], [-24.0, 0.0, 24.0]][c.draw.integers(3)], 3):
        half = c.between(4, 9) * (1 + 0.5 * np.exp(-(((v - joint) / 14) ** 2)))
        inside = half - np.abs(u - at)
        bone = smoothstep(inside, -0.5, 1) * (0.3 + 0.3 * smoothstep(inside, 3, 0.5))
        values = np.maximum(values, 0.25 + bone * (1 + 0.1 * c.noise(4)) - 0.3 * (bone < 0.05))
    return np.asarray(values * (1 - 0.6 * np.exp(-(((v - joint) / 1.5) ** 2))), np.float32)


def ct_slice(draw: Generator, size: int) -> Picture:
    """A trunk with organs, lungs and a spine, or a head with a white skull; black around it."""
    c = Canvas(draw, size=size, field=100)
    x, y, wide = draw.uniform(46, 54), draw.uniform(46, 54), draw.uniform(36, 48)
    kind = pick(draw, ["belly", "chest", "head"])
    if kind == "head":
        high = wide * draw.uniform(1, 1.25)
        return grey(_head(c, (x, y, 0.8 * wide, min(48, 0.8 * high)), skull=0.95))
    high = wide * draw.uniform(0.6, 0.8)
    values = 0.28 * ellipse(c, x, y, wide, high) + 0.22 * ellipse(c, x, y, wide - draw.uniform(2, 7), 0.9 * high)
    for side in (-1, 1):
        if kind == "chest":
            lung = ellipse(c, x + side * 0.45 * wide, y - 2, 0.33 * wide, 0.66 * high)
            values = values + lung * (0.08 + 0.1 * smoothstep(c.noise(5, 2), 1, 2) - values)
        else:
            organ = blob(
                c, x + side * draw.uniform(0.3, 0.5) * wide, y + draw.uniform(-8, 8), draw.uniform(7, 17), wobble=0.3
            )
            values = values + organ * (draw.uniform(0.5, 0.75) - values)
    for _ in range(int(draw.integers(0, 4)) if kind == "belly" else 0):
        loop = blob(c, x + draw.uniform(-0.5, 0.5) * wide, y + draw.uniform(-0.5, 0.2) * high, draw.uniform(3, 6))
        values = values + loop * (draw.choice([0.03, 0.55, 0.9]) - values)
    spine = blob(c, x, y + 0.6 * high, 0.13 * wide, wobble=0.2)
    values = np.maximum(values, spine * (0.85 + 0.1 * c.noise(3)))
    ribs = smoothstep(np.abs(1 - ellipse(c, x, y, 0.9 * wide, 0.85 * high, soft=9) * 2), 0.35, 0.1)
    values = np.maximum(values, ribs * (np.sin(np.arctan2(c.y - y, c.x - x) * draw.integers(7, 13)) > 0.2) * 0.9)
    return grey(values + 0.02 * c.noise(2))


def _head(c: Canvas, where: tuple[float, float, float, float], skull: float) -> Array:
    """A head from above: scalp, skull, a brain with folds and ventricles."""
    x, y, wide, high = where
    bone = c.between(2.5, 5)
    values = 0.45 * ellipse(c, x, y, wide + 2, high + 2)
    inner = ellipse(c, x, y, wide - bone, high - bone)
    values = values + ellipse(c, x, y, wide, high) * (skull - values)
    folds = smoothstep(np.abs(c.noise(c.between(8, 14), 2)), 0.35, 0)
    brain, deep = c.between(0.35, 0.6), ellipse(c, x, y, 0.65 * wide, 0.7 * high, soft=12)
    values = values + inner * (brain + 0.12 * deep - 0.25 * folds * (1 - deep) - values)
    fluid = c.between(0.02, 0.2) if c.draw.random() < 0.7 else c.between(0.8, 1)
    for side in (-1, 1):
        horn = ellipse(c, x + side * c.between(4, 7), y, c.between(2, 4), c.between(7, 14), turn=0.3 * side)
        values = values + horn * (fluid - values)
    values = values - 0.3 * inner * smoothstep(np.abs(c.x - x), 1.2, 0.3) * (1 - deep)
    if c.draw.random() < 0.4:
        lump = blob(c, x + c.between(-15, 15), y + c.between(-15, 15), c.between(4, 10), wobble=0.3)
        values = values + lump * (c.between(0.7, 1) - values)
    return np.asarray(values + 0.03 * c.noise(2), np.float32)


def mri(draw: Generator, size: int) -> Picture:
    """A brain with a dark skull, or a joint or spine from the side."""
    c = Canvas(draw, size=size, field=100)
    if draw.random() < 0.65:
        wide = draw.uniform(28, 40)
        where = (draw.uniform(46, 54), draw.uniform(46, 54), wide, min(46, wide * draw.uniform(1.05, 1.3)))
        return grey(draw.uniform(0.8, 1.2) * _head(c, where, skull=0.06))
    x = draw.uniform(40, 60) + 8 * np.sin((c.y + draw.uniform(0, 100)) / 30)
    values = 0.35 * smoothstep(np.abs(c.x - x), 48, 40) * (1 + 0.25 * c.noise(15, 3))
    column, period = smoothstep(np.abs(c.x - x), 8, 6.5), draw.uniform(10, 17)
    disc = smoothstep(np.abs(c.y / period % 1 - 0.5), 0.36, 0.42)
    values = values + column * (draw.uniform(0.5, 0.8) - disc * draw.uniform(0.3, 0.5) - values)
    values = values + smoothstep(np.abs(c.x - x - 12), 3.5, 2.5) * (draw.choice([0.15, 0.9]) - values)
    return grey(values + 0.25 * smoothstep(c.x - x, 22, 34) * smoothstep(np.abs(c.x - x), 48, 44) + 0.02 * c.noise(2))


def ultrasound(draw: Generator, size: int) -> Picture:
    """A fan of speckle on black, with dark cysts and bright edges."""
    c = Canvas(draw, size=size, field=100)
    top, half = draw.uniform(-30, 4), draw.uniform(0.45, 0.8)
    r, angle = np.hypot(c.x - 50, c.y - top), np.arctan2(c.x - 50, c.y - top)
    fan = (
        smoothstep(np.abs(angle), half, half - 0.03)
        * smoothstep(r, 8 + max(0, -top), 10 + max(0, -top))
        * (r < 96 - top - 4)
    )
    layers = c.strands(r, draw.uniform(3, 10))
    values = 0.35 + 0.15 * layers + 0.12 * c.noise(25)
    for x, y in draw.uniform((30, 25), (70, 80), (int(draw.integers(0, 4)), 2)):
        radius = draw.uniform(4, 16)
        values = values * (1 - draw.uniform(0.6, 0.95) * blob(c, x, y, radius))
        values += draw.uniform(0, 0.3) * blob(c, x, y + 1.3 * radius, 0.5 * radius, soft=5)
    speckle = np.abs(1 + draw.uniform(0.25, 0.5) * c.noise(draw.uniform(1.5, 3))) * (
        1 + 0.25 * c.strands(angle * 60, 1.5)
    )
    tint = near(draw, (0.95, 0.93, 0.9), 0.03) if draw.random() < 0.4 else np.ones(3, np.float32)
    return light(grey(values * speckle * fan * draw.uniform(0.7, 1.3)) * tint)


def endoscopy(draw: Generator, size: int) -> Picture:
    """Wet pink mucosa in folds around a dark lumen, with glints, vessels, at times a polyp, in a black frame."""
    c = Canvas(draw, size=size, field=100)
    x, y = draw.uniform(20, 80, 2)
    r, angle = np.hypot(c.x - x, c.y - y), np.arctan2(c.y - y, c.x - x)
    base = near(
        draw, ((0.85, 0.45, 0.38), (0.9, 0.6, 0.5), (0.75, 0.35, 0.35), (0.85, 0.6, 0.62))[draw.integers(4)], 0.05
    )
    bent = r + 4 * c.noise(35, 2) + draw.uniform(0, 5) * np.cos(angle * draw.integers(2, 5) + draw.uniform(0, 6))
    folds = 1 + draw.uniform(0.05, 0.25) * np.sin(bent / draw.uniform(2, 5)) * smoothstep(bent, 5, 25)
    depth = 0.15 + 0.85 * smoothstep(bent, draw.uniform(-20, 4), draw.uniform(25, 60))
    picture = base * (folds * depth * (1 + 0.05 * c.noise(8, 3)))[..., None] ** np.array([0.8, 1.1, 1.1])
    vessels = smoothstep(np.abs(c.noise(draw.uniform(15, 30), 3)), 0.1, 0.02)
    picture = blend(picture, picture * np.array([0.85, 0.55, 0.55]), draw.uniform(0, 0.8) * vessels)
    if draw.random() < 0.45:
        at, radius = draw.uniform(30, 70, 2), draw.uniform(6, 17)
        bump = blob(c, at[0], at[1], radius, soft=4)
        shade = 1.15 - 0.4 * smoothstep(c.y - at[1], -radius, 1.2 * radius)
        picture = blend(
            picture, near(draw, base * [1, 0.85, 0.9], 0.04) * (shade * (1 + 0.06 * c.noise(3)))[..., None], bump
        )
    picture = blend(
        picture, np.array([1, 0.97, 0.95]), smoothstep(c.noise(draw.uniform(5, 12)) + 0.3 * folds, 2.1, 2.6)
    )
    return light(picture * _frame(c)[..., None])


def _frame(c: Canvas) -> Array:
    """The black rim of a scope: a circle, a square with cut corners, or none."""
    kind, half = pick(c.draw, ["circle", "corners", "none"]), c.between(42, 54)
    u, v = np.abs(c.x - 50), np.abs(c.y - 50)
    far = np.hypot(u, v) if kind == "circle" else np.maximum(np.maximum(u, v), (u + v) * 0.68)
    return np.ones_like(c.x) if kind == "none" else smoothstep(far, half, half - 1.5)


def dermatoscopy(draw: Generator, size: int) -> Picture:
    """Skin with a brown mole: a net, dots, a veil; hairs over it; a dark rim or none."""
    c = Canvas(draw, size=size, field=100)
    skin, brown = near(draw, (0.88, 0.68, 0.58), 0.06), near(draw, (0.45, 0.27, 0.18), 0.08)
    picture = np.asarray(skin * (1 + 0.04 * c.noise(8, 3) + 0.05 * c.noise(60))[..., None], np.float32)
    x, y, r = draw.uniform(38, 62), draw.uniform(38, 62), draw.uniform(12, 40)
    mole = blob(c, x, y, r, wobble=draw.uniform(0.05, 0.3), soft=draw.uniform(2, 14))
    net = smoothstep(np.abs(c.noise(draw.uniform(4, 8))), 0.5, 0.1)
    picture = blend(
        picture, brown, mole * np.clip(0.6 + 0.25 * c.noise(18, 2) + draw.uniform(0, 0.4) * (net - 0.5), 0, 1)
    )
    if draw.random() < 0.4:
        at = x + draw.uniform(-0.4, 0.4) * r, y + draw.uniform(-0.4, 0.4) * r
        picture = blend(picture, near(draw, (0.3, 0.32, 0.42), 0.06), 0.8 * mole * blob(c, *at, 0.5 * r, soft=8))
    for turn in draw.uniform(0, np.pi, int(draw.integers(0, 9))):
        across = (c.x - draw.uniform(0, 100)) * np.sin(turn) - (c.y - draw.uniform(0, 100)) * np.cos(turn)
        across = across + draw.uniform(-0.01, 0.01) * ((c.x - 50) * np.cos(turn) + (c.y - 50) * np.sin(turn)) ** 2
        picture = blend(picture, np.array([0.2, 0.15, 0.12]), 0.7 * smoothstep(np.abs(across), 1.1, 0.4))
    rim = smoothstep(np.hypot(c.x - 50, c.y - 50), draw.uniform(50, 75), 48) if draw.random() < 0.5 else 1 + 0 * mole
    return light(picture * rim[..., None])


def gross_specimen(draw: Generator, size: int) -> Picture:
    """A specimen on a green, blue or black board: whole or cut open, with a pale nodule; a ruler beside it."""
    c = Canvas(draw, size=size, field=100)
    board = near(
        draw, ((0.15, 0.45, 0.35), (0.2, 0.4, 0.65), (0.1, 0.1, 0.12), (0.75, 0.8, 0.82))[draw.integers(4)], 0.05
    )
    picture = board * (1 + 0.04 * c.noise(4) + 0.06 * c.noise(60))[..., None]
    meat = ((0.55, 0.25, 0.2), (0.7, 0.5, 0.38), (0.85, 0.7, 0.45), (0.4, 0.22, 0.2), (0.75, 0.5, 0.48))
    for _ in range(int(draw.integers(1, 4))):
        x, y, r = draw.uniform((32, 35, 12), (68, 65, 34))
        body = blob(c, x, y, r, wobble=draw.uniform(0.1, 0.35))
        tone = near(draw, meat[draw.integers(len(meat))], 0.05)
        relief = 1 + 0.14 * c.noise(draw.uniform(6, 20), 3) + 0.25 * smoothstep(c.noise(7), 1.6, 2.4)
        shade = blob(c, x + 2, y + 3, r, soft=6) * 0.4
        picture = blend(blend(picture, picture * 0.3, shade), tone * (relief * (0.75 + 0.25 * body))[..., None], body)
        if draw.random() < 0.5:
            spot = body * blob(
                c, x + draw.uniform(-0.4, 0.4) * r, y + draw.uniform(-0.4, 0.4) * r, draw.uniform(0.2, 0.5) * r
            )
            picture = blend(picture, near(draw, (0.88, 0.82, 0.7), 0.06) * (1 + 0.08 * c.noise(4, 2))[..., None], spot)
    if draw.random() < 0.6:
        ruler, at = smoothstep(np.abs(c.y - draw.choice([8, 92])), 4.5, 4), c.x / draw.uniform(4, 9) % 1
        picture = blend(picture, (0.95 - 0.8 * smoothstep(at, 0.25, 0.15))[..., None] * np.ones(3), ruler)
    return light(picture)
