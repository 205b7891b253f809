"""Work in pieces: nothing done twice, nothing half done, and the shares of several workers are the whole."""

import multiprocessing
import os
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plip_tutorial.at_scale import shards


def piece(i: int) -> pa.Table:
    return pa.table({"x": pa.array(range(100 * i, 100 * i + i), pa.int64())})


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 9), of=st.integers(1, 4))
def test_shares_are_the_whole(n: int, of: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = [file for part in range(of) for file in shards.run(n, piece, folder, part=part, of=of)]
        shards.join(sorted(files), folder / "all.parquet")
        assert pq.read_table(folder / "all.parquet").equals(pa.concat_tables(map(piece, range(n))))


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    shards.run(3, piece, tmp_path)
    called: list[int] = []
    (tmp_path / "00001.parquet").unlink()
    shards.run(3, lambda i: (called.append(i), piece(i))[1], tmp_path)
    assert called == [1]


def test_a_failed_or_killed_piece_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def fails(i: int) -> pa.Table:
        if i == 1:
            raise RuntimeError("piece 1")
        return piece(i)

    with pytest.raises(RuntimeError, match="piece 1"):
        shards.run(3, fails, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["00000.parquet"]

    def killed() -> None:
        pq.write_table = lambda table, place: (place.write_bytes(b"half"), os.kill(os.getpid(), signal.SIGKILL))  # type: ignore[assignment]
        shards.run(3, piece, tmp_path)

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir() if file.name[0] != "."] == ["00000.parquet"]
    assert len(shards.run(3, piece, tmp_path)) == 3


def test_pieces_of_another_job_are_not_taken(tmp_path: Path) -> None:
    shards.claim(tmp_path, {"model": "a", "shard": 2})
    shards.claim(tmp_path, {"model": "a", "shard": 2})
    with pytest.raises(ValueError, match="model was a, is b"):
        shards.claim(tmp_path, {"model": "b", "shard": 2})


def test_a_part_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="part 2 of 2"):
        shards.run(3, piece, tmp_path, part=2, of=2)
    with pytest.raises(ValueError, match="nothing to join"):
        shards.join([], tmp_path / "all.parquet")
