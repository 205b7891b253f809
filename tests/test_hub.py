"""Where a model comes from: a directory, or the hub."""

from pathlib import Path

import pytest
from small_clip import small_clip, small_pairs

from plip_tutorial import hub, plip, training_run
from plip_tutorial.finetune import TrainConfig, finetune
from plip_tutorial.plip import PLIP


def test_the_class_and_the_training_ask_one_function_where_a_model_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = small_clip(tmp_path / "small")
    assert hub.local(place) == place
    for module in (plip, training_run):
        monkeypatch.setattr(module, "local", lambda model, token=None: place if model == "some/id" else model)
    assert PLIP("some/id", device="cpu").fingerprint() == PLIP(place, device="cpu").fingerprint()
    config = TrainConfig(steps=1, batch_size=4, warmup_steps=0, precision="float32")
    model, _ = finetune("some/id", small_pairs(8), config, output=tmp_path / "run", progress=False)
    assert (model / "model.safetensors").exists()
