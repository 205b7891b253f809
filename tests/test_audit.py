import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn import metrics as sk

from plip_tutorial import audit

PACKAGED = Path(audit.__file__).parent / "data" / "plip_paper.json"


def by_hand(counts, classes):
    """Precision, recall and F1 of each class with plain loops and exact fractions."""
    k, f1, recall, support = len(classes), [], [], []
    for i in range(k):
        right, row, column = counts[i][i], sum(counts[i]), sum(counts[j][i] for j in range(k))
        f1.append(Fraction(2 * right, row + column) if row + column else Fraction(0))
        recall.append(Fraction(right, row))
        support.append(row)
    total = sum(support)
    weighted = sum(f * n for f, n in zip(f1, support, strict=True)) / total
    return {"weighted_f1": weighted, "macro_f1": sum(f1) / k, "balanced_accuracy": sum(recall) / k}, recall


def test_kather_scores_equal_a_computation_by_hand_and_the_published_score():
    table = json.loads(PACKAGED.read_text())["kather_confusion"]
    expected, recall = by_hand(table["counts"], table["classes"])
    report = audit.kather_report()
    for name, value in expected.items():
        assert report[name].value == pytest.approx(float(value), abs=1e-12), name
    for name, value in zip(table["classes"], recall, strict=True):
        assert audit.kather_recall()[name].value == pytest.approx(float(value), abs=1e-12), name
    assert round(report["weighted_f1"].value, 3) == audit.facts()["zero_shot_weighted_f1"]["kather"]["plip"][0]


def test_a_recall_without_a_miss_still_has_a_width():
    assert str(audit.kather_recall()["BACK"]) == "1.000 [0.995, 1.000]"  # 847 of 847: 847 / (847 + 1.96**2)


def test_labels_give_the_matrix_back():
    counts = audit.kather_counts()
    truth, predicted = audit.as_labels(counts)
    assert (sk.confusion_matrix(truth, predicted, labels=list(counts.index)) == counts.to_numpy()).all()


@given(st.lists(st.integers(1, 400), min_size=2, max_size=6))
def test_constant_weighted_f1_is_that_of_constant_labels(sizes):
    truth = np.repeat(np.arange(len(sizes)), sizes)
    said = np.full(len(truth), int(np.argmax(sizes)))
    assert audit.constant_weighted_f1(sizes) == pytest.approx(
        sk.f1_score(truth, said, average="weighted", zero_division=0)
    )


@given(st.integers(0, 60), st.integers(1, 60))
def test_wilson_ends_are_where_the_score_test_turns(right, n):
    share = min(right, n) / n
    score = audit.wilson(share, n)

    def surprise(p):  # squared distance in standard errors of the true share p, minus the 95% line
        return (share - p) ** 2 * n - audit.Z**2 * p * (1 - p)

    assert score.low <= share <= score.high
    low = 0.0 if share == 0 else brentq(surprise, 1e-12, min(share, 1 - 1e-9))
    high = 1.0 if share == 1 else brentq(surprise, max(share, 1e-9), 1 - 1e-12)
    assert (score.low, score.high) == pytest.approx((low, high), abs=1e-6)


def test_clusters_widen_and_lonely_tiles_do_not():
    alone, together = audit.clustered(0.6, 1000, 1000, 0.5), audit.clustered(0.6, 1000, 50, 0.2)
    assert alone == audit.wilson(0.6, 1000)
    assert together.high - together.low > 2 * (alone.high - alone.low)
    one_each = audit.clustered(0.6, 1000, 50, 1.0)  # tiles of a patient are all alike: patients are what counts
    assert (one_each.low, one_each.high) == pytest.approx((audit.wilson(0.6, 50).low, audit.wilson(0.6, 50).high))


def test_all_totals_agree_and_every_part_is_counted():
    table = audit.totals()
    assert table["agree"].all()
    assert len(audit.hashtags()) == 32
    assert audit.hashtags()["running share"].iloc[-1] == pytest.approx(1)


def test_lost_classes_are_mucus_and_debris():
    lost = audit.lost_classes(audit.kather_counts())
    assert set(lost.index) == {"MUC", "DEB"}
    assert lost.loc["MUC", "called"] == "STR"
    assert lost.loc["MUC", "share"] == pytest.approx(867 / 1035)
    assert lost.loc["DEB", "called"] == "BACK"


def test_always_benign_on_digestpath_by_hand():
    benign, malignant = 16781, 2033
    precision, recall = benign / (benign + malignant), 1.0
    by_hand = benign / (benign + malignant) * 2 * precision * recall / (precision + recall)
    assert audit.zero_shot().loc["digestpath", "constant"] == pytest.approx(by_hand)
    assert np.isnan(audit.zero_shot().loc["wsss4luad", "constant"])  # the sizes of its classes are not in the file


def test_tables_hold_the_published_numbers():
    gains, organs = audit.gains(), audit.pannuke()
    assert gains.loc["kather", "zero-shot gain"] == pytest.approx(0.565 - 0.135)
    assert gains.loc["kather", "probe gain"] == pytest.approx(0.877 - 0.797)
    assert gains.loc["kather", "zero-shot, of the missing"] == pytest.approx((0.565 - 0.135) / (1 - 0.135))
    assert gains.loc["wsss4luad", "probe, of the missing"] == pytest.approx((0.927 - 0.85) / (1 - 0.85))
    assert list(organs["tiles"]) == sorted(organs["tiles"])
    assert organs.loc["Lung", "clip"].value == 0.93
    assert organs.loc["Lung", "constant"] == pytest.approx(0.929, abs=5e-4)
    assert audit.retrieval().loc["pathpedia", "chance@10"] == pytest.approx(10 / 210)
    assert audit.probe_margins().loc["pannuke", "lead"] == pytest.approx(0.006)


@pytest.mark.parametrize("score", [0.03, 0.3, 0.832])
def test_every_model_on_the_curve_has_the_score(score):
    benign, malignant = 1678, 203
    curve = audit.same_score((benign, malignant), score)
    assert curve
    for sensitivity, specificity in curve.items():
        found, right = round(sensitivity * malignant), round(specificity * benign)
        truth = np.repeat([0, 1], [benign, malignant])
        said = np.repeat([0, 1, 0, 1], [right, benign - right, malignant - found, found])
        assert sk.f1_score(truth, said, average="weighted", zero_division=0) == pytest.approx(score, abs=0.01)


def test_a_score_that_no_model_can_have_gives_an_empty_curve():
    assert audit.same_score((50, 50), 1.01) == {}
    assert audit.same_score((50, 50), 1.0) == {1.0: 1.0}


def test_follow_up_tables_name_their_source_and_hold_shares():
    for study in ("conch", "keep"):
        table = audit.follow_up(study)
        assert table.attrs["source"].startswith("https://")
        assert "PLIP" in table
        assert table.to_numpy().min() > 0
        assert table.to_numpy().max() <= 1
    assert audit.follow_up("keep").loc["kidney (CPTAC-CCRCC)", "PLIP"] == 0.33
    assert audit.image_retrieval().loc["plip", "recall@10"] == 0.646


def test_the_packaged_facts_are_the_shared_ones():
    shared = Path(__file__).parents[1] / "../shared/facts/plip_paper.json"
    if not shared.exists():
        pytest.skip("the shared facts are not beside this clone")
    assert PACKAGED.read_bytes() == shared.read_bytes()


@pytest.mark.parametrize(("share", "n"), [(1.2, 10), (-0.1, 10), (0.5, 0), (float("nan"), 5)])
def test_wilson_refuses_what_is_no_share(share, n):
    with pytest.raises(ValueError, match="share"):
        audit.wilson(share, n)


@pytest.mark.parametrize(("clusters", "correlation"), [(0, 0.5), (200, 0.5), (10, 1.5), (10, -0.1)])
def test_clusters_that_cannot_be_are_refused(clusters, correlation):
    with pytest.raises(ValueError, match=f"100 tiles cannot come from {clusters} clusters"):
        audit.clustered(0.5, 100, clusters, correlation)
