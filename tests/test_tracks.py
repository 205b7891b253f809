"""The variable decides; without it, a GPU in Colab does, if the hub has what the full track needs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache as cache_once
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from standin_hub import Fault, Hub, serve
from test_hub import use

from plip_tutorial import tracks
from plip_tutorial.sources import availability, hub, hub_data
from plip_tutorial.storage import cache


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracks.VARIABLE, raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    monkeypatch.setattr(tracks, "_full_or_tiny", cache_once(tracks._full_or_tiny.__wrapped__))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """Colab with a GPU, and a hub that has all that the full track needs."""
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    with serve(Hub()) as running:
        for pin in hub.MODELS.values():
            running.add("models", pin.repo, {"config.json": b"{}"}, pin.revision)
        for part in hub_data.SETS.values():
            running.add("datasets", part.repo, {"data/a.parquet": b"PAR1"}, part.revision)
        use(running, tmp_path, monkeypatch)
        yield running


@pytest.mark.parametrize(("colab", "gpu"), list(product([False, True], repeat=2)))
def test_chosen_by_itself(monkeypatch: pytest.MonkeyPatch, colab: bool, gpu: bool) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    monkeypatch.setattr(availability, "obstacle", lambda track: "")
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


def test_a_hub_that_has_all_is_asked_once_and_the_full_track_is_taken(server: Hub, capsys: Any) -> None:
    assert [tracks.current() for _ in range(3)] == [tracks.FULL] * 3
    wanted = {f"/api/models/{pin.repo}/revision/{pin.revision}" for pin in hub.MODELS.values()}
    wanted |= {f"/api/datasets/{part.repo}/revision/{part.revision}" for part in hub_data.SETS.values()}
    assert sorted(path for _, path, _ in server.asked) == sorted(wanted)
    assert not any("authorization" in headers for _, _, headers in server.asked)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("vinid/plip", 99, 404), "vinid/plip: http://127.0.0.1:{port} answers with 404"),
        (Fault("RationAI/PanNuke", 99, 401), "RationAI/PanNuke: http://127.0.0.1:{port} answers with 401"),
        (Fault("", 99, 503), "openai/clip-vit-base-patch32: http://127.0.0.1:{port} answers with 503"),
        (
            Fault("", 99, 200, body=b"<html>log in</html>"),
            "something else answers in the place of http://127.0.0.1:{port}",
        ),
        (Fault("", 99, drip_headers=0.02), "http://127.0.0.1:{port} cannot be reached (no whole answer within 0.5 s)"),
        (Fault("", 99, drip=0.02), "http://127.0.0.1:{port} cannot be reached (no whole answer within 0.5 s)"),
        (Fault("", 99, slow=5), "http://127.0.0.1:{port} cannot be reached ("),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.where} {value.status} {value.slow}",
)
def test_a_hub_that_cannot_give_it_is_named_once_and_the_tiny_track_is_taken(
    fault: Fault, reason: str, server: Hub, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = fault.drip or fault.drip_headers or fault.slow
    monkeypatch.setattr(availability, "SECONDS", 0.5 if hangs else 60.0)
    server.faults.append(fault)
    assert [tracks.current() for _ in range(3)] == [tracks.TINY] * 3
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 78
    one_line = " ".join(said.split())
    assert one_line.count("There is a GPU, but the full track cannot be had") == 1
    assert reason.format(port=server.address.rpartition(":")[2]) in one_line
    assert "goes on with the tiny track" in one_line
    assert "PLIP_TUTORIAL_TRACK=full" in one_line
    monkeypatch.setenv(tracks.VARIABLE, "full")  # by name: nobody is asked, and it stays
    before = len(server.asked)
    assert tracks.current() is tracks.FULL
    assert len(server.asked) == before


def test_without_a_network_the_tiny_track_is_taken(server: Hub, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert tracks.current() is tracks.TINY
    assert "http://127.0.0.1:9 cannot be reached ([Errno 111]" in " ".join(capsys.readouterr().out.split())
    tracks._full_or_tiny.cache_clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert tracks.current() is tracks.TINY
    assert "was never fetched, and HF_HUB_OFFLINE is set" in " ".join(capsys.readouterr().out.split())


def test_what_has_been_fetched_is_not_asked_for(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    for pin in hub.MODELS.values():
        cache.build(hub._entry(pin), hub._key(pin), lambda folder: None)
    for name in hub_data.SETS:
        assert tracks.current() is tracks.TINY
        tracks._full_or_tiny.cache_clear()
        for split, n in hub_data.TILES.items():
            cache.build(hub_data._entry(name, split), hub_data._key(name, split, n), lambda folder: None)
    assert tracks.current() is tracks.FULL
