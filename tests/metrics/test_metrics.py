"""Scores against scikit-learn, and their intervals against resampling item by item."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import ks_2samp
from sklearn import metrics as reference

from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.bootstrap import confusions, encode
from plip_tutorial.metrics.confusion import METRICS, of_draws

REFERENCES: dict[str, Callable[..., float]] = {
    "accuracy": reference.accuracy_score,
    "weighted_f1": lambda y, p: reference.f1_score(y, p, average="weighted", zero_division=0),
    "macro_f1": lambda y, p: reference.f1_score(y, p, average="macro", zero_division=0),
    "balanced_accuracy": reference.balanced_accuracy_score,
    "mcc": reference.matthews_corrcoef,
}
labels = st.integers(0, 4)
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=30).map(lambda rows: np.array(rows).T)


def example(n: int = 300, seed: int = 0, right: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    y = draw.choice(5, n, p=[0.5, 0.3, 0.15, 0.04, 0.01])
    return y, np.where(draw.random(n) < right, y, draw.integers(0, 5, n))


def slow_draws(
    score: Callable[..., float], *arrays: np.ndarray, groups: np.ndarray | None = None, repeats: int = 1000
) -> np.ndarray:
    """The obvious bootstrap: draw items, or groups with all their items, and score them again."""
    draw, n = np.random.default_rng(1), len(arrays[0])
    members = [np.array([i]) for i in range(n)]
    if groups is not None:
        members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    scores = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(repeats):
            chosen = np.concatenate([members[i] for i in draw.integers(0, len(members), len(members))])
            scores.append(score(*(array[chosen] for array in arrays)))
    return np.array(scores)


def assert_interval(ours: metrics.Score, slow: np.ndarray, within: float = 0.27) -> None:
    """Both ends within what a thousand draws leave open. Those of a 90% interval are 0.315 standard errors away."""
    np.testing.assert_allclose(
        [ours.low, ours.high], np.nanpercentile(slow, [2.5, 97.5]), atol=within * np.nanstd(slow)
    )


@pytest.mark.parametrize("name", REFERENCES)
@given(pairs)
@settings(deadline=None, max_examples=60)
def test_values_equal_scikit_learn(name: str, both: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns about absent classes
        expected = REFERENCES[name](*both)
    ours = getattr(metrics, name)(*both)
    assert ours.value == pytest.approx(expected, abs=1e-12)
    assert ours.n == both.shape[1]
    words = np.array(["adi", "back", "deb", "lym", "muc"])[both]
    assert getattr(metrics, name)(*words) == ours


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("grouped", [False, True])
def test_draws_have_the_distribution_of_resampling(name: str, grouped: bool) -> None:
    y, p = example()
    groups = np.random.default_rng(2).integers(0, 25, len(y)) if grouped else None
    slow = slow_draws(REFERENCES[name], y, p, groups=groups, repeats=400)
    _, draws = confusions(encode(y, p)[1], groups, repeats=4000)
    assert ks_2samp(metrics.METRICS[name](draws[:, 0]), slow).pvalue > 0.01
    assert_interval(metrics.score(name, y, p, groups=groups, repeats=4000), slow, within=0.31)


def test_the_interval_holds_the_middle_95_of_100_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = metrics._interval(np.float64(0.5), np.r_[np.arange(1001) / 1000, np.nan], 7)
    assert (ends.low, ends.high, ends.n) == pytest.approx((0.025, 0.975, 7))
    y, p = example()
    slow = slow_draws(REFERENCES["macro_f1"], y, p)
    assert_interval(metrics.macro_f1(y, p), slow)
    monkeypatch.setattr(metrics, "INTERVAL", (5, 95))
    with pytest.raises(AssertionError):
        assert_interval(metrics.macro_f1(y, p), slow)


def test_the_test_above_can_fail() -> None:
    y, p = example()
    slow = slow_draws(REFERENCES["macro_f1"], y, p)
    _, draws = confusions(encode(y, p)[1], np.arange(len(y)) // 6 * 6, repeats=4000)
    assert ks_2samp(metrics.METRICS["macro_f1"](draws[:, 0]) - 0.02, slow).pvalue < 0.01


def test_tiles_of_one_patient_count_as_one() -> None:
    # 40 patients with 25 tiles each that all share the patient's fate: the evidence is that of 40 items.
    draw = np.random.default_rng(0)
    right, patient = draw.random(40) < 0.7, np.repeat(np.arange(40), 25)
    y, p = np.ones(1000, int), right[patient].astype(int)
    naive, forty = metrics.accuracy(y, p), metrics.accuracy(y[:40], right)
    honest = metrics.accuracy(y, p, groups=patient)
    assert honest.value == naive.value == forty.value
    assert honest.high - honest.low == pytest.approx(forty.high - forty.low, abs=0.03)
    assert honest.high - honest.low > 4 * (naive.high - naive.low)


def test_one_group_leaves_the_interval_unknown() -> None:
    only = metrics.accuracy([1, 1, 0], [1, 0, 0], groups=["a"] * 3)
    assert only.value == pytest.approx(2 / 3)
    assert np.isnan([only.low, only.high]).all()


def test_report_names_what_belongs_together() -> None:
    y, p = example()
    report = metrics.report(y, p)
    names = ["weighted_f1", "macro_f1", "balanced_accuracy", "mcc", "constant_weighted_f1", "constant_macro_f1"]
    assert list(report) == names
    for name in names[:4]:
        assert report[name].low == pytest.approx(metrics.score(name, y, p).low, abs=0.02)
        assert report[name].value == pytest.approx(REFERENCES[name](y, p))
    always = np.full_like(y, np.bincount(y).argmax())
    assert report["constant_weighted_f1"].value == pytest.approx(REFERENCES["weighted_f1"](y, always))
    assert report["constant_macro_f1"].value == pytest.approx(REFERENCES["macro_f1"](y, always))


def test_paired_difference_equals_resampling_both_together() -> None:
    y, a = example()
    b = np.where(np.random.default_rng(3).random(len(y)) < 0.8, a, example(seed=4, right=0.2)[1])
    groups = np.random.default_rng(2).integers(0, 30, len(y))
    for own in (None, groups):

        def difference(*arrays: np.ndarray) -> float:
            return REFERENCES["macro_f1"](arrays[0], arrays[1]) - REFERENCES["macro_f1"](arrays[0], arrays[2])

        slow = slow_draws(difference, y, a, b, groups=own, repeats=400)
        ours = metrics.paired_difference(y, a, b, groups=own, repeats=4000)
        assert ours.value == pytest.approx(difference(y, a, b))
        assert_interval(ours, slow, within=0.31)
    same = metrics.paired_difference(y, a, a)
    assert (same.value, same.low, same.high) == (0, 0, 0)


@pytest.mark.parametrize("grouped", [False, True])
def test_auroc(grouped: bool) -> None:
    draw = np.random.default_rng(0)
    y = draw.random(200) < 0.3
    scores = np.round(draw.normal(size=200) + y, 1)  # with ties
    groups = draw.integers(0, 20, 200) if grouped else None
    ours = metrics.auroc(y, scores, groups=groups, repeats=4000)
    assert ours.value == pytest.approx(reference.roc_auc_score(y, scores))
    assert_interval(ours, slow_draws(reference.roc_auc_score, y, scores, groups=groups))
    with pytest.raises(ValueError, match="both classes"):
        metrics.auroc([1, 1], [0.2, 0.3])


@pytest.mark.parametrize("grouped", [False, True])
def test_ece(grouped: bool) -> None:
    draw = np.random.default_rng(0)
    chances = draw.dirichlet([0.5, 0.5, 0.5], 200)
    y = np.where(draw.random(200) < 0.6, chances.argmax(1), draw.integers(0, 3, 200))
    groups = draw.integers(0, 20, 200) if grouped else None

    def slow(truth: np.ndarray, rows: np.ndarray) -> float:
        confidence, right, total = rows.max(1), rows.argmax(1) == truth, 0.0
        for i in range(10):
            inside = (confidence > i / 10) & (confidence <= (i + 1) / 10)
            if inside.any():
                total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
        return total

    ours = metrics.ece(y, chances, bins=10, groups=groups, repeats=4000)
    assert ours.value == pytest.approx(slow(y, chances))
    assert_interval(ours, slow_draws(slow, y, chances, groups=groups))


def test_a_draw_without_the_class_is_left_out_of_the_interval() -> None:
    # Two of sixty items are mucus: every seventh draw holds none, and says nothing about how many would be found.
    y = np.array(["mucus"] * 2 + ["fat"] * 58)
    for metric in ("recall", "precision", "f1"):
        assert str(metrics.per_class(y, y, metric=metric)["mucus"]) == "1.000 [1.000, 1.000]"
    assert str(metrics.mcc(y, y)) == "1.000 [1.000, 1.000]"
    assert metrics.report(y, y)["mcc"] == metrics.mcc(y, y) == metrics.score(METRICS["mcc"], y, y)
    assert str(metrics.paired_difference(y, y, y[::-1], "mcc")).startswith("1.034 [1.")
    for groups in (None, np.arange(60) // 2):
        p = np.where(np.arange(60) % 5 == 1, "mucus", y)

        def recall(truth: np.ndarray, said: np.ndarray) -> float:
            return float(np.mean(said[truth == "mucus"] == "mucus")) if (truth == "mucus").any() else np.nan

        half = np.array(["mucus", "fat", *p[2:]])
        ours = metrics.per_class(y, half, groups=groups)["mucus"]
        slow = slow_draws(recall, y, half, groups=groups)
        assert np.isnan(slow).mean() > 0.1
        assert (ours.low, ours.high) == tuple(np.nanpercentile(slow, [2.5, 97.5]))


def test_what_says_nothing_on_all_items_is_0_by_convention_and_stays_it() -> None:
    y, always = np.repeat([0, 1], 20), np.zeros(40, int)
    never_said = metrics.per_class(y, always, metric="precision")[1]
    assert (never_said.value, never_said.low, never_said.high) == (0, 0, 0)
    # One class drawn: nothing to correlate with. One class named: that is an answer, and it is worth 0.
    drawn = np.array([[[3.0, 2.0], [0.0, 0.0]], [[3.0, 0.0], [2.0, 0.0]], [[3.0, 0.0], [0.0, 2.0]]])
    np.testing.assert_array_equal(of_draws(METRICS["mcc"], drawn[2], drawn), [np.nan, 0, 1])
    for truth in (y, always):
        constant = metrics.mcc(truth, always)
        assert (constant.value, constant.low, constant.high) == (0, 0, 0)


def test_the_interval_of_a_mean_is_that_of_scipy() -> None:
    values = np.random.default_rng(0).gamma(2, size=700)  # more distinct values than are drawn as counts
    ours = metrics.average(values, repeats=4000)
    draw = np.random.default_rng(1)
    theirs = scipy_bootstrap((values,), np.mean, n_resamples=4000, method="percentile", random_state=draw)
    ends = theirs.confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], [ends.low, ends.high], atol=0.2 * theirs.standard_error)


def test_area_under_the_curve_with_constant_infinite_and_bool_scores() -> None:
    y = np.array([0, 1, 1, 0, 1])
    assert metrics.auroc(y, np.ones(5)).value == 0.5
    assert metrics.auroc(y, y.astype(bool)).value == 1
    scores = np.array([-np.inf, np.inf, -np.inf, 0, np.inf])
    assert metrics.auroc(y, scores).value == reference.roc_auc_score(y, np.nan_to_num(scores))
    assert metrics.auroc(y.astype(float), np.array([3, 250, 200, 255, 0], np.uint8)).value == pytest.approx(2 / 6)


def test_groups_of_one_item_are_items() -> None:
    y, p = example(100)
    alone, items = (metrics.score("accuracy", y, p, groups=own, repeats=4000) for own in (np.arange(100), None))
    assert (alone.low, alone.high) == pytest.approx((items.low, items.high), abs=0.02)


@given(pairs)
@settings(deadline=None)
def test_per_class(both: np.ndarray) -> None:
    functions = {"recall": reference.recall_score, "precision": reference.precision_score, "f1": reference.f1_score}
    for name, function in functions.items():
        ours = metrics.per_class(*both, metric=name)
        expected = function(*both, average=None, zero_division=0)
        assert [ours[label].value for label in np.unique(both)] == pytest.approx(expected.tolist())
        assert [ours[label].n for label in np.unique(both)] == [(both[0] == label).sum() for label in np.unique(both)]


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_average_of_hits_is_accuracy(hits: list[bool]) -> None:
    assert metrics.average(hits).value == pytest.approx(np.mean(hits))
    groups = np.arange(len(hits)) // 3
    same = metrics.accuracy(hits, np.ones(len(hits), bool), groups=groups)
    ours = metrics.average(hits, groups=groups)
    np.testing.assert_allclose([ours.value, ours.low, ours.high], [same.value, same.low, same.high], atol=1e-12)


def test_average_resamples_groups_with_their_sizes() -> None:
    draw = np.random.default_rng(0)
    values, groups = draw.normal(size=200), np.sort(draw.integers(0, 15, 200))
    slow = slow_draws(np.mean, values + groups, groups=groups)  # type: ignore[arg-type]
    assert_interval(metrics.average(values + groups, groups=groups, repeats=4000), slow)


def test_table_shows_scores_and_gives_numbers() -> None:
    y, p = example()
    table = metrics.table({"CLIP": metrics.report(y, p), "PLIP": metrics.report(y, y)})
    assert table.loc["PLIP", "mcc"].value == 1
    assert "1.000 [1.000, 1.000]" in table.to_string()
    assert "1.000 [1.000, 1.000]" in table.to_html()
    assert table.map(float).loc["PLIP", "macro_f1"] == 1.0


def test_a_seed_gives_the_same_interval() -> None:
    y, p = example()
    assert metrics.report(y, p) == metrics.report(y, p)
    assert metrics.score("mcc", y, p, seed=1) != metrics.score("mcc", y, p)
    assert metrics.accuracy(y, p).error_bar == pytest.approx((0.055, 0.055), abs=0.02)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([], []), ValueError, "no items"),
        (([1, 2], [1]), ValueError, r"lengths are \[2, 1\]"),
        (([1, 2], [1, 2], [1]), ValueError, r"lengths are"),
        (([0, 1], [0.2, 0.7]), ValueError, "fractions"),
        (([0, 1], [0, np.nan]), ValueError, "NaN"),
        (([0, 1], [[0.1, 0.9], [0.3, 0.7]]), ValueError, "argmax"),
        ((["a", "b"], [0, 1]), TypeError, "never be equal"),
        (([None, "b"], ["a", "b"]), TypeError, "without gaps"),
    ],
)
def test_mistakes_are_explained(arguments: tuple, error: type, message: str) -> None:  # type: ignore[type-arg]
    y, p, *groups = arguments
    with pytest.raises(error, match=message):
        metrics.accuracy(y, p, groups=groups[0] if groups else None)


def test_unknown_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="choose from accuracy, weighted_f1"):
        metrics.score("f2", [1], [1])
    with pytest.raises(ValueError, match="choose from recall"):
        metrics.per_class([1], [1], metric="f2")
