"""The blocked loss beside the plain one: time and peak memory of one forward and backward pass, as ratios.

    python benchmarks/contrastive_memory.py [n, default 16384] [d, default 512]

The aim: at most 1/6 of the memory at no more than 1.5 times the time, with the same value and gradients (1e-5).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from measure import compare
from torch import Tensor
from torch.nn.functional import normalize

from plip_tutorial.contrastive.losses import blocked_clip_loss, clip_loss

LOSSES: dict[str, Callable[..., Tensor]] = {"plain": clip_loss, "blocked": blocked_clip_loss}


def example(n: int, d: int) -> list[Tensor]:
    """Embeddings of pairs that are somewhat alike, and a logit scale."""
    torch.manual_seed(0)
    images = normalize(torch.randn(n, d), dim=1)
    texts = normalize(images + 2 * normalize(torch.randn(n, d), dim=1), dim=1)
    return [tensor.requires_grad_() for tensor in (images, texts, torch.tensor(3.0))]


def prepare(name: str, n: int, d: int) -> Callable[[], list[Tensor]]:
    """A function that goes through the loss once and back, and returns value and gradients."""
    inputs = example(n, d)

    def work() -> list[Tensor]:
        value = LOSSES[name](*inputs)
        return [value.detach(), *torch.autograd.grad(value, inputs)]

    return work


def main(n: int, d: int) -> None:
    """Print both costs, their ratios, and the largest relative difference of value and gradients."""
    compare(prepare, {name: (name, n, d) for name in LOSSES}, rounds=1)
    results = zip(prepare("plain", n, d)(), prepare("blocked", n, d)(), strict=True)
    worst = max(float((a - b).norm() / b.norm()) for a, b in results)
    print(f"largest relative difference of value and gradients: {worst:.1e}")


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:]] or (16384, 512))
