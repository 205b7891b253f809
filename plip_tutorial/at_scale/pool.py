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
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
from datasets import Dataset, Features, Image, IterableDataset, Value
from numpy.typing import NDArray

from plip_tutorial.at_scale import shards
from plip_tutorial.at_scale.embedding_columns import embedded, vectors_in
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import UnreadableImageError, to_rgb
from plip_tutorial.sources.picture_files import find_pictures
from plip_tutorial.sources.tables import is_missing
from plip_tutorial.storage.files import DamagedError, held, stamp

SHARD = 1000  # pictures that a crash can cost, and that are in memory at once
FEATURES = Features({"image": Image(), "text": Value("string"), "item": Value("string")})
NAMES = ("utf-8", "surrogatepass")  # what is in a name or a text that is no valid Unicode counts, too
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
    """Open what `embed_pool` made; neither vectors nor pictures come into memory.

    Raises:
        FileNotFoundError: there is no pool.
        DamagedError: a part of it is missing, or the parts do not fit together.
    """
    place = Path(folder)
    if not _is_pool(place):
        raise FileNotFoundError(f"{place} is no pool; embed_pool makes one.")
    try:
        vectors = np.load(place / "embeddings.npy", mmap_mode="r", allow_pickle=False)
        problems = json.loads((place / "problems.json").read_text(encoding="utf-8"))
        items = Dataset.from_file(str(place / "items.arrow"))
    except (OSError, ValueError, EOFError, pa.ArrowException) as error:
        raise DamagedError(place, error) from error
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
    shard: int = SHARD,
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
        shard: pictures in one piece.
        dtype: "float16" halves the file and moves a cosine by less than 0.001.

    Returns:
        The opened `Pool`. If it is there already, made from the same source by the same model, it is only opened: of a
        folder or table everything is compared, of a stream the first ``shard`` rows.

    Raises:
        FileNotFoundError: no such folder.
        TypeError: another kind of source.
        ValueError: an odd setting, no picture, no such column, or ``output`` holds another pool or other things.
        InUseError: another process writes the same output.
    """
    _check(source, limit, shard, dtype)
    place, parts = Path(output), Path(f"{os.fspath(output)}.parts")
    place.parent.mkdir(parents=True, exist_ok=True)
    with held(place, "embedding a pool"):
        job = {"model": plip.fingerprint(), "shard": shard, "dtype": dtype, "limit": limit}
        pieces = _pieces(_rows(source, image, text, limit), shard)
        first = list(islice(pieces, 1))  # errors of the source come before anything is written
        if _is_pool(place):
            stream = isinstance(source, IterableDataset)
            words = [word for _, word in chain(first, () if stream else pieces)]
            _refuse_other(place, job | _told(words), "source" if stream else "limit")
        else:
            _refuse_foreign(place)
            shards.claim(parts, {"model": job["model"]})
            words = _embed(plip, chain(first, pieces), parts, batch_size)
            _assemble(parts, parts / "whole", plip.dim, dtype)
            shards.claim(parts / "whole", job | _told(words))
            if place.exists():
                place.rmdir()
            os.replace(parts / "whole", place)
        shutil.rmtree(parts, ignore_errors=True)
        return open_pool(place)


def _check(source: Source, limit: int | None, shard: int, dtype: str) -> None:
    if not isinstance(source, str | os.PathLike | Dataset | IterableDataset):
        hint = "give a folder, a datasets.Dataset such as Dataset.from_pandas(frame), or a stream"
        raise TypeError(f"the source is of type {type(source).__name__}; {hint}.")
    if dtype not in ("float32", "float16"):
        raise ValueError(f"dtype is {dtype!r}; choose float32 or float16.")
    for name, value in (("limit", 1 if limit is None else limit), ("shard", shard)):
        if value < 1:
            raise ValueError(f"{name} is {value}; it must be at least 1.")


def _embed(plip: PLIP, pieces: Iterator[tuple[list[Row], str]], parts: Path, batch_size: int) -> list[str]:
    """Embed the pieces that are not there yet; what each was made of."""
    words, stale = [], 0
    for number, (rows, word) in enumerate(pieces):
        file = parts / f"{number:05d}.parquet"
        if not shards.fits(file, word):
            stale += file.exists()
            shards.write(_embedded(plip, rows, batch_size), file, word)
        words.append(word)
    for file in _in_order(parts)[len(words) :]:  # of a source that was longer
        file.unlink()
        stale += 1
    shards.warn_of_stale(stale, parts)
    return words


def _pieces(rows: Iterator[Row], size: int) -> Iterator[tuple[list[Row], str]]:
    """Rows by the shard, each with a word for what they hold."""
    while some := list(islice(rows, size)):
        digest = hashlib.sha256()
        for row in some:
            stored, path = row["image"]["bytes"], row["image"]["path"]
            content = stored if stored is not None else f"{path} {stamp(path) if path else ''}".encode(*NAMES)
            told = f"{row['item']}\0{row['text']}\0{len(content)}\0".encode(*NAMES)
            digest.update(told + content)
        yield some, f"{len(some)} rows, {digest.hexdigest()[:16]}"


def _told(words: list[str]) -> dict[str, str]:
    """What tells one source from another."""
    whole = hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
    return {"source": f"{len(words)} shards, {whole}", "first shard": words[0] if words else "nothing"}


def _refuse_other(place: Path, wanted: dict[str, Any], unknown: str) -> None:
    """Compare with the pool that is there, but for what is not known of this source."""
    found = shards.claimed(place)
    shards.refuse_other(place, *({key: told[key] for key in told if key != unknown} for told in (wanted, found)))


def _is_pool(place: Path) -> bool:
    return (place / "job.json").exists()


def _refuse_foreign(place: Path) -> None:
    if place.exists() and not (place.is_dir() and not any(place.iterdir())):
        raise ValueError(f"{place} is there and is no pool. Choose another output.")


def _in_order(parts: Path) -> list[Path]:
    return sorted(parts.glob("[0-9]*.parquet"))


def _rows(source: Source, image: str, text: str, limit: int | None) -> Iterator[Row]:
    """All rows, pictures as they are stored."""
    if isinstance(source, Dataset | IterableDataset):
        found = _table_rows(source, image, text)
    else:
        found = _folder_rows(Path(source))
    return found if limit is None else islice(found, limit)


def _folder_rows(folder: Path) -> Iterator[Row]:
    for name in find_pictures(folder).files:
        told = (folder / name).with_suffix(".txt")
        text = told.read_text(encoding="utf-8-sig", errors="replace").strip() if told.is_file() else ""
        yield {"image": {"bytes": None, "path": str((folder / name).absolute())}, "text": text, "item": name}


def _table_rows(table: Dataset | IterableDataset, image: str, text: str) -> Iterator[Row]:
    columns = table.column_names
    wanted = {image} | {text} - {"text"}  # which may be absent; another name was asked for
    if columns is not None and (absent := wanted - set(columns)):
        raise ValueError(f"the table has no column {min(absent)!r}. It has: {', '.join(columns)}.")
    if isinstance((table.features or {}).get(image), Image):
        table = table.cast_column(image, Image(decode=False))  # stored bytes: nothing is decoded and encoded again
    for place, row in enumerate(table):
        yield {"image": _stored(row[image]), "text": _said(row.get(text)), "item": str(place)}


def _said(cell: Any) -> str:
    return "" if is_missing(cell) else str(cell)


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


def _embedded(plip: PLIP, rows: list[Row], batch_size: int) -> pa.Table:
    pictures = [row["image"] for row in rows]
    given = [p["bytes"] if p["bytes"] is not None else p["path"] or b"" for p in pictures]
    kinds = {"image": pa.struct([("bytes", pa.binary()), ("path", pa.string())])}
    columns = {name: pa.array([row[name] for row in rows], kinds.get(name, pa.string())) for name in FEATURES}
    columns["embedding"], columns["problem"] = embedded(plip, given, batch_size)
    return pa.table(columns)


def _assemble(parts: Path, whole: Path, dim: int, dtype: str) -> None:
    """Put the pieces together, one in memory at a time."""
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    counts, problems = [], []
    for file in _in_order(parts):
        found = shards.read(file, ["item", "problem"]).to_pylist()
        counts.append(sum(row["problem"] is None for row in found))
        problems += [f"{row['item']}: {row['problem']}" for row in found if row["problem"] is not None]
    if not sum(counts):
        raise ValueError(f"there is no picture that can be read. {'; '.join(problems[:3])}")
    vectors = np.lib.format.open_memmap(whole / "embeddings.npy", mode="w+", dtype=dtype, shape=(sum(counts), dim))
    for end, count, file in zip(np.cumsum(counts), counts, _in_order(parts), strict=True):
        vectors[end - count : end] = _vectors(file, dim)
    vectors.flush()
    (whole / "problems.json").write_text(json.dumps(problems), encoding="utf-8")
    with pa.OSFile(str(whole / "items.arrow"), "wb") as sink, pa.ipc.new_stream(sink, FEATURES.arrow_schema) as stream:
        for file in _in_order(parts):
            found = shards.read(file)
            good = found.filter(found["problem"].is_null()).select(list(FEATURES))
            stream.write_table(good.cast(FEATURES.arrow_schema))


def _vectors(file: Path, dim: int) -> NDArray[Any]:
    try:
        return vectors_in(shards.read(file, ["embedding"])["embedding"], dim=dim)[0]
    except ValueError as error:
        raise DamagedError(file, error) from error
