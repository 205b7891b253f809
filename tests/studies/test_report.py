"""Retrieval in the report, against loops and against chance."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plip_tutorial.studies import report
from plip_tutorial.studies.report import Labelled


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
    score = report.retrieval_score(Labelled(x, labels, groups), lambda images: images)
    assert score.value == pytest.approx(np.mean(shares))


def test_words_find_pictures_and_random_order_is_the_mean_over_many_orders() -> None:
    labels = np.array(["ADI"] * 6 + ["MUC"] * 18)
    x = np.where((labels == "ADI")[:, None], [1.0, 0.1], [0.1, 1.0])
    assert report.words_to_pictures_score(Encoder(), Labelled(x, labels), "micro-kather").value == 1
    draw = np.random.default_rng(0)
    orders = [draw.permutation(24) for _ in range(4000)]
    by_words = np.mean([np.mean([np.mean(labels[order[:5]] == c) for c in ("ADI", "MUC")]) for order in orders])
    by_picture = np.mean([labels[order[0]] == labels[order[1]] for order in orders])
    assert report.random_retrieval(Labelled(x, labels)) == pytest.approx((by_picture, by_words), abs=0.02)


def test_a_folder_that_cannot_be_measured_is_refused_before_the_models_are_built(tmp_path) -> None:
    for name, n in (("TUM", 5), ("02_STROMA", 5), ("other", 9)):
        (tmp_path / name).mkdir()
        for i in range(n):
            Image.new("RGB", (40, 40), (20 * i,) * 3).save(tmp_path / name / f"{i}.png")
    report.check_real([tmp_path])
    assert sorted(report.real(tmp_path).labels.tolist()) == ["STR"] * 5 + ["TUM"] * 5
    (tmp_path / "TUM" / "0.png").unlink()
    with pytest.raises(ValueError, match=r"holds 5 of STR, 4 of TUM; the probe needs two classes of 5 tiles or more"):
        report.check_real([tmp_path])
    (tmp_path / "TUM").rename(tmp_path / "one")
    (tmp_path / "02_STROMA").rename(tmp_path / "two")
    with pytest.raises(ValueError, match=r"has the classes one, other, two; none of them is one of .*TUM.*01_TUMOR"):
        report.check_real([tmp_path])


def test_what_is_left_out_is_counted_and_the_features_are_not_changed() -> None:
    draw = np.random.default_rng(0)
    labels = np.array(["ADI"] * 10 + ["MUC"] * 10 + ["TUM"] * 2)
    x = draw.normal(size=(22, 3)).astype(np.float32)
    x.flags.writeable = False
    with pytest.warns(UserWarning, match=r"2 tiles are left out \(fewer than 5 of their class\): 2 TUM"):
        assert report.folded_probe_score(Labelled(x, labels), lambda images: images).n == 20
    assert report.retrieval_score(Labelled(x, labels), lambda images: images).n == 22
