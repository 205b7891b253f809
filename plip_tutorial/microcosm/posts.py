"""Posts of the microcosm as a table: the plans of `threads`, with recipes for their pictures.

What the platform would give stands in plain columns, what only the maker of the world knows in columns that begin with
``truth_``. A reply has no pictures of its own; it speaks about those of the post that it answers.

>>> posts(3)["hashtags"][0]
['Gynpath']
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from datasets import Dataset, Features, Image, List, Value

from plip_tutorial.microcosm.threads import Post, plan
from plip_tutorial.microcosm.tissues import TISSUES

_TEXT, _WHOLE, _FLAG = Value("string"), Value("int64"), Value("bool")
FEATURES = Features(
    {
        "id": _WHOLE, "author": _TEXT, "created_at": _TEXT, "text": _TEXT, "hashtags": List(_TEXT), "likes": _WHOLE,
        "possibly_sensitive": _FLAG, "retweet_of": _WHOLE, "in_reply_to": _WHOLE, "images": List(Image()),
        "truth_kind": _TEXT, "truth_language": _TEXT, "truth_tissues": List(_TEXT), "truth_pathology": List(_FLAG),
        "truth_match": _FLAG, "truth_sensitive": _FLAG, "truth_patient": _TEXT, "truth_slide": _TEXT,
        "truth_lab": _TEXT,
    }
)  # fmt: skip


def posts(n: int, seed: int = 0, *, size: int = 64) -> Dataset:
    """The first ``n`` posts and replies of the world ``seed``; row ``i`` is the same whatever ``n`` is.

    Args:
        n: how many rows.
        seed: which world.
        size: pixels a side of the pictures.

    Returns:
        One row a post or reply. ``images`` holds one to four pictures, none in a reply. ``truth_kind`` is case, other
        (a picture of another craft), question, vague, chatter, advert, retweet, repost, reply or empty reply.
        ``truth_tissues`` and ``truth_pathology`` have an entry for each image; ``truth_match`` says that the text
        describes the first image, and so all images of the same tissue.
    """
    table = [_cells(plan(seed, row), seed, size) for row in range(n)]
    return Dataset.from_dict({name: [cells[name] for cells in table] for name in FEATURES}, features=FEATURES)


def _identity(seed: int, row: int | None) -> int | None:
    return None if row is None else (abs(seed) + 1) * 10**9 + row


def _cells(post: Post, seed: int, size: int) -> dict[str, Any]:
    return {
        "images": [replace(picture, size=size).encoded() for picture in post.pictures],
        "id": _identity(seed, post.row),
        "author": post.author,
        "created_at": post.created_at.isoformat(timespec="seconds"),
        "text": post.text,
        "hashtags": post.hashtags,
        "likes": post.likes,
        "possibly_sensitive": post.possibly_sensitive,
        "retweet_of": _identity(seed, post.retweet_of),
        "in_reply_to": _identity(seed, post.in_reply_to),
        "truth_kind": post.kind,
        "truth_language": post.language,
        "truth_tissues": [picture.kind for picture in post.pictures],
        "truth_pathology": [picture.kind in TISSUES for picture in post.pictures],
        "truth_match": post.match,
        "truth_sensitive": post.sensitive,
        "truth_patient": post.patient,
        "truth_slide": post.slide,
        "truth_lab": post.lab,
    }
