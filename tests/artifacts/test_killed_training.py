"""The half hour that makes the tiny PLIP is not lost when it is interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from small_clip import small_clip, small_pairs

from plip_tutorial import tracks
from plip_tutorial.artifacts import build
from plip_tutorial.finetune import loop
from plip_tutorial.storage import cache


def test_a_killed_training_of_the_tiny_plip_goes_on_and_ends_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLIP_TUTORIAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tracks, "TINY", replace(tracks.TINY, steps=6, batch_size=8))
    monkeypatch.setattr(build, "SAVE_EVERY", 2)
    clip, pairs = small_clip(tmp_path / "clip"), small_pairs()
    at_once = build.make_plip(clip, pairs, tmp_path / "at once")

    varied, steps = loop.augment, []

    def killed(*given: Any, step: int, **more: Any) -> Any:
        steps.append(step)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return varied(*given, step=step, **more)

    monkeypatch.setattr(loop, "augment", killed)
    with pytest.raises(KeyboardInterrupt):
        build.make_plip(clip, pairs, tmp_path / "killed")
    build.make_plip(clip, pairs, tmp_path / "killed")
    assert steps == [0, 1, 2, 3, 4, 4, 5]
    assert (tmp_path / "killed" / build.WEIGHTS).read_bytes() == (at_once / build.WEIGHTS).read_bytes()
    assert not list(cache.cache_dir().glob("training-*"))  # nothing is left of a run that is done
