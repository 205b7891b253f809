"""Colours counted pixel by pixel."""

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

from plip_tutorial.metrics.baselines import colour_histogram, colour_probe, constant, mean_colour

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
