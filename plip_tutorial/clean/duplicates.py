"""The same picture twice: perceptual hashes that are near, and a second look at the detail.

A hash describes the coarse light and dark of a picture in 64 bits: shrink it to 32 x 32 grey values, take the cosine
transform, keep the 8 x 8 slowest waves, and write 1 where a wave is stronger than their median (Zauner 2010, "pHash").
Saving as JPEG or resizing turns few bits; another picture differs in about 32. A cropped copy differs in many, so each
picture is hashed in three views: whole, and with 3% and 7% cut off on every side.

Among millions of pairs some strangers are near all the same: two pale tiles, two with the same stripe. So views that
are near must agree in what the hash has not seen as well, the 192 waves that follow up to 16 x 16: their correlation
must reach `AGREEMENT`.

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
# Correlation of the details. Copies of drawn tiles that are near have 0.87 and more as JPEG of quality 10, 0.72 at 7.
# Of 10 million pairs of different drawn tiles one is near, and has 0.02; in the first edition, where 16 of 16
# million were, they had up to 0.59. Crops that differ from side to side go lower: a tenth of those up to 7% is lost.
AGREEMENT = 0.6
VIEWS = (0.0, 0.03, 0.07)  # cut off on every side, share of width and height
FOLLOWING = 16**2 - 8**2  # waves that are kept for the second look
CONTRAST = 6.0  # grey levels; below, a hash describes the noise of an empty slide
MOST_WAITING = 2**18  # pairs that are remembered before they are put into groups
_SIDE = 32
_FOLLOW = np.nonzero(np.add.outer(np.arange(16) > 7, np.arange(16) > 7))  # places of the waves behind the 8 x 8
Codes = NDArray[np.uint64]
Detail = NDArray[np.int8]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fingerprints:
    """What is remembered of n pictures.

    Attributes:
        hashes: a 64-bit perceptual hash of each view, uint64 (n, views).
        details: strength of the waves of each view that follow those of the hash, int8 (n, views, 192). What counts is
            how they stand to each other, so the strongest is 127 or -127.
        contrast: standard deviation of the shrunken picture in grey levels, (n,).
        digests: hash of the exact pixels, uint64 (n,).
    """

    hashes: Codes
    details: Detail
    contrast: NDArray[np.float32]
    digests: Codes

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.digests)

    def views(self) -> tuple[Ints, Codes, Detail]:
        """Views of the pictures that have contrast, flat: which picture each belongs to, its hash, its detail.

        The hash of a picture without contrast, such as a tile of empty glass, is noise: it counts for nothing, and only
        the same pixels make such a picture a copy.
        """
        rich = np.flatnonzero(self.contrast >= CONTRAST)
        owner = np.repeat(rich, self.hashes.shape[1])
        return owner, self.hashes[rich].ravel(), self.details[rich].reshape(len(owner), FOLLOWING)


def fingerprints(images: Iterable[ImageLike]) -> Fingerprints:
    """Fingerprint n pictures: paths, PIL images or arrays, mixed.

    Raises:
        UnreadableImageError: a picture cannot be decoded, with its index.
    """
    pictures = filter(None, load(images))
    seen, digests = [_waves(np.empty((0, len(VIEWS), _SIDE, _SIDE), np.float32))], b""
    while batch := [_looked_at(rgb) for rgb in islice(pictures, 256)]:  # 12 KB each: all at once would fill the memory
        seen.append(_waves(np.array([views for views, _ in batch], np.float32)))
        digests += b"".join(digest for _, digest in batch)
    hashes, details, contrast = (np.concatenate(part) for part in zip(*seen, strict=True))
    return Fingerprints(hashes, details, contrast, np.frombuffer(digests, np.uint64))


def _waves(grey: NDArray[np.float32]) -> tuple[Codes, Detail, NDArray[np.float32]]:
    """Hashes, details and contrast of shrunken views, (n, views, 32, 32)."""
    waves = dctn(grey, axes=(-2, -1))
    slow = waves[..., :8, :8].reshape(*grey.shape[:2], 64)
    bits = slow > np.median(slow, axis=-1, keepdims=True)
    follow = dctn(grey, axes=(-2, -1), norm="ortho")[..., *_FOLLOW]  # so that they correlate as the pictures do
    strongest = np.abs(follow).max(axis=-1, keepdims=True).clip(1e-6)
    details = np.rint(127 * follow / strongest).astype(np.int8)
    return np.packbits(bits, axis=-1).view(np.uint64)[..., 0], details, grey[:, 0].std((1, 2))


def _looked_at(rgb: Image.Image) -> tuple[list[NDArray[np.uint8]], bytes]:
    """Each view, shrunk to 32 x 32 grey values, and a digest of the pixels."""
    grey, (w, h) = rgb.convert("L"), rgb.size
    boxes = [(w * cut, h * cut, w - w * cut, h - h * cut) for cut in VIEWS]
    views = [np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, box=box)) for box in boxes]
    return views, blake2b(repr(rgb.size).encode() + rgb.tobytes(), digest_size=8).digest()


def near_duplicates(images: Iterable[ImageLike] | Fingerprints, *, distance: int = DISTANCE) -> Ints:
    """Group pictures that show the same: any view near any view and alike in detail, or the very same pixels.

    What shows the same is put together, and what shows the same as that as well (connected components). The memory
    grows with the number of pictures, however many of them are alike; the time with its square.

    Args:
        images: n paths, PIL images or arrays, or their `Fingerprints`.
        distance: bits that may differ.

    Returns:
        Group of each picture, (n,): the index of the group's first member.
    """
    prints = images if isinstance(images, Fingerprints) else fingerprints(images)
    n, (owner, hashes, details) = len(prints), prints.views()
    _, first, pixels = np.unique(prints.digests, return_index=True, return_inverse=True)
    group = components(np.arange(n), first[pixels], n)
    waiting = [(np.arange(n), group)]
    for i, j in near_pairs(hashes, hashes, distance):
        new = group[owner[i]] != group[owner[j]]  # what is together already needs no second look
        same = new.nonzero()[0][agree(details, details, i[new], j[new])]
        waiting.append((owner[i[same]], owner[j[same]]))
        if sum(len(part) for part, _ in waiting) > 2 * n + MOST_WAITING:  # they may be quadratically many
            group = _joined(waiting, n)
            waiting = [(np.arange(n), group)]
    return _joined(waiting, n)


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
    (owner, mine, my_details), (_, theirs, their_details) = left.views(), right.views()
    for i, j in near_pairs(mine, theirs, distance):
        new = ~found[owner[i]]
        i, j = i[new], j[new]
        found[owner[i[agree(my_details, their_details, i, j)]]] = True
    return found


def agree(left: Detail, right: Detail, i: Ints, j: Ints) -> NDArray[np.bool_]:
    """Second look: tell of which pairs the details correlate by `AGREEMENT` or more.

    Args:
        left: details of views, (n, 192).
        right: details of views, (m, 192).
        i: index into left of each pair, (pairs,).
        j: index into right of each pair, (pairs,).

    Returns:
        Bool mask, (pairs,).
    """
    alike = np.empty(len(i), bool)
    for start in range(0, len(i), 4096):  # 3 MB a side as numbers that can be multiplied
        part = slice(start, start + 4096)
        one, other = left[i[part]].astype(np.float32), right[j[part]].astype(np.float32)
        lengths = np.sqrt((one**2).sum(1) * (other**2).sum(1))
        alike[part] = (one * other).sum(1) >= AGREEMENT * lengths.clip(1e-6)
    return alike


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
