"""Search and recall against loops, with ties, several right answers and slides."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plip_tutorial import retrieval
from plip_tutorial.retrieval import expected_random_recall, neighbours, recall_at_k, search

# Small whole numbers: sums are exact, and ties are frequent.
vectors = st.integers(1, 9).flatmap(lambda n: hnp.arrays(np.float32, (n, 3), elements=st.integers(-2, 2).map(float)))


@given(vectors, vectors, st.integers(1, 12), st.sampled_from([1, 7, 2**24]))
@settings(deadline=None)
def test_search_equals_sorting_everything(queries: np.ndarray, targets: np.ndarray, k: int, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "BLOCK", block)
        scores, places = search(queries, targets, k)
    for query, row, best in zip(queries, places, scores, strict=True):
        dots = [float(query @ target) for target in targets]
        expected = sorted(range(len(targets)), key=lambda i: (-dots[i], i))[:k]
        assert row.tolist() == expected
        assert best.tolist() == [dots[i] for i in expected]


@given(vectors, st.integers(1, 12), st.data())
@settings(deadline=None)
def test_neighbours_come_from_other_slides(points: np.ndarray, k: int, data: st.DataObject) -> None:
    slides = np.array(data.draw(st.lists(st.sampled_from("ab"), min_size=len(points), max_size=len(points))))
    for own in (None, slides):
        scores, places = neighbours(points, k, slides=own)
        for i, row in enumerate(places):
            allowed = [j for j in range(len(points)) if (j != i if own is None else own[j] != own[i])]
            expected = sorted(allowed, key=lambda j: (-float(points[i] @ points[j]), j))[:k]
            assert row.tolist() == expected + [-1] * (min(k, len(points)) - len(expected))
            assert np.isneginf(scores[i][row == -1]).all()


def slow_recall(dots: np.ndarray, right: np.ndarray, allowed: np.ndarray, k: int) -> list[float]:
    """Every order of the targets that breaks ties differently, one after the other."""
    hits = []
    for i in range(len(dots)):
        own = np.flatnonzero(allowed[i])
        if not right[i, own].any():
            continue
        ranked = [sorted(order, key=lambda j: -dots[i, j])[:k] for order in permutations(own)]
        hits.append(float(np.mean([right[i, first].any() for first in ranked])))
    return hits


small = hnp.arrays(np.float32, st.tuples(st.integers(1, 4), st.just(2)), elements=st.integers(-1, 1).map(float))
targets_of = hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.just(2)), elements=st.integers(-1, 1).map(float))


@given(small, targets_of, st.data())
@settings(deadline=None, max_examples=150)
def test_recall_averages_over_all_orders_of_ties(queries: np.ndarray, targets: np.ndarray, data: st.DataObject) -> None:
    draw = lambda n: np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))  # noqa: E731
    groups, target_groups = draw(len(queries)), draw(len(targets))
    slides, target_slides = draw(len(queries)), draw(len(targets))
    right = groups[:, None] == target_groups
    for kept, options in (
        (np.ones_like(right), {}),
        (slides[:, None] != target_slides, {"slides": slides, "target_slides": target_slides}),
    ):
        slow = {k: slow_recall(queries @ targets.T, right, kept, k) for k in (1, 2, 9)}
        if not slow[1]:
            with pytest.raises(ValueError, match="no query has a right answer"):
                recall_at_k(queries, targets, [1], groups=groups, target_groups=target_groups, **options)
            continue
        ours = recall_at_k(queries, targets, [1, 2, 9], groups=groups, target_groups=target_groups, **options)
        assert {k: score.value for k, score in ours.items()} == pytest.approx(
            {k: np.mean(hits) for k, hits in slow.items()}
        )
        assert ours[1].n == len(slow[1])


def test_pairs_one_to_one() -> None:
    draw = np.random.default_rng(0)
    texts = draw.normal(size=(200, 8))
    images = texts + draw.normal(size=(200, 8))
    ours = recall_at_k(texts, images, [1, 5, 200])
    dots = texts @ images.T
    ranks = [(dots[i] > dots[i, i]).sum() for i in range(200)]
    for k, score in ours.items():
        assert score.value == pytest.approx(np.mean(np.array(ranks) < k))
        assert score.low <= score.value <= score.high
    assert ours[200].value == 1


@pytest.mark.parametrize("length", [8e-4, 1e-3, 1.0, 1.01, 1e3, 1e6])
def test_recall_does_not_depend_on_the_length_of_the_vectors(length: float) -> None:
    assert recall_at_k(length * np.eye(3), length * np.eye(3), [1])[1].value == 1
    draw = np.random.default_rng(0)
    texts = draw.normal(size=(200, 16)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    images = texts + 0.3 * draw.normal(size=(200, 16)).astype(np.float32)
    images[100:] = images[:100]  # each picture twice: exact ties
    own = recall_at_k(texts, images, [1, 5])
    assert 0.1 < own[1].value < own[5].value < 0.9
    powers = length * 10.0 ** draw.integers(-3, 3, (200, 1))  # each query by a number of its own
    for queries, targets in ((length * texts, images), (texts, length * images), (powers * texts, length * images)):
        assert recall_at_k(queries, targets, [1, 5]) == own


@pytest.mark.parametrize("length", [1e-3, 1.0, 50.0])
def test_what_float32_cannot_tell_apart_is_a_tie(length: float) -> None:
    draw = np.random.default_rng(0)
    one = draw.normal(size=64)
    one *= length / np.linalg.norm(one)
    for share, tied in ((3e-7, True), (1e-5, False)):  # the others are ahead by rounding, or by more
        targets = np.stack([one, *[one * (1 + share)] * 3])
        score = recall_at_k(one[None], targets, [1], groups=[0], target_groups=[0, 1, 1, 1])[1].value
        assert score == pytest.approx(0.25 if tied else 0)


def test_a_long_vector_makes_no_tie_among_the_short_ones() -> None:
    targets = np.vstack([np.eye(3) * [[1.0], [0.5], [0.2]], [[-1e6, -1e6, -1e6]]])
    query = np.array([[0.5, 0.6, 0.1]])
    ours = recall_at_k(query, targets, [1], groups=[0], target_groups=[0, 1, 1, 1])
    assert ours[1].value == 1
    assert search(query, targets, 1)[1].tolist() == [[0]]


def test_more_answers_than_targets_are_all_of_them() -> None:
    points = np.eye(3, dtype=np.float32)
    assert recall_at_k(points, points, [3, 100]) == dict.fromkeys([3, 100], recall_at_k(points, points, [3])[3])
    assert search(points, points, 100)[1].shape == (3, 3)
    assert recall_at_k(0 * points, points, [1])[1].value == pytest.approx(1 / 3)  # zero vectors: all are equal


def test_a_collapsed_model_scores_what_chance_scores() -> None:
    # Counting only those strictly ahead would give it a recall of 1.
    same = np.ones((50, 4), np.float32) / 2
    groups = np.arange(50) // 5
    for options in ({}, {"groups": groups}, {"groups": groups, "slides": np.arange(50) % 7}):
        ours = recall_at_k(same, same, [1, 10], **options)
        chance = expected_random_recall(50, [1, 10], **options)
        assert {k: score.value for k, score in ours.items()} == pytest.approx(chance)
        assert chance[10] < 0.9


def test_expected_random_recall_is_the_mean_of_random_orders() -> None:
    assert expected_random_recall(40, [1, 5, 40]) == {1: 1 / 40, 5: 5 / 40, 40: 1.0}
    groups, targets = np.array([0, 1]), np.array([0] * 3 + [1] * 7 + [2] * 20)
    exact = [1 - math.comb(27, 5) / math.comb(30, 5), 1 - math.comb(23, 5) / math.comb(30, 5)]
    ours = expected_random_recall(30, [5], groups=groups, target_groups=targets)
    assert ours[5] == pytest.approx(np.mean(exact))
    draw = np.random.default_rng(0)
    queries, gallery = draw.normal(size=(4000, 200)), draw.normal(size=(30, 200))
    sampled = recall_at_k(queries, gallery, [5], groups=np.zeros(4000), target_groups=targets)
    assert sampled[5].value == pytest.approx(exact[0], abs=0.05)


def test_queries_of_one_slide_are_resampled_together() -> None:
    draw = np.random.default_rng(0)
    good, slides = draw.random(30) < 0.6, np.repeat(np.arange(30), 20)
    x = np.zeros((600, 601), np.float32)
    hit = np.where(good[slides], np.arange(600), 600)
    x[np.arange(600), hit] = 1
    targets = np.eye(600, 601, dtype=np.float32)
    alone = recall_at_k(x, targets, [1])[1]
    together = recall_at_k(x, targets, [1], groups=slides)[1]
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: search(x, np.zeros((3, 9))), r"got \(4, 8\) and \(3, 9\)"),
        (lambda x: search(x[0], x), "expected queries"),
        (lambda x: search(x, x[:0]), "not empty"),
        (lambda x: search(x, x, 0), "k is 0"),
        (lambda x: search(x, x, query_slides=[1] * 4), "for neither"),
        (lambda x: search(x, x, query_slides=[1] * 4, target_slides=[1] * 3), "4 and 3 slides"),
        (lambda x: recall_at_k(x, x[:3], [1]), "do not pair up"),
        (lambda x: recall_at_k(x, x[:3], [1], groups=[1] * 4), "pass target_groups"),
        (lambda x: recall_at_k(x, x, [0]), "k is 0"),
        (lambda x: recall_at_k(x, x, [1], groups=[1] * 4, slides=[1] * 4), "no query has a right answer"),
    ],
)
def test_mistakes_are_explained(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call(np.ones((4, 8), np.float32))
