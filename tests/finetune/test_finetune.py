import csv
import dataclasses
import json
import math
import shutil
import zipfile

import numpy as np
import pytest
import torch
from datasets import Image
from hypothesis import given
from hypothesis import strategies as st
from small_clip import same, small_clip, small_pairs, weights
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.finetune import processes
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.finetune.config import TrainConfig, learning_rate
from plip_tutorial.finetune.data import batch_rows
from plip_tutorial.finetune.history import History
from plip_tutorial.finetune.pairs import as_tensors
from plip_tutorial.finetune.run import finetune
from plip_tutorial.finetune.weights import LAYERS, adamw, interpolate
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import UnreadableImageError

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


def train(base, pairs, output, **changes):
    options = {name: changes.pop(name) for name in ("resume", "validation") if name in changes}
    return finetune(base, pairs, dataclasses.replace(CONFIG, **changes), output=output, progress=False, **options)


# The pure functions


@given(steps=st.integers(1, 300), warmup=st.integers(0, 60), step=st.integers(0, 299))
def test_the_schedule_is_a_line_and_half_a_cosine(steps, warmup, step):
    config = TrainConfig(steps=steps, warmup_steps=warmup, learning_rate=2.0)
    rate = learning_rate(step, config)
    assert 0 <= rate <= 2
    if step < warmup:
        assert rate == pytest.approx(2 * (step + 1) / warmup)
    elif step < steps:
        turned = math.pi * (step - warmup) / (steps - warmup)
        assert rate == pytest.approx(2 * math.cos(turned / 2) ** 2)  # half-angle formula
    if steps > warmup:
        assert learning_rate(steps, config) == pytest.approx(0, abs=1e-12)


@given(n=st.integers(1, 60), batch=st.integers(1, 70), seed=st.integers(0, 99), epoch=st.integers(0, 5))
def test_each_epoch_has_each_pair_once_in_near_equal_batches(n, batch, seed, epoch):
    count = math.ceil(n / batch)
    parts = [batch_rows(epoch * count + i, n, batch, seed=seed) for i in range(count)]
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert max(map(len, parts)) <= batch
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_epochs_differ_and_seeds_differ():
    orders = [tuple(batch_rows(e, 50, 50, seed=s)) for e in (0, 1, 2) for s in (0, 1)]
    assert len(set(orders)) == 6


# Pairs as tensors


def test_tensors_are_what_the_processor_gives(base):
    processor, config = CLIPProcessor.from_pretrained(base), CLIPModel.from_pretrained(base).config.text_config
    pairs, rows = small_pairs(9, side=23), np.array([4, 1, 7])
    feed = as_tensors(pairs, processor, config)
    batch = feed.batch(rows, feed.pictures[rows].float())
    chosen = pairs.select(rows)
    images, texts = [image.convert("RGB") for image in chosen["image"]], list(chosen["text"])
    expected = processor(images=images, text=texts, padding=True, return_tensors="pt")
    torch.testing.assert_close(batch.pixels, expected["pixel_values"], rtol=0, atol=1e-5)
    assert torch.equal(batch.tokens, expected["input_ids"])
    by_batch = as_tensors(pairs, processor, config, cache_bytes=0)  # too large for the memory: decoded when needed
    assert torch.equal(by_batch.pictures[rows], feed.pictures[rows])


@pytest.mark.parametrize(
    "changes",
    [
        {"do_center_crop": False, "size": {"height": 16, "width": 16}},  # squeezed to a square, as SigLIP does
        {"do_center_crop": False, "size": {"shortest_edge": 16}},
        {"do_normalize": False},
        {"do_rescale": False, "image_mean": [120.0, 110.0, 100.0], "image_std": [60.0, 70.0, 80.0]},
        {"rescale_factor": 1 / 127.5, "image_mean": [1.0, 1.0, 1.0], "image_std": [1.0, 1.0, 1.0]},
        {"size": {"shortest_edge": 12}},  # smaller than the cut: filled up with black
        {"do_resize": False, "crop_size": {"height": 20, "width": 16}},
    ],
)
def test_any_processor_that_a_plip_takes_gives_the_same_numbers_in_training(base, tmp_path, changes):
    pictures = CLIPImageProcessorPil.from_pretrained(base, **changes)
    processor = CLIPProcessor(pictures, CLIPTokenizer.from_pretrained(base))
    pairs, rows = small_pairs(5, side=23), np.array([4, 1])
    feed = as_tensors(pairs, processor, CLIPModel.from_pretrained(base).config.text_config)
    found = feed.batch(rows, feed.pictures[rows].float()).pixels
    expected = pictures(images=list(pairs.select(rows)["image"]), return_tensors="pt")["pixel_values"]
    assert feed.pictures[rows].dtype == torch.uint8  # so that they can be varied
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


def test_a_checkpoint_with_another_processor_trains_and_its_model_keeps_it(base, pairs, tmp_path):
    shutil.copytree(base, tmp_path / "squeezing")
    pictures = CLIPImageProcessorPil.from_pretrained(base, do_center_crop=False, size={"height": 16, "width": 16})
    CLIPProcessor(pictures, CLIPTokenizer.from_pretrained(base)).save_pretrained(tmp_path / "squeezing")
    path, history = train(tmp_path / "squeezing", pairs, tmp_path / "run", steps=2)
    assert len(history) == 2
    assert not CLIPImageProcessorPil.from_pretrained(path).do_center_crop
    assert PLIP(path).encode_images(pairs["image"]).shape == (23, 16)


def test_a_table_that_cannot_be_trained_on_is_refused_before_training(base, pairs, tmp_path):
    def refused(table, message, error=ValueError):
        with pytest.raises(error, match=message):
            train(base, table, tmp_path / "out")

    refused(pairs.remove_columns("text"), "lacks the column text")
    refused(pairs.select([]), "empty")
    refused(pairs.map(lambda row, i: {"text": " " if i in (3, 5) else row["text"]}, with_indices=True), "row 3, 5")
    raw = pairs.cast_column("image", Image(decode=False))
    broken = raw.map(lambda row, i: {"image": {"bytes": b"no", "path": None}} if i == 4 else row, with_indices=True)
    refused(broken.cast_column("image", Image()), "image 4 of 23", UnreadableImageError)
    held_out = {"validation": broken.cast_column("image", Image()), "validate_every": 4}
    with pytest.raises(UnreadableImageError, match="image 4 of 23"):
        train(base, pairs, tmp_path / "out", **held_out)
    assert not list((tmp_path / "out").glob("step-*"))
    assert (tmp_path / "out" / "history.csv").read_text() == ""


# The loop


def test_a_run_learns_and_leaves_a_model_that_loads(base, pairs, tmp_path):
    path, history = train(base, pairs, tmp_path, steps=30, save_every=0, learning_rate=1e-2, warmup_steps=5)
    assert np.mean([row["loss"] for row in history[-3:]]) < 0.75 * history[0]["loss"]
    assert history[0]["chance_loss"] == pytest.approx(math.log(8))
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == [row["loss"] for row in history]
    assert [float(row["learning_rate"]) for row in rows] == [
        learning_rate(s, TrainConfig(steps=30, warmup_steps=5, learning_rate=1e-2)) for s in range(30)
    ]
    assert (path / "model.safetensors").exists()
    assert not list(tmp_path.rglob("*.bin")) + list(tmp_path.rglob("*.pt")) + list(tmp_path.rglob("*.pkl"))
    inputs = CLIPProcessor.from_pretrained(path)(text=["colour 1", "colour 2"], return_tensors="pt", padding=True)
    vectors = CLIPModel.from_pretrained(path).get_text_features(**inputs).pooler_output
    assert not torch.allclose(*vectors)
    assert train(base, pairs, tmp_path, steps=30, save_every=0, learning_rate=1e-2, warmup_steps=5)[1] == history


def test_the_callers_random_numbers_are_left_alone(base, pairs, tmp_path):
    state = torch.get_rng_state()
    train(base, pairs, tmp_path, steps=1)
    assert torch.equal(torch.get_rng_state(), state)


def test_only_matrices_decay(base):
    model = CLIPModel.from_pretrained(base)
    optimizer = adamw(list(model.parameters()), CONFIG)
    decay = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert len(decay) == len(list(model.parameters()))
    assert {(group["betas"], group["eps"]) for group in optimizer.param_groups} == {((0.9, 0.98), 1e-6)}  # CLIP's own
    for name, parameter in model.named_parameters():
        assert decay[id(parameter)] == (CONFIG.weight_decay if parameter.ndim > 1 else 0), name


def test_the_logit_scale_stays_within_its_bounds(base, pairs, tmp_path):
    sharp = CLIPModel.from_pretrained(base)
    for start, bound in ((9.0, math.log(100)), (-9.0, 0.0)):
        sharp.logit_scale.data.fill_(start)
        sharp.save_pretrained(tmp_path / "sharp")
        CLIPProcessor.from_pretrained(base).save_pretrained(tmp_path / "sharp")
        path, _ = train(tmp_path / "sharp", pairs, tmp_path / f"out{start}", steps=1)
        assert weights(path)["logit_scale"].item() == pytest.approx(bound, abs=1e-6)


def test_frozen_parts_stay_and_a_name_without_a_part_is_refused(base, pairs, tmp_path):
    path, _ = train(base, pairs, tmp_path / "a", steps=2, freeze=("text_model", "text_projection"))
    before, after = weights(base), weights(path)
    for name in before:
        assert torch.equal(before[name], after[name]) == name.startswith("text_"), name
    with pytest.raises(ValueError, match=r"'text_modle'.*text_model, vision_model"):
        train(base, pairs, tmp_path / "b", freeze=("text_modle",))


@pytest.mark.parametrize("changes", [{"chunk_size": 3}, {"loss": "blocked"}])
def test_the_ways_to_save_memory_change_nothing(base, pairs, tmp_path, changes):
    quiet = small_clip(tmp_path / "quiet")  # without dropout, which a chunk draws in another order
    (first, _), (second, _) = train(quiet, pairs, tmp_path / "a"), train(quiet, pairs, tmp_path / "b", **changes)
    for name, weight in weights(first).items():
        torch.testing.assert_close(weights(second)[name], weight, rtol=1e-3, atol=1e-4)


def test_the_sigmoid_loss_and_half_precision_train_too(base, pairs, tmp_path):
    _, history = train(base, pairs, tmp_path / "siglip", loss="siglip", steps=12, learning_rate=1e-2)
    assert history[-1]["loss"] < history[0]["loss"]
    _, plain = train(base, pairs, tmp_path / "plain", steps=2)
    _, half = train(base, pairs, tmp_path / "half", steps=2, precision="bf16")
    assert half[1]["loss"] == pytest.approx(plain[1]["loss"], rel=0.02)
    assert half[1]["loss"] != plain[1]["loss"]


def test_validation_keeps_the_best_model_and_stops_early(base, pairs, tmp_path):
    held_out = small_pairs(12, seed=1)
    options = {"steps": 40, "learning_rate": 2e-2, "validation": held_out, "validate_every": 2, "patience": 3}
    path, history = train(base, pairs, tmp_path, **options)
    judged = [row for row in history if row["validation_rank"] is not None]
    scores = {row["step"] + 1: row["validation_rank"] for row in judged}
    assert len(history) < 40
    best = max(scores, key=lambda step: (scores[step], step))
    assert list(scores)[-1] - min(step for step in scores if scores[step] == scores[best]) == 3 * 2
    assert same(weights(path), weights(tmp_path / f"step-{best:06d}"))
    assert train(base, pairs, tmp_path, **options)[1] == history  # a finished run stays finished


def test_low_rank_corrections_are_merged_and_resumed(base, pairs, tmp_path, monkeypatch):
    pytest.importorskip("peft")
    path, _ = train(base, pairs, tmp_path / "whole", lora_rank=2)
    before, after = weights(base), weights(path)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert {name.rsplit(".", 2)[-2] for name in changed if "." in name} == set(LAYERS)
    stop_at(monkeypatch, 5)
    with pytest.raises(KeyboardInterrupt):
        train(base, pairs, tmp_path / "broken", lora_rank=2)
    monkeypatch.undo()
    assert same(weights(train(base, pairs, tmp_path / "broken", lora_rank=2)[0]), after)


def test_low_rank_corrections_leave_frozen_parts_alone(base, pairs, tmp_path):
    pytest.importorskip("peft")
    path, _ = train(base, pairs, tmp_path / "a", lora_rank=2, freeze=("text_model", "logit_scale"))
    before, after = weights(base), weights(path)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name.split(".")[0] for name in changed} == {"vision_model"}
    with pytest.raises(ValueError, match=r"'text_modle'\. The parts .* are .*text_model, vision_model"):
        train(base, pairs, tmp_path / "b", lora_rank=2, freeze=("text_modle",))


def test_freezing_everything_is_refused(base, pairs, tmp_path):
    parts = ("text_model", "vision_model", "text_projection", "visual_projection", "logit_scale")
    with pytest.raises(ValueError, match="leaves nothing to train"):
        train(base, pairs, tmp_path, freeze=parts)


def stop_at(monkeypatch, step):
    """Interrupt a run before it notes this step."""
    add = History.add

    def interrupted(self, row):
        if row["step"] == step:
            raise KeyboardInterrupt
        add(self, row)

    monkeypatch.setattr(History, "add", interrupted)


def test_tensorboard_gets_the_same_numbers(base, pairs, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, history = train(base, pairs, tmp_path, trackers=("tensorboard",))
    events = EventAccumulator(str(tmp_path / "plip-tutorial")).Reload()
    assert [event.value for event in events.Scalars("loss")] == pytest.approx([row["loss"] for row in history])


def test_a_tracker_that_is_missing_or_unknown_is_named_before_the_first_step(base, pairs, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"unknown tracker 'tensorbord'; there are .*tensorboard"):
        train(base, pairs, tmp_path / "run", trackers=("tensorbord",))
    monkeypatch.setattr(processes, "get_available_trackers", list)
    with pytest.raises(ImportError, match=r"tracker comet_ml needs .* pip install comet_ml"):
        train(base, pairs, tmp_path / "run", trackers=("comet_ml",))
    assert not (tmp_path / "run").exists()


def test_comet_works_without_a_key_and_leaves_its_archive_in_the_folder(base, pairs, tmp_path, monkeypatch):
    pytest.importorskip("comet_ml")
    monkeypatch.delenv("COMET_API_KEY", raising=False)
    _, history = train(base, pairs, tmp_path, trackers=("comet_ml",))
    (archive,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(archive) as file:
        messages = [json.loads(line) for line in file.read("messages.json").splitlines()]
    metrics = [message["payload"]["metric"] for message in messages if message["type"] == "metric_msg"]
    losses = [metric["metricValue"] for metric in metrics if metric["metricName"] == "loss"]
    assert losses == pytest.approx([row["loss"] for row in history])


# Between two models


def test_interpolation_is_a_straight_line_between_the_weights(base, tmp_path):
    other = small_clip(tmp_path / "other", seed=5)
    first, second = weights(base), weights(other)
    for alpha in (0.0, 0.3, 1.0):
        mixed = weights(interpolate(base, other, alpha, tmp_path / str(alpha)))
        for name in first:
            torch.testing.assert_close(mixed[name], (1 - alpha) * first[name] + alpha * second[name])
    with pytest.raises(ValueError, match=r"0 to 1; got 1.5"):
        interpolate(base, other, 1.5, tmp_path / "x")
