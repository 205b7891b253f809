"""Randomness without hidden state: every draw is a pure function of a key.

Item ``i`` of a table must not depend on the order, the process or the batch in which it is made. So nothing here keeps
a generator: whoever needs random numbers names what they are for, and gets a fresh generator for that name.

>>> bool(rng("posts", 0, 17).integers(100) == rng("posts", 0, 17).integers(100))
True
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np


def rng(*key: int | str) -> np.random.Generator:
    """Return the random generator that belongs to ``key``.

    Args:
        key: any mix of words and integers; a word counts by its CRC-32, a negative integer by its value modulo 2**64.

    Returns:
        A generator that depends on the key alone.
    """
    words = [len(key)]  # numpy drops zeros at the end
    for part in key:
        high, low = divmod(crc32(part.encode()) if isinstance(part, str) else int(part) % 2**64, 2**32)
        words += [low, high] if high else [low]  # as numpy cuts large numbers, in a third of the time
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(np.array(words, np.uint32))))


def seed_of(*key: int | str) -> int:
    """Return a 31-bit integer that is a pure function of ``key``: a seed to hand on."""
    return int(rng(*key).integers(2**31))


def pick(draw: np.random.Generator, options: Sequence[str], shares: tuple[float, ...] = ()) -> str:
    """Choose one of ``options``, as ``draw.choice(options, p=shares)`` does, without making arrays each time."""
    return options[bisect(_limits(shares), draw.random())] if shares else options[int(draw.integers(len(options)))]


@lru_cache(maxsize=256)
def _limits(shares: tuple[float, ...]) -> list[float]:
    sums = np.cumsum(shares)
    return list(sums / sums[-1])
