"""The record of a training run: one row a step, in memory and in a CSV file that grows with it.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "history.csv"
>>> History(path).add({"step": 0, "loss": 4.5, "validation_recall": None})
>>> read_history(path)
[{'step': 0, 'loss': 4.5, 'validation_recall': None}]
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from warnings import warn

from plip_tutorial.finetune.checkpoints import not_written
from plip_tutorial.storage.files import whole_file


class History:
    """The rows of a run.

    Attributes:
        rows: list of dicts, as they stand in the file.
    """

    def __init__(self, path: Path, *, until: int = 0, write: bool = True):
        """Keep the rows below step ``until`` of an earlier run in ``path``, and forget the later ones.

        With ``write=False`` nothing is written: several processes share one file. A warning counts rows that are gone.
        """
        self.path, self._write = path, write
        found = {row["step"]: row for row in read_history(path)} if until else {}
        self.rows = [found[step] for step in range(until) if step in found]
        if lost := until - len(self.rows):
            warn(f"{path} lacks {lost} of the {until} steps that were made. The weights have them all.", stacklevel=2)
        if write:
            with whole_file(path) as place, place.open("w", newline="", encoding="utf-8") as file:
                for number, row in enumerate(self.rows):
                    _write_row(file, row, header=number == 0)

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
            raise not_written(self.path, error) from error


def read_history(path: Path) -> list[dict[str, Any]]:
    """Rows of a history file, numbers as numbers and empty cells as None; lines that are no rows are left out."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = [_row(row) for row in csv.DictReader(file)]
    return [row for row in rows if row is not None]


def _row(cells: dict[Any, Any]) -> dict[str, Any] | None:
    try:
        row = {name: _number(value) for name, value in cells.items()}
    except (TypeError, ValueError, AttributeError):  # half written, a second header, or edited
        return None
    return row if isinstance(row.get("step"), int) else None


def _write_row(file: Any, row: dict[str, Any], *, header: bool) -> None:
    writer = csv.DictWriter(file, list(row))
    if header:
        writer.writeheader()
    writer.writerow(row)


def _number(value: str) -> float | int | None:
    if value == "":
        return None
    return int(value) if value.lstrip("-").isdigit() else float(value)
