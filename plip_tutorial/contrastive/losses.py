"""Learning by comparison: a picture and its caption shall be closer to each other than to all else in the batch.

For unit vectors ``x_i`` (pictures) and ``y_j`` (texts) the logits are ``l_ij = exp(logit_scale) * <x_i, y_j>``. Each
row of this table is a question with n answers, each column too, and both are graded by cross-entropy:
``loss = (cross_entropy(l, t) + cross_entropy(l.T, t)) / 2`` (InfoNCE; van den Oord et al. 2018, Radford et al. 2021).

>>> x = torch.eye(4)
>>> round(clip_loss(x, x, torch.tensor(1.0)).item(), 4)  # every picture finds its caption
0.1806
>>> round(clip_loss(torch.ones(4, 1), torch.ones(4, 1), torch.tensor(0.0)).item(), 4)  # all alike: ln(4)
1.3863
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid

MAX_LOGIT_SCALE = math.log(100)  # Radford et al. (2021), section 2.5: logits are never scaled by more than 100
BLOCK = 256  # rows of the similarity table that are held at once
SAME = 1e-6  # cosines closer than this are a tie; float32 does not know better


def clip_loss(
    image_embeddings: Tensor, text_embeddings: Tensor, logit_scale: Tensor, *, groups: Tensor | None = None
) -> Tensor:
    """Symmetric contrastive loss (Radford et al. 2021, figure 3), with several positives per row.

    Args:
        image_embeddings: unit vectors, (n, d).
        text_embeddings: unit vectors, (n, d); row i belongs to image i.
        logit_scale: natural log of the inverse temperature, scalar.
        groups: (n,) ints. Pairs of one group share an image or a caption, so they are positives of each other.
            A post with four pictures would otherwise punish the model for being right.

    Returns:
        The loss, scalar. A model that cannot tell the pairs apart scores ln(n), the *loss of chance*. With groups the
        lowest possible value is not 0 but the mean of ln(group size): the answer is spread over several right ones.

    Raises:
        ValueError: for shapes that do not fit.
    """
    images, texts, scale = _checked(image_embeddings, text_embeddings, logit_scale, groups)
    logits = scale.exp() * images @ texts.T  # (n, n)
    targets = positive_targets(groups, len(logits)).to(logits)  # rows sum to 1
    return (cross_entropy(logits, targets) + cross_entropy(logits.T, targets.T)) / 2


def positive_targets(groups: Tensor | None, n: int) -> Tensor:
    """Share of the answer that each text deserves for each image: (n, n) float32, rows sum to 1.

    Args:
        groups: (n,) ints, or None when every pair stands alone.
        n: number of pairs.

    >>> positive_targets(torch.tensor([7, 7, 3]), 3)
    tensor([[0.5000, 0.5000, 0.0000],
            [0.5000, 0.5000, 0.0000],
            [0.0000, 0.0000, 1.0000]])
    """
    if groups is None:
        return torch.eye(n)
    same = (groups[:, None] == groups[None, :]).float()
    return same / same.sum(1, keepdim=True)


def siglip_loss(
    image_embeddings: Tensor,
    text_embeddings: Tensor,
    logit_scale: Tensor,
    logit_bias: Tensor,
    *,
    groups: Tensor | None = None,
) -> Tensor:
    """Sigmoid loss (Zhai et al. 2023, algorithm 1): each cell of the table is a yes-or-no question of its own.

    No row is normalised, so nothing depends on the rest of the batch, and several positives need no special care.

    Args:
        image_embeddings: unit vectors, (n, d).
        text_embeddings: unit vectors, (n, d).
        logit_scale: natural log of the inverse temperature, scalar; the paper starts at ln(10).
        logit_bias: scalar, -10 at the start in the paper: nearly all cells are negatives, and the bias says so.
        groups: (n,) ints; pairs of one group are positives of each other.
    """
    images, texts, scale = _checked(image_embeddings, text_embeddings, logit_scale, groups)
    logits = scale.exp() * images @ texts.T + logit_bias  # (n, n)
    signs = torch.where(positive_targets(groups, len(logits)).to(logits) > 0, 1.0, -1.0)
    return -logsigmoid(signs * logits).sum() / len(logits)


def blocked_clip_loss(
    image_embeddings: Tensor,
    text_embeddings: Tensor,
    logit_scale: Tensor,
    *,
    groups: Tensor | None = None,
    block: int = BLOCK,
) -> Tensor:
    """The same number and the same gradients as `clip_loss`, without the (n, n) table.

    Cross-entropy is "log of the row's sum of exponentials, minus the right logit". The right logits need n dot products
    and no table. The sums are gathered from strips of ``block`` rows, each forgotten at once and made again on the way
    back: one more matrix product (4 in place of 3) for n * block numbers in place of a few times n * n.

    Args:
        image_embeddings: unit vectors, (n, d).
        text_embeddings: unit vectors, (n, d).
        logit_scale: natural log of the inverse temperature, scalar.
        groups: (n,) ints, as in `clip_loss`.
        block: rows of the table held at once.

    Raises:
        ValueError: for shapes that do not fit.
        RuntimeError: on the way back with ``create_graph=True``: there is no second derivative.
    """
    images, texts, scale = _checked(image_embeddings, text_embeddings, logit_scale, groups)
    scaled = scale.exp() * images
    # `positive_targets` is symmetric, since all members of a group have the same number of positives. So both
    # directions ask for the same right logits: each image against the mean text of its group.
    right = (scaled * group_means(texts, groups)).sum(1)
    sums: Tensor = _LogSums.apply(scaled, texts, block)  # type: ignore[no-untyped-call]
    return sums - right.mean()


def group_means(vectors: Tensor, groups: Tensor | None) -> Tensor:
    """Replace each vector by the mean of its group: (n, d) to (n, d).

    >>> group_means(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([1, 1, 0])).flatten().tolist()
    [1.0, 1.0, 5.0]
    """
    if groups is None:
        return vectors
    _, index, counts = torch.unique(groups, return_inverse=True, return_counts=True)
    sums = vectors.new_zeros(len(counts), vectors.shape[1]).index_add(0, index, vectors)
    means: Tensor = sums / counts[:, None]
    return means[index]


class _LogSums(torch.autograd.Function):
    """Mean of the log-sum-exp of all rows and all columns of ``scaled @ texts.T``, strip by strip.

    A sum is kept as its largest logit and the logarithm of the rest: at a scale of 100 the two added up would lose
    digits that the gradient needs.
    """

    @staticmethod
    def forward(ctx: Any, scaled: Tensor, texts: Tensor, block: int) -> Tensor:
        # All that outlives a strip has its place beforehand; small new tensors between large ones would leave holes
        # in the memory, and their sum is the table that we wanted to avoid.
        tops, rests = scaled.new_empty(2, len(scaled))
        column_tops, column_sums = scaled.new_full((len(texts),), -math.inf), scaled.new_zeros(len(texts))
        logits = scaled.new_empty(min(block, len(scaled)), len(texts))
        for strip in _strips(len(scaled), block):
            part = torch.mm(scaled[strip], texts.T, out=logits[: len(tops[strip])])
            torch.amax(part, 1, out=tops[strip])
            torch.log((part - tops[strip, None]).exp_().sum(1), out=rests[strip])
            higher = torch.maximum(column_tops, part.amax(0))
            column_sums.mul_((column_tops - higher).exp_()).add_(part.sub_(higher).exp_().sum(0))
            column_tops.copy_(higher)
        ctx.block = block
        ctx.save_for_backward(scaled, texts, tops, rests, column_tops, column_sums.log_())
        return (tops.mean() + rests.mean() + column_tops.mean() + column_sums.mean()) / 2

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "blocked_clip_loss has no second derivative, since it forgets its strips; call it without "
                "create_graph=True, or take clip_loss."
            )
        scaled, texts, tops, rests, column_tops, column_rests = ctx.saved_tensors
        weight = gradients[0] / (2 * len(scaled))
        for_scaled, for_texts = torch.empty_like(scaled), torch.zeros_like(texts)
        logits = scaled.new_empty(min(ctx.block, len(scaled)), len(texts))
        for strip in _strips(len(scaled), ctx.block):
            part = torch.mm(scaled[strip], texts.T, out=logits[: len(tops[strip])])
            # The derivative of a log-sum-exp is the softmax; here one over the row plus one over the column.
            shares = (part - tops[strip, None]).sub_(rests[strip, None]).exp_()
            shares.add_(part.sub_(column_tops).sub_(column_rests).exp_()).mul_(weight)
            torch.mm(shares, texts, out=for_scaled[strip])
            for_texts.addmm_(shares.T, scaled[strip])
        return for_scaled, for_texts, None


def _strips(n: int, block: int) -> Iterator[slice]:
    return (slice(start, start + block) for start in range(0, n, block))


def pair_recall(images: Tensor, texts: Tensor, groups: Tensor | None = None, *, k: int = 1) -> float:
    """Share of images with a right text among the k nearest, and of texts with a right image, averaged.

    With k = 1 this is the accuracy in the batch. Shapes as in `clip_loss`.

    >>> pair_recall(torch.eye(3), torch.eye(3))
    1.0
    """
    groups = torch.arange(len(images), device=images.device) if groups is None else groups
    hits = 0
    for queries, targets in ((images, texts), (texts, images)):
        for strip in _strips(len(queries), BLOCK):
            nearest = (queries[strip] @ targets.T).topk(min(k, len(targets)), dim=1).indices
            hits += int((groups[nearest] == groups[strip, None]).any(1).sum())
    return hits / (2 * len(images))


def mean_reciprocal_rank(images: Tensor, texts: Tensor, groups: Tensor | None = None) -> float:
    """One over the place at which the first right partner is found, averaged over both directions.

    It tells two models apart where the recall among ten cannot: on ten pairs that is 1 for every model. Partners that
    are equally near are taken in random order, and the place is the one expected then. So a model that gives all
    pictures one vector finds nothing. Shapes as in `clip_loss`.

    >>> mean_reciprocal_rank(torch.eye(3), torch.eye(3))
    1.0
    >>> mean_reciprocal_rank(torch.ones(3, 1), torch.ones(3, 1))  # all alike: the second of three places
    0.5
    """
    groups = torch.arange(len(images), device=images.device) if groups is None else groups
    total = 0.0
    for queries, targets in ((images, texts), (texts, images)):
        for strip in _strips(len(queries), BLOCK):
            scores, right = queries[strip] @ targets.T, groups[strip, None] == groups
            best = scores.masked_fill(~right, -math.inf).amax(1, keepdim=True)
            tied = (scores - best).abs() <= SAME
            ahead, wrong, good = (part.sum(1) for part in (scores > best + SAME, tied & ~right, tied & right))
            total += float((1 / (1 + ahead + wrong / (good + 1))).sum())
    return total / (2 * len(images))


def _checked(images: Tensor, texts: Tensor, scale: Tensor, groups: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The arguments of a loss, at least in float32: a similarity in half precision has two digits at a scale of 100."""
    if images.ndim != 2 or images.shape != texts.shape or not len(images):
        raise ValueError(
            f"image and text embeddings must both be (n, d) with n > 0; got {tuple(images.shape)} and "
            f"{tuple(texts.shape)}."
        )
    if groups is not None and groups.shape != images.shape[:1]:
        raise ValueError(f"groups must be ({len(images)},), one number for each pair; got {tuple(groups.shape)}.")
    images, texts, scale = (
        x.float() if x.dtype in (torch.float16, torch.bfloat16) else x for x in (images, texts, scale)
    )
    return images, texts, scale
