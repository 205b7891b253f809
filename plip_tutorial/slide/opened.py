"""Open a slide and read squares of it, in pixels of its finest level.

A file of a slide is a pyramid: level 0 as the scanner saw it, and the same again in half, quarter or sixteenth of the
size. How large a pixel is on the glass stands in the file, in micrometres (*micrometres per pixel*, mpp): a
"magnification of 20" means another size on each scanner. OpenSlide (Goode et al. 2013) reads the files of most of them.

    slide = open_slide("case.svs")
    slide.size, slide.mpp                       # (46000, 32914), 0.499
    slide.read(1200, 800, side=512, pixels=224)  # a picture of 512 x 512 pixels of level 0, resized
"""

from __future__ import annotations

import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LIKELY = (0.05, 10.0)  # micrometres a pixel; what lies outside is the resolution of a printer or a mistake
SQUARE = 0.01  # by how much width and height of a pixel may differ
BLOCK = 256  # pixels a side of the blocks that an overview is put together from
RESIZED = Image.Resampling.BICUBIC


class SlideError(ValueError):
    """A file that is no slide, that is damaged, or that does not say how large its pixels are."""


class Slide:
    """A slide that is open. Several threads may read from it.

    Attributes:
        path: its file.
        size: width and height of level 0, in pixels.
        mpp: micrometres a pixel of level 0.
        downsamples: of each level, how many pixels of level 0 lie side by side in one of its own; 1 comes first.
        properties: what the file says of itself, as OpenSlide names it.
    """

    def __init__(self, path: str | os.PathLike[str], *, mpp: float | None = None) -> None:
        """Open it; see `open_slide`."""
        self.path = Path(path)
        self._file = _opened(self.path)
        self.size: tuple[int, int] = self._file.dimensions
        self.downsamples: tuple[float, ...] = self._file.level_downsamples
        self.properties = dict(self._file.properties)
        self.mpp = _mpp(self.path, self.properties) if mpp is None else _likely(mpp, f"mpp is {mpp!r}")

    def __repr__(self) -> str:
        """Its file and its size."""
        width, height = self.size
        return f"Slide({self.path.name}, {width} x {height} pixels of {self.mpp:g} micrometres)"

    def read(self, x: int, y: int, *, side: int, pixels: int) -> Image.Image:
        """A square of the slide as an RGB picture.

        It is read from the coarsest level that is at least as fine as the answer, so a wide field costs no more than a
        narrow one, and resized (bicubic, averaging over what is between). Where nothing was scanned it is white.

        Args:
            x: left edge, in pixels of level 0.
            y: upper edge, likewise.
            side: width and height, likewise.
            pixels: width and height of the picture.

        Raises:
            ValueError: the square does not lie on the slide.
            SlideError: the file cannot be read there.
        """
        return self.region(x, y, (side, side), (pixels, pixels))

    def region(self, x: int, y: int, area: tuple[int, int], pixels: tuple[int, int]) -> Image.Image:
        """As `read`, for an ``area`` of level 0 and a picture of ``pixels`` that are (width, height)."""
        (width, height), (w, h) = self.size, area
        if min(w, h, *pixels) < 1 or min(x, y) < 0 or x + w > width or y + h > height:
            raise ValueError(
                f"{w} x {h} pixels at ({x}, {y}) as a picture of {pixels[0]} x {pixels[1]}: there is no such region on "
                f"a slide of {width} x {height} pixels. Width and height are at least 1."
            )
        ratio = min(w / pixels[0], h / pixels[1])
        level = max(i for i, down in enumerate(self.downsamples) if i == 0 or down <= ratio * (1 + 1e-3))
        down = self.downsamples[level]
        # Edges between pixels of the level: read all that the rectangle touches, and let `resize` cut exactly.
        left, top = math.floor(x / down), math.floor(y / down)
        right, bottom = math.ceil((x + w) / down - 1e-6), math.ceil((y + h) / down - 1e-6)
        piece = self._read((round(left * down), round(top * down)), level, (right - left, bottom - top))
        if (right - left, bottom - top) == pixels == (w, h):
            return piece
        # A last bit of rounding may lie beyond the edge.
        end = min((x + w) / down - left, piece.width), min((y + h) / down - top, piece.height)
        return piece.resize(pixels, RESIZED, box=(x / down - left, y / down - top, *end))

    def factor(self, mpp: float) -> int:
        """How many pixels of level 0 lie side by side in one of an overview of ``mpp`` micrometres a pixel."""
        return max(1, round(mpp / self.mpp))

    def overview_size(self, mpp: float) -> tuple[int, int]:
        """Width and height of such an overview, in its pixels."""
        factor, (width, height) = self.factor(mpp), self.size
        return -(-width // factor), -(-height // factor)

    def overview(self, *, mpp: float = 8.0) -> NDArray[np.uint8]:
        """The whole slide, small: (h, w, 3), put together from blocks so that no level has to fit into memory.

        Each of its pixels covers `factor` x `factor` pixels of level 0; those of the last column and row may cover
        fewer. A SlideError names the first block that cannot be read.
        """
        factor, (width, height) = self.factor(mpp), self.overview_size(mpp)
        across, down = (_edges(length, factor) for length in self.size)
        picture = np.empty((height, width, 3), np.uint8)
        for top, bottom in pairwise(down):
            for left, right in pairwise(across):
                area = (right - left, bottom - top)
                pixels = (-(-area[0] // factor), -(-area[1] // factor))
                row, column = top // factor, left // factor
                block = self.region(left, top, area, pixels)
                picture[row : row + pixels[1], column : column + pixels[0]] = np.asarray(block)
        return picture

    def _read(self, place: tuple[int, int], level: int, pixels: tuple[int, int]) -> Image.Image:
        from openslide import OpenSlideError

        try:
            found = self._file.read_region(place, level, pixels)
        except OpenSlideError:  # here, or in an earlier read or another thread: OpenSlide tells it ever after
            file = _opened(self.path)
            found = _region_of(file, self.path, place, level, pixels)
            self._file = file  # the old one is closed when no thread reads from it any more
        return Image.alpha_composite(Image.new("RGBA", pixels, "white"), found).convert("RGB")


def open_slide(path: str | os.PathLike[str], *, mpp: float | None = None) -> Slide:
    """Open the file of a slide: SVS, NDPI, MRXS, SCN, BIF, tiled TIFF, and more that OpenSlide reads.

    Args:
        path: the file.
        mpp: micrometres a pixel of level 0; by default what the file says.

    Raises:
        FileNotFoundError: no such file.
        SlideError: it is no slide or is damaged; or it does not say how large its pixels are, and ``mpp`` is not given.
        ModuleNotFoundError: OpenSlide is not installed.
    """
    return Slide(path, mpp=mpp)


def _opened(path: Path) -> Any:
    try:
        import openslide
    except (ModuleNotFoundError, OSError) as error:  # its Python part looks for the library when it is imported
        hint = "slides need OpenSlide: pip install 'plip-tutorial[slide]'"
        raise ModuleNotFoundError(f"{hint} ({error})") from error
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError as error:
        hint = "A slide is a pyramid of tiles (SVS, NDPI, MRXS, tiled TIFF); a picture is opened with Pillow."
        raise SlideError(f"{path} is no slide that OpenSlide reads. {hint}") from error
    except openslide.OpenSlideError as error:
        raise SlideError(f"{path} is damaged: {error}. Fetch it anew.") from error


def _region_of(file: Any, path: Path, place: tuple[int, int], level: int, pixels: tuple[int, int]) -> Image.Image:
    from openslide import OpenSlideError

    try:
        found: Image.Image = file.read_region(place, level, pixels)
    except OpenSlideError as error:
        raise SlideError(f"{path} cannot be read at {place}, level {level}: {error}. Fetch it anew.") from error
    return found


def _mpp(path: Path, properties: dict[str, str]) -> float:
    told = [properties.get(f"openslide.mpp-{axis}") for axis in "xy"]
    if None in told:
        power = properties.get("openslide.objective-power")
        said = f", only that its objective was {power}x" if power else ""
        hint = "Ask who scanned it, and pass mpp; 0.25 is usual for 40x, 0.5 for 20x."
        raise SlideError(f"{path} does not say how large its pixels are{said}. {hint}")
    x, y = (float(value) for value in told if value is not None)
    if not abs(x - y) <= SQUARE * max(x, y):
        raise SlideError(
            f"pixels of {path} are {x:g} micrometres wide and {y:g} high; pass the mpp to be taken for both."
        )
    return _likely((x + y) / 2, f"{path} says that a pixel measures {(x + y) / 2:g} micrometres")


def _likely(mpp: float, said: str) -> float:
    if not LIKELY[0] <= mpp <= LIKELY[1]:
        raise SlideError(f"{said}; expected {LIKELY[0]:g} to {LIKELY[1]:g}. Pass mpp, micrometres a pixel of level 0.")
    return float(mpp)


def _edges(length: int, factor: int) -> list[int]:
    """Where blocks of an overview begin and end: whole ones, a smaller one of whole pixels, and the rest."""
    whole = length // factor * factor
    return sorted({*range(0, whole, BLOCK * factor), whole, length})
