"""What can be had without any model: one class for all, the mean colour, a histogram of the colours.

A score says little alone. On NCT-CRC-HE the mean colour of a tile already gives more than half of the classes, because
fat is empty and lymphocytes are blue. A model is worth what it adds to these.

>>> mean_colour([np.full((4, 4, 3), 255, np.uint8)]).tolist()
[[1.0, 1.0, 1.0]]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.sources.images import ImageLike, load

Features = NDArray[np.float32]


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
    rows = [_histogram(np.asarray(image), bins) for image in load(images)]
    return np.asarray(rows, np.float32).reshape(-1, 3 * bins)


def _histogram(pixels: NDArray[np.uint8], bins: int) -> NDArray[np.float64]:
    steps = pixels.reshape(-1, 3).astype(np.int32) * bins // 256 + np.arange(3, dtype=np.int32) * bins
    return np.bincount(steps.ravel(), minlength=3 * bins) * 3 / steps.size


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
    """Labels that a logistic regression on colours alone gives to the test pictures.

    Args:
        train_images: pictures with known labels.
        train_y: their labels, (n,).
        test_images: pictures to label, m of them.
        features: `mean_colour` or `colour_histogram`.

    Returns:
        (m,) labels.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return np.asarray(probe.fit(features(train_images), np.asarray(train_y)).predict(features(test_images)))
