"""What a unit asks and how it is taught, read from two files beside its source.

``book/questions/NN_name.yml`` holds questions with several answers: some on the way, each after a section, and five at
the end. ``book/teaching/NN_name.yml`` holds what each exercise asks for, what is right, hints, and what a teacher
needs. `sync` puts the questions into the pages and what `plip_tutorial.exercises` needs into the package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import wrap
from typing import Any

import nbformat
import roles
import yaml

BOOK = Path(__file__).parents[1]
QUESTIONS, TEACHING = BOOK / "questions", BOOK / "teaching"
TABLE = BOOK / "teaching_table.md"
EXERCISES = BOOK.parent / "plip_tutorial" / "data" / "exercises.json"
SOLUTION = re.compile(r"^:::\{solution-(?:start\} (\S+)|(end)\})$", re.MULTILINE)
LETTERS = "abcd"


@dataclass(frozen=True)
class Answer:
    """One answer to a question: its text, whether it is right, why, and which misconception leads to it."""

    text: str
    right: bool
    why: str
    misconception: str


@dataclass(frozen=True)
class Question:
    """One question of a unit.

    Attributes:
        id: its name, unique in its unit.
        after: heading of the section after which it is asked; empty for one at the end.
        stem: what is asked, in plain Markdown.
        answers: three or four, exactly one of them right.
    """

    id: str
    after: str
    stem: str
    answers: tuple[Answer, ...]

    @property
    def right(self) -> int:
        """Which answer is right."""
        return [answer.right for answer in self.answers].index(True)


def units() -> list[str]:
    """Names of the units, in their order."""
    return sorted(path.stem for path in BOOK.glob("*.py") if path.name[:2].isdigit())


@cache
def questions(unit: str) -> tuple[Question, ...]:
    """The questions of a unit, those on the way first.

    Raises:
        ValueError: if one has not exactly one right answer, or lacks what it needs; unit and question are named.
    """
    place = QUESTIONS / f"{unit}.yml"
    told = yaml.safe_load(place.read_text(encoding="utf-8")) if place.exists() else {}
    return tuple(_question(one, unit) for part in ("on_the_way", "at_the_end") for one in told.get(part, ()))


def _question(told: dict[str, Any], unit: str) -> Question:
    answers = tuple(
        Answer(one["text"].strip(), bool(one.get("right")), one.get("why", "").strip(), one.get("misconception", ""))
        for one in told["answers"]
    )
    place = f"{unit}, question {told.get('id')}"
    if sum(answer.right for answer in answers) != 1 or not 3 <= len(answers) <= len(LETTERS):
        raise ValueError(f"{place}: three or four answers are needed, and exactly one of them is right.")
    if not all(answer.why and (answer.right or answer.misconception) for answer in answers):
        raise ValueError(f"{place}: each answer says why, and each wrong one names the misconception that leads to it.")
    return Question(told["id"], told.get("after", ""), told["stem"].strip(), answers)


def asked(question: Question) -> str:
    """A question in Markdown that the site and every notebook show: each answer opens and tells whether it is right."""
    folded = [
        f'<details name="{question.id}">\n<summary>{_inline(answer.text)}</summary>\n\n'
        f"**{'Right.' if answer.right else 'Not quite.'}** {answer.why}\n\n</details>"
        for answer in question.answers
    ]
    return "\n\n".join([f"**Question.** {question.stem}", *folded])


def _inline(text: str) -> str:
    """What a summary may hold: HTML, since Markdown is not read inside of it."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text))


def with_questions(cells: list[Any], unit: str) -> list[Any]:
    """The cells of a unit with its questions in their places.

    Raises:
        ValueError: for a question after a section that the unit has not.
    """
    found = questions(unit)
    last = [asked(question) for question in found if not question.after]
    for question in (question for question in reversed(found) if question.after):
        _put(cells, _end_of(cells, question.after, unit, question.id), asked(question))
    if last:
        _put(cells, _place(cells, "Summary", unit, "those at the end"), "## Questions\n\n" + "\n\n".join(last))
    return cells


HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


def _headings(cells: list[Any]) -> Iterator[tuple[int, int, int, str]]:
    """Cell, offset, level and words of each heading."""
    for number, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            for match in HEADING.finditer(cell.source):
                yield number, match.start(), len(match[1]), match[2].strip()


def _place(cells: list[Any], heading: str, unit: str, question: str) -> tuple[int, int]:
    for number, offset, _, words in _headings(cells):
        if words == heading:
            return number, offset
    raise ValueError(f"{unit}, question {question}: there is no section {heading!r} on the page.")


def _end_of(cells: list[Any], heading: str, unit: str, question: str) -> tuple[int, int]:
    """Where the section after a heading ends: at the next heading, whatever its level."""
    start = _place(cells, heading, unit, question)
    for number, offset, _, _ in _headings(cells):
        if (number, offset) > start:
            return number, offset
    raise ValueError(f"{unit}, question {question}: nothing comes after the section {heading!r}.")


def _put(cells: list[Any], place: tuple[int, int], text: str) -> None:
    number, offset = place
    source = cells[number].source
    before = source[:offset].rstrip()
    label = re.search(r"\n*^\([\w.-]+\)=$\Z", before, re.MULTILINE)  # a label belongs to the heading below it
    before, own = (before[: label.start()], before[label.start() :].strip() + "\n") if label else (before, "")
    cells[number].source = f"{before}\n\n{text}\n\n{own}{source[offset:]}".lstrip("\n")


@cache
def teaching(unit: str) -> dict[str, Any]:
    """What a teacher needs for a unit, and its exercises by their labels."""
    place = TEACHING / f"{unit}.yml"
    return yaml.safe_load(place.read_text(encoding="utf-8")) if place.exists() else {}


@cache
def labels(unit: str) -> tuple[tuple[str, str], ...]:
    """Titles and labels of the exercises of a unit, in their order."""
    return tuple(
        (place.words, label)
        for label, place in roles.labels().items()
        if place.page == unit and label.startswith("ex-")
    )


def name(unit: str, label: str) -> str:
    """What an exercise is called in code: ``"zero-shot.1"``."""
    order = [own for _, own in labels(unit)]
    return f"{unit[3:].replace('_', '-')}.{order.index(label) + 1}"


def checks() -> str:
    """The text of what `plip_tutorial.exercises` reads.

    Raises:
        ValueError: if a file of a unit speaks of exercises that the unit has not, or not of all.
    """
    found = {}
    for unit in units():
        told = teaching(unit).get("exercises", {})
        if told and list(told) != [label for _, label in labels(unit)]:
            raise ValueError(f"book/teaching/{unit}.yml: its exercises are not those of the unit, in their order.")
        for label, one in told.items():
            kept = {key: one[key] for key in KEPT if key in one}
            found[name(unit, label)] = {"hints": [], "otherwise": "", **kept}
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


#: What of an exercise the package needs; minutes, typical errors and the like stay with the teacher.
KEPT = ("kind", "asks", "right", "within", "ordered", "praise", "hints", "otherwise", "rubric", "least")


def with_checks(cells: list[Any], unit: str) -> list[Any]:
    """The cells of a unit and after each solution a hidden one: the build fails where a solution is not right."""
    found, label = [], ""
    for cell in cells:
        found.append(cell)
        for start, end in SOLUTION.findall(cell.source) if cell.cell_type == "markdown" else ():
            told = teaching(unit).get("exercises", {}).get(label, {}) if end else {}
            if told.get("kind", "words") != "words":
                call = f'exercises.check("{name(unit, label)}", answer)'
                source = f"from plip_tutorial import exercises\n\nassert {call}, {call}"
                found.append(nbformat.v4.new_code_cell(source, metadata={"tags": ["check", "remove-cell"]}))
            label = start
    return found


def stub(unit: str, label: str, form: str) -> str:
    """The cell below an exercise: for a student an empty answer and its check, for a teacher the check."""
    told = teaching(unit).get("exercises", {}).get(label)
    if not told:
        raise ValueError(f"book/teaching/{unit}.yml says nothing of the exercise {label}.")
    call = f'exercises.check("{name(unit, label)}", answer)'
    if form == "teacher":
        given = f'answer = """{told["example"].strip()}"""\n' if told["kind"] == "words" else ""
        return f"from plip_tutorial import exercises\n\n{given}{call}"
    empty = '""" """' if told["kind"] == "words" else "..."
    asks = "\n".join(f"# {line}" for line in wrap(f"Your answer: {told['asks']}.", 76))
    return f"from plip_tutorial import exercises\n\n{asks}\nanswer = {empty}\n{call}"


def for_teachers(unit: str) -> str:
    """What a teacher reads before a unit: the one thing, the minutes, what to say, what goes wrong."""
    told = teaching(unit)
    if not told:
        raise ValueError(f"there is no book/teaching/{unit}.yml, which the teacher's notebook is made from.")
    minutes = ", ".join(f"{part} {value}" for part, value in told["minutes"].items())
    told_of = "In class, questions included (the page counts without them)"
    parts = [f"**The one thing to get across.** {told['across']}", f"**Minutes.** {told_of}: {minutes}."]
    for heading, key in (("Say", "say"), ("Frequent errors", "errors"), ("To discuss", "discuss")):
        parts.append(f"**{heading}.**\n\n" + "\n".join(f"- {line}" for line in told[key]))
    for title, label in labels(unit):
        one = told["exercises"][label]
        lines = one["rubric"] if one["kind"] == "words" else [hint["says"] for hint in one["hints"]]
        whose = "One point for each of these" if one["kind"] == "words" else "Hints for wrong answers"
        listed = "".join(f"\n- {line}" for line in lines)
        parts.append(f"**Exercise: {title}.** {one.get('minutes', 5)} minutes. {whose}:{listed}")
    return "\n\n".join(parts)


def table() -> str:
    """All units at a glance, for the teacher's guide: minutes, the one thing, misconceptions and what finds them."""
    lines = [
        "| unit | minutes in class | the one thing to get across | misconception → the question that finds it |",
        "| --- | --- | --- | --- |",
    ]
    for unit in units():
        wrong = [(q.id, a.misconception) for q in questions(unit) if not q.after for a in q.answers if not a.right]
        finds = "<br>".join(f"{misconception} → *{question}*" for question, misconception in wrong[::2][:3])
        minutes = sum(teaching(unit)["minutes"].values())
        lines.append(f"| {{doc}}`{unit}` | {minutes} | {teaching(unit)['across']} | {finds} |")
    return "\n".join(lines) + "\n"
