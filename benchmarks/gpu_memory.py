"""What would fit a GPU, computed without one: the table of the page on the memory of a GPU.

    python benchmarks/gpu_memory.py

Training needs memory for three things. Weights, gradients and the two running averages of AdamW take 16 bytes a weight,
whatever the batch. Activations that wait for the way back grow with the pairs that go through the encoders at once, the
*chunk*. And the pictures of the whole batch lie on the GPU. Without a gradient cache the batch is one chunk. The bytes
are counted on tensors that have shapes and no contents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import CLIPConfig, CLIPModel

from plip_tutorial.finetune.gradcache import kept_activations

T4 = 15e9  # bytes of a free Colab GPU
RESERVED = 1e9  # for the libraries on the GPU, and for what is lost between blocks: a guess
STATE = 16  # bytes a weight: itself, its gradient, two running averages, float32
PICTURE = 4 + 4 + 1  # bytes a value of a picture: varied, normalised, as decoded
TOKENS = 77


class Activations(NamedTuple):
    """Number of weights of a model; bytes that are kept whatever the batch, and for each pair."""

    weights: int
    fixed: float
    per_pair: float


def activations(config: CLIPConfig, *, half: bool) -> Activations:
    """Count what a forward pass of both encoders keeps; it is linear in the pairs, so two sizes tell all."""
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = CLIPModel(config).train()
        two, three = (forward(model, n, half=half) for n in (2, 3))
    return Activations(sum(p.numel() for p in model.parameters()), 3 * two - 2 * three, three - two)


def forward(model: Any, n: int, *, half: bool) -> int:
    """Bytes that a forward pass of n pairs keeps besides the weights."""
    side = model.config.vision_config.image_size
    with kept_activations(model.parameters()) as kept:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):  # as many bytes as fp16 on a GPU
            images = model.get_image_features(pixel_values=torch.zeros(n, 3, side, side)).pooler_output
            texts = model.get_text_features(input_ids=torch.ones(n, TOKENS, dtype=torch.long)).pooler_output
        del images, texts
    return kept.peak


def table(models: Mapping[str, CLIPConfig], *, memory: float = T4, chunk: int = 32) -> pd.DataFrame:
    """How many pairs fit, for several models, in float32 and in fp16 with float32 weights.

    Returns:
        A row for each: GB of the training state, MB a pair, the largest batch without a gradient cache (all pairs at
        once), and with it (``chunk`` pairs at once; the pictures of the batch are the limit). 0 where nothing fits.
    """
    rows = {}
    for name, config in models.items():
        for precision in ("float32", "fp16"):
            found = activations(config, half=precision == "fp16")
            seen: Any = config.vision_config
            pictures = PICTURE * 3 * seen.image_size**2
            left = memory - RESERVED - STATE * found.weights - found.fixed
            rows[f"{name}, {precision}"] = {
                "weights and optimizer, GB": round(STATE * found.weights / 1e9, 1),
                "activations, MB a pair": round(found.per_pair / 1e6),
                "batch in one go": max(0, int(left / (found.per_pair + pictures))),
                f"batch in chunks of {chunk}": max(0, int((left - chunk * found.per_pair) / pictures)),
            }
    return pd.DataFrame(rows).T


def vit_l_14() -> CLIPConfig:
    """The published size of CLIP ViT-L/14 (Radford et al. 2021, table 20)."""
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24}
    return CLIPConfig(text_config=text, vision_config={**vision, "patch_size": 14}, projection_dim=768)


if __name__ == "__main__":
    print(table({"ViT-B/32": CLIPConfig(), "ViT-L/14": vit_l_14()}).to_string())
