"""Held-out pairs: which ones, and whether they can choose between models."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from small_clip import small_clip, small_pairs
from torch.nn.functional import normalize

from plip_tutorial.contrastive.losses import mean_reciprocal_rank
from plip_tutorial.finetune.loop import TrainConfig, finetune
from plip_tutorial.finetune.validation import Judge, hold_out, judges, recall_depth, refuse_untrainable
from plip_tutorial.sources import own_tiles

NINE = ["fat", "mucus", "debris", "stroma", "lymphocytes", "muscle", "normal mucosa", "tumour", "background"]


def table(captions, pictures=None):
    """Pairs as `own_tiles.read_csv` makes them: pairs that share a caption or a picture are one group."""
    rows = small_pairs(len(captions)).remove_columns(["text", "group_id"])
    places = list(range(len(captions))) if pictures is None else pictures
    groups = own_tiles.shared_groups([str(place) for place in places], captions)
    return rows.select(places).add_column("text", captions).add_column("group_id", groups)


# Which pairs are held out


@pytest.mark.parametrize(("names", "each"), [(NINE, 20), (NINE, 7), (["benign", "malignant"], 10)])
def test_no_class_is_held_out_whole_where_captions_are_classes(names, each):
    pairs = table([name for name in names for _ in range(each)])
    held, words = hold_out(pairs, 0.1)
    texts = np.array(pairs["text"])
    assert {name: (texts[held] == name).sum() for name in names} == {
        name: math.floor(each * 0.1 + 0.5) for name in names
    }
    assert "some pictures of each caption" in words


def test_captions_that_rarely_repeat_are_held_out_in_whole_groups():
    pairs = table([f"case {i // 2}" for i in range(200)])
    held, words = hold_out(pairs, 0.1)
    np.testing.assert_array_equal(held, own_tiles.hold_out(pairs["group_id"], 0.1))
    assert held.sum() == 20
    assert words.startswith("20 held out")


def test_the_pairs_of_one_picture_stay_together():
    captions = [name for name in ("benign", "malignant") for _ in range(40)]
    pictures = [i // 2 * 2 for i in range(80)]  # each picture twice
    held, _ = hold_out(table(captions, pictures), 0.25)
    assert held.sum() == 20
    np.testing.assert_array_equal(held[::2], held[1::2])


@pytest.mark.parametrize("captions", [["a", "b", "c", "d"], ["only"] * 30, [f"case {i}" for i in range(10)]])
def test_nothing_is_held_out_where_it_could_not_choose(captions):
    held, words = hold_out(table(captions), 0.1)
    assert not held.any()
    assert "the last model is kept" in words


def test_a_share_of_nothing_is_allowed_and_other_shares_are_not():
    pairs = table(["a", "b", "c"])
    assert not hold_out(pairs, 0)[0].any()
    for share in (-0.1, 1.0, 10, math.nan):
        with pytest.raises(ValueError, match=f"from 0 to below 1; got {share}"):
            hold_out(pairs, share)
    with pytest.raises(ValueError, match=r"0\.99 holds out all 12 pairs, and none is left to learn from"):
        hold_out(table([f"case {i}" for i in range(12)]), 0.99)


# Whether they can choose


@pytest.mark.parametrize(
    ("n", "groups", "told"), [(0, 0, "0 held-out pairs are of 0 groups"), (1, 1, "1 held-out"), (5, 1, "of 1 group ")]
)
def test_pairs_that_cannot_tell_models_apart_are_said_to(n, groups, told):
    pairs = small_pairs(max(n, 1)).select(range(n)).remove_columns("group_id").add_column("group_id", [0] * n)
    with pytest.warns(UserWarning, match=f"{told}.*the last model is kept"):
        assert judges(pairs) is None


def test_few_pairs_choose_with_a_warning_and_enough_without(recwarn):
    assert judges(None) is None
    assert judges(small_pairs(20)) is not None
    assert not recwarn
    with pytest.warns(UserWarning, match="The 6 held-out pairs are of 3 groups: with so few"):
        assert judges(small_pairs(6)) is not None


def slow_rank(images, texts, groups):
    """Each order of the equally near is tried, and the mean place of the first right one taken."""
    total, n = 0.0, len(images)
    for queries, targets in ((images, texts), (texts, images)):
        for i in range(n):
            scores = [round(float(queries[i] @ targets[j]), 5) for j in range(n)]
            places = []
            for order in itertools.permutations(range(n)):
                ranked = sorted(order, key=lambda j, scores=scores: -scores[j])  # stable: equals stay in this order
                places.append(next(place for place, j in enumerate(ranked, 1) if groups[j] == groups[i]))
            total += 1 / np.mean(places)
    return total / (2 * n)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 5), kinds=st.integers(1, 4), seed=st.integers(0, 999))
def test_the_mean_reciprocal_rank_equals_a_slow_search_ties_included(n, kinds, seed):
    draw = torch.Generator().manual_seed(seed)
    images, texts = (normalize(torch.randint(1, 3, (n, 2), generator=draw).float(), dim=1) for _ in range(2))
    groups = torch.randint(kinds, (n,), generator=draw)
    assert mean_reciprocal_rank(images, texts, groups) == pytest.approx(slow_rank(images, texts, groups), abs=1e-6)


def test_a_model_that_gives_everything_one_vector_is_no_better_than_chance():
    alike = torch.ones(600, 4) / 2
    assert mean_reciprocal_rank(alike, alike) == pytest.approx(1 / (1 + 599 / 2))


@pytest.mark.parametrize(("n", "k"), [(1, 1), (9, 1), (25, 2), (99, 9), (100, 10), (4000, 10)])
def test_the_recall_is_not_1_for_every_model(n, k):
    assert recall_depth(n) == k


# Training on few pairs

CONFIG = TrainConfig(epochs=10, learning_rate=1e-2, precision="float32")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_clip(tmp_path_factory.mktemp("base") / "clip")


def test_few_held_out_pairs_keep_the_model_that_ranks_best(base, tmp_path):
    pairs = small_pairs(40)
    held = pairs.select(range(8))
    with pytest.warns(UserWarning, match="with so few"):
        path, rows = finetune(
            base, pairs.select(range(8, 40)), CONFIG, output=tmp_path, validation=held, progress=False
        )
    looked = {row["step"] + 1: row for row in rows if row["validation_rank"] is not None}
    assert list(looked) == list(range(1, 11))  # ten steps of one batch, and a look after each
    assert len({row["validation_rank"] for row in looked.values()}) > 3  # it tells the models apart ...
    best = max(looked, key=lambda step: (looked[step]["validation_rank"], step))
    assert (tmp_path / f"step-{best:06d}" / "model.safetensors").read_bytes() == (
        path / "model.safetensors"
    ).read_bytes()


def test_among_equal_looks_the_latest_is_kept_and_patience_still_ends(base, tmp_path, monkeypatch):
    ranks = iter([0.2, 0.7, 0.5, 0.7, 0.7, 0.1])
    monkeypatch.setattr(Judge, "look", lambda *_, **__: {"validation_recall": 1.0, "validation_rank": next(ranks)})
    pairs = small_pairs(40)
    config = dataclasses.replace(CONFIG, patience=3)
    path, rows = finetune(base, pairs, config, output=tmp_path, validation=pairs, progress=False)
    assert len(rows) == 5  # the three looks after the second brought nothing better
    assert (tmp_path / "step-000005" / "model.safetensors").read_bytes() == (path / "model.safetensors").read_bytes()


def test_warm_up_and_looks_scale_with_the_run():
    for n, steps, warmup, every in ((4, 10, 1, 1), (180, 20, 3, 2), (1280, 100, 16, 12), (60_000, 4690, 50, 50)):
        config = TrainConfig(epochs=10).resolved(n, judged=True)
        assert (config.steps, config.warmup_steps, config.validate_every) == (steps, warmup, every)
    assert TrainConfig(epochs=10).resolved(180).validate_every == 0
    assert TrainConfig().resolved(99).warmup_steps == 50
    given = TrainConfig(steps=20, warmup_steps=0, validate_every=0).resolved(180, judged=True)
    assert (given.warmup_steps, given.validate_every) == (0, 0)


@pytest.mark.parametrize("captions", [["a", "b", "c", "d"], ["benign", "malignant"] * 10])
def test_few_pairs_train_with_a_warning(base, tmp_path, captions):
    with pytest.warns(UserWarning, match=f"only {len(captions)} pairs of {len(set(captions))} groups"):
        _, rows = finetune(base, table(captions), CONFIG, output=tmp_path, progress=False)
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_few_classes_are_said_to_be_few():
    with pytest.warns(UserWarning, match="180 pairs of 9 groups: expect a model that tells these groups apart"):
        refuse_untrainable(table(NINE * 20))


def test_pairs_that_teach_nothing_are_refused(base, tmp_path):
    with pytest.raises(ValueError, match="There is a single pair, so no caption is wrong"):
        refuse_untrainable(table(["alone"]))
    with pytest.raises(ValueError, match=r"All 12 pairs are of one group, .* share a caption or a picture"):
        finetune(base, table(["H&E"] * 12), CONFIG, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tables_of_other_kinds_are_named():
    from datasets import DatasetDict

    pairs = small_pairs()
    with pytest.raises(TypeError, match=r"DatasetDict of several tables. Pass one of them: \['train'\] or \['test'\]"):
        refuse_untrainable(DatasetDict(train=pairs, test=pairs))
    with pytest.raises(TypeError, match=r"pairs is a DataFrame; pass a datasets.Dataset"):
        refuse_untrainable(pairs.to_pandas())
    with pytest.raises(ValueError, match="2 of 23 pairs have no group_id: row 3, 7"):
        refuse_untrainable(pairs.map(lambda row, i: {"group_id": None if i in (3, 7) else i}, with_indices=True))
    named = Dataset.from_dict(
        {**pairs.remove_columns("group_id")[:], "group_id": [f"patient {i % 9}" for i in range(23)]}
    )
    with pytest.warns(UserWarning, match="23 pairs of 9 groups"):
        refuse_untrainable(named)
