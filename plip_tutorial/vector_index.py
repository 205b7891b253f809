"""Nearest neighbours among embeddings: an exact index and an approximate one.

For unit vectors the cosine similarity is the dot product, ``s(q, x) = q . x``, so the exact search is a matrix product
and a partial sort, done block by block. The approximate one trades exactness for memory and time, by faiss.

    index = VectorIndex(pool_embeddings)
    scores, indices = index.search(query_embeddings, k=50)
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.floating[Any]]

QUERY_BLOCK = 256
_MARGIN = 2e-6  # more than float32 can be wrong in a product of two unit vectors


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
        raise ValueError(f"{name} has shape {array.shape}; (n, d) is needed, one row for each item.")
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

    The block bounds the memory: beside the embeddings themselves a search holds 256 x ``block`` float32 scores (64 MB),
    whatever the number of queries. The last decision is made in float64, so the answer depends neither on the block
    nor on the machine; equal scores are ordered by index.

    >>> index = VectorIndex(np.eye(3, dtype=np.float32))
    >>> scores, indices = index.search(np.array([[0.6, 0.8, 0.0]]), k=2)
    >>> indices.tolist()
    [[1, 0]]
    """

    def __init__(self, embeddings: ArrayLike, *, block: int = 65536) -> None:
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
            Scores (q, k) in falling order, and the indices (q, k) of the rows.

        Raises:
            ValueError: queries that do not fit the index, or a k outside its size.
        """
        wanted = check_vectors(queries, "queries", dim=self.embeddings.shape[1])
        _check_k(k, len(self))
        scores = np.empty((len(wanted), k), np.float32)
        indices = np.empty((len(wanted), k), np.int64)
        for start in range(0, len(wanted), QUERY_BLOCK):
            rows = slice(start, start + QUERY_BLOCK)
            scores[rows], indices[rows] = self._best(wanted[rows], k)
        return scores, indices

    def save(self, path: str | Path) -> Path:
        """Write the embeddings as one .npy file; returns its path."""
        path = Path(path).with_suffix(".npy")
        np.save(path, self.embeddings, allow_pickle=False)
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Open a saved index. The file is memory-mapped: only what a search reads comes into memory."""
        return cls(np.load(Path(path).with_suffix(".npy"), mmap_mode="r", allow_pickle=False))

    def _best(self, queries: Vectors, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The k best of a block of queries: candidates in float32, their order in float64."""
        row, column = self._candidates(queries, k)
        score = _exact_scores(queries, self.embeddings, row, column)
        order = np.lexsort((column, -score, row))
        first = np.searchsorted(row[order], np.arange(len(queries)))
        best = order[first[:, None] + np.arange(k)]
        return score[best], column[best]

    def _candidates(self, queries: Vectors, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Every (query, row) that float32 cannot tell from the k best."""
        left = torch.from_numpy(queries.astype(np.float32))
        best = torch.full((len(queries), k), -torch.inf)
        parts = []
        for start in range(0, len(self), self.block):
            right = torch.from_numpy(self.embeddings[start : start + self.block].astype(np.float32))
            scores = left @ right.T
            top = scores.topk(min(k, len(right))).values
            best = torch.cat([best, top], 1).topk(k).values
            near = (scores >= best[:, -1:] - _MARGIN).numpy()
            row, column = np.divmod(np.flatnonzero(near), len(right))
            parts.append((row, column + start, scores.numpy()[row, column]))
        row, column, score = (np.concatenate(part) for part in zip(*parts, strict=True))
        last = score >= best[:, -1].numpy()[row] - _MARGIN  # early blocks let in what later blocks beat
        return row[last], column[last]


def _check_k(k: int, n: int) -> None:
    if not 1 <= k <= n:
        raise ValueError(f"k is {k}; the index holds {n} vectors, so k must lie from 1 to {n}.")


def _exact_scores(
    queries: Vectors, embeddings: Vectors, row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Dot products in float64, one pair at a time: equal vectors get equal scores wherever they stand."""
    scores = np.empty(len(row), np.float32)
    for start in range(0, len(row), 8192):
        part = slice(start, start + 8192)
        left, right = queries[row[part]].astype(np.float64), embeddings[column[part]].astype(np.float64)
        scores[part] = (left * right).sum(1)
    return scores


class ApproximateIndex:
    """Inverted lists of product-quantised vectors, by faiss (Johnson et al. 2019): less memory and time, less exact.

    The vectors are sorted into ``lists`` cells around centres learnt by k-means, and each is stored as ``code_bytes``
    bytes. A search looks into the ``probes`` cells nearest to the query, and orders the best of what it finds there by
    the vectors themselves, which may stay on disk.
    """

    def __init__(
        self,
        embeddings: ArrayLike,
        *,
        lists: int | None = None,
        code_bytes: int | None = None,
        probes: int = 16,
        shortlist: int = 10,
    ) -> None:
        """Train on the embeddings and add them.

        Args:
            embeddings: unit vectors, (n, d); may be memory-mapped.
            lists: number of cells; the default is the square root of n.
            code_bytes: bytes for each vector, a divisor of d; the default is a quarter of d.
            probes: cells that a search looks into.
            shortlist: candidates that are compared exactly, for each neighbour that is asked for.

        Raises:
            ValueError: no unit vectors, fewer than 256 of them, or ``code_bytes`` is no divisor of d.
            ModuleNotFoundError: faiss is not installed.
        """
        self.embeddings, self.shortlist = check_vectors(embeddings), shortlist
        n, dim = self.embeddings.shape
        code_bytes, lists = code_bytes or max(dim // 4, 1), lists or round(n**0.5)
        faiss = _faiss()
        if n < 256 or dim % code_bytes:
            raise ValueError(
                f"{n} vectors of {dim} numbers with {code_bytes} bytes each: at least 256 vectors are needed, and "
                "code_bytes must divide their dimension. For small pools take VectorIndex."
            )
        # "np": without it faiss spends most of the training on sorting codes for a kind of search not used here
        self.index: Any = faiss.index_factory(dim, f"IVF{lists},PQ{code_bytes}np", faiss.METRIC_INNER_PRODUCT)
        step = max(1, n // (256 * max(lists, 256)))  # k-means looks at 256 vectors for each centre, not at more
        self.index.train(np.ascontiguousarray(self.embeddings[::step], np.float32))
        for start in range(0, n, 65536):
            self.index.add(np.ascontiguousarray(self.embeddings[start : start + 65536], np.float32))
        self.index.nprobe = probes
        self._mapped: Path | None = None

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.embeddings)

    def search(self, queries: ArrayLike, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Like `VectorIndex.search`; index -1 and score -inf stand where the cells held fewer than ``k``."""
        wanted = check_vectors(queries, "queries", dim=self.embeddings.shape[1])
        _check_k(k, len(self))
        found = self.index.search(np.ascontiguousarray(wanted, np.float32), min(len(self), k * self.shortlist))[1]
        row = np.repeat(np.arange(len(wanted)), found.shape[1])
        scores = _exact_scores(wanted, self.embeddings, row, found.ravel()).reshape(found.shape)
        scores[found < 0] = -np.inf
        best = np.lexsort((found, -scores), axis=1)[:, :k]
        return np.take_along_axis(scores, best, 1), np.take_along_axis(found, best, 1)

    def save(self, folder: str | Path) -> Path:
        """Write ``codes.faiss``, ``vectors.npy`` and ``settings.json`` into a folder, made if absent; returns it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        codes, vectors = folder / "codes.faiss", folder / "vectors.npy"
        if self._mapped:  # faiss would write down where the codes are, not the codes
            shutil.copyfile(self._mapped, f"{codes}.new")
        else:
            _faiss().write_index(self.index, f"{codes}.new")
        with open(f"{vectors}.new", "wb") as file:
            np.save(file, self.embeddings, allow_pickle=False)
        for path in (codes, vectors):  # only now: what is written may be what this index itself is mapped to
            os.replace(f"{path}.new", path)
        (folder / "settings.json").write_text(json.dumps({"shortlist": self.shortlist}), encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Open a saved index. Codes and vectors stay on the disk: a search reads the cells and the rows it needs.

        Raises:
            ValueError: the codes and the vectors do not belong together.
        """
        faiss, folder = _faiss(), Path(folder)
        index = cls.__new__(cls)
        index.embeddings = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        mapped = 0 if sys.platform == "win32" else faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
        index._mapped = folder / "codes.faiss"
        index.index = faiss.read_index(str(index._mapped), mapped)
        index.shortlist = int(json.loads((folder / "settings.json").read_text(encoding="utf-8"))["shortlist"])
        if (index.index.ntotal, index.index.d) != index.embeddings.shape:
            raise ValueError(
                f"{folder} holds codes of {index.index.ntotal} vectors of {index.index.d} numbers, but vectors of "
                f"shape {index.embeddings.shape}. Build and save the index again."
            )
        return index


def _faiss() -> Any:
    """Import faiss only when it is asked for: its OpenMP and that of torch do not always get on (macOS)."""
    try:
        import faiss  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the approximate index needs faiss: pip install 'plip-tutorial[faiss]'. VectorIndex works without it."
        ) from error
    return faiss
