"""Resampling (Efron 1979) of counts instead of items: the same distribution, a hundred times faster.

Drawing ``n`` items with replacement and counting how many fall into each cell of a confusion matrix gives counts that
follow a multinomial distribution. So the counts are drawn directly, for all repeats at once, and nothing is indexed.
(Only where nearly every item is a cell of its own, as in the mean of measurements, drawing items is the shorter way.)
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
from scipy.sparse import csr_array

from plip_tutorial.metrics import score_input

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REPEATS = 1000
BLOCK = 2**22  # weights held at once
CELLS = 2**28  # numbers that resampled matrices may hold in all: 2 GB
SINGLE, FEW = 4, 200  # items a cell below which, and cells above which, drawing items is faster than drawing counts


def encode(*labels: ArrayLike) -> tuple[NDArray[Any], Ints]:
    """Number the classes that occur in any of the label sequences.

    Args:
        labels: the truth and one or more predictions, each (n,), all strings or all whole numbers.

    Returns:
        The k classes in sorted order, and codes (n, number of sequences) from 0 to k - 1.

    Raises:
        ValueError: if there are no items, if lengths differ, or if fractions are passed for labels.
        TypeError: for gaps, and if numbers meet strings, which would never be equal.
    """
    names = ["y_true", *(["y_pred"] if len(labels) == 2 else [f"prediction {i}" for i in range(1, len(labels))])]
    arrays = [score_input.labels(values, name) for values, name in zip(labels, names, strict=True)]
    score_input.check_lengths(*arrays, names=names)
    for array, name in zip(arrays, names, strict=True):
        if (array.dtype.kind == "U") != (arrays[0].dtype.kind == "U"):
            both = f"y_true[0] is {arrays[0][0].item()!r} and {name}[0] is {array[0].item()!r}"
            raise TypeError(f"{both}: some labels are strings and others are numbers, so they can never be equal")
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

    Raises:
        ValueError: if there are not as many groups as items, or more classes than memory has room for.
    """
    n, k, m = len(codes), int(codes.max()) + 1, codes.shape[1] - 1
    places = codes[:, :1] * k + codes[:, 1:] + k * k * np.arange(m)  # (n, m) into the matrices laid end to end
    if groups is None:
        first, counts = _distinct_rows(places)
        rows, unit_of_row = places[first], np.arange(len(first))
    else:
        rows, unit_of_row = places, score_input.group_codes(groups, n)
        counts = np.ones(int(unit_of_row.max()) + 1, np.int64)
    if (cells := m * k * k * repeats) > CELLS:
        size = f"{8e-9 * cells:.0f} GB of resampled confusion matrices"
        raise ValueError(f"{k} classes among {n} items need {size}: are these labels? If so, pass fewer repeats")
    ones, at = np.ones(rows.size), (np.repeat(unit_of_row, m), rows.ravel())
    units = csr_array((ones, at), shape=(len(counts), m * k * k))  # nearly all zeros where classes are many
    total, draws = _draw_sums(units, counts, repeats, seed, alike=groups is None)
    return total.reshape(m, k, k), draws.reshape(-1, m, k, k)


def sums(values: Floats, groups: ArrayLike | None, repeats: int = REPEATS, seed: int = 0) -> tuple[Floats, Floats]:
    """Column sums of ``values`` (n, f), and those of resampled rows: (f,) and (r, f)."""
    if groups is None:
        first, counts = _distinct_rows(values)  # hits and misses have two distinct rows, however many items
        return _draw_sums(values[first], counts, repeats, seed, alike=True)
    member = score_input.group_codes(groups, len(values))
    of_group = np.zeros((int(member.max()) + 1, values.shape[1]))
    np.add.at(of_group, member, values)
    return _draw_sums(of_group, np.ones(len(of_group), np.int64), repeats, seed, alike=False)


def draw_weights(n: int, groups: ArrayLike | None, repeats: int = REPEATS, seed: int = 0) -> Iterator[Floats]:
    """How often each of ``n`` items is drawn, for scores that are no function of sums: blocks (b, n)."""
    if groups is None:
        yield from _drawn_counts(np.ones(n, np.int64), repeats, seed)
        return
    member = score_input.group_codes(groups, n)
    drawn = int(member.max()) + 1
    for weights in _drawn_counts(np.ones(drawn, np.int64), repeats if drawn > 1 else 0, seed):
        yield weights[:, member]


def _distinct_rows(values: NDArray[Any]) -> tuple[Ints, Ints]:
    """Where each distinct row stands first, and how often it occurs; in sorted order."""
    member = np.zeros(len(values), np.int64)
    for column in values.T:  # a column after the other, which is several times as fast as comparing whole rows
        ranks = np.unique(column, return_inverse=True)[1]
        member = np.unique(member * len(values) + ranks, return_inverse=True)[1]
    _, first, counts = np.unique(member, return_index=True, return_counts=True)
    return first, counts


def _draw_sums(units: Any, counts: Ints, repeats: int, seed: int, *, alike: bool) -> tuple[Floats, Floats]:
    """Sums over the units (u, f), each there so many times, and over draws of them: (f,) and (r, f)."""
    # One group alone says nothing about another: no draws, so the interval stays unknown.
    repeats = repeats if alike or len(counts) > 1 else 0
    draws = [weights @ units for weights in _drawn_counts(counts, repeats, seed)]
    return counts @ units, np.concatenate(draws)


def _drawn_counts(counts: Ints, repeats: int, seed: int) -> Iterator[Floats]:
    """Draw ``sum(counts)`` items with replacement, ``repeats`` times; yields blocks (b, number of cells) of counts."""
    if repeats < 0:
        raise ValueError(f"repeats is {repeats}; it must be 0 (no interval) or more")
    draw, n, cells = np.random.default_rng(seed), int(counts.sum()), len(counts)
    single = cells > FEW and n <= SINGLE * cells
    size = max(1, (BLOCK // 16 if single else BLOCK) // cells)
    for start in range(0, max(repeats, 1), size):
        b = min(size, repeats - start)
        yield _items(draw, counts, b) if single else draw.multinomial(n, counts / n, size=b).astype(np.float64)


def _items(draw: np.random.Generator, counts: Ints, b: int) -> Floats:
    """The same distribution as `numpy.random.Generator.multinomial`, item by item."""
    n, cells = int(counts.sum()), len(counts)
    cell_of_item = np.repeat(np.arange(cells), counts)
    drawn = cell_of_item[draw.integers(n, size=(b, n))] + cells * np.arange(b)[:, None]
    return np.bincount(drawn.ravel(), minlength=b * cells).reshape(b, cells).astype(np.float64)
