"""Counts that are drawn in two ways, and confusion matrices of many predictions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn import metrics as reference

from plip_tutorial.metrics import bootstrap
from plip_tutorial.metrics.bootstrap import confusions, encode


@pytest.mark.parametrize("counts", [np.ones(300, np.int64), np.arange(300) % 4])
def test_drawing_items_and_drawing_counts_have_one_distribution(counts: np.ndarray) -> None:
    n, draw = int(counts.sum()), np.random.default_rng(0)
    items = np.concatenate([bootstrap._items(draw, counts, 500) for _ in range(4)])
    assert items.shape == (2000, 300)
    assert (items.sum(1) == n).all()
    assert (items[:, counts == 0] == 0).all()
    drawn = np.concatenate(list(bootstrap._drawn_counts(counts, 2000, 1)))
    old = draw.multinomial(n, counts / n, 2000)
    for sample in (items, drawn):
        np.testing.assert_allclose(sample.mean(0), counts, atol=0.2)
        np.testing.assert_allclose(sample.var(0).mean(), old.var(0).mean(), rtol=0.02)
        weights = np.linspace(-1, 1, 300)
        assert ks_2samp(sample @ weights, old @ weights).pvalue > 0.01


def test_many_predictions_of_many_classes_are_told_apart() -> None:
    # 12 classes and 20 predictions: their joint table would have more cells than a 64-bit number can count.
    draw = np.random.default_rng(0)
    columns = draw.integers(0, 12, (60, 21))
    matrices, draws = confusions(encode(*columns.T)[1], None, 10)
    for i in range(20):
        np.testing.assert_array_equal(matrices[i], reference.confusion_matrix(columns[:, 0], columns[:, i + 1]))
    assert (draws.sum((-2, -1)) == 60).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_hundreds_of_classes_need_no_gigabytes_of_zeros(grouped: bool) -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 400, 3000)
    codes = encode(truth, np.where(draw.random(3000) < 0.5, truth, draw.integers(0, 400, 3000)))[1]
    matrices, draws = confusions(codes, np.arange(3000) % 700 if grouped else None, 20)
    np.testing.assert_array_equal(matrices[0], reference.confusion_matrix(*codes.T))
    assert draws.shape == (20, 1, 400, 400)
    assert draws.sum((-2, -1)).mean() == pytest.approx(3000, rel=0.02)
    assert np.trace(draws.mean((0, 1))) == pytest.approx(np.trace(matrices[0]), rel=0.05)
