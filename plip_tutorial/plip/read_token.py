"""The last layer of an image tower, computed only where it is read.

CLIP takes a picture's vector from its first token. The last layer need therefore ask, and answer, for that token alone;
the keys and values of all others are still what it looks at. For ViT-B/32 this saves one part in fifteen.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class FirstToken(nn.Module):
    """A module that treats every token alike, applied to the first one; the others come out as zeros.

    Args:
        module: takes and returns (n, tokens, features).
    """

    def __init__(self, module: nn.Module) -> None:
        """Keep the module."""
        super().__init__()
        self.module = module

    def forward(self, hidden: Tensor) -> Tensor:
        """(n, tokens, features), of which only the first token counts."""
        first: Tensor = self.module(hidden[:, :1])
        result = first.new_zeros(*hidden.shape[:2], first.shape[-1])
        result[:, :1] = first
        return result


def image_reader(model: Any) -> Any:
    """A twin of a `CLIPModel` whose ``get_image_features`` gives the same ``pooler_output`` in less time.

    Only the way to the last layer is made anew, which takes no time and no memory; all else are the model's own parts,
    as they are now. The model stays as it is: its other outputs are still whole.
    """
    reader = _twin(model, "vision_model", "encoder", "layers")
    layers = reader.vision_model.encoder.layers
    name = str(len(layers) - 1)
    layers._modules[name] = last = _twin(layers[-1], "self_attn")
    last.self_attn.q_proj = FirstToken(last.self_attn.q_proj)
    last.self_attn.out_proj = FirstToken(last.self_attn.out_proj)
    last.mlp = FirstToken(last.mlp)
    return reader


def _twin(module: Any, *way: str) -> Any:
    """A second module with the same parts and weights; those on the way down are twins, too."""
    twin = object.__new__(type(module))
    twin.__dict__ = {**module.__dict__, "_modules": dict(module._modules)}
    if way:
        twin._modules[way[0]] = _twin(module._modules[way[0]], *way[1:])
    return twin
