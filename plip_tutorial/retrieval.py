"""Search: words find pictures, pictures find words, pictures find pictures.

All three are the same: the dot products of a query with every target, and the largest of them. It is exact, in blocks
that fit into memory. `recall_at_k` says how often a right answer is among the first k.

Three things make the number honest. Several targets may be right (``groups``). Tiles cut from the query's own slide are
found by their stain alone, so they are left out (``slides``). And chance finds something too: `expected_random_recall`.

>>> points = np.eye(3, dtype=np.float32)
>>> recall_at_k(points, points, [1])[1].value
1.0
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from plip_tutorial.expand.vector_index import nearest
from plip_tutorial.metrics import score_input
from plip_tutorial.metrics.scores import Score, average

Embeddings = NDArray[np.float32]
Ints = NDArray[np.int64]
BLOCK = 2**24  # dot products held at once: 64 MB
SAME = 1e-6  # cosines closer than this are a tie; float32 does not know better
UNIT = 1e-3  # by how much a length may miss 1 in a unit vector


def search(
    queries: ArrayLike,
    targets: ArrayLike,
    k: int = 10,
    *,
    query_slides: ArrayLike | None = None,
    target_slides: ArrayLike | None = None,
) -> tuple[Embeddings, Ints]:
    """The k best targets of each query.

    Args:
        queries: (q, d) embeddings of words or pictures.
        targets: (n, d) embeddings to search.
        k: answers for each query; all of them if there are fewer targets.
        query_slides: (q,) where each query comes from. With ``target_slides``, targets of the same slide are left out.
        target_slides: (n,) where each target comes from.

    Returns:
        Scores (q, k) and places (q, k), best first, among equals the lower place first. Where leaving out leaves fewer
        than k, the score is -inf and the place -1.

    Raises:
        ValueError: if shapes do not fit or k is below 1.
    """
    first, second = _vectors(queries, targets)
    length = float(np.linalg.norm(first, axis=1).max() * np.linalg.norm(second, axis=1).max())
    apart = _slides(len(first), len(second), query_slides, target_slides)
    scores, places = nearest(first, second, min(_checked_k(k), len(second)), length=length, apart=apart)
    return scores.astype(np.float32), places


def neighbours(embeddings: ArrayLike, k: int = 10, *, slides: ArrayLike | None = None) -> tuple[Embeddings, Ints]:
    """Picture to picture within one set: the k nearest others of each.

    Args:
        embeddings: (n, d) embeddings.
        k: neighbours of each.
        slides: (n,) slides; with them, pictures of the own slide are left out, not only the picture itself.

    Returns:
        Scores (n, k) and places (n, k), as `search`.
    """
    vectors = score_input.embeddings(embeddings, empty=False)
    own = np.arange(len(vectors)) if slides is None else slides
    return search(vectors, vectors, k, query_slides=own, target_slides=own)


def recall_at_k(
    queries: ArrayLike,
    targets: ArrayLike,
    ks: Sequence[int] = (1, 5, 10),
    *,
    groups: ArrayLike | None = None,
    target_groups: ArrayLike | None = None,
    slides: ArrayLike | None = None,
    target_slides: ArrayLike | None = None,
) -> dict[int, Score]:
    """Share of the queries that have a right answer among their first k.

    Targets with the same score are taken in random order, exactly averaged: a model that gives every picture the same
    vector scores what chance scores. The same are dot products that float32 cannot tell apart, given the lengths of
    the vectors.

    Args:
        queries: (q, d) embeddings.
        targets: (n, d) embeddings.
        ks: the depths to look at.
        groups: (q,) a target is right if it has the query's group; without it, target i belongs to query i.
        target_groups: (n,) groups of the targets, if they are not those of the queries.
        slides: (q,) slides of the queries; targets of the own slide are left out.
        target_slides: (n,) slides of the targets, if they are not those of the queries.

    Returns:
        k -> score. Queries of one slide (or, without slides, of one group) are resampled together. A query without any
        right answer is left out, and not counted in ``n``.

    Raises:
        ValueError: if shapes do not fit, or no query has a right answer.
    """
    first, second = _vectors(queries, targets)
    right_of = _Groups(len(first), len(second), groups, target_groups)
    if np.ndim(ks) != 1 or len(ks) == 0:
        raise ValueError(f"ks is {ks!r}; pass a list of depths, such as [1, 5, 10]")
    ks = [_checked_k(k) for k in ks]
    lengths = np.linalg.norm(first, axis=1), np.linalg.norm(second, axis=1)
    at = slides if target_slides is None else target_slides
    chances: list[NDArray[np.float64]] = []
    for scores, rows in _blocks(first, second, slides, at):
        chances.append(_hit_chances(scores, right_of.right(rows), ks, lengths[0][rows], lengths[1]))
    found, clusters = np.concatenate(chances), slides if slides is not None else groups
    answered = ~np.isnan(found[:, 0])
    if not answered.any():
        raise ValueError("no query has a right answer among the targets")
    kept = None if clusters is None else np.asarray(clusters)[answered]
    return {k: average(found[answered, i], groups=kept) for i, k in enumerate(ks)}


def expected_random_recall(
    n_targets: int,
    ks: Sequence[int] = (1, 5, 10),
    *,
    groups: ArrayLike | None = None,
    target_groups: ArrayLike | None = None,
    slides: ArrayLike | None = None,
    target_slides: ArrayLike | None = None,
) -> dict[int, float]:
    """What `recall_at_k` is on average for targets in random order, computed and not drawn.

    >>> expected_random_recall(100, [10])
    {10: 0.1}
    """
    queries = np.zeros((n_targets if groups is None else len(np.asarray(groups)), 1), np.float32)
    options = {"groups": groups, "target_groups": target_groups, "slides": slides, "target_slides": target_slides}
    recall = recall_at_k(queries, np.zeros((n_targets, 1), np.float32), ks, **options)
    return {k: round(score.value, 12) for k, score in recall.items()}


class _Groups:
    """Which targets are right for which queries, a block of queries at a time."""

    def __init__(self, q: int, n: int, groups: ArrayLike | None, target_groups: ArrayLike | None) -> None:
        if groups is None and (q != n or target_groups is not None):
            raise ValueError(f"{q} queries and {n} targets do not pair up one to one: pass groups")
        same = groups if target_groups is None else target_groups
        if groups is not None and (len(np.asarray(groups)), len(np.asarray(same))) != (q, n):
            lengths = f"{len(np.asarray(groups))} and {len(np.asarray(same))}"
            raise ValueError(f"{q} queries and {n} targets, but {lengths} groups: pass target_groups too")
        self.of_query = np.arange(q) if groups is None else score_input.groups(groups, q)
        self.of_target = self.of_query if same is None else score_input.groups(same, n, "target_groups")
        _same_kind(self.of_query, self.of_target, "groups")

    def right(self, rows: slice) -> NDArray[np.bool_]:
        return np.asarray(np.equal.outer(self.of_query[rows], self.of_target))


def _vectors(queries: ArrayLike, targets: ArrayLike) -> tuple[Embeddings, Embeddings]:
    return score_input.one_space(queries, targets, ("queries (q, d)", "targets (n, d)"))


def _same_kind(first: NDArray[Any], second: NDArray[Any], what: str) -> None:
    if (first.dtype.kind == "U") != (second.dtype.kind == "U"):
        pair = f"{first[0].item()!r} of a query and {second[0].item()!r} of a target"
        raise TypeError(f"{what} are strings on one side and numbers on the other, such as {pair}: none would be equal")


def _blocks(
    first: Embeddings, second: Embeddings, query_slides: Any, target_slides: Any
) -> Iterator[tuple[Embeddings, slice]]:
    """Dot products of some queries with all targets, -inf for targets of the own slide; and which queries."""
    slides = _slides(len(first), len(second), query_slides, target_slides)
    step = max(1, BLOCK // len(second))
    for start in range(0, len(first), step):
        rows = slice(start, start + step)
        scores = first[rows] @ second.T
        if slides is not None:
            scores[np.equal.outer(slides[0][rows], slides[1])] = -np.inf
        yield scores, rows


def _slides(q: int, n: int, of_queries: Any, of_targets: Any) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The slides of both sides, or None where none were given."""
    if (of_queries is None) != (of_targets is None):
        raise ValueError("slides are needed for the queries and for the targets, or for neither")
    if of_queries is None:
        return None
    own, other = np.asarray(of_queries), np.asarray(of_targets)
    if (own.size, other.size) != (q, n):
        raise ValueError(f"{q} queries and {n} targets, but {own.size} and {other.size} slides")
    own, other = score_input.groups(own, q, "slides"), score_input.groups(other, n, "slides")
    _same_kind(own, other, "slides")
    return own, other


def _hit_chances(
    scores: Embeddings, right: NDArray[np.bool_], ks: Sequence[int], of_query: Embeddings, of_target: Embeddings
) -> NDArray[np.float64]:
    """(q, len(ks)) chance of a right answer among the first k; NaN for a query without any."""
    right = right & ~np.isneginf(scores)
    places = np.where(right, scores, -np.inf).argmax(1)
    found = np.take_along_axis(scores, places[:, None], 1)
    best = np.where(right.any(1, keepdims=True), found, np.float32(np.inf))
    same = _rounding(of_query, of_target, places)
    ahead = (scores > best + same).sum(1)
    tied = np.abs(scores - best) <= same
    among, good = tied.sum(1), (tied & right).sum(1)
    hits = [_draw_hits(good, among, np.clip(k - ahead, 0, among)) for k in ks]
    return np.where(right.any(1, keepdims=True), np.stack(hits, 1), np.nan)


def _rounding(of_query: Embeddings, of_target: Embeddings, places: Ints) -> Embeddings | float:
    """How far apart two dot products may be by rounding alone: `SAME` for unit vectors, else as long as the vectors."""
    if all(np.abs(lengths - 1).max() < UNIT for lengths in (of_query, of_target)):
        return SAME
    longer = np.maximum(of_target, of_target[places][:, None])  # (q, n): of the target, and of the best right one
    return np.asarray(np.float32(SAME) * of_query[:, None] * longer)


def _draw_hits(good: Ints, among: Ints, draws: Ints) -> NDArray[np.float64]:
    """Chance of at least one good among ``draws`` out of ``among`` (hypergeometric)."""
    bad = among - good
    possible = bad >= draws  # otherwise there are not enough bad ones to miss with
    log_miss = _log_choose(bad, np.minimum(draws, bad)) - _log_choose(among, draws)
    return np.where(possible, -np.expm1(np.minimum(log_miss, 0)), 1.0)


def _log_choose(n: Ints, k: Ints) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result


def _checked_k(k: int) -> int:
    if k < 1 or k != int(k):
        raise ValueError(f"k is {k}; it must be a whole number of at least 1")
    return int(k)
