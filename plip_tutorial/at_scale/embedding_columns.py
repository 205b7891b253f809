"""Vectors of pictures of which some cannot be read, as two columns of a table: the vector, or the problem.

The lists have no fixed length, though all vectors have: before pyarrow 26 a list of fixed length that is missing cannot
be written to a file.

>>> column = spread(np.ones((1, 2), np.float32), np.array([False, True]))
>>> column.to_pylist()
[None, [1.0, 1.0]]
>>> vectors_in(column)[1].tolist()
[False, True]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from plip_tutorial.sources.images import problem

Vectors = NDArray[np.float32]


def embedded(plip: Any, pictures: Sequence[Any], batch_size: int) -> tuple[pa.Array, pa.Array]:
    """Embed n pictures.

    Args:
        plip: a `PLIP`.
        pictures: what it takes.
        batch_size: pictures in one forward pass.

    Returns:
        Two columns of length n: vectors, missing where a picture cannot be read; and texts, missing where it can.
    """
    vectors, readable = plip.encode_images(pictures, batch_size, skip_unreadable=True)
    problems = [  # by place: a sequence may read its pictures anew each time it is walked through
        None if good else problem(pictures[i]) or "it could not be read at first" for i, good in enumerate(readable)
    ]
    return spread(vectors, readable), pa.array(problems, pa.string())


def spread(values: NDArray[Any], there: NDArray[np.bool_]) -> pa.Array:
    """Values (k,) or (k, d) in the k rows where there is one, missing in the others; (n,)."""
    kind = pa.from_numpy_dtype(values.dtype)
    rows: list[Any] = [None] * len(there)
    for place, value in zip(np.flatnonzero(there), values, strict=True):
        rows[place] = value
    return pa.array(rows, pa.list_(kind) if values.ndim == 2 else kind)


def vectors_in(column: pa.Array | pa.ChunkedArray, *, dim: int | None = None) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The vectors of a column that are there, (k, d), and a mask (n,) over its rows.

    Raises:
        ValueError: they do not all have the same length, or not that of ``dim``.
    """
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    there = np.asarray(whole.is_valid().to_numpy(zero_copy_only=False))
    lists = whole.filter(pa.array(there))
    lengths = pc.unique(pc.list_value_length(lists)).to_pylist()
    if len(lengths) > 1 or (lengths and dim not in (None, *lengths)):
        wanted = "one length" if dim is None else f"{dim} numbers"
        raise ValueError(f"vectors of {' and '.join(map(str, lengths))} numbers, where all should have {wanted}")
    width = lengths[0] if lengths else dim or 0
    return lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), width), there
