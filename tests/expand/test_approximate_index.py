import sys

import numpy as np
import pytest

from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.expand import ApproximateIndex, VectorIndex
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.storage.files import DamagedError


def unit_vectors(*key, n, dim, copies=0):
    """Random unit vectors, the first ``copies`` of which stand once more at the end."""
    vectors = unit(rng(*key).normal(size=(n, dim))).astype(np.float32)
    return np.concatenate([vectors, vectors[:copies]])


def test_the_approximate_index_finds_most_of_the_exact_neighbours():
    pytest.importorskip("faiss", reason="faiss is optional")
    centres = unit_vectors("centres", n=40, dim=16)
    pool = centres[rng("which").integers(40, size=4000)] + 0.25 * rng("noise").normal(size=(4000, 16))
    pool = unit(pool).astype(np.float32)
    exact = VectorIndex(pool).search(pool[:100], 10)[1]
    index = ApproximateIndex(pool, lists=32, code_bytes=4, probes=8)
    scores, found = index.search(pool[:100], 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.tolist(), found.tolist(), strict=True)])
    assert 0.6 < recall < 1  # chance: 0.0025
    np.testing.assert_allclose(scores, np.take_along_axis(pool[:100] @ pool.T, found, 1), atol=1e-6)
    assert (np.diff(scores) <= 0).all()
    assert len(index) == 4000


def test_a_saved_approximate_index_stays_on_the_disk_and_answers_alike(tmp_path):
    faiss = pytest.importorskip("faiss", reason="faiss is optional")
    pool = unit_vectors("pool", n=3000, dim=16).astype(np.float16)
    index = ApproximateIndex(pool, lists=20, code_bytes=4, probes=5, shortlist=3)
    loaded = ApproximateIndex.load(index.save(tmp_path / "pool"))
    assert isinstance(loaded.embeddings, np.memmap)
    assert isinstance(faiss.downcast_InvertedLists(loaded.index.invlists), faiss.OnDiskInvertedLists)
    again = ApproximateIndex.load(loaded.save(tmp_path / "pool"))  # onto the very files that it is mapped to
    for other in (loaded, again):
        for mine, theirs in zip(other.search(pool[:40], 6), index.search(pool[:40], 6), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    np.save(tmp_path / "pool" / "vectors.npy", pool[:2999])
    with pytest.raises(DamagedError, match=r"codes of 3000 vectors of 16 numbers, but vectors of shape \(2999, 16\)"):
        ApproximateIndex.load(tmp_path / "pool")
    for name in ("settings.json", "codes.faiss", "vectors.npy"):
        index.save(tmp_path / "pool")
        (tmp_path / "pool" / name).write_bytes((tmp_path / "pool" / name).read_bytes()[:9])
        with pytest.raises(DamagedError, match=r"pool is damaged"):
            ApproximateIndex.load(tmp_path / "pool")
    (tmp_path / "pool" / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"pool holds other files, notes\.txt first"):
        index.save(tmp_path / "pool")


def test_vectors_that_come_in_blocks_are_all_there():
    pytest.importorskip("faiss", reason="faiss is optional")
    pool = unit_vectors("pool", n=70_000, dim=4)  # more than one block, and more than the training looks at
    index = ApproximateIndex(pool, lists=8, code_bytes=4, probes=8, shortlist=50)
    found = index.search(pool[::5000], 1)[1][:, 0]
    assert found.tolist() == list(range(0, 70_000, 5000))


def test_all_cells_and_the_whole_shortlist_make_it_exact():
    pytest.importorskip("faiss", reason="faiss is optional")
    pool = unit_vectors("pool", n=300, dim=8, copies=50)
    index = ApproximateIndex(pool, lists=4, code_bytes=2, probes=4, shortlist=350)
    for mine, exact in zip(index.search(pool[:20], 7), VectorIndex(pool).search(pool[:20], 7), strict=True):
        np.testing.assert_array_equal(mine, exact)


def test_a_cell_with_too_few_vectors_says_so():
    pytest.importorskip("faiss", reason="faiss is optional")
    scores, found = ApproximateIndex(unit_vectors("pool", n=300, dim=8), lists=64, probes=1).search(np.eye(8), 200)
    assert (found[:, -1] == -1).all()
    assert ((found < 0) == np.isneginf(scores)).all()


def test_the_approximate_index_refuses_what_it_cannot_train_on():
    pytest.importorskip("faiss", reason="faiss is optional")
    with pytest.raises(ValueError, match="at least 256"):
        ApproximateIndex(np.eye(8))
    with pytest.raises(ValueError, match="must divide"):
        ApproximateIndex(unit_vectors("pool", n=300, dim=10), code_bytes=3)


def test_without_faiss_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ModuleNotFoundError, match=r"plip-tutorial\[faiss\]"):
        ApproximateIndex(np.eye(4))
    assert VectorIndex(np.eye(4)).search(np.eye(4), 1)[1].tolist() == [[0], [1], [2], [3]]
