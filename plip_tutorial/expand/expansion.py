"""Find more pairs on the web, by the neighbours of the pairs one has.

A pool of web images is embedded once and put into an index. Each collected image then asks the index for its ``k``
nearest neighbours by cosine similarity, and what is similar enough comes home with its caption (Huang et al. 2023 asked
LAION-5B in this way).

    new = expand(seed_embeddings, pool_embeddings, k=50, threshold=threshold)
    pool.select(new.indices)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.expand.approximate_index import ApproximateIndex
from plip_tutorial.expand.vector_index import VectorIndex

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

    A pool item comes back if it is one of the ``k`` nearest of a seed and its similarity to that same seed reaches the
    threshold. The seeds themselves do not come back: items whose angle to a seed has a cosine above `SAME`.
    Rounding to float16 turns a vector by less than that, and changes its length by more.

    Args:
        seeds: unit vectors of the collected images, (s, d).
        pool: unit vectors of the web images, (n, d), or an index of them. An approximate one may miss neighbours.
        k: neighbours that each seed asks for; at most n are taken.
        threshold: smallest cosine similarity, -1 to 1.

    Raises:
        ValueError: no unit vectors, different dimensions, or a k below 1.
    """
    index = pool if isinstance(pool, VectorIndex | ApproximateIndex) else VectorIndex(pool)
    anchors = VectorIndex(seeds)
    scores, indices = index.search(seeds, min(k, len(index)) if k > 0 else k)
    found = np.unique(indices[(scores >= threshold) & (indices >= 0)])  # -1: the approximate one found no more
    if not len(found):
        return Expansion(found, np.empty(0, np.float32), found)
    (score,), (seed,) = (part.T for part in anchors.search(index.embeddings[found], k=1))
    new = np.ones(len(found), bool)
    if len(close := np.flatnonzero(score > 0.98)):  # lengths may be wrong by half a percent, so angles are compared
        wide = (unit(vectors.astype(np.float64)) for vectors in (anchors.embeddings, index.embeddings[found[close]]))
        cosines, _ = VectorIndex(next(wide)).search(next(wide), k=1)
        new[close] = cosines[:, 0] <= SAME
    order = np.lexsort((found, -score))
    order = order[new[order]]
    return Expansion(found[order], score[order], seed[order])
