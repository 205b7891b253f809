"""A folder of a million tiles, embedded: in shards, resumable, shared among processes, in the memory of one shard.

    python -m plip_tutorial embed tiles/ --output tiles.parquet
    accelerate launch -m plip_tutorial embed tiles/ --output tiles.parquet     # one process for each GPU

The result is a Parquet file: ``file`` (relative to the folder), ``embedding`` (d numbers, or nothing) and ``problem``
(why there is nothing). Tiles that cannot be read are named and do not stop the work.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from accelerate import PartialState

from plip_tutorial import shards
from plip_tutorial.images import UnreadableImageError, to_rgb
from plip_tutorial.own_tiles import PICTURE_ENDINGS
from plip_tutorial.plip import PLIP

SHARD = 4096  # tiles in one file; what a crash can cost


def embed_folder(
    plip: PLIP, folder: Path, output: Path, *, batch_size: int = 64, shard: int = SHARD, progress: bool = True
) -> Path:
    """Embed every picture below ``folder`` and write one Parquet file.

    Shards lie in ``<output>.parts`` until all are done. A second call goes on with them.

    Args:
        plip: the model.
        folder: searched with all its sub-folders.
        output: the file; ``file``, ``embedding`` and ``problem``, in the order of the file names.
        batch_size: pictures in one forward pass.
        shard: pictures in one piece.
        progress: show a bar.

    Returns:
        ``output``.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no picture, or if shards of another job lie in the place.
    """
    files = sorted(_pictures(folder))
    if not files:
        raise ValueError(f"{folder} holds no picture; known endings are {', '.join(sorted(PICTURE_ENDINGS))}.")
    parts, state = output.with_name(output.name + ".parts"), PartialState(cpu=plip.device.type == "cpu")
    if state.is_main_process:
        shards.claim(parts, {"files": _digest(files), "model": plip.fingerprint(), "shard": shard})
    state.wait_for_everyone()
    pieces = [files[start : start + shard] for start in range(0, len(files), shard)]
    work = lambda i: _table(plip, folder, pieces[i], batch_size)  # noqa: E731
    mine = {"part": state.process_index, "of": state.num_processes}
    shards.run(len(pieces), work, parts, progress=progress and state.is_main_process, **mine)
    state.wait_for_everyone()
    if state.is_main_process:
        shards.join([parts / f"{i:05d}.parquet" for i in range(len(pieces))], output)
        shutil.rmtree(parts)
    state.wait_for_everyone()
    return output


def _pictures(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder.")
    for place, _, names in os.walk(folder):
        for name in names:
            if os.path.splitext(name)[1].lower() in PICTURE_ENDINGS and not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _digest(files: Sequence[str]) -> str:
    return (
        f"{len(files)} files, {hashlib.sha256(chr(0).join(files).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    )


def _table(plip: PLIP, folder: Path, files: Sequence[str], batch_size: int) -> pa.Table:
    embeddings, readable = plip.encode_images([folder / file for file in files], batch_size, skip_unreadable=True)
    rows: list[Any] = [None] * len(files)
    for place, vector in zip(np.flatnonzero(readable), embeddings, strict=True):
        rows[place] = vector
    problems = [None if row is not None else _problem(folder / file) for row, file in zip(rows, files, strict=True)]
    kind = pa.list_(pa.float32())
    return pa.table(
        {
            "file": pa.array(files, pa.string()),
            "embedding": pa.array(rows, kind),
            "problem": pa.array(problems, pa.string()),
        }
    )


def _problem(file: Path) -> str:
    try:
        to_rgb(file)
    except UnreadableImageError as error:
        return error.reason
    return "it could not be read at first"
