"""From posts to pairs of an image and a caption.

The filters run in the paper's order, each optional and reorderable. A funnel counts what every filter keeps and drops
and, where the truth is known, how often it is right. A reply speaks about the pictures of the post it answers. From
here the ``group_id`` comes that runs through to training: all pairs of a thread share the row of its post.

    pairs, funnel = pairs_from_posts(posts)
    funnel.table()
    funnel.wrong("no question mark")
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, get_args

import numpy as np
from datasets import Dataset, Features, Image, Value
from numpy.typing import NDArray

from plip_tutorial.collect.caption_text import Hashtags, clean_text, has_words
from plip_tutorial.collect.exports import FEATURES
from plip_tutorial.collect.funnel import Funnel
from plip_tutorial.collect.post_filters import CLEANING, FILTERS, PAPER_ORDER, Mask, PostFilter, Test, is_reply

PictureTest = Callable[[list[Any]], Mask]
PICTURES = PAPER_ORDER[-1]
BATCH = 512  # posts whose pictures are in memory at once
_TEXT, _FLAG = Value("string"), Value("bool")
PAIR = {"image": Image(), "text": _TEXT, "group_id": Value("int64"), "source": _TEXT}
TRUTH = {
    "truth_pathology": _FLAG, "truth_match": _FLAG, "truth_tissue": _TEXT, "truth_language": _TEXT,
    "truth_patient": _TEXT, "truth_slide": _TEXT,
}  # fmt: skip
# What has to be known of posts to grade filters and pairs.
NEEDED = {"truth_kind", "truth_sensitive", "truth_tissues", *TRUTH} - {"truth_tissue"}


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
        is_pathology: what the filter "non-pathology images removed" asks about a list of PIL images, (n,) bool, such as
            `clean.is_pathology`. Without it that filter is left out.

    Returns:
        The pairs, and the funnel over the rows of ``posts``. A post with three pictures and a reply makes six pairs,
        which share a ``group_id``: the row of the post. ``source`` is "tweet" or "reply".

    Raises:
        TypeError: no table, such as both answers of `read_posts` at once.
        ValueError: an unknown filter or word for hashtags, a column that is missing, or a post whose text is.
    """
    _check(posts, hashtags)
    graded, owner = set(posts.column_names) >= NEEDED, owners(posts)
    kept: dict[int, list[bool]] = {}
    known = dict(FILTERS)
    if is_pathology is not None:
        known[PICTURES] = _picture_filter(posts, owner, is_pathology, kept)
    filters = [filters] if isinstance(filters, str | PostFilter) else filters
    chosen = [_look_up(one, known) for one in filters if one != PICTURES or is_pathology is not None]
    wanted: Mask | None = None
    if graded:  # what a perfect pipeline keeps: English, describing, about pathology, and no retweet
        good = np.array(posts["truth_match"][:], bool) & (np.array(posts["truth_language"][:]) == "en")
        wanted = good & (np.array(posts["truth_kind"][:]) != "retweet") & _any_true(posts, owner)
    funnel = Funnel(len(posts), wanted=wanted)
    table = posts.add_column("row", np.arange(len(posts)))
    for one in chosen:
        truth = _ask(one.truth, table, funnel.alive) if graded and one.truth is not None else None
        funnel.add(one.name, _ask(one, table, funnel.alive), truth)
    rows = np.flatnonzero(funnel.alive).tolist()
    texts = posts.select_columns("text").select(rows)["text"][:]
    if any(one.name == CLEANING for one in chosen):
        texts = [clean_text(text, hashtags=hashtags) for text in texts]
    elif wordless := [text for text in texts if not has_words(text)]:
        told = f"{len(wordless)} of {len(texts)} captions hold no word, the first of them {wordless[0]!r}"
        warnings.warn(f"{told}. Add the filter {CLEANING!r}.", stacklevel=2)
    return _pairs(posts, owner, kept, rows, texts, graded=graded), funnel


def _check(posts: Any, hashtags: str) -> None:
    if not isinstance(posts, Dataset):
        hint = "Write: posts, problems = read_posts(path)" if isinstance(posts, tuple) else "read_posts(path) makes one"
        raise TypeError(f"posts is a {type(posts).__name__}, but a table (datasets.Dataset) is needed. {hint}.")
    if hashtags not in get_args(Hashtags):
        raise ValueError(f"hashtags is {hashtags!r}; choose drop or keep.")
    if missing := set(FEATURES) - set(posts.column_names):
        raise ValueError(f"posts lack the columns {sorted(missing)}. Read your own export with read_posts(path).")
    if silent := [row for row, text in enumerate(posts["text"][:]) if text is None]:
        raise ValueError(f"{len(silent)} posts have no text, the first of them in row {silent[0]}. Write '' there.")


def _look_up(one: str | PostFilter, known: dict[str, PostFilter]) -> PostFilter:
    if isinstance(one, str) and one not in known:
        raise ValueError(f"unknown filter {one!r}. Choose one of: {', '.join(known)}; or pass a PostFilter.")
    return known[one] if isinstance(one, str) else one


def _ask(test: Test, table: Dataset, alive: Mask) -> Mask:
    """Show a filter the posts that are still there: its mask over all, False elsewhere."""
    mask = np.zeros(len(table), bool)
    mask[alive] = test(table.select(np.flatnonzero(alive)))
    return mask


def owners(posts: Dataset) -> NDArray[np.int64]:
    """For each row the row whose pictures it speaks about, (n,): its own or, in a reply, its post's; -1 if not here."""
    rows = {name: row for row, name in enumerate(posts["id"][:])}
    parents = zip(is_reply(posts), posts["in_reply_to"][:], strict=True)
    return np.array([rows.get(parent, -1) if reply else row for row, (reply, parent) in enumerate(parents)], np.int64)


def _picture_filter(
    posts: Dataset, owner: NDArray[np.int64], is_pathology: PictureTest, kept: dict[int, list[bool]]
) -> PostFilter:
    """Rows that speak about a picture that passes the test; ``kept`` remembers the verdict about each picture."""

    def any_kept(there: Dataset) -> Mask:
        rows = owner[there["row"][:]].tolist()
        asked = [row for row in dict.fromkeys(rows) if row >= 0]
        for batch in (asked[start : start + BATCH] for start in range(0, len(asked), BATCH)):
            pictures = [images or [] for images in posts.select(batch)["images"]]
            flat = [image for images in pictures for image in images]
            verdicts = np.asarray(is_pathology(flat), bool)
            if verdicts.shape != (len(flat),):
                raise ValueError(f"is_pathology got {len(flat)} pictures and gave an answer of shape {verdicts.shape}.")
            answers = iter(verdicts.tolist())
            kept.update((row, list(islice(answers, len(images)))) for row, images in zip(batch, pictures, strict=True))
        return np.array([any(kept.get(row, ())) for row in rows], bool)

    return PostFilter(PICTURES, any_kept, lambda there: _any_true(posts, owner[there["row"][:]]))


def _any_true(posts: Dataset, owner: NDArray[np.int64]) -> Mask:
    """Whether the posts in some rows have a picture of pathology, by the truth."""
    truth = posts["truth_pathology"][:]
    return np.array([row >= 0 and any(truth[row]) for row in owner], bool)


def _pairs(
    posts: Dataset,
    owner: NDArray[np.int64],
    kept: dict[int, list[bool]],
    rows: Sequence[int],
    texts: Sequence[str],
    *,
    graded: bool,
) -> Dataset:
    """A pair for each picture that each of the rows speaks about and that was kept; ``texts`` are their captions."""
    used = sorted({int(owner[row]) for row in rows if owner[row] >= 0})
    stored = posts.select_columns("images").with_format("arrow").select(used)[:]["images"].to_pylist()  # not decoded
    images = {row: cell or [] for row, cell in zip(used, stored, strict=True)}
    spoken = [
        (row, int(owner[row]), k, text)
        for row, text in zip(rows, texts, strict=True)
        if owner[row] >= 0
        for k, good in enumerate(kept.get(int(owner[row]), [True] * len(images[int(owner[row])])))
        if good
    ]
    columns: dict[str, list[Any]] = {
        "image": [images[post][k] for _, post, k, _ in spoken],
        "text": [text for *_, text in spoken],
        "group_id": [post for _, post, _, _ in spoken],
        "source": ["tweet" if row == post else "reply" for row, post, _, _ in spoken],
    }
    if graded:  # a text describes the first picture, and further ones if they show the same tissue
        truth = {name: posts[name][:] for name in NEEDED}
        tissues = truth["truth_tissues"]
        columns |= {
            "truth_pathology": [truth["truth_pathology"][post][k] for _, post, k, _ in spoken],
            "truth_match": [truth["truth_match"][r] and tissues[p][k] == tissues[p][0] for r, p, k, _ in spoken],
            "truth_tissue": [tissues[post][k] for _, post, k, _ in spoken],
            "truth_language": [truth["truth_language"][row] for row, *_ in spoken],
            "truth_patient": [truth["truth_patient"][post] for _, post, _, _ in spoken],
            "truth_slide": [truth["truth_slide"][post] for _, post, _, _ in spoken],
        }
    return Dataset.from_dict(columns, features=Features(PAIR | (TRUTH if graded else {})))
