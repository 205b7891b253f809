"""LoRA: leave the weights as they are and learn a small correction beside each (Hu et al. 2022).

A matrix ``W`` of d x d becomes ``W + B A`` with ``A`` of r x d and ``B`` of d x r. For a small rank r that is a few per
cent of the numbers, so the optimizer needs little memory. When the model is saved, the corrections are added in: what
comes out is a plain CLIP.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

LAYERS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
PREFIX = "weight."  # of the corrections among the saved tensors
WRAPPER = "base_model.model."  # what peft puts before the names of a model's parameters


def add_corrections(model: Module, rank: int, *, seed: int) -> Any:
    """Freeze ``model`` and put a trainable correction of rank ``rank`` beside each matrix of its blocks.

    The logit scale stays trainable.

    Raises:
        ImportError: without the optional library peft.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ImportError("lora_rank needs the library peft: pip install peft") from error
    torch.manual_seed(seed)
    corrected = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LAYERS))
    corrected.logit_scale.requires_grad_(True)
    return corrected


def merged(model: Any) -> Any:
    """A plain model with the corrections added in; ``model`` itself stays as it is."""
    return copy.deepcopy(model).merge_and_unload()


def corrections(model: Module) -> dict[str, Tensor]:
    """What was trained, by name, to be saved."""
    return {PREFIX + name: p for name, p in model.named_parameters() if p.requires_grad}


def load_corrections(model: Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `corrections` gave."""
    for name, parameter in corrections(model).items():
        parameter.data.copy_(tensors[name])
