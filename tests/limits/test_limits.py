"""Limits: texts are altered as said, temperatures and sets do what their papers promise."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from plip_tutorial.limits import words as limits

WORDS = st.lists(st.text("abcdefg", min_size=1, max_size=6), min_size=2, max_size=8, unique=True)


@given(WORDS)
def test_shuffling_keeps_the_words_and_changes_the_order(words: list[str]) -> None:
    text = " ".join(words)
    mixed = limits.shuffled(text)
    assert sorted(mixed.split()) == sorted(words)
    assert mixed != text
    assert mixed == limits.shuffled(text)


def test_opposites_are_their_own_inverse_and_negation_always_changes() -> None:
    text = "benign glands beside a malignant tumor, normal stroma"
    assert limits.opposite(text) != text
    assert limits.opposite(limits.opposite(text)) == text
    for caption in ("An H&E image of fat", "lymphocytes", "image of image of x"):
        assert limits.negated(caption) != caption
        assert limits.paraphrased(caption) != caption
    assert limits.negated("An H&E image of fat") == limits.paraphrased("An H&E image of fat").replace("fat", "no fat")


@pytest.mark.parametrize("form", limits.ORDERED)
def test_ordered_sentences_have_the_same_words_and_swap_with_their_names(form: str) -> None:
    right, wrong = limits.ordered(form, "An H&E image of {}", "mucus", "fat")
    assert sorted(re.findall(r"\w+", right)) == sorted(re.findall(r"\w+", wrong))
    assert right != wrong
    assert limits.ordered(form, "An H&E image of {}", "fat", "mucus") == (wrong, right)


def test_the_true_name_stands_first_in_half_of_the_ordered_sentences() -> None:
    first = [form.index("{true}") < form.index("{other}") for form in limits.ORDERED]
    assert np.mean(first) == 0.5


class _Words:
    """An encoder that knows three directions."""

    table: ClassVar = {"right": [1.0, 0.0], "wrong": [0.0, 1.0], "same": [1.0, 0.0]}

    def encode_text(self, texts):
        return np.array([self.table[text] for text in texts], np.float32)


def test_preference_against_counting_by_hand() -> None:
    images = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    score = limits.preference(_Words(), images, ["right", "right", "right"], ["wrong", "wrong", "same"])
    assert score.value == pytest.approx((1 + 0 + 0.5) / 3)
    with pytest.raises(ValueError, match="3 pictures, 1 right"):
        limits.preference(_Words(), images, ["right"], ["wrong"])


def test_finds_equals_counting_pairs_and_does_not_care_how_a_sentence_sounds() -> None:
    class Encoder:
        def encode_text(self, texts):
            return np.array([[1.0, 0.2, 5.0], [-1.0, 0.2, 7.0]], np.float32)  # the last axis: an unusual sentence

    draw = np.random.default_rng(0)
    images = np.c_[draw.normal(size=(40, 2)), np.full(40, 0.3)].astype(np.float32)
    y = draw.integers(0, 2, 40)
    scores = limits.finds(Encoder(), images, y, ["one", "two"])
    for i, (text, direction) in enumerate({"one": [1.0, 0.2], "two": [-1.0, 0.2]}.items()):
        cosines = images[:, :2] @ np.float32(direction)
        wins = [float(a > b) for a in cosines[y == i] for b in cosines[y != i]]
        assert scores[text].value == pytest.approx(np.mean(wins), abs=1e-6)


@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=6))
def test_agreement_is_the_share_of_the_commonest_answer(answers: list[list[int]]) -> None:
    expected = [Counter(column).most_common(1)[0][1] / len(answers) for column in zip(*answers, strict=True)]
    assert limits.agreement(answers) == pytest.approx(expected)


@given(st.integers(2, 9), st.integers(0, 20))
def test_coins_are_one_for_each_group_and_balanced(groups: int, seed: int) -> None:
    of_tile = np.repeat([f"slide{i}" for i in range(groups)], 3)
    tossed = limits.coins(of_tile, seed)
    each = [set(tossed[of_tile == name].tolist()) for name in np.unique(of_tile)]
    assert all(len(values) == 1 for values in each)
    assert abs(sum(values.pop() for values in each) - groups / 2) <= 0.5


@pytest.mark.parametrize("truth", [0.5, 1.0, 4.0])
def test_the_temperature_is_found_again(truth: float) -> None:
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 3, (4000, 5))
    labels = np.array([draw.choice(5, p=p) for p in softmax(logits / truth, axis=1)])
    assert limits.fit_temperature(logits, labels) == pytest.approx(truth, rel=0.1)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([0.8, 0.9]))
def test_sets_cover_as_promised_on_the_same_world(seed: int, coverage: float) -> None:
    draw = np.random.default_rng(seed)
    probabilities = draw.dirichlet(np.ones(4), 3000)
    labels = np.array([draw.choice(4, p=p) for p in probabilities])
    threshold = limits.conformal_threshold(probabilities[:1500], labels[:1500], coverage=coverage)
    held, size = limits.coverage_and_size(limits.conformal_sets(probabilities[1500:], threshold), labels[1500:])
    assert held.value == pytest.approx(coverage, abs=0.06)
    assert 1 <= size.value <= 4


@pytest.mark.parametrize("percent", [1, 10, 50, 70, 80, 90, 95, 99])
def test_the_threshold_has_the_exact_rank(percent: int) -> None:
    """The ceil((n + 1) * coverage)-th smallest of 1 - p, in whole numbers; beyond n nothing is excluded."""
    draw = np.random.default_rng(percent)
    for n in (1, 8, 9, 10, 18, 19, 20, 98, 99, 100, 199, 499):
        right = draw.permutation(np.arange(1, n + 1)) / (n + 1)
        rank = -(-(n + 1) * percent // 100)  # rounded up
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = limits.conformal_threshold(
                np.stack([right, 1 - right], 1), np.zeros(n, int), coverage=percent / 100
            )
        assert found == (sorted(right)[n - rank] if rank <= n else 0.0)


def test_sets_of_nine_items_at_nine_in_ten_hold_not_all_classes() -> None:
    draw = np.random.default_rng(0)
    probabilities, labels = draw.dirichlet(np.ones(4), 2009), draw.integers(0, 4, 2009)
    threshold = limits.conformal_threshold(probabilities[:9], labels[:9], coverage=0.9)
    assert threshold == probabilities[np.arange(9), labels[:9]].min() > 0
    assert limits.conformal_sets(probabilities[9:], threshold).sum(1).mean() < 4


@pytest.mark.parametrize(("n", "coverage"), [(19, 0.9), (19, 0.8), (9, 0.5), (39, 0.95)])
def test_the_coverage_is_what_was_asked_for_and_not_more(n: int, coverage: float) -> None:
    # Where (n + 1) * coverage is whole, the mean over many held-out sets is exactly the coverage.
    right = np.random.default_rng(n).random((6000, n + 1))
    held = [
        row[-1]
        >= limits.conformal_threshold(np.stack([row[:-1], 1 - row[:-1]], 1), np.zeros(n, int), coverage=coverage)
        for row in right
    ]
    assert np.mean(held) == pytest.approx(coverage, abs=3 * np.sqrt(coverage * (1 - coverage) / 6000))


def test_too_few_items_for_a_coverage_are_said() -> None:
    for n, coverage, needed in ((8, 0.9, 9), (98, 0.99, 99), (1, 0.6, 2)):
        chances = np.full((n, 2), 0.5)
        with pytest.warns(UserWarning, match=f"{n} held-out items, but .* {needed}: every set will hold all classes"):
            threshold = limits.conformal_threshold(chances, np.zeros(n, int), coverage=coverage)
        assert limits.conformal_sets([[1.0, 0.0]], threshold).all()
        more = np.full((needed, 2), 0.5)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert limits.conformal_threshold(more, np.zeros(needed, int), coverage=coverage) == 0.5


@pytest.mark.parametrize("coverage", [0, 1, 1.5, float("nan")])
def test_a_coverage_that_cannot_be_is_refused(coverage: float) -> None:
    with pytest.raises(ValueError, match=f"coverage is {coverage}"):
        limits.conformal_threshold([[0.5, 0.5]], [0], coverage=coverage)


@pytest.mark.parametrize("threshold", [90, -0.1, float("nan")])
def test_a_threshold_that_cannot_be_makes_no_sets(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold is {threshold}; it is a probability"):
        limits.conformal_sets([[0.5, 0.5]], threshold)


def test_a_temperature_without_a_best_value_is_said() -> None:
    right = np.eye(3)[[0, 1, 2, 0]] * 4
    for logits, labels in ((right, [0, 1, 2, 0]), (right, [1, 2, 0, 1]), (np.ones((4, 3)), [0, 1, 2, 0])):
        with pytest.warns(UserWarning, match="there is no best temperature"):
            limits.fit_temperature(logits, labels)


def test_by_lab_scores_each_lab_alone() -> None:
    scores = limits.by_lab([0, 1, 0, 1], [0, 1, 1, 0], ["A", "A", "B", "B"], metric="accuracy")
    assert {lab: score.value for lab, score in scores.items()} == {"A": 1.0, "B": 0.0}


def test_tiles_of_one_slide_make_the_intervals_of_labs_and_sentences_wider() -> None:
    draw = np.random.default_rng(0)
    right = np.repeat(draw.random(20) < 0.7, 10)  # all ten tiles of a slide are right, or none
    slides, truth, labs = np.repeat(np.arange(20), 10), np.zeros(200, int), ["A"] * 200
    alone, together = (
        limits.by_lab(truth, 1 - right, labs, metric="accuracy", groups=groups)["A"] for groups in (None, slides)
    )
    assert alone.value == together.value == pytest.approx(right.mean())
    assert together.high - together.low > 2 * (alone.high - alone.low)

    class Encoder:
        def encode_text(self, texts):
            return np.eye(2, dtype=np.float32)

    images, y = np.repeat(draw.normal(size=(20, 2)), 10, axis=0).astype(np.float32), np.repeat(np.arange(20) % 2, 10)
    alone, together = (limits.finds(Encoder(), images, y, ["a", "b"], groups=groups)["a"] for groups in (None, slides))
    assert together.high - together.low > 2 * (alone.high - alone.low)
