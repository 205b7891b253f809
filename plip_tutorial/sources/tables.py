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
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

Record = dict[str, Any]
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
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
SEPARATORS = ",;\t"
SAMPLE = 1 << 16  # characters that the separator is chosen by


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
    readers = {".csv": _csv, ".tsv": _csv, ".parquet": _parquet, ".json": _json}
    ending = path.suffix.lower()
    if not path.is_file() and ending not in REMEDIES:
        raise FileNotFoundError(f"{path} is no file.")
    if ending not in ENDINGS:
        known = f"{', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}"
        raise ValueError(f"{path} ends in {ending!r}. {REMEDIES.get(ending, '')}Give a file that ends in {known}.")
    return readers.get(ending, _json_lines)(path)


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
    if cell.startswith("/") and not path.is_file():  # of an archive, whose root the folder is
        path = folder / cell.lstrip("/")
    if "\\" in cell and not path.is_file():  # written on Windows
        path = folder / cell.replace("\\", "/")
    return path


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _decoded(path: Path, *, old: bool = False) -> str:
    """A text file. Bytes that are not UTF-8 become lone surrogates, or letters of Windows-1252 if all of them can."""
    raw = path.read_bytes()
    mark, code = _encoding(raw[:64])
    if code != "utf-8":
        return raw.decode(code, errors="replace")
    text = raw.removeprefix(mark).decode("utf-8", errors="surrogateescape")
    foreign = "".join(letter for letter in text if not letter.isascii())
    if mark or not old or not foreign or not all(map(_is_byte, foreign)):
        return text
    return _windows(raw, path) or text


def _encoding(start: bytes) -> tuple[bytes, str]:
    """The mark that a file begins with, if any, and its encoding; UTF-16 without a mark has every second byte empty."""
    for mark, code in MARKS:
        if start.startswith(mark):
            return mark, code
    for place, code in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) > 3 and start[place::2].count(0) > len(start) * 0.4:
            return b"", code
    return b"", "utf-8"


def _windows(raw: bytes, path: Path) -> str:
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    line = next(line for line in text.splitlines() if not line.isascii())
    warnings.warn(
        f"{path.name} is not UTF-8 and was read as Windows-1252, for example {_short(line)}. If that looks wrong, save "
        "the table as 'CSV UTF-8'.",
        stacklevel=2,
    )
    return text


def _is_byte(letter: str) -> bool:
    return "\udc80" <= letter <= "\udcff"


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    text, separator, above = _separated(_decoded(path, old=True))
    reader = _reader(text, separator, strict=True)
    header = _header(next(reader, []), path.name)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines = f"lines {line + above} to {reader.line_num + above}" if reader.line_num > line else "the line"
            yield line + above, ValueError(f"not CSV ({error}; {lines} cannot be read, look at the quotation marks)")
            continue
        if any(cells):
            yield line + above, _row(header, cells)


def _separated(text: str) -> tuple[str, str, int]:
    """Text, separator, and how many lines stand above the header: Excel may write "sep=;" there."""
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and len(first.strip("\r")) == 5:
        return rest, first[4], 1
    return text, max(SEPARATORS, key=lambda separator: _fit(text[:SAMPLE], separator)), 0


def _fit(text: str, separator: str) -> tuple[bool, float, int]:
    """How well a separator fits: it makes most lines as long as the header, and that header long."""
    try:
        rows = list(islice(_reader(text, separator, strict=False), 20))
    except csv.Error:
        return False, 0.0, 0
    width = len(rows[0]) if rows else 0
    return width > 1, sum(len(row) == width for row in rows) / max(len(rows), 1), width


def _header(cells: list[str], file: str) -> list[str]:
    names = [name.strip() for name in cells]
    if not any(names):
        raise ValueError(f"{file} has no header line.")
    if twice := sorted({name for name in names if name and names.count(name) > 1}):
        raise ValueError(f"{file} has several columns called {', '.join(map(repr, twice))}. Rename all but one.")
    return names


def _reader(text: str, separator: str, *, strict: bool) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=strict)


def _row(header: list[str], cells: list[str]) -> Record | ValueError:
    while len(cells) > len(header) and not cells[-1]:
        cells.pop()
    if len(cells) != len(header):
        many = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        return ValueError(f"{many} where the header has {len(header)}")
    if any(_is_byte(letter) for cell in cells for letter in cell):
        return ValueError("not UTF-8")
    return dict(zip(header, cells, strict=True))


def _json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        if _encoding(file.read(64))[1] != "utf-8":
            yield from _parsed(line.encode() for line in _decoded(path).splitlines(keepends=True))
            return
        file.seek(0)
        yield from _parsed(file)


def _parsed(lines: Any) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            yield number, ValueError(f"not UTF-8 ({error})")
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
