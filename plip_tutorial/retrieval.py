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

from plip_tutorial.metrics import Score, average

Embeddings = NDArray[np.float32]
Ints = NDArray[np.int64]
BLOCK = 2**24  # dot products held at once: 64 MB
SAME = 1e-6  # cosines closer than this are a tie; float32 does not know better


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
    found_scores, found = [], []
    for scores, _ in _blocks(queries, targets, query_slides, target_slides):
        places = _top(scores, _checked_k(k))
        best = np.take_along_axis(scores, places, 1)
        found_scores.append(best)
        found.append(np.where(np.isneginf(best), -1, places))
    return np.concatenate(found_scores), np.concatenate(found)


def neighbours(embeddings: ArrayLike, k: int = 10, *, slides: ArrayLike | None = None) -> tuple[Embeddings, Ints]:
    """Picture to picture within one set: the k nearest others of each.

    Args:
        embeddings: (n, d) embeddings.
        k: neighbours of each.
        slides: (n,) slides; with them, pictures of the own slide are left out, not only the picture itself.

    Returns:
        Scores (n, k) and places (n, k), as `search`.
    """
    own = np.arange(len(np.asarray(embeddings))) if slides is None else slides
    return search(embeddings, embeddings, k, query_slides=own, target_slides=own)


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
    vector scores what chance scores.

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
    right_of = _Groups(len(np.asarray(queries)), len(np.asarray(targets)), groups, target_groups)
    at = _second(slides, target_slides)
    chances: list[NDArray[np.float64]] = []
    for scores, rows in _blocks(queries, targets, slides, at):
        chances.append(_hit_chances(scores, right_of.right(rows), ks))
    return _scored(np.concatenate(chances), ks, slides if slides is not None else groups)


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
        self.of_query = np.arange(q) if groups is None else np.asarray(groups)
        self.of_target = self.of_query if target_groups is None else np.asarray(target_groups)
        if len(self.of_query) != q or len(self.of_target) != n:
            lengths = f"{len(self.of_query)} and {len(self.of_target)}"
            raise ValueError(f"{q} queries and {n} targets, but {lengths} groups: pass target_groups too")

    def right(self, rows: slice) -> NDArray[np.bool_]:
        return np.asarray(np.equal.outer(self.of_query[rows], self.of_target))


def _second(first: ArrayLike | None, second: ArrayLike | None) -> ArrayLike | None:
    return first if second is None else second


def _blocks(
    queries: ArrayLike, targets: ArrayLike, query_slides: Any, target_slides: Any
) -> Iterator[tuple[Embeddings, slice]]:
    """Dot products of some queries with all targets, -inf for targets of the own slide; and which queries."""
    first, second = np.asarray(queries, np.float32), np.asarray(targets, np.float32)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1] or 0 in (len(first), len(second)):
        raise ValueError(f"expected queries (q, d) and targets (n, d), not empty; got {first.shape} and {second.shape}")
    if (query_slides is None) != (target_slides is None):
        raise ValueError("slides are needed for the queries and for the targets, or for neither")
    own, other = np.asarray(query_slides).reshape(-1), np.asarray(target_slides).reshape(-1)
    if query_slides is not None and (len(own), len(other)) != (len(first), len(second)):
        raise ValueError(f"{len(first)} queries and {len(second)} targets, but {len(own)} and {len(other)} slides")
    step = max(1, BLOCK // len(second))
    for start in range(0, len(first), step):
        rows = slice(start, start + step)
        scores = first[rows] @ second.T
        if query_slides is not None:
            scores[np.equal.outer(own[rows], other)] = -np.inf
        yield scores, rows


def _top(scores: Embeddings, k: int) -> Ints:
    """Places of the k largest in each row, best first, the lower place first among equals."""
    k = min(k, scores.shape[1])
    places = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    best = np.take_along_axis(scores, places, 1)
    order = np.argsort(-best, axis=1, kind="stable")
    places = np.take_along_axis(places, order, 1)
    ties = (scores >= best.min(1, keepdims=True)).sum(1) > k  # which of the equals got in was left to chance
    places[ties] = np.argsort(-scores[ties], axis=1, kind="stable")[:, :k]
    return places


def _hit_chances(scores: Embeddings, right: NDArray[np.bool_], ks: Sequence[int]) -> NDArray[np.float64]:
    """(q, len(ks)) chance of a right answer among the first k; NaN for a query without any."""
    right = right & ~np.isneginf(scores)
    best = np.where(right.any(1), np.where(right, scores, -np.inf).max(1), np.inf)[:, None]
    ahead = (scores > best + SAME).sum(1)
    tied = np.abs(scores - best) <= SAME
    among, good = tied.sum(1), (tied & right).sum(1)
    hits = [_draw_hits(good, among, np.clip(_checked_k(k) - ahead, 0, among)) for k in ks]
    return np.where(right.any(1, keepdims=True), np.stack(hits, 1), np.nan)


def _draw_hits(good: Ints, among: Ints, draws: Ints) -> NDArray[np.float64]:
    """Chance of at least one good among ``draws`` out of ``among`` (hypergeometric)."""
    bad = among - good
    possible = bad >= draws  # otherwise there are not enough bad ones to miss with
    log_miss = _log_choose(bad, np.minimum(draws, bad)) - _log_choose(among, draws)
    return np.where(possible, -np.expm1(np.minimum(log_miss, 0)), 1.0)


def _log_choose(n: Ints, k: Ints) -> NDArray[np.float64]:
    result: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return result


def _scored(chances: NDArray[np.float64], ks: Sequence[int], clusters: ArrayLike | None) -> dict[int, Score]:
    answered = ~np.isnan(chances[:, 0])
    if not answered.any():
        raise ValueError("no query has a right answer among the targets")
    kept = None if clusters is None else np.asarray(clusters)[answered]
    return {k: average(chances[answered, i], groups=kept) for i, k in enumerate(ks)}


def _checked_k(k: int) -> int:
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    return k
