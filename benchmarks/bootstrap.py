"""How long a bootstrap interval takes: against items scored through scikit-learn, and that of a mean against scipy.

    python benchmarks/bootstrap.py [repeats of the slow way, default 100]

Both give the same distribution, whose spread is printed beside the times. The slow way is timed with fewer repeats and
its time is scaled up; its repeats are alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn import metrics as sklearn_metrics

from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.bootstrap import REPEATS

N, CLASSES, PATIENTS = 5000, 9, 100
Ints = NDArray[np.int64]


def example() -> tuple[Ints, Ints, Ints]:
    """Truth, predictions that are right more often than not, and patients."""
    draw = np.random.default_rng(0)
    truth = draw.integers(CLASSES, size=N)
    predicted = np.where(draw.random(N) < 0.7, truth, draw.integers(CLASSES, size=N))
    return truth, predicted, draw.integers(PATIENTS, size=N)


def by_items(truth: Ints, predicted: Ints, groups: Ints | None, repeats: int) -> NDArray[np.float64]:
    """The obvious loop: draw items, or all items of drawn patients, and score them."""
    draw, scores = np.random.default_rng(1), []
    members = None if groups is None else [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for _ in range(repeats):
        if members is None:
            rows = draw.integers(len(truth), size=len(truth))
        else:
            rows = np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        scores.append(sklearn_metrics.f1_score(truth[rows], predicted[rows], average="macro", zero_division=0))
    return np.array(scores)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Best time of some rounds."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def of_a_mean(n: int) -> None:
    """A mean of n different numbers, which no count makes shorter."""
    values = np.random.default_rng(0).normal(size=n)
    options = {"n_resamples": REPEATS, "method": "percentile"}
    ours = seconds(lambda: metrics.average(values), 5)
    theirs = seconds(lambda: scipy_bootstrap((values,), np.mean, **options), 5)
    print(f"mean of {n} numbers, {REPEATS} repeats: {1e3 * ours:.1f} ms, through scipy {1e3 * theirs:.1f} ms")


def main(repeats: int) -> None:
    """Print both times, their ratio, and both intervals."""
    truth, predicted, patients = example()
    metrics.macro_f1(truth, predicted)  # imports
    for what, groups in (("by item", None), ("by patient", patients)):
        ours = seconds(lambda groups=groups: metrics.macro_f1(truth, predicted, groups=groups), 5)  # type: ignore[misc]
        start = perf_counter()
        draws = by_items(truth, predicted, groups, repeats)
        slow = (perf_counter() - start) * REPEATS / repeats
        score, (low, high) = metrics.macro_f1(truth, predicted, groups=groups), np.percentile(draws, (2.5, 97.5))
        print(f"{what}, {N} items, {REPEATS} repeats: {1e3 * ours:.1f} ms")
        print(f"    through scikit-learn {slow:.1f} s, {slow / ours:.0f} times as long")
        print(f"    interval {score.low:.4f} to {score.high:.4f}; through scikit-learn {low:.4f} to {high:.4f}")
    for n in (50, 500, 5000):
        of_a_mean(n)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
