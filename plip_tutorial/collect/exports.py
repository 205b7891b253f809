"""Posts from your own export: JSON, CSV or Parquet, as X, Mastodon or Bluesky write them, or with our own columns.

    posts, problems = read_posts("export.jsonl")
    for problem in problems: print(problem)       # export.jsonl, line 17: no text

Each field of ours is looked for under the names in `FIELDS`, in their order. Nothing is lost silently: a line that
cannot be read is reported with its number and reason, a picture that is not there likewise, and the rest is read. How
files are read: `tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Image, List, Value

from plip_tutorial.collect.post_text import without_tags
from plip_tutorial.sources import tables
from plip_tutorial.sources.images import UnreadableImageError, to_rgb
from plip_tutorial.sources.post_values import count, flag, listed, reference, whole

Record = dict[str, Any]

# Where each column is found. A dot goes into an object (or is part of a flat column's name), [] into each of a list.
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("object.id", "id_str", "id", "uri", "post.uri"),
    "author": (
        "author.handle", "post.author.handle", "account.acct", "author.username", "user.screen_name", "author",
        "author_id", "actor", "user",
    ),
    "created_at": ("created_at", "record.createdAt", "post.record.createdAt", "indexedAt", "object.published"),
    "text": (
        "note_tweet.text", "extended_tweet.full_text", "full_text", "text", "record.text", "post.record.text",
        "content", "object.content",
    ),
    "hashtags": (
        "hashtags[]", "note_tweet.entities.hashtags[].tag", "entities.hashtags[].tag", "entities.hashtags[].text",
        "tags[].name", "record.tags[]", "post.record.tags[]", "object.tag[].name",
    ),
    "likes": (
        "likes", "public_metrics.like_count", "favorite_count", "favourites_count", "likeCount", "post.likeCount",
        "like_count",
    ),
    "possibly_sensitive": ("possibly_sensitive", "sensitive", "object.sensitive"),
    "retweet_of": (
        "retweet_of", "reblog.id", "retweeted to", "referenced_tweets.retweeted.id", "retweeted_status.id_str",
        "retweeted_status.id",
    ),
    "in_reply_to": (
        "in_reply_to", "replied_to to", "referenced_tweets.replied_to.id", "in_reply_to_id",
        "in_reply_to_status_id_str", "in_reply_to_status_id", "record.reply.parent.uri",
        "post.record.reply.parent.uri", "object.inReplyTo",
    ),
    "images": (
        "images[]", "media_attachments[].url", "embed.images[].fullsize", "post.embed.images[].fullsize",
        "embed.media.images[].fullsize", "post.embed.media.images[].fullsize",
        "extended_entities.media[].media_url_https",
        "entities.media[].media_url_https", "attachments.media[].url", "media[].url", "object.attachment[].url",
    ),
}  # fmt: skip
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
    problems += _look_at_pictures(rows, path)
    posts = Dataset.from_dict({name: [row[name] for row in rows] for name in FEATURES}, features=FEATURES)
    return posts, sorted(problems, key=lambda problem: problem.line)


def _records(path: Path) -> Iterator[tuple[int, Any]]:
    for line, content in tables.records(path):
        yield from ((line, record) for record in _unpacked(content))


def _unpacked(content: Any) -> Iterable[Any]:
    """A line may hold a post, or an answer of a platform with many; X sends the media beside them."""
    if not isinstance(content, dict):
        return [content]
    held = next((content[name] for name in LISTS if isinstance(content.get(name), list)), None)
    if held is not None and _first(content, FIELDS["text"]) is None:
        return list(held)
    if isinstance(content.get("tweet"), dict):  # X's archive
        return [content["tweet"]]
    return _of_x(content) if isinstance(content.get("data"), dict | list) else [content]


def _of_x(content: Record) -> list[Any]:
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
        if name in record and (not tables.is_missing(value := record[name]) or value == ""):
            return _within(value, rest, many=many)
    return None


@cache
def _readings(path: str) -> list[tuple[str, bool, str]]:
    """Each way to read a path: the name of a column, whether it holds a list, and the path inside it.

    >>> _readings("tags[].name")  # a flat column has dots in its name
    [('tags[].name', False, ''), ('tags', True, 'name')]
    """
    steps = path.split(".")
    heads = [(".".join(steps[:n]), ".".join(steps[n:])) for n in range(len(steps), 0, -1)]
    return [(head.removesuffix("[]"), head.endswith("[]"), rest) for head, rest in heads]


def _within(value: Any, rest: str, *, many: bool) -> Any:
    if value == "":
        return value
    if not many:
        return _at(value, rest) if rest else value
    values = listed(value) if isinstance(value, str) else value
    values = list(values) if isinstance(values, list | tuple) else [values]
    return [item for item in (_at(one, rest) for one in values) if item is not None] if rest else values


def _first(record: Record, paths: tuple[str, ...]) -> Any:
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
    return {**found, **_typed(found)}


def _typed(found: Record) -> Record:
    """Values as the columns want them."""
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


def _look_at_pictures(rows: list[Record], path: Path) -> list[Problem]:
    """Leave the pictures that can be decoded in the rows, and say why the others cannot."""
    problems = list[Problem]()
    named = [(row, _picture(one, path.parent)) for row in rows for one in row["images"]]
    with ThreadPoolExecutor() as pool:
        places = list(dict.fromkeys(one for _, one in named if not isinstance(one, ValueError)))
        reasons = dict(zip(places, pool.map(_broken, places), strict=True))
    for row in rows:
        row["images"] = []
    for row, one in named:
        if reason := str(one) if isinstance(one, ValueError) else reasons[one]:
            problems.append(Problem(path.name, row["line"], f"picture {reason}", lost="picture"))
        elif not isinstance(one, ValueError):
            inside = isinstance(one, bytes)
            row["images"].append({"bytes": one if inside else None, "path": None if inside else str(one)})
    return problems


def _picture(picture: Any, folder: Path) -> bytes | Path | ValueError:
    """What is to be decoded: bytes in the export or the file that it names; or what is wrong with the name."""
    if isinstance(picture, dict) and picture.get("bytes"):  # a Parquet file with pictures inside
        return bytes(picture["bytes"])
    named = picture.get("path") if isinstance(picture, dict) and "bytes" in picture else picture
    try:
        return tables.picture_path(whole(named) if isinstance(named, str) else named, folder).resolve()
    except (ValueError, OSError) as error:  # OSError: a name that no file system takes
        return ValueError(str(error))


def _broken(place: bytes | Path) -> str:
    """Why a picture cannot be decoded, to its end; "" if it can."""
    name = "in the file" if isinstance(place, bytes) else place.name
    if isinstance(place, Path) and not place.is_file():
        return f"{name} is not there"
    try:
        to_rgb(place)
    except UnreadableImageError as error:
        return f"{name} cannot be decoded ({error.reason})"
    return ""
