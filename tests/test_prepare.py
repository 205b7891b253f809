"""Prepare takes all that chapters ask for, in an order in which it can be interrupted, for the track it is told."""

import ast
import os
from pathlib import Path

import jupytext
import pytest

from plip_tutorial import __main__, artifacts, prepare, tracks

BOOK = Path(__file__).parents[1] / "book"
ASKED = (
    "posts", "web_pool", "tiny_clip", "collected", "pathology_filter", "seeds", "seed_embeddings", "expanded",
    "tiny_embeddings", "corpus", "tiny_plip", "history", "checkpoint", "benchmark", "embeddings",
)  # fmt: skip


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Replaces minutes of building by a list of what was asked for."""
    seen: list[tuple] = []
    for name in ASKED:
        note = lambda *arguments, name=name: seen.append((name, *arguments))  # noqa: E731
        monkeypatch.setattr(artifacts, name, note)
    monkeypatch.setattr(prepare, "PLIP", lambda checkpoint: None)
    monkeypatch.setenv(tracks.VARIABLE, "tiny")
    return seen


def asked_in_chapters() -> dict[str, set[tuple]]:
    """Calls of `artifacts` in the pages, with those arguments that are written out; others are None."""
    found: dict[str, set[tuple]] = {}
    for page in sorted(BOOK.glob("*.py")):
        code = [cell.source for cell in jupytext.read(page).cells if cell.cell_type == "code"]
        for node in ast.walk(
            ast.parse("\n".join(line for cell in code for line in cell.splitlines() if line[:1] != "%"))
        ):
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("artifacts."):
                arguments = tuple(part.value if isinstance(part, ast.Constant) else None for part in node.args)
                found.setdefault(ast.unparse(node.func).removeprefix("artifacts."), set()).add(arguments)
    return found


def test_all_that_chapters_ask_for_is_prepared(calls: list[tuple]) -> None:
    prepare.prepare(tracks.TINY)
    prepared, asked = {call[0] for call in calls}, asked_in_chapters()
    made_with_others = {"labelled", "fine_tuning", "features", "knn_threshold", "training_pairs", "benchmark_of"}
    assert set(asked) - prepared - made_with_others == set()
    sizes = {(call[2], call[3]) for call in calls if call[0] == "benchmark" and len(call) == 4}
    assert {call[1:] for call in asked["benchmark"] if len(call) == 3} <= sizes  # parts of a set, by split and size
    names = {call[1] for call in calls if call[0] == "embeddings"}
    assert names == {"tiny-clip", "tiny-plip"}


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
    said = capsys.readouterr().out
    assert "[ 1/" in said
    assert f"The {track.name} track is ready" in said


def test_it_stops_at_a_failure_with_what_failed(calls: list[tuple], monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def refused() -> None:
        raise ConnectionError("no hub")

    monkeypatch.setattr(artifacts, "corpus", refused)
    with pytest.raises(ConnectionError, match="no hub"):
        prepare.prepare(tracks.TINY)
    assert capsys.readouterr().out.rstrip().endswith("corpus ...")
    assert ("tiny_plip",) not in calls


def test_an_unknown_track_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["prepare", "--track", "huge"])
    assert "tiny" in capsys.readouterr().err
