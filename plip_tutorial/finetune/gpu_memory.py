"""What would fit a GPU, computed without one: bytes are counted on tensors that have shapes and no contents.

Training needs memory for three things. Weights, gradients and the two running averages of AdamW take 16 bytes a weight,
whatever the batch. Activations that wait for the way back grow with the pairs that go through the encoders at once, the
*chunk*. And the pictures of the whole batch lie on the GPU. Without a gradient cache the batch is one chunk.

>>> round(activations(CLIPConfig(), half=False).per_pair / 1e6) in range(60, 100)  # ViT-B/32, MB a pair
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import CLIPConfig, CLIPModel

T4 = 15e9  # bytes of a free Colab GPU
RESERVED = 1e9  # for the libraries on the GPU, and for what is lost between blocks: a guess
STATE = 16  # bytes a weight: itself, its gradient, two running averages, float32
PICTURE = 4 + 4 + 1  # bytes a value of a picture: varied, normalised, as decoded
CHUNK = 32  # pairs embedded at once with the gradient cache
TOKENS = 77


def vit_l_14() -> CLIPConfig:
    """The published size of CLIP ViT-L/14 (Radford et al. 2021, table 20)."""
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}
    vision = {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24}
    return CLIPConfig(text_config=text, vision_config={**vision, "patch_size": 14}, projection_dim=768)


@dataclass(frozen=True)
class Activations:
    """What waits for the way back, in bytes.

    Attributes:
        weights: number of weights of the model.
        fixed: kept whatever the batch, such as half-precision copies of the weights.
        per_pair: kept for each pair.
    """

    weights: int
    fixed: float
    per_pair: float


def activations(config: CLIPConfig, *, half: bool) -> Activations:
    """Count what a forward pass of both encoders keeps; it is linear in the pairs, so two sizes tell all."""
    return _activations(config.to_json_string(), half)


@lru_cache
def _activations(config: str, half: bool) -> Activations:
    settings = CLIPConfig.from_dict(json.loads(config))
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = CLIPModel(settings).train()
        two, three = (kept(model, n, half=half) for n in (2, 3))
    return Activations(sum(p.numel() for p in model.parameters()), 3 * two - 2 * three, three - two)


def kept(model: Any, n: int, *, half: bool) -> int:
    """Bytes that autograd keeps of n pairs besides the weights; memory that is kept twice counts once."""
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    found, alive = {}, []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights:
            found[storage._cdata] = storage.nbytes()
            alive.append(storage)  # else its address could be given to another
        return tensor

    side = model.config.vision_config.image_size
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):  # as many bytes as fp16 on a GPU
            outputs = (
                model.get_image_features(pixel_values=torch.zeros(n, 3, side, side)).pooler_output,
                model.get_text_features(input_ids=torch.ones(n, TOKENS, dtype=torch.long)).pooler_output,
            )
        del outputs
    return sum(found.values())


def plan(config: CLIPConfig, *, half: bool, memory: float = T4, chunk: int = CHUNK) -> dict[str, float]:
    """How many pairs fit.

    Args:
        config: the model.
        half: fp16 with float32 weights, as on a T4, or all in float32.
        memory: bytes of the GPU.
        chunk: pairs embedded at once with the gradient cache.

    Returns:
        GB of the training state, MB a pair, the largest batch without a gradient cache (all pairs at once), and with it
        (``chunk`` pairs at once; the pictures of the batch are the limit). 0 where nothing fits.
    """
    found = activations(config, half=half)
    seen: Any = config.vision_config
    pictures = PICTURE * 3 * seen.image_size**2
    left = memory - RESERVED - STATE * found.weights - found.fixed
    return {
        "weights and optimizer, GB": STATE * found.weights / 1e9,
        "activations, MB a pair": found.per_pair / 1e6,
        "batch in one go": max(0, int(left / (found.per_pair + pictures))),
        f"batch in chunks of {chunk}": max(0, int((left - chunk * found.per_pair) / pictures)),
    }


def table(models: Mapping[str, CLIPConfig], *, memory: float = T4) -> pd.DataFrame:
    """`plan` for several models, each in float32 and in fp16."""
    rows = {
        f"{name}, {precision}": plan(config, half=half, memory=memory)
        for name, config in models.items()
        for precision, half in (("float32", False), ("fp16", True))
    }
    return pd.DataFrame(rows).T.round({"weights and optimizer, GB": 1, "activations, MB a pair": 0})
