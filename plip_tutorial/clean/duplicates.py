"""The same picture twice: perceptual hashes, compared by the number of bits that differ.

A hash describes the coarse light and dark of a picture in 64 bits: shrink it to 32 x 32 grey values, take the cosine
transform, keep the 8 x 8 slowest waves, and write 1 where a wave is stronger than their median (Zauner 2010, "pHash").
Saving as JPEG or resizing turns few bits; another picture differs in about 32. A cropped copy differs in many, so each
picture is hashed in three views: whole, and with 3% and 7% cut off on every side.

    groups = near_duplicates(images)
    images = [image for image, keep in zip(images, representative(groups)) if keep]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

from plip_tutorial.clean.groups import components
from plip_tutorial.sources.images import ImageLike, load

DISTANCE = 8  # bits of 64; benchmarks/duplicates.py measures what other values miss and what they merge wrongly
VIEWS = (0.0, 0.03, 0.07)  # cut off on every side, share of width and height
CONTRAST = 6.0  # grey levels; below, a hash describes the noise of an empty slide
MOST_WAITING = 2**18  # pairs that are remembered before they are put into groups
_SIDE = 32
Codes = NDArray[np.uint64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fingerprints:
    """What is remembered of n pictures.

    Attributes:
        hashes: a 64-bit perceptual hash of each view, uint64 (n, views).
        contrast: standard deviation of the shrunken picture in grey levels, (n,).
        digests: hash of the exact pixels, uint64 (n,).
    """

    hashes: Codes
    contrast: NDArray[np.float32]
    digests: Codes

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.digests)

    def views(self) -> tuple[Ints, Codes]:
        """Hashes of the pictures that have contrast, flat, and which picture each belongs to.

        The hash of a picture without contrast, such as a tile of empty glass, is noise: it counts for nothing, and only
        the same pixels make such a picture a copy.
        """
        rich = np.flatnonzero(self.contrast >= CONTRAST)
        return np.repeat(rich, self.hashes.shape[1]), self.hashes[rich].ravel()


def fingerprints(images: Iterable[ImageLike]) -> Fingerprints:
    """Fingerprint n pictures: paths, PIL images or arrays, mixed.

    Raises:
        UnreadableImageError: a picture cannot be decoded, with its index.
    """
    pictures = filter(None, load(images))
    hashes, contrast, digests = [np.empty((0, len(VIEWS)), np.uint64)], [np.empty(0, np.float32)], b""
    while batch := [_looked_at(rgb) for rgb in islice(pictures, 256)]:  # 12 KB each: all at once would fill the memory
        grey = np.array([views for views, _ in batch], np.float32)
        waves = dctn(grey, axes=(-2, -1))[..., :8, :8].reshape(*grey.shape[:2], 64)
        bits = waves > np.median(waves, axis=-1, keepdims=True)
        hashes.append(np.packbits(bits, axis=-1).view(np.uint64)[..., 0])
        contrast.append(grey[:, 0].std((1, 2)))
        digests += b"".join(digest for _, digest in batch)
    return Fingerprints(np.concatenate(hashes), np.concatenate(contrast), np.frombuffer(digests, np.uint64))


def _looked_at(rgb: Image.Image) -> tuple[list[NDArray[np.uint8]], bytes]:
    """Each view, shrunk to 32 x 32 grey values, and a digest of the pixels."""
    grey, (w, h) = rgb.convert("L"), rgb.size
    boxes = [(w * cut, h * cut, w - w * cut, h - h * cut) for cut in VIEWS]
    views = [np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, box=box)) for box in boxes]
    return views, blake2b(repr(rgb.size).encode() + rgb.tobytes(), digest_size=8).digest()


def near_duplicates(images: Iterable[ImageLike] | Fingerprints, *, distance: int = DISTANCE) -> Ints:
    """Group pictures that show the same: any view near any view, or the very same pixels.

    What is near is put together, and what is near to that as well (connected components). The memory grows with the
    number of pictures, however many of them are alike; the time with the square of the number of different hashes.

    Args:
        images: n paths, PIL images or arrays, or their `Fingerprints`.
        distance: bits that may differ.

    Returns:
        Group of each picture, (n,): the index of the group's first member.
    """
    prints = images if isinstance(images, Fingerprints) else fingerprints(images)
    n, (owner, hashes) = len(prints), prints.views()
    codes, code = np.unique(hashes, return_inverse=True)  # thousands of copies have few hashes
    group = np.arange(len(codes))
    waiting = [(group, group)]
    for i, j in near_pairs(codes, codes, distance):
        new = group[i] != group[j]
        waiting.append((i[new], j[new]))
        if sum(len(part) for part, _ in waiting) > 2 * len(codes) + MOST_WAITING:  # they may be quadratically many
            group = _joined(waiting, len(codes))
            waiting = [(np.arange(len(codes)), group)]
    group, pixels = _joined(waiting, len(codes)), np.unique(prints.digests, return_inverse=True)[1]
    i, j = np.append(owner, np.arange(n)), n + np.append(group[code], len(codes) + pixels)
    return components(i, j, 2 * n + len(codes))[:n]  # behind the pictures a node for each hash and each digest


def _joined(pairs: list[tuple[Ints, Ints]], n: int) -> Ints:
    i, j = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return components(i, j, n)


def copies_of(left: Fingerprints, right: Fingerprints, *, distance: int = DISTANCE) -> NDArray[np.bool_]:
    """Tell which pictures of ``left`` show the same as one of ``right``, as `near_duplicates` sees it.

    Args:
        left: n pictures.
        right: m pictures.
        distance: bits that may differ.

    Returns:
        Bool mask, (n,).
    """
    found = np.isin(left.digests, right.digests)
    owner, hashes = left.views()
    codes, code = np.unique(hashes, return_inverse=True)
    near = np.zeros(len(codes), bool)
    for i, _ in near_pairs(codes, np.unique(right.views()[1]), distance):
        near[i] = True
    found[owner[near[code]]] = True
    return found


def near_pairs(left: Codes, right: Codes, distance: int = DISTANCE) -> Iterator[tuple[Ints, Ints]]:
    """All pairs of hashes that differ in at most ``distance`` bits: the plain double loop, a block at a time.

    Args:
        left: hashes, uint64 (n,).
        right: hashes, uint64 (m,); if it is ``left`` itself, each pair comes once, i before j.
        distance: bits that may differ.

    Yields:
        Indices into left and right, both (pairs,).
    """
    once = left is right
    for i in range(0, len(left), 64):  # 64 x 8192 differences are 4 MB: they stay in the cache
        for j in range(i if once else 0, len(right), 8192):
            block = right[j : j + 8192]
            near = np.flatnonzero(np.bitwise_count(left[i : i + 64, None] ^ block) <= distance)
            a, b = near // len(block) + i, near % len(block) + j
            yield (a[a < b], b[a < b]) if once else (a, b)
