"""Dyes counted pixel by pixel, and what glass, size and mode of a picture may not change."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from plip_tutorial.clean.dyes_and_texture import DENSITIES, HUES, LENGTH, dyes, dyes_and_texture, white_balanced
from plip_tutorial.metrics.baselines import texture
from plip_tutorial.microcosm import TISSUES, render_tile
from plip_tutorial.sources.images import MAX_PIXELS, UnreadableImageError

STAINS = LENGTH - 72
GLASS = {"green": (0.82, 1, 0.82), "yellow": (1, 1, 0.78), "pink": (1, 0.82, 0.9)}
pictures = hnp.arrays(np.uint8, st.tuples(st.integers(1, 5), st.integers(1, 5), st.just(3)))
TILES = [render_tile(name, seed=seed) for name in TISSUES if name != "background" for seed in range(3)]


def slow_dyes(picture: np.ndarray) -> np.ndarray:
    shares = np.zeros((len(DENSITIES) + 1, HUES))
    axes = np.array([2, -1, -1]) / math.sqrt(6), np.array([0, 1, -1]) / math.sqrt(2)  # at right angles to grey
    for pixel in picture.reshape(-1, 3).tolist():
        density = [-math.log((level + 1) / 256) for level in pixel]
        along, across = (
            round(float(axis @ density), 9) + 0.0 for axis in axes
        )  # no minus zero, whose angle is half a turn
        turn = math.atan2(across, along) / (2 * math.pi)
        shares[sum(sum(density) >= border for border in DENSITIES), round(turn * HUES) % HUES] += 1
    return shares / shares.sum()


@settings(deadline=None)
@given(pictures)
def test_dyes_pixel_by_pixel(picture: np.ndarray) -> None:
    fast, slow = dyes(picture), slow_dyes(picture)
    np.testing.assert_allclose(fast, slow, atol=1e-6)


def test_dyes_of_plain_pictures() -> None:
    white, black = (dyes(np.full((4, 4, 3), level, np.uint8)) for level in (250, 0))
    assert white[0].sum() == black[-1].sum() == 1
    red, blue = (
        dyes(np.full((4, 4, 3), colour, np.uint8)).argmax() % HUES for colour in ((255, 90, 90), (90, 90, 255))
    )
    assert (red - blue) % HUES in (HUES // 3, HUES - HUES // 3)


@given(pictures)
def test_white_balance_colour_by_colour(picture: np.ndarray) -> None:
    balanced = white_balanced(picture)
    assert (balanced.shape, balanced.dtype) == (picture.shape, np.uint8)
    for channel in range(3):
        bright = max(64, np.percentile(picture[..., channel], 99))
        wanted = [min(255, level * 245 / bright) for level in picture[..., channel].ravel().tolist()]
        np.testing.assert_allclose(balanced[..., channel].ravel(), wanted, atol=1.0)


@pytest.mark.parametrize("name", GLASS)
def test_glass_of_another_colour_changes_next_to_nothing(name: str) -> None:
    moved = [(tile * np.array(GLASS[name])).round().astype(np.uint8) for tile in TILES]
    plain, other = dyes_and_texture(TILES), dyes_and_texture(moved)
    alike = (plain * other).sum(1)
    strangers = (plain @ plain.T)[~np.eye(len(TILES), dtype=bool)]
    assert alike.min() > 0.97
    assert np.mean(alike) > 0.99
    assert np.mean(alike) > np.percentile(strangers, 99)


def test_each_part_has_half_of_the_length() -> None:
    found = dyes_and_texture(TILES)
    assert (found.shape, found.dtype) == ((len(TILES), LENGTH), np.float32)
    np.testing.assert_allclose((found**2)[:, :STAINS].sum(1), 0.5, atol=1e-5)
    np.testing.assert_allclose((found**2)[:, STAINS:].sum(1), 0.5, atol=1e-5)
    balanced = [white_balanced(tile) for tile in TILES]
    stains = [np.sqrt(dyes(picture) / 2).ravel() for picture in balanced]
    np.testing.assert_allclose(found[:, :STAINS], stains, atol=1e-6)
    surface = texture(balanced)
    surface /= np.linalg.norm(surface, axis=1, keepdims=True) * np.sqrt(2)
    np.testing.assert_allclose(found[:, STAINS:], surface, atol=1e-6)


def test_a_picture_without_stain_lies_apart() -> None:
    grey = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, 0).repeat(3, 2)
    chart = np.full((64, 64, 3), 255, np.uint8)
    chart[::9] = 40
    overlap = dyes_and_texture([grey, chart])[:, :STAINS] @ dyes_and_texture(TILES)[:, :STAINS].T * 2
    assert np.median(overlap) < 0.5


def test_the_centre_square_is_seen() -> None:
    tile = TILES[0]
    wide = np.zeros((64, 164, 3), np.uint8)
    wide[:, 50:114] = tile
    high = np.ascontiguousarray(wide.swapaxes(0, 1))
    one, other, turned = dyes_and_texture([tile, wide, high])
    np.testing.assert_allclose(other, one, atol=1e-6)
    assert turned @ dyes_and_texture([tile.swapaxes(0, 1)])[0] == pytest.approx(1, abs=1e-5)


def test_none_and_one() -> None:
    assert dyes_and_texture([]).shape == (0, LENGTH)
    for one in (TILES[0], Image.fromarray(TILES[0]), "tile.png"):
        with pytest.raises(TypeError, match="got one image"):
            dyes_and_texture(one)  # type: ignore[arg-type]


def test_any_mode_and_any_size_will_do() -> None:
    generator = np.random.default_rng(0)
    deep = (generator.random((70, 90)) * 65535).astype(np.uint16)
    grey = (deep >> 8).astype(np.uint8)
    kinds = [grey, np.stack(3 * [grey], -1), Image.fromarray(grey).convert("RGBA"), Image.fromarray(grey).convert("P")]
    found = dyes_and_texture([*kinds, deep, np.zeros((1, 1, 3), np.uint8), np.full((1, 900), 255, np.uint8)])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(found[1:4], found[[0, 0, 0]], atol=1e-6)
    assert found[4] @ found[0] > 0.99
    clear = Image.new("RGBA", (64, 64), (200, 0, 0, 0))  # transparent is white, as an empty slide is
    np.testing.assert_array_equal(*dyes_and_texture([clear, Image.new("RGB", (64, 64), "white")]))


def test_huge_and_broken_pictures(tmp_path: Path) -> None:
    large = Image.fromarray(TILES[0]).resize((6400, 6400), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(*dyes_and_texture([large, large.resize((64, 64), Image.Resampling.BICUBIC)]))
    side = math.isqrt(MAX_PIXELS) + 2
    with pytest.raises(UnreadableImageError, match="image 1 of 2"):
        dyes_and_texture([TILES[0], Image.new("L", (side, side))])
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG no more")
    with pytest.raises(UnreadableImageError, match=r"image 1 of 2 \(broken\.png\)"):
        dyes_and_texture([TILES[0], broken])
