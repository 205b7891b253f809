"""Which pictures a row of a table of posts speaks about: its own, or, in a reply, those of the post it answers.

From here the ``group_id`` comes that runs through to training: all pairs of a thread share the row of its post.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset, Features, Image, Value
from numpy.typing import NDArray

from plip_tutorial.sources.tables import is_missing

Mask = NDArray[np.bool_]
PictureTest = Callable[[list[Any]], Mask]
BATCH = 512  # posts whose pictures are in memory at once
_TEXT, _FLAG = Value("string"), Value("bool")
PAIR = {"image": Image(), "text": _TEXT, "group_id": Value("int64"), "source": _TEXT}
TRUTH = {
    "truth_pathology": _FLAG, "truth_match": _FLAG, "truth_tissue": _TEXT, "truth_language": _TEXT,
    "truth_patient": _TEXT, "truth_slide": _TEXT,
}  # fmt: skip
# What has to be known of posts to grade filters and pairs.
NEEDED = {"truth_kind", "truth_sensitive", "truth_tissues", *TRUTH} - {"truth_tissue"}


def picture_counts(posts: Dataset) -> NDArray[np.int64]:
    """How many pictures each row has, (n,), without decoding any."""
    return np.asarray(pc.fill_null(pc.list_value_length(_encoded(posts)), 0).to_numpy(), np.int64)


def _encoded(posts: Dataset) -> Any:
    """The pictures as they are stored: an Arrow column of lists of bytes and path."""
    return posts.select_columns("images").with_format("arrow")[:]["images"]


def is_reply(posts: Dataset) -> Mask:
    """Replies that speak about another post's pictures; one with pictures of its own counts as a post."""
    answers = np.array([not is_missing(parent) for parent in posts["in_reply_to"][:]], bool)
    return answers & (picture_counts(posts) == 0)


class ThreadPictures:
    """The pictures behind a table of posts.

    Args:
        posts: n posts and replies.
        is_pathology: a test of pictures, or None to take every picture.

    Attributes:
        graded: whether the table knows the truth.
        owner: for each row the row whose pictures it speaks about; -1 if that is not in the table.
    """

    def __init__(self, posts: Dataset, is_pathology: PictureTest | None) -> None:
        """Find the post behind each reply."""
        self.posts, self.is_pathology = posts, is_pathology
        self.graded = set(posts.column_names) >= NEEDED
        self.counts, self.replies = picture_counts(posts), is_reply(posts)
        rows = {name: row for row, name in enumerate(posts["id"][:])}
        parents = zip(self.replies, posts["in_reply_to"][:], strict=True)
        self.owner = [rows.get(parent, -1) if reply else row for row, (reply, parent) in enumerate(parents)]
        self._kept: dict[int, list[bool]] = {}

    def _owners(self, rows: Iterable[int]) -> list[int]:
        """The different posts behind some rows, in order."""
        return list(dict.fromkeys(self.owner[row] for row in rows if self.owner[row] >= 0))

    def any_kept(self, table: Dataset) -> Mask:
        """Rows of ``table`` (a selection with the column ``row``) that speak about a picture that passes the test."""
        self._ask([row for row in self._owners(table["row"][:]) if row not in self._kept])
        return np.array([any(self._kept.get(self.owner[row], ())) for row in table["row"][:]], bool)

    def any_true(self, table: Dataset) -> Mask:
        """The same by the truth."""
        truth = self.posts["truth_pathology"][:]
        return np.array([self.owner[row] >= 0 and any(truth[self.owner[row]]) for row in table["row"][:]], bool)

    def _ask(self, rows: Sequence[int]) -> None:
        """Put the pictures of some posts to the test, once, many at a time."""
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            pictures = [picture for images in self.posts.select(batch)["images"] for picture in images or ()]
            verdicts = np.asarray(self.is_pathology(pictures) if self.is_pathology and pictures else [], bool)
            parts = np.split(verdicts, np.cumsum(self.counts[batch])[:-1])
            self._kept.update(zip(batch, (part.tolist() for part in parts), strict=True))

    def wanted(self) -> Mask:
        """Rows, (n,), that a perfect pipeline keeps: English, describing, about pathology, and no retweet."""
        posts = self.posts.select_columns([*sorted(NEEDED)])
        good = np.array(posts["truth_match"][:], bool) & (np.array(posts["truth_language"][:]) == "en")
        told_before = np.array(posts["truth_kind"][:]) == "retweet"
        return good & ~told_before & self.any_true(Dataset.from_dict({"row": range(len(posts))}))

    def pairs(self, rows: Sequence[int], texts: Sequence[str]) -> Dataset:
        """A pair for each picture that each of the rows speaks about; ``texts`` are their captions."""
        spoken = [(row, text, k) for row, text in zip(rows, texts, strict=True) for k in self._places(self.owner[row])]
        owners = self._owners(rows)
        images = dict(zip(owners, _encoded(self.posts.select(owners)).to_pylist(), strict=True)) if owners else {}
        columns: dict[str, list[Any]] = {
            "image": [images[self.owner[row]][k] for row, _, k in spoken],
            "text": [text for _, text, _ in spoken],
            "group_id": [self.owner[row] for row, _, _ in spoken],
            "source": ["reply" if self.replies[row] else "tweet" for row, _, _ in spoken],
        }
        features = PAIR | (TRUTH if self.graded else {})
        return Dataset.from_dict(columns | (self._truth(spoken) if self.graded else {}), features=Features(features))

    def _places(self, owner: int) -> list[int]:
        """Numbers of the pictures of a post that passed the test, or of all if none was asked."""
        if owner < 0:
            return []
        verdicts = self._kept.get(owner, [True] * int(self.counts[owner]))
        return [k for k, verdict in enumerate(verdicts) if verdict]

    def _truth(self, spoken: Sequence[tuple[int, str, int]]) -> dict[str, list[Any]]:
        """A text describes the first picture, and further ones if they show the same tissue."""
        posts = {name: self.posts[name][:] for name in NEEDED}
        tissues = posts["truth_tissues"]
        at = [(row, self.owner[row], k) for row, _, k in spoken]
        return {
            "truth_pathology": [posts["truth_pathology"][owner][k] for _, owner, k in at],
            "truth_match": [posts["truth_match"][row] and tissues[o][k] == tissues[o][0] for row, o, k in at],
            "truth_tissue": [tissues[owner][k] for _, owner, k in at],
            "truth_language": [posts["truth_language"][row] for row, _, _ in at],
            "truth_patient": [posts["truth_patient"][owner] for _, owner, _ in at],
            "truth_slide": [posts["truth_slide"][owner] for _, owner, _ in at],
        }
