"""Exercises that check themselves: what a reader found, compared with what is right, and a hint where it is not.

exercises.check("zero-shot.1", answer)  # right, or what is wrong and a hint; never the solution

What is right was found by the solution of each exercise in the tiny track, and is told to nobody. Checks know that
track only. Nothing here raises for a wrong answer, so that a notebook runs to its end; a `Verdict` is true or false::

assert exercises.check("zero-shot.1", answer)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from plip_tutorial import tracks

DATA = Path(__file__).parent / "data" / "exercises.json"
#: How many words a judgement has at least, unless its exercise says more.
JUDGEMENT = 25
#: What an answer is called that has another form than the one asked for.
FORMS: dict[type, str] = {str: "text", list: "a list", dict: "a table", float: "a single number"}


@dataclass(frozen=True)
class Verdict:
    """What can be said of an answer.

    Attributes:
        right: whether it is; None where only a person can tell.
        says: why, or a hint, or what to look for.
    """

    right: bool | None
    says: str

    def __bool__(self) -> bool:
        """A judgement in words that is long enough counts as given."""
        return self.right is not False

    def __repr__(self) -> str:
        """One or two lines, as a notebook shows them."""
        return f"{ {True: 'Right', False: 'Not yet', None: 'Compare'}[self.right] }. {self.says}"


@cache
def known() -> dict[str, dict[str, Any]]:
    """All exercises by their names; each says what it asks for, what is right, and which hints there are."""
    found: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def check(name: str, answer: Any) -> Verdict:
    """Compare an answer with what is right.

    Args:
        name: of the exercise: its unit and its place there, ``"zero-shot.1"``.
        answer: what the exercise asks for: a number, some words, a list or an array of either.

    Raises:
        KeyError: if there is no such exercise; the nearest names are told.
    """
    if name not in known():
        unit = [other for other in known() if other.split(".")[0] == name.split(".")[0]]
        raise KeyError(f"there is no exercise {name!r}. There are: {', '.join(unit or known())}.")
    asked = known()[name]
    if answer is ... or answer is None or (isinstance(answer, str) and not answer.strip()):
        return Verdict(False, f"There is no answer yet. Asked for: {asked['asks']}.")
    if asked["kind"] == "words":
        return _judgement(str(answer), asked)
    if tracks.current().name != tracks.TINY.name:
        return Verdict(None, "The check knows the tiny track only. Compare with the solution in the book.")
    try:
        given = _plain(answer)
        if _same(given, asked["right"], asked):
            return Verdict(True, asked.get("praise", "That is it."))
        hints = [hint["says"] for hint in asked["hints"] if _same(given, hint["value"], asked)]
    except (TypeError, ValueError):
        return Verdict(False, f"This cannot be read as an answer: {_short(answer)}. Asked for: {asked['asks']}.")
    return Verdict(False, hints[0] if hints else _wrong_form(given, asked) or asked["otherwise"])


def _wrong_form(given: Any, asked: Mapping[str, Any]) -> str:
    """What to say where a list is given for a number, or too few values."""
    if asked["kind"] == "number" and not isinstance(given, float):
        return f"Asked for is a number, and this is {FORMS.get(type(given), 'none')}. {asked['asks'].capitalize()}."
    if asked["kind"] == "list" and isinstance(asked["right"], list):
        if not isinstance(given, list):
            return f"Asked for is a list, and this is {FORMS.get(type(given), 'none')}."
        if len(given) != len(asked["right"]):
            return f"Asked for is a list of {len(asked['right'])} values, and this one has {len(given)}."
    return ""


def _judgement(answer: str, asked: Mapping[str, Any]) -> Verdict:
    words, least = len(answer.split()), asked.get("least", JUDGEMENT)
    if words < least:
        return Verdict(False, f"A judgement needs reasons: {words} words so far, {least} at the least.")
    return Verdict(None, "A good answer has these:\n" + "\n".join(f"- {line}" for line in asked["rubric"]))


def _plain(answer: Any) -> Any:
    """Numbers as floats, words in small letters, tables and arrays as lists of these."""
    if answer is None or isinstance(answer, str):
        answer = str(answer)
        return " ".join(answer.lower().split())
    if isinstance(answer, Mapping):
        return {_plain(str(key)): _plain(value) for key, value in answer.items()}
    if hasattr(answer, "tolist"):
        return _plain(answer.tolist())
    if isinstance(answer, set | frozenset):
        return sorted(_plain(part) for part in answer)
    if isinstance(answer, Iterable):
        return [_plain(part) for part in answer]
    return float(answer)


def _same(given: Any, other: Any, asked: Mapping[str, Any]) -> bool:
    """Whether two answers are alike: numbers up to what is allowed, lists in order if the order is asked for.

    What an exercise knows as ``{"from": 0.4, "to": 1}`` is a span; as ``{"any": [...]}`` one of several.
    """
    if isinstance(other, Mapping) and set(other) == {"any"}:
        return any(_same(given, one, asked) for one in other["any"])
    if isinstance(other, Mapping) and set(other) == {"from", "to"}:
        return isinstance(given, float) and other["from"] <= given <= other["to"]
    other = other if isinstance(other, Mapping) and {"from", "to"} & set(other) else _plain(other)
    if isinstance(given, float) and isinstance(other, float):
        return bool(np.isclose(given, other, rtol=0, atol=asked.get("within", 0)))
    if isinstance(given, dict) and isinstance(other, dict):
        return given.keys() == other.keys() and all(_same(given[key], other[key], asked) for key in given)
    if isinstance(given, list) and isinstance(other, list):
        if not asked.get("ordered", True):
            given, other = sorted(given, key=str), sorted(other, key=str)
        return len(given) == len(other) and all(_same(a, b, asked) for a, b in zip(given, other, strict=True))
    return bool(given == other)


def _short(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 60 else text[:57] + "..."
