"""Pairs that are held out and judge: which ones, and by what measure, so that few pairs choose sensibly.

Whole groups are held out, since a caption or a picture that a model has seen says nothing. A table of labels is another
case. Its captions are the names of a few classes, each group is a class, and whoever holds a group out never teaches
that class. There single pictures are held out, some of every class.

The best model is the one with the highest mean reciprocal rank, and among equals the latest. The recall among ten would
not do, on ten pairs it is 1 for every model; nor would the loss, which grows while a model becomes sure of itself and
still finds more.

    held, words = hold_out(pairs, 0.1)
    train, validation = pairs.select(np.flatnonzero(~held)), pairs.select(np.flatnonzero(held))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any
from warnings import warn

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from plip_tutorial.contrastive.losses import mean_reciprocal_rank, pair_recall
from plip_tutorial.finetune.batches import Batch, PairTensors, checked, groups_of
from plip_tutorial.finetune.identity import picture_digests
from plip_tutorial.sources import own_tiles

DEPTH = 10  # recall: is the partner among the first ten?
FEW = 10  # fewer held-out pairs than that choose almost by chance
POOR = 100  # fewer pairs than that teach little
OFTEN = 5  # pairs for each caption, on average, from where on captions are names of classes


def recall_depth(n: int) -> int:
    """How deep the recall looks among n pairs: at ten, or at the first tenth of fewer than a hundred.

    >>> [recall_depth(n) for n in (5, 40, 100, 5000)]
    [1, 4, 10, 10]
    """
    return max(1, min(DEPTH, n // 10))


def hold_out(pairs: Dataset, share: float, *, seed: int = 0) -> tuple[NDArray[np.bool_], str]:
    """Mask (n,) of about ``share`` of the pairs, and a sentence that says how they were chosen.

    Args:
        pairs: columns ``image``, ``text`` and, optional, ``group_id``.
        share: from 0, for none, to below 1.
        seed: of the choice.

    Raises:
        ValueError: for another share, or one that leaves no pair to learn from.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share of held-out pairs goes from 0 to below 1; got {share}. Try 0.1.")
    n, groups = len(pairs), groups_of(pairs)
    if share == 0:
        return np.zeros(n, bool), "none held out: the last model is kept"
    if len(set(pairs["text"])) * OFTEN <= n:
        held, words = (
            _of_each_caption(pairs, share, seed),
            "some pictures of each caption, since few captions name them all",
        )
    else:
        held, words = own_tiles.hold_out(groups, share, seed=seed), "whole groups that share a picture or a caption"
    if len(np.unique(groups[held])) < 2:
        return np.zeros(n, bool), f"none held out, as {share:g} of {n} pairs is too few: the last model is kept"
    if held.all():
        raise ValueError(f"a share of {share:g} holds out all {n} pairs, and none is left to learn from. Try 0.1.")
    return held, f"{held.sum()} held out to choose the best model ({words})"


def _of_each_caption(pairs: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """Hold out a share of the pictures of each caption; all pairs of a picture go together."""
    _, picture = np.unique([digest.hex() for digest in picture_digests(pairs)], return_inverse=True)
    own, first = np.unique(picture, return_index=True)  # a picture with several captions counts for its first
    caption = np.asarray(pairs["text"])[first]
    draw, held = np.random.default_rng(seed), np.zeros(len(own), bool)
    for name in np.unique(caption):
        places = draw.permutation(np.flatnonzero(caption == name))
        held[places[: min(math.floor(share * len(places) + 0.5), len(places) - 1)]] = True
    return held[picture]


def refuse_untrainable(pairs: Dataset) -> None:
    """Stop at a table that cannot teach anything; warn of one that teaches little.

    Raises:
        TypeError, ValueError: as `checked`; and for a single pair, or pairs that all belong to one group.
    """
    n = len(checked(pairs))
    groups = len(np.unique(groups_of(pairs)))
    if groups < 2:
        what = "There is a single pair" if n == 1 else f"All {n} pairs are of one group"
        raise ValueError(
            f"{what}, so no caption is wrong for any picture and nothing can be learnt. Pairs are of one group if they "
            "share a caption or a picture, directly or through others: add others, or leave out the captions of all."
        )
    told = f"There are only {n} pairs of {groups} groups: expect a model that"
    if n < POOR:
        warn(f"{told} knows these by heart and little else.", stacklevel=3)
    elif groups < FEW:
        warn(f"{told} tells these groups apart and little else.", stacklevel=3)


def judges(validation: Dataset | None) -> Dataset | None:
    """The held-out pairs if they can tell two models apart, else None; a warning says why."""
    if validation is None:
        return None
    groups = len(np.unique(groups_of(validation))) if len(validation) else 0
    told = f"The {len(validation)} held-out pairs are of {groups} group{'s' * (groups != 1)}"
    if groups < 2:
        warn(f"{told} and cannot tell models apart: nothing is validated, and the last model is kept.", stacklevel=3)
        return None
    if len(validation) < FEW:
        warn(f"{told}: with so few, the choice of the best model is largely chance. Hold out more.", stacklevel=3)
    return validation


class Judge:
    """Held-out pairs as tensors, decoded when they are first asked for."""

    def __init__(self, pairs: Dataset, processor: Any, text_config: Any) -> None:
        """Note the pairs, and the processor and the text configuration of the model that is judged."""
        self._of = pairs, processor, text_config

    @cached_property
    def feed(self) -> PairTensors:
        """The pairs as tensors."""
        return PairTensors(*self._of)

    @torch.no_grad()
    def look(self, embed: Callable[[Batch], tuple[Tensor, Tensor]], *, size: int, device: Any) -> dict[str, float]:
        """What a model scores on the pairs.

        Args:
            embed: pictures and captions to unit vectors.
            size: pairs that are embedded at once.
            device: where.

        Returns:
            ``validation_recall`` at `recall_depth`, and ``validation_rank``, the mean reciprocal rank.
        """
        parts = []
        for rows in np.array_split(np.arange(len(self.feed)), math.ceil(len(self.feed) / size)):
            parts.append(embed(self.feed.batch(rows, self.feed.pictures(rows).to(device).float())))
        images, texts = (torch.cat(side) for side in zip(*parts, strict=True))
        groups = self.feed.groups.to(images.device)
        return {
            "validation_recall": pair_recall(images, texts, groups, k=recall_depth(len(groups))),
            "validation_rank": mean_reciprocal_rank(images, texts, groups),
        }
