"""Pairs become tensors: decoded once, tokenised once, and dealt out in an order that is a pure function of the seed.

Which pairs meet at step ``s`` follows from ``(seed, epoch)`` and nothing else. A run that was killed can go on in the
middle of an epoch without having noted where it was: nothing is lost, nothing comes twice.

>>> sorted(int(row) for step in range(3) for row in batch_rows(step, 10, 4, seed=0)) == list(range(10))
True
>>> [len(batch_rows(step, 10, 4, seed=0)) for step in range(3)]  # near-equal batches, never a rest of one
[4, 3, 3]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.plip.pixels import Preprocessor
from plip_tutorial.plip.tokens import Tokens
from plip_tutorial.sources.images import load

CACHE_BYTES = 2 * 1000**3  # decoded pictures are kept in memory up to this size


@dataclass(frozen=True)
class Batch:
    """One batch, or a chunk of one.

    Attributes:
        pixels: float32, (n, 3, h, h), normalised as the model wants it.
        tokens: int64, (n, length), padded to the longest caption of the batch.
        patches: int64, (n, k), the patches that are read of each picture; None is all of them.
    """

    pixels: Tensor
    tokens: Tensor
    patches: Tensor | None = None

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pixels)

    def chunks(self, size: int) -> Iterator[Batch]:
        """Cut into pieces of ``size`` pairs; the last may be smaller."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            yield Batch(self.pixels[part], self.tokens[part], None if self.patches is None else self.patches[part])


def steps_per_epoch(n: int, batch_size: int) -> int:
    """Batches that n pairs make."""
    return math.ceil(n / batch_size)


def epoch_order(n: int, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order of an epoch: a permutation of 0 .. n - 1."""
    return rng("order", seed, epoch).permutation(n)


def batch_rows(step: int, n: int, batch_size: int, *, seed: int) -> NDArray[np.int64]:
    """Rows that meet at ``step``: the epoch's order, cut into batches of near-equal size, at most ``batch_size``."""
    count = steps_per_epoch(n, batch_size)
    epoch, place = divmod(step, count)
    return np.array_split(epoch_order(n, seed=seed, epoch=epoch), count)[place]


class PairTensors:
    """Pictures and captions of a table of pairs as tensors, by row.

    Attributes:
        groups: int64, (n,); rows of one group share a picture or a caption.
    """

    def __init__(
        self,
        pairs: Dataset,
        processor: Any,
        text_config: Any,
        *,
        cache_bytes: int = CACHE_BYTES,
        progress: bool = False,
    ) -> None:
        """Tokenise all captions, and decode all pictures if they fit into ``cache_bytes``.

        Args:
            pairs: columns ``image``, ``text`` and, optional, ``group_id``.
            processor: the `CLIPProcessor` of the model.
            text_config: the configuration of the model's text tower.
            cache_bytes: largest size of the decoded pictures in memory; beyond it they are decoded batch by batch.
            progress: show a bar while decoding.

        Raises:
            ValueError: for an empty table, missing columns or empty captions.
            UnreadableImageError: if a picture cannot be decoded.
        """
        texts = checked(pairs)
        self._pairs, self._pictures = pairs, Canvas(processor.image_processor)
        self._tokens = Tokens(processor.tokenizer, text_config)
        self._ids = self._tokens.split(texts)
        self.groups = torch.from_numpy(groups_of(pairs))
        fits = len(texts) * self._pictures.shrink(next(iter(load(pairs["image"])))).nbytes <= cache_bytes
        self._cache = self._decoded(pairs, progress) if fits else None

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self._ids)

    def pictures(self, rows: NDArray[np.int64]) -> Tensor:
        """uint8, (n, 3, h, w), scaled and cropped like the model's own processor does it."""
        if self._cache is not None:
            return self._cache[torch.as_tensor(rows)]
        return self._decoded(self._pairs.select(rows), progress=False)

    def batch(self, rows: NDArray[np.int64], pictures: Tensor) -> Batch:
        """Join the captions of ``rows`` to ``pictures`` (float, 0 to 255), on the device of the pictures."""
        tokens = self._tokens.pad([self._ids[row] for row in rows])
        return Batch(self._pictures.normalized(pictures), tokens.to(pictures.device))

    def _decoded(self, pairs: Dataset, progress: bool) -> Tensor:
        bar = tqdm(load(pairs["image"]), total=len(pairs), desc="decoding", disable=not progress, leave=False)
        shrunk = np.stack([self._pictures.shrink(picture) for picture in bar])
        return torch.from_numpy(shrunk).permute(0, 3, 1, 2).contiguous()


class Canvas:
    """The image half of a processor in two parts, so that a picture can be varied between them.

    `Preprocessor` knows CLIP's own steps. For any other processor, such as one that does not crop, the processor itself
    is called, with the second part switched off.
    """

    def __init__(self, processor: Any) -> None:
        """Take the image half of a `CLIPProcessor`."""
        self._fast, self._whole = Preprocessor(processor), processor

    def shrink(self, picture: Any) -> NDArray[np.uint8]:
        """Resize and crop one RGB picture: uint8, (h, w, 3)."""
        if self._fast.side is not None:
            return self._fast.shrink(picture)
        found = self._whole(images=[picture], do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"]
        levels: NDArray[np.uint8] = np.asarray(found[0]).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
        return levels

    def normalized(self, pictures: Tensor) -> Tensor:
        """Grey levels as float, (n, 3, h, w), to what the model reads."""
        whole = self._whole
        if whole.do_rescale:
            pictures = pictures / 255 if whole.rescale_factor == 1 / 255 else pictures * whole.rescale_factor
        if not whole.do_normalize:
            return pictures
        mean, std = (pictures.new_tensor(values).view(3, 1, 1) for values in (whole.image_mean, whole.image_std))
        return (pictures - mean) / std


def groups_of(pairs: Dataset) -> NDArray[np.int64]:
    """One number for each pair, (n,): its ``group_id``, or its own number where the table has none.

    Raises:
        ValueError: for a pair without a group.
    """
    if "group_id" not in pairs.column_names:
        return np.arange(len(pairs))
    names = list(pairs["group_id"])
    lack = [row for row, name in enumerate(names) if name is None or name != name]
    if lack:
        raise ValueError(f"{len(lack)} of {len(names)} pairs have no group_id: row {_some(lack)}. Give each one.")
    groups = np.asarray(names)
    return groups if groups.dtype == np.int64 else np.unique(groups, return_inverse=True)[1].astype(np.int64)


def checked(pairs: Any) -> list[str]:
    """The captions of a table that can be trained on.

    Raises:
        TypeError: for something else than a `datasets.Dataset`.
        ValueError: for missing columns, no rows or empty captions; rows are named.
    """
    if isinstance(pairs, dict):  # a DatasetDict is one
        parts = " or ".join(f"[{name!r}]" for name in pairs)
        raise TypeError(f"pairs is a {type(pairs).__name__} of several tables. Pass one of them: {parts}.")
    if not isinstance(pairs, Dataset):
        raise TypeError(f"pairs is a {type(pairs).__name__}; pass a datasets.Dataset, such as Dataset.from_list(rows).")
    missing = {"image", "text"} - set(pairs.column_names)
    if missing or not len(pairs):
        lack = f"it lacks the column {' and '.join(sorted(missing))}" if missing else "it is empty"
        raise ValueError(f"the table of pairs cannot be trained on: {lack}.")
    texts = list(pairs["text"])
    empty = [row for row, text in enumerate(texts) if not (isinstance(text, str) and text.strip())]
    if empty:
        raise ValueError(
            f"{len(empty)} of {len(texts)} captions are empty or no text: row {_some(empty)}. Leave such pairs out."
        )
    return texts


def _some(rows: list[int]) -> str:
    return ", ".join(map(str, rows[:10])) + (", ..." if len(rows) > 10 else "")
