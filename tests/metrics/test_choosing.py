"""The winner's curse on models whose worth is known."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from plip_tutorial.metrics import choosing

K, PATIENTS, TILES = 3, 20, 200


def world(skills, seed=0):
    """Predictions of settings that are right with a known probability, two seeds each."""
    draw = np.random.default_rng(seed)
    truth, patients = draw.integers(0, K, TILES), np.arange(TILES) % PATIENTS
    wrong = lambda: (truth + draw.integers(1, K, TILES)) % K  # noqa: E731
    guess = lambda skill: np.where(draw.random(TILES) < skill, truth, wrong())  # noqa: E731
    return [["".join(map(str, guess(skill))) for _ in range(2)] for skill in skills], truth, patients


def run(predictions, rate, seed, recall):
    facts = {"study": "search", "learning_rate": rate, "loss": "clip", "seed": seed, "compared": 0, "accuracy": 0.1}
    return {**facts, "validation_recall": recall, "seconds": 1.0, "predictions": predictions}


def test_seeds_of_a_setting_are_averaged_and_the_best_validation_stands_first():
    predictions, truth, _ = world([0.5, 0.9])
    rows = [run(predictions[i][s], [1e-3, 1e-4][i], s, [0.1, 0.3][i] + 0.1 * s) for s in (0, 1) for i in (0, 1)]
    table = choosing.by_setting(rows, truth)
    assert table["learning_rate"].tolist() == [1e-4, 1e-3]
    assert table["validation_recall"].tolist() == pytest.approx([0.35, 0.15])
    assert table["seeds"].tolist() == [2, 2]
    slow = [np.mean([f1_score(truth, [int(d) for d in p], average="weighted") for p in predictions[i]]) for i in (1, 0)]
    assert table["test_f1"].tolist() == pytest.approx(slow)
    diverged = choosing.by_setting([run("", 1.0, 0, 0.0)], truth)
    assert diverged["test_f1"][0] == pytest.approx(f1_score(truth, 0 * truth, average="weighted", zero_division=0))


def test_one_halving_is_what_a_loop_finds():
    predictions, truth, patients = world([0.4, 0.5, 0.6])
    found = choosing.optimism(predictions, truth, patients, patients_asked=8, repeats=1, seed=3)
    order = np.random.default_rng(3).permutation(PATIENTS)
    score = lambda runs, mask: np.mean(  # noqa: E731
        [f1_score(truth[mask], np.array([int(d) for d in p])[mask], average="weighted") for p in runs]
    )
    asked, others = np.isin(patients, order[:8]), np.isin(patients, order[8:])
    best = max(predictions, key=lambda runs: score(runs, asked))
    assert (found.reported, found.later) == pytest.approx((score(best, asked), score(best, others)))
    assert found.tiles == 80


def test_choosing_among_equals_by_the_test_is_optimistic_and_by_something_else_is_not():
    predictions, truth, patients = world([0.5] * 30)
    by_test = choosing.optimism(predictions, truth, patients, patients_asked=10)
    gap = [by_test.reported - by_test.later]
    for setting in range(30):
        fixed = choosing.optimism(predictions, truth, patients, patients_asked=10, chosen=setting, repeats=60)
        gap.append(fixed.reported - fixed.later)
    assert gap[0] > 0.03
    assert abs(np.mean(gap[1:])) < 0.01


def test_somebody_must_be_left_for_afterwards():
    with pytest.raises(ValueError, match="20 of 20 patients"):
        choosing.optimism(*world([0.5]), patients_asked=20)


def test_results_that_do_not_fit_their_tiles_are_named():
    for digits, message in (("01", "expected 3 digits"), ("0x1", "0x1"), ("012", r"predictions\[2\] is 2")):
        with pytest.raises(ValueError, match=message):
            choosing.matrices(digits, [0, 1, 0])
    with pytest.raises(ValueError, match=r"truth\[1\] is -1"):
        choosing.matrices("000", [0, -1, 0])
