"""Slides of a unit, from the same source as its page: a slide for each point, with its figure, the rest as notes.

A slide shows the bold sentence of a section and what the section draws, or else prints; the prose becomes the notes of
the speaker. Sphinx and reveal.js (`sphinx_revealjs`) make pages of them that need no network, Chromium makes the PDF.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import claims
import course
import fill
import roles
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
        block: text as a cell prints it, where there is no figure.
        notes: what the speaker may say.
        spare: left out first where there are too many.
    """

    title: str
    point: str = ""
    figure: bytes = b""
    alt: str = ""
    block: str = ""
    notes: list[str] = field(default_factory=list)
    spare: bool = False


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
    while len(slides) > MOST and any(slide.spare for slide in slides):
        slides.remove([slide for slide in slides if slide.spare][-1])
    if not LEAST <= len(slides) <= MOST:
        raise ValueError(f"{unit}: {len(slides)} slides; {LEAST} to {MOST} are wanted.")
    return slides


def plain(text: str) -> str:
    r"""What is said, without links, roles and stars.

    >>> plain("**Look** at {doc}`glossary`,\nand go on")
    'Look at Glossary, and go on'
    """
    return claims.plain(re.sub(r"\[([^\]]+)\]\([^)\s]*\)", r"\1", roles.plain(text)))


@dataclass
class Section:
    """A part of a unit: its heading, its paragraphs, and what its cells show: picture and words, or printed text."""

    title: str
    said: list[str] = field(default_factory=list)
    shown: list[tuple[bytes, str, str, str]] = field(default_factory=list)  # picture, alt, caption, printed


def _sections(book: NotebookNode) -> list[Section]:
    """The parts of a page, its head first; exercises and what follows are left out."""
    found: list[Section] = []
    for cell in book.cells:
        if cell.cell_type == "markdown":
            for part in filter(None, re.split(r"^(?=##? )", cell.source, flags=re.MULTILINE)):
                if part.startswith("#"):
                    title, _, part = part.partition("\n")
                    found.append(Section(title.lstrip("# ")))
                found[-1].said += [text for text in re.split(r"\n\s*\n", part.strip()) if text.strip()]
        elif not claims.is_claim(cell) and "remove-cell" not in cell.metadata.get("tags", []):
            found[-1].shown.append(_shown(cell))
    return [section for section in found if section.title not in APART]


def _shown(cell: NotebookNode) -> tuple[bytes, str, str, str]:
    """Picture, its description and caption, and what else a cell prints."""
    marked = cell.metadata.get("mystnb", {})
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stdout")
    for output in cell.outputs:
        data = output.get("data", {})
        picture = base64.b64decode(data["image/png"]) if "image/png" in data else data.get("image/svg+xml", "").encode()
        if picture:
            alt, caption = marked.get("image", {}).get("alt", ""), marked.get("figure", {}).get("caption", "")
            return picture, alt, plain(caption), printed
    return b"", "", "", printed


def _opening(head: Section, unit: str) -> Iterator[Slide]:
    question, lines = plain(head.said[0]), head.said[-1]
    picture, alt, caption, _ = next((shown for shown in head.shown if shown[0]), (b"", "", "", ""))
    yield Slide(head.title, question, picture, alt, notes=[caption])
    told = [part.strip() for part in re.split(r"^- ", lines, flags=re.MULTILINE)[1:] if "@" not in part]
    points = [f"- {plain(part)}" for part in told]
    way = fill.way(unit).split(":* ", 1)[1]
    yield Slide("Where we are", f"{way}\n\n" + "\n".join(points))


def _of(section: Section, unit: str) -> Iterator[Slide]:
    """A slide for the point of a section, one for each further figure, and the question that follows it."""
    point, rest = plain(section.said[0]), [plain(text) for text in section.said[1:]]
    rest = [text for text in rest if not text.startswith((":::", "#"))]
    bold = re.match(r"\*\*(.+?)\*\*(.*)", " ".join(section.said[0].split()))
    if bold:
        point, rest = plain(bold[1]), [plain(bold[2]).strip(), *rest]
    figures = [shown for shown in section.shown if shown[0]]
    prints = [text for *_, text in section.shown if text.strip()]
    picture, alt, caption, _ = figures[0] if figures else (b"", "", "", "")
    block = "" if figures or not prints else "\n".join(prints[0].rstrip().splitlines()[:LINES])
    notes = [text for text in [*rest, caption] if text]
    yield Slide(section.title, point, picture, alt, block, notes, spare=not (picture or block))
    for picture, alt, caption, _ in figures[1:]:
        yield Slide(section.title, caption, picture, alt, notes=[alt], spare=True)
    headings = {section.title, *(text.lstrip("# ") for text in section.said if text.startswith("###"))}
    for question in (question for question in course.questions(unit) if question.after in headings):
        yield _asked(question)


def _asked(question: course.Question) -> Slide:
    listed = [f"{letter}. {answer.text}" for letter, answer in zip(course.LETTERS, question.answers, strict=False)]
    notes = [f"Right: {course.LETTERS[question.right]}. {question.answers[question.right].why}"]
    for letter, answer in zip(course.LETTERS, question.answers, strict=False):
        notes += [] if answer.right else [f"{letter}: who chooses this believes that {answer.misconception}"]
    return Slide("Which is right?", "\n\n".join([question.stem, *listed]), notes=notes, spare=True)


def _closing(book: NotebookNode, unit: str) -> Iterator[Slide]:
    prose = "\n\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    titles = [title for title, _ in course.labels(unit)]
    yield Slide("Now you", "\n".join(f"- {title}" for title in titles), notes=["The students' notebook checks each."])
    summary = re.search(r"^## Summary\n\n(.+?)\n\n## ", prose, re.DOTALL | re.MULTILINE)
    yield Slide(
        "Summary",
        "\n".join(f"- {plain(line)}" for line in re.split(r"^- ", summary[1], flags=re.M)[1:]) if summary else "",
    )


def source(slides: list[Slide], folder: Path, unit: str) -> Path:
    """Write a deck as the Markdown that `sphinx_revealjs` reads, its pictures beside it."""
    parts = ["---\norphan: true\n---"]
    for place, slide in enumerate(slides):
        lines = [f"{'#' if place == 0 else '##'} {slide.title}", slide.point]
        if slide.figure:
            ending = "png" if slide.figure.startswith(b"\x89PNG") else "svg"
            picture = folder / f"{unit}-{place:02d}.{ending}"
            picture.write_bytes(slide.figure)
            lines.append(f":::{{image}} {picture.name}\n:alt: {slide.alt}\n:::")
        if slide.block:
            lines.append(f"```text\n{slide.block}\n```")
        if any(slide.notes):
            lines.append("::::{revealjs-notes}\n" + "\n\n".join(slide.notes) + "\n::::")
        parts.append("\n\n".join(line for line in lines if line))
    written = folder / f"{unit}.md"
    written.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return written
