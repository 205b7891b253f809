"""Each change does what its name says, to the tile and to nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import microcosm
from plip_tutorial.limits.laboratory_shift import SHIFTS, compressed, defocused, lamp, noisy, restained
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN, separate, transmit

TILE = microcosm.render_tile("normal_colon_mucosa", seed=2, size=96)


@pytest.mark.parametrize("name", SHIFTS)
def test_every_shift_changes_the_tile_keeps_its_form_and_leaves_the_original_alone(name: str) -> None:
    before = TILE.copy()
    after = SHIFTS[name](TILE)
    assert (after.shape, after.dtype) == (TILE.shape, np.uint8)
    assert np.abs(after.astype(int) - TILE).mean() > 1
    np.testing.assert_array_equal(TILE, before)
    np.testing.assert_array_equal(after, SHIFTS[name](TILE))  # the same again


def test_dyes_change_by_the_factor_that_is_asked_for() -> None:
    amounts = np.random.default_rng(0).uniform(0.1, 0.6, (12, 12, 2)).astype(np.float32)
    tile = (transmit(amounts, np.stack([HAEMATOXYLIN, EOSIN]), np.ones(3)) * 255 + 0.5).astype(np.uint8)
    h, e = separate(restained(tile, haematoxylin=0.5, eosin=1.5))
    np.testing.assert_allclose(h, amounts[..., 0] * 0.5, atol=0.03)
    np.testing.assert_allclose(e, amounts[..., 1] * 1.5, atol=0.03)


def test_lens_lamp_sensor_and_file_do_what_their_names_say() -> None:
    assert defocused(TILE, radius=0.05).astype(float).std() < TILE.astype(float).std()
    assert np.abs(lamp(TILE, 1, 1, 0.5)[..., 2].astype(float) - TILE[..., 2] / 2).max() <= 1
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert noisy(grey, grey_levels=10).astype(float).std() == pytest.approx(10, rel=0.1)
    finer, coarser = (np.abs(compressed(TILE, quality=q).astype(int) - TILE).mean() for q in (90, 10))
    assert finer < coarser


@pytest.mark.parametrize("name", SHIFTS)
def test_floats_from_0_to_1_and_pillow_images_are_the_same_tile(name: str) -> None:
    expected = SHIFTS[name](TILE)
    np.testing.assert_array_equal(SHIFTS[name](TILE / 255), expected)
    np.testing.assert_array_equal(SHIFTS[name](Image.fromarray(TILE)), expected)  # type: ignore[arg-type]
