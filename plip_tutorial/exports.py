"""Posts from your own export: JSONL, CSV or Parquet, as X, Mastodon or Bluesky write them, or with our own columns.

    posts, problems = read_posts("export.jsonl")
    for problem in problems: print(problem)       # export.jsonl, line 17: no text

Each field of ours is looked for under the names in `FIELDS`, in their order. Nothing is lost silently: a line that
cannot be read is reported with its number and reason, a picture that is not there likewise, and the rest is read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, List, Value
from PIL import Image as Pillow

Record = dict[str, Any]

# Where each column is found. A dot goes into an object (or is part of a flat column's name), [] into each of a list.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "uri", "post.uri", "id_str"),
    "author": ("author.handle", "post.author.handle", "account.acct", "author.username", "author", "author_id", "user"),
    "created_at": ("created_at", "record.createdAt", "post.record.createdAt", "indexedAt"),
    "text": ("text", "record.text", "post.record.text", "content", "full_text"),
    "hashtags": ("hashtags[]", "entities.hashtags[].tag", "tags[].name", "record.tags[]", "post.record.tags[]"),
    "likes": ("likes", "public_metrics.like_count", "favourites_count", "likeCount", "post.likeCount"),
    "possibly_sensitive": ("possibly_sensitive", "sensitive"),
    "retweet_of": ("retweet_of", "reblog.id", "retweeted to"),
    "in_reply_to": (
        "in_reply_to", "replied_to to", "in_reply_to_id", "record.reply.parent.uri", "post.record.reply.parent.uri",
    ),
    "images": (
        "images[]", "media_attachments[].url", "embed.images[].fullsize", "post.embed.images[].fullsize", "media[].url",
    ),
}  # fmt: skip
_TEXT = Value("string")
FEATURES = Features(
    {
        "id": _TEXT, "author": _TEXT, "created_at": _TEXT, "text": _TEXT, "hashtags": List(_TEXT),
        "likes": Value("int64"), "possibly_sensitive": Value("bool"), "retweet_of": _TEXT, "in_reply_to": _TEXT,
        "images": List(Image()),
    }
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something in an export that could not be read.

    Attributes:
        file: name of the file.
        line: line of a text file, row of a Parquet file; both from 1.
        reason: what was wrong.
        lost: "post", or "picture" if the rest of the post was read.
    """

    file: str
    line: int
    reason: str
    lost: str = "post"

    def __str__(self) -> str:
        """As in ``export.csv, line 3: no text``."""
        return f"{self.file}, line {self.line}: {self.reason}"


def read_posts(path: str | Path) -> tuple[Dataset, list[Problem]]:
    """Read an export of posts.

    Args:
        path: a ``.jsonl`` (or ``.ndjson``), ``.csv`` or ``.parquet`` file. Pictures are named by paths, relative to
            the file; addresses on the web have to be downloaded first. Cells with several values in a CSV file hold a
            JSON list, or values parted by "|".

    Returns:
        The posts, with the columns of `FEATURES`, as `collect.pairs_from_posts` takes them; and what could not be read.

    Raises:
        ValueError: a file of another kind, or a Parquet or CSV file that is broken as a whole.
        FileNotFoundError: no such file.
    """
    path, problems = Path(path), list[Problem]()
    seen: dict[str, int] = {}
    rows = []
    for line, record in _records(path):
        try:
            row = _row(record)
            if row["id"] in seen:
                raise ValueError(f"id {row['id']!r} stands in line {seen[row['id']]} already")
        except (ValueError, TypeError) as error:
            problems.append(Problem(path.name, line, str(error)))
            continue
        seen[row["id"]] = line
        row["images"], missing = _pictures(row["images"], path.parent)
        problems += [Problem(path.name, line, reason, lost="picture") for reason in missing]
        rows.append(row)
    return Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES), problems


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers with what stands there: a record, or the error that reading it gave."""
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path.name}: expected one of {', '.join(readers)}, got {path.suffix!r}.")
    return readers[path.suffix.lower()](path)


def _jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                content = json.loads(line.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                yield number, ValueError(f"not UTF-8 ({error})")
                continue
            except (json.JSONDecodeError, RecursionError) as error:
                yield number, ValueError(f"not JSON ({error})")
                continue
            yield from ((number, record) for record in _unpacked(content))


def _unpacked(content: Any) -> Iterable[Any]:
    """A line may hold a post, or an answer of the X API with several posts and their media beside them."""
    if not (isinstance(content, dict) and isinstance(content.get("data"), dict | list)):
        return [content]
    data = content["data"] if isinstance(content["data"], list) else [content["data"]]
    media = {item.get("media_key"): item for item in _at(content, "includes.media[]") or [] if isinstance(item, dict)}
    for post in data:
        if isinstance(post, dict) and "media" not in post:
            post["media"] = [media[key] for key in _at(post, "attachments.media_keys[]") or [] if key in media]
    return data


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, None)
    if not header:
        raise ValueError(f"{path.name} has no header line.")
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, ValueError(f"not CSV ({error})")
            continue
        if len(cells) != len(header):
            if cells:
                yield line, ValueError(f"{len(cells)} cells where the header has {len(header)}")
        elif any("\udc80" <= letter <= "\udcff" for cell in cells for letter in cell):
            yield line, ValueError("not UTF-8")
        else:
            yield line, {name: _listed(name, cell) for name, cell in zip(header, cells, strict=True) if cell != ""}


def _listed(name: str, cell: str) -> Any:
    """A cell of a CSV file; those of list columns are split."""
    if f"{name}[]" not in FIELDS["hashtags"] + FIELDS["images"]:
        return cell
    try:
        values = json.loads(cell)
        return values if isinstance(values, list) else [cell]
    except json.JSONDecodeError:
        return [value for value in (part.strip() for part in cell.split("|")) if value]


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path.name} is no Parquet file that can be read: {error}") from error
    yield from enumerate(rows, 1)


def _at(record: Any, path: str) -> Any:
    """The value at a path such as ``entities.hashtags[].tag``; None if there is none."""
    if isinstance(record, dict) and path in record:
        return record[path]
    head, _, rest = path.partition(".")
    many, name = head.endswith("[]"), head.removesuffix("[]")
    value = record.get(name) if isinstance(record, dict) else None
    if many and value is not None and not isinstance(value, list):
        value = list(value) if isinstance(value, tuple) else [value]
    if value is None or not rest:
        return value
    return [item for item in (_at(one, rest) for one in value) if item is not None] if many else _at(value, rest)


def _first(record: Record, paths: tuple[str, ...]) -> Any:
    return next((value for value in (_at(record, path) for path in paths) if value is not None), None)


def _row(record: Any) -> Record:
    """Our columns out of a record of any of the platforms; raises ValueError with what is wrong."""
    if isinstance(record, Exception):
        raise record
    if not isinstance(record, dict):
        raise ValueError(f"expected an object, got {type(record).__name__}")
    links = [link for link in _at(record, "referenced_tweets[]") or [] if isinstance(link, dict)]
    record = {**{f"{link.get('type')} to": link.get("id") for link in links}, **record}
    found = {name: _first(record, paths) for name, paths in FIELDS.items()}
    if found["id"] is None:
        raise ValueError("no id")
    if not isinstance(found["text"], str):
        raise ValueError("no text" if found["text"] is None else f"text is {found['text']!r}")
    if _at(record, "reason.$type") == "app.bsky.feed.defs#reasonRepost":
        found["id"], found["retweet_of"] = f"{found['id']}#{_at(record, 'reason.indexedAt')}", found["id"]
    return {**found, **_typed(found)}


def _typed(found: Record) -> Record:
    """Values as the columns want them."""
    tags = found["hashtags"] if found["hashtags"] else re.findall(r"(?<![\w&/])#(\w+)", found["text"])
    text = {name: None if found[name] is None else str(found[name]) for name in FEATURES if FEATURES[name] == _TEXT}
    return {
        **text,
        "hashtags": [str(tag).lstrip("#") for tag in tags],
        "likes": _number(found["likes"]),
        "possibly_sensitive": _flag(found["possibly_sensitive"]),
        "images": found["images"] or [],
    }


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"likes are {value!r}, not a number") from None


def _flag(value: Any) -> bool:
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False, "none": False}
    if str(value).lower() not in words:
        raise ValueError(f"possibly_sensitive is {value!r}, not true or false")
    return words[str(value).lower()]


def _pictures(named: list[Any], folder: Path) -> tuple[list[Any], list[str]]:
    """Pictures that are there, and the reasons why the others are not."""
    there: list[Any] = []
    reasons = []
    for picture in named:
        try:
            there.append(_picture(picture, folder))
        except (ValueError, OSError) as error:
            reasons.append(f"picture {error}")
    return there, reasons


def _picture(picture: Any, folder: Path) -> Record:
    if isinstance(picture, dict) and picture.get("bytes"):  # a Parquet file with pictures inside
        return {"bytes": picture["bytes"], "path": None}
    if not isinstance(picture, str):
        raise ValueError(f"{picture!r} is no path")
    if "://" in picture:
        raise ValueError(f"{picture} is an address: download it and put its path here")
    if not (folder / picture).is_file():
        raise ValueError(f"{picture} is not there")
    try:
        with Pillow.open(folder / picture) as file:
            file.verify()
    except Exception as error:  # Pillow raises many kinds
        raise ValueError(f"{picture} cannot be decoded ({error})") from error
    return {"bytes": None, "path": str((folder / picture).resolve())}
