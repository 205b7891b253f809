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
from typing import Any
from warnings import warn

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor

from plip_tutorial.contrastive.losses import mean_reciprocal_rank, pair_recall
from plip_tutorial.finetune.data import Batch, PairTensors
from plip_tutorial.finetune.identity import picture_digests
from plip_tutorial.finetune.pairs import FEW, groups_of

DEPTH = 10  # recall: is the partner among the first ten?
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
        words = "some pictures of each caption, since few captions name them all"
        _, picture = np.unique([digest.hex() for digest in picture_digests(pairs)], return_inverse=True)
        own, first = np.unique(picture, return_index=True)  # a picture with several captions counts for its first
        caption = np.asarray(pairs["text"])[first]
        draw, chosen = np.random.default_rng(seed), np.zeros(len(own), bool)
        for name in np.unique(caption):
            places = draw.permutation(np.flatnonzero(caption == name))
            chosen[places[: min(math.floor(share * len(places) + 0.5), len(places) - 1)]] = True
        held = chosen[picture]  # all pairs of a picture go together
    else:
        words = "whole groups that share a picture or a caption"
        names, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
        order = np.random.default_rng(seed).permutation(len(names))
        before = np.cumsum(counts[order]) - counts[order]  # a group is held out if its middle lies within the share
        held = np.isin(inverse, order[before + counts[order] / 2 < share * n])
    if len(np.unique(groups[held])) < 2:
        return np.zeros(n, bool), f"none held out, as {share:g} of {n} pairs is too few: the last model is kept"
    if held.all():
        raise ValueError(f"a share of {share:g} holds out all {n} pairs, and none is left to learn from. Try 0.1.")
    return held, f"{held.sum()} held out to choose the best model ({words})"


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


@torch.no_grad()
def look(
    pairs: PairTensors, embed: Callable[[Batch], tuple[Tensor, Tensor]], size: int, *, device: Any
) -> dict[str, float]:
    """What a model scores on held-out pairs: ``validation_recall`` at `recall_depth`, and the mean reciprocal rank.

    ``embed`` makes unit vectors of pictures and captions, of ``size`` pairs at once.
    """
    parts = np.array_split(np.arange(len(pairs)), math.ceil(len(pairs) / size))
    vectors = [embed(pairs.batch(rows, pairs.pictures[rows].to(device).float())) for rows in parts]
    images, texts = (torch.cat(side) for side in zip(*vectors, strict=True))
    groups = pairs.groups.to(images.device)
    return {
        "validation_recall": pair_recall(images, texts, groups, k=recall_depth(len(groups))),
        "validation_rank": mean_reciprocal_rank(images, texts, groups),
    }
