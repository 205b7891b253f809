"""Runs that are killed, that diverge, or that find no room."""

import dataclasses
import math
import multiprocessing
import os
import resource
import signal

import pytest
import torch
from small_clip import same, small_clip, small_pairs, weights
from transformers import CLIPModel

from plip_tutorial.finetune import checkpoints, loop, run
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.finetune.checkpoints import CheckpointError
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.history import History, read_history
from plip_tutorial.finetune.loop import DivergedError
from plip_tutorial.finetune.run import finetune
from plip_tutorial.finetune.weights import Weights

CONFIG = TrainConfig(
    steps=7, batch_size=8, learning_rate=3e-3, warmup_steps=2, save_every=2, precision="float32",
    augment=AugmentConfig(rotation=5),
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return small_clip(tmp_path_factory.mktemp("base") / "clip", dropout=0.1)


@pytest.fixture(scope="module")
def pairs():
    return small_pairs()


def train(base, pairs, output, *, resume=True, **changes):
    return finetune(base, pairs, dataclasses.replace(CONFIG, **changes), output=output, resume=resume, progress=False)


# Going on after a kill


def killed_at(base, output, module, name, call):
    """In a process of its own: train, and be killed at the n-th call of a function."""
    place = {"checkpoints": checkpoints, "loop": loop, "History": History, "os": os, "CLIPModel": CLIPModel}[module]
    original, calls = getattr(place, name), 0

    def deadly(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)

    setattr(place, name, deadly)
    torch.set_num_threads(1)
    train(base, small_pairs(), output)


# (function, its call): in the first step; before the weights change; with a model half written; with a complete
# checkpoint under its unfinished name; before the old checkpoints go; before the model is published.
KILLS = [
    ("loop", "augment", 1), ("loop", "sum_gradients", 2), ("CLIPModel", "save_pretrained", 1),
    ("checkpoints", "write_state", 1), ("checkpoints", "prune", 1), ("History", "add", 2), ("os", "replace", 3),
    ("checkpoints", "publish_model", 1),
]  # fmt: skip


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_weights(base, pairs, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["plip_tutorial.finetune.run", "test_training_run"])
    torch.set_num_threads(1)
    expected, history = train(base, pairs, tmp_path / "whole")
    for kill in KILLS:
        process = context.Process(target=killed_at, args=(base, tmp_path / "killed", *kill))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL, kill
    path, resumed = train(base, pairs, tmp_path / "killed")
    assert same(weights(path), weights(expected))
    assert [row["loss"] for row in resumed] == [row["loss"] for row in history]
    assert [row["step"] for row in read_history(tmp_path / "killed" / "history.csv")] == list(range(7))
    assert [path.name for path in (tmp_path / "killed").glob(".*")] == [".history.csv.lock"]  # which stays, unlocked


def test_a_folder_with_another_run_is_refused_or_cleared(base, pairs, tmp_path):
    first, _ = train(base, pairs, tmp_path / "out", steps=2)
    with pytest.raises(ValueError, match=r"learning_rate is 0.003 there and 0.1 here.*resume=False"):
        train(base, pairs, tmp_path / "out", steps=2, learning_rate=0.1)
    with pytest.raises(ValueError, match="other pairs: 23 there and 20 here"):
        train(base, pairs.select(range(20)), tmp_path / "out", steps=2)
    before = weights(first)
    again, history = train(base, pairs, tmp_path / "out", steps=2, seed=1, resume=False)
    assert len(history) == 2
    assert not same(weights(again), before)


# When things go wrong


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where(base, pairs, tmp_path, monkeypatch):
    embed, calls = loop.embed, 0

    def poisoned(*given):
        nonlocal calls
        calls += 1
        images, texts = embed(*given)
        return images * (math.nan if calls == 4 else 1), texts

    monkeypatch.setattr(loop, "embed", poisoned)
    with pytest.raises(DivergedError, match=r"step 3: the loss is nan .* learning rate 0\.00\d+.*step-000002"):
        train(base, pairs, tmp_path)
    good = weights(tmp_path / "step-000002")
    assert all(weight.isfinite().all() for weight in good.values())


def test_a_full_disk_gives_a_clear_error_and_leaves_the_last_checkpoint(base, pairs, tmp_path, monkeypatch):
    whole, _ = train(base, pairs, tmp_path / "whole")
    limits, save = resource.getrlimit(resource.RLIMIT_FSIZE), Weights.save

    def on_a_small_disk(self, place):
        room = 20_000 if "step-000004" in place.name else limits[0]
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            return save(self, place)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(Weights, "save", on_a_small_disk)
    with pytest.raises(
        CheckpointError, match=r"step-000004 could not be written: .*last good checkpoint is .*step-000002"
    ):
        train(base, pairs, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir() if path.is_dir()] == ["step-000002"]
    monkeypatch.undo()
    assert same(weights(train(base, pairs, tmp_path / "full")[0]), weights(whole))


def test_no_room_for_one_more_row_of_history_is_as_clear(base, pairs, tmp_path, monkeypatch):
    whole, history = train(base, pairs, tmp_path / "whole")
    limits, add = resource.getrlimit(resource.RLIMIT_FSIZE), History.add

    def on_a_small_disk(self, row):
        room = self.path.stat().st_size + 5 if row["step"] == 3 else limits[0]  # half a row is written
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            add(self, row)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(History, "add", on_a_small_disk)
    with pytest.raises(CheckpointError, match=r"history.csv could not be written: .*good checkpoint is .*step-000002"):
        train(base, pairs, tmp_path / "full")
    monkeypatch.undo()
    path, resumed = train(base, pairs, tmp_path / "full")
    assert same(weights(path), weights(whole))
    assert [row["loss"] for row in resumed] == [row["loss"] for row in history]


def test_an_error_of_any_library_while_writing_leaves_the_last_checkpoint(tmp_path):
    checkpoints.save(tmp_path, 2, lambda place: (place / "a").write_text("complete"))

    def full(place):
        (place / "a").write_text("half")
        raise Exception("No space left on device (os error 28)")  # what the library tokenizers raises

    with pytest.raises(CheckpointError, match=r"step-000004 could not be written: No space.*step-000002"):
        checkpoints.save(tmp_path, 4, full)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000002"]


def test_a_full_memory_halves_the_chunks_and_changes_nothing(base, pairs, tmp_path, monkeypatch):
    plain, _ = train(base, pairs, tmp_path / "plain", steps=3, chunk_size=2)
    embed = loop.embed

    def small_memory(model, accelerator, batch):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("full")
        return embed(model, accelerator, batch)

    monkeypatch.setattr(loop, "embed", small_memory)
    with pytest.warns(UserWarning, match="chunks of 2 pairs"):
        found, _ = train(base, pairs, tmp_path / "full", steps=3)
    assert same(weights(found), weights(plain))


def test_a_memory_too_small_for_one_pair_is_an_error(base, pairs, tmp_path, monkeypatch):
    def no_memory(*_):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(loop, "embed", no_memory)
    with pytest.warns(UserWarning, match="chunks of 1 pairs"), pytest.raises(torch.OutOfMemoryError):
        train(base, pairs, tmp_path / "run", steps=1)


def test_a_folder_that_cannot_be_written_is_refused_at_once(base, pairs, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CheckpointError, match="cannot be written"):
        train(base, pairs, tmp_path / "file" / "out")


def test_no_more_pairs_are_tried_at_once_than_there_are(base, tmp_path, monkeypatch):
    def no_memory(*_):
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(loop, "embed", no_memory)
    with pytest.warns(UserWarning, match="full") as told, pytest.raises(torch.OutOfMemoryError, match="Lower chunk"):
        train(base, small_pairs(9), tmp_path, batch_size=2000, chunk_size=1000)
    halved = [str(warning.message) for warning in told if "memory" in str(warning.message)]
    assert halved == [f"The memory is full; going on in chunks of {size} pairs." for size in (4, 2, 1)]


def test_a_memory_that_is_full_at_a_look_halves_the_chunks_too(base, pairs, tmp_path, monkeypatch):
    held, embed = small_pairs(12, seed=1), loop.embed
    config = dataclasses.replace(CONFIG, steps=3, validate_every=1, batch_size=6)
    _, plain = finetune(base, pairs, config, output=tmp_path / "plain", validation=held, progress=False)

    def small_memory(model, accelerator, batch):
        if len(batch) > 2:
            raise torch.OutOfMemoryError("full")
        return embed(model, accelerator, batch)

    monkeypatch.setattr(run, "embed", small_memory)  # that of the looks
    with pytest.warns(UserWarning, match="chunks of 1 pairs|chunks of 3 pairs"):
        _, found = finetune(base, pairs, config, output=tmp_path / "full", validation=held, progress=False)
    assert found[0]["validation_rank"] == pytest.approx(plain[0]["validation_rank"], rel=1e-5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 0}, "steps must be a whole number, at least 1; got 0"),
        ({"steps": 7.5}, "steps must be a whole number, at least 1; got 7.5"),
        ({"epochs": 0}, "epochs must be above 0; got 0"),
        ({"epochs": -3}, "epochs must be above 0; got -3"),
        ({"epochs": math.nan}, "epochs must be above 0; got nan"),
        ({"epochs": math.inf}, "epochs must be above 0; got inf"),
        ({"batch_size": 1}, r"batch_size must be .* at least 2, since a pair is compared .*chunk_size.*; got 1"),
        ({"batch_size": "64"}, "batch_size must be .*; got '64'"),
        ({"chunk_size": -5}, "chunk_size must be .* at least 0, where 0 is the whole batch; got -5"),
        ({"learning_rate": 0}, "learning_rate must be above 0; got 0"),
        ({"learning_rate": -1}, "learning_rate must be above 0; got -1"),
        ({"learning_rate": None}, "learning_rate must be above 0; got None"),
        ({"warmup_steps": -1}, "warmup_steps must be .* at least 0; got -1"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0; got -0.1"),
        ({"clip_norm": math.nan}, "clip_norm must be at least 0; got nan"),
        ({"lora_rank": -2}, "lora_rank must be .* at least 0"),
        ({"validate_every": -1}, "validate_every must be .* at least 0"),
        ({"patience": 1.5}, "patience must be a whole number"),
        ({"save_every": -1}, "save_every must be .* at least 0"),
        ({"seed": "x"}, "seed must be a whole number"),
        ({"loss": "clap"}, "loss must be one of blocked, clip, .*siglip; got 'clap'"),
        ({"precision": "int4"}, "precision must be one of .*; got 'int4'"),
        ({"freeze": "text_model"}, r"freeze is a tuple of names; got 'text_model'"),
        ({"trackers": "tensorboard"}, r"trackers is a tuple of names; got 'tensorboard'"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_value_and_remedy(changes, words):
    with pytest.raises(ValueError, match=words):
        TrainConfig(**changes)
