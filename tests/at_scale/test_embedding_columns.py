"""Columns of vectors of which some are missing, through a file and back, on every pyarrow."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial.at_scale.embedding_columns import spread, vectors_in


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 4), st.integers(1, 5))
def test_there_and_back(there: list[bool], dim: int, cut: int) -> None:
    import tempfile

    mask, values = np.array(there, bool), np.random.default_rng(0).normal(size=(sum(there), dim)).astype(np.float32)
    column = spread(values, mask)
    # Before pyarrow 26 a list of fixed length that is missing cannot be written.
    assert pa.types.is_list(column.type)
    assert column.to_pylist() == [list(values[sum(there[:i])]) if good else None for i, good in enumerate(there)]
    with tempfile.TemporaryDirectory() as place:
        pq.write_table(pa.table({"x": column}), Path(place) / "x", row_group_size=cut)
        found, known = vectors_in(pq.read_table(Path(place) / "x")["x"], dim=dim)
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(known, mask)
    pieces = pa.chunked_array([column[i : i + cut] for i in range(0, len(column), cut)], column.type)
    np.testing.assert_array_equal(vectors_in(pieces, dim=dim)[0], values)


def test_numbers_alone_and_vectors_of_odd_length() -> None:
    assert spread(np.array([3, 4], np.uint64), np.array([True, False, True])).to_pylist() == [3, None, 4]
    odd = pa.array([[1.0, 2.0], None, [3.0]])
    with pytest.raises(ValueError, match=r"vectors of 2 and 1 numbers, where all should have one length"):
        vectors_in(odd)
    with pytest.raises(ValueError, match=r"vectors of 2 numbers, where all should have 3 numbers"):
        vectors_in(odd[:2], dim=3)
