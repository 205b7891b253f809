"""Which processor is taken, and how exactly it computes, on machines that this one is not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from plip_tutorial import tracks
from plip_tutorial.plip import devices

LARGE, SMALL = (SimpleNamespace(num_parameters=lambda n=n: n) for n in (150_000_000, 4_000_000))


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False, bf16: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: bf16 or including_emulation)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": bf16}, raising=False)


@pytest.mark.parametrize(
    ("has", "device", "of_a_large_model", "of_a_small_one"),
    [
        ({}, "cpu", "float32", "float32"),
        ({"bf16": True}, "cpu", "bfloat16", "float32"),
        ({"mps": True}, "mps", "float32", "float32"),
        ({"cuda": True}, "cuda", "float16", "float16"),  # a T4 only emulates bfloat16
        ({"cuda": True, "bf16": True}, "cuda", "bfloat16", "bfloat16"),
        ({"cuda": True, "mps": True}, "cuda", "float16", "float16"),
    ],
)
def test_the_fastest_processor_is_taken_with_a_precision_that_it_has(
    has: dict[str, bool], device: str, of_a_large_model: str, of_a_small_one: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, **has)
    assert devices.best_device() == device
    found = [devices.best_precision(model, torch.device(device)) for model in (LARGE, SMALL)]
    assert found == [of_a_large_model, of_a_small_one]


def test_half_precision_that_a_cpu_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"float16.*is for GPUs"):
        devices.check_precision("float16", torch.device("cpu"))


@pytest.mark.parametrize(
    ("device", "cores", "model_threads", "decoders"),
    [
        ("cpu", 2, 2, (2, 4)),  # no core is idle: all decode between two forward passes
        ("cpu", 2, 1, (1, 32)),
        ("cpu", 1, 2, (2, 4)),
        ("cuda", 2, 2, (2, 32)),  # the model is elsewhere
        ("cuda", 64, 32, (devices.MOST_DECODERS, 32)),
    ],
)
def test_pictures_are_decoded_by_idle_cores_where_there_are_any(
    device: str, cores: int, model_threads: int, decoders: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "cores", lambda: cores)
    monkeypatch.setattr(torch, "get_num_threads", lambda: model_threads)
    assert devices.decoders(torch.device(device), 32) == decoders


@pytest.mark.parametrize(("gpu", "steps"), [(True, 1000), (False, 20)])
def test_the_full_track_is_cut_to_what_the_machine_can_do(
    gpu: bool, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(monkeypatch, cuda=gpu)
    monkeypatch.setenv(tracks.VARIABLE, "full")
    track: Any = tracks.current()
    assert (track.name, track.gpu, track.steps) == ("full", gpu, steps)
    assert (track.clip, track.plip, track.benchmarks) == (tracks.FULL.clip, tracks.FULL.plip, tracks.FULL.benchmarks)
