"""Checks of exercises: right, wrong with its hint, missing, unreadable; and never the solution."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from plip_tutorial import exercises
from plip_tutorial.exercises import JUDGEMENT, check, known

MADE_UP: dict[str, Any] = {
    "made-up.1": {
        "kind": "number",
        "asks": "the F1, a number",
        "right": 0.5,
        "within": 0.01,
        "otherwise": "Look at the classes.",
        "hints": [
            {"value": 0.25, "says": "That is the weighted one."},
            {"value": {"from": 2, "to": 100}, "says": "A share, please."},
        ],
    },
    "made-up.2": {
        "kind": "list",
        "asks": "the two classes",
        "right": ["Mucus", "fat"],
        "ordered": False,
        "otherwise": "Not these.",
        "hints": [{"value": ["mucus", "stroma"], "says": "One of them."}],
    },
    "made-up.3": {"kind": "words", "asks": "your judgement", "rubric": ["names the lab", "gives an interval"]},
    "made-up.4": {
        "kind": "table",
        "asks": "a score a lab",
        "right": {"I": 0.1, "J": 0.2},
        "within": 0.05,
        "hints": [],
        "otherwise": "x",
    },
    "made-up.5": {
        "kind": "number",
        "asks": "more than half",
        "right": {"from": 0.5, "to": 1},
        "hints": [],
        "otherwise": "Less.",
    },
}


@pytest.fixture(autouse=True)
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    place = tmp_path / "exercises.json"
    place.write_text(json.dumps(MADE_UP), encoding="utf-8")
    monkeypatch.setattr(exercises, "DATA", place)
    known.cache_clear()
    yield
    known.cache_clear()


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("made-up.1", 0.505),
        ("made-up.1", np.float32(0.495)),
        ("made-up.1", np.array(0.5)),
        ("made-up.2", ["FAT", " mucus "]),
        ("made-up.2", {"fat", "mucus"}),
        ("made-up.2", np.array(["fat", "mucus"])),
        ("made-up.4", {"I": 0.12, "j": 0.18}),
        ("made-up.5", 0.75),
    ],
)
def test_what_is_right_is_called_so(name: str, answer: object) -> None:
    verdict = check(name, answer)
    assert verdict.right is True, verdict
    assert repr(verdict).startswith("Right. ")


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("made-up.1", 0.25, "That is the weighted one."),
        ("made-up.1", 50, "A share, please."),
        ("made-up.1", 0.7, "Look at the classes."),
        ("made-up.1", float("nan"), "Look at the classes."),
        ("made-up.1", ..., "There is no answer yet. Asked for: the F1, a number."),
        ("made-up.1", None, "There is no answer yet."),
        ("made-up.1", "half", "Asked for is a number, and this is text. The f1, a number."),
        ("made-up.1", [0.5], "Asked for is a number, and this is a list."),
        ("made-up.1", object(), "This cannot be read as an answer: <object"),
        ("made-up.2", ["stroma", "mucus"], "One of them."),
        ("made-up.2", ["fat"], "Asked for is a list of 2 values, and this one has 1."),
        ("made-up.2", [], "Asked for is a list of 2 values, and this one has 0."),
        ("made-up.2", ["fat", "glass"], "Not these."),
        ("made-up.2", 2, "Asked for is a list, and this is a single number."),
        ("made-up.2", "  ", "There is no answer yet."),
        ("made-up.3", "It is fine.", f"3 words so far, {JUDGEMENT} at the least."),
        ("made-up.4", {"I": 0.12}, "x"),
        ("made-up.5", 0.4, "Less."),
    ],
)
def test_what_is_wrong_gets_its_hint_and_not_the_solution(name: str, answer: object, says: str) -> None:
    verdict = check(name, answer)
    assert not verdict
    assert says in verdict.says
    assert repr(verdict).startswith("Not yet. ")
    assert "0.5" not in verdict.says


def test_a_judgement_is_compared_by_its_writer() -> None:
    verdict = check("made-up.3", "word " * JUDGEMENT)
    assert verdict.right is None
    assert verdict
    assert "- names the lab\n- gives an interval" in repr(verdict)


def test_in_the_full_track_nothing_is_called_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLIP_TUTORIAL_TRACK", "full")
    assert check("made-up.1", 0.9).right is None


def test_an_unknown_exercise_is_named_with_those_of_its_unit() -> None:
    with pytest.raises(KeyError, match=r"made-up\.9.*made-up\.1, made-up\.2"):
        check("made-up.9", 1)
    with pytest.raises(KeyError, match="no exercise 'x'"):
        check("x", 1)
