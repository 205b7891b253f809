"""Gradient caching beside the plain full batch: time and peak memory of one training step, as ratios.

    python benchmarks/gradcache_memory.py [batch, default 128] [chunk, default 16]

The aim: at most 1/3 of the memory at no more than 1.4 times the time, with the same gradients (1e-5). The optimizer's
step is left out: it costs the same in both.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from measure import compare
from torch import Tensor
from torch.nn.functional import normalize
from transformers import CLIPModel
from transformers.utils import logging

from plip_tutorial.artifacts import tiny_architecture
from plip_tutorial.contrastive.losses import clip_loss
from plip_tutorial.finetune.gradcache import backward

WORDS = 24  # tokens of a caption


def prepare(base: Path, batch: int, chunk: int) -> Callable[[], list[Tensor]]:
    """A function that computes and returns all gradients of one batch."""
    torch.manual_seed(0)
    model: Any = CLIPModel.from_pretrained(base, attn_implementation="sdpa").train()
    side, vocabulary = model.config.vision_config.image_size, model.config.text_config.vocab_size
    tokens = torch.randint(vocabulary - 2, (batch, WORDS))
    tokens[:, -1] = model.config.text_config.eos_token_id
    chunks = list(zip(torch.randn(batch, 3, side, side).split(chunk), tokens.split(chunk), strict=True))  # type: ignore[no-untyped-call]

    def embed(part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        images = model.get_image_features(pixel_values=part[0]).pooler_output
        return normalize(images, dim=1), normalize(model.get_text_features(input_ids=part[1]).pooler_output, dim=1)

    def work() -> list[Tensor]:
        model.zero_grad()
        backward(embed, chunks, lambda images, texts: clip_loss(images, texts, model.logit_scale))
        return [parameter.grad for parameter in model.parameters()]

    return work


def main(batch: int, chunk: int) -> None:
    """Print both costs, their ratios, and the relative difference of the gradients."""
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as folder:
        base = tiny_architecture.untrained(Path(folder) / "tiny")
        compare(prepare, {"one go": (base, batch, batch), "cached": (base, batch, chunk)}, rounds=4)
        pairs = list(zip(prepare(base, batch, batch)(), prepare(base, batch, chunk)(), strict=True))
    whole, parts = (torch.cat([gradient.flatten() for gradient in side]) for side in zip(*pairs, strict=True))
    print(f"relative difference of all gradients: {float((whole - parts).norm() / whole.norm()):.1e}")


if __name__ == "__main__":
    main(*[int(word) for word in sys.argv[1:]] or (128, 16))
