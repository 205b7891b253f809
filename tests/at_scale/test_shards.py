"""Work in shards: nothing done twice, nothing half done, and the shares of several workers are the whole."""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plip_tutorial.at_scale import shards


def table(i: int) -> pa.Table:
    return pa.table({"x": pa.array(range(100 * i, 100 * i + i), pa.int64())})


def work(n: int, made: Callable[[int], pa.Table] = table, word: str = "") -> list[shards.Shard]:
    return [(word, partial(made, i)) for i in range(n)]


@settings(deadline=None, max_examples=20)
@given(n=st.integers(1, 9), of=st.integers(1, 4))
def test_shares_are_the_whole(n: int, of: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        for part in range(of):
            files = shards.fill(Path(place), work(n), part=part, of=of)
        assert pa.concat_tables(map(shards.read_shard, files)).equals(pa.concat_tables(map(table, range(n))))


def test_what_is_there_is_left_alone_unless_it_was_made_of_something_else(tmp_path: Path) -> None:
    called: list[int] = []
    noted = lambda i: (called.append(i), table(i))[1]  # noqa: E731
    shards.fill(tmp_path, work(3, word="old"))
    (tmp_path / "00001.parquet").unlink()
    shards.fill(tmp_path, work(3, noted, "old"))
    assert called == [1]
    with pytest.warns(UserWarning, match=r"2 of the shards in .* had been made of other input"):
        shards.fill(tmp_path, [*work(1, noted, "new"), *work(2, noted, "old")[1:]])
    assert called == [1, 0]
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["00000.parquet", "00001.parquet"]
    assert shards.read_shard(tmp_path / "00000.parquet").schema.metadata is None


def test_a_failed_or_killed_shard_leaves_nothing_that_looks_complete(tmp_path: Path) -> None:
    def fails(i: int) -> pa.Table:
        if i == 1:
            raise RuntimeError("shard 1")
        return table(i)

    with pytest.raises(RuntimeError, match="shard 1"):
        shards.fill(tmp_path, work(3, fails))
    assert [file.name for file in tmp_path.iterdir()] == ["00000.parquet"]

    def killed() -> None:
        pq.write_table = lambda table, place: (place.write_bytes(b"half"), os.kill(os.getpid(), signal.SIGKILL))  # type: ignore[assignment]
        shards.fill(tmp_path, work(3))

    process = multiprocessing.get_context("fork").Process(target=killed)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [file.name for file in tmp_path.iterdir() if file.name[0] != "."] == ["00000.parquet"]
    assert len(shards.fill(tmp_path, work(3))) == 3


def test_shards_of_another_job_are_not_taken(tmp_path: Path) -> None:
    for _ in range(2):
        shards.claim(tmp_path / "here", {"model": "a", "shard": 2})
    with pytest.raises(ValueError, match=r"holds the work of another job: model was a, is b\. Delete it"):
        shards.claim(tmp_path / "here", {"model": "b", "shard": 2})


def test_of_many_jobs_that_claim_a_place_at_once_one_gets_it(tmp_path: Path) -> None:
    start = multiprocessing.get_context("fork").Process
    claims = [start(target=shards.claim, args=(tmp_path / "here", {"model": i})) for i in range(6)]
    for process in claims:
        process.start()
    for process in claims:
        process.join()
    assert sorted(process.exitcode for process in claims) == [0, 1, 1, 1, 1, 1]
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["job.json"]


def test_a_part_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="part 2 of 2"):
        shards.fill(tmp_path, work(3), part=2, of=2)
