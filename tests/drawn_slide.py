"""Slides that are drawn, so that each pixel's colour is known: files as scanners write them, block by block."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

BLOCK = 256  # pixels a side of a block of the file
CELL = 512  # pixels of level 0 a side of a field of one colour


def colours(n: int) -> NDArray[np.uint8]:
    """(n, n, 3): another colour for each field, which tells its column and its row; all are stained like tissue."""
    row, column = np.mgrid[:n, :n]
    return np.stack([180 - 2 * column % 160, 60 + 0 * row, 220 - 2 * row % 160], -1).astype(np.uint8)


def pyramid(path: Path, side: int = 20_000, *, levels: int = 3, mpp: float | None = 0.5) -> Path:
    """A square slide with fields of one colour; each level is a quarter of the one before, no level is in memory."""
    fields = colours(-(-side // CELL))
    resolution = {} if mpp is None else {"resolution": (1e4 / mpp, 1e4 / mpp), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for level in range(levels):
            width = side // 4**level
            file.write(
                _blocks(fields, width, 4**level),
                shape=(width, width, 3), dtype=np.uint8, photometric="rgb", tile=(BLOCK, BLOCK),
                compression="adobe_deflate", subfiletype=int(level > 0), **resolution,
            )  # fmt: skip
    return path


def _blocks(fields: NDArray[np.uint8], width: int, factor: int) -> Iterator[bytes]:
    plain: dict[tuple[int, int], bytes] = {}  # most blocks lie in one field, and each comes four times
    for y in range(0, width, BLOCK):
        for x in range(0, width, BLOCK):
            rows, columns = (np.minimum((np.arange(at, at + BLOCK) * factor) // CELL, len(fields) - 1) for at in (y, x))
            key = (int(rows[0]), int(columns[0]))
            if rows[0] != rows[-1] or columns[0] != columns[-1]:
                yield zlib.compress(fields[np.ix_(rows, columns)].tobytes(), 1)
                continue
            if key not in plain:
                plain[key] = zlib.compress(fields[key].tobytes() * BLOCK**2, 1)
            yield plain[key]


def with_hole(path: Path) -> Path:
    """The same slide, whose first block of the finest level can no longer be read."""
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        first, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    content[first : first + size] = b"\xff" * size
    path.write_bytes(content)
    return path


def picture(path: Path, pixels: NDArray[np.uint8], *, mpp: float | None = 0.5) -> Path:
    """A small slide of one level that shows a picture, unchanged."""
    resolution = {} if mpp is None else {"resolution": (1e4 / mpp, 1e4 / mpp), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(BLOCK, BLOCK), compression="adobe_deflate", **resolution)
    return path
