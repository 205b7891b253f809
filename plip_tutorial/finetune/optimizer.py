"""Which weights move, and by which rule: AdamW with CLIP's settings, and parts of the model that stay frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn import Parameter

from plip_tutorial.finetune.lora import WRAPPER

if TYPE_CHECKING:
    from plip_tutorial.finetune.loop import TrainConfig

BETAS, EPSILON = (0.9, 0.98), 1e-6  # Radford et al. (2021), table 18, for vision transformers


def adamw(parameters: list[Parameter], config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; biases, norms and the logit scale (one dimension or none) take no weight decay."""
    matrices = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay}
    others = {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}
    kinds = [kind for kind in (matrices, others) if kind["params"]]
    return torch.optim.AdamW(kinds, lr=config.learning_rate, betas=BETAS, eps=EPSILON)


def freeze(model: Any, beginnings: tuple[str, ...]) -> None:
    """Leave the parameters whose names begin so as they are, and low-rank corrections beside them as well.

    Raises:
        ValueError: for a beginning that no name has, or if nothing is left to train.
    """
    named = [(name.removeprefix(WRAPPER), parameter) for name, parameter in model.named_parameters()]
    for beginning in beginnings:
        found = [parameter for name, parameter in named if name.startswith(beginning)]
        if not found:
            known = ", ".join(dict.fromkeys(name.split(".")[0] for name, _ in named))
            raise ValueError(f"no parameter's name begins with {beginning!r}. The parts of this model are {known}.")
        for parameter in found:
            parameter.requires_grad_(False)
    if not any(parameter.requires_grad for _, parameter in named):
        raise ValueError(f"freeze={beginnings} leaves nothing to train. Leave one of them out.")
