"""A grid of tiles on a slide: a sequence of pictures that are read when they are asked for.

How much of the tissue a tile shows is chosen in micrometres a pixel, and so is the same on every scanner::

    side = pixels * mpp / slide.mpp          # in pixels of level 0, rounded; 224 for 64 pixels of 1.75 at 0.499
    x = 0, step, 2 * step, ...               # step likewise; smaller than the side, and the tiles overlap

At the border: no tile leaves the slide. Where the grid does not end at the edge, one more tile that ends there is
added, which overlaps its neighbour by more. Every pixel is seen, and none is invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from datasets import Dataset
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from plip_tutorial.slide.opened import Slide
from plip_tutorial.slide.tissue import Mask


@dataclass(frozen=True, eq=False)
class Tiles(Sequence[Image.Image]):
    """Tiles of a slide, in rows from the upper left; ``tiles[i]`` reads one, nothing is kept.

    Attributes:
        slide: where they lie.
        places: (n, 2) left and upper edge of each, in pixels of level 0.
        side: width and height of each, in pixels of level 0.
        pixels: width and height of its picture.
    """

    slide: Slide
    places: NDArray[np.int64]
    side: int
    pixels: int

    @property
    def mpp(self) -> float:
        """Micrometres a pixel of their pictures; a little off what was asked for, as ``side`` is a whole number."""
        return self.side * self.slide.mpp / self.pixels

    @property
    def field(self) -> float:
        """Micrometres that each shows from left to right."""
        return self.side * self.slide.mpp

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.places)

    @overload
    def __getitem__(self, index: int) -> Image.Image: ...
    @overload
    def __getitem__(self, index: slice) -> Tiles: ...
    def __getitem__(self, index: int | slice) -> Image.Image | Tiles:
        """Read a tile; of a slice make `Tiles`, of which none is read yet."""
        if isinstance(index, slice):
            return Tiles(self.slide, self.places[index], self.side, self.pixels)
        x, y = (int(place) for place in self.places[index])
        return self.slide.read(x, y, side=self.side, pixels=self.pixels)

    def select(self, indices: ArrayLike) -> Tiles:
        """Those at some places, or where a mask (n,) is True."""
        return Tiles(self.slide, self.places[np.asarray(indices)], self.side, self.pixels)

    def table(self) -> Dataset:
        """Columns ``x``, ``y``, ``side`` and ``pixels``, for `at_scale.write_shards`: places, no pictures."""
        x, y = self.places.T
        same: dict[str, Any] = {name: np.full(len(self), getattr(self, name)) for name in ("side", "pixels")}
        return Dataset.from_dict({"x": x, "y": y, **same})


def grid(
    slide: Slide, *, pixels: int = 224, mpp: float = 0.5, step: int | None = None, mask: Mask | None = None,
    least: float = 0.5,
) -> Tiles:  # fmt: skip
    """Lay a grid of tiles on a slide.

    Args:
        slide: the slide.
        pixels: width and height of a tile's picture: what the model takes.
        mpp: micrometres a pixel of it.
        step: pixels of it from one tile to the next; by default ``pixels``, so that none overlap.
        mask: where tissue is; without it every tile is taken.
        least: share of a tile that has to be tissue.

    Raises:
        ValueError: a setting that makes no sense, a slide that is smaller than a tile, or no tile with enough tissue.
    """
    step = pixels if step is None else step
    if pixels < 1 or step < 1 or not mpp > 0 or not 0 <= least <= 1:
        raise ValueError(
            f"pixels is {pixels}, mpp {mpp:g}, step {step}, least {least:g}; pixels and step must be at least 1, mpp "
            f"above 0, least from 0 to 1."
        )
    side, apart = (max(1, round(n * mpp / slide.mpp)) for n in (pixels, step))
    if side > min(slide.size):
        raise ValueError(
            f"a tile of {pixels} pixels of {mpp:g} micrometres is {side} pixels of level 0 wide, and the slide has "
            f"{slide.size[0]} x {slide.size[1]}. Choose fewer pixels or a smaller mpp."
        )
    across, down = (_starts(length, side, apart) for length in slide.size)
    places = np.array([(x, y) for y in down for x in across if _is_wanted(mask, x, y, side, least)], np.int64)
    if not len(places):
        raise ValueError(
            f"no tile of {side} pixels of level 0 has {least:.0%} of tissue. Lower least, or look at the mask."
        )
    return Tiles(slide, places, side, pixels)


def _starts(length: int, side: int, step: int) -> list[int]:
    """Edges at which tiles begin; the last tile ends where the slide does."""
    return sorted({*range(0, length - side + 1, step), length - side})


def _is_wanted(mask: Mask | None, x: int, y: int, side: int, least: float) -> bool:
    return mask is None or mask.share_of(x, y, side) >= least
