r"""The icons of the pages are cut out of the theme's own font, which is 1.5 MB as a script and 300 kB as files.

The theme writes ``<i class="fa-solid fa-sun">``, and a script of all two thousand icons draws it. Here each becomes the
drawing that the script would make. What style sheets write before a box (``content: "\f05a"``) needs a font still: of
its glyphs only those that they name are kept, in the style sheet itself, since Firefox takes no font from a file.

The icons are Font Awesome Free 6 (Fonticons, Inc.): drawings CC BY 4.0, fonts SIL OFL 1.1. The theme's style sheet says
so at its head, and keeps it.
"""

from __future__ import annotations

import base64
import re
import shutil
from functools import cache
from io import BytesIO
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
FONTS = THEME / "vendor/fontawesome/webfonts"
SOLID, BRANDS = FONTS / "fa-solid-900.ttf", FONTS / "fa-brands-400.ttf"
FAMILIES = {"fa-solid": SOLID, "fas": SOLID, "fa-brands": BRANDS, "fab": BRANDS}
SIZES = {"fa-lg", "fa-fw", "fa-sm", "fa-xs"}
ICON = re.compile(r'<(i|span) class="([^"]*\b(?:fa-solid|fa-brands|fas|fab)\b[^"]*)"([^>]*)></\1>')
HEIGHT = 512  # of the square that icons are drawn in; it begins 64 below the line
SHEET = "styles/pydata-sphinx-theme.css"
RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"([^"]*)"\}')
LOOK = """
.svg-inline--fa{box-sizing:content-box;display:var(--fa-display,inline-block);height:1em;overflow:visible;vertical-align:-.125em}
.svg-inline--fa.fa-lg{vertical-align:-.2em}
"""


@cache
def places() -> dict[str, int]:
    """The place in the font of each icon, by all its names, as the theme's rules have it: ``fa-sun`` is 0xf185."""
    rules = RULE.findall((THEME / SHEET).read_text(encoding="utf-8"))
    coded = [(names, at[1:]) for names, at in rules if re.fullmatch(r"\\[0-9a-f]{4}", at)]
    return {name: int(at, 16) for names, at in coded for name in re.findall(r"\.(fa-[\w-]+)", names)}


@cache
def drawing(font: Path, name: str) -> str:
    """The inside of an SVG of one icon, and its box.

    Raises:
        KeyError: if the font has no such icon.
    """
    opened = TTFont(font)
    glyph, pen = opened.getBestCmap()[places()[name]], SVGPathPen(opened.getGlyphSet())
    opened.getGlyphSet()[glyph].draw(TransformPen(pen, (1, 0, 0, -1, 0, HEIGHT - 64)))
    return f'viewBox="0 0 {opened["hmtx"][glyph][0]} {HEIGHT}"><path fill="currentColor" d="{pen.getCommands()}"/>'


def drawn_icons(text: str, place: Path) -> str:
    """Draw the icons of a page. They say nothing: the buttons that hold them have names."""
    return ICON.sub(_drawn, text)


def _drawn(icon: re.Match[str]) -> str:
    classes = icon[2].split()
    font = next(FAMILIES[name] for name in classes if name in FAMILIES)
    name = next(name for name in classes if name.startswith("fa-") and name not in {*FAMILIES, *SIZES})
    kept = " ".join(["svg-inline--fa", *(one for one in classes if one not in FAMILIES)])
    rest = re.sub(r'\s+title="[^"]*"', "", icon[3])
    return f'<svg class="{kept}" aria-hidden="true"{rest} {drawing(font, name)}</svg>'


def small_icon_font(root: Path) -> None:
    """Keep of the theme's icon font what style sheets write, and of its rules none that names an icon."""
    sheet = root / "_static" / SHEET
    text = RULE.sub("", sheet.read_text(encoding="utf-8"))
    faces = re.compile(r"@font-face\{[^}]*/webfonts/(fa-[\w-]+)\.woff2[^}]*\}")
    sheets = text + "".join(one.read_text(encoding="utf-8") for one in root.glob("_static/**/*.css") if one != sheet)
    named = {int(code, 16) for code in re.findall(r'"\\([ef][0-9a-f]{3})"', sheets)}
    named |= {ord(letter) for letter in re.findall("[\ue000-\uf8ff]", sheets)}
    font = "data:font/woff;base64," + base64.b64encode(glyphs(SOLID, named)).decode()
    face = f'@font-face{{font-family:"Font Awesome 6 Free";font-weight:900;src:url({font}) format("woff")}}'
    sheet.write_text(faces.sub("", text) + LOOK + face, encoding="utf-8")
    shutil.rmtree(root / "_static/vendor/fontawesome", ignore_errors=True)


def glyphs(font: Path, letters: set[int]) -> bytes:
    """A font as WOFF, with these letters only."""
    options = subset.Options(flavor="woff", layout_features=[], notdef_outline=False, desubroutinize=True)
    opened = subset.load_font(str(font), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=letters)
    cutter.subset(opened)
    written = BytesIO()
    subset.save_font(opened, written, options)
    return written.getvalue()
