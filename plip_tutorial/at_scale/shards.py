"""Long work in shards: one Parquet file each, skipped where it is there already, shared among processes and machines.

A shard is a pure function of its input, and a file with its name is complete. Whoever is killed is called again and
goes on; whoever has three machines and a folder that all of them see calls with part 0, 1 and 2 of 3. A step of
`steps` makes a table of a table, so it makes a folder of shards of a folder of shards:

    write_shards(pool, "pool", rows=10_000)
    run(Embed("vinid/plip"), "pool", "embedded", part=0, of=3)          # on the first of three machines
    read("embedded", ["row", "embedding"])                              # when all are done
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset
from datasets.table import embed_table_storage
from filelock import FileLock
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from plip_tutorial.storage.files import held, readable, whole_file

Step = Callable[[pa.Table], pa.Table]
Folder = str | os.PathLike[str]
Shard = tuple[str, Callable[[], pa.Table]]  # a word for what it is made of, and how it is made
MADE_OF = b"made of"  # where the word stands in the metadata of a file


def write_shards(table: Dataset, folder: Folder, *, rows: int = 1000, together: ArrayLike | None = None) -> list[Path]:
    """Cut a table into Parquet files; pictures that lie in files of their own come into them as well.

    Args:
        table: n rows. They get a column ``row``, their number.
        folder: for ``00000.parquet`` and so on, and ``job.json``, which says what they are.
        rows: of each shard, roughly.
        together: (n,) any values; rows with the same one come into the same shard. See `steps.threads`.

    Raises:
        ValueError: the folder holds the shards of another table.
        InUseError: another process writes there.
    """
    numbered, place = table.add_column("row", np.arange(len(table))).with_format("arrow"), Path(folder)
    pieces = cut(len(table), rows, together)

    def made(piece: NDArray[np.int64]) -> pa.Table:
        return embed_table_storage(numbered[piece])

    digest = hashlib.sha256()
    for piece in pieces:  # looked at twice: now to know what it is, then to write what is missing
        sink, part = pa.BufferOutputStream(), made(piece)
        with pa.ipc.new_stream(sink, part.schema) as stream:
            stream.write_table(part)
        digest.update(sink.getvalue())
    place.parent.mkdir(parents=True, exist_ok=True)
    with held(place, "cutting a table into shards"):
        claim(place, {"shards": len(pieces), "content": digest.hexdigest()[:16]})
        fill(place, (("", partial(made, piece)) for piece in pieces))
    return files_in(place)[0]


def cut(n: int, rows: int, together: ArrayLike | None = None) -> list[NDArray[np.int64]]:
    """Row numbers of each shard; groups are never parted, and come in the order of their first row.

    >>> [piece.tolist() for piece in cut(5, 2, ["a", "b", "a", "c", "d"])]
    [[0, 2], [1, 3], [4]]
    """
    group = pd.factorize(np.arange(n) if together is None else np.asarray(together), use_na_sentinel=False)[0]
    order, sizes = np.argsort(group, kind="stable"), np.bincount(group)
    shard = ((np.cumsum(sizes) - sizes) // rows)[group[order]]
    return [order[shard == i] for i in np.unique(shard)]


def run(
    step: Step, folder: Folder, output: Folder, *, part: int = 0, of: int = 1, progress: bool = False
) -> list[Path]:
    """Do this worker's share of the shards: one output file for each, those that are there already left alone.

    Args:
        step: from the table of a shard to a table, a pure function; its ``repr`` has to say how it was set, and if it
            reads files, a tuple ``reads`` what is in them.
        folder: shards of `write_shards`, or the output of the step before.
        output: for as many files with the same numbers.
        part: which worker this is, 0 to ``of`` - 1.
        of: number of workers; each may run on its own machine, or after the others.
        progress: show a bar.

    Returns:
        The files of this worker.

    Raises:
        ValueError: the step before has not finished, or ``output`` holds work of another step, model or table.
        InUseError: another process does this share.
        DamagedError: a shard cannot be read.
    """
    (files, job), place = files_in(folder), Path(output)
    reads = list(getattr(step, "reads", ()))
    claim(place, {"shards": len(files), "step": repr(step), "reads": reads, "from": job})
    with held(place.with_name(f"{place.name}.part-{part}-of-{of}"), f"doing part {part} of {of} of {step!r}"):
        work = (("", lambda file=file: step(read_shard(file))) for file in files)
        fill(place, work, part=part, of=of, progress=progress)
    return [place / file.name for file in files[part::of]]


def read(folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
    """All shards of a folder as one table, in their order; choose ``columns`` that fit into memory."""
    return pa.concat_tables([read_shard(file, columns) for file in files_in(folder)[0]])


def read_shard(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """One shard, without the word for what it is made of; a DamagedError if it cannot be read."""
    with readable(file):
        table = pq.read_table(file, columns=None if columns is None else list(columns))
    kept = {key: value for key, value in (table.schema.metadata or {}).items() if key != MADE_OF}
    return table.replace_schema_metadata(kept or None)


def files_in(folder: Folder) -> tuple[list[Path], dict[str, Any]]:
    """All shards of a folder, and what they belong to; a folder that is not finished is refused."""
    place = Path(folder)
    if not (place / "job.json").exists():
        raise ValueError(f"{place} holds no shards; write_shards or run makes them.")
    job = claimed(place)
    files = [place / f"{i:05d}.parquet" for i in range(job["shards"])]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise ValueError(f"{len(missing)} of {len(files)} shards in {place} are missing, {missing[0]} first. Run on.")
    return files, job


def fill(
    folder: Path, shards: Iterable[Shard], *, part: int = 0, of: int = 1, progress: bool = False
) -> dict[Path, str]:
    """Make every ``of``-th shard, beginning with ``part``, unless it is there and made of the same.

    Shards that were made of something else are made anew, with a warning; those of a longer job are removed.

    Returns:
        All files, those of the other parts, too, each with its word.
    """
    if not 0 <= part < of:
        raise ValueError(f"part {part} of {of} does not exist; parts are counted from 0 to {of - 1}.")
    words: dict[Path, str] = {}
    stale = 0
    for number, (word, made) in enumerate(tqdm(shards, desc="shards", unit="shard", disable=not progress)):
        file = folder / f"{number:05d}.parquet"
        words[file] = word
        if number % of != part or ((there := file.exists()) and _word(file) == word):
            continue
        stale += there
        table = made()
        if word:
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), MADE_OF: word.encode()})
        with whole_file(file) as place:
            pq.write_table(table, place)
    for file in sorted(folder.glob("[0-9]*.parquet"))[len(words) :]:
        file.unlink(missing_ok=True)
        stale += 1
    if stale:
        text = f"{stale} of the shards in {folder} had been made of other input or of files that have changed since"
        warnings.warn(f"{text}; they were made anew.", stacklevel=3)
    return words


def claim(folder: Path, job: Mapping[str, Any]) -> None:
    """Note what the shards in ``folder`` belong to; a ValueError names where those that are there belong to another."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.claim")):  # of two jobs that begin at once one gets the place
        if not (folder / "job.json").exists():
            with whole_file(folder / "job.json") as place:
                place.write_text(json.dumps(job, indent=1), encoding="utf-8")
    wanted, found = json.loads(json.dumps(job)), claimed(folder)
    odd = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    if odd:
        what = ", ".join(f"{name} was {found.get(name)}, is {wanted.get(name)}" for name in odd)
        raise ValueError(f"{folder} holds the work of another job: {what}. Delete it, or choose another output.")


def claimed(folder: Path) -> dict[str, Any]:
    """What the shards in ``folder`` belong to; without the note they are worth nothing."""
    with readable(folder):
        return dict(json.loads((folder / "job.json").read_text(encoding="utf-8")))


def _word(file: Path) -> str:
    with readable(file):
        return (pq.read_schema(file).metadata or {}).get(MADE_OF, b"").decode()
