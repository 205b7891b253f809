"""Pairs as tensors, dealt out in an order that is a pure function of the seed.

Which pairs meet at step ``s`` follows from ``(seed, epoch)`` and nothing else, and so do the patches of each picture
that are read. A run that was killed can go on in the middle of an epoch without having noted where it was: nothing is
lost, nothing comes twice.

>>> sorted(int(row) for step in range(3) for row in batch_rows(step, 10, 4, seed=0)) == list(range(10))
True
>>> [len(batch_rows(step, 10, 4, seed=0)) for step in range(3)]  # near-equal batches, never a rest of one
[4, 3, 3]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Module

from plip_tutorial.microcosm.seeding import rng, seed_of


@dataclass(frozen=True)
class Batch:
    """One batch, or a chunk of one.

    Attributes:
        pixels: float32, (n, 3, h, w), normalised as the model wants it.
        tokens: int64, (n, length), padded to the longest caption of the batch.
        patches: int64, (n, k), the patches that are read of each picture; None is all of them.
    """

    pixels: Tensor
    tokens: Tensor
    patches: Tensor | None = None

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pixels)

    def chunks(self, size: int) -> list[Batch]:
        """Cut into pieces of ``size`` pairs; the last may be smaller."""
        parts = [slice(start, start + size) for start in range(0, len(self), size)]
        patches = [None if self.patches is None else self.patches[part] for part in parts]
        return [Batch(self.pixels[part], self.tokens[part], p) for part, p in zip(parts, patches, strict=True)]


@dataclass(frozen=True)
class PairTensors:
    """Pictures and captions as tensors, one row a pair; `pairs.as_tensors` makes them of a table.

    Attributes:
        pictures: uint8, (n, 3, h, w), scaled and cropped; ``pictures[rows]`` may also decode when it is asked.
        tokens: int64, (n, longest), padded.
        lengths: (n,), tokens of each caption without the padding.
        groups: int64, (n,); rows of one group share a picture or a caption.
        mean: (3, 1, 1) in grey levels: what the model wants subtracted,
        std: (3, 1, 1) and divided by.
    """

    pictures: Any
    tokens: Tensor
    lengths: Tensor
    groups: Tensor
    mean: Tensor
    std: Tensor

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.tokens)

    def batch(self, rows: NDArray[np.int64], pictures: Tensor, patches: Tensor | None = None) -> Batch:
        """Join the captions of ``rows`` to ``pictures`` (float, 0 to 255), on the device of the pictures."""
        pixels = (pictures - self.mean.to(pictures)) / self.std.to(pictures)
        return Batch(pixels, self.tokens[rows, : int(self.lengths[rows].max())].to(pictures.device), patches)


def batch_rows(step: int, n: int, batch_size: int, *, seed: int) -> NDArray[np.int64]:
    """Rows that meet at ``step``: the epoch's order, cut into batches of near-equal size, at most ``batch_size``."""
    batches = math.ceil(n / batch_size)
    epoch, place = divmod(step, batches)
    return np.array_split(rng("order", seed, epoch).permutation(n), batches)[place]


def kept_patches(count: int, dropped: float, *, seed: int, step: int, total: int, rows: slice | None = None) -> Tensor:
    """Which patches each picture of a batch keeps, drawn anew for every picture and step.

    Half the patches make half the work, and a model that must name a tissue from half of a tile learns to look at all
    of it (FLIP; Li et al. 2023). Once trained the model reads whole pictures.

    Of the ``count`` patches of a picture the share ``dropped`` is left out, 0 up to but not 1; at least one stays. The
    other arguments are those of `augment`.

    Returns:
        int64, (n, kept): places in reading order, ascending, from 0.
    """
    draw = torch.Generator().manual_seed(seed_of("patches", seed, step))
    order = torch.rand((total, count), generator=draw).argsort(dim=1)[rows or slice(None)]
    return order[:, : max(1, round(count * (1 - dropped)))].sort(dim=1).values


@contextmanager
def reading(embeddings: Module, kept: Tensor | None) -> Iterator[None]:
    """Inside the ``with``, a vision tower goes on with the class token and the patches ``kept``, (n, k), alone.

    ``embeddings`` is the tower's module that gives one vector to each token, its place already added: (n, 1 + patches,
    width). None keeps everything.
    """
    if kept is None:
        yield
        return

    def choose(_: Module, __: Any, tokens: Tensor) -> Tensor:
        rows = torch.cat([torch.zeros_like(kept[:, :1]), kept + 1], dim=1).to(tokens.device)
        return tokens.gather(1, rows.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))

    handle = embeddings.register_forward_hook(choose)
    try:
        yield
    finally:
        handle.remove()
