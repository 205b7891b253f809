"""From an RGB picture to the numbers that CLIP's image tower reads: resize, crop, rescale, normalise.

A channel has only 256 levels, so the processor normalises those once and the rest is looking up: bit for bit what
`transformers` gives, in less time. Each picture is made small as soon as it is decoded, so a batch of large ones
never lies in memory at full size.

A picture may also be looked at closely: `views` cuts squares out of it, each of which is then read at the full size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

CLOSE = 0.6  # side of a cut square, as a share of the picture's short side
PLACES = ((0.5, 0.5), (0, 0), (1, 1), (1, 0), (0, 1))  # of the room beside a square: what lies to its left and above


def views(picture: Image.Image, count: int) -> list[Image.Image]:
    """The picture, its centre and its four corners, squares of 0.6 of the short side: the first ``count`` of these six.

    >>> [view.size for view in views(Image.new("RGB", (100, 50)), 3)]
    [(100, 50), (30, 30), (30, 30)]
    """
    side = max(1, round(CLOSE * min(picture.size)))
    room = picture.width - side, picture.height - side
    places = [(int(room[0] * x), int(room[1] * y)) for x, y in PLACES[: count - 1]]
    return [picture, *(picture.crop((left, top, left + side, top + side)) for left, top in places)]


class Preprocessor:
    """The image half of a `CLIPProcessor`, with a table in the place of arithmetic.

    Args:
        processor: a `CLIPImageProcessorPil`. One whose steps are not CLIP's own is called as it is.

    Attributes:
        side: pixels of the short side after resizing, and of the square that is cut out of it; None for a processor
            that does anything that CLIP's does not.
    """

    def __init__(self, processor: Any) -> None:
        """Let the processor normalise the 256 levels of each channel."""
        self.processor, self.side = processor, _sides(processor)
        levels = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2))
        self.table = self._processed(levels, do_resize=False, do_center_crop=False)[:, 0]  # (3, 256)

    def shrink(self, picture: Image.Image) -> NDArray[Any]:
        """Resize and crop one picture: uint8 (side, side, 3), or the finished (3, h, w) of an unusual processor."""
        if self.side is None:
            return self._processed(picture)
        short, crop = self.side
        width, height = (int(short * length / min(picture.size)) for length in picture.size)
        left, top = (width - crop) // 2, (height - crop) // 2
        resized = picture.resize((width, height), self.processor.resample)
        return np.asarray(resized.crop((left, top, left + crop, top + crop)))

    def batch(self, shrunk: list[NDArray[Any]]) -> torch.Tensor:
        """Pixel values (n, 3, h, w), float32."""
        pixels = np.stack(shrunk)
        if self.side is None:
            return torch.from_numpy(pixels)
        values = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)
        for channel in range(3):
            np.take(self.table[channel], pixels[..., channel], out=values[:, channel])
        return torch.from_numpy(values)

    def _processed(self, picture: Any, **options: Any) -> NDArray[np.float32]:
        values = self.processor(images=[picture], return_tensors="np", **options)["pixel_values"][0]
        return np.asarray(values, np.float32)


def _sides(processor: Any) -> tuple[int, int] | None:
    size, crop = dict(processor.size or {}), dict(processor.crop_size or {})
    steps = (processor.do_resize, processor.do_center_crop, processor.do_rescale, processor.do_normalize)
    short, side = size.get("shortest_edge"), crop.get("height")
    usual = all(steps) and not getattr(processor, "do_pad", None) and not size.get("longest_edge")
    return (short, side) if usual and short and side and side == crop.get("width") and side <= short else None
