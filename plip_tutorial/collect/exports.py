"""Posts from your own export: JSON, CSV or Parquet, as X, Mastodon or Bluesky write them, or with our own columns.

    posts, problems = read_posts("export.jsonl")
    for problem in problems: print(problem)       # export.jsonl, line 17: no text

Each column is looked for under the names in ``data/export_fields.toml``. Nothing is lost silently: a line that cannot
be read is reported with its number and reason, a picture that is not there likewise, and the rest is read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, List, Value

from plip_tutorial.collect.caption_text import without_tags
from plip_tutorial.collect.post_values import count, flag, listed, reference
from plip_tutorial.sources import tables
from plip_tutorial.sources.images import UnreadableImageError, to_rgb
from plip_tutorial.sources.tables import whole

Record = dict[str, Any]

FIELDS: dict[str, list[str]] = tomllib.loads(
    (files("plip_tutorial") / "data" / "export_fields.toml").read_text("utf-8")
)
REFERENCES = ("id", "retweet_of", "in_reply_to")
NO_ID = "no id"
LISTS = ("feed", "posts", "statuses", "orderedItems", "tweets")  # where an answer of a platform keeps its posts
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
        path: a file that `tables.records` reads: ``.jsonl``, ``.json``, ``.csv``, ``.tsv`` or ``.parquet``. Pictures
            are named by paths, relative to the file; addresses on the web have to be downloaded first. Cells with
            several values in a CSV file hold a list, as JSON or Python write it, or values parted by "|".

    Returns:
        The posts, with the columns of `FEATURES`, as `collect.pairs_from_posts` takes them; and what could not be read,
        in the order of the lines.

    Raises:
        ValueError: a file of another kind, one that is broken as a whole, or a table without any id.
        FileNotFoundError: no such file.
    """
    path, problems = Path(path).expanduser(), list[Problem]()
    seen: dict[str, int] = {}
    rows, columns = [], list[str]()
    for line, record in _records(path):
        try:
            row = _row(record)
            if row["id"] in seen:
                raise ValueError(f"id {row['id']!r} stands in line {seen[row['id']]} already")
        except (ValueError, TypeError) as error:
            problems.append(Problem(path.name, line, str(error)))
            columns = columns or (list(record) if isinstance(record, dict) else [])
            continue
        seen[row["id"]] = line
        row["line"] = line
        rows.append(row)
    if not rows and columns and all(problem.reason == NO_ID for problem in problems):
        raise ValueError(
            f"{path.name}: no id in any line. It has: {', '.join(columns)}. Name a column {FIELDS['id'][2]!r}."
        )
    named = [(row, one) for row in rows for one in row["images"]]
    with ThreadPoolExecutor() as pool:
        looked_at = list(pool.map(lambda pair: _looked_at(pair[1], path.parent), named))
    for row in rows:
        row["images"] = []
    for (row, _), picture in zip(named, looked_at, strict=True):
        if isinstance(picture, str):
            problems.append(Problem(path.name, row["line"], f"picture {picture}", lost="picture"))
        else:
            row["images"].append(picture)
    posts = Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES)
    return posts, sorted(problems, key=lambda problem: problem.line)


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    """The posts with their lines. A line may hold one, or an answer of a platform with many."""
    for line, content in tables.records(path):
        posts = [content]
        if isinstance(content, dict):
            held = next((content[name] for name in LISTS if isinstance(content.get(name), list)), None)
            if held is not None and _first(content, FIELDS["text"]) is None:
                posts = held
            elif isinstance(content.get("tweet"), dict):  # X's archive
                posts = [content["tweet"]]
            elif isinstance(content.get("data"), dict | list):
                posts = _with_media(content)
        yield from ((line, post) for post in posts)


def _with_media(content: Record) -> list[Any]:
    """The posts in an answer of X, which sends the media beside them."""
    data = content["data"] if isinstance(content["data"], list) else [content["data"]]
    media = {item.get("media_key"): item for item in _at(content, "includes.media[]") or [] if isinstance(item, dict)}
    for post in data:
        if isinstance(post, dict) and "media" not in post:
            post["media"] = [media[key] for key in _at(post, "attachments.media_keys[]") or [] if key in media]
    return data


def _at(record: Any, path: str) -> Any:
    """The value at a path such as ``entities.hashtags[].tag``; None if there is none."""
    if isinstance(record, str) and record.strip().startswith("{"):
        record = listed(record)
    if not isinstance(record, dict):
        return None
    for name, many, rest in _readings(path):
        value = record.get(name)
        if value == "" and name in record:
            return value
        if not tables.is_missing(value):
            if not many:
                return _at(value, rest) if rest else value
            values = listed(value) if isinstance(value, str) else value
            values = list(values) if isinstance(values, list | tuple) else [values]
            return [item for item in (_at(one, rest) for one in values) if item is not None] if rest else values
    return None


@cache
def _readings(path: str) -> list[tuple[str, bool, str]]:
    """Each way to read a path: the name of a column (a flat one has dots in it), whether it holds a list, the rest.

    >>> _readings("tags[].name")
    [('tags[].name', False, ''), ('tags', True, 'name')]
    """
    steps = path.split(".")
    heads = [(".".join(steps[:n]), ".".join(steps[n:])) for n in range(len(steps), 0, -1)]
    return [(head.removesuffix("[]"), head.endswith("[]"), rest) for head, rest in heads]


def _first(record: Record, paths: Sequence[str]) -> Any:
    """The first value that says something; else the first that is there, such as an empty cell; else None."""
    values = [value for value in (_at(record, path) for path in paths) if value is not None]
    return next((value for value in values if value not in ("", [])), values[0] if values else None)


def _row(record: Any) -> Record:
    """Our columns out of a record of any of the platforms; raises ValueError with what is wrong."""
    if isinstance(record, Exception):
        raise record
    if not isinstance(record, dict):
        raise ValueError(f"expected an object, got {type(record).__name__}")
    links = [link for link in _at(record, "referenced_tweets[]") or [] if isinstance(link, dict)]
    record = {**{f"{link.get('type')} to": link.get("id") for link in links}, **record}
    found = {name: _first(record, paths) for name, paths in FIELDS.items()}
    found |= {name: reference(name, found[name]) for name in REFERENCES}
    if found["id"] is None:
        raise ValueError(NO_ID)
    if not isinstance(found["text"], str):
        raise ValueError("no text" if found["text"] is None else f"text is {found['text']!r}")
    if _at(record, "reason.$type") == "app.bsky.feed.defs#reasonRepost":
        found["id"], found["retweet_of"] = f"{found['id']}#{_at(record, 'reason.indexedAt')}", found["id"]
    tags = found["hashtags"] or re.findall(r"(?<![\w&/])#(\w+)", without_tags(found["text"]))
    texts = {name: found[name] for name in FEATURES if FEATURES[name] == _TEXT}
    return {
        **{name: whole(str(text)) if name == "text" or text else None for name, text in texts.items()},
        # Among what Mastodon's archive calls tags are @names and :emoji:, too.
        "hashtags": [whole(str(tag)).lstrip("#") for tag in tags if not str(tag).startswith(("@", ":"))],
        "likes": count(found["likes"]),
        "possibly_sensitive": flag(found["possibly_sensitive"]),
        "images": found["images"] or [],
    }


def _looked_at(picture: Any, folder: Path) -> Record | str:
    """A picture as the column holds it, or what is wrong: it is decoded once, to its end."""
    place: bytes | Path
    cell: Record
    if isinstance(picture, dict) and picture.get("bytes"):  # a Parquet file with pictures inside
        name, place, cell = "in the file", bytes(picture["bytes"]), {"bytes": bytes(picture["bytes"]), "path": None}
    else:
        named = picture.get("path") if isinstance(picture, dict) and "bytes" in picture else picture
        try:
            place = tables.picture_path(whole(named) if isinstance(named, str) else named, folder).resolve()
            if not place.is_file():
                return f"{place.name} is not there"
        except (ValueError, OSError) as error:  # OSError: a name that no file system takes
            return str(error)
        name, cell = place.name, {"bytes": None, "path": str(place)}
    try:
        to_rgb(place)
    except UnreadableImageError as error:
        return f"{name} cannot be decoded ({error.reason})"
    return cell
