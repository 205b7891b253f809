"""Scores that come with an interval, a count and the score of a predictor that has learned nothing.

Most scores of a classifier depend on its predictions only through the confusion matrix, so they are written as
functions of confusion matrices (..., k, k): of one for the value, of a thousand at once for the interval. `bootstrap`
draws the thousand. Values equal scikit-learn's, including what it does with absent classes: 0 / 0 is 0. A draw of
which a score says nothing (the recall of a class that was not drawn) is left out of the interval.

>>> y_true, y_pred = ["fat", "fat", "mucus", "mucus"], ["fat", "fat", "mucus", "fat"]
>>> round(accuracy(y_true, y_pred).value, 2)
0.75
>>> [name for name in report(y_true, y_pred)][:2]
['weighted_f1', 'macro_f1']
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.metrics import calibration, score_input
from plip_tutorial.metrics.baselines import constant
from plip_tutorial.metrics.bootstrap import REPEATS, Floats, confusions, draw_weights, encode, sums
from plip_tutorial.metrics.confusion import METRICS, PER_CLASS, Metric, of_draws, ratio

if TYPE_CHECKING:
    import pandas as pd

REPORT = {  # which of the two predictions that `report` compares: 0 the model's, 1 the constant one
    "weighted_f1": 0,
    "macro_f1": 0,
    "balanced_accuracy": 0,
    "mcc": 0,
    "constant_weighted_f1": 1,
    "constant_macro_f1": 1,
}
INTERVAL = (2.5, 97.5)  # percentiles of the resampled scores


@dataclass(frozen=True)
class Score:
    """A score and how far it can be trusted.

    Attributes:
        value: the score on all items.
        low: lower end of the 95% bootstrap interval (percentiles); NaN where a single group leaves it unknown.
        high: upper end.
        n: number of items.
    """

    value: float
    low: float
    high: float
    n: int

    def __float__(self) -> float:
        """The value alone, so that numpy and matplotlib take a score for a number."""
        return self.value

    def __str__(self) -> str:
        """The value and its interval, as a table shows them."""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def error_bar(self) -> tuple[float, float]:
        """Lengths below and above the value, as matplotlib's ``yerr`` wants them."""
        return max(self.value - self.low, 0.0), max(self.high - self.value, 0.0)


def accuracy(y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None) -> Score:
    """Share of right predictions."""
    return score("accuracy", y_true, y_pred, groups=groups)


def weighted_f1(y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None) -> Score:
    """Mean F1 of the classes, each weighted by how many items it has: what the PLIP paper reports for zero-shot."""
    return score("weighted_f1", y_true, y_pred, groups=groups)


def macro_f1(y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None) -> Score:
    """Mean F1 of the classes, a rare class counting as much as a common one."""
    return score("macro_f1", y_true, y_pred, groups=groups)


def balanced_accuracy(y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None) -> Score:
    """Mean recall of the classes; a constant prediction gives 1 / (number of classes)."""
    return score("balanced_accuracy", y_true, y_pred, groups=groups)


def mcc(y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None) -> Score:
    """Matthews correlation coefficient: 1 perfect, 0 for any constant prediction."""
    return score("mcc", y_true, y_pred, groups=groups)


def score(
    metric: str | Metric,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Score:
    """One score of the predictions with its interval.

    Args:
        metric: a name in `METRICS`, or a function of confusion matrices (..., k, k).
        y_true: the right labels, (n,); numbers or strings.
        y_pred: the predicted labels, (n,).
        groups: (n,) patients or slides. Whole groups are drawn then.
        repeats: bootstrap repeats.
        seed: of the bootstrap.

    Raises:
        ValueError: if there are no items, if the lengths differ, or for an unknown metric.
    """
    compute, (_, codes) = _metric(metric), encode(y_true, y_pred)
    matrices, draws = confusions(codes, groups, repeats, seed)
    return _interval(compute(matrices[0]), of_draws(compute, matrices[0], draws[:, 0]), len(codes))


def report(
    y_true: ArrayLike, y_pred: ArrayLike, *, groups: ArrayLike | None = None, repeats: int = REPEATS, seed: int = 0
) -> dict[str, Score]:
    """The scores that belong side by side, and those of always saying the most frequent class.

    Args:
        y_true: the right labels, (n,).
        y_pred: the predicted labels, (n,).
        groups: (n,) patients or slides that are resampled as a whole.
        repeats: bootstrap repeats.
        seed: of the bootstrap.

    Returns:
        ``weighted_f1``, ``macro_f1``, ``balanced_accuracy``, ``mcc``, ``constant_weighted_f1``, ``constant_macro_f1``.

    Raises:
        ValueError: if there are no items or the lengths differ.
    """
    truth = score_input.labels(y_true, "y_true")
    _, codes = encode(truth, y_pred, constant(truth, len(truth)) if len(truth) else truth)
    matrices, draws = confusions(codes, groups, repeats, seed)
    scores = {}
    for key, column in REPORT.items():
        compute, matrix = METRICS[key.removeprefix("constant_")], matrices[column]
        scores[key] = _interval(compute(matrix), of_draws(compute, matrix, draws[:, column]), len(codes))
    return scores


def per_class(
    y_true: ArrayLike, y_pred: ArrayLike, *, metric: str = "recall", groups: ArrayLike | None = None
) -> dict[Hashable, Score]:
    """Recall, precision or F1 of every class.

    Args:
        y_true: the right labels, (n,).
        y_pred: the predicted labels, (n,).
        metric: ``"recall"``, ``"precision"`` or ``"f1"``.
        groups: (n,) patients or slides that are resampled as a whole.

    Returns:
        Label -> score, where ``n`` is the number of items of that class.
    """
    if metric not in PER_CLASS:
        raise ValueError(f"unknown metric {metric!r}; choose from {', '.join(PER_CLASS)}")
    labels, codes = encode(y_true, y_pred)
    matrices, draws = confusions(codes, groups, REPEATS, 0)
    values, spread = PER_CLASS[metric](matrices[0]), of_draws(PER_CLASS[metric], matrices[0], draws[:, 0])
    support = matrices[0].sum(-1).astype(int)
    return {label: _interval(values[i], spread[:, i], int(support[i])) for i, label in enumerate(labels.tolist())}


def paired_difference(
    y_true: ArrayLike,
    pred_a: ArrayLike,
    pred_b: ArrayLike,
    metric: str | Metric = "macro_f1",
    *,
    groups: ArrayLike | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Score:
    """Score of ``pred_a`` minus score of ``pred_b`` on the same items.

    Both are resampled together, so what makes an item hard for either of them cancels: the interval of the difference
    is often narrower than a glance at two overlapping intervals suggests. If it holds 0, the two were not told apart.

    >>> paired_difference([0, 1] * 50, [0, 1] * 50, [0, 0] * 50, "accuracy").value
    0.5
    """
    _, codes = encode(y_true, pred_a, pred_b)
    compute = _metric(metric)
    matrices, draws = confusions(codes, groups, repeats, seed)
    difference = compute(matrices[0]) - compute(matrices[1])
    first, second = (of_draws(compute, matrices[i], draws[:, i]) for i in (0, 1))
    return _interval(difference, first - second, len(codes))


def average(values: ArrayLike, *, groups: ArrayLike | None = None, repeats: int = REPEATS, seed: int = 0) -> Score:
    """Mean of one number an item (such as a hit or a miss), with its interval."""
    numbers = score_input.numbers(values).astype(np.float64)
    score_input.check_lengths(numbers)
    total, draws = sums(np.stack([numbers, np.ones_like(numbers)], 1), groups, repeats, seed)
    return _interval(ratio(total[0], total[1]), ratio(draws[:, 0], draws[:, 1]), len(numbers))


def auroc(
    y_true: ArrayLike, scores: ArrayLike, *, groups: ArrayLike | None = None, repeats: int = REPEATS, seed: int = 0
) -> Score:
    """Chance that a random positive has a higher score than a random negative; ties count half.

    Args:
        y_true: (n,) bools or 0 and 1.
        scores: (n,) higher for "positive".
        groups: (n,) patients or slides that are resampled as a whole.
        repeats: bootstrap repeats.
        seed: of the bootstrap.

    Raises:
        ValueError: unless both classes are there.
    """
    truth, values = score_input.labels(y_true, "y_true"), score_input.numbers(scores, "scores", infinite=True)
    score_input.check_lengths(truth, values, names=("y_true", "scores"))
    if truth.dtype.kind == "U" or set(np.unique(truth)) != {0, 1}:
        found = ", ".join(map(repr, np.unique(truth)[:5].tolist()))
        both = "the area under the ROC curve needs items of both classes, labelled 0 and 1"
        raise ValueError(f"{both}; the labels are {found}")
    truth, order = truth.astype(np.float64), np.argsort(values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])  # one step for all items with the same score
    blocks = draw_weights(len(truth), groups, repeats, seed)
    spread = [_auroc(weights[:, order], truth[order], starts) for weights in blocks]
    value = _auroc(np.ones((1, len(truth))), truth[order], starts)
    return _interval(value[0], np.concatenate(spread), len(truth))


def ece(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    *,
    bins: int = 15,
    groups: ArrayLike | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Score:
    """Expected calibration error (Guo et al. 2017, equation 3): mean gap between confidence and accuracy.

    Args:
        y_true: (n,) indices of the right classes.
        probabilities: (n, k), rows sum to 1; the highest is the prediction and its confidence.
        bins: number of equal steps of confidence, open below and closed above.
        groups: (n,) patients or slides that are resampled as a whole.
        repeats: bootstrap repeats.
        seed: of the bootstrap.

    Raises:
        TypeError: for class names in the place of indices.
        ValueError: for what is no probability, such as logits, for an index that no column has, or without bins.
    """
    gaps = calibration.gaps(y_true, probabilities, bins)
    total, draws = sums(np.c_[gaps, np.ones(len(gaps))], groups, repeats, seed)
    spread = np.abs(draws[:, :bins]).sum(1) / draws[:, bins]
    return _interval(np.abs(total[:bins]).sum() / total[bins], spread, len(gaps))


def table(reports: Mapping[str, Mapping[str, Score]]) -> pd.DataFrame:
    """Reports of several models as a table of scores: a row a model, a column a metric.

    It prints with intervals; ``table(...).map(float)`` has the numbers alone.
    """
    import pandas as pd

    return pd.DataFrame.from_dict({model: dict(scores) for model, scores in reports.items()}, orient="index")


def _metric(metric: str | Metric) -> Metric:
    if isinstance(metric, str) and metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; choose from {', '.join(METRICS)}")
    return METRICS[metric] if isinstance(metric, str) else metric


def _auroc(weights: Floats, truth: Floats, starts: NDArray[np.int64]) -> Floats:
    """Mann and Whitney (1947) with weights (b, n); columns are sorted by score, ``starts`` begins each new score."""
    positives = np.add.reduceat(weights * truth, starts, axis=1)
    negatives = np.add.reduceat(weights * (1 - truth), starts, axis=1)
    wins = (positives * (negatives.cumsum(1) - negatives / 2)).sum(1)
    pairs = positives.sum(1) * negatives.sum(1)
    area: Floats = np.divide(wins, pairs, out=np.full_like(wins, np.nan), where=pairs > 0)
    return area  # NaN where a draw holds one class only


def _interval(value: Floats, draws: Floats, n: int) -> Score:
    drawn = draws[~np.isnan(draws)]
    low, high = np.percentile(drawn, INTERVAL) if drawn.size else (np.nan, np.nan)
    return Score(float(value), float(low), float(high), n)
