"""The variable decides; without it, a GPU in Colab does."""

from __future__ import annotations

from itertools import product

import pytest

from plip_tutorial import tracks


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracks.VARIABLE, raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)


@pytest.mark.parametrize(("colab", "gpu"), list(product([False, True], repeat=2)))
def test_chosen_by_itself(monkeypatch: pytest.MonkeyPatch, colab: bool, gpu: bool) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    if colab:
        monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    assert tracks.current() is (tracks.FULL if colab and gpu else tracks.TINY)
    monkeypatch.setenv(tracks.VARIABLE, "tiny")
    assert tracks.current() is tracks.TINY


@pytest.mark.parametrize(("chosen", "track"), [("full", "full"), (" Full\n", "full"), ("tiny", "tiny"), ("", "tiny")])
def test_chosen_by_the_variable(monkeypatch: pytest.MonkeyPatch, chosen: str, track: str) -> None:
    monkeypatch.setenv(tracks.VARIABLE, chosen)
    assert tracks.current().name == track


def test_an_unknown_track_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracks.VARIABLE, "huge")
    with pytest.raises(ValueError, match="PLIP_TUTORIAL_TRACK is 'huge'; it must be one of tiny, full"):
        tracks.current()
