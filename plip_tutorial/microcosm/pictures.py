"""Pictures that are drawn when somebody looks at them.

A table of the microcosm stores a recipe of a hundred bytes in the place of each file, and Pillow learns here to open it
like any other format. So a table of thousands of pictures is there in a second, and all that is done with files works
on recipes: they are selected, saved, hashed and sent to workers. Equal recipes are equal pictures. For programs without
this package, ``table.map(lambda row: {"image": row["image"]})`` stores the pictures themselves.

>>> stored = Picture("lymphocytes", seed=1, size=32).encoded()
>>> Image.open(io.BytesIO(stored["bytes"])).size
(32, 32)
"""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import IO, Any, TypedDict, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.microcosm.everyday import render_everyday
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.tiles import field_of, render_tile
from plip_tutorial.microcosm.tissues import TISSUES

Pixels = NDArray[np.uint8]
FORMAT = "MICROCOSM"
WORLD = 2  # raise it when pictures change: embeddings are cached under the bytes of the picture, here of its recipe
KEPT_BYTES = 200 * 1000**2  # of drawn pictures, in each process: what is looked at twice is drawn once
_kept: OrderedDict[Picture, Pixels] = OrderedDict()
_lock = Lock()


class Encoded(TypedDict):
    """What a `datasets.Image` column stores."""

    bytes: bytes
    path: None


@dataclass(frozen=True)
class Picture:
    """A picture to be drawn.

    Attributes:
        kind: a key of `TISSUES` or of `everyday.KINDS`.
        seed: which of them.
        lab: lab of a tissue.
        slide: number of the slide of a tissue, see `render_tile`.
        altered: 0 for the picture itself, else which of its crops and compressions.
        size: pixels a side.
        field: micrometres a side of a tissue; None: what `field_of` says.
    """

    kind: str
    seed: int
    lab: str = "A"
    slide: int | None = None
    altered: int = 0
    size: int = 64
    field: float | None = None

    @property
    def shown(self) -> float:
        """Micrometres a side of what it shows of a tissue."""
        return field_of(self.kind, seed=self.seed) if self.field is None else self.field

    def encoded(self) -> Encoded:
        """What a table stores of it."""
        return {"bytes": f"{FORMAT} {WORLD} {json.dumps(vars(self))}".encode(), "path": None}

    def draw(self) -> Pixels:
        """Its pixels, (size, size, 3)."""
        if self.kind in TISSUES:
            pixels = render_tile(
                self.kind, seed=self.seed, lab=self.lab, size=self.size, slide=self.slide, field=self.field
            )
        else:
            pixels = render_everyday(self.kind, seed=self.seed, size=self.size)
        return alter(pixels, self.seed, self.altered) if self.altered else pixels


def alter(pixels: Pixels, *key: int) -> Pixels:
    """What a picture (h, w, 3) suffers on its way through a second account: a small crop, a new size, JPEG.

    ``key`` says which alteration. The shape stays the same.
    """
    draw = rng("altered", *key)
    height, width = pixels.shape[:2]
    left, top, right, bottom = draw.uniform(0, 0.03, 4) * (width, height, width, height)
    picture = Image.fromarray(pixels)
    small = picture.resize((width, height), Image.Resampling.BICUBIC, (left, top, width - right, height - bottom))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=int(draw.integers(65, 95)))
    return np.asarray(Image.open(buffer).convert("RGB"))


def opened(file: IO[bytes], name: str | bytes = "") -> Image.Image:
    """The picture whose recipe stands in a file: what Pillow calls for one that begins with `FORMAT`.

    Raises:
        ValueError: a recipe of another version of the microcosm, or a damaged one.
    """
    _, world, told = file.read().decode().split(" ", 2)
    if int(world) != WORLD:
        raise ValueError(f"a picture of microcosm {world}, but this one is {WORLD}. Make the table anew.")
    picture = Picture(**json.loads(told))
    with _lock:
        pixels = _kept.pop(picture, None)
    if pixels is None:
        pixels = picture.draw()
    with _lock:
        _kept[picture] = pixels  # the last is the latest
        while len(_kept) * pixels.nbytes > KEPT_BYTES:
            _kept.popitem(last=False)
    return Image.fromarray(pixels)


def forget() -> None:
    """Draw all pictures anew, as in another process: for who changes the world itself."""
    with _lock:
        _kept.clear()


Image.register_open(FORMAT, cast(Any, opened), lambda prefix: prefix.startswith(FORMAT.encode()))
