"""The pair that the book follows from its post to the last doubt: one picture, one caption with a slip of the keyboard.

ours = artifacts.followed()
ours.text  # what the models read
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from PIL.Image import Image

from plip_tutorial import collect, microcosm, tracks
from plip_tutorial.artifacts import committed

#: The number of its post. A case of the training labs with one picture, and a reply that names the diagnosis.
FOLLOWED = 1_000_006_344


@dataclass(frozen=True)
class Followed:
    """One pair of the tiny corpus and where it came from.

    Attributes:
        id: of the post.
        post: all columns of the post as it was collected.
        replies: the texts of those who answered.
        image: its picture, RGB.
        text: its caption, cleaned, as it stands in the corpus.
    """

    id: int
    post: dict[str, Any]
    replies: list[str]
    image: Image
    text: str

    @cached_property
    def row(self) -> int:
        """Its place in `committed.corpus`.

        Raises:
            LookupError: if the corpus was made anew and has lost it.
        """
        found = [row for row, text in enumerate(committed.corpus()["text"]) if text == self.text]
        if len(found) != 1:
            raise LookupError(f"post {self.id} makes {len(found)} pairs of the corpus; another has to be followed.")
        return found[0]


def followed(*, size: int = 64) -> Followed:
    """The pair of the post `FOLLOWED`; takes two seconds.

    Args:
        size: pixels of its picture on a side; the models look at 64, a reader sees more in 224.
    """
    posts = microcosm.posts(tracks.TINY.posts, size=size)
    (place,) = [row for row, number in enumerate(posts["id"]) if number == FOLLOWED]
    post = posts[place]
    replies = [text for text, to in zip(posts["text"], posts["in_reply_to"], strict=True) if to == FOLLOWED]
    image = post["images"][0].convert("RGB")
    return Followed(FOLLOWED, post, replies, image, collect.clean_text(post["text"]))
