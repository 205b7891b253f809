"""The real slide for the page: its picture, the places of its tiles and their vectors, beside the view that shows them.

`write` leaves ``slide.js`` (places, words, and how much is to come), ``slide_vectors.js`` and ``slide.webp`` (the whole
slide, each of its pixels) in the folder that `live` has filled. The tiles are those of the unit on whole slides.
Without the slide, ``slide.js`` says so, the view tells its reader, and the build goes on with a warning.
"""

from __future__ import annotations

import base64
import warnings
from pathlib import Path
from typing import Any

import live
import numpy as np
import real_tissue
from numpy.typing import NDArray

from plip_tutorial import artifacts
from plip_tutorial.plip import PLIP
from plip_tutorial.slide import Tiles, find_tissue, grid, open_slide
from plip_tutorial.sources import slides

ASKED = 'data-live="slide"'
QUALITY = 80
GRID = {"pixels": 64, "mpp": 112 / 64, "step": 16}  # as in the unit on whole slides
MISSING = "The slide was not at hand when this site was built, so it cannot be shown here."
ALT = "A piece of stained tissue on white glass: pink fibres, purple bands of crowded cells, dark layered sheets."
CAPTION = (
    "Real tissue that looks like H&E: CMU-1-Small-Region.svs of OpenSlide’s test data, Aperio, 0.499 µm a pixel, in "
    "the public domain (CC0). Its source names neither organ nor diagnosis, and nothing here is one."
)


def tiles_of(path: Path) -> Tiles:
    """The tiles of the slide that hold tissue, as in the unit on whole slides."""
    slide = open_slide(path)
    return grid(slide, mask=find_tissue(slide), **GRID)


def half(vectors: NDArray[Any]) -> str:
    """Numbers in half precision, as base64: of a map nobody sees the fourth digit."""
    return base64.b64encode(np.ascontiguousarray(vectors, "<f2").tobytes()).decode()


def content(tiles: Tiles) -> dict[str, Any]:
    """What the view is told first: places in pixels of the slide as it was scanned, and words."""
    width, height = tiles.slide.size
    x, y = tiles.places.T.tolist()
    place = {"width": width, "height": height, "mpp": tiles.slide.mpp, "side": tiles.side, "x": x, "y": y}
    return {**place, "alt": ALT, "caption": CAPTION}


def write_vectors(file: Path, tiles: Tiles) -> int:
    """A vector for each tile and model, as a script; its size in bytes."""
    models = {name: PLIP(artifacts.checkpoint(made), device="cpu") for name, made in live.MODELS.items()}
    seen = {name: half(model.encode_images(tiles)) for name, model in models.items()}
    return file.write_text(live.script("slide_vectors", seen), encoding="ascii")


def write(folder: Path) -> None:
    """Leave the slide and its tiles in the folder of what lives on the page, or a word that it is missing."""
    try:
        path = slides.small_region()
    except OSError as error:
        warnings.warn(f"{MISSING} {error}", stacklevel=2)
        told: dict[str, Any] = {"missing": MISSING}
    else:
        tiles, vectors, picture = tiles_of(path), folder / "slide_vectors.js", folder / "slide.webp"
        real_tissue.slide().save(picture, quality=QUALITY, method=4)
        bytes_ = [write_vectors(vectors, tiles), picture.stat().st_size]
        told = {"vectors": vectors.name, "picture": picture.name, "bytes": bytes_, **content(tiles)}
    (folder / "slide.js").write_text(live.script("slide", told), encoding="ascii")


def add_slide(root: Path) -> None:
    """A folder step of `finish`, after `live.add_live`: the slide, if a page asks for it."""
    if any(ASKED in page.read_text(encoding="utf-8") for page in root.rglob("*.html")):
        write(root / live.PLACE)
