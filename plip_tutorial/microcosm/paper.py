"""What people photograph off paper and screens: pages, reports, programs, slides of a talk. No letter can be read."""

from __future__ import annotations

import numpy as np

from plip_tutorial.microcosm.brushes import Generator, Ink, Pen, Picture, colour, drawing, ink, near, shrink, words
from plip_tutorial.microcosm.seeding import pick

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels


def text_page(draw: Generator, size: int) -> Picture:
    """Lines of words, too small to read: a slide, a page or a screenshot."""
    dark = draw.random() < 0.25
    picture, pen = drawing(size, colour(draw, 0, 0.25) if dark else colour(draw, 0.85))
    shade, s = ink(colour(draw, 0.7) if dark else colour(draw, 0, 0.45)), 2 * size
    if draw.random() < 0.6:
        pen.rectangle((0.06 * s, 0.05 * s, draw.uniform(0.4, 0.9) * s, 0.13 * s), fill=ink(colour(draw)))
    line = draw.uniform(0.05, 0.11) * s
    for y in np.arange(0.2 * s, 0.94 * s, line):
        words(draw, pen, (0.07 * s, y), draw.uniform(0.5, 0.95) * s, line, s, shade)
    return shrink(picture, size)


def report(draw: Generator, size: int) -> Picture:
    """A letter or a report: head, paragraphs, a table, at times a stamp; a scan, or a photograph on a desk."""
    paper = near(draw, (0.95, 0.94, 0.91), 0.03)
    picture, pen = drawing(size, paper, 4)
    s, shade = 4.0 * size, ink(near(draw, (0.2, 0.2, 0.22), 0.07))
    pen.rectangle((0.08 * s, 0.06 * s, draw.uniform(0.2, 0.45) * s, 0.12 * s), fill=ink(colour(draw, 0, 0.8)))
    middle = draw.uniform(0.25, 0.6) * s
    _paragraph(draw, pen, (0.08 * s, 0.17 * s, 0.92 * s, middle), draw.uniform(0.02, 0.045) * s, s, shade)
    foot = draw.uniform(0.7, 0.92) * s
    _table(draw, pen, (0.08 * s, middle + 0.03 * s, draw.uniform(0.6, 0.92) * s, foot), shade)
    _paragraph(draw, pen, (0.08 * s, foot + 0.03 * s, 0.9 * s, 0.97 * s), 0.03 * s, s, shade)
    if draw.random() < 0.4:
        x, y, r = draw.uniform((0.5, 0.6, 0.06), (0.85, 0.85, 0.12)) * s
        pen.ellipse((x - r, y - r, x + r, y + r), outline=ink(near(draw, (0.3, 0.2, 0.6), 0.15)), width=size // 16 or 1)
    if draw.random() < 0.35:
        picture = picture.rotate(draw.uniform(-25, 25), fillcolor=ink(near(draw, (0.4, 0.3, 0.25), 0.12)))
    return shrink(picture, size)


def _paragraph(draw: Generator, pen: Pen, box: Box, line: float, side: float, shade: Ink) -> None:
    left, top, right, bottom = box
    for y in np.arange(top, bottom - line, line):
        words(draw, pen, (left, y), left + draw.uniform(0.6, 1) * (right - left), line, 0.6 * side, shade)


def _table(draw: Generator, pen: Pen, box: Box, shade: Ink) -> None:
    """Rows and columns, with or without rules, and a word in each cell."""
    left, top, right, bottom = box
    rows, columns, ruled = int(draw.integers(3, 10)), int(draw.integers(2, 6)), draw.random() < 0.6
    high, wide = (bottom - top) / rows, (right - left) / columns
    pen.rectangle((left, top, right, top + high), fill=ink(colour(draw, 0.6, 0.95)))
    for row in range(rows + 1):
        if ruled or row < 2:
            pen.line([(left, top + row * high), (right, top + row * high)], fill=shade)
        for column in range(columns if row < rows else 0):
            x, y = left + (column + 0.1) * wide, top + (row + 0.3) * high
            pen.rectangle((x, y, x + draw.uniform(0.2, 0.8) * wide, y + 0.4 * high), fill=shade)


def screenshot(draw: Generator, size: int) -> Picture:
    """A program: bars, a column of entries, windows with text, pictures or boxes in them."""
    dark = draw.random() < 0.35
    ground = colour(draw, 0.08, 0.25) if dark else colour(draw, 0.85, 0.98)
    picture, pen = drawing(size, ground, 4)
    s, shade = 4.0 * size, ink(colour(draw, 0.65, 0.9) if dark else colour(draw, 0.1, 0.45))
    bar, side = draw.uniform(0.04, 0.12) * s, draw.uniform(0, 0.3) * s
    pen.rectangle((0, 0, s, bar), fill=ink(colour(draw, 0.1, 0.9)))
    pen.rectangle((0, bar, side, s), fill=ink(np.clip(ground + draw.uniform(-0.12, 0.12), 0, 1)))
    for x in np.arange(0.03 * s, draw.uniform(0.2, 0.9) * s, 0.07 * s):
        pen.rectangle((x, 0.35 * bar, x + 0.04 * s, 0.65 * bar), fill=ink(colour(draw)))
    for y in np.arange(bar + 0.04 * s, s if side > 0.1 * s else 0, draw.uniform(0.04, 0.08) * s):
        pen.rectangle((0.02 * s, y, draw.uniform(0.3, 0.9) * side, y + 0.015 * s), fill=shade)
    across, down = int(draw.integers(1, 4)), int(draw.integers(1, 4))
    wide, high = (s - side) / across, (s - bar) / down
    for i in range(across * down):
        x, y = side + i % across * wide, bar + i // across * high
        _pane(draw, pen, (x + 0.02 * s, y + 0.02 * s, x + wide - 0.01 * s, y + high - 0.01 * s), s, shade)
    return shrink(picture, size)


def _pane(draw: Generator, pen: Pen, box: Box, side: float, shade: Ink) -> None:
    """One window of a program."""
    left, top, right, bottom = box
    kind = pick(draw, ["text", "text", "picture", "boxes", "table"])
    if kind == "text":
        _paragraph(draw, pen, box, draw.uniform(0.03, 0.06) * side, side, shade)
    elif kind == "table" and bottom - top > 0.2 * side:
        _table(draw, pen, box, shade)
    else:
        pen.rectangle(box, fill=ink(colour(draw, 0, 1)), outline=shade)
        for _ in range(int(draw.integers(1, 6))):
            x, y = left + draw.uniform(0, 0.7) * (right - left), top + draw.uniform(0, 0.7) * (bottom - top)
            part = (x, y, x + draw.uniform(0.1, 0.3) * (right - left), y + draw.uniform(0.05, 0.3) * (bottom - top))
            pen.ellipse(part, fill=ink(colour(draw))) if kind == "picture" else pen.rectangle(part, ink(colour(draw)))


def title_slide(draw: Generator, size: int) -> Picture:
    """A slide of a talk: a title, bullet points, at times a picture beside them or a logo."""
    dark = draw.random() < 0.4
    ground = near(draw, (0.1, 0.15, 0.4), 0.1) if dark else colour(draw, 0.88)
    picture, pen = drawing(size, ground, 4)
    s, shade = 4.0 * size, ink(colour(draw, 0.8) if dark else colour(draw, 0, 0.3))
    if draw.random() < 0.4:
        pen.rectangle((0, 0, s, draw.uniform(0.15, 0.25) * s), fill=ink(colour(draw, 0.1, 0.9)))
    words(draw, pen, (0.08 * s, 0.08 * s), draw.uniform(0.5, 0.92) * s, 0.16 * s, 1.5 * s, ink(colour(draw, 0, 1)))
    right = draw.choice([0.55, 0.92]) * s
    for y in np.linspace(0.3 * s, 0.88 * s, int(draw.integers(3, 8))):
        pen.ellipse((0.08 * s, y, 0.105 * s, y + 0.025 * s), fill=shade)
        words(draw, pen, (0.14 * s, y), draw.uniform(0.6, 1) * right, 0.07 * s, s, shade)
    if right < 0.6 * s:
        _pane(draw, pen, (0.6 * s, draw.uniform(0.25, 0.4) * s, 0.93 * s, 0.85 * s), s, shade)
    return shrink(picture, size)
