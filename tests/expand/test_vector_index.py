import math
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.expand import VectorIndex, nearest, vector_index
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.storage.files import DamagedError


@pytest.fixture(scope="module", autouse=True, params=[8, 0], ids=["", "all above the floor"])
def spare(request):
    """Without candidates to spare each answer comes from all vectors that float32 does not rule out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_index, "SPARE", request.param)
        yield


def unit_vectors(*key, n, dim, copies=0):
    """Random unit vectors, the first ``copies`` of which stand once more at the end."""
    vectors = unit(rng(*key).normal(size=(n, dim))).astype(np.float32)
    return np.concatenate([vectors, vectors[:copies]])


def slow_search(pool, query, k):
    """One query against one vector at a time, without rounding in between, sorted by score and then by index."""
    scores = [math.fsum(float(a) * float(b) for a, b in zip(query, row, strict=True)) for row in pool]
    return sorted(range(len(pool)), key=lambda i: (-scores[i], i))[:k]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(1, 40), dim=st.integers(1, 9), block=st.integers(1, 50), data=st.data())
def test_equals_the_plain_loop_with_copies_in_the_pool(seed, n, dim, block, data):
    pool = unit_vectors("pool", seed, n=n, dim=dim, copies=n // 2)
    queries = np.concatenate([unit_vectors("queries", seed, n=3, dim=dim), pool[:2]])
    k = data.draw(st.integers(1, len(pool)))
    scores, indices = VectorIndex(pool, block=block).search(queries, k)
    assert indices.tolist() == [slow_search(pool, query, k) for query in queries]
    np.testing.assert_allclose(scores, np.take_along_axis(queries @ pool.T, indices, 1), atol=1e-6)


def test_equals_scikit_learn_on_a_larger_pool_for_every_block():
    pool, queries = unit_vectors("pool", n=3001, dim=37), unit_vectors("queries", n=517, dim=37)
    slow = NearestNeighbors(n_neighbors=11, metric="cosine", algorithm="brute").fit(pool)
    distance, expected = slow.kneighbors(queries)
    for block in (65536, 3001, 1000, 64):
        scores, indices = VectorIndex(pool, block=block).search(queries, 11)
        assert (indices == expected).mean() > 0.999  # scikit-learn orders near ties in float32
        np.testing.assert_allclose(scores, 1 - distance, atol=2e-6)


def test_the_block_never_changes_the_answer():
    pool = np.repeat(unit_vectors("few", n=20, dim=5), 30, axis=0)[rng("shuffle").permutation(600)]
    expected = VectorIndex(pool).search(pool[:50], 45)
    for block in (1, 7, 64, 599):
        for mine, whole in zip(VectorIndex(pool, block=block).search(pool[:50], 45), expected, strict=True):
            np.testing.assert_array_equal(mine, whole)


def test_scores_that_float32_cannot_tell_apart_are_told_apart():
    query, across = np.linalg.qr(rng("plane").normal(size=(512, 2)))[0].T
    angle = rng("angle").permutation(300) * 1e-5  # cosines from 1 down to 0.9999955: 75 steps of float32
    pool = np.outer(np.cos(angle), query) + np.outer(np.sin(angle), across)
    assert len(set((pool @ query).astype(np.float32).tolist())) < 100
    for block in (16384, 50):
        assert VectorIndex(pool, block=block).search(query[None], 300)[1][0].tolist() == np.argsort(angle).tolist()


@pytest.mark.parametrize("dim", [8, 4096])
def test_no_rounding_of_float32_hides_a_neighbour(dim):
    """Near rows whose terms are large and cancel: float32 is off by more than their scores differ."""
    draw = rng("cancel", dim)
    query = np.where(draw.random(dim) < 0.5, -1.0, 1.0) / np.sqrt(dim)
    pool = draw.choice([-1.0, 1.0], (600, dim)) / np.sqrt(dim) + 3e-8 * draw.normal(size=(600, dim))
    pool = unit(pool)
    for k, block in ((1, 16384), (20, 100), (599, 7)):
        assert VectorIndex(pool, block=block).search(query[None], k)[1][0].tolist() == slow_search(pool, query, k)


@pytest.mark.parametrize("dim", [16, 512])
def test_float32_may_be_wrong_by_the_whole_of_its_bound(dim, monkeypatch):
    draw, products = rng("wrong", dim), vector_index._products
    query, across = np.linalg.qr(draw.normal(size=(dim, 2)))[0].T
    bound = (dim + 2) * 2**-24
    angle = np.sqrt(2 * bound * draw.uniform(0, 12, 300))  # scores within twelve bounds of each other
    pool = np.outer(np.cos(angle), query) + np.outer(np.sin(angle), across)

    def off(*among):
        for start, right in products(*among):
            yield start, (right + bound * draw.choice([-1, 1], right.shape)).astype(np.float32)

    monkeypatch.setattr(vector_index, "_products", off)
    for k in (1, 20):
        found = VectorIndex(pool, block=60).search(np.repeat(query[None], 20, axis=0), k)[1]
        assert found.tolist() == [np.argsort(angle)[:k].tolist()] * 20


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), n=st.integers(1, 40), block=st.integers(1, 50), data=st.data())
def test_what_has_the_name_of_the_query_is_left_out(seed, n, block, data):
    draw = rng("names", seed)
    pool, queries = 3 * draw.normal(size=(n, 4)).round(1), draw.normal(size=(5, 4))
    names, of_query = draw.integers(3, size=n), draw.integers(4, size=5)
    k = data.draw(st.integers(1, n))
    scores, indices = nearest(queries, pool, k, block=block, length=1e3, apart=(of_query, names))
    for query, own, score, found in zip(queries, of_query, scores, indices, strict=True):
        others = np.flatnonzero(names != own)
        expected = others[slow_search(pool[others], query, k)].tolist()
        assert found.tolist() == expected + [-1] * (k - len(expected))
        np.testing.assert_allclose(score[: len(expected)], pool[expected] @ query)
        assert np.isneginf(score[len(expected) :]).all()


@pytest.mark.parametrize("order", [1, -1])
def test_the_answer_is_the_same_when_each_block_beats_the_one_before(order):
    pool = unit_vectors("pool", n=2000, dim=6)
    pool = pool[np.argsort(order * (pool @ pool[0]))]
    queries = np.concatenate([pool[:3], pool[-3:]])
    expected = [slow_search(pool, query, 9) for query in queries]
    assert VectorIndex(pool, block=50).search(queries, 9)[1].tolist() == expected


@pytest.mark.parametrize("n", [20_000, 60_000])
def test_equal_vectors_need_no_more_memory_than_the_docstring_says(n):
    pool, k = np.repeat(unit_vectors("two", n=2, dim=16), n // 2, axis=0), 30
    index, queries = VectorIndex(pool, block=2048), pool[: n // 2 + 300 : n // 600]
    tracemalloc.start()
    found = index.search(queries, k)[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 * 2048 * 6 + 256 * (k + 8) * 300 + found.nbytes * 2.5 + 2**18
    first = np.where(queries @ pool[0] > 0.99, 0, n // 2)
    assert found.tolist() == (first[:, None] + np.arange(k)).tolist()


def test_names_with_a_dot_are_two_files(tmp_path):
    one, two = VectorIndex(np.eye(3)), VectorIndex(np.eye(2))
    assert one.save(tmp_path / "emb_v1.0") == tmp_path / "emb_v1.0.npy"
    assert two.save(tmp_path / "emb_v1.5.npy") == tmp_path / "emb_v1.5.npy"
    assert [len(VectorIndex.load(tmp_path / name)) for name in ("emb_v1.0", "emb_v1.5")] == [3, 2]


def test_an_index_may_be_saved_to_the_file_that_it_is_mapped_to(tmp_path):
    pool = unit_vectors("pool", n=3000, dim=8)
    path = VectorIndex(pool).save(tmp_path / "pool")
    loaded = VectorIndex.load(path)
    loaded.save(path)
    for index in (loaded, VectorIndex.load(path)):
        np.testing.assert_array_equal(index.embeddings, pool)


def test_a_column_of_vectors_gets_a_hint():
    with pytest.raises(ValueError, match=r"shape \(3,\).*np\.stack\(column\.dropna\(\)\)"):
        VectorIndex(pd.Series(list(np.eye(3))))


def test_a_file_that_is_no_index_is_named(tmp_path):
    path = VectorIndex(np.eye(9)).save(tmp_path / "pool")
    for content in (path.read_bytes()[:-8], path.read_bytes()[:20], b"", b"<html>"):
        path.write_bytes(content)
        with pytest.raises(DamagedError, match=r"pool\.npy is damaged"):
            VectorIndex.load(path)
    np.save(path, np.ones((3, 3)))
    with pytest.raises(DamagedError, match=r"pool\.npy is damaged: .*row 0 .*length 1.732"):
        VectorIndex.load(path)
    with pytest.raises(FileNotFoundError, match=r"absent\.npy"):
        VectorIndex.load(tmp_path / "absent")


def test_a_saved_index_is_mapped_and_answers_alike(tmp_path):
    index = VectorIndex(unit_vectors("pool", n=200, dim=8))
    loaded = VectorIndex.load(index.save(tmp_path / "pool.npy"))
    assert isinstance(loaded.embeddings.base, np.memmap)  # the file itself, not a copy
    for mine, theirs in zip(loaded.search(index.embeddings, 5), index.search(index.embeddings, 5), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_half_precision_finds_the_same_neighbours_but_for_near_ties():
    pool, queries = unit_vectors("pool", n=500, dim=64), unit_vectors("queries", n=50, dim=64)
    half = VectorIndex(pool.astype(np.float16)).search(queries, 1)[1]
    assert (half == VectorIndex(pool).search(queries, 1)[1]).mean() >= 0.95


def test_no_queries_give_no_answers():
    scores, indices = VectorIndex(np.eye(4)).search(np.empty((0, 4)), 2)
    assert scores.shape == indices.shape == (0, 2)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.ones(4), r"shape \(4,\)"),
        (np.ones((2, 0)), r"shape \(2, 0\)"),
        (np.eye(3, dtype=int), "type int64"),
        (2 * np.eye(3), "row 0 .* length 2"),
        (1.006 * np.eye(3), r"row 0 .* length 1\.006"),
        (0.994 * np.eye(3), r"row 0 .* length 0\.994"),
        (np.array([[1.0, 0.0], [0.0, 0.0]]), "row 1 .* length 0"),
        (np.array([[1.0, 0.0], [0.0, 1.0], [np.nan, 0.0]]), "row 2 .* length nan"),
        (np.array([[np.inf, 0.0]]), "row 0 .* length inf"),
    ],
)
def test_what_cannot_be_compared_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        VectorIndex(bad)


def test_lengths_may_be_wrong_by_half_a_percent():
    assert len(VectorIndex(np.diag([1.0045, 0.9955]))) == 2


@pytest.mark.parametrize("k", [0, -1, 5])
def test_k_must_fit_the_index(k):
    with pytest.raises(ValueError, match=f"k is {k}; the index holds 4"):
        VectorIndex(np.eye(4)).search(np.eye(4), k)


def test_queries_of_another_model_are_refused():
    with pytest.raises(ValueError, match="queries has 3 columns, the index has 4"):
        VectorIndex(np.eye(4)).search(np.eye(3), 1)
