"""Near-duplicates: the blocked search beside the plain loop; what hash and second look miss and merge wrongly.

    python benchmarks/duplicates.py [number of hashes, default 30000]

The table of misses is made on tiles of the microcosm and, where they lie beside the repository, on real ones.
"""

from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.clean.duplicates import (
    CONTRAST,
    DISTANCE,
    Fingerprints,
    copies_of,
    fingerprints,
    near_duplicates,
    near_pairs,
)
from plip_tutorial.microcosm import TISSUES, render_tile
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.sources.picture_files import find_pictures

DATA = Path(__file__).parents[1] / "../shared/data"
Change = Callable[[Image.Image], Image.Image]


def jpeg(quality: int) -> Change:
    """Save as JPEG and read again."""

    def change(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def resize(factor: float) -> Change:
    """Make smaller or larger."""
    return lambda image: image.resize((round(image.width * factor), round(image.height * factor)))


def crop(most: float, *, even: bool) -> Change:
    """Cut off the same share on each side, or a random one up to ``most``."""

    def change(image: Image.Image) -> Image.Image:
        cut = np.full(4, most) if even else rng("crop", *image.tobytes()[:8]).uniform(0, most, 4)
        w, h = image.size
        return image.crop((round(cut[0] * w), round(cut[1] * h), round(w - cut[2] * w), round(h - cut[3] * h)))

    return change


CHANGES: dict[str, Change] = {
    "JPEG quality 85": jpeg(85),
    "JPEG quality 50": jpeg(50),
    "JPEG quality 20": jpeg(20),
    "half the size": resize(0.5),
    "twice the size": resize(2),
    "crop 2% of each side": crop(0.02, even=True),
    "crop 5% of each side": crop(0.05, even=True),
    "crop 10% of each side": crop(0.10, even=True),
    "crop up to 5% of each side": crop(0.05, even=False),
    "crop up to 10% of each side": crop(0.10, even=False),
    "brighter by 10%": lambda image: Image.eval(image, lambda value: min(255, round(1.1 * value))),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def tiles(n: int) -> list[Image.Image]:
    """Different tiles, six of them from each slide."""
    names = list(TISSUES)
    return [
        Image.fromarray(render_tile(names[i % len(names)], seed=i, lab="ABCDEFGH"[i // 6 % 8], slide=i // 6))
        for i in range(n)
    ]


def missed(before: Fingerprints, after: Fingerprints) -> float:
    """Share of the copies, picture by picture, that are not recognised."""
    found = []
    for i in range(len(before)):
        one, other = (
            Fingerprints(*(values[i : i + 1] for values in vars(prints).values())) for prints in (before, after)
        )
        found.append(copies_of(one, other)[0])
    return 1 - float(np.mean(found))


def show_misses(name: str, images: list[Image.Image]) -> None:
    """Print the miss rate of each change, and how many different pictures are merged."""
    prints = fingerprints(images)
    rich = [image for image, contrast in zip(images, prints.contrast, strict=True) if contrast >= CONTRAST]
    merged = len(images) - len(set(near_duplicates(prints).tolist()))
    print(f"{name}: {len(images)} pictures, {len(images) - len(rich)} without contrast, {merged} merged wrongly")
    for change, apply in CHANGES.items():
        copies = [apply(image) for image in rich[:500]]
        print(f"    {change:<28} missed: {missed(fingerprints(rich[:500]), fingerprints(copies)):7.1%}")


def plain_loop(hashes: NDArray[np.uint64]) -> list[tuple[int, int]]:
    """Every pair, one after the other, with Python's own bit count: the fastest of the obvious ways."""
    codes = hashes.tolist()
    n = len(codes)
    return [(i, j) for i in range(n) for j in range(i + 1, n) if (codes[i] ^ codes[j]).bit_count() <= DISTANCE]


def show_speed(n: int) -> None:
    """Print how many times longer the plain loop takes, and that both find the same."""
    hashes = rng("hashes").integers(0, 2**64, n, dtype=np.uint64)
    hashes[n // 2 :: 7] = hashes[: len(hashes[n // 2 :: 7])] ^ np.uint64(5)
    start = perf_counter()
    blocked = sorted(pair for i, j in near_pairs(hashes, hashes) for pair in zip(i.tolist(), j.tolist(), strict=True))
    middle = perf_counter()
    same = plain_loop(hashes) == blocked
    ratio = (perf_counter() - middle) / (middle - start)
    print(f"{n:,} hashes against each other: {middle - start:.2f} s; the plain loop takes {ratio:.0f} times as long")
    print(f"    same {len(blocked):,} pairs: {same}")


def show_copies(n: int) -> None:
    """Print what it takes to group thousands of pictures that are alike."""
    flips = np.uint64(1) << rng("alike").integers(0, 64, (n, 3, 4), dtype=np.uint64)
    codes = np.bitwise_xor.reduce(flips, axis=2)
    for name, hashes in (("equal", np.zeros_like(codes)), ("alike", codes)):
        details = np.ones((n, 3, 192), np.int8)
        prints = Fingerprints(hashes, details, np.full(n, 50, np.float32), np.arange(n, dtype=np.uint64))
        tracemalloc.start()
        start = perf_counter()
        groups = len(set(near_duplicates(prints).tolist()))
        seconds, peak = perf_counter() - start, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"{n:,} {name} pictures: {groups} group, {seconds:.2f} s, {peak / 1e6:.0f} MB")


def main(n: int) -> None:
    """Print everything."""
    show_misses("microcosm tiles", tiles(3000))
    for folder in ("nct_crc_mini", "kather2016_mini", "negatives"):
        if (DATA / folder).is_dir():
            paths = [DATA / folder / file for file in find_pictures(DATA / folder).files]
            show_misses(f"real pictures, {folder}", [Image.open(path).convert("RGB") for path in paths])
    show_speed(n)
    show_copies(4000)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
