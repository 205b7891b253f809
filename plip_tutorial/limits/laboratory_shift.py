"""What another laboratory does to a tile, one thing at a time: dye, lamp, lens, sensor, file.

Each change is a function of a tile alone (whatever `images.to_rgb` reads), so the same tile can be shown to a model
before and after, and every answer that changes was changed by the laboratory. Dyes act on optical densities (see
`stain_normalization`).

>>> tile = np.full((8, 8, 3), (180, 120, 170), np.uint8)
>>> bool(SHIFTS["half the haematoxylin"](tile).sum() > tile.sum())  # less dye, more light
True
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from plip_tutorial.limits.stain_normalization import Stains, recoloured
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN
from plip_tutorial.sources.images import ImageLike, to_rgb

Picture = NDArray[np.uint8]
PUBLISHED = Stains(np.stack([HAEMATOXYLIN, EOSIN]).astype(float), np.ones(2), np.full(3, 255.0))


def restained(tile: ImageLike, *, haematoxylin: float = 1.0, eosin: float = 1.0) -> Picture:
    """The tile (h, w, 3) with so many times the amount of each dye, by the vectors of Ruifrok and Johnston (2001)."""
    return recoloured(tile, PUBLISHED, replace(PUBLISHED, strength=np.array([haematoxylin, eosin])))


def lamp(tile: ImageLike, red: float, green: float, blue: float) -> Picture:
    """The tile under another light: the share of each channel that is left."""
    return np.clip(np.asarray(to_rgb(tile)) * np.array([red, green, blue]) + 0.5, 0, 255).astype(np.uint8)


def defocused(tile: ImageLike, *, radius: float) -> Picture:
    """The tile out of focus; the radius of the blur is a share of its width."""
    picture = to_rgb(tile)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius * picture.width)))


def noisy(tile: ImageLike, *, grey_levels: float) -> Picture:
    """The tile with sensor noise of this standard deviation; the same tile gets the same noise."""
    pixels = np.asarray(to_rgb(tile))
    noise = np.random.default_rng(crc32(pixels.tobytes())).normal(0, grey_levels, pixels.shape)
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def compressed(tile: ImageLike, *, quality: int) -> Picture:
    """The tile as it comes out of a JPEG file of this quality, 1 to 95."""
    with io.BytesIO() as file:
        to_rgb(tile).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))


SHIFTS: dict[str, Callable[[Picture], Picture]] = {
    "half the haematoxylin": partial(restained, haematoxylin=0.5),
    "twice the eosin": partial(restained, eosin=2.0),
    "a yellow lamp": partial(lamp, red=0.95, green=0.9, blue=0.7),
    "out of focus": partial(defocused, radius=0.02),
    "noise": partial(noisy, grey_levels=15.0),
    "JPEG, quality 20": partial(compressed, quality=20),
}
