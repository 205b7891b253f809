"""The sweep against scikit-learn step by step; what it never may do: look at the test set, or split a patient."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from plip_tutorial import linear_probe
from plip_tutorial.linear_probe import label_efficiency, prototypes, shots, sweep, text_informed


def data(
    n: int = 240, d: int = 12, k: int = 4, apart: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlapping clouds far from the origin, as embeddings are; and patients who shift their own tiles."""
    draw = np.random.default_rng(seed)
    y, patients = draw.integers(0, k, n), draw.integers(10, 34, n)
    centres = np.random.default_rng(99).normal(size=(k, d))
    x = apart * centres[y] + draw.normal(size=(n, d)) + draw.normal(size=(34, d))[patients] + 3
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), y, patients


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("grouped", [False, True])
def test_sweep_equals_fresh_fits_of_scikit_learn(k: int, grouped: bool) -> None:
    x, y, patients = data(k=k)
    cs, groups = (0.01, 0.1, 1.0), patients if grouped else None
    probe = sweep(x, y, groups=groups, cs=cs)
    scaled = (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean())
    splitter = StratifiedGroupKFold if grouped else StratifiedKFold
    splits = list(splitter(5, shuffle=True, random_state=0).split(scaled, y, groups))
    slow = {}
    for c in cs:
        predicted = np.empty_like(y)
        for train, held in splits:
            model = LogisticRegression(C=c, max_iter=5000, tol=1e-7).fit(scaled[train].astype(np.float64), y[train])
            predicted[held] = model.predict(scaled[held])
        slow[c] = f1_score(y, predicted, average="macro")
    assert {c: score.value for c, score in probe.scores.items()} == pytest.approx(slow, abs=0.005)
    assert slow[probe.C] >= max(slow.values()) - 0.005
    model = LogisticRegression(C=probe.C, max_iter=5000, tol=1e-7).fit(scaled.astype(np.float64), y)
    np.testing.assert_allclose(probe.predict_proba(x), model.predict_proba(scaled), atol=5e-3)
    np.testing.assert_array_equal(probe.predict(x), probe.classes[probe.predict_proba(x).argmax(1)])


@pytest.mark.parametrize("k", [2, 5])
def test_a_weak_regularisation_converges_all_the_same(k: int) -> None:
    # Directions of very different spread, as in the embeddings of CLIP. The reference goes on for ever.
    draw = np.random.default_rng(k)
    y = draw.integers(0, k, 400)
    spread = np.arange(1, 41) ** -1.5
    x = ((0.4 * draw.normal(size=(k, 40))[y] + draw.normal(size=(400, 40))) * spread).astype(np.float32)
    scaled = (x - x.mean(0)) / np.sqrt(((x - x.mean(0)) ** 2).mean())
    slow = LogisticRegression(C=100.0, solver="newton-cholesky", max_iter=1000, tol=1e-10).fit(scaled.astype(float), y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probe = sweep(x, y, cs=[100.0])

    def objective(chances: np.ndarray, weights: np.ndarray) -> float:
        return 100 * float(-np.log(chances[np.arange(400), y]).sum()) + float((weights**2).sum()) / 2

    best = objective(slow.predict_proba(scaled.astype(float)), slow.coef_)
    assert objective(probe.predict_proba(x), probe.weights) == pytest.approx(best, rel=1e-3)
    assert (probe.predict(x) == slow.predict(scaled)).mean() > 0.997


def test_a_fit_that_stops_too_early_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, _ = data()
    monkeypatch.setattr(linear_probe, "STEPS", 1)
    with pytest.warns(ConvergenceWarning, match="did not converge at C = 100: leave out the largest"):
        sweep(x, y, cs=[100.0])


def test_embeddings_that_are_all_the_same_teach_nothing() -> None:
    with pytest.warns(UserWarning, match="all embeddings are the same"):
        probe = sweep(np.ones((20, 3)), [0, 1, 1, 1] * 5)
    assert set(probe.predict(np.ones((2, 3)))) == {1}


def test_embeddings_may_be_turned_moved_and_stretched() -> None:
    # One centre and one scale: the probe sees distances only, so C means the same for every model.
    x, y, _ = data()
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(12, 12)))[0]
    probe, other = sweep(x, y), sweep(40 * x @ turn + 7, y)
    assert probe.C == other.C
    np.testing.assert_allclose(probe.predict_proba(x), other.predict_proba(40 * x @ turn + 7), atol=0.01)


def test_no_patient_is_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, patients = data()
    fitted, path = [], linear_probe._path
    monkeypatch.setattr(linear_probe, "_path", lambda x, y, grid: fitted.append(x[:, 0]) or path(x, y, grid))
    sweep(x, y, groups=patients)
    *folds, everything = fitted
    held = [~np.isin(everything, fold) for fold in folds]
    assert (np.sum(held, 0) == 1).all()
    assert len(folds) == 5
    for out in held:
        assert not set(patients[out]) & set(patients[~out])


def test_c_is_the_best_and_the_smallest_of_equals() -> None:
    x, y, _ = data(apart=30)  # every C gets everything right
    probe = sweep(x, y, cs=(100.0, 1.0, 10.0))
    assert list(probe.scores) == [1.0, 10.0, 100.0]
    assert {score.value for score in probe.scores.values()} == {1.0}
    assert probe.C == 1.0
    assert sweep(x, y, cs=[0.5]).C == 0.5


def test_labels_may_be_strings() -> None:
    x, y, _ = data(apart=30)
    names = np.array(["adi", "back", "deb", "lym"])[y]
    probe = sweep(x, names)
    assert (probe.predict(x) == names).all()
    assert probe.classes.tolist() == ["adi", "back", "deb", "lym"]


def test_too_few_labels_to_choose() -> None:
    x, y, _ = data()
    one_each = shots(y, 1)
    assert sweep(x[one_each], y[one_each]).scores == {}
    assert sweep(x[one_each], y[one_each]).C == linear_probe.UNCHOSEN
    assert sweep(x, y, groups=np.zeros(len(x))).scores == {}
    # Each class lives in one group: leaving it out leaves one class to train on.
    two = y < 2
    assert sweep(x[two], y[two], groups=y[two]).scores == {}


def test_label_efficiency_grows_and_nests() -> None:
    x, y, patients = data(600)
    parts, options = (x[:400], y[:400], x[400:], y[400:]), {"repeats": 2, "groups": patients[:400]}
    table = label_efficiency(*parts, fractions=(0.01, 0.1, 1.0), **options)  # type: ignore[arg-type]
    assert table["labels"].groupby(table["fraction"]).nunique().max() == 1
    means = table.groupby("fraction")["macro_f1"].mean()
    assert means[0.01] < means[0.1] < means[1.0]
    assert table.loc[table["fraction"] == 1.0, "labels"].tolist() == [400]
    assert table.loc[table["fraction"] == 0.01, "labels"].tolist() == [4, 4]
    best = sweep(x[:400], y[:400], groups=patients[:400])
    assert table["macro_f1"].iloc[2] == pytest.approx(f1_score(y[400:], best.predict(x[400:]), average="macro"))
    with_it = label_efficiency(*parts, fractions=(0.01, 0.1, 1.0), whole=best, **options)  # type: ignore[arg-type]
    assert with_it.equals(table)


def test_shots_are_balanced_nested_and_seeded() -> None:
    _, y, _ = data()
    for n in (1, 5, 1000):
        counts = np.bincount(y[shots(y, n)], minlength=4)
        np.testing.assert_array_equal(counts, np.minimum(np.bincount(y), n))
    assert set(shots(y, 2)) < set(shots(y, 5))
    assert set(shots(y, 5, seed=1)) != set(shots(y, 5))


def test_prototypes_are_class_means() -> None:
    x, y, _ = data()
    names = np.array(["adi", "back", "deb", "lym"])[y]
    classes, vectors = prototypes(x, names)
    assert classes.tolist() == ["adi", "back", "deb", "lym"]
    for i in range(4):
        mean = np.mean([row for row, label in zip(x, y, strict=True) if label == i], axis=0)
        np.testing.assert_allclose(vectors[i], mean / np.linalg.norm(mean), atol=1e-5)


def test_text_informed_goes_from_the_words_to_the_pictures() -> None:
    x, y, _ = data(2000)
    draw = np.random.default_rng(5)
    words = (prototypes(x, y)[1] + draw.normal(0, 0.15, (4, 12))).astype(np.float32)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    nothing = text_informed(x[:0], y[:0], words, logit_scale=50.0)
    np.testing.assert_allclose(nothing, words, atol=1e-6)
    free = text_informed(x, y, words, logit_scale=50.0, strength=1e-2)
    centred = LogisticRegression(C=100.0, fit_intercept=False, max_iter=5000).fit(x.astype(np.float64), y)
    assert ((x @ free.T).argmax(1) == centred.predict(x)).mean() > 0.99
    few, test = shots(y[:500], 4), np.arange(500, 2000)
    scores = {
        "words": f1_score(y[test], (x[test] @ words.T).argmax(1), average="macro"),
        "both": f1_score(
            y[test],
            (x[test] @ text_informed(x[few], y[few], words, logit_scale=50.0).T).argmax(1),
            average="macro",
        ),
    }
    assert scores["both"] > scores["words"]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((3, 2)), [1, 2], "got .3, 2. and .2,."),
        (np.zeros((0, 2)), [], "not empty"),
        (np.zeros(3), [1, 2, 3], "embeddings .n, d."),
        (np.full((2, 2), np.nan), [1, 2], "not finite"),
        (np.zeros((3, 2)), ["fat"] * 3, "all 3 labels are .*fat"),
    ],
)
def test_mistakes_are_explained(x: np.ndarray, y: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sweep(x, y)


def test_another_model_is_refused() -> None:
    x, y, _ = data()
    with pytest.raises(ValueError, match=r"fitted on \(n, 12\), got \(3, 5\)"):
        sweep(x, y, cs=[1.0]).predict(np.zeros((3, 5)))
