"""Nearest neighbours among more embeddings than one wants to compare: inverted lists of short codes, by faiss.

It trades exactness for memory and time. `vector_index.VectorIndex` answers the same questions exactly.

    index = ApproximateIndex(pool_embeddings)
    scores, indices = index.search(query_embeddings, k=50)
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.expand.vector_index import check_k, check_vectors, exact_scores
from plip_tutorial.storage.files import readable, recover, whole_folder

FILES = CODES, VECTORS, SETTINGS = "codes.faiss", "vectors.npy", "settings.json"


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
        check_k(k, len(self))
        found = self.index.search(np.ascontiguousarray(wanted, np.float32), min(len(self), k * self.shortlist))[1]
        row = np.repeat(np.arange(len(wanted)), found.shape[1])
        scores = exact_scores(wanted, self.embeddings, row, found.ravel()).reshape(found.shape)
        scores[found < 0] = -np.inf
        best = np.lexsort((found, -scores), axis=1)[:, :k]
        return np.take_along_axis(scores, best, 1).astype(np.float32), np.take_along_axis(found, best, 1)

    def save(self, folder: str | Path) -> Path:
        """Write ``codes.faiss``, ``vectors.npy`` and ``settings.json`` as a folder, whole or not at all; returns it.

        Args:
            folder: made if absent. It may be the one that this index is mapped to.

        Raises:
            ValueError: the folder holds other files, which would be lost.
        """
        folder = Path(folder)
        others = sorted(path.name for path in folder.glob("*") if path.name not in FILES)
        if others:
            raise ValueError(f"{folder} holds other files, {others[0]} first. Choose a new or an empty folder.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as place:
            if self._mapped:  # faiss would write down where the codes are, not the codes
                shutil.copyfile(self._mapped, place / CODES)
            else:
                _faiss().write_index(self.index, str(place / CODES))
            np.save(place / VECTORS, self.embeddings, allow_pickle=False)
            (place / SETTINGS).write_text(json.dumps({"shortlist": self.shortlist}), encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Open a saved index. Codes and vectors stay on the disk: a search reads the cells and the rows it needs.

        Raises:
            DamagedError: a file is missing or cut, or the codes and the vectors do not belong together.
        """
        faiss, folder = _faiss(), Path(folder)
        recover(folder)
        index = cls.__new__(cls)
        index._mapped = folder / CODES
        mapped = 0 if sys.platform == "win32" else faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY
        with readable(folder):
            index.embeddings = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
            index.index = _read_codes(faiss, index._mapped, mapped)
            index.shortlist = int(json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["shortlist"])
            codes = (index.index.ntotal, index.index.d)
            if codes != index.embeddings.shape:
                told = f"codes of {codes[0]} vectors of {codes[1]} numbers"
                raise ValueError(f"{told}, but vectors of shape {index.embeddings.shape}")
        return index


def _read_codes(faiss: Any, path: Path, flags: int) -> Any:
    try:
        return faiss.read_index(str(path), flags)
    except RuntimeError as error:  # faiss has no other error
        raise ValueError(f"{path.name}: {error}") from error


def _faiss() -> Any:
    """Import faiss only when it is asked for: its OpenMP and that of torch do not always get on (macOS)."""
    try:
        import faiss  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the approximate index needs faiss: pip install 'plip-tutorial[faiss]'. VectorIndex works without it."
        ) from error
    return faiss
