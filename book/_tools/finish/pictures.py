"""The pictures that stand for the book elsewhere: shared in a message, in a tab, on a phone's screen.

All are drawn: tiles of the microcosm beside captions, and the tile of the logo once more as pixels, for programs that
take no SVG.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import addresses
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

from plip_tutorial import microcosm

from .head import PICTURE

SIZE, TILE = (1200, 630), 168
PAPER, INK, QUIET = "#fbf8fa", "#2c2238", "#6b5f78"
SHOWN = (
    ("colorectal_adenocarcinoma", 6, "“crowded dark nuclei. Adenocarcinoma?”"),
    ("lymphocytes", 2, "“nothing but lymphocytes here”"),
    ("adipose", 7, "“adipose tissue, for a rest”"),
)
FINER = 8  # pixels are drawn so much finer, and then averaged


def font(size: int, style: str = "") -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib."""
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / f"DejaVuSans{style}.ttf"), size)


def shared() -> Image.Image:
    """Three tiles with their captions, and what the book is called."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    for row, (tissue, seed, caption) in enumerate(SHOWN):
        top = 33 + row * (TILE + 30)
        tile = microcosm.render_tile(tissue, seed=seed, size=TILE)
        picture.paste(Image.fromarray(tile), (60, top))
        pen.text((60 + TILE + 30, top + TILE // 2), caption, QUIET, font(23), anchor="lm")
    name, _, rest = addresses.config()["title"].partition(", ")
    pen.text((1140, 168), name, INK, font(110, "-Bold"), anchor="rm")
    pen.text((1140, 258), rest, INK, font(27), anchor="rm")
    pen.text((1140, 513), "A book that runs, and the package behind it", QUIET, font(22), anchor="rm")
    return picture


def pixels(drawing: Path, size: int, ground: str | None = None) -> Image.Image:
    """An SVG of circles and one rounded square, as pixels; on a ground where a phone would make its own."""
    box = ElementTree.parse(drawing).getroot()
    scale = size * FINER / float(box.get("width", 1))
    picture = Image.new("RGBA", (size * FINER, size * FINER), ground or "#fff0")
    pen = ImageDraw.Draw(picture)
    for parent in box.iter():
        for shape in parent:
            colour, of = shape.get("fill") or parent.get("fill"), dict(shape.items())
            if shape.tag.endswith("rect"):
                x, y, w, h, r = (float(of[name]) * scale for name in ("x", "y", "width", "height", "rx"))
                pen.rounded_rectangle((x, y, x + w, y + h), r, colour)
            elif shape.tag.endswith("circle"):
                x, y, r = (float(of[name]) * scale for name in ("cx", "cy", "r"))
                pen.ellipse((x - r, y - r, x + r, y + r), colour)
    return picture.resize((size, size), Image.Resampling.BOX)


def drawn_pictures(root: Path) -> None:
    """Put the pictures beside the other files of the site."""
    static = root / "_static"
    shared().save(root / PICTURE, quality=88)
    pixels(static / "favicon.svg", 96).save(static / "favicon.png", optimize=True)
    pixels(static / "favicon.svg", 180, PAPER).convert("RGB").save(static / "touch-icon.png", optimize=True)
