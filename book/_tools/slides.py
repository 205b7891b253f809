"""Slides of a unit, from the same source as its page: a slide for each point, with its figure, the rest as notes.

A slide shows the bold sentence of a section and what the section draws, or else prints; the prose becomes the notes of
the speaker. Sphinx and reveal.js (`sphinx_revealjs`) make pages of them that need no network, Chromium makes the PDF.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import NamedTuple

import claims
import course
import fill
import roles
from bs4 import BeautifulSoup
from nbformat import NotebookNode

LEAST, MOST = 10, 15
LINES = 9  # of printed text or code that a slide holds
APART = ("Exercises", "Questions", "Summary", "What comes next", "References")


@dataclass
class Slide:
    """One slide.

    Attributes:
        title: its heading.
        point: what it says.
        figure: bytes of its picture, if any: PNG or SVG.
        alt: what is to be seen there.
        block: what a cell prints, or a table in Markdown.
        notes: what the speaker may say.
        spare: how soon it is left out where there are too many slides; never at 0.
    """

    title: str
    point: str = ""
    figure: bytes = b""
    alt: str = ""
    block: str = ""
    notes: list[str] = field(default_factory=list)
    spare: int = 0


def deck(book: NotebookNode, unit: str) -> list[Slide]:
    """The slides of a unit, from `LEAST` to `MOST`.

    Args:
        book: its notebook with outputs, without questions.
        unit: its name.

    Raises:
        ValueError: if there are too few; the unit is named.
    """
    first, *middle = _sections(book)
    slides = [
        *_opening(first, unit),
        *(slide for section in middle for slide in _of(section, unit)),
        *_closing(book, unit),
    ]
    while len(slides) > MOST and (most := max(slide.spare for slide in slides)):
        slides.remove([slide for slide in slides if slide.spare == most][-1])
    if not LEAST <= len(slides) <= MOST:
        raise ValueError(f"{unit}: {len(slides)} slides; {LEAST} to {MOST} are wanted.")
    return slides


class Shown(NamedTuple):
    """What a cell shows: a picture with its words, a table, and text; each may be empty."""

    picture: bytes = b""
    alt: str = ""
    caption: str = ""
    table: str = ""
    printed: str = ""


@dataclass
class Section:
    """A part of a unit: its heading, its paragraphs, what its cells show, and whether something moves there."""

    title: str
    said: list[str] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    moves: bool = False


def plain(text: str) -> str:
    r"""What is said, without links, roles, stars and marks of formulas.

    >>> plain("**Look** at {doc}`glossary`,\nand go on")
    'Look at Glossary, and go on'
    """
    text = re.sub(r"\$([^$]+)\$", lambda found: re.sub(r"[\\{}]|\\,", "", found[1]), text)
    return claims.plain(re.sub(r"\[([^\]]+)\]\([^)\s]*\)", r"\1", roles.plain(text)))


def _sections(book: NotebookNode) -> list[Section]:
    """The parts of a page, its head first; exercises and what follows are left out."""
    found: list[Section] = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            for part in filter(None, re.split(r"^(?=#{1,3} )", cell.source, flags=re.MULTILINE)):
                if part.startswith("#"):
                    title, _, part = part.partition("\n")
                    found.append(Section(plain(title.lstrip("# "))))
                for text in filter(str.strip, re.split(r"\n\s*\n", part.strip())):
                    if text.startswith("|"):
                        found[-1].shown.append(Shown(table=_rows([_cells(line) for line in text.splitlines()])))
                    else:
                        found[-1].said.append(text)
        elif not claims.is_claim(cell) and "remove-cell" not in cell.metadata.get("tags", []):
            found[-1].shown.append(_shown(cell))
            found[-1].moves |= any("plip-widget" in o.get("data", {}).get("text/html", "") for o in cell.outputs)
    return [section for section in found if section.title not in APART]


def _cells(line: str) -> list[str]:
    return [plain(cell) for cell in line.strip().strip("|").split("|")]


def _rows(rows: list[list[str]]) -> str:
    """A table in Markdown: its head, and as many rows as a slide holds."""
    head, *body = [row for row in rows if not all(set(cell) <= set("-: ") and cell for cell in row)]
    lines = [head, ["---"] * len(head), *body[:LINES]]
    return "\n".join(f"| {' | '.join(cell or ' ' for cell in row)} |" for row in lines)


def _shown(cell: NotebookNode) -> Shown:
    marked = cell.metadata.get("mystnb", {})
    alt, caption = marked.get("image", {}).get("alt", ""), plain(marked.get("figure", {}).get("caption", ""))
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")
    picture, table = b"", ""
    for data in (output.get("data", {}) for output in cell.outputs):
        if "image/png" in data:
            picture = base64.b64decode(data["image/png"])
        elif "image/svg+xml" in data:
            picture = data["image/svg+xml"].encode()
        elif "<table" in data.get("text/html", ""):
            rows = BeautifulSoup(data["text/html"], "html.parser").find_all("tr")
            table = _rows([[part.get_text(" ", strip=True) for part in row.find_all(["th", "td"])] for row in rows])
    return Shown(picture, alt, caption, table, printed)


def _opening(head: Section, unit: str) -> Iterator[Slide]:
    """The question with its picture and what is printed with it; then the way, what is learnt, what is needed."""
    seen = next((shown for shown in head.shown if shown.picture), Shown())
    yield Slide(head.title, plain(head.said[0]), seen.picture, seen.alt, _printed(seen.printed), [seen.caption])
    lines = next((text for text in head.said if "**Learn:**" in text), "")
    told = [part.strip() for part in re.split(r"^- ", lines, flags=re.MULTILINE)[1:] if "@" not in part]
    way = fill.way(unit).split(":* ", 1)[1]
    yield Slide("Where we are", f"{way}\n\n" + "\n".join(f"- {plain(part)}" for part in told))


def _printed(text: str) -> str:
    lines = text.rstrip().splitlines()[:LINES]
    return "```text\n" + "\n".join(lines) + "\n```" if lines else ""


def _of(section: Section, unit: str) -> Iterator[Slide]:
    """A slide for the point of a section, one for each further figure or table, and the question that follows it."""
    rest = [plain(text) for text in section.said if not text.startswith((":::", "#"))]
    point = rest.pop(0) if rest else ""
    if section.said and (bold := re.match(r"\*\*(.+?)\*\*(.*)", " ".join(section.said[0].split()))):
        point, rest = plain(bold[1]), [plain(bold[2]).strip(), *rest]
    if section.moves:
        rest.insert(0, "The moving picture is in the notebook and on the page.")
    seen = [(one.picture, one.alt, "", one.caption) for one in section.shown if one.picture]
    seen += [(b"", "", one.table, "") for one in section.shown if one.table]
    seen += [(b"", "", _printed(one.printed), "") for one in section.shown if one.printed.strip()] if not seen else []
    picture, alt, block, caption = seen[0] if seen else (b"", "", "", "")
    yield Slide(section.title, point, picture, alt, block, [text for text in [*rest, caption] if text], spare=not seen)
    for picture, alt, block, caption in seen[1:]:
        if picture or block.startswith("|"):
            yield Slide(section.title, caption, picture, alt, block, [alt], spare=3 if picture else 2)
    for question in (question for question in course.questions(unit) if question.after == section.title):
        yield _asked(question)


def _asked(question: course.Question) -> Slide:
    listed = [f"{letter}. {answer.text}" for letter, answer in zip(course.LETTERS, question.answers, strict=False)]
    notes = [f"Right: {course.LETTERS[question.right]}. {question.answers[question.right].why}"]
    for letter, answer in zip(course.LETTERS, question.answers, strict=False):
        notes += [] if answer.right else [f"{letter}: who chooses this believes that {answer.misconception}"]
    return Slide("Which is right?", "\n\n".join([question.stem, *listed]), notes=notes, spare=1)


def _closing(book: NotebookNode, unit: str) -> Iterator[Slide]:
    prose = "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    tasks = []
    for title, label in course.labels(unit):
        minutes = course.teaching(unit).get("exercises", {}).get(label, {}).get("minutes", 5)
        body = re.search(rf"^:label: {label}\n+(.+?)(?:\n:::|\n\n)", prose, re.DOTALL | re.MULTILINE)
        asks = re.split(r"(?<=[.?!])\s", plain(body[1]))[0] if body else ""
        tasks.append(f"- **{title}** ({minutes} minutes). {asks}")
    yield Slide("Now you", "\n".join(tasks), notes=["The students' notebook checks each answer."])
    summary = re.search(r"^## Summary\n\n(.+?)\n\n## ", prose, re.DOTALL | re.MULTILINE)
    told = re.split(r"^- ", summary[1], flags=re.MULTILINE)[1:] if summary else []
    yield Slide("Summary", "\n".join(f"- {plain(line)}" for line in told))


def _room(slide: Slide) -> int:
    """Pixels of height that the text of a slide leaves for its picture."""
    lines = ceil(len(slide.point) / 70)
    return max(180, 520 - 45 * lines - 32 * slide.block.count("\n"))


def source(slides: list[Slide], folder: Path, unit: str) -> Path:
    """Write a deck as the Markdown that `sphinx_revealjs` reads, its pictures beside it."""
    parts = ["---\norphan: true\n---"]
    for place, slide in enumerate(slides):
        lines = [f"{'#' if place == 0 else '##'} {slide.title}", slide.point]
        if slide.figure:
            ending = "png" if slide.figure.startswith(b"\x89PNG") else "svg"
            picture = folder / f"{unit}-{place:02d}.{ending}"
            picture.write_bytes(slide.figure)
            lines.append(f":::{{image}} {picture.name}\n:alt: {slide.alt}\n:height: {_room(slide)}px\n:::")
        if slide.block:
            lines.append(slide.block)
        if any(slide.notes):
            lines.append("::::{revealjs-notes}\n" + "\n\n".join(slide.notes) + "\n::::")
        parts.append("\n\n".join(line for line in lines if line))
    written = folder / f"{unit}.md"
    written.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return written
