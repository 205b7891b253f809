"""From the numbers that a camera or a program wrote to grey levels of 8 bits: where is white?

A file seldom says. A camera of 12 bits writes numbers up to 4,095 into fields of 16, where 65,535 would be white; taken
at their word they are almost black. The rules, each the first that fits:

- 8 bits are taken as they are, bool is black and white.
- Whole numbers: white is the end of the smallest range of 8, 10, 12, 14 or 16 bits that holds the brightest. Only where
  all are multiples of 257, as if 8 bits had been widened to 16, it is 65,535 at any rate.
- Fractions up to 1: white is 1. What lies beyond 0 and 1 by at most a tenth was made by resampling and is cut off.
- Fractions up to 255 of which the brightest is at least 16: white is 255.

Whatever is a guess is told in a warning; all else, fractions from -1 to 1 for instance, is an error. Whoever knows
better divides by the white he means and gives fractions.

>>> to_uint8(np.array([[0.0, 0.5, 1.0]])).tolist()
[[0, 128, 255]]
>>> to_uint8(np.array([[0, 32896, 65535]], np.uint16)).tolist()
[[0, 128, 255]]
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

BITS = (8, 10, 12, 14, 16)  # of cameras
WIDENED = 257  # 65,535 = 257 * 255
OVERSHOOT = 0.1  # of the range; a filter such as Lanczos goes that far beyond it at an edge
ROUNDING = 1e-3  # of the range; not worth a word
DIMMEST = 16  # of 255; below it a picture is almost black, or was meant in another scale
HINT = "Give the numbers divided by the white that you mean"


def to_uint8(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey levels 0 to 255 from any kind of number, (h, w) or (h, w, channels).

    Raises:
        ValueError: numbers that fit none of the rules; it names their range.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"values of type {values.dtype} are not grey levels")
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind == "f":
        white = _white_of_fractions(low, high)
    elif 0 <= low <= high <= 65535:
        white = _white_of_whole(values, next(bits for bits in BITS if high < 2**bits))
    else:
        raise ValueError(f"values from {low:g} to {high:g} are not in 0..255 or 0..65535. {HINT}")
    return np.round(np.clip(values, 0, white) * (255 / white)).astype(np.uint8)


def _white_of_whole(values: NDArray[Any], bits: int) -> int:
    wide = bits > 8 or values.dtype == np.uint16
    if bits == 16 or (wide and not (values % WIDENED).any()):
        return 65535
    if wide:
        _warn(
            f"a picture of whole numbers up to at most {2**bits - 1:,} is taken for one of {bits} bits, though its "
            "file has room for more. If it is that dark, divide it by 65535"
        )
    return 2**bits - 1


def _white_of_fractions(low: float, high: float) -> int:
    if low >= -OVERSHOOT and high <= 1 + OVERSHOOT:
        if low < -ROUNDING or high > 1 + ROUNDING:
            _warn("a picture of fractions goes a little beyond 0..1, as resampling leaves it; the rest is cut off")
        return 1
    if low >= 0 and DIMMEST <= high <= 255:
        return 255
    raise ValueError(f"fractions from {low:g} to {high:g} are neither in 0..1 nor in 0..255. {HINT}")


def check_cut(values: NDArray[np.uint8]) -> None:
    """Colours of 16 bits reach us with their upper half alone: refuse those of which it is almost nothing.

    Raises:
        ValueError: 12 bits or fewer were used, so at most 16 levels are left.
    """
    high = int(values.max())
    if high < DIMMEST:
        raise ValueError(
            f"its colours have 16 bits, and the upper eight go to {high} only: it is almost black, or its camera has "
            f"12 bits or fewer, and Pillow drops the rest. Read it with tifffile, say, and {HINT[0].lower()}{HINT[1:]}"
        )
    if high < 64:
        _warn(
            f"a picture with colours of 16 bits goes to {high} of 255 only. If its camera has 14 bits, it is four "
            f"times too dark. {HINT}"
        )


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=2)  # no name in it: the same word for a million tiles is shown once
