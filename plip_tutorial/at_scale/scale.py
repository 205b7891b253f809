"""The same work on more pictures than one process can hold: shards on disk, done partition by partition or by Ray.

A shard is a Parquet file, a step of `steps` a function from shard to shard. The plain way needs nothing but a shared
folder: whoever is worker i of n does every n-th shard, skips those that are there, and is called again if it was
killed. Ray Data takes the same functions, hands the shards to whoever is free, and passes tables on in memory.

    write_shards(pool, "pool", rows=10_000)
    run(Embed("vinid/plip"), "pool", "embedded", part=0, of=3)          # on the first of three machines
    with_ray("pool", Embed("vinid/plip"), Fingerprint()).write_parquet("done")      # or on a cluster of Ray
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset
from datasets.table import embed_table_storage
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.at_scale import shards
from plip_tutorial.at_scale.steps import fingerprints_in
from plip_tutorial.clean import duplicates
from plip_tutorial.storage.files import held

Step = Callable[[pa.Table], pa.Table]
Folder = str | os.PathLike[str]


def write_shards(table: Dataset, folder: Folder, *, rows: int = 1000, together: ArrayLike | None = None) -> list[Path]:
    """Cut a table into Parquet files; pictures that lie in files of their own come into them as well.

    Args:
        table: n rows. They get a column ``row``, their number.
        folder: for ``00000.parquet`` and so on, and ``job.json``, which says what they are.
        rows: of each shard, roughly.
        together: (n,) any values; rows with the same one come into the same shard. See `threads`.

    Returns:
        The files.

    Raises:
        ValueError: the folder holds the shards of another table.
        InUseError: another process writes there.
    """
    pieces, place = _pieces(len(table), rows, together), Path(folder)
    numbered, digest = table.add_column("row", np.arange(len(table))).with_format("arrow"), hashlib.sha256()

    def piece(i: int) -> pa.Table:
        return embed_table_storage(numbered[pieces[i]])

    for i in range(len(pieces)):  # looked at twice: now to know what it is, then to write what is missing
        with pa.ipc.new_stream(sink := pa.BufferOutputStream(), (part := piece(i)).schema) as stream:
            stream.write_table(part)
        digest.update(sink.getvalue())
    place.parent.mkdir(parents=True, exist_ok=True)
    with held(place, "cutting a table into shards"):
        shards.claim(place, {"pieces": len(pieces), "content": digest.hexdigest()[:16]})
        return shards.run(len(pieces), piece, place)


def _pieces(n: int, rows: int, together: ArrayLike | None) -> list[NDArray[np.int64]]:
    """Row numbers of each shard; groups are never parted, and come in the order of their first row."""
    group = np.arange(n) if together is None else np.asarray(together)
    _, first, member = np.unique(group, return_index=True, return_inverse=True)
    order = np.lexsort((np.arange(n), first[member]))
    starts = np.flatnonzero(np.append(True, np.diff(first[member][order]) != 0)) if n else np.empty(0, np.int64)
    shard = np.repeat(starts // rows, np.diff(np.append(starts, n)))
    return [order[shard == i] for i in np.unique(shard)]


def threads(posts: Dataset) -> list[Any]:
    """For each row the id of the post at the beginning of its conversation, as `write_shards` wants it."""
    parent = dict(zip(posts["id"][:], posts["in_reply_to"][:], strict=True))

    def root(name: Any) -> Any:
        seen = {None}
        while name not in seen and parent.get(name) is not None:
            seen.add(name)
            name = parent[name]
        return name

    return [str(root(name)) for name in posts["id"][:]]


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
        ValueError: the step before has not finished, or ``output`` holds the work of another step, of another model or
            filter in the same place, or of other shards.
        InUseError: another process does this share.
        DamagedError: a shard cannot be read.
    """
    (files, job), place = _files(folder), Path(output)
    reads = list(getattr(step, "reads", ()))
    shards.claim(place, {"pieces": len(files), "step": repr(step), "reads": reads, "from": job})
    work = lambda i: step(shards.read(files[i]))  # noqa: E731
    with held(place.with_name(f"{place.name}.part-{part}-of-{of}"), f"doing part {part} of {of} of {step!r}"):
        return shards.run(len(files), work, place, part=part, of=of, progress=progress)


def read(folder: Folder, columns: Sequence[str] | None = None) -> pa.Table:
    """All shards of a folder as one table, in their order; choose ``columns`` that fit into memory.

    Raises:
        ValueError: shards are missing.
        DamagedError: a shard cannot be read.
    """
    chosen = None if columns is None else list(columns)
    return pa.concat_tables([shards.read(file, chosen) for file in _files(folder)[0]])


def with_ray(folder: Folder, *steps: Step, workers: int | None = None) -> Any:
    """The same steps through Ray Data, one after the other, without files between them.

    A session of Ray that runs already is used; otherwise one is started on this machine, without dashboard and without
    reports to anybody.

    Args:
        folder: shards of `write_shards`, or the output of `run`; every worker has to see it.
        steps: what `run` takes.
        workers: processes of a session that has to be started; None for one on each core.

    Returns:
        A lazy `ray.data.Dataset` in the order of the shards. Nothing happens until it is read or written.

    Raises:
        ModuleNotFoundError: Ray is not installed.
    """
    ray = _ray()
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="warning")
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order, context.enable_progress_bars = True, False
    files = [{"file": str(file.absolute())} for file in _files(folder)[0]]
    data = ray.data.from_items(files, override_num_blocks=len(files))  # a block is a shard, so a batch is one, too
    for step in (_read_shard, *steps):
        data = data.map_batches(step, batch_size=None, batch_format="pyarrow")
    return data


def merge_neighbours(found: pa.Table, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``k`` nearest of all shards from the nearest of each: what `VectorIndex.search` gives on the whole pool.

    Args:
        found: what `steps.Neighbours` gave for each shard, put together; its k was at least as large.
        k: neighbours of each seed.

    Returns:
        Scores (s, k) in falling order and numbers (s, k) of the rows.

    Raises:
        ValueError: fewer than k for some seed.
    """
    seed, row, score = (found[name].to_numpy() for name in ("seed", "row", "score"))
    order = np.lexsort((row, -score, seed))
    counts = np.bincount(seed)
    fewest = int(counts.min()) if len(counts) else 0
    if fewest < k:
        raise ValueError(f"k is {k}, but some seed has only {fewest} neighbours in these shards.")
    best = order[(np.cumsum(counts) - counts)[:, None] + np.arange(k)]
    return score[best].astype(np.float32), row[best]


def copies(prints: pa.Table, *, distance: int = duplicates.DISTANCE) -> NDArray[np.int64]:
    """Groups of copies across all shards, as `duplicates.near_duplicates` makes them.

    Args:
        prints: what `steps.Fingerprint` gave for each shard, put together; n rows.
        distance: bits that may differ.

    Returns:
        (n,): the place of the group's first member; a picture that could not be read is alone.
    """
    remembered, places = fingerprints_in(prints)
    groups = np.arange(len(prints))
    groups[places] = places[duplicates.near_duplicates(remembered, distance=distance)]
    return groups


def _files(folder: Folder) -> tuple[list[Path], dict[str, Any]]:
    """All shards of a folder, and what they are; those of a step that has not finished are refused."""
    place = Path(folder)
    if not (place / "job.json").exists():
        raise ValueError(f"{place} holds no shards; write_shards or run makes them.")
    job = shards.claimed(place)
    files = [place / f"{i:05d}.parquet" for i in range(job["pieces"])]
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise ValueError(f"{len(missing)} of {len(files)} shards in {place} are missing, {missing[0]} first. Run on.")
    return files, job


def _read_shard(names: pa.Table) -> pa.Table:
    return pa.concat_tables([shards.read(Path(file)) for file in names["file"].to_pylist()])


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this way needs Ray: pip install 'plip-tutorial[scale]'. scale.run works without it."
        ) from error
    return ray
