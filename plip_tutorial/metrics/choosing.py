"""Choosing one of many models, and what becomes of its score when the test was the judge.

Whoever tries many settings and keeps the one that is best on the test tiles reports a score that is too high: among
many, some are lucky on just these tiles (the winner's curse; Cawley & Talbot 2010). How much too high can be measured.
Part the test's patients in two at random. Choose on the first half, report that score, and look at the second half.

    found = optimism(predictions, truth, patients, patients_asked=10)
    found.reported - found.later        # what the choice added to the score, and no tile of another patient confirms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.metrics import score_input
from plip_tutorial.metrics.confusion import Floats, weighted_f1

NOT_SETTINGS = {"study", "seed", "compared", "validation_recall", "accuracy", "seconds", "predictions"}


@dataclass(frozen=True)
class Optimism:
    """Means over many halvings of a test set.

    Attributes:
        reported: weighted F1 of the chosen model on the tiles that chose it.
        later: the same model on tiles of other patients.
        tiles: how many tiles chose, on average.
    """

    reported: float
    later: float
    tiles: float


def by_setting(runs: Sequence[Mapping[str, Any]], truth: ArrayLike) -> pd.DataFrame:
    """One row a setting, means over its seeds, best validation first.

    Args:
        runs: what `sweep.measure` returned.
        truth: (n,) classes of the test tiles, in the order of the predictions.

    Returns:
        Columns: the settings, ``validation_recall``, ``test_f1`` (weighted), and ``seeds``.
    """
    table = pd.DataFrame([dict(run) for run in runs])
    table["test_f1"] = [float(weighted_f1(matrices(run["predictions"], truth))) for run in runs]
    names = [name for name in table.columns if name not in NOT_SETTINGS | {"test_f1"}]
    found = table.groupby(names, sort=False, as_index=False).agg(
        validation_recall=("validation_recall", "mean"), test_f1=("test_f1", "mean"), seeds=("seed", "count")
    )
    return found.sort_values("validation_recall", ascending=False, ignore_index=True)


def classes(predictions: str, n: int) -> NDArray[np.int64]:
    """Classes from the digits of a results file; a run that diverged names class 0 everywhere.

    >>> classes("0212", 4).tolist()
    [0, 2, 1, 2]

    Raises:
        ValueError: if there are not as many digits as tiles, or something else than digits.
    """
    digits = predictions or "0" * n
    if len(digits) != n or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"expected {n} digits, one a tile, got {len(digits)} characters: {digits[:20]!r}")
    return np.array([int(digit) for digit in digits])


def matrices(predictions: str, truth: ArrayLike, groups: ArrayLike | None = None) -> Floats:
    """Confusion matrix (k, k) of one run, or with groups one for each group, (g, k, k)."""
    right = score_input.class_indices(truth, 10, "truth")  # a digit names no more classes
    score_input.check_lengths(right)
    of_tile = np.zeros(len(right), int) if groups is None else score_input.groups(groups, len(right))
    group = np.unique(of_tile, return_inverse=True)[1]
    k = int(right.max()) + 1
    named = score_input.class_indices(classes(predictions, len(right)), k, "predictions")
    counts = np.zeros((int(group.max()) + 1, k, k))
    np.add.at(counts, (group, right, named), 1)
    return counts[0] if groups is None else counts


def optimism(
    predictions: Sequence[Sequence[str]],
    truth: ArrayLike,
    patients: ArrayLike,
    *,
    patients_asked: int,
    chosen: int | None = None,
    repeats: int = 300,
    seed: int = 0,
) -> Optimism:
    """Let some patients of a test set choose the model, and ask the others what it is worth.

    Args:
        predictions: for each setting the digits of each of its seeds; seeds are averaged.
        truth: (n,) classes.
        patients: (n,) who a tile is from.
        patients_asked: how many patients choose.
        chosen: a setting that was chosen without the test, to be compared; without it the test chooses.
        repeats: random halvings.
        seed: of the halvings.

    Raises:
        ValueError: if no patient is left for afterwards.
    """
    counts = np.stack([[matrices(one, truth, patients) for one in seeds] for seeds in predictions])  # (s, r, g, k, k)
    everybody = counts.shape[2]
    if not 0 < patients_asked < everybody:
        raise ValueError(f"{patients_asked} of {everybody} patients are asked: some must be left for afterwards.")
    generator, rows = np.random.default_rng(seed), []
    for _ in range(repeats):
        order = generator.permutation(everybody)
        asked, others = (_scores(counts, part) for part in np.split(order, [patients_asked]))
        best = int(asked.argmax()) if chosen is None else chosen
        tiles = counts[0, 0, order[:patients_asked]].sum()
        rows.append((asked[best], others[best], tiles))
    return Optimism(*(float(mean) for mean in np.mean(rows, axis=0)))


def _scores(counts: Floats, patients: NDArray[np.int64]) -> Floats:
    """Weighted F1 of each setting on some patients, mean over seeds, (s,)."""
    scores: Floats = weighted_f1(counts[:, :, patients].sum(2)).mean(1)
    return scores
