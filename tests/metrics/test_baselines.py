"""Colours and textures counted pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plip_tutorial.metrics.baselines import colour_histogram, colour_probe, constant, mean_colour, texture

tiles = hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)))


@given(st.lists(tiles, min_size=1, max_size=4), st.integers(1, 256))
def test_histogram_and_mean_pixel_by_pixel(images: list[np.ndarray], bins: int) -> None:
    histogram, mean = colour_histogram(images, bins), mean_colour(images)
    assert histogram.dtype == mean.dtype == np.float32
    for image, row, colour in zip(images, histogram, mean, strict=True):
        slow = np.zeros((3, bins))
        for pixel in image.reshape(-1, 3).tolist():
            for channel, level in enumerate(pixel):
                slow[channel, level * bins // 256] += 1 / (image.size / 3)
        np.testing.assert_allclose(row.reshape(3, bins), slow, atol=1e-6)
        np.testing.assert_allclose(colour * 255, [np.mean(image[..., c].tolist()) for c in range(3)], atol=1e-4)


def test_any_picture_will_do() -> None:
    grey = Image.new("L", (5, 4), 51)
    np.testing.assert_allclose(mean_colour([grey, np.full((4, 4), 0.2)]), 0.2, atol=1e-6)
    assert mean_colour([]).shape == (0, 3)
    assert colour_histogram([]).shape == (0, 48)
    for bins in (0, 257):
        with pytest.raises(ValueError, match=f"bins is {bins}"):
            colour_histogram([grey], bins)


def slow_patterns(grey: np.ndarray) -> list[float]:
    """Ojala et al. 2002, equation 9: shares of uniform patterns with 0 to 8 brighter neighbours, and of all others."""
    found = [0] * 10
    for y in range(1, len(grey) - 1):
        for x in range(1, len(grey) - 1):
            brighter = []
            for angle in np.arange(8) * np.pi / 4:  # on a circle; between pixels the four around are interpolated
                v, u = y - np.sin(angle), x + np.cos(angle)
                top, left = int(np.floor(round(v, 5))), int(np.floor(round(u, 5)))
                down, right = round(v, 5) - top, round(u, 5) - left
                upper = grey[top, left] * (1 - right) + (grey[top, left + 1] * right if right else 0)
                lower = (
                    grey[top + 1, left] * (1 - right) + (grey[top + 1, left + 1] * right if right else 0) if down else 0
                )
                brighter.append(upper * (1 - down) + lower * down >= grey[y, x])
            changes = sum(a != b for a, b in zip(brighter, brighter[1:] + brighter[:1], strict=True))
            found[sum(brighter) if changes <= 2 else 9] += 1
    return [n / (len(grey) - 2) ** 2 for n in found]


def test_texture_pixel_by_pixel() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    row = texture([grey])[0] ** 2
    np.testing.assert_allclose(row[:10], slow_patterns(grey.astype(float)), atol=1e-3)
    strengths = np.zeros(8)
    for y in range(96):
        for x in range(96):
            (top, bottom), (left, right) = ((max(i - 1, 0), min(i + 1, 95)) for i in (y, x))
            slopes = [(float(grey[bottom, x]) - grey[top, x]) / (bottom - top)]
            slopes.append((float(grey[y, right]) - grey[y, left]) / (right - left))
            strengths[min(int(np.log2(1 + slopes[0] ** 2 + slopes[1] ** 2) / 2 * 8 / 6), 7)] += 1 / 96**2
    np.testing.assert_allclose(row[10:18], strengths, atol=1e-3)
    np.testing.assert_allclose(row.reshape(3, 24).sum(1), 3, atol=1e-5)


def test_texture_knows_fibres_from_grains_and_not_how_the_picture_lies() -> None:
    across = np.tile(np.repeat([60, 180], 8), 8)
    stripes = np.broadcast_to(across[:, None], (128, 128)).astype(np.uint8)
    grains = np.random.default_rng(0).integers(60, 180, (128, 128), dtype=np.uint8)
    striped, turned, mirrored, grainy = texture([stripes, stripes.T, grains[:, ::-1], grains])
    np.testing.assert_allclose(striped, turned, atol=0.02)
    np.testing.assert_allclose(grainy, mirrored, atol=0.02)
    assert striped[23] ** 2 > 0.5 > 0.05 > grainy[23] ** 2  # gradients that all but agree


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (30, 900), (96, 96), (1200, 1000)])
def test_what_is_flat_has_no_texture_whatever_its_size_and_level(shape: tuple[int, int]) -> None:
    rows = texture(np.full((*shape, 3), level, np.uint8) for level in (0, 51, 130, 255))
    expected = np.zeros((4, 3, 24), np.float32)
    expected[..., [8, 10, 18]] = 1  # all neighbours are as bright, no gradient, no direction
    np.testing.assert_array_equal(rows.reshape(4, 3, 24), expected)


def test_texture_of_any_mode_is_that_of_its_greys() -> None:
    grey = Image.fromarray(np.random.default_rng(1).integers(0, 256, (50, 70), dtype=np.uint8))
    rows = texture([grey, grey.convert("RGB"), grey.convert("RGBA"), np.asarray(grey)])
    assert rows.shape == (4, 72)
    assert rows.dtype == np.float32
    assert (rows == rows[0]).all()
    assert texture([]).shape == (0, 72)


def test_constant_takes_the_most_frequent() -> None:
    assert constant([3, 1, 1, 2], 3).tolist() == [1, 1, 1]
    assert constant(["b", "a", "b", "a"], 1).tolist() == ["a"]
    with pytest.raises(ValueError, match="no training labels"):
        constant([], 2)


def test_probe_equals_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    images = [draw.integers(low, low + 90, (6, 6, 3), dtype=np.uint8) for low in draw.integers(0, 160, 60)]
    y = np.array(["dark" if image.mean() < 110 else "bright" for image in images])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    expected = model.fit(mean_colour(images[:40]), y[:40]).predict(mean_colour(images[40:]))
    ours = colour_probe(images[:40], y[:40], images[40:], features=mean_colour)
    np.testing.assert_array_equal(ours, expected)
    assert (colour_probe(images[:40], y[:40], images[40:]) == y[40:]).mean() > 0.7
