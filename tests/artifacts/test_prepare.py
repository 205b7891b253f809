"""Prepare takes all that pages share, in an order in which it can be interrupted, for the track it is told."""

import os

import pytest

from plip_tutorial import __main__, tracks
from plip_tutorial.artifacts import committed, curation, pages, prepare
from plip_tutorial.sources import slides


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Replaces minutes of work by a list of what was asked for."""
    seen: list[tuple] = []
    for module, names in {
        pages: ("checkpoint", "benchmark", "embeddings", "tiny_embeddings"),
        curation: ("web_pool",),
        committed: ("seeds", "expanded"),
        slides: ("small_region",),
    }.items():
        for name in names:
            note = lambda *arguments, name=name: seen.append((name, *arguments))  # noqa: E731
            monkeypatch.setattr(module, name, note)
    monkeypatch.setattr(curation, "labelled", lambda: (1, 2))
    monkeypatch.setenv(tracks.VARIABLE, "tiny")
    return seen


@pytest.mark.parametrize("track", [tracks.TINY, tracks.FULL], ids=lambda t: t.name)
def test_each_track_gets_its_models_sets_and_embeddings(
    track: tracks.Track, calls: list[tuple], capsys: pytest.CaptureFixture[str]
) -> None:
    __main__.main(["prepare", "--track", track.name])
    assert os.environ[tracks.VARIABLE] == track.name
    assert {call[1] for call in calls if call[0] == "checkpoint"} == {track.clip, track.plip}
    for name in track.benchmarks:
        for split in ("train", "test"):
            assert ("benchmark", name, split) in calls
            assert all(("embeddings", model, name, split) in calls for model in (track.clip, track.plip))
    assert {call[1] for call in calls if call[0] == "tiny_embeddings"} == {
        "labelled-tissue", "labelled-everyday", "web-pool", "expanded", "seeds",
    }  # fmt: skip
    assert ("small_region",) in calls
    said = capsys.readouterr().out
    assert "[ 1/" in said
    assert f"The {track.name} track is ready" in said


def test_it_stops_at_a_failure_with_what_failed(calls: list[tuple], monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def refused(*_: object) -> None:
        raise ConnectionError("no hub")

    monkeypatch.setattr(pages, "embeddings", refused)
    with pytest.raises(ConnectionError, match="no hub"):
        prepare.prepare(tracks.TINY)
    assert capsys.readouterr().out.rstrip().endswith("micro-kather, train, by tiny-clip ...")
    assert not any(call[0] == "tiny_embeddings" for call in calls)


def test_an_unknown_track_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["prepare", "--track", "huge"])
    assert "tiny" in capsys.readouterr().err


def test_without_the_slide_the_rest_is_prepared_and_what_lacks_is_said(
    calls: list[tuple], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> None:
        raise slides.SlideFetchError("there is no network")

    monkeypatch.setattr(slides, "small_region", away)
    prepare.prepare(tracks.TINY, backwards=True)  # it is the first step then
    assert ("embeddings", "tiny-plip", "micro-kather", "test") in calls
    said = capsys.readouterr().out
    assert "the slide ... \nwithout it, since there is no network\n" in said
    assert "The tiny track is ready" in said
