"""A pool of pictures of your own: a folder, or any data set of the Hugging Face hub, embedded once and searched often.

The public index of LAION is gone; this makes the index out of what you have. Pictures are embedded shard by shard, so
a killed run goes on, and a stream needs the memory of one shard. Vectors and pictures then stay on the disk.

    pool = embed_pool(PLIP("openai/clip-vit-base-patch32"), "downloads/", "pool")
    stream = load_dataset("parquet", data_files="hf://datasets/owner/name/part.parquet", split="train", streaming=True)
    pool = embed_pool(plip, stream, "pool", text="caption", limit=1_000_000)
    new = expand(seeds, pool.embeddings, k=30, threshold=0.9)
    pool.items.select(new.indices)
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, Features, Image, IterableDataset, Value
from numpy.typing import NDArray

from plip_tutorial import shards
from plip_tutorial.images import UnreadableImageError, to_rgb
from plip_tutorial.own_tiles import PICTURE_ENDINGS
from plip_tutorial.plip import PLIP

SHARD = 1000  # pictures that a crash can cost, and that are in memory at once
FEATURES = Features({"image": Image(), "text": Value("string"), "item": Value("string")})
Row = dict[str, Any]
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
    """Open what `embed_pool` made; neither vectors nor pictures come into memory."""
    place = Path(folder)
    vectors = np.load(place / "embeddings.npy", mmap_mode="r", allow_pickle=False)
    problems = json.loads((place / "problems.json").read_text(encoding="utf-8"))
    return Pool(vectors, Dataset.from_file(str(place / "items.arrow")), problems)


def embed_pool(
    plip: PLIP,
    source: Source,
    output: str | os.PathLike[str],
    *,
    image: str = "image",
    text: str = "text",
    limit: int | None = None,
    batch_size: int = 64,
    shard: int = SHARD,
    dtype: Literal["float32", "float16"] = "float32",
) -> Pool:
    """Embed pictures into a pool.

    Args:
        plip: the model; for the first expansion a general CLIP, since no better one is there yet.
        source: a folder (searched with its sub-folders; ``a.txt`` beside ``a.jpg`` is its text), or a table, or a
            stream (``load_dataset(..., streaming=True)``).
        output: folder of the pool. Half-done work lies beside it, in ``<output>.parts``, until all is done.
        image: column of a table: pictures, paths or web addresses.
        text: column of its texts; may be absent.
        limit: stop after so many rows; None takes all.
        batch_size: pictures in one forward pass.
        shard: pictures in one piece.
        dtype: "float16" halves the file and moves a cosine by less than 0.001.

    Returns:
        The opened `Pool`. If it is there already, made from the same source by the same model, it is only opened.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no picture, no such column, or ``output`` holds another pool.
    """
    place, parts = Path(output), Path(f"{os.fspath(output)}.parts")
    job = {"source": _digest(source, image, text, limit), "model": plip.fingerprint(), "shard": shard, "dtype": dtype}
    if place.exists():
        shards.claim(place, job)
        return open_pool(place)
    shards.claim(parts, job)
    done = len(_in_order(parts))
    rows = _rows(source, image, text, done * shard, limit)
    while some := list(islice(rows, shard)):
        shards.write(_embedded(plip, some, batch_size), parts / f"{done:05d}.parquet")
        done += 1
    _assemble(parts, parts / "whole", plip.dim, dtype)
    shards.claim(parts / "whole", job)
    os.replace(parts / "whole", place)
    shutil.rmtree(parts)
    return open_pool(place)


def _in_order(parts: Path) -> list[Path]:
    return sorted(parts.glob("[0-9]*.parquet"))


def _rows(source: Source, image: str, text: str, start: int, limit: int | None) -> Iterator[Row]:
    """Rows from ``start`` on, pictures as they are stored."""
    if isinstance(source, Dataset | IterableDataset):
        found = _table_rows(source, image, text, start)
    else:
        found = _folder_rows(Path(source), start)
    return found if limit is None else islice(found, max(0, limit - start))


def _names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder.")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS and path.name[0] != ".")
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _folder_rows(folder: Path, start: int) -> Iterator[Row]:
    for name in _names(folder)[start:]:
        told = (folder / name).with_suffix(".txt")
        text = told.read_text(encoding="utf-8", errors="replace").strip() if told.exists() else ""
        yield {"image": {"bytes": None, "path": str((folder / name).absolute())}, "text": text, "item": name}


def _table_rows(table: Dataset | IterableDataset, image: str, text: str, start: int) -> Iterator[Row]:
    columns = table.column_names
    if columns is not None and image not in columns:
        raise ValueError(f"the table has no column {image!r}. It has: {', '.join(columns)}.")
    if isinstance((table.features or {}).get(image), Image):
        table = table.cast_column(image, Image(decode=False))  # stored bytes: nothing is decoded and encoded again
    for place, row in enumerate(table.skip(start), start=start):
        yield {"image": _stored(row[image]), "text": str(row.get(text) or ""), "item": str(place)}


def _stored(picture: Any) -> Row:
    """Bytes or path of anything that a column of pictures may hold."""
    if isinstance(picture, dict):
        return {"bytes": picture.get("bytes"), "path": picture.get("path")}
    if isinstance(picture, bytes | None):
        return {"bytes": picture, "path": None}
    if isinstance(picture, str):
        return {"bytes": None, "path": picture}
    with suppress(UnreadableImageError), io.BytesIO() as buffer:
        to_rgb(picture).save(buffer, "PNG")
        return {"bytes": buffer.getvalue(), "path": None}
    return {"bytes": b"", "path": None}  # no picture; the model's door will say so


def _digest(source: Source, image: str, text: str, limit: int | None) -> str:
    """What tells one source from another without reading it whole: its kind, its size, its first rows."""
    told = hashlib.sha256(repr((image, text, limit)).encode())
    if isinstance(source, Dataset):
        told.update(str(len(source)).encode())
    elif not isinstance(source, IterableDataset):
        told.update("\0".join(_names(Path(source))).encode("utf-8", "surrogateescape"))
    for row in _rows(source, image, text, 0, min(limit or 8, 8)):
        told.update(repr(row).encode())
    return told.hexdigest()[:16]


def _embedded(plip: PLIP, rows: list[Row], batch_size: int) -> pa.Table:
    pictures = [row["image"] for row in rows]
    given = [p["bytes"] if p["bytes"] is not None else p["path"] or b"" for p in pictures]
    vectors, readable = plip.encode_images(given, batch_size, skip_unreadable=True)
    spread: list[Any] = [None] * len(rows)
    for place, vector in zip(np.flatnonzero(readable), vectors, strict=True):
        spread[place] = vector
    problems = [None if good else problem_of(one) for one, good in zip(given, readable, strict=True)]
    kinds = {"image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]), "text": pa.string()}
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in FEATURES}
    columns["embedding"] = pa.array(spread, pa.list_(pa.float32()))
    columns["problem"] = pa.array(problems, pa.string())
    return pa.table(columns)


def problem_of(picture: Any) -> str:
    """Why a picture cannot be read, in words that are the same in every process."""
    try:
        to_rgb(picture)
    except UnreadableImageError as error:
        return re.sub(r" (<\S+ object at \w+>|'[^']*')$", "", error.reason)  # no address, no path of this machine
    return "it could not be read at first"


def _assemble(parts: Path, whole: Path, dim: int, dtype: str) -> None:
    """Put the pieces together, one in memory at a time."""
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    counts, problems = [], []
    for file in _in_order(parts):
        found = pq.read_table(file, columns=["item", "problem"]).to_pylist()
        counts.append(sum(row["problem"] is None for row in found))
        problems += [f"{row['item']}: {row['problem']}" for row in found if row["problem"] is not None]
    if not sum(counts):
        raise ValueError(f"there is no picture that can be read. {'; '.join(problems[:3])}")
    vectors = np.lib.format.open_memmap(whole / "embeddings.npy", mode="w+", dtype=dtype, shape=(sum(counts), dim))
    for end, count, file in zip(np.cumsum(counts), counts, _in_order(parts), strict=True):
        column = pq.read_table(file, columns=["embedding"])["embedding"].combine_chunks().drop_null()
        vectors[end - count : end] = column.flatten().to_numpy().reshape(count, dim)
    vectors.flush()
    (whole / "problems.json").write_text(json.dumps(problems), encoding="utf-8")
    with pa.OSFile(str(whole / "items.arrow"), "wb") as file, pa.ipc.new_stream(file, FEATURES.arrow_schema) as stream:
        for shard in _in_order(parts):
            found = pq.read_table(shard)
            good = found.filter(found["problem"].is_null()).select(list(FEATURES))
            stream.write_table(good.cast(FEATURES.arrow_schema))
