"""Vectors of length 1: their dot product is the cosine of the angle between them, ``cos(x, y) = x . y``.

>>> unit(np.array([[3.0, 4.0], [0.0, 0.0]]))
array([[0.6, 0.8],
       [0. , 0. ]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.floating[Any]]
SLACK = 5e-3  # by how much a length may miss 1: half precision does


def unit(vectors: Vectors) -> Vectors:
    """Divide each row (n, d) by its length; one of length 0 stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return found


def check_unit(vectors: ArrayLike, name: str = "embeddings", *, dim: int | None = None) -> Vectors:
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
        length = np.linalg.norm(array[start : start + 65536].astype(np.float32), axis=1)
        wrong = np.flatnonzero(~(np.abs(length - 1) < SLACK))  # NaN fails this as well
        if len(wrong):
            raise ValueError(
                f"row {start + wrong[0]} of {name} has length {length[wrong[0]]:.4g}; unit vectors are needed. "
                "Divide each row by its length, and look for NaN and for empty images."
            )
    return array
