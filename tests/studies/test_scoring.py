"""The scores of the report, against loops and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plip_tutorial.metrics import scores as metrics
from plip_tutorial.studies import scoring
from plip_tutorial.studies.scoring import Labelled


class Encoder:
    """Pictures are their own vectors; sentences point along the axis of their tissue."""

    def encode_images(self, images, *_):
        return np.asarray(images, np.float32)

    def encode_text(self, texts):
        return np.array([[1.0, 0.0] if "adipose" in text else [0.0, 1.0] for text in texts], np.float32)


@pytest.mark.parametrize("grouped", [False, True])
def test_neighbours_are_scored_as_by_a_loop(grouped: bool) -> None:
    draw = np.random.default_rng(0)
    x, labels = draw.normal(size=(30, 4)), draw.choice(["ADI", "MUC"], 30)
    groups = np.arange(30) // 3 if grouped else None
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    shares = []
    for i in range(30):
        own = {i} if groups is None else set(np.flatnonzero(groups == groups[i]).tolist())
        others = sorted((j for j in range(30) if j not in own), key=lambda j: -float(unit[i] @ unit[j]))[:5]
        shares.append(np.mean([labels[j] == labels[i] for j in others]))
    score = scoring.retrieval_score(Labelled(x, labels, groups), lambda data: data.images)
    assert score.value == pytest.approx(np.mean(shares))


def test_words_find_pictures_and_random_order_is_the_mean_over_many_orders() -> None:
    labels = np.array(["ADI"] * 6 + ["MUC"] * 18)
    x = np.where((labels == "ADI")[:, None], [1.0, 0.1], [0.1, 1.0])
    assert scoring.words_to_pictures_score(Encoder(), Labelled(x, labels), "micro-kather").value == 1
    draw = np.random.default_rng(0)
    orders = [draw.permutation(24) for _ in range(4000)]
    by_words = np.mean([np.mean([np.mean(labels[order[:5]] == c) for c in ("ADI", "MUC")]) for order in orders])
    by_picture = np.mean([labels[order[0]] == labels[order[1]] for order in orders])
    assert scoring.random_retrieval(Labelled(x, labels)) == pytest.approx((by_picture, by_words), abs=0.02)


def test_a_folder_that_cannot_be_measured_is_refused_before_the_models_are_built(tmp_path) -> None:
    for name, n in (("TUM", 5), ("02_STROMA", 5), ("other", 9)):
        (tmp_path / name).mkdir()
        for i in range(n):
            Image.new("RGB", (40, 40), (20 * i,) * 3).save(tmp_path / name / f"{i}.png")
    scoring.check_real([tmp_path])
    assert sorted(scoring.real(tmp_path).labels.tolist()) == ["STR"] * 5 + ["TUM"] * 5
    (tmp_path / "TUM" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"holds 5 of STR, 4 of TUM; the probe needs two classes of 5 tiles or more"):
        scoring.check_real([tmp_path])
    (tmp_path / "TUM").rename(tmp_path / "one")
    (tmp_path / "02_STROMA").rename(tmp_path / "two")
    with pytest.raises(ValueError, match=r"has the classes one, other, two; none of them is one of .*TUM.*01_TUMOR"):
        scoring.check_real([tmp_path])


def test_what_is_left_out_is_counted_and_the_features_are_not_changed() -> None:
    draw = np.random.default_rng(0)
    labels = np.array(["ADI"] * 10 + ["MUC"] * 10 + ["TUM"] * 2)
    x = draw.normal(size=(22, 3)).astype(np.float32)
    x.flags.writeable = False
    with pytest.warns(UserWarning, match=r"2 tiles are left out \(fewer than 5 of their class\): 2 TUM"):
        assert scoring.folded_probe_score(Labelled(x, labels), lambda data: data.images).n == 20
    assert scoring.retrieval_score(Labelled(x, labels), lambda data: data.images).n == 22


def test_a_model_looks_at_a_set_once_and_another_set_is_another_one() -> None:
    class Counting(Encoder):
        looks = 0

        def encode_images(self, images, *_):
            self.looks += 1
            return np.asarray(images, np.float32)

    model, labels = Counting(), np.array(["ADI", "BACK"])
    same, moved = Labelled(np.eye(2), labels), Labelled(np.eye(2)[::-1], labels)
    assert [scoring.zero_shot_score(model, data, "micro-kather").value for data in (same, moved, same)] == [1, 0, 1]
    assert model.looks == 2


class Malignancy(Encoder):
    """The first axis is benign, the second malignant."""

    def encode_text(self, texts):
        return np.array([[1.0, 0.0] if "benign" in text else [0.0, 1.0] for text in texts], np.float32)


def test_a_good_order_with_a_bad_threshold_is_told_from_a_bad_order() -> None:
    angles = np.radians([5, 10, 15, 20, 25, 30, 35, 40])  # all nearer to benign, the malignant less so
    labels = np.array(["benign"] * 4 + ["malignant"] * 4)
    data = Labelled(np.stack([np.cos(angles), np.sin(angles)], 1), labels)
    told = scoring.malignancy_scores(Malignancy(), data, "micro-pannuke")
    assert {name: score.value for name, score in told.items()} == {
        "balanced accuracy": 0.5, "AUROC": 1.0, "balanced accuracy, centred": 1.0,
    }  # fmt: skip


def test_standardised_a_small_column_counts_as_much_as_a_large_one_and_only_training_tiles_say_how_large() -> None:
    draw = np.random.default_rng(0)
    labels = np.repeat(["ADI", "MUC"], 60)
    x = np.stack(
        [1000 * draw.normal(size=120), 1e-3 * (labels == "MUC") + 2e-4 * draw.normal(size=120), np.ones(120)], 1
    )
    train, test = Labelled(x[::2], labels[::2]), Labelled(x[1::2], labels[1::2])
    images = lambda data: data.images  # noqa: E731
    plain, standard = (scoring.probe_score(train, test, images, standardise=yes).value for yes in (False, True))
    assert plain < 0.7 < 0.95 < standard
    assert scoring.folded_probe_score(Labelled(x, labels), images, standardise=True).value > 0.95
    one = Labelled(test.images[:1], test.labels[:1])  # a set of one has no spread of its own
    assert scoring.probe_score(train, one, images, standardise=True).value == 1
    expected = metrics.macro_f1(labels[1::2], np.where(x[1::2, 1] > 5e-4, "MUC", "ADI")).value
    assert standard == pytest.approx(expected, abs=0.05)
