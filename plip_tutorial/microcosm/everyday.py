"""Pictures that are not pathology: what a general model knows, and what comes along by mistake.

Half of them are drawn to be told apart easily (charts, text, shapes). The `LOOKALIKES` share the colours or the texture
of stained tissue, as the fractals and fabrics did that the PLIP authors found in their k-NN results. One kind is cut
from real photographs: the motorcycles and the small faces that scikit-image carries in its wheel.

>>> render_everyday("chart", seed=3).shape
(64, 64, 3)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import Array, smoothstep
from plip_tutorial.microcosm.charts import chart
from plip_tutorial.microcosm.seeding import rng

Picture = Array  # (size, size, 3), 0 to 1
Generator = np.random.Generator
Renderer = Callable[[Generator, int], Picture]
KINDS: dict[str, str] = {}  # name -> what one would say it is
_RENDERERS: dict[str, Renderer] = {}
LOOKALIKES: tuple[str, ...] = ("fractal", "fabric", "blood_smear", "flowers", "marble", "micrograph")


def _kind(phrase: str) -> Callable[[Renderer], Renderer]:
    def enter(render: Renderer) -> Renderer:
        KINDS[render.__name__], _RENDERERS[render.__name__] = phrase, render
        return render

    return enter


def _colour(draw: Generator, low: float = 0.0, high: float = 1.0) -> Array:
    return draw.uniform(low, high, 3).astype(np.float32)


def _pink(draw: Generator) -> Array:
    """Somewhere between the pink of eosin and the purple of haematoxylin."""
    share = draw.uniform(0, 1)
    base = share * np.array([0.45, 0.25, 0.6]) + (1 - share) * np.array([0.92, 0.6, 0.75])
    return np.clip(base + draw.normal(0, 0.07, 3), 0, 1).astype(np.float32)


def _blend(a: Array, b: Array, mask: Array) -> Picture:
    return np.asarray(a + mask[..., None] * (b - a), np.float32)


def _drawing(size: int, paper: Array) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", (2 * size, 2 * size), _ink(paper))
    return picture, ImageDraw.Draw(picture)


def _ink(colour: Array) -> tuple[int, int, int]:
    r, g, b = (int(255 * v) for v in colour)
    return r, g, b


def _halve(picture: Image.Image, size: int) -> Picture:
    """Back from twice the size: edges become smooth."""
    return np.asarray(picture.resize((size, size), Image.Resampling.BOX), np.float32) / 255


@_kind("flat shapes on a plain ground")
def shapes(draw: Generator, size: int) -> Picture:
    """A few flat figures on a plain ground."""
    picture, pen = _drawing(size, _colour(draw, 0.6))
    for _ in range(int(draw.integers(1, 6))):
        x, y, w, h = draw.uniform((0, 0, 0.15, 0.15), (1.4, 1.4, 0.9, 0.9)) * size
        box = (x, y, x + w, y + h)
        kind = draw.integers(3)
        ink = _ink(_colour(draw))
        corners = [(x, y + h), (x + w / 2, y), (x + w, y + h)]
        pen.ellipse(box, ink) if kind == 0 else pen.rectangle(box, ink) if kind == 1 else pen.polygon(corners, ink)
    return _halve(picture, size)


_kind("a chart with axes")(chart)


@_kind("a page of text")
def text_page(draw: Generator, size: int) -> Picture:
    """Lines of words, too small to read: a slide, a page or a screenshot."""
    dark = draw.random() < 0.25
    picture, pen = _drawing(size, _colour(draw, 0, 0.25) if dark else _colour(draw, 0.85))
    ink, s = _ink(_colour(draw, 0.7) if dark else _colour(draw, 0, 0.45)), 2 * size
    if draw.random() < 0.6:
        pen.rectangle((0.06 * s, 0.05 * s, draw.uniform(0.4, 0.9) * s, 0.13 * s), fill=_ink(_colour(draw)))
    line = draw.uniform(0.05, 0.11) * s
    for y in np.arange(0.2 * s, 0.94 * s, line):
        x, end = 0.07 * s, draw.uniform(0.5, 0.95) * s
        while x < end:
            word = draw.uniform(0.03, 0.13) * s
            pen.rectangle((x, y, min(x + word, end), y + 0.45 * line), fill=ink)
            x += word + 0.25 * line
    return _halve(picture, size)


@_kind("a fractal")
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
    phase = age[..., None] / 28 * draw.uniform(2, 6) + (_colour(draw, 0, 6) if draw.random() < 0.5 else 3 * _pink(draw))
    return (0.5 + 0.5 * np.sin(phase)).astype(np.float32)


@_kind("a woven fabric in pink and purple")
def fabric(draw: Generator, size: int) -> Picture:
    """Woven threads, mostly pink and purple."""
    c = Canvas(draw, size=size, field=100)
    turn, period = draw.uniform(0, np.pi), draw.uniform(3, 14)
    wobble = draw.uniform(0, 2) * c.noise(40)
    u = (c.x * np.cos(turn) + c.y * np.sin(turn) + wobble) * 2 * np.pi / period
    v = (c.y * np.cos(turn) - c.x * np.sin(turn) + wobble) * 2 * np.pi / period
    weave = 0.5 + 0.25 * (np.sin(u) + np.sin(v * draw.choice([1, 1, 0.5]))) + 0.1 * c.noise(2)
    return np.clip(_blend(_pink(draw), _pink(draw), np.clip(weave, 0, 1)), 0, 1)


@_kind("a blood smear")
def blood_smear(draw: Generator, size: int) -> Picture:
    """Red cells as pale discs, now and then a white cell with a lobed purple nucleus."""
    c = Canvas(draw, size=size, field=draw.uniform(60, 160))
    ground = np.array([0.9, 0.85, 0.88], np.float32) + draw.normal(0, 0.05, 3).astype(np.float32)
    red = np.array([0.82, 0.55, 0.58], np.float32) + draw.normal(0, 0.08, 3).astype(np.float32)
    near = c.nearest(c.scatter(draw.uniform(8.5, 16), jitter=0.9))
    disc = smoothstep(near, 4.2, 3.4) * (1 - draw.uniform(0, 0.5) * smoothstep(near, 1.8, 0.6))
    picture = _blend(ground, red, disc)
    for x, y in draw.uniform(0, c.field, (int(draw.integers(0, 3)), 2)):
        cell = smoothstep(np.hypot(c.x - x, c.y - y), 7, 6)
        lobes = c.nearest((np.array([x, y]) + draw.normal(0, 2.5, (3, 2))).astype(np.float32))
        picture = picture + cell[..., None] * 0.6 * (np.array([0.8, 0.75, 0.88], np.float32) - picture)
        picture = _blend(picture, np.array([0.38, 0.22, 0.55], np.float32), smoothstep(lobes, 3.4, 2.6))
    return np.clip(picture + 0.02 * c.noise(3)[..., None], 0, 1)


@_kind("a group photo")
def group_photo(draw: Generator, size: int) -> Picture:
    """Rows of people as dots on bodies: the conference picture."""
    picture, pen = _drawing(size, _colour(draw, 0.2, 0.9))
    s = 2 * size
    pen.rectangle((0, draw.uniform(0.6, 0.8) * s, s, s), fill=_ink(_colour(draw, 0.1, 0.6)))
    head = draw.uniform(0.04, 0.08) * s
    for row in range(int(draw.integers(1, 4))):
        y = (0.3 + 0.17 * row) * s
        for x in np.arange(head, s, draw.uniform(2.2, 3.2) * head):
            skin = np.array([0.95, 0.75, 0.6]) * draw.uniform(0.35, 1.0)
            pen.ellipse((x - 1.3 * head, y + head, x + 1.3 * head, y + 5 * head), fill=_ink(_colour(draw, 0, 0.9)))
            pen.ellipse((x - head, y - head, x + head, y + head), fill=_ink(skin.astype(np.float32)))
    return _halve(picture, size)


@_kind("a landscape with hills")
def landscape(draw: Generator, size: int) -> Picture:
    """Sky, hills, a sun: from noon to a pink sunset."""
    c = Canvas(draw, size=size, field=100)
    top = np.array([0.4, 0.6, 0.9]) if draw.random() < 0.6 else _pink(draw)
    sky = _blend(_colour(draw, 0.6), np.asarray(top, np.float32), 1 - c.y / 100)
    sun = draw.uniform(0, 100), draw.uniform(5, 45)
    sky = _blend(sky, np.array([1, 0.9, 0.6], np.float32), smoothstep(np.hypot(c.x - sun[0], c.y - sun[1]), 10, 7))
    for depth in range(3):
        line = 45 + 15 * depth + 8 * c.noise(40)[0] + 2 * c.noise(8)[0]
        sky = _blend(sky, _colour(draw, 0.1, 0.5), smoothstep(c.y, 0, 1.5) * (c.y > line))
    return np.clip(sky + 0.03 * c.noise(3, 2)[..., None], 0, 1).astype(np.float32)


@_kind("pink flowers in a meadow")
def flowers(draw: Generator, size: int) -> Picture:
    """Pink and purple blossoms on green: the colours of a stain in another order."""
    c = Canvas(draw, size=size, field=100)
    green = np.array([0.2, 0.45, 0.2], np.float32) * np.float32(draw.uniform(0.6, 1.6))
    picture = np.clip(green + 0.12 * c.noise(6, 3)[..., None], 0, 1)
    petals, hue = int(draw.integers(4, 9)), _pink(draw)
    for x, y in c.scatter(draw.uniform(22, 45), jitter=0.8):
        angle, r = np.arctan2(c.y - y, c.x - x), np.hypot(c.x - x, c.y - y)
        bloom = smoothstep(r - 9 * (1 + 0.35 * np.cos(petals * angle + x)), 1, -1)
        picture = _blend(picture, hue * np.float32(draw.uniform(0.8, 1.1)), bloom)
        picture = _blend(picture, np.array([0.95, 0.8, 0.2], np.float32), smoothstep(r, 3, 2))
    return np.clip(picture, 0, 1).astype(np.float32)


@_kind("marble with veins")
def marble(draw: Generator, size: int) -> Picture:
    """Stone or watercolour: veins in two tones, often pink."""
    c = Canvas(draw, size=size, field=100)
    flow = c.flow(angle=draw.uniform(0, np.pi), waviness=draw.uniform(5, 25)) + 4 * c.noise(12, 3)
    veins = np.abs(np.sin(flow * draw.uniform(0.05, 0.25)))
    tone = _pink if draw.random() < 0.6 else _colour
    return np.clip(_blend(tone(draw), tone(draw), veins) + 0.04 * c.noise(4)[..., None], 0, 1).astype(np.float32)


@_kind("a wall of bricks or tiles")
def masonry(draw: Generator, size: int) -> Picture:
    """Bricks, tiles or a chessboard: right angles, repeated."""
    c = Canvas(draw, size=size, field=100)
    high = draw.uniform(6, 25)
    wide = high * draw.choice([1.0, 2.2])
    row = np.floor(c.y / high)
    column = np.floor(c.x / wide + 0.5 * (row % 2) * (wide > high))
    joint = np.minimum((c.y / high) % 1, (c.x / wide + 0.5 * (row % 2) * (wide > high)) % 1) < 0.08
    tone = (0.5 + 0.5 * np.cos(3 * row + 5 * column)) if wide > high else (row + column) % 2
    wall = _blend(_colour(draw), _colour(draw), tone.astype(np.float32))
    wall = _blend(wall, _colour(draw, 0.6), joint.astype(np.float32))
    return np.clip(wall + 0.04 * c.noise(3)[..., None], 0, 1).astype(np.float32)


@_kind("a fluorescence micrograph")
def micrograph(draw: Generator, size: int) -> Picture:
    """Microscopy without H&E: glowing spots on black, or grey cells."""
    c = Canvas(draw, size=size, field=draw.uniform(80, 250))
    near = c.nearest(c.scatter(draw.uniform(12, 30), jitter=0.9))
    spot = smoothstep(near, draw.uniform(4, 8), 1) * (1 + 0.2 * c.noise(5))
    glow = _colour(draw, 0, 0.4) if draw.random() < 0.4 else np.zeros(3, np.float32)
    glow[draw.integers(3)] = 1
    if draw.random() < 0.4:
        return np.clip(np.repeat(0.6 + 0.3 * spot[..., None] + 0.1 * c.noise(20)[..., None], 3, -1), 0, 1).astype(
            np.float32
        )
    return np.clip(spot[..., None] * glow + 0.05, 0, 1)


@_kind("a photograph")
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


def render_everyday(kind: str, *, seed: int, size: int = 64) -> NDArray[np.uint8]:
    """Draw one picture that is not pathology; a pure function of its arguments.

    Args:
        kind: a key of `KINDS`.
        seed: which picture.
        size: pixels a side, 16 or more.

    Returns:
        uint8 array, (size, size, 3).

    Raises:
        ValueError: unknown kind, or a size below 16.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}. Choose one of: {', '.join(KINDS)}.")
    if size < 16:
        raise ValueError(f"size is {size} pixels; a picture needs at least 16.")
    draw = rng("everyday", kind, seed)
    picture = _RENDERERS[kind](draw, size)
    noise = draw.standard_normal(picture.shape, np.float32) * draw.uniform(0, 5)
    return np.clip(picture * 255 + noise + 0.5, 0, 255).astype(np.uint8)
