"""From an RGB picture to the numbers that CLIP's image tower reads: resize, crop, rescale, normalise.

A channel has only 256 levels, so the processor normalises those once and the rest is looking up: bit for bit what
`transformers` gives, in less time. Each picture is made small as soon as it is decoded, so a batch of large ones
never lies in memory at full size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image


class Preprocessor:
    """The image half of a `CLIPProcessor`, with a table in the place of arithmetic.

    Args:
        processor: a `CLIPImageProcessorPil`. One whose steps are not CLIP's own is called as it is.
    """

    def __init__(self, processor: Any) -> None:
        """Let the processor normalise the 256 levels of each channel."""
        self.processor, self._settings = processor, processor.to_json_string()
        self.side = _clip_side(processor)
        levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
        picture = Image.fromarray(levels)  # one row of 256 pixels
        self.table = self._processed(picture, do_resize=False, do_center_crop=False)[:, 0]  # (3, 256)

    def is_of(self, processor: Any) -> bool:
        """Whether it was made for this processor with these settings."""
        return processor is self.processor and bool(processor.to_json_string() == self._settings)

    def shrink(self, picture: Image.Image) -> NDArray[Any]:
        """Resize and crop one picture: uint8 (side, side, 3), or the finished (3, h, w) of an unusual processor."""
        if self.side is None:
            return self._processed(picture)
        short = min(picture.size)
        width, height = (int(self.side[0] * length / short) for length in picture.size)
        left, top = (width - self.side[1]) // 2, (height - self.side[1]) // 2
        picture = picture.resize((width, height), self.processor.resample)
        return np.asarray(picture.crop((left, top, left + self.side[1], top + self.side[1])))

    def batch(self, shrunk: list[NDArray[Any]]) -> torch.Tensor:
        """Pixel values (n, 3, h, w), float32."""
        if self.side is None:
            return torch.from_numpy(np.stack(shrunk))
        pixels = np.stack(shrunk)
        values = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)
        for channel in range(3):
            np.take(self.table[channel], pixels[..., channel], out=values[:, channel])
        return torch.from_numpy(values)

    def _processed(self, picture: Any, **options: Any) -> NDArray[np.float32]:
        values = self.processor(images=[picture], return_tensors="np", **options)["pixel_values"][0]
        return np.asarray(values, np.float32)


def _clip_side(processor: Any) -> tuple[int, int] | None:
    """Sides after resizing and after cropping; None if the processor does anything that CLIP's does not."""
    size, crop = dict(processor.size or {}), dict(processor.crop_size or {})
    steps = (processor.do_resize, processor.do_center_crop, processor.do_rescale, processor.do_normalize)
    short, sides = size.get("shortest_edge"), {crop.get("height"), crop.get("width")}
    usual = all(steps) and not getattr(processor, "do_pad", None) and not size.get("longest_edge") and len(sides) == 1
    side = sides.pop()
    return (short, side) if usual and short and side and side <= short else None
