"""Is a probability what it says (Guo et al. 2017), and when should the model keep silent (Vovk et al. 2005)?

temperature = fit_temperature(logits, labels)
sets = conformal_sets(probabilities, conformal_threshold(held_out, labels, coverage=0.9))
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from plip_tutorial.metrics import score_input
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score

TEMPERATURES = (-7, 7)  # natural logarithms between which a temperature is looked for: 0.0009 to 1097


def fit_temperature(logits: ArrayLike, y: ArrayLike) -> float:
    """The number by which logits are divided so that held-out labels are most likely (Guo et al. 2017).

    Args:
        logits: (n, k) of held-out items, at least one.
        y: class indices, (n,).

    Returns:
        The temperature, above 0. It warns if there is no best one: where every item is right, the colder the better,
        and where the logits are no better than chance, the hotter.
    """
    z = score_input.logits(logits)
    labels = score_input.class_indices(y, z.shape[1])
    score_input.check_lengths(z, labels, names=("logits", "y"))

    def surprise(log_temperature: float) -> float:
        return float(-log_softmax(z / np.exp(log_temperature), axis=1)[np.arange(len(z)), labels].mean())

    best = float(np.exp(minimize_scalar(surprise, bounds=TEMPERATURES, method="bounded").x))
    right = z[np.arange(len(z)), labels]
    if (right >= z.max(1)).all() or right.mean() <= z.mean():  # the loss is convex in 1 / T: it falls to one end
        why = "all held-out items are right, or the logits tell the classes apart no better than chance"
        warnings.warn(f"there is no best temperature ({why}); {best:.4g} says nothing", stacklevel=2)
    return best


def conformal_threshold(probabilities: ArrayLike, y: ArrayLike, *, coverage: float = 0.9) -> float:
    """Smallest probability that puts a class into the set, chosen on held-out items (split conformal prediction).

    A set of all classes at or above it holds the right class with at least this coverage, if the new items come from
    the same world as the held-out ones. That is the catch: another lab is another world.

    Args:
        probabilities: (n, k) of held-out items.
        y: class indices, (n,).
        coverage: wanted share of sets that hold the right class, between 0 and 1.

    Returns:
        The threshold. It is 0, and a warning says so, where n is too small for the coverage: then no probability can
        be excluded, and every set holds all classes.

    Raises:
        ValueError: for a coverage outside 0 to 1, and for what is no probability.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"coverage is {coverage}; it lies between 0 and 1.")
    chances = score_input.probabilities(probabilities).astype(np.float64)
    labels = score_input.class_indices(y, chances.shape[1])
    score_input.check_lengths(chances, labels, names=("probabilities", "y"))
    right = np.sort(chances[np.arange(len(labels)), labels])
    missed = 1 - Fraction(str(coverage))  # exact: 10 * (1 - 0.9) is less than 1 in floats, and would be one rank off
    rank = int((len(right) + 1) * missed)
    if rank == 0:
        needed = f"a coverage of {coverage} needs at least {-int(-1 // missed) - 1}"
        warnings.warn(f"{len(right)} held-out items, but {needed}: every set will hold all classes", stacklevel=2)
    return float(right[rank - 1]) if rank else 0.0


def conformal_sets(probabilities: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Bool mask (n, k): which classes are in the set of each item.

    Raises:
        ValueError: for what is no probability, or a threshold that is none.
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"the threshold is {threshold}; it is a probability, see conformal_threshold")
    return score_input.probabilities(probabilities).astype(np.float64) >= threshold


def coverage_and_size(sets: ArrayLike, y: ArrayLike, *, groups: Any = None) -> tuple[Score, Score]:
    """Share of sets (n, k) that hold the right class (n,), and the mean number of classes in a set."""
    members = np.asarray(sets)
    if members.ndim != 2 or members.dtype != bool:
        raise ValueError(f"sets must be a bool mask (n, k), got {members.dtype} {members.shape}: see conformal_sets")
    labels = score_input.class_indices(y, members.shape[1])
    score_input.check_lengths(members, labels, names=("sets", "y"))
    held = members[np.arange(len(labels)), labels]
    return metrics.average(held, groups=groups), metrics.average(members.sum(1), groups=groups)
