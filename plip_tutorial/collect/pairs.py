"""Chapter 2: from posts to pairs of an image and a caption.

The paper's filters (Huang et al. 2023) in the paper's order, each a mask with a name, each optional and reorderable.
A funnel counts what every filter keeps and drops and, where the truth is known, how often it is right.

    pairs, funnel = pairs_from_posts(posts)
    funnel.table()
    funnel.wrong("no question mark")
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from plip_tutorial.collect.exports import FEATURES, Problem, read_posts
from plip_tutorial.collect.funnel import Funnel
from plip_tutorial.collect.language import is_english
from plip_tutorial.collect.post_text import Hashtags, asks, clean_text, has_words
from plip_tutorial.collect.thread_pictures import PictureTest, ThreadPictures, is_reply
from plip_tutorial.microcosm.threads import paper
from plip_tutorial.sources.tables import is_missing

__all__ = [
    "FILTERS", "PAPER_ORDER", "RECOMMENDED", "PostFilter", "Problem", "by_hashtag", "clean_text", "pairs_from_posts",
    "post_filter", "read_posts",
]  # fmt: skip

Mask = NDArray[np.bool_]
Test = Callable[[Dataset], Mask]
RECOMMENDED: tuple[str, ...] = tuple(paper()["openpath"]["hashtags"])  # 32 hashtags of pathology's communities
PAPER_ORDER: tuple[str, ...] = tuple(paper()["openpath"]["filters_in_order"])
PICTURES, CLEANING = PAPER_ORDER[-1], "text cleaning"


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


def by_hashtag(posts: Dataset, hashtags: Iterable[str] = RECOMMENDED) -> Mask:
    """Posts under one of the hashtags, in any case, and the replies to them: what a search would have found."""
    wanted = {tag.lower().lstrip("#") for tag in hashtags}
    found = np.array([any(tag.lower() in wanted for tag in tags or ()) for tags in posts["hashtags"][:]], bool)
    threads = {name for name, hit in zip(posts["id"][:], found, strict=True) if hit}
    return found | np.array([parent in threads for parent in posts["in_reply_to"][:]], bool)


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


def _describes_if_reply(posts: Dataset) -> Mask:
    return ~is_reply(posts) | np.array(posts["truth_match"][:], bool)


@post_filter("adds the reply with most likes", truth=_describes_if_reply)
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


def pairs_from_posts(
    posts: Dataset,
    *,
    filters: Sequence[str | PostFilter] = PAPER_ORDER,
    hashtags: Hashtags = "drop",
    is_pathology: PictureTest | None = None,
) -> tuple[Dataset, Funnel]:
    """Turn posts and their best replies into pairs of an image and a caption.

    Args:
        posts: table with the columns of `exports.FEATURES`. Columns ``truth_...``, if it has them, grade the filters.
        filters: names in `FILTERS`, or filters of your own, in the order in which they are to be applied. Without
            "text cleaning" the texts stay as they were posted.
        hashtags: whether cleaning drops hashtags or keeps their text.
        is_pathology: what the filter "non-pathology images removed" asks about a list of PIL images, (n,) bool. Without
            it that filter is left out, since telling pictures apart is the matter of chapter 4.

    Returns:
        The pairs, and the funnel over the rows of ``posts``. A post with three pictures and a reply makes six pairs,
        which share a ``group_id``: the row of the post. ``source`` is "tweet" or "reply".

    Raises:
        TypeError: no table, such as both answers of `read_posts` at once.
        ValueError: an unknown filter or word for hashtags, a column that is missing, or a post whose text is.
    """
    if not isinstance(posts, Dataset):
        hint = "Write: posts, problems = read_posts(path)" if isinstance(posts, tuple) else "read_posts(path) makes one"
        raise TypeError(f"posts is a {type(posts).__name__}, but a table (datasets.Dataset) is needed. {hint}.")
    if hashtags not in get_args(Hashtags):
        raise ValueError(f"hashtags is {hashtags!r}; choose drop or keep.")
    filters = [filters] if isinstance(filters, str | PostFilter) else filters
    missing = set(FEATURES) - set(posts.column_names)
    if missing:
        raise ValueError(f"posts lack the columns {sorted(missing)}. Read your own export with read_posts(path).")
    if silent := [row for row, text in enumerate(posts["text"][:]) if text is None]:
        raise ValueError(f"{len(silent)} posts have no text, the first of them in row {silent[0]}. Write '' there.")
    pictures = ThreadPictures(posts, is_pathology)
    chosen = [_look_up(one, pictures) for one in filters if one != PICTURES or is_pathology is not None]
    funnel = Funnel(len(posts), wanted=pictures.wanted() if pictures.graded else None)
    table = posts.add_column("row", np.arange(len(posts)))
    for one in chosen:
        _apply(one, table, funnel, graded=pictures.graded)
    cleaned = any(one.name == CLEANING for one in chosen)
    alive = [int(row) for row in np.flatnonzero(funnel.alive)]
    raw = posts.select_columns("text").select(alive)["text"]
    texts = [clean_text(text, hashtags=hashtags) if cleaned else _said(text) for text in raw]
    return pictures.pairs(alive, texts), funnel


def _said(text: str) -> str:
    """A raw text; one without a word does not pass unnoticed."""
    if not has_words(text):
        warnings.warn(f"the caption {text!r} holds no word. Add the filter {CLEANING!r}.", stacklevel=4)
    return text


def _look_up(one: str | PostFilter, pictures: ThreadPictures) -> PostFilter:
    if isinstance(one, PostFilter):
        return one
    known = {**FILTERS, PICTURES: PostFilter(PICTURES, pictures.any_kept, pictures.any_true)}
    if one not in known:
        raise ValueError(f"unknown filter {one!r}. Choose one of: {', '.join(known)}; or pass a PostFilter.")
    return known[one]


def _apply(one: PostFilter, posts: Dataset, funnel: Funnel, *, graded: bool) -> None:
    """Show a filter the posts that are still there, and enter its mask into the funnel."""
    alive = np.flatnonzero(funnel.alive)
    there = posts.select(alive)

    def everywhere(mask: Mask) -> Mask:
        whole = np.zeros(len(posts), bool)
        whole[alive] = mask
        return whole

    truth = everywhere(one.truth(there)) if graded and one.truth is not None else None
    funnel.add(one.name, everywhere(one(there)), truth)
