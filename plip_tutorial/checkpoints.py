"""What a training run leaves on the disk, so that it can be killed at any moment and go on as if nothing had happened.

A checkpoint is a directory ``step-000120``. It is written beside its final place and renamed, so a directory with that
name is complete. It holds the model as any Hugging Face model, the state of the optimizer as safetensors, and the rest
as JSON. Nothing in it is unpickled: loading a checkpoint never runs code that came with it.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> save(folder, 20, lambda place: write_state(place, {"a": torch.ones(2)}, {"step": 20})).name
'step-000020'
>>> read_state(latest(folder))
({'a': tensor([1., 1.])}, {'step': 20})
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim import Optimizer

TENSORS, FACTS = "training_state.safetensors", "training_state.json"


class CheckpointError(OSError):
    """A checkpoint could not be written or read; the message names the last good one."""


def prepare(folder: Path) -> None:
    """Make ``folder`` and try whether it can be written, before any time is spent on training.

    Raises:
        CheckpointError: if it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".*.unfinished"):  # of a process that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be written: {error}. Choose another output folder.") from error


def save(folder: Path, step: int, write: Callable[[Path], object]) -> Path:
    """Write the checkpoint of ``step`` with ``write``, which fills the empty directory that it is given.

    Raises:
        CheckpointError: if the disk is full or fails. What was there before stays.
    """
    return publish(folder / f"step-{step:06d}", write)


def publish(target: Path, write: Callable[[Path], object]) -> Path:
    """Fill a directory beside ``target`` and rename it, so that ``target`` is never half written.

    Raises:
        CheckpointError: if that fails; the half-written directory is removed.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        unfinished.mkdir()
        write(unfinished)
        if target.exists():
            shutil.rmtree(target)
        os.replace(unfinished, target)
    except Exception as error:  # on a full disk each library raises an error of its own kind
        shutil.rmtree(unfinished, ignore_errors=True)
        raise _not_written(target, error) from error
    return target


def _not_written(target: Path, error: Exception) -> CheckpointError:
    last = latest(target.parent)
    good = f"The last good checkpoint is {last}." if last else "There is no earlier checkpoint."
    return CheckpointError(f"{target} could not be written: {error}. {good} Make room and call again.")


def latest(folder: Path) -> Path | None:
    """The complete checkpoint with the highest step, or None."""
    found = sorted(folder.glob("step-*"), key=lambda path: int(path.name.removeprefix("step-")))
    return found[-1] if found else None


def prune(folder: Path, keep: Collection[int]) -> None:
    """Remove all checkpoints but those of the steps in ``keep``."""
    for path in folder.glob("step-*"):
        if int(path.name.removeprefix("step-")) not in keep:
            shutil.rmtree(path, ignore_errors=True)


def clear(folder: Path) -> None:
    """Remove all that a run has left in ``folder``, and nothing else."""
    prune(folder, ())
    shutil.rmtree(folder / "model", ignore_errors=True)
    (folder / "history.csv").unlink(missing_ok=True)


def publish_model(folder: Path, step: int) -> Path:
    """Copy the model of a checkpoint, without the state of the training, to ``folder / "model"``."""
    source, only_model = folder / f"step-{step:06d}", shutil.ignore_patterns(TENSORS, FACTS)
    return publish(
        folder / "model", lambda place: shutil.copytree(source, place, ignore=only_model, dirs_exist_ok=True)
    )


def write_state(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors as safetensors and plain values as JSON into ``folder``."""
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, folder / TENSORS)
    (folder / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def read_state(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_state` wrote.

    Raises:
        CheckpointError: if a file is missing or damaged.
    """
    try:
        return load_file(folder / TENSORS), json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{folder} is no complete checkpoint: {error}. Remove it and call again.") from error


def moments(optimizer: Optimizer) -> dict[str, Tensor]:
    """The optimizer's memory as flat tensors: ``"3.exp_avg"`` is the running mean gradient of its parameter 3."""
    state = optimizer.state_dict()["state"]
    return {f"{index}.{name}": torch.as_tensor(value) for index, part in state.items() for name, value in part.items()}


def load_moments(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `moments` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


class History:
    """The rows of a run, one a step, in memory and in a CSV file that grows with them.

    Attributes:
        rows: list of dicts, as they stand in the file.
    """

    def __init__(self, path: Path, *, until: int = 0, write: bool = True):
        """Keep the rows below step ``until`` of an earlier run in ``path``, and forget the later ones.

        With ``write=False`` nothing is written: several processes share one file.
        """
        self.path, self._write = path, write
        self.rows = [row for row in read_history(path) if row["step"] < until] if until else []
        if write:
            unfinished = path.with_suffix(".unfinished")
            with unfinished.open("w", newline="", encoding="utf-8") as file:
                for number, row in enumerate(self.rows):
                    _write_row(file, row, header=number == 0)
            os.replace(unfinished, path)

    def add(self, row: dict[str, Any]) -> None:
        """Append one row; it is in the file when this returns.

        Raises:
            CheckpointError: if the disk is full or fails.
        """
        self.rows.append(row)
        try:
            if self._write:
                with self.path.open("a", newline="", encoding="utf-8") as file:
                    _write_row(file, row, header=len(self.rows) == 1)
        except OSError as error:
            raise _not_written(self.path, error) from error


def read_history(path: Path) -> list[dict[str, Any]]:
    """Rows of a history file, numbers as numbers and empty cells as None; a half-written last line is left out."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if None not in row.values()]
    return [{name: _number(value) for name, value in row.items()} for row in rows]


def _write_row(file: Any, row: dict[str, Any], *, header: bool) -> None:
    writer = csv.DictWriter(file, list(row))
    if header:
        writer.writeheader()
    writer.writerow(row)


def _number(value: str) -> float | int | None:
    if value == "":
        return None
    return int(value) if value.lstrip("-").isdigit() else float(value)
