"""Columns of a reader's table as texts, and clear words for what is missing in them.

names, captions = columns_of(Path("cases.csv"), "image", "caption")
captions = filled(captions, "caption", "cases.csv")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plip_tutorial.sources import tables
from plip_tutorial.sources.post_values import whole

MOST_NAMED = 20  # a message that names more than this is not read


def columns_of(path: Path, *columns: str) -> list[list[Any]]:
    """The cells of some columns of a table, a list for each.

    Raises:
        ValueError: lines that cannot be read, a table without any, or a column that is not there.
    """
    rows, known, bad = list[list[Any]](), dict[str, None](), list[str]()
    for line, record in tables.records(path):
        if isinstance(record, dict):
            known |= dict.fromkeys(record)
            rows.append([record.get(column) for column in columns])
        else:
            bad.append(f"line {line}: {record if isinstance(record, Exception) else 'no object with columns'}")
    if bad:
        raise ValueError(f"{path} has {len(bad)} lines that cannot be read:\n" + some(bad, between="\n"))
    if not rows:
        raise ValueError(f"{path} has no pairs: the table is empty.")
    demand(list(known), columns, path)
    return [list(cells) for cells in zip(*rows, strict=True)]


def demand(there: Sequence[str], columns: Sequence[str], path: str | Path) -> None:
    """Raise ValueError for a column that is not among those that are there."""
    for column in columns:
        if column not in there:
            raise ValueError(f"{path} has no column {column!r}. It has: {', '.join(map(str, there))}.")


def filled(cells: Sequence[Any], column: str, path: str | Path) -> list[str]:
    """A column as texts, each as it stands, without white space around it.

    Raises:
        ValueError: rows that have none, or hold something else; they are named.

    >>> filled(["007", 12, " NA"], "caption", "cases.csv")
    ['007', '12', 'NA']
    """
    for row, cell in enumerate(cells):
        if isinstance(cell, list | dict | bytes):
            raise ValueError(f"{path} has in row {row} no text as {column}, but {_kind(cell)}.")
    texts = ["" if tables.is_missing(cell) else whole(str(cell)).strip() for cell in cells]
    empty = [f"row {row}" for row, text in enumerate(texts) if not text]
    if empty or not texts:
        raise ValueError(f"{path} has no {column} in {some(empty) if empty else 'any row: the table is empty'}.")
    return texts


def _kind(cell: Any) -> str:
    if isinstance(cell, dict) and "bytes" in cell:
        return "a picture; write Dataset.from_parquet(file).save_to_disk(directory) and give the directory"
    return "a list; give each of its texts a row" if isinstance(cell, list) else f"a {type(cell).__name__}"


def some(names: Sequence[str], *, between: str = ", ") -> str:
    """Names for a message, the first of them if there are many."""
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f"{between}and {more} more" if more > 0 else "")
