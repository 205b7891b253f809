"""Patch dropout: the image tower reads only some patches of each picture while it is trained.

Half the patches make half the work, and a model that must name a tissue from half of a tile learns to look at all of
it. The idea is that of FLIP (Li et al. 2023, "Scaling Language-Image Pre-training via Masking"). Afterwards the model
reads whole pictures; nothing in it has changed its shape.

>>> kept_patches(16, 0.75, seed=0, step=3, total=2).shape
torch.Size([2, 4])
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from plip_tutorial.microcosm.seeding import seed_of


def kept_patches(count: int, dropped: float, *, seed: int, step: int, total: int, rows: slice | None = None) -> Tensor:
    """Which patches each picture of a batch keeps, drawn anew for every picture and step.

    Args:
        count: patches of a picture.
        dropped: share that is left out, 0 up to but not 1; at least one patch stays.
        seed: of the draws.
        step: the draw is a pure function of both.
        total: pictures of the whole batch.
        rows: the part of the batch that is wanted, since another process has the rest.

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
