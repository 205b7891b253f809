"""Crops of one real slide for the pages, made again from pinned places: what the microcosm imitates.

The slide is CMU-1-Small-Region.svs of OpenSlide's test data, in the public domain (CC0). A crop is a window on the
slide as it was scanned, and stands on its page at half its size, so that it is sharp on a fine screen.

    python book/_tools/real_tissue.py     # writes book/pictures/real_*.webp
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from plip_tutorial import microcosm
from plip_tutorial.sources import slides

PICTURES = Path(__file__).parents[1] / "pictures"
MPP = 0.499  # micrometres a pixel, as the file says
QUALITY = 74
GAP = 16  # white pixels between two pictures
SIDE = 400  # pixels of a close-up


def layers(slide: Image.Image) -> Image.Image:
    """Fibres, crowded cells, sheets and glass, side by side."""
    return slide.crop((900, 1060, 1820, 1680))


def margin(slide: Image.Image) -> Image.Image:
    """Thick fibres with cracks, and the edge of the tissue, with what is no tissue on it."""
    return slide.crop((1180, 1900, 1980, 2460))


def close_up(slide: Image.Image) -> Image.Image:
    """Two tenths of a millimetre a side: fibres, crowded cells, sheets."""
    return slide.crop((1020, 1180, 1020 + SIDE, 1180 + SIDE))


def drawn_beside_real(slide: Image.Image) -> Image.Image:
    """The microcosm's skin, and the close-up: as wide, from left to right in the same order."""
    drawn = microcosm.render_tile("skin_benign", seed=7, size=SIDE, field=round(SIDE * MPP))
    return beside(Image.fromarray(drawn), close_up(slide))


def as_a_model_sees(slide: Image.Image) -> Image.Image:
    """The close-up, and the 64 pixels a side that are left of it for the tiny models."""
    whole = close_up(slide)
    left = whole.resize((64, 64), Image.Resampling.BICUBIC)
    return beside(whole, left.resize(whole.size, Image.Resampling.NEAREST))


def beside(first: Image.Image, second: Image.Image) -> Image.Image:
    """Two pictures of one size on white."""
    sheet = Image.new("RGB", (first.width + GAP + second.width, first.height), "white")
    sheet.paste(first, (0, 0))
    sheet.paste(second, (first.width + GAP, 0))
    return sheet


#: What each file in `PICTURES` shows.
CROPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "real_layers": layers,
    "real_margin": margin,
    "real_beside_drawn": drawn_beside_real,
    "real_as_a_model_sees": as_a_model_sees,
}


def slide() -> Image.Image:
    """The slide as one picture; Pillow opens so small a one. Its checksum has been compared."""
    with Image.open(slides.small_region()) as file:
        return file.convert("RGB")


def main() -> None:
    """Write all crops."""
    whole = slide()
    for name, crop in CROPS.items():
        picture = crop(whole)
        picture.save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)
        size = (PICTURES / f"{name}.webp").stat().st_size / 1000
        print(f"{name:22}{picture.width:5} x {picture.height} pixels, {picture.width * MPP:.0f} µm wide, {size:.0f} kB")


if __name__ == "__main__":
    main()
