"""Steps of confidence, in whole numbers and fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.calibration import steps


@pytest.mark.parametrize("bins", [1, 2, 10, 15, 25, 50, 100])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, float])
def test_confidences_at_the_end_of_a_step_belong_to_it(bins: int, dtype: type) -> None:
    percent = np.arange(101)
    exact = np.maximum(-(-percent * bins // 100) - 1, 0)  # whole numbers: no rounding
    assert steps((percent / 100).astype(dtype), bins).tolist() == exact.tolist()


def test_ece_at_25_and_50_bins_equals_exact_sums() -> None:
    percent = np.random.default_rng(0).integers(50, 101, 400)
    right = np.random.default_rng(1).random(400) < 0.6
    chances = np.stack([percent, 100 - percent], 1) / 100
    for bins in (25, 50):
        of_bin: dict[int, Fraction] = {}
        for p, hit in zip(percent.tolist(), right.tolist(), strict=True):
            step = -(-p * bins // 100)
            of_bin[step] = of_bin.get(step, Fraction(0)) + int(hit) - Fraction(p, 100)
        truth = np.where(right, chances.argmax(1), 1 - chances.argmax(1))
        exact = float(sum(map(abs, of_bin.values())) / 400)
        assert metrics.ece(truth, chances, bins=bins).value == pytest.approx(exact, abs=1e-12)
