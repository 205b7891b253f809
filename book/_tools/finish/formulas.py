r"""Formulas become MathML while the book is built, so a page needs no script for them and a screen reader reads them.

Every browser draws MathML since 2023. It needs a font with the letters of mathematics, and a phone may have none: so
those letters that the book's formulas use, of STIX Two Math (OFL 1.1; the wheel of ziamath holds it), stand in a style
sheet, which only pages with formulas ask for.

    \(D = -\log_{10}(I / I_0)\)  becomes  <math><mi>D</mi><mo>=</mo> ... </math>
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from pathlib import Path

import ziamath
from latex2mathml.converter import convert

from .icons import glyphs

FONT = Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"
SHEET = "_static/formulas.css"
FORMULA = re.compile(r'(<(span|div) class="math notranslate nohighlight"[^>]*>)(.*?)(</\2>)', re.DOTALL)
BOUNDS = re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
LETTERS = [*range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C), 0x210E]  # italics; ℎ has an older place than the others


def in_mathml(tex: str, *, display: bool) -> str:
    """A formula as MathML.

    Raises:
        ValueError: if something was not understood; what, and in which formula.
    """
    drawn = convert(tex, display="block" if display else "inline")
    strange = re.search(r"\\\w+|<m\w+>&</m|\\\\", html.unescape(drawn))
    if strange:
        raise ValueError(f"formula {tex!r} has {strange[0]!r}, which latex2mathml does not know. Write it otherwise.")
    return re.sub(r"(?<=<mo>&#x0003D;</mo><mo)(?=>&#x02212;)", ' form="prefix"', drawn)  # = −log, not = − log


def drawn_formulas(text: str, place: Path) -> str:
    """Draw the formulas of a page, and let it load the font if it has some."""
    found, count = FORMULA.subn(_drawn, text)
    sheet = f'<link rel="stylesheet" type="text/css" href="{"../" * (len(place.parts) - 1)}{SHEET}" />'
    return found.replace("</head>", f"{sheet}\n  </head>", 1) if count else text


def _drawn(formula: re.Match[str]) -> str:
    inside = BOUNDS.search(html.unescape(formula[3]))
    if inside is None:
        raise ValueError(f"a formula without its bounds: {formula[0]}")
    return formula[1] + in_mathml(inside[1] or inside[2], display=inside[1] is None) + formula[4]


def small_formula_font(root: Path) -> None:
    """Keep of the font what formulas need: their signs, and the italics that a browser draws letters with."""
    text = "".join(path.read_text(encoding="utf-8") for path in root.rglob("*.html"))
    signs = set(html.unescape(re.sub(r"<[^>]*>", "", "".join(re.findall(r"<math .*?</math>", text, re.DOTALL)))))
    italics = {code for code in LETTERS if unicodedata.normalize("NFKC", chr(code)) in signs}
    font = base64.b64encode(glyphs(FONT, {*map(ord, signs), *italics})).decode()
    (root / SHEET).write_text(
        "/* STIX Two Math, The STIX Fonts Project Authors, SIL OFL 1.1; only what the formulas of this book use. */\n"
        f'@font-face{{font-family:"Formulas";src:url(data:font/woff;base64,{font}) format("woff")}}\n'
        'math{font-family:"Formulas",math;font-size:1.08em}\n',
        encoding="utf-8",
    )
