"""Confidence against accuracy: in which step a confidence falls, and how far it is from what was right.

>>> steps([0.28, 0.281], 25).tolist()  # 0.28 is the end of the seventh of 25 steps, and belongs to it
[6, 7]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.metrics import score_input

Floats = NDArray[np.float64]


def steps(confidence: ArrayLike, bins: int) -> NDArray[np.int64]:
    """The step of each confidence (n,), from 0: ``bins`` equal steps from 0 to 1, open below and closed above.

    Raises:
        ValueError: without bins.
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}; it must be at least 1")
    sure = score_input.numbers(confidence, "confidence")
    # Ends are compared in the precision of the confidences: 7 / 25 is 0.28 in each, and 0.28 * 25 is more than 7.
    ends = (np.arange(1, bins) / bins).astype(sure.dtype if sure.dtype.kind == "f" else np.float64)
    return np.searchsorted(ends, sure, side="left")


def gaps(y_true: ArrayLike, probabilities: ArrayLike, bins: int) -> Floats:
    """What `metrics.ece` adds up: for each item its hit minus its confidence, in the column of its step.

    Args:
        y_true: (n,) indices of the right classes.
        probabilities: (n, k), rows sum to 1.
        bins: equal steps of confidence.

    Returns:
        (n, bins), zero but for one value a row.

    Raises:
        TypeError: for class names in the place of indices.
        ValueError: for what is no probability, such as logits, for an index that no column has, or without bins.
    """
    chances = score_input.probabilities(probabilities)
    truth = score_input.class_indices(y_true, chances.shape[1], "y_true")
    score_input.check_lengths(truth, chances, names=("y_true", "probabilities"))
    confidence, rows = chances.max(1), np.arange(len(truth))
    found = np.zeros((len(truth), bins))
    found[rows, steps(confidence, bins)] = (chances.argmax(1) == truth) - confidence.astype(np.float64)
    return found
