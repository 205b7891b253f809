"""The same picture twice: perceptual hashes, compared by the number of bits that differ.

A hash describes the coarse light and dark of a picture in 64 bits: shrink it to 32 x 32 grey values, take the cosine
transform, keep the 8 x 8 slowest waves, and write 1 where a wave is stronger than their median (Zauner 2010, "pHash").
Saving as JPEG or resizing turns few bits; another picture differs in about 32. A cropped copy differs in many, so each
picture is hashed in three views: whole, and with 3% and 7% cut off on every side.

    groups = near_duplicates(images)
    images = [image for image, keep in zip(images, representative(groups)) if keep]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from scipy.fft import dctn

from plip_tutorial.clean.groups import components, join_groups, representative
from plip_tutorial.collect.post_text import checked_captions
from plip_tutorial.sources.images import ImageLike, load

__all__ = [
    "Fingerprints", "boilerplate", "copies_of", "fingerprints", "join_groups", "near_duplicate_captions",
    "near_duplicates", "near_pairs", "representative", "similar_pairs",
]  # fmt: skip
DISTANCE = 8  # bits of 64; benchmarks/duplicates.py measures what other values miss and what they merge wrongly
VIEWS = (0.0, 0.03, 0.07)  # cut off on every side, share of width and height
CONTRAST = 6.0  # grey levels; below, a hash describes the noise of an empty slide
LIMIT = 10  # posts that a caption may stand in before it counts as boilerplate
MOST_PAIRS = 20_000_000  # in a list of pairs, 320 MB
MOST_WAITING = 2**18  # pairs that are remembered before they are put into groups
_SIDE = 32
Codes = NDArray[np.uint64]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Fingerprints:
    """What is remembered of n pictures.

    Attributes:
        hashes: a 64-bit perceptual hash of each view, uint64 (n, views).
        contrast: standard deviation of the shrunken picture in grey levels, (n,).
        digests: hash of the exact pixels, uint64 (n,).
    """

    hashes: NDArray[np.uint64]
    contrast: NDArray[np.float32]
    digests: NDArray[np.uint64]

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.digests)


def fingerprints(images: Iterable[ImageLike]) -> Fingerprints:
    """Fingerprint pictures.

    Args:
        images: n paths, PIL images or arrays, mixed.

    Returns:
        `Fingerprints` of n pictures.

    Raises:
        UnreadableImageError: a picture cannot be decoded, with its index.
    """
    shrunk = ((_views(rgb.convert("L")), _digest(rgb)) for rgb in filter(None, load(images)))
    hashes, contrast, digests = [np.empty((0, len(VIEWS)), np.uint64)], [np.empty(0, np.float32)], b""
    while batch := list(islice(shrunk, 256)):  # 12 KB each: those of all pictures at once would fill the memory
        grey = np.array([views for views, _ in batch], np.float32)
        hashes.append(_hash(grey))
        contrast.append(grey[:, 0].std((1, 2)))
        digests += b"".join(digest for _, digest in batch)
    return Fingerprints(np.concatenate(hashes), np.concatenate(contrast), np.frombuffer(digests, np.uint64))


def _digest(rgb: Image.Image) -> bytes:
    return blake2b(repr(rgb.size).encode() + rgb.tobytes(), digest_size=8).digest()


def _views(grey: Image.Image) -> list[NDArray[np.uint8]]:
    """The picture and its middle parts, each shrunk to 32 x 32."""
    w, h = grey.size
    boxes = [(w * cut, h * cut, w - w * cut, h - h * cut) for cut in VIEWS]
    return [np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS, box=box)) for box in boxes]


def _hash(grey: NDArray[np.float32]) -> NDArray[np.uint64]:
    """64 bits of each (..., 32, 32) array."""
    waves = dctn(grey, axes=(-2, -1))[..., :8, :8].reshape(*grey.shape[:-2], 64)
    bits = waves > np.median(waves, axis=-1, keepdims=True)
    return np.packbits(bits, axis=-1).view(np.uint64)[..., 0]


def near_pairs(left: Codes, right: Codes | None = None, *, distance: int = DISTANCE) -> Pairs:
    """Find all pairs of hashes that differ in at most ``distance`` bits: the plain double loop, a block at a time.

    >>> near_pairs(np.array([0b0000, 0b0111, 0b0101], np.uint64), distance=1)
    (array([1]), array([2]))

    Args:
        left: hashes, uint64 (n,).
        right: hashes, uint64 (m,). None compares ``left`` with itself, each pair once (i < j).
        distance: bits that may differ.

    Returns:
        Indices into left and right, both (pairs,), sorted.

    Raises:
        ValueError: there are more than `MOST_PAIRS`: too many hashes are alike for a list.
    """
    parts, found = [(np.empty(0, np.int64), np.empty(0, np.int64))], 0
    for a, b in _near_blocks(left, left if right is None else right, distance, once=right is None):
        parts.append((a, b))
        found += len(a)
        if found > MOST_PAIRS:
            raise ValueError(f"more than {MOST_PAIRS:,} pairs are alike. near_duplicates groups them without a list.")
    a, b = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((b, a))
    return a[order], b[order]


def _near_blocks(left: Codes, right: Codes, distance: int, *, once: bool = False) -> Iterator[Pairs]:
    """The pairs of each block, those with i < j if each is wanted once."""
    for i in range(0, len(left), 64):  # 64 x 8192 differences are 4 MB: they stay in the cache
        for j in range(i if once else 0, len(right), 8192):
            block = right[j : j + 8192]
            near = np.bitwise_count(left[i : i + 64, None] ^ block) <= distance
            a, b = np.divmod(np.flatnonzero(near), len(block))
            keep = a + i < b + j if once else slice(None)
            yield a[keep] + i, b[keep] + j


def similar_pairs(left: Fingerprints, right: Fingerprints | None = None, *, distance: int = DISTANCE) -> Pairs:
    """Find the pairs of pictures that show the same: any view near any view, or the very same pixels.

    The hash of a picture without contrast, such as a tile of empty glass, is noise: it counts for nothing, and only
    the same pixels make such a picture a copy.

    Args:
        left: n pictures.
        right: m pictures. None compares ``left`` with itself.
        distance: bits that may differ.

    Returns:
        Indices into left and right, both (pairs,), each pair at least once.

    Raises:
        ValueError: more than `MOST_PAIRS` views are alike; `near_duplicates` and `copies_of` need no list of pairs.
    """
    other = left if right is None else right
    a, hash_a = _trusted(left)
    b, hash_b = _trusted(other)
    i, j = near_pairs(hash_a, None if right is None else hash_b, distance=distance)
    same = _equal_pairs(left.digests, other.digests)
    return np.concatenate([a[i], same[0]]), np.concatenate([b[j], same[1]])


def copies_of(left: Fingerprints, right: Fingerprints, *, distance: int = DISTANCE) -> NDArray[np.bool_]:
    """Tell which pictures of ``left`` show the same as one of ``right``: the left half of `similar_pairs`, as a mask.

    Args:
        left: n pictures.
        right: m pictures.
        distance: bits that may differ.

    Returns:
        Bool mask, (n,).
    """
    found = np.isin(left.digests, right.digests)
    owner, hashes = _trusted(left)
    mine, place = np.unique(hashes, return_inverse=True)
    near = np.zeros(len(mine), bool)
    for i, _ in _near_blocks(mine, np.unique(_trusted(right)[1]), distance):
        near[i] = True
    found[owner[near[place]]] = True
    return found


def _trusted(prints: Fingerprints) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """All views of the pictures that have contrast, flat, and which picture each belongs to."""
    owner = np.flatnonzero(prints.contrast >= CONTRAST)
    return np.repeat(owner, prints.hashes.shape[1]), prints.hashes[owner].ravel()


def _equal_pairs(left: NDArray[Any], right: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each element of left, the first equal one of right, where there is one."""
    value, first = np.unique(right, return_index=True)
    place = np.minimum(np.searchsorted(value, left), len(value) - 1) if len(value) else np.zeros(len(left), np.int64)
    hit = np.flatnonzero(value[place] == left) if len(value) else np.empty(0, np.int64)
    return hit, first[place[hit]]


def near_duplicates(images: Iterable[ImageLike] | Fingerprints, *, distance: int = DISTANCE) -> NDArray[np.int64]:
    """Group pictures that show the same.

    What is near is put together, and what is near to that as well (connected components). The memory grows with the
    number of pictures, however many of them are alike; the time with the square of the number of different hashes.

    Args:
        images: n paths, PIL images or arrays, or their `Fingerprints`.
        distance: bits that may differ.

    Returns:
        Group of each picture, (n,): the index of the group's first member.
    """
    prints = images if isinstance(images, Fingerprints) else fingerprints(images)
    owner, hashes = _trusted(prints)
    unique, place = np.unique(hashes, return_inverse=True)  # thousands of copies have few hashes
    shared = len(prints) + _near_groups(unique, distance)[place]  # a node behind the pictures for each group of hashes
    same = _equal_pairs(prints.digests, prints.digests)
    i, j = np.concatenate([owner, same[0]]), np.concatenate([shared, same[1]])
    return components(i, j, len(prints) + len(unique))[: len(prints)]


def _near_groups(hashes: Codes, distance: int) -> NDArray[np.int64]:
    """Connected components of hashes that are near, (n,), without a list of the pairs: it may be quadratic."""
    group = np.arange(len(hashes))
    waiting = [(group, group)]
    for i, j in _near_blocks(hashes, hashes, distance, once=True):
        new = group[i] != group[j]
        waiting.append((i[new], j[new]))
        if sum(len(part) for part, _ in waiting) > 2 * len(hashes) + MOST_WAITING:
            i, j = (np.concatenate(part) for part in zip(*waiting, strict=True))
            group = components(i, j, len(hashes))
            waiting = [(np.arange(len(hashes)), group)]
    i, j = (np.concatenate(part) for part in zip(*waiting, strict=True))
    return components(i, j, len(hashes))


def near_duplicate_captions(texts: Sequence[str]) -> NDArray[np.int64]:
    """Group captions that say the same but for case, accents' encoding, punctuation, emoji and spaces.

    The order of the words counts: "benign, not malignant" is no copy of "malignant, not benign".

    >>> near_duplicate_captions(["Colon, H&E.", "Lung", "colon  H&E"]).tolist()
    [0, 1, 0]

    Args:
        texts: n captions.

    Returns:
        Group of each caption, (n,): the index of the group's first member.

    Raises:
        TypeError: for one string instead of several, or for something that is no string.
    """
    captions = checked_captions(texts)
    keys = [" ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())) for text in captions]
    first = {key: i for i, key in reversed(list(enumerate(keys)))}
    return np.array([first[key] for key in keys], np.int64)


def boilerplate(texts: Sequence[str], posts: ArrayLike | None = None, *, limit: int = LIMIT) -> NDArray[np.bool_]:
    """Find captions that stand in so many posts that they cannot describe any: "Great case!", "Join our webinar".

    Captions are compared as in `near_duplicate_captions`.

    >>> boilerplate(["Great case!", "Mucus, H&E", "great case"], limit=1).tolist()
    [True, False, True]

    Args:
        texts: n captions.
        posts: post that each belongs to, (n,), since a caption may come with several pictures. None: one post each.
        limit: a caption may stand in so many posts.

    Returns:
        Bool mask, (n,), True for the captions to leave out.
    """
    captions = near_duplicate_captions(texts)
    post = np.arange(len(captions)) if posts is None else np.unique(np.asarray(posts), return_inverse=True)[1]
    in_post = np.unique(np.stack([captions, post], axis=1), axis=0)[:, 0]
    return np.asarray(np.bincount(in_post, minlength=len(captions))[captions] > limit)
