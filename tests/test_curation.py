"""The recipe with a step left out, in miniature: what is left out shows in the corpus, and the rest stays as it was."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from plip_tutorial import microcosm, recipe, tracks
from plip_tutorial.clean import pathology_filter as clean
from plip_tutorial.curation import STEPS, Curation
from plip_tutorial.storage import cache
from plip_tutorial.studies import ablation, provenance

SMALL = replace(tracks.TINY, posts=400, web_pool=400, steps=2, batch_size=16)
RECIPE = replace(recipe.RECIPE, everyday=64, pretrain_steps=2, labelled=80, precision=0.6, knn_precision=0.5)

whole_sets = recipe.micro
pytestmark = pytest.mark.once


@pytest.fixture(scope="module", autouse=True)
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("cache")))
        patch.setattr(tracks, "TINY", SMALL)
        patch.setattr(recipe, "RECIPE", RECIPE)
        patch.setattr(recipe, "micro", lambda name, split="test": whole_sets(name, split, 60))
        yield


def test_what_a_step_is_there_for_comes_back_without_it() -> None:
    def texts(without: str) -> list[str]:
        return list(Curation(without).corpus()["text"])

    whole = Curation().corpus()
    assert not any("?" in text for text in whole["text"] if text)
    assert any("?" in text for text in texts("question filter"))
    assert "web" not in Curation("expansion").corpus()["source"]
    assert "web" in whole["source"]
    purity = {step: clean.purity(Curation(step).corpus()) for step in ("", "image filter", "English filter")}
    assert purity["image filter"]["not pathology"] > purity[""]["not pathology"]
    assert purity["English filter"]["not English"] > purity[""]["not English"]
    assert len(texts("deduplication")) > len(whole)
    for step in STEPS:  # leaks are never let in
        assert not clean.leaks(Curation(step).corpus(), recipe.micro(microcosm.NAMES[0])).any()


def test_captions_dealt_anew_are_the_same_captions_under_the_same_pictures() -> None:
    whole, dealt = Curation().corpus(), Curation("matching captions").corpus()
    assert Counter(whole["text"]) == Counter(dealt["text"])
    assert list(whole["truth_slide"]) == list(dealt["truth_slide"])
    assert np.mean([a != b for a, b in zip(whole["text"], dealt["text"], strict=True)]) > 0.8
    assert sum(dealt["truth_match"]) < sum(whole["truth_match"]) / 2


def test_what_a_missing_step_does_not_touch_is_not_made_again() -> None:
    assert Curation("expansion").collected()._fingerprint == Curation().collected()._fingerprint
    assert Curation("question filter").collected().num_rows > Curation().collected().num_rows


def test_an_unknown_step_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'dedup'.*deduplication"):
        Curation("dedup")


def test_the_ablation_scores_every_arm_on_every_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "STEPS", ("expansion",))
    rows = ablation.measure(seeds=2, steps=1, progress=False)
    assert [row["without"] for row in rows] == ["", "expansion"]
    for row in rows:
        assert set(row["scores"]) == {*microcosm.NAMES, "mean"}
        for score in row["scores"].values():
            assert score["interval"][0] - 1e-3 <= score["value"] <= score["interval"][1] + 1e-3
            assert np.mean(score["seeds"]) == pytest.approx(score["value"], abs=1e-3)
    assert rows[0]["scores"]["mean"]["difference"] == [0, 0]  # the whole recipe against itself
    told = ablation.predictions("", 0, 1)
    from plip_tutorial.metrics import scores as metrics

    truth = recipe.micro("micro-kather")["label"]
    slow = metrics.weighted_f1(truth, told["micro-kather"]).value
    assert rows[0]["scores"]["micro-kather"]["seeds"][0] == pytest.approx(slow, abs=1e-4)


def test_the_committed_ablation_is_whole() -> None:
    stored = provenance.load(ablation.NAME)
    assert [row["without"] for row in stored.results["arms"]] == list(ablation.arms())
    assert all(len(row["scores"]["mean"]["seeds"]) == 3 for row in stored.results["arms"])
