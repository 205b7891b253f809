"""Ablation and expansion in miniature: a few pairs, two steps, a model of a few thousand weights."""

import dataclasses

import numpy as np
import pytest
from datasets import Dataset
from small_clip import small_clip, small_pairs

from plip_tutorial import artifacts, finetune, microcosm, tracks
from plip_tutorial.artifacts import build, curation
from plip_tutorial.artifacts.curation import Curated
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.storage import cache
from plip_tutorial.studies import ablation, canary, expansion, provenance, short_trainings, sweep

drawn_whole = microcosm.benchmark
SIZES = {"": 19, "expansion": 12, "matching captions": 19}


def curated(without="", **recipe):
    """A corpus of another size for each arm, and for each number of neighbours."""
    n = SIZES[without] + recipe.get("neighbours", 0) % 7
    pairs = small_pairs(n, seed=recipe.get("neighbours", 0)).to_dict()
    truth = {"truth_pathology": [True] * n, "truth_match": [True] * n, "truth_language": ["en"] * n}
    table = Dataset.from_dict(
        pairs | truth | {"source": ["web"] * 3 + ["tweet"] * (n - 3)},
        features=None,
    ).cast_column("image", small_pairs(1).features["image"])
    none = np.arange(5)
    return Curated(none, table, none, recipe.get("knn_precision", 0.5), none, none, table)


pytestmark = pytest.mark.filterwarnings("ignore:There are only")  # pairs: what is measured is not the score


@pytest.fixture(autouse=True)
def small(tmp_path_factory, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("cache")))
    clip = small_clip(tmp_path_factory.mktemp("base") / "clip")
    monkeypatch.setattr(microcosm, "benchmark", lambda name, split, n=None, size=64: drawn_whole(name, split, 36))
    monkeypatch.setattr(microcosm, "NAMES", ("micro-kather", "micro-pannuke"))
    monkeypatch.setattr(tracks, "TINY", dataclasses.replace(tracks.TINY, batch_size=6))
    monkeypatch.setattr(build, "clip_of", lambda seed: clip)
    monkeypatch.setattr(short_trainings, "curated", curated)
    monkeypatch.setattr(ablation, "STEPS", ("expansion", "matching captions"))
    monkeypatch.setattr(canary, "take", lambda **more: more)


@pytest.fixture
def trained_on(monkeypatch):
    """Sizes of what was trained on, in order."""
    finetune_, sizes = finetune.finetune, []

    def noted(start, pairs, *arguments, **options):
        sizes.append(len(pairs))
        return finetune_(start, pairs, *arguments, **options)

    monkeypatch.setattr(finetune, "finetune", noted)
    return sizes


def test_at_equal_size_every_arm_has_as_many_pairs_as_the_smallest(trained_on):
    found = ablation.measure(seeds=2, steps=2, progress=False)
    assert found["equal_size"] == 12
    assert (found["seeds"], found["steps"], found["steps_of_the_model"]) == (2, 2, tracks.TINY.steps)
    assert sorted(trained_on) == sorted(2 * [19, 12, 19, 12, 12])  # the smallest arm is trained once a seed
    assert [row["without"] for row in found["arms"]] == ["", "expansion", "matching captions"]
    assert [row["corpus"]["pairs"] for row in found["arms"]] == [19, 12, 19]
    whole, smallest, _ = found["arms"]
    for size in ("scores", "scores_at_equal_size"):
        assert all(score["difference"] == [0, 0] for score in whole[size].values())  # the recipe against itself
    one, other = (smallest[size]["mean"]["seeds"] for size in ("scores", "scores_at_equal_size"))
    assert one == other


def test_pairs_are_drawn_once_each_in_their_order_and_by_the_seed():
    pairs = Dataset.from_dict({"i": list(range(200))})
    first, again, other = (short_trainings.drawn(pairs, 50, seed)["i"][:] for seed in (0, 0, 1))
    assert len(set(first)) == 50
    assert first == again == sorted(first) != other
    expected = sorted(rng("equal size", 0).permutation(200).tolist()[:50])
    assert first == expected
    assert short_trainings.drawn(pairs, 200, 3) is pairs


def test_scores_are_those_of_a_loop_over_the_models():
    test = artifacts.benchmark_of(tracks.TINY, "micro-kather")
    labels = np.array(test["label"])

    def model(seed, right):
        wrong, truth = rng("wrong", seed).integers(0, 2, 36), {}
        for name in microcosm.NAMES:
            truth[name] = np.array(artifacts.benchmark_of(tracks.TINY, name)["label"])
        return {name: np.where(rng("hit", seed, name).random(36) < right, y, wrong) for name, y in truth.items()}

    good, bad = [[model(seed, right) for seed in range(3)] for right in (0.95, 0.2)]
    told = short_trainings.scores(good, bad)
    slow = [metrics.weighted_f1(labels, one["micro-kather"]).value for one in good]
    np.testing.assert_allclose(told["micro-kather"]["seeds"], slow, atol=1e-4)
    assert told["micro-kather"]["value"] == pytest.approx(np.mean(slow), abs=1e-4)
    assert told["mean"]["difference"][0] > 0.2
    assert told["mean"]["interval"][0] < told["mean"]["value"] < told["mean"]["interval"][1]
    both = [told[name]["value"] for name in microcosm.NAMES]
    assert told["mean"]["value"] == pytest.approx(np.mean(both), abs=1e-4)


@pytest.mark.parametrize("study", [ablation, expansion])
def test_a_killed_study_goes_on_with_the_run_that_was_lost(study, trained_on, monkeypatch):
    monkeypatch.setattr(expansion, "NEIGHBOURS", (1, 2))
    monkeypatch.setattr(expansion, "PRECISIONS", (0.0, 0.7, 0.9))
    monkeypatch.setattr(curation, "RECIPE", dataclasses.replace(curation.RECIPE, neighbours=3))
    answers, done = short_trainings.named, []

    def killed(plip, name, tiles):
        done.append(name)
        if len(done) == 6:  # at the end of the third model
            raise KeyboardInterrupt
        return answers(plip, name, tiles)

    monkeypatch.setattr(short_trainings, "named", killed)
    with pytest.raises(KeyboardInterrupt):
        study.measure(seeds=1, steps=2, progress=False)
    assert len(trained_on) == 3
    monkeypatch.setattr(short_trainings, "named", answers)
    found = study.measure(seeds=1, steps=2, progress=False)
    runs = 5 if study is ablation else 7  # with the recipe's own way
    assert len(trained_on) == runs + 1
    assert study.measure(seeds=1, steps=2, progress=False) == found
    assert len(trained_on) == runs + 1


def test_every_way_to_expand_stands_beside_that_of_the_recipe(monkeypatch):
    monkeypatch.setattr(expansion, "NEIGHBOURS", (1, 2))
    monkeypatch.setattr(expansion, "PRECISIONS", (0.0, 0.7, 0.9))
    monkeypatch.setattr(curation, "RECIPE", dataclasses.replace(curation.RECIPE, neighbours=2, knn_precision=0.7))
    found = expansion.measure(seeds=1, steps=2, progress=False)
    assert [(row["neighbours"], row["precision"]) for row in found["rows"]] == list(expansion.grid())
    assert [row["from_pool"]["pairs"] for row in found["rows"]] == [3] * 6
    assert [row["threshold"] for row in found["rows"]] == [0.0, 0.7, 0.9] * 2
    own = next(row for row in found["rows"] if (row["neighbours"], row["precision"]) == (2, 0.7))
    assert own["scores"]["mean"]["difference"] == [0, 0]


@pytest.mark.parametrize("study", [ablation, expansion])
def test_what_is_written_says_where_it_comes_from(study, tmp_path, monkeypatch):
    save = provenance.save
    monkeypatch.setattr(provenance, "save", lambda *told: save(*told, folder=tmp_path))
    monkeypatch.setattr(study, "measure", lambda: {"rows": []})
    study.main()
    stored = provenance.load(study.NAME, folder=tmp_path)
    assert stored.results == {"rows": []}
    assert stored.provenance.canary[study.NAME]["steps"] == study.STEPS_TRAINED


def test_the_sweep_sees_equally_many_pairs_in_each_run_and_takes_half_an_hour_at_most():
    for study, pairs in sweep.PAIRS_SEEN.items():
        sizes = {trial.setting.batch_size for trial in sweep.plan() if trial.study == study}
        assert all(pairs % size == 0 for size in sizes)
    steps = sum(sweep.PAIRS_SEEN[trial.study] for trial in sweep.plan()) / 64
    assert steps * 0.3 <= 30 * 60  # seconds a step of 64 pairs on one core
