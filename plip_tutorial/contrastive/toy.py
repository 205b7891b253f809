"""A CLIP of about a thousand weights, for looking at: it learns while you watch, and its space can be drawn on paper.

The image encoder sees the colour of a picture and how rough it is at five scales, the text encoder the words of a
caption without their order, and both point to a place on a circle (or a sphere). The loss is the real one.

>>> pairs = some_pairs(["adipose", "lymphocytes"], 20)
>>> run = train(ToyClip(pairs), pairs, steps=30)
>>> run.frames[0].shape  # pictures first, then captions
(40, 2)
>>> run.losses[-1] < run.losses[0]
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize

from plip_tutorial.contrastive.losses import MAX_LOGIT_SCALE, clip_loss
from plip_tutorial.microcosm.captions import caption
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.stain import TRAINING_LABS
from plip_tutorial.microcosm.tissue import render_tile

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class ToyPairs:
    """Pictures and captions.

    Attributes:
        pictures: uint8, (n, h, h, 3).
        texts: n captions.
        kinds: n names of tissues; the training never sees them.
        looks: (n, 18), what the image encoder sees of the pictures.
    """

    pictures: NDArray[np.uint8]
    texts: list[str]
    kinds: list[str]
    looks: Tensor

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.texts)

    def first(self, n: int) -> ToyPairs:
        """The first n of them."""
        return ToyPairs(self.pictures[:n], self.texts[:n], self.kinds[:n], self.looks[:n])


@dataclass(frozen=True)
class ToyRun:
    """What a training left behind.

    Attributes:
        losses: one a step.
        frames: embeddings at some steps, each (2 n, d): all pictures, then all captions.
        steps: the steps of the frames.
    """

    losses: list[float]
    frames: list[NDArray[np.float32]]
    steps: list[int]


def some_pairs(tissues: Sequence[str], n: int, *, seed: int = 0, size: int = 64) -> ToyPairs:
    """Draw n pairs, tissues in turn, from all training labs."""
    kinds = [tissues[i % len(tissues)] for i in range(n)]
    seeds = [seed * 100_000 + i for i in range(n)]
    labs = [TRAINING_LABS[i % len(TRAINING_LABS)] for i in seeds]
    drawn = [render_tile(k, seed=s, lab=lab, size=size) for k, s, lab in zip(kinds, seeds, labs, strict=True)]
    texts = [caption(k, seed=s) for k, s in zip(kinds, seeds, strict=True)]
    return ToyPairs(np.stack(drawn), texts, kinds, _looks(np.stack(drawn)))


class ToyClip(torch.nn.Module):
    """Two small encoders into one space, and a logit scale."""

    def __init__(self, pairs: ToyPairs, *, dim: int = 2, logit_scale: float = 2.0, seed: int = 0) -> None:
        """Learn the vocabulary and the usual colours from ``pairs``; all weights are random.

        Args:
            pairs: to be trained on.
            dim: of the common space; 2 is a circle.
            logit_scale: natural log of the inverse temperature at the start.
            seed: of the weights.
        """
        super().__init__()
        torch.manual_seed(seed)
        self.words = {word: i for i, word in enumerate(sorted({w for text in pairs.texts for w in _words(text)}))}
        self.mean, self.std = pairs.looks.mean(0), pairs.looks.std(0) + 1e-3
        self.images = torch.nn.Sequential(
            torch.nn.Linear(pairs.looks.shape[1], 32), torch.nn.GELU(), torch.nn.Linear(32, dim)
        )
        self.texts = torch.nn.Linear(len(self.words), dim)
        self.logit_scale = torch.nn.Parameter(torch.tensor(float(logit_scale)))

    def embed_images(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Unit vectors, (n, d)."""
        return self.embed_looks(_looks(pictures))

    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors, (n, d); words that were not learnt count nothing."""
        return self.embed_bags(self.bags(texts))

    def embed_looks(self, looks: Tensor) -> Tensor:
        """The same as `embed_images`, from colours and roughness."""
        return normalize(self.images((looks - self.mean) / self.std), dim=1)

    def embed_bags(self, bags: Tensor) -> Tensor:
        """The same as `embed_texts`, from the words that occur, (n, words) of 0 and 1."""
        return normalize(self.texts(bags), dim=1)

    def bags(self, texts: Sequence[str]) -> Tensor:
        """Which words occur in each text, (n, words)."""
        bags = torch.zeros(len(texts), len(self.words))
        for bag, text in zip(bags, texts, strict=True):
            bag[[self.words[word] for word in _words(text) if word in self.words]] = 1
        return bags


def train(
    model: ToyClip,
    pairs: ToyPairs,
    *,
    steps: int = 200,
    batch_size: int = 64,
    learning_rate: float = 0.01,
    frames: int = 25,
    groups: Sequence[int] | None = None,
    loss: Loss = clip_loss,
    seed: int = 0,
) -> ToyRun:
    """Train with Adam.

    Args:
        model: changed in place.
        pairs: what it learns from.
        steps: updates.
        batch_size: pairs in each.
        learning_rate: constant; a toy needs no schedule.
        frames: how many times the embeddings are noted down, more often in the beginning.
        groups: n numbers; pairs of one group are positives of each other.
        loss: called with image embeddings, text embeddings, logit scale and ``groups``.
        seed: of the order.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    numbers = torch.as_tensor(np.arange(len(pairs)) if groups is None else np.asarray(groups))
    moments = {int(step) for step in steps * np.linspace(0, 1, frames) ** 2}
    looks, bags, run = pairs.looks, model.bags(pairs.texts), ToyRun([], [], [])
    for step in range(steps + 1):
        if step in moments:
            both = torch.cat([model.embed_looks(looks), model.embed_bags(bags)])
            run.frames.append(np.asarray(both.detach().numpy(), np.float32))
            run.steps.append(step)
        rows = torch.as_tensor(rng("toy", seed, step).permutation(len(pairs))[:batch_size])
        value = loss(
            model.embed_looks(looks[rows]), model.embed_bags(bags[rows]), model.logit_scale, groups=numbers[rows]
        )
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        model.logit_scale.data.clamp_(0, MAX_LOGIT_SCALE)
        run.losses.append(float(value.detach()))
    return run


@torch.no_grad()
def accuracy(model: ToyClip, pairs: ToyPairs, labels: dict[str, str]) -> float:
    """Share of the pictures whose nearest label is that of their kind; ``labels`` gives a phrase for each kind."""
    nearest = (model.embed_looks(pairs.looks) @ model.embed_texts(list(labels.values())).T).argmax(1)
    return float(np.mean(np.array(list(labels))[nearest.numpy()] == np.array(pairs.kinds)))


def _looks(pictures: NDArray[np.uint8]) -> Tensor:
    """(n, 18): mean colour, and the spread of each colour after blurring with squares of 1, 2, 4, 8 and 16 pixels."""
    light = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
    spreads = [avg_pool2d(light, side).std((2, 3), correction=0) for side in (1, 2, 4, 8, 16)]
    return torch.cat([light.mean((2, 3)), *spreads], dim=1)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())
