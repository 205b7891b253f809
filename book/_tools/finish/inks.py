"""What the colours of a drawing are on dark paper, so that it says there what it says on white.

Ink, paper and everything grey, and every line, get the contrast that they have on white: what is faint stays faint.
Areas keep their colour, since a caption may call it dark or pale. Colours of Okabe and Ito stay on both grounds. But
whatever carries data has at least the contrast of 3 that WCAG 1.4.11 asks for, and letters 4.5.

>>> contrast("#ffffff", "#000000")
21.0
>>> dark_line("#222222"), dark_line("#0072b2"), dark_area("#ffffff")
('#ced6dd', '#0072b2', '#121212')
"""

from __future__ import annotations

import re
from functools import cache

WHITE, BLACK, INK = "#ffffff", "#000000", "#222222"
PAPER, DARK_INK = "#121212", "#ced6dd"  # ground and text of the theme in the dark
KEPT = {"#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"}  # `plots.OKABE_ITO` without black
FAINT = 1.7  # contrast on white of a line of a grid, which need not be seen at once
COLOUR = re.compile(r"\b((?:fill|stroke)(?:: ?|=\"))(#[0-9a-fA-F]{6})\b")


def light(colour: str) -> list[float]:
    """Red, green and blue of a colour, linear, from 0 to 1."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2)."""
    red, green, blue = light(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return round((high + 0.05) / (low + 0.05), 3)


def lit(colour: str, wanted: float) -> str:
    """The colour with another luminance: in more or less light, and mixed with white where that is too little."""
    parts, now = light(colour), luminance(colour)
    most = min(wanted / now, 1 / max(parts)) if now else 0.0
    parts, now = [part * most for part in parts], now * most
    parts = [part + (1 - part) * (wanted - now) / (1 - now) for part in parts] if now < wanted else parts
    coded = (12.92 * part if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055 for part in parts)
    return "#" + "".join(f"{round(255 * min(1, max(0, part))):02x}" for part in coded)


@cache
def dark_line(colour: str, least: float = 3.0) -> str:
    """A colour of lines or letters on dark paper."""
    if colour == INK:
        return DARK_INK
    if colour in KEPT and contrast(colour, PAPER) >= least:
        return colour
    mirrored = contrast(colour, WHITE)
    if mirrored >= FAINT:
        mirrored = max(mirrored, least + 0.02)  # what rounding may take
    return PAPER if mirrored == 1 else lit(colour, min(1.0, mirrored * (luminance(PAPER) + 0.05) - 0.05))


@cache
def dark_area(colour: str) -> str:
    """A colour of areas on dark paper: paper and greys change, what has a hue is at most lifted."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    if max(red, green, blue) - min(red, green, blue) <= 4:
        return dark_line(colour)
    if contrast(colour, PAPER) >= 3:
        return colour
    return lit(colour, 3.02 * (luminance(PAPER) + 0.05) - 0.05)


def dark(drawing: str) -> str:
    """The dark form of an SVG of `matplotlib`, in which what has no colour is black.

    Black letters stay black, and white ones white: they stand on coloured cells, while those on paper are in ink.
    """
    whole = re.sub(r"<(?!!)[^>]*>", lambda tag: (_letters if tag[0].startswith("<text") else _marks)(tag[0]), drawing)
    return whole.replace("<svg ", f'<svg fill="{dark_line(BLACK)}" ', 1)


def _marks(tag: str) -> str:
    return COLOUR.sub(
        lambda found: found[1] + (dark_line if found[1].startswith("stroke") else dark_area)(found[2].lower()), tag
    )


def _letters(tag: str) -> str:
    """Letters without a colour are black; those of a formula have none of their own, and that of what they stand in."""
    if "style=" in tag and "fill" not in tag:
        return tag.replace('style="', f'style="fill: {BLACK}; ')
    inked = lambda colour: colour if colour in (WHITE, BLACK) else dark_line(colour, 4.5)  # noqa: E731
    return COLOUR.sub(lambda found: found[1] + inked(found[2].lower()), tag)
