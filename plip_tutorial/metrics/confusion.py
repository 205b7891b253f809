"""Classification scores as functions of confusion matrices (..., k, k) with the truth in rows.

Leading axes are free, so a thousand resampled matrices are scored in one call.

>>> fat_and_mucus = np.array([[8.0, 2.0], [0.0, 10.0]])
>>> float(accuracy(fat_and_mucus)), recall(fat_and_mucus).tolist()
(0.9, [0.8, 1.0])
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Callable[[Floats], Floats]  # confusion matrices (..., k, k) -> scores (...), or (..., k) for each class


def ratio(above: Floats, below: Floats) -> Floats:
    """Division where 0 / 0 is 0, as scikit-learn has it with ``zero_division=0``."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    zeros = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    quotient: Floats = np.divide(above, below, out=zeros, where=below != 0)
    return quotient


def accuracy(matrix: Floats) -> Floats:
    """Share of the items on the diagonal."""
    return ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum((-2, -1)))


def recall(matrix: Floats) -> Floats:
    """Share of each class's items that were found, (..., k)."""
    return ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-1))


def precision(matrix: Floats) -> Floats:
    """Share of each class's predictions that are right, (..., k)."""
    return ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-2))


def f1(matrix: Floats) -> Floats:
    """Harmonic mean of precision and recall of each class, (..., k)."""
    return ratio(2 * np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(-1) + matrix.sum(-2))


def macro_f1(matrix: Floats) -> Floats:
    """Mean F1 over the classes that occur in the truth or in the predictions."""
    present = matrix.sum(-1) + matrix.sum(-2) > 0  # as scikit-learn: a class that nobody names is no class
    return ratio(f1(matrix).sum(-1), present.sum(-1))


def weighted_f1(matrix: Floats) -> Floats:
    """Mean F1, each class weighted by its share of the truth."""
    return ratio((f1(matrix) * matrix.sum(-1)).sum(-1), matrix.sum((-2, -1)))


def balanced_accuracy(matrix: Floats) -> Floats:
    """Mean recall over the classes that occur in the truth."""
    return ratio(recall(matrix).sum(-1), (matrix.sum(-1) > 0).sum(-1))


def mcc(matrix: Floats) -> Floats:
    """Correlation of the one-hot codes of truth and prediction (Gorodkin 2004; for two classes Matthews 1975)."""
    n, right = matrix.sum((-2, -1)), np.trace(matrix, axis1=-2, axis2=-1)
    truth, predicted = matrix.sum(-1), matrix.sum(-2)
    covariance = right * n - (truth * predicted).sum(-1)
    variances = (n**2 - (truth**2).sum(-1)) * (n**2 - (predicted**2).sum(-1))
    return ratio(covariance, np.sqrt(variances))


METRICS: dict[str, Metric] = {
    "accuracy": accuracy,
    "weighted_f1": weighted_f1,
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
}
PER_CLASS: dict[str, Metric] = {"recall": recall, "precision": precision, "f1": f1}

# What a score says nothing without, though 0 / 0 is written as 0.
DEFINED: dict[Metric, Callable[[Floats], NDArray[np.bool_]]] = {
    mcc: lambda matrix: (matrix.sum(-1) > 0).sum(-1) > 1,
    recall: lambda matrix: matrix.sum(-1) > 0,
    precision: lambda matrix: matrix.sum(-2) > 0,
    f1: lambda matrix: matrix.sum(-1) + matrix.sum(-2) > 0,
}


def of_draws(metric: Metric, matrix: Floats, draws: Floats) -> Floats:
    """Scores of matrices (r, k, k) that were drawn from one, NaN where a draw says nothing.

    A perfect recall is not 0 in the draws in which the class has no item. What says nothing on all items, such as the
    precision of a class that is never predicted, is 0 there by convention and stays 0 in the draws.
    """
    defined = DEFINED.get(metric, lambda matrix: np.True_)
    return np.where(defined(draws) | ~defined(matrix), metric(draws), np.nan)
