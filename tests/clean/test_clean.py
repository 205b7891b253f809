import io

import numpy as np
import pytest
from datasets import Dataset, Features, Image, Value
from PIL import Image as Pillow
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plip_tutorial.clean.pathology_filter import PathologyFilter, leaks, purity, with_colour
from plip_tutorial.metrics.baselines import colour_histogram
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.tissue import render_tile
from plip_tutorial.storage.files import DamagedError

SCHEMA = {"image": Image(), "patient": Value("string"), "slide": Value("string")}


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def embeddings(key, n, *, shift, dim=24):
    """Unit vectors around a direction; the larger the shift, the further from the other class."""
    return unit(rng(key).normal(size=(n, dim)) + shift * np.linspace(1, 0, dim))


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
    x, y = unit(rng("nothing to learn").normal(size=(80, 200))), np.arange(80) % 2 == 0
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


def test_a_saved_filter_decides_alike_and_holds_no_pickle(tmp_path):
    chooser = PathologyFilter(seed=5).fit(POSITIVE, NEGATIVE, precision=0.9)
    loaded = PathologyFilter.load(chooser.save(tmp_path / "filter"))
    np.testing.assert_array_equal(loaded.keep(FRESH_NEGATIVE), chooser.keep(FRESH_NEGATIVE))
    assert {**vars(loaded), "weights": 0} == {**vars(chooser), "weights": 0}


def test_filters_whose_names_hold_a_dot_are_two_files(tmp_path):
    strict, lax = (PathologyFilter(weights=np.ones(2, np.float32), threshold=p) for p in (0.99, 0.90))
    paths = strict.save(tmp_path / "p0.99"), lax.save(tmp_path / "p0.90")
    assert [path.name for path in paths] == ["p0.99.npz", "p0.90.npz"]
    assert [PathologyFilter.load(tmp_path / name).threshold for name in ("p0.99", "p0.90.npz")] == [0.99, 0.90]
    with np.load(paths[0]) as file:  # nothing but what a filter is: some versions of numpy store their own keywords
        assert set(file) == set(vars(strict))


def test_a_filter_that_is_not_whole_is_named(tmp_path):
    path = PathologyFilter(weights=np.ones(4, np.float32)).save(tmp_path / "filter")
    whole = path.read_bytes()
    foreign = {"strengths": [1.0], "threshold": 0.5, "weights": np.ones((2, 2)), "bias": 0.0}
    makers = [
        lambda: path.write_bytes(whole[:-30]),
        lambda: path.write_bytes(b""),
        lambda: path.write_bytes(b"<html>not found</html>"),
        lambda: np.savez(path, vectors=np.ones((3, 4))),
        lambda: np.savez(path, **foreign),
        lambda: np.savez(path, **foreign | {"weights": [0.1, np.nan]}),
        lambda: np.savez(path, **foreign | {"weights": [0.1, 0.2], "surplus": False}),
    ]
    for make in makers:
        make()
        with pytest.raises(DamagedError, match=r"filter\.npz is damaged"):
            PathologyFilter.load(path)
    with pytest.raises(FileNotFoundError, match=r"absent\.npz"):
        PathologyFilter.load(tmp_path / "absent")
    with pytest.raises(ValueError, match="not fitted"):
        PathologyFilter().save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["filter.npz"]


def test_a_file_with_a_pickle_in_it_is_refused(tmp_path):
    np.savez(tmp_path / "bad.npz", strengths=[1.0], weights=np.array([print], object))
    with pytest.raises(DamagedError, match=r"bad\.npz is damaged: .*allow_pickle"):
        PathologyFilter.load(tmp_path / "bad.npz")


def test_bad_embeddings_and_an_unfitted_filter_are_refused():
    with pytest.raises(ValueError, match="not fitted"):
        PathologyFilter().keep(POSITIVE)
    with pytest.raises(ValueError, match="negative has 23 columns"):
        PathologyFilter().fit(POSITIVE, unit(NEGATIVE[:, 1:]))
    with pytest.raises(ValueError, match=r"fitted on vectors of 24 numbers; got 23.*with_colour"):
        PathologyFilter().fit(POSITIVE, NEGATIVE).keep(unit(NEGATIVE[:, 1:]))


def test_colours_count_as_much_as_the_embedding():
    tiles = [render_tile(name, seed=0) for name in ("adipose", "debris", "lymphocytes")]
    vectors, colours = POSITIVE[:3], colour_histogram(tiles) / 3
    both = with_colour(vectors, tiles)
    overlap = [[np.sqrt(a * b).sum() for a in colours] for b in colours]
    np.testing.assert_allclose(both @ both.T, (vectors @ vectors.T + overlap) / 2, atol=1e-6)
    with pytest.raises(ValueError, match="2 embeddings and 3 images; one for each"):
        with_colour(vectors[:2], tiles)


def png(array):
    file = io.BytesIO()
    Pillow.fromarray(array).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


def table(seeds, patients, slides, prefix=""):
    rows = {
        "image": [png(render_tile("stroma", seed=seed)) for seed in seeds],
        prefix + "patient": patients,
        prefix + "slide": slides,
    }
    return Dataset.from_dict(rows, features=Features(dict(zip(rows, SCHEMA.values(), strict=True))))


TEST = table(range(20), [f"p{i // 4}" for i in range(19)] + [""], [f"s{i // 2}" for i in range(19)] + [None])


@pytest.mark.parametrize("prefix", ["", "truth_"])
def test_planted_leaks_are_found_and_nothing_else(prefix):
    n = 60
    patients, slides = [f"other{i}" for i in range(n)], [f"another{i}" for i in range(n)]
    patients[3] = patients[40] = "p2"
    slides[5] = "s0"
    patients[8], slides[9] = "", None  # unknown is not the same as unknown
    train = table(range(100, 100 + n), patients, slides, prefix)
    copy = TEST[11]["image"].resize((48, 48), Pillow.Resampling.BICUBIC)
    images = [row["image"] for row in train]
    images[20], images[21] = copy, TEST[0]["image"]
    train = train.remove_columns("image").add_column("image", [png(np.asarray(image)) for image in images])
    train = train.cast_column("image", Image())
    assert np.flatnonzero(leaks(train, TEST)).tolist() == [3, 5, 20, 21, 40]
    assert np.flatnonzero(leaks(train, TEST, keys=("slide",))).tolist() == [5, 20, 21]


def test_tables_without_pictures_are_compared_by_what_they_share():
    train, test = TEST.select_columns(["slide"]), TEST.select(range(2, 5)).select_columns(["slide", "patient"])
    assert np.flatnonzero(leaks(train, test)).tolist() == [2, 3, 4, 5]
    with pytest.raises(ValueError, match="nothing to compare"):
        leaks(train.rename_column("slide", "glass"), test)


def test_purity_counts_each_fault_and_their_union():
    pairs = Dataset.from_dict(
        {
            "truth_pathology": [True, False, True, True, False, True],
            "truth_match": [True, True, False, True, False, True],
            "truth_language": ["en", "en", "en", "de", "fr", ""],
        }
    )
    assert list(purity(pairs).values()) == [6, 2, 2, 2, 4, pytest.approx(1 / 3)]
    assert np.isnan(purity(pairs.select([]))["purity"])
