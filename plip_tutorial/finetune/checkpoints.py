"""What a training run leaves on the disk, so that it can be killed at any moment and go on as if nothing had happened.

A checkpoint is a directory ``step-000120``. It is written beside its final place and renamed, so a directory with that
name is complete. It holds the model as any Hugging Face model, the state of the optimizer as safetensors, and the rest
as JSON, with the checksums of all the other files. Nothing in it is unpickled: loading a checkpoint never runs code
that came with it.

>>> import tempfile, torch
>>> folder = Path(tempfile.mkdtemp())
>>> save(folder, 20, lambda place: write_state(place, {"a": torch.ones(2)}, {"step": 20})).name
'step-000020'
>>> read_state(latest(folder))
({'a': tensor([1., 1.])}, {'step': 20})
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from plip_tutorial.storage import files as storage

TENSORS, FACTS = "training_state.safetensors", "training_state.json"
MODEL, HISTORY = "model", "history.csv"
SUMS, SEAL = "checksums", "seal"  # among the facts: of the other files, and of the facts themselves
STEP = re.compile(r"step-\d+")  # a folder with another name is somebody else's
LEFTOVER = re.compile(r"\.(step-\d+|model|history)\.(before|\d+-[0-9a-f]{8}(\.csv)?)")  # of a run that was killed


class CheckpointError(OSError):
    """A checkpoint could not be written or read; the message names the last good one."""


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Make ``folder`` and be the only run in it; try whether it can be written, before any time is spent on training.

    Raises:
        CheckpointError: if it cannot be written.
        InUseError: if another run is writing there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error}. Choose another output folder.") from error
    with storage.held(folder / HISTORY, "a training run"):
        for path in folder.iterdir():
            if not (found := LEFTOVER.fullmatch(path.name)):
                continue
            if found[2] == "before":
                storage.recover(folder / found[1])
            elif path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        yield


def refuse_what_would_be_lost(folder: Path, start: str | os.PathLike[str]) -> None:
    """Stop before a run in ``folder`` overwrites the checkpoint it starts from, or files that no run wrote.

    Raises:
        ValueError: naming what is in the way.
    """
    lies = Path(start).resolve()
    inside = [path.name for path in (lies, *lies.parents) if path.parent == folder.resolve()]
    if lies.exists() and any(name == MODEL or STEP.fullmatch(name) for name in inside):
        raise ValueError(f"{start} would be overwritten by the run that starts from it. Choose an output elsewhere.")
    if steps(folder):
        return
    if (folder / MODEL / "config.json").exists():
        raise ValueError(f"no run in {folder} has written {folder / MODEL}. Move it, or choose another output.")
    history = (folder / HISTORY).read_bytes() if (folder / HISTORY).exists() else b""
    if history and not history.startswith(b"step,"):
        raise ValueError(f"no training run has written {folder / HISTORY}. Move it, or choose another output.")


def save(folder: Path, step: int, write: Callable[[Path], object]) -> Path:
    """Write the checkpoint of ``step`` with ``write``, which fills the empty directory that it is given.

    Raises:
        CheckpointError: if the disk is full or fails. What was there before stays.
    """
    return _publish(folder / f"step-{step:06d}", write)


def publish_model(folder: Path, step: int) -> Path:
    """Copy the model of a checkpoint, without the state of the training, to ``folder / "model"``.

    Files that somebody else has put there, such as notes, are kept.
    """
    source, target, ours = steps(folder)[step], folder / MODEL, _written(folder)

    def fill(place: Path) -> None:
        if target.exists():
            shutil.copytree(target, place, ignore=shutil.ignore_patterns(*ours), dirs_exist_ok=True, symlinks=True)
        shutil.copytree(source, place, ignore=shutil.ignore_patterns(TENSORS, FACTS), dirs_exist_ok=True)

    return _publish(target, fill)


def _publish(target: Path, write: Callable[[Path], object]) -> Path:
    """Fill a directory beside ``target`` and rename it, so that ``target`` is never half written."""
    try:
        with storage.whole_folder(target) as place:
            write(place)
    except Exception as error:  # on a full disk each library raises an error of its own kind
        raise not_written(target, error) from error
    return target


def not_written(target: Path, error: Exception) -> CheckpointError:
    """The error for a file or folder of a run that could not be written; it names the last good checkpoint."""
    last = latest(target.parent)
    good = f"The last good checkpoint is {last}." if last else "There is no earlier checkpoint."
    return CheckpointError(f"{target} could not be written: {error}. {good} Make room and call again.")


def steps(folder: Path) -> dict[int, Path]:
    """The checkpoints in ``folder``, in the order of their steps."""
    found = [path for path in folder.glob("step-*") if STEP.fullmatch(path.name) and path.is_dir()]
    return dict(sorted((int(path.name.removeprefix("step-")), path) for path in found))


def latest(folder: Path) -> Path | None:
    """The checkpoint with the highest step, or None."""
    return next(reversed(steps(folder).values()), None)


def prune(folder: Path, keep: Collection[int]) -> None:
    """Remove all checkpoints but those of the steps in ``keep``."""
    for step, path in steps(folder).items():
        if step not in keep:
            shutil.rmtree(path, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove all that a run has left in ``folder``, and nothing else."""
    for name in _written(folder):
        (folder / MODEL / name).unlink(missing_ok=True)
    with suppress(OSError):  # what others have put there stays, and so does the folder then
        (folder / MODEL).rmdir()
    if steps(folder):
        (folder / HISTORY).unlink(missing_ok=True)
    prune(folder, ())


def _written(folder: Path) -> set[str]:
    """Names of the files that runs have put into ``model``: those of their checkpoints."""
    return {path.name for place in steps(folder).values() for path in place.iterdir() if path.is_file()}


def write_state(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors as safetensors and plain values as JSON into ``folder``, and seal all that lies in it.

    Whatever else belongs to the checkpoint must be there already.
    """
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, folder / TENSORS)
    sums = {path.name: _checksum(path) for path in sorted(folder.iterdir()) if path.name != FACTS}
    told = json.loads(json.dumps({**facts, SUMS: sums}))
    (folder / FACTS).write_text(json.dumps({**told, SEAL: _seal(told)}, indent=1) + "\n", encoding="utf-8")


def read_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_state` wrote, after a look at every file of the checkpoint.

    Raises:
        CheckpointError: if a file is missing or has changed.
    """
    try:
        if not (folder / FACTS).is_file():
            raise ValueError(f"{FACTS} is missing")
        facts: Any = None
        with suppress(ValueError):
            facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if not isinstance(facts, dict) or SUMS not in facts or facts.pop(SEAL, None) != _seal(facts):
            raise ValueError(f"{FACTS} is not what was written")
        for name, expected in facts.pop(SUMS).items():
            if not (folder / name).is_file():
                raise ValueError(f"{name} is missing")
            if _checksum(folder / name) != expected:
                raise ValueError(f"{name} is not what was written")
        return load_file(folder / TENSORS), facts
    except (OSError, ValueError) as error:
        earlier = [path for path in steps(folder.parent).values() if path != folder]
        then = f"goes on from {earlier[-1].name}" if earlier else "begins anew"
        raise CheckpointError(
            f"{folder} is no complete checkpoint: {error}. Remove it and call again; the run then {then}."
        ) from error


def _seal(facts: Mapping[str, Any]) -> int:
    return zlib.crc32(json.dumps(facts, sort_keys=True).encode())


def _checksum(path: Path) -> int:
    """CRC-32, which is enough against accidents and reads a gigabyte in about a second."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(2**20):
            found = zlib.crc32(block, found)
    return found
