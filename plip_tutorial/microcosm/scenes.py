"""Photographs: people, places, things to eat, stone, cloth, fur and leaves; one kind is cut from real photographs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from plip_tutorial.microcosm.brushes import (
    Generator,
    Picture,
    blend,
    blob,
    colour,
    drawing,
    ellipse,
    grey,
    ink,
    light,
    near,
    pink,
    shrink,
)
from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import smoothstep
from plip_tutorial.microcosm.seeding import pick


def group_photo(draw: Generator, size: int) -> Picture:
    """Rows of people as dots on bodies: the conference picture."""
    picture, pen = drawing(size, colour(draw, 0.2, 0.9))
    s = 2 * size
    pen.rectangle((0, draw.uniform(0.6, 0.8) * s, s, s), fill=ink(colour(draw, 0.1, 0.6)))
    head = draw.uniform(0.04, 0.08) * s
    for row in range(int(draw.integers(1, 4))):
        y = (0.3 + 0.17 * row) * s
        for x in np.arange(head, s, draw.uniform(2.2, 3.2) * head):
            skin = np.array([0.95, 0.75, 0.6]) * draw.uniform(0.35, 1.0)
            pen.ellipse((x - 1.3 * head, y + head, x + 1.3 * head, y + 5 * head), fill=ink(colour(draw, 0, 0.9)))
            pen.ellipse((x - head, y - head, x + head, y + head), fill=ink(skin.astype(np.float32)))
    return shrink(picture, size)


def landscape(draw: Generator, size: int) -> Picture:
    """Sky, hills, a sun: from noon to a pink sunset."""
    c = Canvas(draw, size=size, field=100)
    top = np.array([0.4, 0.6, 0.9]) if draw.random() < 0.6 else pink(draw)
    sky = blend(colour(draw, 0.6), np.asarray(top, np.float32), 1 - c.y / 100)
    sun = draw.uniform(0, 100), draw.uniform(5, 45)
    sky = blend(sky, np.array([1, 0.9, 0.6], np.float32), smoothstep(np.hypot(c.x - sun[0], c.y - sun[1]), 10, 7))
    for depth in range(3):
        line = 45 + 15 * depth + 8 * c.noise(40)[0] + 2 * c.noise(8)[0]
        sky = blend(sky, colour(draw, 0.1, 0.5), smoothstep(c.y, 0, 1.5) * (c.y > line))
    return np.clip(sky + 0.03 * c.noise(3, 2)[..., None], 0, 1).astype(np.float32)


def flowers(draw: Generator, size: int) -> Picture:
    """Pink and purple blossoms on green: the colours of a stain in another order."""
    c = Canvas(draw, size=size, field=100)
    green = np.array([0.2, 0.45, 0.2], np.float32) * np.float32(draw.uniform(0.6, 1.6))
    picture = np.clip(green + 0.12 * c.noise(6, 3)[..., None], 0, 1)
    petals, hue = int(draw.integers(4, 9)), pink(draw)
    for x, y in c.scatter(draw.uniform(22, 45), jitter=0.8):
        angle, r = np.arctan2(c.y - y, c.x - x), np.hypot(c.x - x, c.y - y)
        bloom = smoothstep(r - 9 * (1 + 0.35 * np.cos(petals * angle + x)), 1, -1)
        picture = blend(picture, hue * np.float32(draw.uniform(0.8, 1.1)), bloom)
        picture = blend(picture, np.array([0.95, 0.8, 0.2], np.float32), smoothstep(r, 3, 2))
    return np.clip(picture, 0, 1).astype(np.float32)


def marble(draw: Generator, size: int) -> Picture:
    """Stone or watercolour: veins in two tones, often pink."""
    c = Canvas(draw, size=size, field=100)
    flow = c.flow(angle=draw.uniform(0, np.pi), waviness=draw.uniform(5, 25)) + 4 * c.noise(12, 3)
    veins = np.abs(np.sin(flow * draw.uniform(0.05, 0.25)))
    tone = pink if draw.random() < 0.6 else colour
    return np.clip(blend(tone(draw), tone(draw), veins) + 0.04 * c.noise(4)[..., None], 0, 1).astype(np.float32)


def masonry(draw: Generator, size: int) -> Picture:
    """Bricks, tiles or a chessboard: right angles, repeated."""
    c = Canvas(draw, size=size, field=100)
    high = draw.uniform(6, 25)
    wide = high * draw.choice([1.0, 2.2])
    row = np.floor(c.y / high)
    column = np.floor(c.x / wide + 0.5 * (row % 2) * (wide > high))
    joint = np.minimum((c.y / high) % 1, (c.x / wide + 0.5 * (row % 2) * (wide > high)) % 1) < 0.08
    tone = (0.5 + 0.5 * np.cos(3 * row + 5 * column)) if wide > high else (row + column) % 2
    wall = blend(colour(draw), colour(draw), tone.astype(np.float32))
    wall = blend(wall, colour(draw, 0.6), joint.astype(np.float32))
    return np.clip(wall + 0.04 * c.noise(3)[..., None], 0, 1).astype(np.float32)


def fabric(draw: Generator, size: int) -> Picture:
    """Woven threads, mostly pink and purple."""
    c = Canvas(draw, size=size, field=100)
    turn, period = draw.uniform(0, np.pi), draw.uniform(3, 14)
    wobble = draw.uniform(0, 2) * c.noise(40)
    u = (c.x * np.cos(turn) + c.y * np.sin(turn) + wobble) * 2 * np.pi / period
    v = (c.y * np.cos(turn) - c.x * np.sin(turn) + wobble) * 2 * np.pi / period
    weave = 0.5 + 0.25 * (np.sin(u) + np.sin(v * draw.choice([1, 1, 0.5]))) + 0.1 * c.noise(2)
    return np.clip(blend(pink(draw), pink(draw), np.clip(weave, 0, 1)), 0, 1)


def photo(draw: Generator, size: int) -> Picture:
    """A random part of a real photograph."""
    source = _photographs()[int(draw.integers(len(_photographs())))]
    side = int(min(source.size) * draw.uniform(0.3, 1.0))
    left, top = (int(draw.integers(0, length - side + 1)) for length in source.size)
    part = source.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))
    array = np.asarray(part, np.float32) / 255
    if draw.random() < 0.5:
        array = array[:, ::-1]
    return np.clip(array ** draw.uniform(0.7, 1.4) * draw.uniform(0.85, 1.1, 3), 0, 1).astype(np.float32)


@lru_cache(maxsize=1)
def _photographs() -> list[Image.Image]:
    """Only pictures that no test of this project uses: two of a motorcycle, a hundred small faces."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    faces = np.load(folder / "lfw_subset.npy")[:100]  # scikit-image: 100 faces, then 100 others, 25 x 25, 0 to 1
    grey = [Image.fromarray((face * 255).astype(np.uint8)).convert("RGB") for face in faces]
    motorcycles = [Image.open(folder / f"motorcycle_{side}.png").convert("RGB") for side in ("left", "right")]
    return motorcycles * 10 + grey[:20]


def portrait(draw: Generator, size: int) -> Picture:
    """A face, nearer or farther, before a wall."""
    c = Canvas(draw, size=size, field=100)
    x, y, r = draw.uniform(38, 62), draw.uniform(35, 55), draw.uniform(16, 34)
    skin = np.array([0.95, 0.76, 0.64], np.float32) * np.float32(draw.uniform(0.4, 1.05))
    hair = near(draw, (0.35, 0.25, 0.18), 0.15) if draw.random() < 0.8 else near(draw, (0.8, 0.78, 0.75), 0.08)
    picture = blend(colour(draw), colour(draw), smoothstep(c.noise(50, 2), -1.5, 1.5))
    picture = blend(picture, colour(draw), ellipse(c, x, y + 2.6 * r, 1.9 * r, 1.35 * r))
    picture = blend(picture, hair, ellipse(c, x, y - 0.25 * r, r * draw.uniform(1, 1.25), r * draw.uniform(1.2, 1.9)))
    face = ellipse(c, x, y + 0.1 * r, 0.8 * r, 1.1 * r)
    picture = blend(picture, skin * 0.92, ellipse(c, x, y + 1.2 * r, 0.4 * r, 0.7 * r))
    side = 1 - 0.3 * smoothstep((c.x - x) * draw.choice([-1, 1]), 0, r)
    picture = blend(picture, skin * side[..., None], face)
    for turn in (-0.33, 0.33):
        picture = blend(picture, hair * 0.5, ellipse(c, x + turn * r, y - 0.1 * r, 0.16 * r, 0.08 * r))
        picture = blend(picture, hair * 0.8, ellipse(c, x + turn * r, y - 0.3 * r, 0.2 * r, 0.05 * r))
    picture = blend(picture, skin * 0.75, ellipse(c, x, y + 0.25 * r, 0.12 * r, 0.12 * r))
    lips = near(draw, (0.7, 0.35, 0.35), 0.06)
    picture = blend(picture, lips, ellipse(c, x, y + 0.6 * r, draw.uniform(0.2, 0.35) * r, 0.09 * r))
    return _lit(c, picture)


def _lit(c: Canvas, picture: Picture) -> Picture:
    """Light that falls unevenly and has a colour, grain, and now and then black and white."""
    lamp = c.draw.uniform(0.75, 1.15) * c.draw.uniform(0.93, 1.07, 3)
    picture = light((picture + 0.02 * c.noise(3)[..., None]) * (1 + 0.08 * c.noise(60)[..., None]) * lamp)
    return grey(picture.mean(-1)) if c.draw.random() < 0.1 else picture


def meal(draw: Generator, size: int) -> Picture:
    """Food on a plate, seen from above: meat, rice, leaves, sauces."""
    c = Canvas(draw, size=size, field=100)
    table = near(draw, (0.5, 0.35, 0.22), 0.12) if draw.random() < 0.6 else colour(draw)
    picture = table * (1 + 0.1 * c.strands(c.flow(angle=draw.uniform(0, np.pi), waviness=3), 4))[..., None]
    x, y, r = draw.uniform(40, 60), draw.uniform(40, 60), draw.uniform(34, 75)
    plate, high = near(draw, (0.92, 0.9, 0.87), 0.05), r * draw.uniform(0.7, 1)
    picture = blend(picture, plate, ellipse(c, x, y, r, high))
    picture = blend(
        picture, plate * 0.88, ellipse(c, x, y, 0.75 * r, 0.75 * high) - ellipse(c, x, y, 0.7 * r, 0.7 * high)
    )
    foods = (
        (0.55, 0.3, 0.15),
        (0.75, 0.25, 0.15),
        (0.9, 0.8, 0.55),
        (0.35, 0.5, 0.15),
        (0.9, 0.6, 0.2),
        (0.85, 0.5, 0.5),
    )
    grain = 1 + 0.18 * c.noise(draw.uniform(2, 6), 2)
    for _ in range(int(draw.integers(3, 11))):
        at, turn = draw.uniform(0, 0.6), draw.uniform(0, 2 * np.pi)
        food = near(draw, foods[int(draw.integers(len(foods)))], 0.06) * grain[..., None]
        where = x + at * r * np.cos(turn), y + at * high * np.sin(turn)
        picture = blend(picture, food, blob(c, *where, draw.uniform(0.12, 0.4) * r, wobble=0.25))
    return _lit(c, picture)


def fur(draw: Generator, size: int) -> Picture:
    """The coat of an animal from near by: hairs along a flow, stripes or patches, and at times two eyes."""
    c = Canvas(draw, size=size, field=100)
    across = c.flow(angle=draw.uniform(0, np.pi), waviness=draw.uniform(4, 14), scale=40)
    hairs = 0.6 * c.strands(across, draw.uniform(1, 3)) + 0.4 * c.strands(across + 3 * c.noise(9), 2)
    coats = ((0.55, 0.42, 0.3), (0.3, 0.22, 0.16), (0.8, 0.76, 0.7), (0.75, 0.5, 0.28), (0.3, 0.3, 0.32))
    a, b = (near(draw, coats[int(i)], 0.05) for i in draw.integers(0, len(coats), 2))
    marks = (
        c.noise(draw.uniform(15, 45), 2)
        if draw.random() < 0.5
        else np.sin((across + 5 * c.noise(25)) / draw.uniform(2, 5))
    )
    coat = blend(a, b, smoothstep(marks, -0.4, 0.4)) * (1 + 0.3 * hairs)[..., None]
    return _lit(c, _eyes(c, coat) if draw.random() < 0.3 else coat)


def _eyes(c: Canvas, picture: Picture) -> Picture:
    """Two eyes and a nose that look out of the fur."""
    x, y, r, apart = c.draw.uniform(40, 60), c.draw.uniform(30, 60), c.draw.uniform(4, 10), c.draw.uniform(14, 25)
    iris = near(c.draw, (0.75, 0.65, 0.25), 0.12)
    for eye in (x - apart, x + apart):
        picture = blend(picture, np.zeros(3), ellipse(c, eye, y, 1.2 * r, r))
        picture = blend(picture, iris, ellipse(c, eye, y, r, 0.85 * r))
        picture = blend(picture, np.zeros(3), ellipse(c, eye, y, c.draw.uniform(0.2, 0.5) * r, 0.8 * r))
    picture = blend(picture, near(c.draw, (0.6, 0.35, 0.33), 0.06), blob(c, x, y + 1.3 * apart, 0.35 * apart))
    return picture


def foliage(draw: Generator, size: int) -> Picture:
    """Leaves or grass over one another, green, yellow or red, with dark gaps."""
    base = np.array(((0.25, 0.45, 0.15), (0.35, 0.5, 0.2), (0.6, 0.55, 0.15), (0.65, 0.28, 0.12)))[draw.integers(4)]
    picture, pen = drawing(size, base.astype(np.float32) * 0.25)
    s, long = 2.0 * size, draw.uniform(0.08, 0.35)
    grass = pick(draw, ["leaves", "leaves", "grass"]) == "grass"
    for x, y in draw.uniform(-0.05, 1.05, (int(min(150, 9 / long**2)), 2)) * s:
        turn = draw.normal(-np.pi / 2, 0.4) if grass else draw.uniform(0, 2 * np.pi)
        way = np.array([np.cos(turn), np.sin(turn)]) * long * s * draw.uniform(0.6, 1.3)
        side = np.array([-way[1], way[0]]) * (0.06 if grass else 0.27)
        at, shade = np.array([x, y]), near(draw, base, 0.08)
        corners = (
            at,
            at + 0.3 * way + side,
            at + 0.7 * way + 0.8 * side,
            at + way,
            at + 0.7 * way - 0.8 * side,
            at + 0.3 * way - side,
        )
        pen.polygon([(float(a), float(b)) for a, b in corners], fill=ink(shade))
        pen.line([(x, y), (float(x + way[0]), float(y + way[1]))], fill=ink(shade * 0.7))
    return _lit(Canvas(draw, size=size, field=100), shrink(picture, size))
