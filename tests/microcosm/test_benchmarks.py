"""The labelled sets are pure, carry patients and slides, and cannot be solved by colour."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from plip_tutorial import tracks
from plip_tutorial.metrics.baselines import colour_histogram, mean_colour
from plip_tutorial.microcosm import NAMES, PHRASES, TEMPLATES, TRAINING_LABS, UNSEEN_LABS, benchmark


def test_a_shorter_set_is_the_beginning_of_a_longer_one() -> None:
    long, short = benchmark("micro-pannuke", "test", 30), benchmark("micro-pannuke", "test", 7)
    for i in range(7):
        a, b = long[i], short[i]
        assert np.array_equal(np.asarray(a.pop("image")), np.asarray(b.pop("image")))
        assert a == b


@pytest.mark.parametrize("name", NAMES)
def test_labs_slides_and_patients_are_nested_and_disjoint(name: str) -> None:
    train, test = benchmark(name, "train", 60), benchmark(name, "test", 60)
    assert set(train["lab"]) <= set(TRAINING_LABS)
    assert set(test["lab"]) <= set(UNSEEN_LABS)
    assert set(train["slide"]).isdisjoint(test["slide"])
    assert set(train["patient"]).isdisjoint(test["patient"])
    for table in (train, test):
        slide_of = dict(zip(table["slide"], table["patient"], strict=True))
        lab_of = dict(zip(table["patient"], table["lab"], strict=True))
        rows = zip(table["slide"], table["patient"], table["lab"], strict=True)
        assert all(slide_of[slide] == patient and lab_of[patient] == lab for slide, patient, lab in rows)
    assert list(PHRASES[name]) == test.features["label"].names


def test_each_set_of_both_tracks_has_its_words_and_those_of_a_set_and_its_imitation_agree() -> None:
    assert set(PHRASES) == set(TEMPLATES) == {*NAMES, *tracks.FULL.benchmarks}
    for real, drawn in {"1aurent/NCT-CRC-HE": "micro-kather", "RationAI/PanNuke": "micro-pannuke"}.items():
        assert (PHRASES[real], TEMPLATES[real]) == (PHRASES[drawn], TEMPLATES[drawn])


def test_kather_has_the_codes_of_the_real_set_and_digestpath_its_imbalance() -> None:
    assert benchmark("micro-kather", "test", 1).features["label"].names == [
        "ADI", "BACK", "DEB", "LYM", "MUC", "MUS", "NORM", "STR", "TUM",
    ]  # fmt: skip
    labels = np.array(benchmark("micro-digestpath", "test", 600, size=16)["label"])
    share = 2033 / (16781 + 2033)  # of malignant tiles in the paper's figure
    assert abs(labels.mean() - share) < 4 * np.sqrt(share * (1 - share) / 600)


def test_colour_alone_does_not_solve_the_set_on_unseen_labs() -> None:
    """The best C is picked on the test set here, on purpose: even so colour must stay below the ceiling."""
    train, test = benchmark("micro-kather", "train", 1200), benchmark("micro-kather", "test", 900)
    ceilings = {"mean colour": (mean_colour, 0.50), "histogram": (colour_histogram, 0.70)}
    for name, (features, ceiling) in ceilings.items():
        x, z = features(train["image"]), features(test["image"])
        scores = []
        for c in (0.1, 1.0, 10.0, 100.0):
            probe = make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=3000)).fit(x, train["label"])
            scores.append(f1_score(test["label"], probe.predict(z), average="macro"))
        print(f"{name}: macro F1 {max(scores):.3f} (ceiling {ceiling:.2f})")
        assert 0.2 < max(scores) <= ceiling


@pytest.mark.parametrize(
    ("name", "split", "word"), [("kather", "test", "micro-kather"), ("micro-kather", "val", "train")]
)
def test_unknown_names_are_refused_with_the_choice(name: str, split: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        benchmark(name, split, 1)  # type: ignore[arg-type]
