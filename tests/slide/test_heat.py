"""A map has at each pixel the mean over the tiles that its centre lies in, and nothing where there is none."""

from pathlib import Path

import numpy as np
import pytest
from drawn_slide import picture

from plip_tutorial.slide import Tiles, grid, heat_map, open_slide, shares


@pytest.fixture
def tiles(tmp_path: Path) -> Tiles:
    pixels = np.random.default_rng(4).integers(0, 255, (307, 501, 3), np.uint8)
    every = grid(open_slide(picture(tmp_path / "noise.tif", pixels, mpp=0.5)), pixels=32, mpp=1.5, step=11)
    return every.select(np.random.default_rng(1).random(len(every)) < 0.4)


@pytest.mark.parametrize("mpp", [0.5, 2.0, 8.0, 200.0])
def test_it_is_what_a_loop_over_pixels_finds(tiles: Tiles, mpp: float) -> None:
    values = np.random.default_rng(2).normal(size=len(tiles))
    factor = round(mpp / 0.5)
    found = heat_map(tiles, values, mpp=mpp)
    assert found.shape == tiles.slide.overview(mpp=mpp).shape[:2]
    for row, column in np.argwhere(np.random.default_rng(3).random(found.shape) < 600 / found.size):
        x, y = (column + 0.5) * factor, (row + 0.5) * factor
        over = [
            value for (left, top), value in zip(tiles.places, values, strict=True)
            if left <= x < left + tiles.side and top <= y < top + tiles.side
        ]  # fmt: skip
        np.testing.assert_allclose(found[row, column], np.mean(over) if over else np.nan)


def test_one_number_for_each_tile(tiles: Tiles) -> None:
    for wrong in ([], np.zeros(len(tiles) + 1), np.zeros((len(tiles), 2))):
        with pytest.raises(ValueError, match=rf"{len(tiles)} tiles need \({len(tiles)},\)"):
            heat_map(tiles, wrong)


def test_shares_are_the_softmax_of_scaled_cosines() -> None:
    cosines = np.random.default_rng(0).uniform(-1, 1, (7, 3)).astype(np.float32)
    exponents = np.exp(20.0 * cosines.astype(float))
    np.testing.assert_allclose(shares(cosines, 20.0), exponents / exponents.sum(1, keepdims=True))
    np.testing.assert_allclose(shares(1e4 * cosines, 100.0).sum(1), 1)  # nothing overflows
