"""Long work in pieces: one file a piece, skipped where it is there already, shared among processes and machines.

Each piece is a pure function of its input. Its result is written beside its place and then renamed, so a file with
that name is complete. Whoever is killed is called again and goes on; whoever has three machines calls with part 0, 1
and 2 of 3.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> files = run(3, lambda i: pa.table({"x": [i, 10 * i]}), folder)
>>> [pq.read_table(file)["x"].to_pylist() for file in files]
[[0, 0], [1, 10], [2, 20]]
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm


def run(
    n: int, work: Callable[[int], pa.Table], folder: Path, *, part: int = 0, of: int = 1, progress: bool = False
) -> list[Path]:
    """Do every ``of``-th piece of ``n``, beginning with ``part``; pieces that are there are left alone.

    Args:
        n: number of pieces.
        work: number of a piece, 0 to n - 1, to its table.
        folder: where ``00000.parquet`` ... lie, made if it is absent.
        part: which share of the pieces, 0 to ``of`` - 1.
        of: number of shares.
        progress: show a bar.

    Returns:
        The files of this share, in order.

    Raises:
        ValueError: if there is no such part.
    """
    if not 0 <= part < of:
        raise ValueError(f"part {part} of {of} does not exist; parts are counted from 0 to {of - 1}.")
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{piece:05d}.parquet" for piece in range(part, n, of)]
    for file in tqdm(files, desc="shards", unit="shard", disable=not progress):
        if not file.exists():
            write(work(int(file.stem)), file)
    return files


def write(table: pa.Table, file: Path) -> None:
    """Write a Parquet file whole or not at all."""
    _whole(file, lambda place: pq.write_table(table, place))


def join(files: Sequence[Path], output: Path) -> None:
    """Put the pieces into one Parquet file, one piece in memory at a time.

    Raises:
        ValueError: without pieces.
    """
    if not files:
        raise ValueError("there is nothing to join.")

    def copy(place: Path) -> None:
        with pq.ParquetWriter(place, pq.read_schema(files[0])) as writer:
            for file in files:
                writer.write_table(pq.read_table(file))

    _whole(output, copy)


def claim(folder: Path, job: Mapping[str, Any]) -> None:
    """Note what the pieces in ``folder`` belong to, so that those of another job are not taken for them.

    Raises:
        ValueError: if they belong to another job; it names what differs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note, wanted = folder / "job.json", json.loads(json.dumps(job))
    if not note.exists():
        _whole(note, lambda place: place.write_text(json.dumps(wanted, indent=1), encoding="utf-8"))
    found = json.loads(note.read_text(encoding="utf-8"))
    odd = [name for name in wanted | found if wanted.get(name) != found.get(name)]
    if odd:
        what = ", ".join(f"{name} was {found.get(name)}, is {wanted.get(name)}" for name in odd)
        raise ValueError(f"{folder} holds pieces of another job: {what}. Delete it, or choose another output.")


def _whole(file: Path, write_to: Callable[[Path], object]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    os.close(handle)
    try:
        write_to(Path(name))
        os.chmod(name, 0o644)  # mkstemp makes it private
        os.replace(name, file)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
