"""Questions, exercises, exports and slides: each unit has them, and what is exported can be read back."""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as Xml

import nbformat
import pytest

from plip_tutorial import exercises

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import course  # noqa: E402
import exports  # noqa: E402
import slides  # noqa: E402

UNITS = course.units()
each_unit = pytest.mark.parametrize("unit", UNITS)
EXERCISES = [(unit, label) for unit in UNITS for _, label in course.labels(unit)]
CHECKED = [pair for pair in EXERCISES if course.teaching(pair[0])["exercises"][pair[1]]["kind"] != "words"]


@each_unit
def test_a_unit_asks_on_the_way_and_at_its_end(unit: str) -> None:
    found = course.questions(unit)
    on_the_way = [question for question in found if question.after]
    assert 2 <= len(on_the_way) <= 3
    assert len(found) - len(on_the_way) == (3 if unit.startswith("00") else 5)
    assert len({question.id for question in found}) == len(found)
    texts = [len(answer.text) for question in found for answer in question.answers]
    assert max(texts) <= 180


def test_the_right_answer_has_no_place_of_its_own() -> None:
    places = [question.right for unit in UNITS for question in course.questions(unit)]
    assert max(places.count(place) for place in set(places)) < 0.45 * len(places)
    longest = [
        q.right == max(range(len(q.answers)), key=lambda i: len(q.answers[i].text))
        for u in UNITS
        for q in course.questions(u)
    ]
    assert sum(longest) < 0.55 * len(longest), "the longest answer is too often the right one"


@each_unit
def test_questions_stand_on_the_page_and_each_answer_says_why(unit: str) -> None:
    page = nbformat.read(ROOT / "book" / f"{unit}.ipynb", as_version=4)
    text = "\n\n".join(cell.source for cell in page.cells if cell.cell_type == "markdown")
    for question in course.questions(unit):
        assert course.asked(question) in text
    assert text.count("<details name=") == sum(len(question.answers) for question in course.questions(unit))
    assert text.count("**Right.** ") == len(course.questions(unit))


@each_unit
def test_a_unit_tells_a_teacher_what_is_needed(unit: str) -> None:
    told = course.teaching(unit)
    assert {"across", "minutes", "say", "errors", "discuss", "exercises"} <= set(told)
    assert sum(told["minutes"].values()) <= 50
    assert len(told["say"]) >= 2
    assert len(told["errors"]) >= 2
    assert len(told["discuss"]) >= 2


def test_each_unit_has_two_exercises_and_some_ask_for_a_judgement() -> None:
    kinds = {unit: [one["kind"] for one in course.teaching(unit)["exercises"].values()] for unit in UNITS}
    assert min(len(found) for found in kinds.values()) >= 2
    assert sum("words" in found for found in kinds.values()) >= len(UNITS) // 2
    for unit, label in EXERCISES:
        one = course.teaching(unit)["exercises"][label]
        assert one["kind"] != "words" or (
            len(one["rubric"]) >= 3 and len(one["example"].split()) >= exercises.JUDGEMENT
        )


def _instance(value: object) -> object:
    """An answer that a hint speaks of: the middle of a span, the first of several."""
    if isinstance(value, dict) and set(value) == {"from", "to"}:
        return (value["from"] + value["to"]) / 2
    if isinstance(value, dict) and set(value) == {"any"}:
        return _instance(value["any"][0])
    return [_instance(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("unit", "label"), CHECKED, ids=lambda value: str(value))
def test_a_stub_fails_and_two_wrong_answers_get_their_hints(unit: str, label: str) -> None:
    """The solution passes where it runs: in the teacher's notebook."""
    one, name = course.teaching(unit)["exercises"][label], course.name(unit, label)
    assert exercises.check(name, ...).right is False
    assert len(one["hints"]) >= 2
    for hint in one["hints"]:
        verdict = exercises.check(name, _instance(hint["value"]))
        assert (verdict.right, verdict.says) == (False, hint["says"])
    assert one["otherwise"]


def test_a_question_that_lacks_something_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "QUESTIONS", tmp_path)
    wrong = "at_the_end:\n- id: q\n  stem: x\n  answers:\n  - {text: a, right: true, why: b}\n  - {text: c, why: d}\n"
    (tmp_path / "99_x.yml").write_text(wrong, encoding="utf-8")
    with pytest.raises(ValueError, match="99_x, question q: three or four answers"):
        course.questions("99_x")
    (tmp_path / "98_x.yml").write_text(wrong + "  - {text: e, why: f}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="98_x, question q: each answer says why"):
        course.questions("98_x")


def _asked(after: str, unit: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[nbformat.NotebookNode]:
    """The cells of a small page with one question, asked after one of its sections."""
    wrong = "why: d, misconception: m"
    answers = f"  - {{text: a < `b`, right: true, why: b}}\n  - {{text: c, {wrong}}}\n  - {{text: e, {wrong}}}\n"
    told = f"on_the_way:\n- id: q\n  after: {after}\n  stem: Which < one?\n  answers:\n{answers}"
    (folder / f"{unit}.yml").write_text(told, encoding="utf-8")
    monkeypatch.setattr(course, "QUESTIONS", folder)
    cells = [nbformat.v4.new_markdown_cell("# A\n\n## B\n\ntext\n\n(own)=\n## C\n\n## Summary")]
    return course.with_questions(cells, unit)


def test_a_question_after_no_section_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="97_x, question q: there is no section 'Nowhere'"):
        _asked("Nowhere", "97_x", tmp_path, monkeypatch)


def test_a_question_goes_to_the_end_of_its_section_and_leaves_labels_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cell,) = _asked("B", "96_x", tmp_path, monkeypatch)
    assert re.search(r"text\n\n\*\*Question\.\*\* Which < one\?\n\n<details name=\"q\">", cell.source)
    assert "<summary>a &lt; <code>b</code></summary>" in cell.source
    assert "</details>\n\n(own)=\n## C" in cell.source


def _gift(text: str) -> dict[str, tuple[str, list[tuple[bool, str, str]]]]:
    """A reader of GIFT that knows nothing of how it was written: name, stem, answers with their feedback."""
    found = {}
    for name, stem, body in re.findall(
        r"::((?:\\.|[^:\\])+)::\[markdown\]((?:\\.|[^{\\])*)\{\n((?:\\.|[^}\\])*)\}", text
    ):
        answers = re.findall(r"\t([=~])((?:\\.|[^#\\])*)#((?:\\.|[^\n\\])*)", body)
        found[name] = (_said(stem).strip(), [(mark == "=", _said(text), _said(why)) for mark, text, why in answers])
    return found


def _said(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def test_gift_can_be_read_back() -> None:
    read = _gift(exports.gift(UNITS))
    ours = {f"{unit}.{question.id}": question for unit in UNITS for question in course.questions(unit)}
    assert read.keys() == ours.keys()
    for name, question in ours.items():
        assert read[name] == (question.stem, [(a.right, a.text, a.why) for a in question.answers])


def test_qti_can_be_read_back() -> None:
    space = {"q": exports.QTI, "c": exports.CONTENT}
    package = zipfile.ZipFile(io.BytesIO(exports.qti(UNITS)))
    listed = [r.get("href") for r in Xml.fromstring(package.read("imsmanifest.xml")).iterfind(".//c:resource", space)]
    assert sorted([*listed, "imsmanifest.xml"]) == sorted(package.namelist())
    ours = {f"items/q_{u}.{question.id}.xml": question for u in UNITS for question in course.questions(u)}
    assert set(listed) == set(ours)
    for place, question in ours.items():
        item = Xml.fromstring(package.read(place))
        choices = item.findall(".//q:simpleChoice", space)
        right = item.findtext(".//q:correctResponse/q:value", namespaces=space)
        assert [choice.get("identifier") for choice in choices].index(right) == question.right
        words = [re.sub(r"[`*]", "", answer.text) for answer in question.answers]
        assert ["".join(choice.itertext()).strip() for choice in choices] == words
        assert len(item.findall("q:modalFeedback", space)) == len(choices)


def test_the_key_names_what_is_right_and_what_wrong_answers_tell() -> None:
    rows = list(csv.DictReader(io.StringIO(exports.key(UNITS))))
    assert sum(row["right"] == "yes" for row in rows) == sum(len(course.questions(unit)) for unit in UNITS)
    assert all(row["right"] or row["misconception"] for row in rows)


def _deck(sections: int, figures: int, monkeypatch: pytest.MonkeyPatch) -> list[slides.Slide]:
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    head = text("# 99 · A\n\n**Why?**\n\n@way@\n\n- **Time:** @time@\n- **Learn:** x.\n- **Need:** y.")
    picture = nbformat.v4.new_output("display_data", {"image/svg+xml": "<svg/>"})
    cells = [head]
    for number in range(sections):
        cells += [text(f"## S{number}\n\n**Point {number}.** More."), *[code(outputs=[picture])] * figures]
    cells.append(text("## Summary\n\n- a\n- b\n- c\n\n## What comes next\n\nx"))
    monkeypatch.setattr(course, "labels", lambda unit: (("Own words", "ex-99-own"),))
    return slides.deck(nbformat.v4.new_notebook(cells=cells), "99_x")


def test_too_many_slides_lose_what_can_be_spared_and_too_few_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    deck = _deck(7, 3, monkeypatch)
    assert len(deck) == slides.MOST
    assert [slide.title for slide in deck if slide.point.startswith("Point")] == [f"S{i}" for i in range(7)]
    assert (deck[0].point, deck[-1].point) == ("Why?", "- a\n- b\n- c")
    assert deck[2].notes == ["More."]
    with pytest.raises(ValueError, match="99_x: 5 slides; 10 to 15 are wanted"):
        _deck(1, 1, monkeypatch)


def test_a_deck_becomes_markdown_with_alternative_texts_and_notes(tmp_path: Path) -> None:
    slide = slides.Slide("Title", "Point.", b"\x89PNG", "what is seen", notes=["Say this."])
    text = slides.source([slide], tmp_path, "99_x").read_text(encoding="utf-8")
    assert ":::{image} 99_x-00.png\n:alt: what is seen\n:height: 475px\n:::" in text
    assert "::::{revealjs-notes}\nSay this.\n::::" in text
    assert (tmp_path / "99_x-00.png").read_bytes() == b"\x89PNG"
