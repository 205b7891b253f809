"""Smooth noise and soft steps: what every pattern is made of.

>>> smooth_noise(np.random.default_rng(0), 16, 4).shape
(16, 16)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


@lru_cache(maxsize=512)
def _spline(cells: int, size: int) -> Array:
    """Weights of a uniform cubic B-spline: (size, cells + 3), a row for each pixel."""
    position = (np.arange(size) + 0.5) * cells / size
    first = np.floor(position).astype(int)
    t = position - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], 1) / 6
    matrix = np.zeros((size, cells + 3), np.float32)
    np.put_along_axis(matrix, first[:, None] + np.arange(4), weights.astype(np.float32), axis=1)
    return matrix


def smooth_noise(draw: np.random.Generator, size: int, cells: int) -> Array:
    """Smooth random field, (size, size), mean 0 and standard deviation about 1, with ``cells`` bumps a side."""
    weights = _spline(max(1, cells), size)
    grid = draw.standard_normal((weights.shape[1],) * 2, np.float32)
    return np.asarray(2.1 * weights @ grid @ weights.T, np.float32)


def rough_noise(draw: np.random.Generator, size: int, cells: int, octaves: int = 3) -> Array:
    """Noise of several scales, each twice as fine and 0.6 times as strong as the one before; about unit variance.

    What is finer than half a pixel is left out: nobody would see it.
    """
    seen = [i for i in range(octaves) if cells * 2**i <= 2 * size]
    total = sum(
        (0.6**i * smooth_noise(draw, size, cells * 2**i) for i in seen), start=np.zeros((size, size), np.float32)
    )
    return np.asarray(total / np.sqrt(sum(0.36**i for i in range(octaves))), np.float32)


def smoothstep(x: Array, low: float | Array, high: float | Array) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger one, which turns it round."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def fill(layer: Array, where: Array, amount: Array | float) -> None:
    """Replace a layer inside a soft mask (0 to 1)."""
    layer += where * (amount - layer)
