from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import precision_score, recall_score

from plip_tutorial.expand.neighbours import SAME, ApproximateIndex, VectorIndex, choose_threshold, expand
from plip_tutorial.microcosm.seeding import rng


def unit_vectors(*key, n, dim):
    vectors = rng(*key).normal(size=(n, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def slow_expand(seeds, pool, k, threshold):
    """Each seed by itself: its k nearest, without the seeds' own pictures; then the best of all seeds."""
    similarity = seeds.astype(np.float64) @ pool.astype(np.float64).T
    lengths = np.outer(*(np.linalg.norm(vectors.astype(np.float64), axis=1) for vectors in (seeds, pool)))
    cosine = (similarity / lengths).max(0)
    asked = {int(j) for row in similarity for j in np.argsort(-row, kind="stable")[:k] if row[j] >= threshold}
    return {j: (similarity[:, j].max(), similarity[:, j].argmax()) for j in asked if cosine[j] <= SAME}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), k=st.integers(1, 70), threshold=st.floats(-1, 1))
def test_equals_the_plain_loop(seed, n, k, threshold):
    seeds, pool = unit_vectors("seeds", seed, n=7, dim=6), unit_vectors("pool", seed, n=n, dim=6)
    pool = np.concatenate([pool, seeds[:3]])  # three seeds are on the web already
    found = expand(seeds, pool, k=k, threshold=threshold)
    expected = slow_expand(seeds, pool, k, threshold)
    assert set(found.indices.tolist()) == set(expected)
    assert len(found) == len(expected)  # none comes back twice
    assert (np.diff(found.scores) <= 0).all()
    for index, score, nearest in zip(found.indices, found.scores, found.seeds, strict=True):
        assert (score, nearest) == (pytest.approx(expected[index][0], abs=1e-6), expected[index][1])


def test_seeds_stay_out_even_where_the_pool_holds_more_copies_than_k():
    seeds = unit_vectors("seeds", n=2, dim=4)
    seeds[1] = 0.999 * seeds[0] + np.sqrt(1 - 0.999**2) * _across(seeds[0])
    pool = np.concatenate([np.repeat(seeds[:1], 5, axis=0), unit_vectors("pool", n=3, dim=4)])
    assert expand(seeds, pool, k=2, threshold=0.9).indices.tolist() == []


def test_what_reaches_the_threshold_exactly_comes_back():
    seeds, pool = np.array([[1.0, 0.0]]), np.array([[0.6, 0.8], [0.5, np.sqrt(0.75)]])
    assert expand(seeds, pool, k=2, threshold=np.float32(0.6)).indices.tolist() == [0]
    assert expand(seeds, pool, k=2, threshold=0.5).indices.tolist() == [0, 1]


@pytest.mark.parametrize("dim", [8, 128, 512])
@pytest.mark.parametrize("kind", [(np.float32, np.float16), (np.float16, np.float32), (np.float16, np.float16)])
def test_seeds_stay_out_of_what_half_precision_finds(dim, kind):
    seeds, others = unit_vectors("seeds", n=200, dim=dim), unit_vectors("pool", n=300, dim=dim)
    across = np.array([_across(seed) for seed in seeds[:50]])
    far = np.cos(0.003) * seeds[:50] + np.sin(0.003) * across  # cosine 1 - 4.5e-6: another picture
    pool = np.concatenate([seeds, others, far])
    found = expand(seeds.astype(kind[0]), pool.astype(kind[1]), k=5, threshold=-1)
    assert found.indices.min() >= 200
    assert set(range(500, 550)) <= set(found.indices.tolist())
    assert set(found.indices.tolist()) == set(slow_expand(seeds.astype(kind[0]), pool.astype(kind[1]), 5, -1))


def test_a_seed_is_known_though_another_of_greater_length_has_the_larger_product():
    near = np.array([[1.0, 0.0], [np.cos(0.01), np.sin(0.01)]])
    seeds = near * np.array([[1.0], [1.004]])
    assert expand(seeds, near[:1], k=1, threshold=0.9).indices.tolist() == []


def _across(vector):
    other = np.roll(vector, 1)
    other -= (other @ vector) * vector
    return other / np.linalg.norm(other)


def test_gain_counts_true_items_for_each_thousand():
    pool = np.eye(4, dtype=np.float32)
    seeds = np.array([[0.8, 0.6, 0, 0]], np.float32)
    found = expand(seeds, pool, k=4, threshold=0.5)
    assert found.indices.tolist() == [0, 1]
    assert found.gain([True, False, True, True]) == 500
    assert expand(seeds, pool, k=4, threshold=0.9).gain([True] * 4) == 0


def test_an_index_may_stand_for_the_pool():
    seeds, pool = unit_vectors("seeds", n=9, dim=8), unit_vectors("pool", n=600, dim=8)
    plain = expand(seeds, pool, k=5, threshold=0.2)
    indexes = [VectorIndex(pool, block=100)]
    if find_spec("faiss"):
        indexes.append(ApproximateIndex(pool, lists=4, code_bytes=4, probes=4, shortlist=120))  # looks everywhere
    for index in indexes:
        found = expand(seeds, index, k=5, threshold=0.2)
        for mine, expected in zip(vars(found).values(), vars(plain).values(), strict=True):
            np.testing.assert_array_equal(mine, expected)
    if find_spec("faiss"):
        few = ApproximateIndex(pool, lists=100, code_bytes=4, probes=1)  # cells with fewer than k: no row -1 comes back
        assert expand(seeds, few, k=200, threshold=-np.inf).indices.min() >= 0


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="k is 0"):
        expand(np.eye(3), np.eye(3), k=0, threshold=0.5)
    with pytest.raises(ValueError, match="queries has 2 columns"):
        expand(np.eye(2), np.eye(3), k=1, threshold=0.5)


@settings(max_examples=100, deadline=None)
@given(
    examples=st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=30),
    wanted=st.sampled_from([0.1, 0.5, 0.75, 0.9, 1.0]),
)
def test_the_threshold_is_the_one_with_most_recall_among_those_precise_enough(examples, wanted):
    scores, labels = np.array([s for s, _ in examples]) / 8, np.array([right for _, right in examples])
    precise = [t for t in np.unique(scores) if precision_score(labels, scores >= t, zero_division=0) >= wanted - 1e-12]
    if not precise:
        with pytest.raises(ValueError, match="no threshold reaches"):
            choose_threshold(scores, labels, wanted)
        return
    chosen = choose_threshold(scores, labels, wanted)
    assert chosen == min(precise)
    assert recall_score(labels, scores >= chosen) == max(recall_score(labels, scores >= t) for t in precise)


def test_weights_count_like_repeated_examples():
    draw = rng("weights")
    labels = draw.random(200) < 0.6
    scores, weights = (draw.normal(size=200) + labels).round(2), draw.integers(1, 5, 200)
    repeated = choose_threshold(np.repeat(scores, weights), np.repeat(labels, weights), 0.8)
    assert choose_threshold(scores, labels, 0.8, weights=weights) == repeated


@pytest.mark.parametrize(
    ("scores", "labels", "wanted", "message"),
    [
        ([0.1, np.nan], [True, True], 0.5, "without NaN"),
        ([0.1, 0.2], [True], 0.5, "alike"),
        ([0.1], [True], 0.0, "wanted_precision is 0.0"),
        ([0.1], [True], 1.1, "wanted_precision is 1.1"),
        ([], [], 0.5, "no threshold reaches"),
    ],
)
def test_thresholds_need_sound_examples(scores, labels, wanted, message):
    with pytest.raises(ValueError, match=message):
        choose_threshold(scores, labels, wanted)
