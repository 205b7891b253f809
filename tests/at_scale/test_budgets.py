"""The estimate of a GPU's time and memory against a calculation by hand, and what replaces it."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import CLIPConfig, CLIPModel

from plip_tutorial.at_scale import budgets
from plip_tutorial.at_scale.budgets import Gpu, Work
from plip_tutorial.sources import hub_data
from plip_tutorial.studies import provenance
from plip_tutorial.studies.provenance import Provenance

IDEAL = Gpu(utilisation=1.0, pictures=float("inf"), network=float("inf"), loading=0.0, context=0.0)


def test_time_is_operations_over_speed():
    # 1,000 pictures of 8.73 GFLOP at 65 TFLOP/s: 8.73e12 / 65e12 s
    assert budgets.seconds(Work(images=1_000), IDEAL) == pytest.approx(0.134308, abs=1e-6)
    # 1,000 captions of 16 tokens of 0.075 GFLOP: 1.2e12 / 65e12 s
    assert budgets.seconds(Work(captions=1_000), IDEAL) == pytest.approx(0.018462, abs=1e-6)
    # A step on 100 pairs: 3 x 100 x (8.73 + 1.2) GFLOP, and 32 bytes of traffic for each of 151.3 million weights.
    assert budgets.seconds(Work(pairs=100, batch=100, steps=1), IDEAL) == pytest.approx(0.045831 + 0.01513, abs=1e-5)


def test_what_is_assumed_of_the_machine_adds_up():
    slow = Gpu(flops=float("inf"), bandwidth=float("inf"), pictures=100.0, network=1e6, loading=10.0)
    # Two models: 20 s. 400 pictures: 4 s. Two models of 4 x 151.3 MB at 1 MB/s: 1,210.4 s.
    assert budgets.seconds(Work(2, images=400), slow) == pytest.approx(20 + 4 + 1210.4)
    half = Gpu(utilisation=0.5, pictures=float("inf"), network=float("inf"), loading=0.0)
    assert budgets.seconds(Work(images=500), half) == pytest.approx(budgets.seconds(Work(images=1_000), IDEAL))


def test_memory_of_training_is_sixteen_bytes_a_weight_and_the_activations():
    # 16 x 151.3e6 = 2.4208 GB; one pair keeps 17.45 MB (picture), 3.46 MB (16 tokens), 0.60 MB of pixels.
    idle = budgets.memory(Work(1), IDEAL, encode_batch=0)
    trained = budgets.memory(Work(1, pairs=128, batch=128), IDEAL, encode_batch=0)
    assert idle == pytest.approx(4 * 151.3e6)
    assert trained - idle == pytest.approx(2.4208e9 + 128 * (17.448e6 + 3.465e6 + 0.602e6), rel=1e-3)


def test_the_constants_are_those_of_the_model():
    with torch.device("meta"):
        model = CLIPModel(CLIPConfig())
    vision, text = model.config.vision_config, model.config.text_config
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(budgets.WEIGHTS, rel=1e-3)
    assert (vision.hidden_size, vision.num_hidden_layers, vision.num_attention_heads) == (768, 12, 12)
    assert (text.hidden_size, text.num_hidden_layers, text.num_attention_heads) == (512, 12, 8)
    assert (vision.image_size // vision.patch_size) ** 2 + 1 == 50
    linear = (
        2 * 50 * sum(p.numel() for p in model.vision_model.encoder.parameters())
    )  # two operations a weight and token
    assert linear == pytest.approx(budgets.IMAGE_FLOP, rel=0.05)
    words = 2 * sum(p.numel() for p in model.text_model.encoder.parameters())
    assert words == pytest.approx(budgets.TOKEN_FLOP, rel=0.05)


def test_every_chapter_has_a_budget_that_a_t4_can_bear():
    pages = {page.stem for page in (Path(__file__).parents[2] / "book").glob("[01]*.py")}
    assert set(budgets.CHAPTERS) == pages
    for found in filter(None, map(budgets.estimate, budgets.CHAPTERS)):
        assert 0 < found.gigabytes < 15
        assert 0 < found.minutes < 15
    with pytest.raises(KeyError):
        budgets.estimate("99_nothing")


def test_sets_are_as_large_as_the_full_track_reads_them():
    assert hub_data.TILES == budgets.TILES


def test_a_measurement_takes_the_place_of_the_estimate(tmp_path):
    chapter = "07_zero_shot"
    assert "not measured" in budgets.sentence(chapter, tmp_path)  # no such file
    origin = replace(Provenance.now(seconds=100.0), machine="Tesla T4", date="2026-12-01", commit="abc1234")
    entry = {"seconds": 90.0, "peak_bytes": 2.46e9, "complete": True}
    provenance.save(budgets.MEASURED, {chapter: entry}, origin, folder=tmp_path)
    said = budgets.sentence(chapter, tmp_path)
    assert "1.5 minutes, at most 2.5 GB" in said
    assert "Tesla T4, 2026-12-01, torch " in said
    assert "commit abc1234" in said
    assert "not measured" in budgets.sentence("08_linear_probing", tmp_path)
    # A chapter that failed half-way says nothing about its length.
    provenance.save(budgets.MEASURED, {chapter: {**entry, "complete": False}}, origin, folder=tmp_path)
    assert "not measured" in budgets.sentence(chapter, tmp_path)
