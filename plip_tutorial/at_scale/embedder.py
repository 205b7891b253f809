"""Pictures of your own, a folder or any data set of the Hugging Face hub, embedded once and searched often.

The public index of LAION is gone; this makes the index out of what you have. Pictures are embedded shard by shard, so
a killed run goes on, and a stream needs the memory of one shard. Vectors and pictures then stay on the disk.

    pool = embed_pool(PLIP("openai/clip-vit-base-patch32"), "downloads/", "pool")
    stream = load_dataset("parquet", data_files="hf://datasets/owner/name/part.parquet", split="train", streaming=True)
    pool = embed_pool(plip, stream, "pool", text="caption", limit=1_000_000)
    new = expand(seeds, pool.embeddings, k=30, threshold=0.9)
    pool.items.select(new.indices)

`embed_folder` makes one table instead; on the command line, with one process for each GPU:

    accelerate launch -m plip_tutorial embed tiles/ --output tiles.parquet
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from accelerate import PartialState
from datasets import Dataset, Features, Image, IterableDataset, Value
from numpy.typing import NDArray

from plip_tutorial.at_scale.embedding_columns import embedded, vectors_in
from plip_tutorial.at_scale.shards import claim, fill, read_shard
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.picture_files import demand_pictures
from plip_tutorial.sources.tables import is_missing
from plip_tutorial.storage.files import DamagedError, held, readable, stamp, whole_file, whole_folder

FEATURES = Features({"image": Image(), "text": Value("string"), "item": Value("string")})
Source: TypeAlias = str | os.PathLike[str] | Dataset | IterableDataset


@dataclass(frozen=True)
class Pool:
    """An embedded pool on the disk.

    Attributes:
        embeddings: unit vectors, (n, d), memory-mapped: what `VectorIndex` and `expand` take.
        items: n rows ``image``, ``text`` ("" where there is none) and ``item``: file below the folder, or row.
        problems: pictures that were left out, each with the reason.
    """

    embeddings: NDArray[np.floating[Any]]
    items: Dataset
    problems: list[str]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.embeddings)


def open_pool(folder: str | os.PathLike[str]) -> Pool:
    """Open what `embed_pool` made; neither vectors nor pictures come into memory.

    Raises:
        FileNotFoundError, DamagedError: there is no pool, or its parts do not fit together.
    """
    place = Path(folder)
    if not (place / "job.json").exists():
        raise FileNotFoundError(f"{place} is no pool; embed_pool makes one.")
    with readable(place):
        vectors = np.load(place / "embeddings.npy", mmap_mode="r", allow_pickle=False)
        problems = json.loads((place / "problems.json").read_text(encoding="utf-8"))
        items = Dataset.from_file(str(place / "items.arrow"))
    if vectors.ndim != 2 or len(vectors) != len(items):
        raise DamagedError(place, f"vectors of shape {vectors.shape} do not fit to {len(items)} pictures")
    return Pool(vectors, items, problems)


def embed_pool(
    plip: PLIP,
    source: Source,
    output: str | os.PathLike[str],
    *,
    image: str = "image",
    text: str = "text",
    limit: int | None = None,
    batch_size: int = 64,
    shard: int = 1000,
    dtype: Literal["float32", "float16"] = "float32",
) -> Pool:
    """Embed pictures into a pool.

    Args:
        plip: the model; for the first expansion a general CLIP, since no better one is there yet.
        source: a folder (searched with its sub-folders; ``a.txt`` beside ``a.jpg`` is its text), or a table, or a
            stream (``load_dataset(..., streaming=True)``).
        output: folder of the pool. Half-done work lies beside it, in ``<output>.parts``, until all is done; a second
            call goes on with it and makes anew what has changed (files by size and time, rows by their content).
        image: column of a table: pictures, paths or web addresses.
        text: column of its texts; "text" may be absent.
        limit: stop after so many rows; None takes all.
        batch_size: pictures in one forward pass.
        shard: pictures that a crash can cost, and of a stream those that are in memory at once.
        dtype: "float16" halves the file and moves a cosine by less than 0.001.

    Returns:
        The opened `Pool`. If it is there already, made from the same source by the same model, it is only opened: of a
        folder or table everything is compared, of a stream the first ``shard`` rows.

    Raises:
        FileNotFoundError: no such folder.
        TypeError: another kind of source.
        ValueError: an odd setting, no picture, no such column, files that changed while they were embedded, or
            ``output`` holds another pool or other things.
        InUseError: another process writes the same output.
    """
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype is {dtype!r}; choose float32 or float16.")
    place, parts, is_stream = Path(output), Path(f"{os.fspath(output)}.parts"), isinstance(source, IterableDataset)
    tables = partial(_tables, source, shard, image, text, limit)
    todo = tables()  # what is wrong with the source is told before anything is written
    place.parent.mkdir(parents=True, exist_ok=True)
    with held(place, "embedding a pool"):
        job: dict[str, Any] = {"model": plip.fingerprint(), "shard": shard, "dtype": dtype}

        def whole(words: list[str]) -> dict[str, Any]:
            if is_stream:  # reading it again to know more would take as long as to embed it
                return {**job, "limit": limit, "first shard": words[:1]}
            return {**job, "source": f"{len(words)} shards, {sha256(' '.join(words).encode()).hexdigest()[:16]}"}

        if (place / "job.json").exists():
            claim(place, whole([_word(rows) for rows in islice(todo, 1 if is_stream else None)]))
        elif place.exists() and not (place.is_dir() and not any(place.iterdir())):
            raise ValueError(f"{place} is there and is no pool. Choose another output.")
        else:
            claim(parts, job)
            made = fill(parts, ((_word(rows), partial(_embedded, plip, rows, batch_size)) for rows in todo))
            if not isinstance(source, Dataset | IterableDataset):
                _refuse_changed(made.values(), tables(warn=False))
            _assemble(list(made), place, whole(list(made.values())), plip.dim, dtype)
        shutil.rmtree(parts, ignore_errors=True)
        return open_pool(place)


def embed_folder(
    plip: PLIP, folder: Path, output: Path, *, batch_size: int = 64, shard: int = 1000, progress: bool = True
) -> Path:
    """Embed every picture below ``folder`` into one Parquet file, with as many processes as `accelerate` has started.

    Args:
        plip: the model.
        folder: searched with all its sub-folders; `picture_files.find_pictures` says what it leaves out.
        output: the file: ``file`` (below the folder), ``embedding``, and ``problem`` where it cannot be read, in the
            order of the file names. Half-done work lies in ``<output>.parts``.
        batch_size: pictures in one forward pass.
        shard: pictures that a crash can cost.
        progress: show a bar.

    Returns:
        ``output``.

    Raises:
        FileNotFoundError, ValueError, InUseError: as in `embed_pool`, or ``output`` is a folder.
    """
    state = PartialState(cpu=plip.device.type == "cpu")
    parts, is_main = Path(f"{output}.parts"), state.is_main_process
    todo = _tables(folder, shard, warn=is_main)
    if output.is_dir():
        raise ValueError(f"{output} is a folder. Name a file in it: {output / 'embeddings.parquet'}")
    output.parent.mkdir(parents=True, exist_ok=True)
    with held(output, f"embedding {folder}") if is_main else nullcontext():
        if is_main:
            claim(parts, {"model": plip.fingerprint(), "shard": shard})
        state.wait_for_everyone()
        work = ((_word(rows), partial(_embedded, plip, rows, batch_size)) for rows in todo)
        made = fill(parts, work, part=state.process_index, of=state.num_processes, progress=progress and is_main)
        state.wait_for_everyone()
        if is_main:
            _refuse_changed(made.values(), _tables(folder, shard, warn=False))
            _join(made, output)
            shutil.rmtree(parts)
        state.wait_for_everyone()
    return output


def _tables(
    source: Source, shard: int, image: str = "image", text: str = "text", limit: int | None = None, *, warn: bool = True
) -> Iterator[pa.Table]:
    """Rows ``image`` (bytes or path), ``text`` and ``item``, a shard at a time."""
    for name, value in (("limit", 1 if limit is None else limit), ("shard", shard)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1.")
    if isinstance(source, str | os.PathLike):
        return _of_folder(Path(source), demand_pictures(source, warn=warn)[:limit], shard)
    if not isinstance(source, Dataset | IterableDataset):
        hint = "give a folder, a datasets.Dataset such as Dataset.from_pandas(frame), or a stream"
        raise TypeError(f"the source is of type {type(source).__name__}; {hint}.")
    wanted, columns = {image} | {text} - {"text"}, source.column_names  # "text" may be absent; another was asked for
    if columns is not None and (absent := wanted - set(columns)):
        raise ValueError(f"the table has no column {min(absent)!r}. It has: {', '.join(columns)}.")
    if limit is not None:
        source = source.select(range(min(limit, len(source)))) if isinstance(source, Dataset) else source.take(limit)
    return _of_table(source, shard, image, text)


def _of_folder(folder: Path, files: list[str], shard: int) -> Iterator[pa.Table]:
    for start in range(0, len(files), shard):
        names = files[start : start + shard]
        beside = [(folder / name).with_suffix(".txt") for name in names]
        texts = [one.read_text("utf-8-sig", "replace").strip() if one.is_file() else "" for one in beside]
        yield _rows(pa.array([str((folder / name).absolute()) for name in names]), texts, names)


def _of_table(table: Dataset | IterableDataset, shard: int, image: str, text: str) -> Iterator[pa.Table]:
    row = 0
    for batch in table.with_format("arrow").iter(shard):
        said = batch[text].to_pylist() if text in batch.column_names else [""] * len(batch)
        texts = ["" if is_missing(cell) else str(cell) for cell in said]
        yield _rows(batch[image].combine_chunks(), texts, [str(row + i) for i in range(len(batch))])
        row += len(batch)


def _rows(pictures: pa.Array, texts: list[str], items: list[str]) -> pa.Table:
    # Paths, bytes and arrays become {"bytes", "path"}; nothing is decoded and encoded again.
    return pa.table({"image": Image().cast_storage(pictures), "text": pa.array(texts, pa.string()), "item": items})


def _word(rows: pa.Table) -> str:
    """What tells these rows from others: content, or size and time of files."""
    digest = sha256()
    for picture, text, item in zip(*(rows[name].to_pylist() for name in FEATURES), strict=True):
        content, path = (picture["bytes"], picture["path"]) if picture else (b"", None)
        content = f"{path} {stamp(path) if path else ''}".encode() if content is None else content
        digest.update(f"{item}\0{text}\0{len(content)}\0".encode() + content)
    return f"{len(rows)} rows, {digest.hexdigest()[:16]}"


def _embedded(plip: PLIP, rows: pa.Table, batch_size: int) -> pa.Table:
    vectors, problems = embedded(plip, rows["image"].to_pylist(), batch_size)
    return rows.append_column("embedding", vectors).append_column("problem", problems)


def _refuse_changed(words: Iterable[str], tables: Iterator[pa.Table]) -> None:
    before, now = set(words), set(map(_word, tables))
    if odd := len(before - now) or len(now - before):
        hint = "Call again: what did not change is kept."
        raise ValueError(f"pictures of {odd} of {len(before)} shards changed while they were embedded. {hint}")


def _join(files: Iterable[Path], output: Path) -> None:
    """One table of all shards, one shard in memory at a time; pictures that cannot be read are counted and named."""
    rows, bad = 0, []
    with whole_file(output) as place, ExitStack() as stack:
        writer: Any = None
        for file in files:
            found = read_shard(file, ["item", "embedding", "problem"]).rename_columns(["file", "embedding", "problem"])
            writer = writer or stack.enter_context(pq.ParquetWriter(place, found.schema))
            writer.write_table(found)
            rows += len(found)
            bad += found.select(["file", "problem"]).filter(found["problem"].is_valid()).to_pylist()
    if bad:
        first = f"{bad[0]['file']}: {bad[0]['problem']}"
        text = f"{len(bad)} of {rows} pictures cannot be read ({first}); the column problem says why."
        warnings.warn(text, stacklevel=3)


def _assemble(files: list[Path], pool: Path, job: dict[str, Any], dim: int, dtype: str) -> None:
    """A pool of all shards, one shard in memory at a time."""
    counts, problems = [], []
    for file in files:
        found = read_shard(file, ["item", "problem"]).to_pylist()
        counts.append(sum(row["problem"] is None for row in found))
        problems += [f"{row['item']}: {row['problem']}" for row in found if row["problem"] is not None]
    if not sum(counts):
        raise ValueError(f"there is no picture that can be read. {'; '.join(problems[:3])}")
    schema = FEATURES.arrow_schema
    with whole_folder(pool) as place:
        vectors = np.lib.format.open_memmap(place / "embeddings.npy", "w+", dtype, (sum(counts), dim))
        with pa.OSFile(str(place / "items.arrow"), "wb") as sink, pa.ipc.new_stream(sink, schema) as stream:
            for end, count, file in zip(np.cumsum(counts), counts, files, strict=True):
                found = read_shard(file)
                with readable(file):
                    vectors[end - count : end] = vectors_in(found["embedding"], dim=dim)[0]
                stream.write_table(found.filter(found["problem"].is_null()).select(list(FEATURES)).cast(schema))
        vectors.flush()
        (place / "problems.json").write_text(json.dumps(problems), encoding="utf-8")
        (place / "job.json").write_text(json.dumps(job), encoding="utf-8")
