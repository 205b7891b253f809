"""A linear probe: the images stay frozen as embeddings, and only a logistic regression is learned on top.

It measures what the embeddings hold, not what the model can be taught. Its one setting is the regularisation C. The
released code of PLIP tried values on the test set; here C comes from cross-validation inside the training set, with
whole patients or slides on one side of each split.

>>> draw = np.random.default_rng(0)
>>> y = np.repeat([0, 1], 50)
>>> x = draw.normal(size=(100, 4)) + 5 * y[:, None]
>>> probe = sweep(x, y)
>>> bool((probe.predict(x) == y).all())
True
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.metrics import score_input
from plip_tutorial.metrics.scores import Score, macro_f1

if TYPE_CHECKING:
    import pandas as pd

Embeddings = NDArray[np.float32]
Ints = NDArray[np.int64]
CS = tuple(10.0**power for power in range(-4, 3))  # 0.0001 to 100
TOLERANCE, STEPS = 1e-4, 1000  # gradient of the mean loss at which a fit has converged, and steps of Newton's method
UNCHOSEN = 0.1  # C where there are too few labels to choose one
FRACTIONS = (0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Probe:
    """A fitted probe.

    Attributes:
        C: the regularisation that was chosen; smaller is stronger.
        scores: C -> macro F1 in cross-validation; empty if there were too few labels to choose.
        classes: (k,) labels.
        weights: (k, d), for embeddings that are centred and scaled.
        bias: (k,).
        centre: (d,) mean of the training embeddings.
        scale: root mean square of what is left, one number, so that C means the same for every model.
    """

    C: float
    scores: dict[float, Score]
    classes: NDArray[Any]
    weights: Embeddings
    bias: Embeddings
    centre: Embeddings
    scale: float

    def logits(self, x: ArrayLike) -> Embeddings:
        """Scores of every class, (n, k)."""
        embeddings = score_input.embeddings(x)
        if embeddings.shape[1] != len(self.centre):
            raise ValueError(f"the probe was fitted on (n, {len(self.centre)}), got {embeddings.shape}")
        centred = (embeddings - self.centre) / np.float32(self.scale)
        return np.asarray(centred @ self.weights.T + self.bias, np.float32)

    def predict(self, x: ArrayLike) -> NDArray[Any]:
        """The most likely label of each row of ``x`` (n, d)."""
        return np.asarray(self.classes[self.logits(x).argmax(1)])

    def predict_proba(self, x: ArrayLike) -> NDArray[np.float64]:
        """Probabilities (n, k), columns in the order of ``classes``."""
        return np.asarray(softmax(self.logits(x).astype(np.float64), axis=1))


def sweep(
    train_x: ArrayLike,
    train_y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    cs: Sequence[float] = CS,
    folds: int = 5,
    seed: int = 0,
) -> Probe:
    """Choose C without the test set, then fit on all training embeddings.

    Each fold starts at the strongest regularisation and goes on from there, C after C, which takes a fraction of the
    time of fresh starts. C is the one with the best macro F1 on the left-out items of all folds together.

    Args:
        train_x: (n, d) embeddings.
        train_y: (n,) labels, numbers or strings.
        groups: (n,) patients or slides; none is on both sides of a split.
        cs: values of C to try.
        folds: splits; fewer if a class has fewer items, or if there are fewer groups. With fewer than two of them C
            stays at 0.1.
        seed: of the splits.

    Raises:
        ValueError: if shapes do not fit, embeddings are not finite, there is only one class, or a C is not above 0.
    """
    x, y, centre, scale = _checked(train_x, train_y)
    members = None if groups is None else score_input.group_codes(groups, len(y))
    grid = sorted({float(c) for c in cs})
    if not grid or not 0 < grid[0] <= grid[-1] < np.inf:
        raise ValueError(f"the values of C are {list(cs)}; pass at least one, all above 0")
    scores = _cross_validated(x, y, grid, members, folds, seed) if len(grid) > 1 else {}
    chosen = max(grid, key=lambda c: scores[c].value) if scores else (grid[0] if len(grid) == 1 else UNCHOSEN)
    (weights, bias, classes) = next(_path(x, y, [chosen]))
    return Probe(chosen, scores, classes, weights, bias, centre, scale)


def label_efficiency(
    train_x: ArrayLike,
    train_y: ArrayLike,
    test_x: ArrayLike,
    test_y: ArrayLike,
    *,
    fractions: Sequence[float] = FRACTIONS,
    repeats: int = 3,
    groups: ArrayLike | None = None,
    test_groups: ArrayLike | None = None,
    whole: Probe | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """How many labels does the probe need? Fit it on growing parts of the training set.

    Each class keeps its share, and at least one item; within a repeat, each part holds the smaller ones. All items are
    fitted once, as every repeat would choose the same; or not at all, if ``whole`` is that probe, from `sweep`.

    Returns:
        A row a fit: ``fraction``, ``labels`` (how many), ``repeat``, ``macro_f1`` on the test set with ``low`` and
        ``high``, and ``C``.
    """
    import pandas as pd

    x, y, test = score_input.embeddings(train_x), score_input.labels(train_y, "train_y"), score_input.embeddings(test_x)
    score_input.check_lengths(x, y, names=("train_x", "train_y"))
    members = None if groups is None else score_input.groups(groups, len(y))
    if not all(0 < fraction <= 1 for fraction in fractions):
        raise ValueError(f"the fractions are {list(fractions)}; each must be above 0 and at most 1")
    _, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    size_of_class, rows = counts[inverse], []
    for repeat in range(repeats):
        ranks = _class_ranks(y, seed + repeat)
        for fraction in fractions:
            kept = np.flatnonzero(ranks < np.maximum(1, np.round(fraction * size_of_class)))
            if repeat and len(kept) == len(y):
                continue
            if whole is not None and len(kept) == len(y):
                probe = whole
            else:
                probe = sweep(x[kept], y[kept], groups=None if members is None else members[kept])
            f1 = macro_f1(test_y, probe.predict(test), groups=test_groups)
            scores = {"macro_f1": f1.value, "low": f1.low, "high": f1.high}
            rows.append({"fraction": fraction, "labels": len(kept), "repeat": repeat, **scores, "C": probe.C})
    return pd.DataFrame(rows)


def shots(y: ArrayLike, n: int, *, seed: int = 0) -> Ints:
    """Places of ``n`` random items of each class (all of a smaller class), in ascending order.

    >>> len(shots([0, 0, 0, 1, 1, 1], 2))
    4
    """
    return np.flatnonzero(_class_ranks(score_input.labels(y, "y"), seed) < n)


def prototypes(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[Any], Embeddings]:
    """A classifier of pictures instead of words: the mean embedding of each class (Snell et al. 2017).

    Returns:
        The k labels in sorted order, and (k, d) unit vectors for `zero_shot.predict`.
    """
    embeddings, labels = score_input.embeddings(x), score_input.labels(y, "y")
    score_input.check_lengths(embeddings, labels, names=("x", "y"))
    classes = np.unique(labels)
    means = np.stack([embeddings[labels == label].mean(0) for label in classes])
    return classes, unit(means)


def text_informed(
    x: ArrayLike, y: ArrayLike, classifier: ArrayLike, *, logit_scale: float, strength: float = 0.1
) -> Embeddings:
    """A probe that starts from the words and departs from them only as far as the pictures demand.

    Minimises ``sum cross_entropy(logit_scale * x @ w.T, y) + strength / 2 * |logit_scale * (w - classifier)|^2``: an
    ordinary probe, except that it is drawn towards the zero-shot classifier instead of towards zero. Without pictures
    it is the zero-shot classifier; with many it forgets the words.

    Args:
        x: (n, d) unit vectors of a few pictures.
        y: (n,) indices into the rows of ``classifier``.
        classifier: (k, d) unit vectors from `zero_shot.classifier`.
        logit_scale: `PLIP.logit_scale`.
        strength: how strongly it is drawn; 1 / C of an ordinary probe.

    Returns:
        (k, d) weights for `zero_shot.predict`; no unit vectors.
    """
    spaces = ("pictures (n, d)", "classifier (k, d)")
    images, words = (part.astype(np.float64) for part in score_input.one_space(x, classifier, spaces, empty=True))
    labels = score_input.class_indices(y, len(words))
    if len(labels) != len(images) or not (logit_scale > 0 and strength > 0):
        given = f"{len(images)} pictures, {len(labels)} labels, logit_scale {logit_scale} and strength {strength}"
        raise ValueError(f"{given}: there must be as many labels as pictures, and numbers above 0")
    offset, truth = logit_scale * images @ words.T, np.eye(len(words))[labels]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        change = flat.reshape(words.shape)
        logits = offset + images @ change.T
        fit = float((logsumexp(logits, axis=1) - (logits * truth).sum(1)).sum())
        gradient = (softmax(logits, axis=1) - truth).T @ images + strength * change
        return fit + strength / 2 * float((change**2).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(words.size), jac=True, method="L-BFGS-B")
    if not found.success:
        warnings.warn(f"the probe did not converge ({found.message}); a larger strength helps", stacklevel=2)
    return np.asarray(words + found.x.reshape(words.shape) / logit_scale, np.float32)


def _checked(train_x: ArrayLike, train_y: ArrayLike) -> tuple[Embeddings, NDArray[Any], Embeddings, float]:
    """Centre, and divide by one number: distances keep their proportions, and C its meaning."""
    x, y = score_input.embeddings(train_x, empty=False), score_input.labels(train_y, "train_y")
    if y.shape != x.shape[:1]:
        raise ValueError(f"expected embeddings (n, d) and labels (n,), not empty; got {x.shape} and {y.shape}")
    if len(np.unique(y)) < 2:
        raise ValueError(f"all {len(y)} labels are {y[0].item()!r}; a probe needs at least two classes")
    if (x == x[0]).all():
        warnings.warn("all embeddings are the same: the probe has nothing to learn from", stacklevel=3)
    centre = x.mean(0)
    scale = float(np.sqrt(np.mean((x - centre) ** 2))) or 1.0
    return (x - centre) / np.float32(scale), y, centre, scale


def _cross_validated(
    x: Embeddings, y: NDArray[Any], grid: list[float], groups: Ints | None, folds: int, seed: int
) -> dict[float, Score]:
    """C -> macro F1 on all left-out items together; empty where there is too little to leave out."""
    smallest = int(np.unique(y, return_counts=True)[1].min())
    folds = min(folds, smallest if groups is None else min(smallest, len(np.unique(groups))))
    if folds < 2:
        return {}
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    held_out: list[Ints] = []
    predicted: dict[float, list[NDArray[Any]]] = {c: [] for c in grid}
    for train, held in kind(folds, shuffle=True, random_state=seed).split(x, y, groups):
        if len(np.unique(y[train])) > 1:  # whole groups may take a class with them
            held_out.append(held)
            for c, (weights, bias, classes) in zip(grid, _path(x[train], y[train], grid), strict=True):
                predicted[c].append(classes[(x[held] @ weights.T + bias).argmax(1)])
    if not held_out:
        return {}
    rows = np.concatenate(held_out)
    own = None if groups is None else groups[rows]
    return {c: macro_f1(y[rows], np.concatenate(parts), groups=own) for c, parts in predicted.items()}


def _path(
    x: Embeddings, y: NDArray[Any], grid: Sequence[float]
) -> Iterator[tuple[Embeddings, Embeddings, NDArray[Any]]]:
    """Weights, bias and classes for each C, every fit starting where the one before ended."""
    # Newton in float64: at a large C the objective is a long flat valley, where plain descent stops far too early.
    model = LogisticRegression(solver="newton-cg", tol=TOLERANCE, max_iter=STEPS, warm_start=True)
    for c in grid:
        _fit(model.set_params(C=c), x.astype(np.float64), y)
        weights, bias = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
        if len(weights) == 1:  # of two classes scikit-learn keeps the scores of the second only
            weights, bias = np.concatenate([0 * weights, weights]), np.append(np.float32(0), bias)
        yield weights, bias, model.classes_


def _fit(model: Any, x: NDArray[np.float64], y: NDArray[Any]) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with threadpool_limits(1):  # matrices this small: threads that wait for each other took 27 times as long
            model.fit(x, y)
    if any(issubclass(one.category, ConvergenceWarning) or "Line Search failed" in str(one.message) for one in said):
        advice = "leave out the largest C, or see whether some embeddings are far larger than the others"
        warnings.warn(f"the probe did not converge at C = {model.C:g}: {advice}", ConvergenceWarning, stacklevel=5)


def _class_ranks(y: NDArray[Any], seed: int) -> Ints:
    """Random rank of each item within its class, from 0."""
    draw, ranks = np.random.default_rng(seed), np.empty(len(y), np.int64)
    for label in np.unique(y):
        members = np.flatnonzero(y == label)
        ranks[members] = draw.permutation(len(members))
    return ranks
