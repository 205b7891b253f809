"""Long work in pieces: one file a piece, skipped where it is there already, shared among processes and machines.

Each piece is a pure function of its input. A file with its name is complete, see `storage`. Whoever is killed is called
again and goes on; whoever has three machines calls with part 0, 1 and 2 of 3. A piece may carry a word for what it was
made of; where that has changed, this piece is made anew and no other.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> files = run(3, lambda i: pa.table({"x": [i, 10 * i]}), folder)
>>> [pq.read_table(file)["x"].to_pylist() for file in files]
[[0, 0], [1, 10], [2, 20]]
"""

from __future__ import annotations

import json
import os
import uuid
import warnings
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from plip_tutorial.storage.files import DamagedError, whole_file

MADE_OF = b"made of"  # a key of the file's metadata


def run(
    n: int,
    work: Callable[[int], pa.Table],
    folder: Path,
    *,
    part: int = 0,
    of: int = 1,
    made_of: Callable[[int], str] | None = None,
    progress: bool = False,
) -> list[Path]:
    """Do every ``of``-th piece of ``n``, beginning with ``part``; pieces that are there are left alone.

    Args:
        n: number of pieces.
        work: number of a piece, 0 to n - 1, to its table.
        folder: where ``00000.parquet`` ... lie, made if it is absent.
        part: which share of the pieces, 0 to ``of`` - 1.
        of: number of shares.
        made_of: number of a piece to a word for its input; a piece with another word is made anew, with a warning.
        progress: show a bar.

    Returns:
        The files of this share, in order.

    Raises:
        ValueError: if there is no such part.
        DamagedError: a piece that is there cannot be read.
    """
    if not 0 <= part < of:
        raise ValueError(f"part {part} of {of} does not exist; parts are counted from 0 to {of - 1}.")
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{piece:05d}.parquet" for piece in range(part, n, of)]
    stale = 0
    for file in tqdm(files, desc="shards", unit="shard", disable=not progress):
        word = made_of(int(file.stem)) if made_of else ""  # before the work: what changes meanwhile is noticed
        if not fits(file, word):
            stale += file.exists()
            write(work(int(file.stem)), file, word)
    warn_of_stale(stale, folder)
    return files


def fits(file: Path, made_of: str = "") -> bool:
    """Whether a piece is there and was made of this.

    Raises:
        DamagedError: it is there and cannot be read.
    """
    if not file.exists():
        return False
    try:
        found = (pq.read_schema(file).metadata or {}).get(MADE_OF, b"").decode()
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedError(file, error) from error
    return bool(found == made_of)


def warn_of_stale(count: int, folder: Path) -> None:
    """Say that pieces were made anew."""
    if count:
        text = f"{count} of the pieces in {folder} had been made of other input or of files that have changed since"
        warnings.warn(f"{text}; they were made anew.", stacklevel=3)


def write(table: pa.Table, file: Path, made_of: str = "") -> None:
    """Write a Parquet file whole or not at all, with a word for what it was made of."""
    if made_of:
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), MADE_OF: made_of.encode()})
    with whole_file(file) as place:
        pq.write_table(table, place)


def read(file: Path, columns: list[str] | None = None) -> pa.Table:
    """The table of a piece, without the word.

    Raises:
        DamagedError: it cannot be read.
    """
    try:
        table = pq.read_table(file, columns=columns)
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedError(file, error) from error
    return table.replace_schema_metadata(_without_word(table.schema))


def join(files: Sequence[Path], output: Path) -> None:
    """Put the pieces into one Parquet file, one piece in memory at a time.

    Raises:
        ValueError: without pieces.
        DamagedError: a piece cannot be read.
    """
    if not files:
        raise ValueError("there is nothing to join.")
    schema = read(files[0]).schema
    with whole_file(output) as place, pq.ParquetWriter(place, schema) as writer:
        for file in files:
            writer.write_table(read(file))


def cut(names: Sequence[str], size: int, note: Path) -> list[list[str]]:
    """Cut sorted names into pieces of ``size``, at the same places as the last time.

    The places are noted. A name that comes or goes then changes the piece that it belongs to, and not all that follow.

    >>> import tempfile
    >>> note = Path(tempfile.mkdtemp()) / "plan.json"
    >>> cut(["b", "c", "d", "e"], 2, note), cut(["a", "b", "c", "e"], 2, note)
    ([['b', 'c'], ['d', 'e']], [['a', 'b', 'c'], ['e']])
    """
    starts = _read_json(note) if note.exists() else list(names[::size])
    pieces = _parted(names, starts)
    if not note.exists() or max(map(len, pieces)) > 2 * size:  # so many have come that the old places will not do
        pieces = _parted(names, starts := list(names[::size]))
        with whole_file(note) as place:
            place.write_text(json.dumps(starts), encoding="utf-8")
    return pieces


def claim(folder: Path, job: Mapping[str, Any]) -> None:
    """Note what the pieces in ``folder`` belong to, so that those of another job are not taken for them.

    Raises:
        ValueError: if they belong to another job; it names what differs.
        DamagedError: the note cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note, wanted = folder / "job.json", json.loads(json.dumps(job))
    if not note.exists():
        _write_first(note, json.dumps(wanted, indent=1))
    refuse_other(folder, wanted, claimed(folder))


def claimed(folder: Path) -> dict[str, Any]:
    """What the pieces in ``folder`` belong to.

    Raises:
        DamagedError: nobody can say; without the note the pieces are worth nothing.
    """
    try:
        return dict(_read_json(folder / "job.json"))
    except (DamagedError, ValueError, TypeError) as error:
        raise DamagedError(folder, "what its job.json says is lost") from error


def refuse_other(folder: Path, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Raise a ValueError if two jobs differ; it names where."""
    odd = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    if odd:
        what = ", ".join(f"{name} was {found.get(name)}, is {wanted.get(name)}" for name in odd)
        raise ValueError(f"{folder} holds pieces of another job: {what}. Delete it, or choose another output.")


def _write_first(note: Path, text: str) -> None:
    """Write a note unless another process was quicker: of two jobs that begin at once, only one gets the place."""
    place = note.with_name(f".{note.name}.{uuid.uuid4().hex[:8]}")
    try:
        place.write_text(text, encoding="utf-8")
        os.link(place, note)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        os.replace(place, note)
    finally:
        place.unlink(missing_ok=True)


def _read_json(note: Path) -> Any:
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DamagedError(note, error) from error


def _parted(names: Sequence[str], starts: Sequence[str]) -> list[list[str]]:
    places = [0, *(bisect_left(names, start) for start in starts[1:]), len(names)]
    return [list(names[start:end]) for start, end in pairwise(places)]


def _without_word(schema: pa.Schema) -> dict[bytes, bytes] | None:
    return {key: value for key, value in (schema.metadata or {}).items() if key != MADE_OF} or None
