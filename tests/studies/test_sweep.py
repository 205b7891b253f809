"""A sweep in miniature: what is planned, what survives a kill, and whether the results are whole."""

import json
import math
from collections import Counter

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, Image
from small_clip import png, small_clip, small_pairs
from torch.nn.functional import normalize

from plip_tutorial import microcosm
from plip_tutorial.contrastive import losses as contrastive
from plip_tutorial.finetune import loop as finetune
from plip_tutorial.studies import sweep
from plip_tutorial.studies.sweep import Material, Setting, Trial


@pytest.fixture
def given(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(sweep, "PAIRS_SEEN", {"search": 24, "batch": 24})
    monkeypatch.setattr(sweep, "watched", lambda: {"loss": 2.0})
    codes = list(microcosm.PHRASES[sweep.TEST])
    features = Features({"image": Image(), "label": ClassLabel(names=codes)})
    grey = [png(np.full((16, 16, 3), 20 * i, np.uint8)) for i in range(12)]
    tiles = Dataset.from_dict({"image": grey, "label": [i % 9 for i in range(12)]}, features=features)
    return Material(small_clip(tmp_path_factory.mktemp("base") / "clip"), small_pairs(), small_pairs(9, seed=1), tiles)


TRIALS = [
    Trial("search", Setting(batch_size=8, temperature=0.2), 0),
    Trial("search", Setting(batch_size=6, loss="siglip", augmentation="none", warmup=0.0), 1),
    Trial("batch", Setting(batch_size=8, compared=3, augmentation="mild"), 0),
]


def test_the_plan_is_even_on_every_axis_and_no_two_axes_go_together():
    settings = sweep.searched()
    assert len(set(settings)) == 24
    for name, values in sweep.AXES.items():
        assert set(Counter(getattr(one, name) for one in settings).values()) == {24 // len(values)}
    ranks = [[values.index(getattr(one, name)) for one in settings] for name, values in sweep.AXES.items()]
    assert np.abs(np.corrcoef(ranks) - np.eye(len(ranks))).max() < 0.5
    trials = sweep.plan()
    assert len({json.dumps(trial.facts()) for trial in trials}) == len(trials)
    seeds = Counter(json.dumps({**trial.facts(), "seed": 0}) for trial in trials if trial.study == "search")
    assert len(seeds) >= 24
    assert set(seeds.values()) == {2}


def test_a_killed_sweep_goes_on_with_the_run_that_was_lost(given, tmp_path, monkeypatch):
    measure, whole = sweep.measure, tmp_path / "whole"
    whole.mkdir()
    sweep.run(whole, TRIALS, given)

    def killed(trial, *arguments):
        if trial == TRIALS[2]:
            raise KeyboardInterrupt
        return measure(trial, *arguments)

    monkeypatch.setattr(sweep, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        sweep.run(tmp_path, TRIALS, given)
    assert len(sweep.load(tmp_path).results) == 2
    monkeypatch.setattr(sweep, "measure", measure)
    sweep.run(tmp_path, TRIALS, given)
    found = [[{**row, "seconds": 0} for row in sweep.load(folder).results] for folder in (whole, tmp_path)]
    assert found[0] == found[1]
    assert [len(row["predictions"]) for row in found[0]] == [12, 12, 12]
    assert sweep.load(tmp_path).provenance.seconds == pytest.approx(
        sum(row["seconds"] for row in sweep.load(tmp_path).results), abs=0.1
    )


def test_results_of_code_that_does_something_else_are_thrown_away(given, tmp_path, monkeypatch):
    sweep.run(tmp_path, TRIALS[:1], given)
    monkeypatch.setattr(sweep, "watched", lambda: {"loss": 2.1})
    assert len(sweep.run(tmp_path, TRIALS[1:2], given).results) == 1


def test_a_run_that_diverges_is_noted_and_does_not_end_the_sweep(given, tmp_path, monkeypatch):
    def diverged(*_, **__):
        raise finetune.DivergedError("step 3")

    monkeypatch.setattr(finetune, "finetune", diverged)
    (row,) = sweep.run(tmp_path, TRIALS[:1], given).results
    assert (row["validation_recall"], row["predictions"]) == (0.0, "")


def test_only_the_temperature_of_the_start_is_another(given, tmp_path):
    before = sweep.load_file(given.base / "model.safetensors")
    after = sweep.load_file(sweep.at_temperature(given.base, 0.2, tmp_path / "copy") / "model.safetensors")
    assert math.exp(-after.pop("logit_scale").item()) == pytest.approx(0.2)
    assert all(torch.equal(before[name], weight) for name, weight in after.items())


@pytest.mark.parametrize("size", [3, 4, 8, 20])
def test_comparing_some_at_a_time_is_the_gradient_of_accumulated_batches(size):
    torch.manual_seed(0)
    images, texts = (normalize(torch.randn(8, 5), dim=1).requires_grad_() for _ in range(2))
    scale, groups = torch.tensor(1.0), torch.tensor([0, 0, 1, 2, 3, 3, 4, 5])
    found = torch.autograd.grad(sweep.accumulated(size)(images, texts, scale, groups=groups), images)[0]
    for start in range(0, 8, size):
        part = slice(start, start + size)
        share = len(images[part]) / 8
        (share * contrastive.clip_loss(images[part], texts[part], scale, groups=groups[part])).backward()
    torch.testing.assert_close(found, images.grad)


def test_the_results_are_complete():
    rows = sweep.load().results
    done = [{name: row[name] for name in trial.facts()} for row, trial in zip(rows, sweep.plan(), strict=True)]
    assert done == [trial.facts() for trial in sweep.plan()]
