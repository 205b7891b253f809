"""What scores are computed from: every kind of column is read alike, and what is wrong is named with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from plip_tutorial import linear_probe, retrieval, zero_shot
from plip_tutorial.limits import words as limits
from plip_tutorial.metrics import bootstrap, score_input
from plip_tutorial.metrics import scores as metrics

NAN, INF = float("nan"), float("inf")
Y, P = [0, 1, 1, 0, 2, 2], [0, 1, 0, 0, 2, 1]
WORDS, SAID = ([["fat", "lym", "muc"][i] for i in codes] for codes in (Y, P))


def read_only(values: list[Any]) -> np.ndarray:
    array = np.array(values)
    array.flags.writeable = False
    return array


def every_second(values: list[Any]) -> np.ndarray:
    return np.repeat(np.array(values), 2)[::2]


def column(values: list[Any]) -> Any:
    from datasets import Dataset

    return Dataset.from_dict({"label": values})["label"]


@pytest.mark.parametrize(
    "kind",
    [
        list, tuple, np.array, read_only, every_second, column, pd.Series, pd.Index, pd.Categorical,
        lambda values: pd.Series(values, dtype="string" if isinstance(values[0], str) else "Int64"),
        lambda values: np.array(values, object),
        lambda values: pd.Series(values).astype("category"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pair", [(Y, P), (WORDS, SAID)], ids=["numbers", "words"])
def test_every_kind_of_column_gives_the_same_score(kind: Callable[[Any], Any], pair: tuple[Any, Any]) -> None:
    truth, predicted = pair
    assert metrics.report(kind(truth), kind(predicted)) == metrics.report(Y, P)
    assert metrics.accuracy(truth, kind(predicted), groups=kind(truth)).value == pytest.approx(4 / 6)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.uint64, np.int64, np.float16, np.float32, float])
def test_whole_numbers_of_any_width_are_labels(dtype: Any) -> None:
    assert metrics.report(np.array(Y, dtype), np.array(P, np.int32)) == metrics.report(Y, P)
    assert score_input.labels(np.array(Y, dtype)).dtype == np.int64


def test_large_labels_stay_different() -> None:
    # As float64, which unsigned and signed numbers have in common, both would be 2 ** 60.
    assert metrics.accuracy(np.array([2**60], np.uint64), np.array([2**60 + 1])).value == 0


def test_bools_meet_numbers_but_not_words() -> None:
    assert metrics.accuracy([True, False], [1, 1]).value == 0.5
    with pytest.raises(TypeError, match=r"y_true\[0\] is True and y_pred\[0\] is 'a'"):
        metrics.accuracy([True, False], ["a", "b"])


CHANCES = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])
X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)


def changed(array: np.ndarray, place: Any, value: float) -> np.ndarray:
    array = np.array(array, np.float64)
    array[place] = value
    return array


class Words:
    def encode_text(self, texts: list[str]) -> np.ndarray:
        return np.ones((len(texts), 4), np.float32)


PLIP: Any = Words()
WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # labels
    (lambda: metrics.accuracy([0, 1], [0, NAN]), ValueError, r"y_pred\[1\] is nan; .*fractions"),
    (lambda: metrics.accuracy([0, 1], [0.5, 0.25]), ValueError, r"y_pred\[0\] is 0.5 \(2 of 2 are like this\)"),
    (lambda: metrics.accuracy([0, INF], [0, 1]), ValueError, r"y_true\[1\] is inf"),
    (lambda: metrics.accuracy(["a", NAN], ["a", "b"]), TypeError, r"y_true\[1\] is nan; .*without gaps"),
    (lambda: metrics.accuracy(pd.Series(["a", None]), ["a", "b"]), TypeError, r"y_true\[1\] is (None|nan)"),
    (lambda: metrics.accuracy(pd.Series([1, pd.NA], dtype=object), [1, 2]), TypeError, r"y_true\[1\] is <NA>"),
    (lambda: metrics.accuracy(["a", 1], ["a", "b"]), TypeError, r"y_true\[0\] is 'a' and y_true\[1\] is 1"),
    (lambda: metrics.accuracy(["1", "2"], [1, 2]), TypeError, r"y_true\[0\] is '1' and y_pred\[0\] is 1: .*never"),
    (lambda: metrics.accuracy([b"a"], [b"a"]), TypeError, "must be strings or whole numbers"),
    (lambda: metrics.accuracy(np.ones((2, 1)), [1, 1]), ValueError, r"shape \(2, 1\); pass \[:, 0\]"),
    (lambda: metrics.accuracy("ab", "ab"), ValueError, r"one-dimensional, got shape \(\)"),
    (lambda: metrics.accuracy([[1], [1, 2]], [1, 2]), ValueError, "y_true is no array: rows of different lengths"),
    (lambda: metrics.report([], []), ValueError, "no items"),
    (lambda: metrics.report([None], [1]), TypeError, r"y_true\[0\] is None"),
    (lambda: metrics.paired_difference([1, 2], [1, 2], [1]), ValueError, r"prediction 2 must.*\[2, 2, 1\]"),
    (lambda: zero_shot.worst_confusions([1, 2], [1]), ValueError, r"y_true, y_pred must.*\[2, 1\]"),
    (lambda: limits.by_lab([0, 1], [0, 1], ["A"]), ValueError, r"as many labs as items; their lengths are \[2, 1\]"),
    (lambda: metrics.score("mcc", range(5000), range(5000)), ValueError, "5000 classes .* are these labels"),
    (lambda: metrics.score("mcc", [1], [1], repeats=-1), ValueError, "repeats is -1"),
    # groups
    (lambda: metrics.accuracy(Y, P, groups=[1, 2]), ValueError, r"groups as items; their lengths are \[6, 2\]"),
    (lambda: metrics.accuracy([1, 2], [1, 2], groups=[1, NAN]), ValueError, r"groups\[1\] is nan; a gap is no name"),
    (lambda: metrics.average([1, 2], groups=["a", None]), TypeError, r"groups\[1\] is None"),
    (lambda: metrics.auroc([0, 1], [1, 2], groups=[[1], [2]]), ValueError, r"groups must be one-dim.*\(2, 1\)"),
    (lambda: limits.coins(["a", None]), TypeError, r"groups\[1\] is None"),
    # numbers
    (lambda: metrics.average([1, NAN]), ValueError, r"values\[1\] is nan"),
    (lambda: metrics.average([1, INF]), ValueError, r"values\[1\] is inf"),
    (lambda: metrics.average(["a"]), TypeError, "values must be numbers; it holds .*'a'"),
    (lambda: metrics.average([[1.0, 2.0]]), ValueError, r"one number an item, \(n,\), got shape \(1, 2\)"),
    (lambda: metrics.average([]), ValueError, "no items"),
    (lambda: metrics.auroc([0, 1], [0, NAN]), ValueError, r"scores\[1\] is nan"),
    (lambda: metrics.auroc([0, 1], [[0.5], [0.5]]), ValueError, "one number an item"),
    (lambda: metrics.auroc([0, 1, 1], [0, 1]), ValueError, r"y_true, scores must.*\[3, 2\]"),
    (lambda: metrics.auroc([-1, 1], [0, 1]), ValueError, "labelled 0 and 1; the labels are -1, 1"),
    (lambda: metrics.auroc(["0", "1"], [0, 1]), ValueError, "labelled 0 and 1; the labels are '0', '1'"),
    # probabilities and class indices
    (lambda: metrics.ece([0, 1, 0], CHANCES * 6), ValueError, r"\[0, 0\] is 5.4 .*no probabilities. Of logits take"),
    (lambda: metrics.ece([0, 1, 0], -CHANCES), ValueError, r"probabilities\[0, 0\] is -0.9"),
    (lambda: metrics.ece([0, 1, 0], CHANCES * 0.9), ValueError, r"probabilities\[0\] sums to 0.9 and not to 1"),
    (lambda: metrics.ece([0, 1, 0], changed(CHANCES, (2, 1), NAN)), ValueError, r"probabilities\[2, 1\] is nan"),
    (lambda: metrics.ece([0, 1, 0], CHANCES[:, 1]), ValueError, r"got shape \(3,\): of two classes pass both"),
    (lambda: metrics.ece([0, 1, 0], CHANCES.astype(str)), TypeError, "probabilities must be numbers"),
    (lambda: metrics.ece(["a", "b", "a"], CHANCES), TypeError, r"y_true\[0\] is 'a'; expected the place .* 0 to 1"),
    (lambda: metrics.ece([0, 2, 0], CHANCES), ValueError, r"y_true\[1\] is 2; expected the place of the right"),
    (lambda: metrics.ece([0, -1, 0], CHANCES), ValueError, r"y_true\[1\] is -1"),
    (lambda: metrics.ece([0, 1], CHANCES), ValueError, r"y_true, probabilities must.*\[2, 3\]"),
    (lambda: metrics.ece([0, 1, 0], CHANCES, bins=0), ValueError, "bins is 0"),
    (lambda: limits.fit_temperature(changed(CHANCES, (1, 0), INF), [0, 1, 0]), ValueError, r"logits\[1, 0\] is inf"),
    (lambda: limits.fit_temperature(CHANCES, [0, 1, 2]), ValueError, r"y\[2\] is 2"),
    (lambda: limits.fit_temperature(CHANCES[:0], []), ValueError, "no items"),
    (lambda: limits.conformal_threshold(CHANCES * 9, [0, 1, 0]), ValueError, "no probabilities"),
    (lambda: limits.conformal_threshold(CHANCES, [0, 1]), ValueError, r"probabilities, y must.*\[3, 2\]"),
    (lambda: limits.conformal_sets(CHANCES * 9, 0.5), ValueError, "no probabilities"),
    (lambda: limits.coverage_and_size(CHANCES, [0, 1, 0]), ValueError, "bool mask .* got float64"),
    (lambda: limits.finds(PLIP, X, [0, 1, 7], ["a", "b"]), ValueError, r"y\[2\] is 7"),
    (lambda: zero_shot.probabilities([1.0, 2.0], 1), ValueError, r"scores must be a row an item .*\(2,\)"),
    (lambda: zero_shot.probabilities([[1.0, NAN]], 1), ValueError, r"scores\[0, 1\] is nan"),
    (lambda: zero_shot.probabilities([[1.0, 2.0]], -1), ValueError, "logit_scale is -1"),
    (lambda: zero_shot.prompt_spread(PLIP, X, [0, 1, 2], ["a", "b"], ["{}"]), ValueError, r"y_true\[2\] is 2"),
    (lambda: zero_shot.prompt_spread(PLIP, X, ["a", "b", "a"], ["a", "b"], ["{}"]), TypeError, r"y_true\[0\] is 'a'"),
    # embeddings
    (lambda: zero_shot.predict(changed(X, (2, 1), NAN), X), ValueError, r"image embeddings\[2, 1\] is nan"),
    (lambda: zero_shot.predict(X, changed(X, (0, 3), INF)), ValueError, r"classifier\[0, 3\] is inf; .*not finite"),
    (lambda: zero_shot.predict(X, X[:0]), ValueError, "not empty"),
    (lambda: zero_shot.predict(X.astype(str), X), TypeError, "must be numbers"),
    (lambda: retrieval.search(X, changed(X, (1, 1), NAN)), ValueError, r"targets\[1, 1\] is nan"),
    (lambda: retrieval.search(X, X, 2.5), ValueError, "k is 2.5"),  # type: ignore[arg-type]
    (lambda: retrieval.neighbours(changed(X, (1, 1), NAN)), ValueError, r"embeddings\[1, 1\] is nan"),
    (lambda: retrieval.recall_at_k(X, X, 5), ValueError, "ks is 5; pass a list"),  # type: ignore[arg-type]
    (lambda: retrieval.recall_at_k(X, X, []), ValueError, r"ks is \[\]; pass a list"),
    (lambda: retrieval.recall_at_k(X, X, groups=["a", "b", None]), TypeError, r"groups\[2\] is None"),
    (lambda: retrieval.recall_at_k(X, X, groups=["1"] * 3, target_groups=[1] * 3), TypeError, "none would be equal"),
    (lambda: retrieval.search(X, X, 1, query_slides=["1"] * 3, target_slides=[1] * 3), TypeError, "none would be eq"),
    (lambda: retrieval.search(X, X, 1, query_slides=[1] * 3, target_slides=[1, 1, NAN]), ValueError, r"slides\[2\] is"),
    (lambda: limits.preference(PLIP, X[0], ["a"], ["b"]), ValueError, r"expected image embeddings \(n, d\); got"),
    (lambda: linear_probe.sweep(changed(X, (2, 0), NAN), [0, 1, 0]), ValueError, r"embeddings\[2, 0\] is nan"),
    (lambda: linear_probe.sweep(pd.Series(list(X)), [0, 1, 0]), TypeError, r"column of vectors; np\.stack"),
    (lambda: linear_probe.sweep(X, ["fat"] * 3), ValueError, "all 3 labels are 'fat'; a probe needs"),
    (lambda: linear_probe.sweep(X, [0, 1, NAN]), ValueError, r"train_y\[2\] is nan"),
    (lambda: linear_probe.sweep(X, [0, 1, 0], groups=[1]), ValueError, r"lengths are \[3, 1\]"),
    (lambda: linear_probe.sweep(X, [0, 1, 0], cs=[0.0, 1.0]), ValueError, "values of C are .0.0, 1.0."),
    (lambda: linear_probe.sweep(X, [0, 1, 0], cs=[]), ValueError, "at least one"),
    (lambda: linear_probe.prototypes(X, [0, 1]), ValueError, r"x, y must.*\[3, 2\]"),
    (lambda: linear_probe.label_efficiency(X, [0, 1, 0], X, Y, fractions=[2.0]), ValueError, r"fractions are \[2.0\]"),
    (lambda: linear_probe.text_informed(X, [0, 1], X, logit_scale=1), ValueError, "3 pictures, 2 labels"),
    (lambda: linear_probe.text_informed(X, [0, 1, 3], X, logit_scale=1), ValueError, r"y\[2\] is 3"),
    (lambda: linear_probe.text_informed(X, [0, 1, 2], X, logit_scale=0), ValueError, "logit_scale 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_what_is_wrong_is_named_with_its_place_and_value(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_probabilities_may_miss_one_by_rounding_only() -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(9), 500)
    for dtype in (np.float16, np.float32, float):
        assert score_input.probabilities(chances.astype(dtype)).dtype == dtype
    for wrong in (1 + 2e-3, 1 - 2e-3):
        with pytest.raises(ValueError, match=r"probabilities\[0\] sums to"):
            score_input.probabilities(chances * wrong)
    with pytest.raises(ValueError, match="sums to"):
        score_input.probabilities((chances * 0.98).astype(np.float16))


def test_half_precision_embeddings_and_columns_in_other_order_are_read_as_they_are() -> None:
    half = X.astype(np.float16)
    words = np.asfortranarray(half[:2].astype(np.float64))
    predicted, scores = zero_shot.predict(half[:, :], words)
    np.testing.assert_allclose(scores, half.astype(float) @ half[:2].astype(float).T, rtol=1e-5)
    assert retrieval.search(half, read_only(half.tolist()), 3)[1].tolist() == np.argsort(-(half @ half.T), 1).tolist()
    assert predicted.tolist() == scores.argmax(1).tolist()


def test_groups_are_numbered_in_the_order_of_their_names_as_text() -> None:
    assert score_input.group_codes([10, 9, 10], 3).tolist() == [0, 1, 0]
    assert bootstrap.confusions(np.array([[0, 0], [1, 0]]), ["a", "b"], 5)[1].shape == (5, 1, 2, 2)
