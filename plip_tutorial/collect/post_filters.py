"""The paper's filters of posts (Huang et al. 2023): each a mask with a name.

>>> list(FILTERS)[:3]
['text in English', 'not a retweet', 'not marked sensitive']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset
from numpy.typing import NDArray

from plip_tutorial.collect.caption_text import asks, clean_text, has_words
from plip_tutorial.collect.language import is_english
from plip_tutorial.microcosm.threads import paper
from plip_tutorial.sources.tables import is_missing

Mask = NDArray[np.bool_]
Test = Callable[[Dataset], Mask]
RECOMMENDED: tuple[str, ...] = tuple(paper()["openpath"]["hashtags"])  # 32 hashtags of pathology's communities
PAPER_ORDER: tuple[str, ...] = tuple(paper()["openpath"]["filters_in_order"])
CLEANING = "text cleaning"


@dataclass(frozen=True)
class PostFilter:
    """A filter of posts: call it with a table of posts to get its mask, (n,), True to keep.

    Attributes:
        name: as the funnel shows it.
        test: from the posts still there to their mask.
        truth: from the posts to the mask as it should be; None where the filter has no right or wrong.
    """

    name: str
    test: Test
    truth: Test | None = None

    def __call__(self, posts: Dataset) -> Mask:
        """The mask of a table of posts."""
        return self.test(posts)


FILTERS: dict[str, PostFilter] = {}


def post_filter(name: str, *, truth: Test | None = None) -> Callable[[Test], PostFilter]:
    """Make a named filter of a function from posts to a mask; `pairs_from_posts` then finds it by its name."""

    def register(test: Test) -> PostFilter:
        FILTERS[name] = PostFilter(name, test, truth)
        return FILTERS[name]

    return register


def _unlike(column: str, value: Any) -> Test:
    """Truth of a filter: rows whose column has another value."""
    return lambda posts: np.array([cell != value for cell in posts[column][:]], bool)


@post_filter("text in English", truth=lambda posts: np.array(posts["truth_language"][:]) == "en")
def in_english(posts: Dataset) -> Mask:
    """The text is English or too short to tell. Links and hashtags look English in any language, so they go first."""
    return is_english(clean_text(text) for text in posts["text"][:])


@post_filter("not a retweet", truth=_unlike("truth_kind", "retweet"))
def not_a_retweet(posts: Dataset) -> Mask:
    """A retweet says what somebody has said already; a field of the platform or the old "RT @name" gives it away."""
    copied = np.array([not is_missing(original) for original in posts["retweet_of"][:]], bool)
    return ~copied & np.array([not text.lstrip().startswith("RT @") for text in posts["text"][:]], bool)


@post_filter("not marked sensitive", truth=_unlike("truth_sensitive", True))
def not_sensitive(posts: Dataset) -> Mask:
    """What the platform marks as possibly sensitive stays out."""
    return ~np.array(posts["possibly_sensitive"][:], bool)


@post_filter(
    "adds the reply with most likes", truth=lambda posts: ~is_reply(posts) | np.array(posts["truth_match"][:], bool)
)
def best_reply(posts: Dataset) -> Mask:
    """All posts; of the replies to a post that is still there the one with most likes, the earlier row among equals."""
    replies = is_reply(posts)
    here = {name for name, reply in zip(posts["id"][:], replies, strict=True) if not reply}
    best: dict[Any, tuple[int, int]] = {}
    for row, (parent, likes) in enumerate(zip(posts["in_reply_to"][:], posts["likes"][:], strict=True)):
        if replies[row] and parent in here:
            best[parent] = max(best.get(parent, (-1, 0)), (likes, -row))
    keep: Mask = ~replies
    keep[[-row for _, row in best.values()]] = True
    return keep


@post_filter("no question mark", truth=_unlike("truth_kind", "question"))
def states_something(posts: Dataset) -> Mask:
    """Questions ask for a diagnosis instead of giving one."""
    return np.array([not asks(text) for text in posts["text"][:]], bool)


@post_filter(CLEANING)
def words_are_left(posts: Dataset) -> Mask:
    """Something is left of the text when links, handles, hashtags and emoji are gone."""
    return np.array([has_words(clean_text(text)) for text in posts["text"][:]], bool)


def by_hashtag(posts: Dataset, hashtags: Iterable[str] = RECOMMENDED) -> Mask:
    """Posts under one of the hashtags, in any case, and the replies to them: what a search would have found."""
    wanted = {tag.lower().lstrip("#") for tag in hashtags}
    found = np.array([any(tag.lower() in wanted for tag in tags or ()) for tags in posts["hashtags"][:]], bool)
    threads = {name for name, hit in zip(posts["id"][:], found, strict=True) if hit}
    return found | np.array([parent in threads for parent in posts["in_reply_to"][:]], bool)


def is_reply(posts: Dataset) -> Mask:
    """Replies that speak about another post's pictures; one with pictures of its own counts as a post."""
    answers = np.array([not is_missing(parent) for parent in posts["in_reply_to"][:]], bool)
    lengths = pc.list_value_length(posts.select_columns("images").with_format("arrow")[:]["images"])  # none decoded
    return answers & (pc.fill_null(lengths, 0).to_numpy() == 0)
