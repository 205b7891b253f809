"""Resampling (Efron 1979) of counts instead of items: the same distribution, a hundred times faster.

Drawing ``n`` items with replacement and counting how many fall into each cell of a confusion matrix gives counts that
follow a multinomial distribution. So the counts are drawn directly, for all repeats at once, and nothing is indexed.
Tiles of one slide or one patient resemble each other; given groups, whole groups are drawn, and the interval becomes as
wide as the evidence is thin.

>>> _, codes = encode(["fat", "mucus", "fat"], ["fat", "fat", "fat"])
>>> matrices, draws = confusions(codes, None, repeats=10, seed=0)
>>> matrices[0].tolist(), draws.shape
([[2.0, 0.0], [1.0, 0.0]], (10, 1, 2, 2))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REPEATS = 1000
BLOCK = 2**22  # weights held at once


def encode(*labels: ArrayLike) -> tuple[NDArray[Any], Ints]:
    """Number the classes that occur in any of the label sequences.

    Args:
        labels: the truth and one or more predictions, each (n,), all strings or all whole numbers.

    Returns:
        The k classes in sorted order, and codes (n, number of sequences) from 0 to k - 1.

    Raises:
        ValueError: if there are no items, if lengths differ, or if fractions are passed for labels.
        TypeError: if numbers meet strings, which would never be equal.
    """
    arrays = [_label_array(sequence) for sequence in labels]
    check_lengths(*arrays)
    if len({array.dtype.kind == "U" for array in arrays}) > 1:
        raise TypeError("some labels are strings and others are numbers, so they can never be equal")
    classes, codes = np.unique(np.stack(arrays, 1), return_inverse=True)
    return classes, codes.reshape(-1, len(arrays))


def confusions(codes: Ints, groups: ArrayLike | None, repeats: int = REPEATS, seed: int = 0) -> tuple[Floats, Floats]:
    """Confusion matrices of m predictions on the same items, and what resampling makes of them.

    Args:
        codes: (n, 1 + m); column 0 is the truth. See `encode`.
        groups: (n,) patients or slides drawn as a whole, or None to draw items.
        repeats: bootstrap repeats, r.
        seed: of the draws.

    Returns:
        Matrices (m, k, k) with the truth in rows, and draws (r, m, k, k). The m predictions share every draw.
    """
    k, m = int(codes.max()) + 1, codes.shape[1] - 1
    shape = (k,) * codes.shape[1]
    flat, item_cell, counts = np.unique(np.ravel_multi_index(codes.T, shape), return_inverse=True, return_counts=True)
    cells = np.stack(np.unravel_index(flat, shape), 1)
    one_hot = np.zeros((len(cells), m, k * k))
    for model in range(m):
        one_hot[np.arange(len(cells)), model, cells[:, 0] * k + cells[:, model + 1]] = 1
    units = one_hot.reshape(len(cells), -1)
    if groups is None:
        total, draws = _draw_sums(units, counts, repeats, seed)
    else:
        check_lengths(codes, groups=groups)
        total, draws = _draw_group_sums(units, item_cell, groups, repeats, seed)
    return total.reshape(m, k, k), draws.reshape(-1, m, k, k)


def sums(values: Floats, groups: ArrayLike | None, repeats: int = REPEATS, seed: int = 0) -> tuple[Floats, Floats]:
    """Column sums of ``values`` (n, f), and those of resampled rows: (f,) and (r, f)."""
    rows, item_row, counts = _distinct_rows(values)  # hits and misses have two distinct rows, however many items
    if groups is None:
        return _draw_sums(rows, counts, repeats, seed)
    return _draw_group_sums(rows, item_row, groups, repeats, seed)


def draw_weights(n: int, groups: ArrayLike | None, repeats: int = REPEATS, seed: int = 0) -> Iterator[Floats]:
    """How often each of ``n`` items is drawn, for scores that are no function of sums: blocks (b, n)."""
    if groups is None:
        yield from _multinomial(np.ones(n), repeats, seed)
        return
    names, member = _groups(groups)
    for weights in _multinomial(np.ones(len(names)), repeats if len(names) > 1 else 0, seed):
        yield weights[:, member]


def check_lengths(*arrays: NDArray[Any], groups: ArrayLike | None = None) -> None:
    """Raise ValueError unless all have the same length, and at least one item."""
    lengths = [len(array) for array in arrays] + ([] if groups is None else [len(np.asarray(groups))])
    if len(set(lengths)) > 1:
        raise ValueError(f"labels, predictions and groups must be equally long; their lengths are {lengths}")
    if lengths[0] == 0:
        raise ValueError("there are no items to score")


def _label_array(labels: ArrayLike) -> NDArray[Any]:
    array = np.asarray(labels)
    array = np.asarray(array.tolist()) if array.dtype == object else array
    if array.ndim != 1:
        raise ValueError(f"labels must be one-dimensional, got shape {array.shape}; for probabilities take the argmax")
    if array.dtype.kind == "f" and array.size and not np.all(array == np.floor(array)):
        raise ValueError("labels are classes, but fractions or NaN were passed; scores go to auroc or ece")
    if array.dtype.kind not in "biufU":
        raise TypeError("labels must be strings or whole numbers, without gaps (None)")
    return array


def _distinct_rows(values: NDArray[Any]) -> tuple[NDArray[Any], Ints, Ints]:
    """Distinct rows, which of them each row is, and how often each occurs."""
    rows, inverse, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    return rows, inverse.reshape(-1), counts


def _groups(groups: ArrayLike) -> tuple[NDArray[Any], Ints]:
    names, member = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    return names, member.reshape(-1)


def _draw_sums(units: Floats, counts: Ints, repeats: int, seed: int) -> tuple[Floats, Floats]:
    draws = [weights @ units for weights in _multinomial(counts, repeats, seed)]
    return counts @ units, np.concatenate(draws)


def _draw_group_sums(
    units: Floats, item_unit: Ints, groups: ArrayLike, repeats: int, seed: int
) -> tuple[Floats, Floats]:
    names, member = _groups(groups)
    of_group = np.zeros((len(names), units.shape[1]))
    np.add.at(of_group, member, units[item_unit])
    # One group alone says nothing about another: no draws, so the interval stays unknown.
    return _draw_sums(of_group, np.ones(len(names), np.int64), repeats if len(names) > 1 else 0, seed)


def _multinomial(counts: NDArray[Any], repeats: int, seed: int) -> Iterator[Floats]:
    """Draw ``sum(counts)`` items with replacement, ``repeats`` times; yields blocks (b, number of cells) of counts."""
    draw, n = np.random.default_rng(seed), int(counts.sum())
    size = max(1, BLOCK // len(counts))
    for start in range(0, max(repeats, 1), size):
        yield draw.multinomial(n, counts / n, size=min(size, repeats - start)).astype(np.float64)
