"""From which score on an item is taken: chosen on labelled examples, for a wanted precision.

>>> choose_threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.75)
0.6
>>> choose_threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.9)
0.8
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def choose_threshold(
    similarities: ArrayLike, labels: ArrayLike, wanted_precision: float, *, weights: ArrayLike | None = None
) -> float:
    """Choose the lowest threshold whose precision is still as wanted.

    Args:
        similarities: scores, (n,); an item is taken if its score is at least the threshold.
        labels: bool, (n,), True where the item should be taken.
        wanted_precision: share of the taken that should be right, above 0 to 1.
        weights: how much each example counts, (n,); all alike by default.

    Returns:
        A threshold; it is one of the similarities.

    Raises:
        ValueError: shapes differ, NaN, a precision outside its range, or one that no threshold reaches.
    """
    scores, right = np.asarray(similarities, np.float64), np.asarray(labels, bool)
    weight = np.ones(len(scores)) if weights is None else np.asarray(weights, np.float64)
    if scores.ndim != 1 or not scores.shape == right.shape == weight.shape or not np.isfinite(scores).all():
        raise ValueError(f"similarities {scores.shape} and labels {right.shape} must be flat, alike and without NaN.")
    if not 0 < wanted_precision <= 1:
        raise ValueError(f"wanted_precision is {wanted_precision}; it lies above 0 and is at most 1.")
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum((weight * right)[order]) / np.cumsum(weight[order])
    whole = np.append(scores[order][:-1] != scores[order][1:], True)[: len(scores)]  # equal scores are taken together
    good = np.flatnonzero(whole & (precision >= wanted_precision - 1e-12))
    if not len(good):
        raise ValueError(
            f"no threshold reaches precision {wanted_precision}; the best is {precision[whole].max(initial=0):.3f}. "
            "Ask for less, or use a better score."
        )
    return float(scores[order][good[-1]])
