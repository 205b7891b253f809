"""Nearest neighbours among embeddings, exactly: the one search of the package.

The similarity is the dot product, ``s(q, x) = q . x``, so a search is a matrix product and a partial sort, block by
block. Products in float32 find the candidates, products in float64 put them in order, and equal scores are ordered by
index. So the answer depends neither on the block nor on the machine.

    index = VectorIndex(pool_embeddings)
    scores, indices = index.search(query_embeddings, k=50)
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.contrastive.similarity import Vectors, check_unit
from plip_tutorial.storage.files import readable, whole_file, with_ending

Scores = NDArray[np.float64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Names = tuple[NDArray[Any], NDArray[Any]]

BLOCK = 16384  # vectors that are compared at a time
QUERIES = 256  # with so many queries
SPARE = 8  # candidates beyond k
AT_ONCE = 2048  # vectors in float64


def nearest(
    queries: Vectors, vectors: Vectors, k: int, *, block: int = BLOCK, length: float = 1.01, apart: Names | None = None
) -> tuple[Scores, Ints]:
    """Find the ``k`` vectors with the largest dot product.

    The memory is bounded: beside the answer at most 6 bytes for each of 256 x ``block`` products, ``block`` vectors in
    float32 where they are of another type, and 300 bytes for each of 256 x (k + 8) candidates, however many vectors
    are equal.

    Args:
        queries: (q, d).
        vectors: (n, d), of any floating type; may be memory-mapped.
        k: 1 to n.
        block: vectors that are compared at a time.
        length: no query's length times a vector's is above this.
        apart: names (q,) and (n,), such as slides; a vector with the query's name is left out.

    Returns:
        Scores (q, k) in falling order and indices (q, k); -inf and -1 where leaving out leaves fewer than ``k``.
    """
    scores, indices = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    # Two sums of d products in float32 and in float64 differ by at most (d + 2) units of rounding, in whatever order
    # they were added (Higham 2002, eq. 3.5); two more are for the rounding of the floor.
    wrong = length * (queries.shape[1] + 4) * 2.0**-24
    for start in range(0, len(queries), QUERIES):
        rows = slice(start, start + QUERIES)
        among = (queries[rows], vectors, block, apart and (apart[0][rows], apart[1]))
        near, places = _candidates(*among, min(k + SPARE, len(vectors)))
        exact = np.where(np.isneginf(near), -np.inf, exact_scores(queries[rows], vectors, places))
        order = np.lexsort((places, -exact), axis=1)[:, :k]
        scores[rows], indices[rows] = np.take_along_axis(exact, order, 1), np.take_along_axis(places, order, 1)
        # Where float32 cannot tell the last candidate from the k-th, a better one may have been left out.
        floor = near[:, k - 1] - 2 * wrong
        crowded = (near[:, -1] >= floor) & np.isfinite(floor) & (near.shape[1] < len(vectors))
        if crowded.any():
            again = np.flatnonzero(crowded)
            among = (queries[start + again], vectors, block, apart and (apart[0][start + again], apart[1]))
            scores[start + again], indices[start + again] = _all_above(*among, floor[again], k)
    return scores, np.where(np.isneginf(scores), -1, indices)


def _products(queries: Vectors, vectors: Vectors, block: int, apart: Names | None) -> Iterator[tuple[int, Floats]]:
    """Dot products (q, block) in float32, a block at a time in the same memory, and where the block starts."""
    left = queries.astype(np.float32)
    room = np.empty(len(left) * min(block, len(vectors)), np.float32)
    for start in range(0, len(vectors), block):
        right = np.asarray(vectors[start : start + block], np.float32)
        products = np.matmul(left, right.T, out=room[: len(left) * len(right)].reshape(len(left), len(right)))
        if apart is not None:
            products[np.equal.outer(apart[0], apart[1][start : start + block])] = -np.inf
        yield start, products


def _candidates(
    queries: Vectors, vectors: Vectors, block: int, apart: Names | None, wanted: int
) -> tuple[Floats, Ints]:
    """The best of each query by float32, (q, wanted) in falling order, and their places."""
    best, places = np.full((len(queries), wanted), -np.inf, np.float32), np.zeros((len(queries), wanted), np.int64)
    for start, products in _products(queries, vectors, block, apart):
        better = products > best[:, -1:]  # ten times faster than a sort, and after the first block few are
        if np.count_nonzero(better) > 2 * best.size:
            new, where = (part.numpy() for part in torch.from_numpy(products).topk(min(wanted, products.shape[1])))
            if start == 0 and new.shape == best.shape:  # in order already
                best, places = new, where
                continue
        else:
            row, column = np.divmod(np.flatnonzero(better), products.shape[1])
            rank = np.arange(len(row)) - np.searchsorted(row, row)  # its number within its row
            new = np.full((len(best), rank.max(initial=-1) + 1), -np.inf, np.float32)
            where = np.zeros(new.shape, np.int64)
            new[row, rank], where[row, rank] = products[row, column], column
        best, places = np.concatenate([best, new], 1), np.concatenate([places, where + start], 1)
        chosen = torch.from_numpy(best).topk(wanted).indices.numpy()
        best, places = np.take_along_axis(best, chosen, 1), np.take_along_axis(places, chosen, 1)
    return best, places


def _all_above(
    queries: Vectors, vectors: Vectors, block: int, apart: Names | None, floor: Floats, k: int
) -> tuple[Scores, Ints]:
    """The k best of each query among all vectors that float32 does not put below its floor, (q,)."""
    best, places = np.full((len(queries), k), -np.inf), np.zeros((len(queries), k), np.int64)
    for start, products in _products(queries, vectors, block, apart):
        for i, row in enumerate(products):
            near = start + np.flatnonzero(row >= floor[i])
            for part in (near[j : j + AT_ONCE] for j in range(0, len(near), AT_ONCE)):
                scores = np.append(best[i], exact_scores(queries[i : i + 1], vectors, part[None]))
                found = np.append(places[i], part)
                order = np.lexsort((found, -scores))[:k]
                best[i], places[i] = scores[order], found[order]
    return best, places


def exact_scores(queries: Vectors, vectors: Vectors, places: Ints) -> Scores:
    """Dot products in float64, one by one: equal vectors get equal scores wherever they stand.

    Args:
        queries: (q, d).
        vectors: (n, d).
        places: which vectors each query is compared with, (q, m).

    Returns:
        (q, m).
    """
    scores, left = np.empty(places.shape), queries.astype(np.float64)
    step = max(1, AT_ONCE // max(1, places.shape[1]))
    for i in range(0, len(left), step):
        for j in range(0, places.shape[1], AT_ONCE):
            part = slice(i, i + step), slice(j, j + AT_ONCE)
            scores[part] = np.einsum("qd,qmd->qm", left[part[0]], vectors[places[part]].astype(np.float64))
    return scores


class VectorIndex:
    """Exact nearest neighbours among unit vectors, see `nearest`.

    >>> index = VectorIndex(np.eye(3, dtype=np.float32))
    >>> scores, indices = index.search(np.array([[0.6, 0.8, 0.0]]), k=2)
    >>> indices.tolist()
    [[1, 0]]
    """

    def __init__(self, embeddings: ArrayLike, *, block: int = BLOCK) -> None:
        """Hold the embeddings; nothing is copied.

        Args:
            embeddings: unit vectors, (n, d), float16 to float64; may be memory-mapped.
            block: rows of the index that are compared at a time.

        Raises:
            ValueError: the embeddings are no unit vectors, see `check_unit`.
        """
        self.embeddings, self.block = check_unit(embeddings), block

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.embeddings)

    def search(self, queries: ArrayLike, k: int) -> tuple[Floats, Ints]:
        """Find the ``k`` rows with the largest dot product.

        Args:
            queries: unit vectors, (q, d).
            k: neighbours for each query, 1 to ``len(index)``.

        Returns:
            Scores (q, k) in falling order, rounded to float32, and the indices (q, k) of the rows.

        Raises:
            ValueError: queries that do not fit the index, or a k outside its size.
        """
        scores, indices = self.ranked(queries, k)
        return scores.astype(np.float32), indices

    def ranked(self, queries: ArrayLike, k: int) -> tuple[Scores, Ints]:
        """Like `search`, with the scores as they were compared, in float64: for answers that are to be merged."""
        wanted = check_unit(queries, "queries", dim=self.embeddings.shape[1])
        check_k(k, len(self))
        return nearest(wanted, self.embeddings, k, block=self.block)

    def save(self, path: str | Path) -> Path:
        """Write the embeddings as one .npy file, whole or not at all; returns its path.

        Args:
            path: ".npy" is put behind a name that lacks it. It may be the file that this index is mapped to.
        """
        path = with_ending(path, ".npy")
        with whole_file(path) as place:
            np.save(place, self.embeddings, allow_pickle=False)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Open a saved index. The file is memory-mapped: only what a search reads comes into memory.

        Raises:
            DamagedError: the file holds no unit vectors, or half of them.
        """
        path = with_ending(path, ".npy")
        with readable(path):
            return cls(np.load(path, mmap_mode="r", allow_pickle=False))


def check_k(k: int, n: int) -> None:
    """Refuse a number of neighbours that an index of ``n`` vectors cannot give.

    Raises:
        ValueError: unless 1 <= k <= n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"k is {k}; the index holds {n} vectors, so k must lie from 1 to {n}.")
