"""What the filter of pictures looks at: which dyes a picture holds, how dense they are, and its texture. No model.

The glass of a slide is grey, green or yellow, as lamp and scanner will have it. So the brightest pixels of each colour
are made white first. What is left of the light says how much dye lay in its way: the optical density ``-ln(I / I0)``
(Beer and Lambert). Its direction is the hue of the dye, its length how much there is. Charts and drawings hold hardly
any dye, or dyes that no stain has; haematoxylin and eosin lie in a narrow range of hues.

>>> dyes_and_texture([np.full((80, 100, 3), 200, np.uint8)]).shape
(1, 168)
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.metrics.baselines import TEXTURES, texture_of
from plip_tutorial.sources.images import ImageLike, load_each

SIDE = 64  # pixels a side at which a picture is looked at
BRIGHT, WHITE, DARKEST = 99, 245, 64  # percentile of a colour, what it becomes, the least that it is taken for
HUES = 12  # equal steps around the circle of hues
DENSITIES = (0.15, 0.3, 0.5, 0.75, 1.1, 1.6, 2.4)  # borders, of the optical densities of red, green and blue together
LENGTH = (len(DENSITIES) + 1) * HUES + TEXTURES
DYES = 0.5  # share of the dyes in the squared length; the rest is texture


def white_balanced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make the brightest pixels white: each colour is stretched until its 99th percentile is 245.

    What glass or lamp took of a colour is given back. Nothing is stretched more than 245 / 64 times: in a picture
    without any blue, the noise of blue would become a dye.

    Args:
        picture: (h, w, 3), 0 to 255.

    Returns:
        A picture of the same shape; what would be brighter than 255 is 255.
    """
    bright = np.maximum(np.percentile(picture, BRIGHT, axis=(0, 1)), DARKEST)
    return np.minimum(picture * (WHITE / bright) + 0.5, 255).astype(np.uint8)


def dyes(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of the pixels at each density and hue of dye.

    The hue is the angle of the optical density in the plane at right angles to grey, the density the sum over the
    three colours.

    Args:
        picture: (h, w, 3), white-balanced.

    Returns:
        (8, 12): densities from glass to black; hues once around the circle from cyan, where grey is counted, too.
        They sum to 1.
    """
    red, green, blue = -np.log((np.moveaxis(picture, -1, 0).astype(np.float32) + 1) / 256)
    angle = np.arctan2((green - blue) * np.sqrt(3), 2 * red - green - blue)
    hue = np.rint(angle * (HUES / (2 * np.pi))).astype(np.int64) % HUES  # what is common, two colours alike, lies amid
    density = np.digitize(red + green + blue, DENSITIES)
    counts = np.bincount((density * HUES + hue).ravel(), minlength=(len(DENSITIES) + 1) * HUES)
    return counts.reshape(-1, HUES) / hue.size


def dyes_and_texture(images: Iterable[ImageLike]) -> NDArray[np.float32]:
    """Describe pictures by their dyes and by their texture, each one after white balance.

    The centre square of a picture is shrunk to 64 pixels a side. Square roots of shares make a vector of fixed length,
    so the dot product of two pictures is the overlap of their histograms (Bhattacharyya 1943).

    Args:
        images: n paths, Pillow images, arrays, or a column of a data set.

    Returns:
        Unit vectors, (n, 168): 96 of dyes, then the 72 of `metrics.baselines.texture`; each part has half of the
        squared length.

    Raises:
        TypeError: a single picture.
        UnreadableImageError: a picture cannot be decoded, with its index.
    """
    rows = list(load_each(images, _described))
    return np.asarray(rows, np.float32).reshape(-1, LENGTH)


def _described(image: Image.Image) -> NDArray[np.float64]:
    balanced = white_balanced(_small(image))
    surface = texture_of(Image.fromarray(balanced))
    stains = np.sqrt(DYES * dyes(balanced).ravel())
    return np.concatenate([stains, surface * np.sqrt(1 - DYES) / np.linalg.norm(surface)])


def _small(image: Image.Image) -> NDArray[np.uint8]:
    """The centre square, shrunk, (64, 64, 3)."""
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box))
