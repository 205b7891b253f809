import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plip_tutorial.clean import PathologyFilter
from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.storage.files import DamagedError


def embeddings(key, n, *, shift, dim=24):
    """Unit vectors around a direction; the larger the shift, the further from the other class."""
    return unit(rng(key).normal(size=(n, dim)) + shift * np.linspace(1, 0, dim)).astype(np.float32)


POSITIVE, NEGATIVE = embeddings("positive", 600, shift=0.8), embeddings("negative", 2400, shift=-0.1)
FRESH_POSITIVE, FRESH_NEGATIVE = embeddings("p", 4000, shift=0.8), embeddings("n", 16_000, shift=-0.1)


def precision(chooser, positive, negative):
    right, wrong = chooser.keep(positive).sum(), chooser.keep(negative).sum()
    return right / (right + wrong)


@pytest.mark.parametrize("wanted", [0.8, 0.9, 0.97])
def test_the_wanted_precision_holds_on_fresh_examples(wanted):
    chooser = PathologyFilter().fit(POSITIVE, NEGATIVE, precision=wanted)
    assert precision(chooser, FRESH_POSITIVE, FRESH_NEGATIVE) == pytest.approx(wanted, abs=0.05)


def test_a_rarer_class_needs_a_higher_threshold():
    positive, fresh = embeddings("easy", 600, shift=1.4), embeddings("e", 490, shift=1.4)  # 3% of all that is fresh
    common = PathologyFilter().fit(positive, NEGATIVE, precision=0.8)
    rare = PathologyFilter().fit(positive, NEGATIVE, precision=0.8, prevalence=0.03)
    assert rare.threshold > common.threshold
    assert precision(common, fresh, FRESH_NEGATIVE) < 0.5
    assert precision(rare, fresh, FRESH_NEGATIVE) == pytest.approx(0.8, abs=0.1)
    assert rare.keep(fresh).mean() > 0.5


def test_too_few_examples_and_a_prevalence_that_is_no_share_are_refused():
    for positive, negative in ((POSITIVE[:4], NEGATIVE), (POSITIVE, NEGATIVE[:0])):
        with pytest.raises(ValueError, match=f"{len(positive)} positive and {len(negative)} negative examples are too"):
            PathologyFilter().fit(positive, negative)
    for prevalence in (0, 1, 2, 3.0, float("nan")):
        with pytest.raises(ValueError, match=f"prevalence is {prevalence}"):
            PathologyFilter().fit(POSITIVE[:20], NEGATIVE[:20], prevalence=prevalence)


def test_a_picture_at_the_threshold_is_kept():
    chooser = PathologyFilter(weights=np.zeros(2, np.float32), threshold=0.5)  # everything scores a half
    assert chooser.keep(np.eye(2)).all()
    chooser.threshold = 0.5000001
    assert not chooser.keep(np.eye(2)).any()


def test_the_penalty_is_the_one_that_ranks_unseen_examples_best():
    positive, negative = embeddings("faint", 60, shift=0.3), embeddings("noise", 60, shift=0.0)
    chooser = PathologyFilter(strengths=(1e-4, 1e3)).fit(positive, negative, precision=0.5)
    x, y, other = np.concatenate([positive, negative]), np.repeat([True, False], 60), PathologyFilter()
    ranked = {c: average_precision_score(y, other._unseen_scores(x, y, c)) for c in chooser.strengths}
    best = max(ranked, key=ranked.get)
    assert ranked[best] > min(ranked.values()) + 0.01
    other._fit_line(x, y, best)
    np.testing.assert_array_equal(chooser.weights, other.weights)


def test_scores_that_choose_the_threshold_come_from_fits_that_have_not_seen_them():
    x, y = unit(rng("nothing to learn").normal(size=(80, 200)).astype(np.float32)), np.arange(80) % 2 == 0
    chooser = PathologyFilter()
    unseen = chooser._unseen_scores(x, y, 10.0)
    chooser._fit_line(x, y, 10.0)
    assert average_precision_score(y, chooser.scores(x)) == 1  # learnt by heart
    assert average_precision_score(y, unseen) < 0.7


def test_the_line_equals_the_pipeline_of_scikit_learn():
    chooser = PathologyFilter()
    x, y = np.concatenate([POSITIVE, NEGATIVE]), np.repeat([True, False], [600, 2400])
    chooser._fit_line(x, y, 0.3)
    slow = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, class_weight="balanced", max_iter=2000)).fit(x, y)
    np.testing.assert_allclose(chooser.scores(FRESH_POSITIVE), slow.predict_proba(FRESH_POSITIVE)[:, 1], atol=1e-4)


def test_a_saved_filter_decides_alike(tmp_path):
    chooser = PathologyFilter(seed=5).fit(POSITIVE, NEGATIVE, precision=0.9)
    loaded = PathologyFilter.load(chooser.save(tmp_path / "filter"))
    np.testing.assert_array_equal(loaded.keep(FRESH_NEGATIVE), chooser.keep(FRESH_NEGATIVE))
    assert {**vars(loaded), "weights": 0} == {**vars(chooser), "weights": 0}


def test_filters_whose_names_hold_a_dot_are_two_files(tmp_path):
    strict, lax = (PathologyFilter(weights=np.ones(2, np.float32), threshold=p) for p in (0.99, 0.90))
    paths = strict.save(tmp_path / "p0.99"), lax.save(tmp_path / "p0.90")
    assert [path.name for path in paths] == ["p0.99.json", "p0.90.json"]
    assert [PathologyFilter.load(tmp_path / name).threshold for name in ("p0.99", "p0.90.json")] == [0.99, 0.90]


def test_a_filter_that_is_not_whole_is_named(tmp_path):
    path = PathologyFilter(weights=np.ones(4, np.float32)).save(tmp_path / "filter")
    whole = path.read_bytes()
    line = {"weights": [0.1, 0.2], "bias": 0.0, "threshold": 0.5}
    makers = [
        lambda: path.write_bytes(whole[:-30]),
        lambda: path.write_bytes(b""),
        lambda: path.write_bytes(b"<html>not found</html>"),
        lambda: path.write_text("[0.1, 0.2]"),
        lambda: path.write_text(json.dumps({"vectors": [[1.0]]})),
        lambda: path.write_text(json.dumps(line | {"weights": [[0.1], [0.2]]})),
        lambda: path.write_text(json.dumps(line | {"weights": None})),
        lambda: path.write_text(json.dumps(line | {"weights": [0.1, float("nan")]})),
        lambda: path.write_text(json.dumps(line | {"bias": "0"})),
        lambda: path.write_text(json.dumps(line | {"surplus": False})),
    ]
    for make in makers:
        make()
        with pytest.raises(DamagedError, match=r"filter\.json is damaged"):
            PathologyFilter.load(path)
    with pytest.raises(FileNotFoundError, match=r"absent\.json"):
        PathologyFilter.load(tmp_path / "absent")
    with pytest.raises(ValueError, match="not fitted"):
        PathologyFilter().save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["filter.json"]


def test_bad_embeddings_and_an_unfitted_filter_are_refused():
    with pytest.raises(ValueError, match="not fitted"):
        PathologyFilter().keep(POSITIVE)
    with pytest.raises(ValueError, match="negative has 23 columns"):
        PathologyFilter().fit(POSITIVE, unit(NEGATIVE[:, 1:]))
    with pytest.raises(ValueError, match=r"fitted on vectors of 24 numbers; got 23.*dyes_and_texture"):
        PathologyFilter().fit(POSITIVE, NEGATIVE).keep(unit(NEGATIVE[:, 1:]))
