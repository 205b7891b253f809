"""What can be had without any model: one class for all, the mean colour, a histogram of the colours, the texture.

A score says little alone. On NCT-CRC-HE the mean colour of a tile already gives more than half of the classes, because
fat is empty and lymphocytes are blue, and texture gives more. A model is worth what it adds to these.

>>> mean_colour([np.full((4, 4, 3), 255, np.uint8)]).tolist()
[[1.0, 1.0, 1.0]]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from plip_tutorial.sources.images import ImageLike, load, load_each

Features = NDArray[np.float32]
SIDES = (96, 48, 24)  # pixels a side at which texture is looked at
PATTERNS, STRENGTHS, AGREEMENTS = 10, 8, 6  # steps of the three histograms of texture
TEXTURES = len(SIDES) * (PATTERNS + STRENGTHS + AGREEMENTS)
WINDOW = 5  # pixels a side of the neighbourhood in which gradients agree or not


def mean_colour(images: Iterable[ImageLike]) -> Features:
    """Mean red, green and blue of each picture.

    Returns:
        (n, 3) float32, from 0 (black) to 1 (white).
    """
    rows = [np.asarray(image).reshape(-1, 3).mean(0) / 255 for image in load(images)]
    return np.asarray(rows, np.float32).reshape(-1, 3)


def colour_histogram(images: Iterable[ImageLike], bins: int = 16) -> Features:
    """Share of the pixels in each of ``bins`` equal steps of red, then of green, then of blue.

    Returns:
        (n, 3 * bins) float32; the steps of one colour sum to 1.

    Raises:
        ValueError: unless ``bins`` is between 1 and 256.
    """
    if not 1 <= bins <= 256:
        raise ValueError(f"bins is {bins}; a colour has 256 levels, so it must be between 1 and 256")
    rows = []
    for image in load(images):
        steps = np.asarray(image).reshape(-1, 3).astype(np.int32) * bins // 256 + np.arange(3, dtype=np.int32) * bins
        rows.append(np.bincount(steps.ravel(), minlength=3 * bins) * 3 / steps.size)
    return np.asarray(rows, np.float32).reshape(-1, 3 * bins)


def texture(images: Iterable[ImageLike]) -> Features:
    """What the surface of each picture is like at three scales, its colours left aside.

    The picture in grey is brought to squares of 96, 48 and 24 pixels a side. Each gives three histograms:

    - which of the eight neighbours of a pixel are brighter than itself: uniform local binary patterns, the same however
      the picture is turned (Ojala et al. 2002);
    - how strong the gradients are, in steps of a logarithm;
    - how far the gradients of a small neighbourhood agree in their direction, from 0 for none to 1 for a bundle of
      parallel fibres: the coherence of the structure tensor (Bigun and Granlund 1987).

    Returns:
        (n, 72) float32, square roots of shares, so that rare patterns count as well; squares of a histogram sum to 1.
    """
    rows = list(load_each(images, texture_of))
    return np.asarray(rows, np.float32).reshape(-1, TEXTURES)


def texture_of(image: Image.Image) -> NDArray[np.float64]:
    """The `texture` of one decoded picture, (72,)."""
    grey = image.convert("L")
    scales = [np.asarray(grey.resize((side, side), Image.Resampling.BILINEAR)) for side in SIDES]
    return np.sqrt(np.concatenate([_shares(scale) for scale in scales]))


def _shares(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The three histograms of one scale, (24,)."""
    from scipy.ndimage import uniform_filter
    from skimage.feature import local_binary_pattern

    patterns = local_binary_pattern(grey, P=8, R=1, method="uniform")[1:-1, 1:-1]  # at the edge neighbours are missing
    down, right = np.gradient(grey.astype(np.float32))
    strength = np.log2(1 + down**2 + right**2) / 2 * STRENGTHS / 6  # 6: to gradients of 64 grey levels
    xx, yy, xy = (uniform_filter(product, WINDOW) for product in (right * right, down * down, right * down))
    agreement = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1) * AGREEMENTS  # 1: what is flat has no direction
    steps = (patterns, PATTERNS), (strength, STRENGTHS), (agreement, AGREEMENTS)
    counts = [np.bincount(np.clip(x, 0, k - 1).astype(np.int64).ravel(), minlength=k) / x.size for x, k in steps]
    return np.concatenate(counts)


def constant(train_y: ArrayLike, n: int) -> NDArray[Any]:
    """The most frequent class of the training labels, ``n`` times; among equals the first in sorted order.

    >>> constant(["benign", "benign", "malignant"], 2).tolist()
    ['benign', 'benign']
    """
    classes, counts = np.unique(np.asarray(train_y), return_counts=True)
    if len(classes) == 0:
        raise ValueError("there are no training labels to choose the most frequent one of")
    return np.repeat(classes[counts.argmax()], n)


def colour_probe(
    train_images: Iterable[ImageLike],
    train_y: ArrayLike,
    test_images: Iterable[ImageLike],
    *,
    features: Callable[[Iterable[ImageLike]], Features] = colour_histogram,
) -> NDArray[Any]:
    """Labels that a logistic regression on colours alone, or on texture, gives to the test pictures.

    Args:
        train_images: pictures with known labels.
        train_y: their labels, (n,).
        test_images: pictures to label, m of them.
        features: `mean_colour`, `colour_histogram` or `texture`.

    Returns:
        (m,) labels.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return np.asarray(probe.fit(features(train_images), np.asarray(train_y)).predict(features(test_images)))
