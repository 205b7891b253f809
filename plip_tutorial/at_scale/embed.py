"""A folder of a million tiles, embedded: in shards, resumable, shared among processes, in the memory of one shard.

    python -m plip_tutorial embed tiles/ --output tiles.parquet
    accelerate launch -m plip_tutorial embed tiles/ --output tiles.parquet     # one process for each GPU

The result is a Parquet file: ``file`` (relative to the folder), ``embedding`` (d numbers, or nothing) and ``problem``
(why there is nothing). Tiles that cannot be read are counted and named, and do not stop the work.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from accelerate import PartialState

from plip_tutorial.at_scale import shards
from plip_tutorial.at_scale.embedding_columns import embedded
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.picture_files import demand_pictures
from plip_tutorial.storage.files import held, share, stamp

SHARD = 4096  # tiles in one file; what a crash can cost


def embed_folder(
    plip: PLIP, folder: Path, output: Path, *, batch_size: int = 64, shard: int = SHARD, progress: bool = True
) -> Path:
    """Embed every picture below ``folder`` and write one Parquet file.

    Shards lie in ``<output>.parts`` until all are done. A second call goes on with them. Pictures that were added,
    removed or changed meanwhile (by size and time) cost the shards that they belong to, not the others.

    Args:
        plip: the model.
        folder: searched with all its sub-folders; `picture_files.find_pictures` says what it leaves out.
        output: the file; ``file``, ``embedding`` and ``problem``, in the order of the file names.
        batch_size: pictures in one forward pass.
        shard: pictures in one piece.
        progress: show a bar.

    Returns:
        ``output``.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no picture, if ``output`` is a folder, if shards of another model lie in the place, or
            if pictures changed while they were embedded.
        InUseError: another process writes the same output.
    """
    state = PartialState(cpu=plip.device.type == "cpu")
    files = demand_pictures(folder, warn=state.is_main_process)
    parts = _place(output)
    with _lock(output, folder, state):
        if state.is_main_process:
            shards.claim(parts, {"model": plip.fingerprint(), "shard": shard})
            shards.cut(files, shard, parts / "plan.json")
        state.wait_for_everyone()
        pieces = shards.cut(files, shard, parts / "plan.json")
        work = lambda i: _table(plip, folder, pieces[i], batch_size)  # noqa: E731
        made_of = lambda i: _digest(folder, pieces[i])  # noqa: E731
        mine = {"part": state.process_index, "of": state.num_processes}
        shards.run(len(pieces), work, parts, made_of=made_of, progress=progress and state.is_main_process, **mine)
        state.wait_for_everyone()
        if state.is_main_process:
            _finish(parts, [_digest(folder, piece) for piece in pieces], output)
        state.wait_for_everyone()
    return output


def _place(output: Path) -> Path:
    """Where the shards lie; an output that cannot be is refused before the work."""
    if output.is_dir():
        raise ValueError(f"{output} is a folder. Name a file in it: {output / 'embeddings.parquet'}")
    output.parent.mkdir(parents=True, exist_ok=True)
    return output.with_name(output.name + ".parts")


def _lock(output: Path, folder: Path, state: PartialState) -> AbstractContextManager[None]:
    return held(output, f"embedding {folder}") if state.is_main_process else nullcontext()


def _digest(folder: Path, files: list[str]) -> str:
    """What a piece is made of: names, sizes and times."""
    told = "\0".join(f"{file}\0{stamp(folder / file)}" for file in files)
    return f"{len(files)} files, {hashlib.sha256(os.fsencode(told)).hexdigest()[:16]}"


def _table(plip: PLIP, folder: Path, files: list[str], batch_size: int) -> pa.Table:
    embedding, problem = embedded(plip, [folder / file for file in files], batch_size)
    return pa.table({"file": pa.array(files, pa.string()), "embedding": embedding, "problem": problem})


def _finish(parts: Path, made_of: list[str], output: Path) -> None:
    """Put the shards together in their private place, and move the whole out of it."""
    files = [parts / f"{i:05d}.parquet" for i in range(len(made_of))]
    odd = [file for file, word in zip(files, made_of, strict=True) if not shards.fits(file, word)]
    if odd:
        hint = "Call again: what did not change is kept."
        raise ValueError(f"pictures of {len(odd)} of {len(files)} shards changed while they were embedded. {hint}")
    shards.join(files, parts / "whole.parquet")
    _warn_of_problems(parts / "whole.parquet")
    share(parts / "whole.parquet")
    os.replace(parts / "whole.parquet", output)
    shutil.rmtree(parts)


def _warn_of_problems(whole: Path) -> None:
    told = pq.read_table(whole, columns=["file", "problem"])
    bad = told.filter(told["problem"].is_valid()).to_pylist()
    if bad:
        first = f"{bad[0]['file']}: {bad[0]['problem']}"
        text = f"{len(bad)} of {len(told)} pictures cannot be read ({first}); the column problem says why."
        warnings.warn(text, stacklevel=4)
