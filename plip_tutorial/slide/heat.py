"""What tiles have in numbers, laid on the slide: the mean of all tiles that cover a place.

One cosine for each tile makes a map of what a sentence sees. Several sentences make shares, by the softmax that the
model was trained with: which of them is nearest, here?

>>> shares(np.array([[0.3, 0.3], [0.31, 0.3]]), logit_scale=100.0).round(2).tolist()
[[0.5, 0.5], [0.73, 0.27]]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from plip_tutorial.slide.tiles import Tiles
from plip_tutorial.slide.tissue import MPP, inside

Floats = NDArray[np.float64]


def heat_map(tiles: Tiles, values: ArrayLike, *, mpp: float = MPP) -> Floats:
    """Mean over all tiles that cover a place.

    Args:
        tiles: n tiles.
        values: (n,) one number for each.
        mpp: micrometres a pixel of the map.

    Returns:
        (h, w), as large as ``slide.overview(mpp=mpp)``: at each pixel the mean over the tiles that its centre lies in,
        nan where there is none.

    Raises:
        ValueError: not one number for each tile.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.shape != (len(tiles),):
        raise ValueError(f"values have the shape {numbers.shape}; {len(tiles)} tiles need ({len(tiles)},).")
    factor, (width, height) = tiles.slide.factor(mpp), tiles.slide.overview_size(mpp)
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (x, y), value in zip(tiles.places.tolist(), numbers, strict=True):
        (left, right), (top, bottom) = inside(x, tiles.side, factor, width), inside(y, tiles.side, factor, height)
        total[top:bottom, left:right] += value
        count[top:bottom, left:right] += 1
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


def shares(cosines: ArrayLike, logit_scale: float) -> Floats:
    """Words against words: the softmax of cosines (n, k) to k sentences, (n, k); each row adds up to 1."""
    return np.asarray(softmax(logit_scale * np.asarray(cosines, np.float64), axis=1))
