"""Chapter 3: find more pairs on the web, by the neighbours of the pairs one has.

A pool of web images is embedded once and put into an index. Each collected image then asks the index for its ``k``
nearest neighbours by cosine similarity, and what is similar enough comes home with its caption (Huang et al. 2023 asked
LAION-5B in this way). The similarity that is "enough" is chosen on labelled data.

    threshold = choose_threshold(similarities, labels, wanted_precision=0.9)
    new = expand(seed_embeddings, pool_embeddings, k=50, threshold=threshold)
    pool.select(new.indices)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.expand.approximate_index import ApproximateIndex
from plip_tutorial.expand.vector_index import VectorIndex, Vectors

__all__ = ["SAME", "ApproximateIndex", "Expansion", "VectorIndex", "choose_threshold", "expand"]

SAME = 1 - 1e-6  # above this cosine similarity two vectors are one picture


@dataclass(frozen=True)
class Expansion:
    """What the pool gave: m items, the most similar first, none twice.

    Attributes:
        indices: rows of the pool, (m,).
        scores: cosine similarity to the nearest seed, (m,).
        seeds: that seed, as a row of the seeds, (m,).
    """

    indices: NDArray[np.int64]
    scores: NDArray[np.float32]
    seeds: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.indices)

    def gain(self, truth: ArrayLike) -> float:
        """New true items for each 1,000 that come back and are looked at.

        Args:
            truth: bool for each item of the pool, True where it is what one wanted.
        """
        return 1000 * float(np.asarray(truth, bool)[self.indices].mean()) if len(self) else 0.0


def expand(
    seeds: ArrayLike, pool: ArrayLike | VectorIndex | ApproximateIndex, *, k: int, threshold: float
) -> Expansion:
    """Take from the pool what is near a seed.

    A pool item comes back if it is one of the ``k`` nearest of any seed and if its similarity to the nearest seed
    reaches the threshold. The seeds themselves do not come back: items whose angle to a seed has a cosine above
    1 - 1e-6. Rounding to float16 turns a vector by less than that, and changes its length by more.

    Args:
        seeds: unit vectors of the collected images, (s, d).
        pool: unit vectors of the web images, (n, d), or an index of them. An approximate one may miss neighbours.
        k: neighbours that each seed asks for; at most n are taken.
        threshold: smallest cosine similarity, -1 to 1.

    Returns:
        An `Expansion` with m items.

    Raises:
        ValueError: no unit vectors, different dimensions, or a k below 1.
    """
    index = pool if isinstance(pool, VectorIndex | ApproximateIndex) else VectorIndex(pool)
    anchors = VectorIndex(seeds)
    scores, indices = index.search(seeds, min(k, len(index)) if k > 0 else k)
    found = np.unique(indices[(scores >= threshold) & (indices >= 0)])  # -1: the approximate one found no more
    if not len(found):
        return Expansion(found, np.empty(0, np.float32), found)
    nearest, seed = anchors.search(index.embeddings[found], k=1)
    order = np.lexsort((found, -nearest[:, 0]))
    new = order[~_is_seed(anchors.embeddings, index.embeddings[found], nearest[:, 0])[order]]
    return Expansion(found[new], nearest[new, 0], seed[new, 0])


def _is_seed(seeds: Vectors, vectors: Vectors, nearest: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which vectors point where a seed points, (m,), whatever their lengths; ``nearest`` are their best products."""
    same = np.zeros(len(vectors), bool)
    close = np.flatnonzero(nearest > 0.98)  # `check_vectors` lets lengths be wrong by half a percent
    if len(close):
        cosine, _ = VectorIndex(_unit(seeds)).search(_unit(vectors[close]), k=1)
        same[close] = cosine[:, 0] > SAME
    return same


def _unit(vectors: Vectors) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    return wide / np.linalg.norm(wide, axis=1, keepdims=True)


def choose_threshold(
    similarities: ArrayLike, labels: ArrayLike, wanted_precision: float, *, weights: ArrayLike | None = None
) -> float:
    """Choose the lowest threshold whose precision is still as wanted, on labelled examples.

    >>> choose_threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.75)
    0.6
    >>> choose_threshold([0.9, 0.8, 0.7, 0.6], [True, True, False, True], 0.9)
    0.8

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
