r"""Tables as people have them: text with any separator and encoding, JSON or Parquet. One reader for posts and pairs.

A cell of a text file stays the text that it is: "007", "NA" and "1e5" are captions like any other, and the file 0012 is
not the file 12. Nothing is skipped in silence: a line that cannot be read comes as an error in the place of its record.

>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     path = Path(folder) / "cases.csv"
...     _ = path.write_bytes("image;caption\n0012;Präparat\n0013\n".encode("utf-16"))
...     list(records(path))
[(2, {'image': '0012', 'caption': 'Präparat'}), (3, ValueError('1 cell where the header has 2'))]
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
REMEDIES = {  # what people keep tables in that are not read here
    **dict.fromkeys(
        (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), "In the spreadsheet, choose Save as, 'CSV UTF-8'. "
    ),
    **dict.fromkeys((".gz", ".zip", ".7z", ".bz2"), "Unpack it first. "),
    **dict.fromkeys((".arrow", ".feather", ".xml", ".html", ".pkl", ".sqlite", ".db", ".dta", ".sav"), ""),
    ".txt": "If it holds a table, name it .csv or .tsv. ",
    ".js": "Delete what stands before the first bracket and name it .json. ",  # X's archive
}
MARKS = (  # how encodings give themselves away; four bytes before two, which they begin with
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
SEPARATORS = ",;\t"
SAMPLE = 1 << 16  # characters that the separator is chosen by
MOST_NAMED = 20  # a message that names more than this is not read
NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what Python makes of a stray byte


def names_a_file(name: str | Path) -> bool:
    """Whether a name means a table on this machine, be it there or not, and not a directory or a set on the hub.

    >>> [names_a_file(name) for name in ("cases.xlsx", "./cases", "user/cases", "user/cases-v1.0")]
    [True, True, False, False]
    """
    path, text = Path(name).expanduser(), str(name)
    if path.is_dir():
        return False
    local = path.is_file() or path.is_absolute() or text.startswith((".", "~")) or "\\" in text
    return local or path.suffix.lower() in (*ENDINGS, *REMEDIES)


def records(path: str | Path) -> Iterator[tuple[int, Any]]:
    """Read a table row by row.

    Args:
        path: a ``.csv`` or ``.tsv`` file with a header and commas, semicolons or tabs between cells, in UTF-8, UTF-16
            or, with a warning, Windows-1252; ``.jsonl`` or ``.ndjson``; a ``.json`` file with a list of objects; or a
            ``.parquet`` file.

    Yields:
        The number of a line, or of a row of JSON or Parquet, from 1, and what stands there: a record, or the error that
        reading it gave. Cells of text files are text, "" where there is nothing.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a file of another kind, or one that is broken as a whole.
    """
    path = Path(path).expanduser()
    ending = path.suffix.lower()
    if not path.is_file() and ending not in REMEDIES:
        raise FileNotFoundError(f"{path} is no file.")
    if ending not in ENDINGS:
        known = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        raise ValueError(f"{path} ends in {ending!r}. {REMEDIES.get(ending, '')}Give a file that ends in {known}.")
    readers = {".csv": _csv, ".tsv": _csv, ".parquet": _parquet, ".json": _json}
    return readers.get(ending, _json_lines)(path)


def _decoded(raw: bytes) -> str:
    """The text of a file. Bytes that are not UTF-8 become lone surrogates."""
    code = next((code for mark, code in MARKS if raw.startswith(mark)), "utf-8")
    for place, wide in ((1, "utf-16-le"), (0, "utf-16-be")):  # without a mark: every second byte is empty
        if code == "utf-8" and len(raw) > 3 and raw[place:64:2].count(0) > 0.4 * len(raw[:64]):
            code = wide
    return raw.decode(code, errors="surrogateescape" if code.startswith("utf-8") else "replace")


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    raw, above = path.read_bytes(), 0
    text = _decoded(raw)
    foreign = [] if raw.startswith(codecs.BOM_UTF8) else [letter for letter in text if not letter.isascii()]
    if foreign and all(map(NOT_UTF8.match, foreign)):  # so it is an older encoding
        with suppress(UnicodeDecodeError):
            text = raw.decode("cp1252")
            line = next(line for line in text.splitlines() if not line.isascii())
            warnings.warn(
                f"{path.name} is not UTF-8 and was read as Windows-1252, for example {_short(line)}. If that looks "
                "wrong, save the table as 'CSV UTF-8'.",
                stacklevel=2,
            )
    separator = max(SEPARATORS, key=lambda one: _fit(text[:SAMPLE], one))
    if said := re.match(r"(?i)sep=(.)\r?\n", text):  # as Excel may write above the header
        text, separator, above = text[said.end() :], said[1], 1
    reader = _reader(text, separator, strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not any(header):
        raise ValueError(f"{path.name} has no header line.")
    if twice := sorted({name for name in header if name and header.count(name) > 1}):
        raise ValueError(f"{path.name} has several columns called {', '.join(map(repr, twice))}. Rename all but one.")
    while True:
        line = reader.line_num + above + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = reader.line_num + above
            lines = f"lines {line} to {last}" if last > line else "the line"
            yield line, ValueError(f"not CSV ({error}; {lines} cannot be read, look at the quotation marks)")
            continue
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if not any(cells):
            continue
        if len(cells) != len(header):
            many = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
            yield line, ValueError(f"{many} where the header has {len(header)}")
        else:
            stray = any(map(NOT_UTF8.search, cells))
            yield line, ValueError("not UTF-8") if stray else dict(zip(header, cells, strict=True))


def _reader(text: str, separator: str, *, strict: bool) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=strict)


def _fit(text: str, separator: str) -> tuple[bool, float, int]:
    """How well a separator fits: it makes most lines as long as the header, and that header long."""
    try:
        rows = list(islice(_reader(text, separator, strict=False), 20))
    except csv.Error:
        return False, 0.0, 0
    width = len(rows[0]) if rows else 0
    return width > 1, sum(len(row) == width for row in rows) / max(len(rows), 1), width


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(_decoded(path.read_bytes()).split("\n"), 1):
        if NOT_UTF8.search(line):
            yield number, ValueError("not UTF-8")
        elif line.strip():
            try:
                yield number, json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                yield number, ValueError(f"not JSON ({error})")


def _json(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        lines = list(_json_lines(path))  # many call JSON lines .json
        if len(lines) < 2 or isinstance(lines[0][1], Exception):
            raise ValueError(f"{path.name} is not JSON: {error}.") from error
        return iter(lines)
    return enumerate(content if isinstance(content, list) else [content], 1)


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow.parquet as pq

    try:
        rows = (row for batch in pq.ParquetFile(path).iter_batches(256) for row in batch.to_pylist())
        yield from enumerate(rows, 1)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} is no Parquet file that can be read: {error}") from error


def columns_of(path: Path, *columns: str) -> list[list[str]]:
    """The cells of some columns of a table as texts, a list for each.

    Raises:
        ValueError: lines that cannot be read, a table without any, a column that is not there, cells without a text.
    """
    rows, known, bad = list[dict[str, Any]](), dict[str, None](), list[str]()
    for line, record in records(path):
        if isinstance(record, dict):
            known |= dict.fromkeys(record)
            rows.append(record)
        else:
            bad.append(f"line {line}: {record if isinstance(record, Exception) else 'no object with columns'}")
    if bad:
        raise ValueError(f"{path} has {len(bad)} lines that cannot be read:\n" + some(bad, between="\n"))
    if not rows:
        raise ValueError(f"{path} has no pairs: the table is empty.")
    demand(list(known), columns, path)
    return [filled([row.get(column) for row in rows], column, path) for column in columns]


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
            kind = "a list; give each of its texts a row" if isinstance(cell, list) else f"a {type(cell).__name__}"
            if isinstance(cell, dict) and "bytes" in cell:
                kind = "a picture; write Dataset.from_parquet(file).save_to_disk(directory) and give the directory"
            raise ValueError(f"{path} has in row {row} no text as {column}, but {kind}.")
    texts = ["" if is_missing(cell) else whole(str(cell)).strip() for cell in cells]
    empty = [f"row {row}" for row, text in enumerate(texts) if not text]
    if empty or not texts:
        raise ValueError(f"{path} has no {column} in {some(empty) if empty else 'any row: the table is empty'}.")
    return texts


def some(names: Sequence[str], *, between: str = ", ") -> str:
    """Names for a message, the first of them if there are many."""
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f"{between}and {more} more" if more > 0 else "")


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing: None, NaN or no character."""
    return value is None or value == "" or (isinstance(value, float) and value != value)


def picture_path(cell: Any, folder: Path) -> Path:
    """The file that a cell names, relative to ``folder``; ValueError for an address or something else."""
    if not isinstance(cell, str):
        raise ValueError(f"{_short(cell)} is no path")
    if "://" in cell:
        raise ValueError(f"{cell} is an address: download it and put its path here")
    path = folder / cell
    for other in (cell.lstrip("/"), cell.replace("\\", "/")):  # of an archive, whose root the folder is; of Windows
        if other != cell and not path.is_file():
            path = folder / other
    return path


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def whole(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which no file can hold; a cut emoji leaves one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
