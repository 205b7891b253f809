"""Nearest neighbours among embeddings, exactly.

For unit vectors the cosine similarity is the dot product, ``s(q, x) = q . x``, so the search is a matrix product and a
partial sort, done block by block. For pools that are too large for it there is `approximate_index`.

    index = VectorIndex(pool_embeddings)
    scores, indices = index.search(query_embeddings, k=50)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.storage.files import readable, whole_file, with_ending

Vectors = NDArray[np.floating[Any]]
Scores = NDArray[np.float64]

QUERY_BLOCK = 256
WAITING = 8192  # pairs of query and row; fewer are not worth a decision


def check_vectors(vectors: ArrayLike, name: str = "embeddings", *, dim: int | None = None) -> Vectors:
    """Check once, at the public boundary, that vectors can be compared by a dot product.

    Args:
        vectors: unit vectors, (n, d), floating.
        name: what to call them in an error.
        dim: the d that is wanted.

    Returns:
        The same array, not copied.

    Raises:
        ValueError: wrong shape, wrong type, NaN or infinity, or a row whose length is not 1.
    """
    array = np.asarray(vectors)
    if array.ndim != 2 or array.shape[1] == 0:
        column = " Of a column of vectors take np.stack(column.dropna())." if array.dtype == object else ""
        raise ValueError(f"{name} has shape {array.shape}; (n, d) is needed, one row for each item.{column}")
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name} has type {array.dtype}; floating numbers are needed.")
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name} has {array.shape[1]} columns, the index has {dim}. Use one model for both.")
    for start in range(0, len(array), 65536):
        block = array[start : start + 65536]
        length = np.linalg.norm(block.astype(np.float32), axis=1)
        wrong = np.flatnonzero(~(np.abs(length - 1) < 5e-3))  # NaN fails this as well
        if len(wrong):
            raise ValueError(
                f"row {start + wrong[0]} of {name} has length {length[wrong[0]]:.4g}; unit vectors are needed. "
                "Divide each row by its length, and look for NaN and for empty images."
            )
    return array


class VectorIndex:
    """Exact nearest neighbours: a matrix product a block at a time, and the k best so far.

    Scores are compared in float64, so the answer depends neither on the block nor on the machine; equal scores are
    ordered by index. The memory is bounded: beside the embeddings and the answer a search holds at most 13 bytes for
    each of 256 x ``block`` scores (55 MB), ``block`` rows in float32 where the embeddings are of another type, and
    200 bytes for each of 256 x ``k`` candidates, whatever the number of queries and of equal vectors.

    >>> index = VectorIndex(np.eye(3, dtype=np.float32))
    >>> scores, indices = index.search(np.array([[0.6, 0.8, 0.0]]), k=2)
    >>> indices.tolist()
    [[1, 0]]
    """

    def __init__(self, embeddings: ArrayLike, *, block: int = 16384) -> None:
        """Hold the embeddings; nothing is copied.

        Args:
            embeddings: unit vectors, (n, d), float16 to float64; may be memory-mapped.
            block: rows of the index that are compared at a time.

        Raises:
            ValueError: the embeddings are no unit vectors, see `check_vectors`.
        """
        self.embeddings = check_vectors(embeddings)
        self.block = block

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.embeddings)

    def search(self, queries: ArrayLike, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
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

    def ranked(self, queries: ArrayLike, k: int) -> tuple[Scores, NDArray[np.int64]]:
        """Like `search`, with the scores as they were compared, in float64: for answers that are to be merged."""
        wanted = check_vectors(queries, "queries", dim=self.embeddings.shape[1])
        check_k(k, len(self))
        scores = np.empty((len(wanted), k))
        indices = np.empty((len(wanted), k), np.int64)
        for start in range(0, len(wanted), QUERY_BLOCK):
            rows = slice(start, start + QUERY_BLOCK)
            scores[rows], indices[rows] = self._best(wanted[rows], k)
        return scores, indices

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

    def _best(self, queries: Vectors, k: int) -> tuple[Scores, NDArray[np.int64]]:
        """The k best of a block of queries: candidates in float32, the decision in float64."""
        best = _Best(queries, self.embeddings, k)
        left = queries.astype(np.float32)
        room = np.empty(len(left) * min(self.block, len(self)), np.float32)
        for start in range(0, len(self), self.block):
            right = np.asarray(self.embeddings[start : start + self.block], np.float32)
            scores = room[: len(left) * len(right)].reshape(len(left), len(right))
            best.add(np.matmul(left, right.T, out=scores), start)
        best.decide()
        return best.scores, best.indices


class _Best:
    """The k best of each query so far, decided in float64; float32 only says what cannot be among them.

    Two sums of d products in float32 and in float64 differ by at most (d + 2) units of rounding, in whatever order
    they were added (Higham 2002, eq. 3.5). So a row whose float32 score lies further below the k-th best is out.
    """

    def __init__(self, queries: Vectors, embeddings: Vectors, k: int) -> None:
        self.queries, self.embeddings, self.k = queries, embeddings, k
        self.scores = np.full((len(queries), k), -np.inf)
        self.indices = np.full((len(queries), k), len(embeddings))
        self.wrong = 1.02 * (queries.shape[1] + 4) * 2.0**-24  # lengths up to 1.005, and the rounding of the floor
        self.floor = np.full(len(queries), -np.inf, np.float32)  # a float32 score below is out
        self.waiting: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self.most = max(2 * len(queries) * k, WAITING)  # so many pairs wait for the decision

    def add(self, scores: NDArray[np.float32], start: int) -> None:
        """Look at the float32 scores (q, block) of the rows from ``start`` on."""
        near = scores >= self.floor[:, None]
        if np.count_nonzero(near) > self.most and scores.shape[1] > self.k:  # the first block, or an unlucky order
            last = torch.from_numpy(scores).topk(self.k).values[:, -1].numpy()
            near = scores >= self._raise(last - 2 * self.wrong)[:, None]
        flat = np.flatnonzero(near)
        for part in (flat[i : i + self.most] for i in range(0, len(flat), self.most)):
            row, column = np.divmod(part, scores.shape[1])
            self.waiting.append((row, column + start))
            if sum(len(row) for row, _ in self.waiting) >= self.most:
                self.decide()

    def decide(self) -> None:
        """Let those that wait compete with the k best so far; of equal scores the lower index stays."""
        if not self.waiting:
            return
        rows, columns = (np.concatenate(part) for part in zip(*self.waiting, strict=True))
        self.waiting = []
        before = np.repeat(np.arange(len(self.queries)), self.k)
        score = np.concatenate([self.scores.ravel(), exact_scores(self.queries, self.embeddings, rows, columns)])
        row, column = np.concatenate([before, rows]), np.concatenate([self.indices.ravel(), columns])
        order = np.lexsort((column, -score, row))
        counts = np.bincount(row)
        chosen = order[(np.cumsum(counts) - counts)[:, None] + np.arange(self.k)]
        self.scores, self.indices = score[chosen], column[chosen]
        self._raise(self.scores[:, -1] - self.wrong)

    def _raise(self, floor: Scores | NDArray[np.float32]) -> NDArray[np.float32]:
        self.floor = np.maximum(self.floor, floor.astype(np.float32))
        return self.floor


def check_k(k: int, n: int) -> None:
    """Refuse a number of neighbours that an index of ``n`` vectors cannot give.

    Raises:
        ValueError: unless 1 <= k <= n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"k is {k}; the index holds {n} vectors, so k must lie from 1 to {n}.")


def exact_scores(queries: Vectors, embeddings: Vectors, row: NDArray[np.int64], column: NDArray[np.int64]) -> Scores:
    """Dot products in float64, one pair at a time: equal vectors get equal scores wherever they stand.

    Args:
        queries: (q, d).
        embeddings: (n, d).
        row: which query each pair takes, (pairs,).
        column: which embedding, (pairs,).

    Returns:
        (pairs,).
    """
    scores, left = np.empty(len(row)), queries.astype(np.float64)
    for start in range(0, len(row), 1024):
        part = slice(start, start + 1024)
        scores[part] = (left[row[part]] * embeddings[column[part]]).sum(1)
    return scores
