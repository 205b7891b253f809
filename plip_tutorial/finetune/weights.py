"""Which weights move, by which rule, and how they are kept: AdamW, frozen parts, corrections of low rank.

AdamW has CLIP's settings. With LoRA (Hu et al. 2022) the weights stay as they are, and a small correction is learnt
beside each: a matrix ``W`` of d x d becomes ``W + B A`` with ``A`` of r x d and ``B`` of d x r. For a small rank r that
is a few per cent of the numbers, so the optimizer needs little memory. When the model is saved, the corrections are
added in: what comes out is a plain CLIP.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import Parameter
from transformers import CLIPModel, CLIPProcessor

from plip_tutorial.finetune.checkpoints import CheckpointError
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.sources.hub import quiet

BETAS, EPSILON = (0.9, 0.98), 1e-6  # Radford et al. (2021), table 18, for vision transformers
SIGLIP_BIAS = -10.0  # Zhai et al. (2023), section 3.2
BIAS, MOMENT, CORRECTION = "logit_bias", "moment.", "weight."  # names, or their beginnings, among the saved tensors
LAYERS = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
WRAPPER = "base_model.model."  # what peft puts before the names of a model's parameters


class Weights:
    """All that a training moves.

    Attributes:
        model: the CLIP, with corrections beside its matrices if ``config.lora_rank`` says so.
        of_loss: the logit scale, and SigLIP's bias.
        optimizer: AdamW, wrapped by Accelerate.
    """

    def __init__(self, model: Any, config: TrainConfig, accelerator: Accelerator) -> None:
        """Make a model that lies on the CPU ready for training.

        Raises:
            ImportError: for LoRA without the optional library peft.
            ValueError: if ``config.freeze`` names no part of the model, or leaves nothing to train.
        """
        self.lora, self._scaler = config.lora_rank > 0, accelerator.scaler
        self.model = _with_corrections(model, config.lora_rank, seed=config.seed) if self.lora else model
        freeze(self.model, config.freeze)
        self.model.to(accelerator.device)
        self.of_loss: list[Parameter] = [self.model.logit_scale]
        if config.loss == "siglip":
            self.of_loss.append(Parameter(torch.tensor(SIGLIP_BIAS, device=accelerator.device)))
        encoders = [p for p in self.model.parameters() if p is not self.model.logit_scale]
        trained = [p for p in (*encoders, *self.of_loss) if p.requires_grad]
        self.optimizer: Any = accelerator.prepare_optimizer(adamw(trained, config))

    def save(self, place: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Write the model, a plain CLIP, into a folder; give what else a run needs to go on: tensors, fp16's scaler."""
        with quiet():
            (copy.deepcopy(self.model).merge_and_unload() if self.lora else self.model).save_pretrained(place)
        tensors: dict[str, Tensor] = dict(zip([BIAS], self.of_loss[1:], strict=False))
        for index, part in self.optimizer.state_dict()["state"].items():  # the running averages of parameter `index`
            tensors |= {f"{MOMENT}{index}.{name}": torch.as_tensor(value) for name, value in part.items()}
        tensors |= {CORRECTION + name: weight for name, weight in self._corrections().items()}
        return tensors, self._scaler.state_dict() if self._scaler else {}

    def load(self, place: Path, tensors: Mapping[str, Tensor], scaler: dict[str, Any]) -> None:
        """Put back what `save` wrote and gave."""
        if not self.lora:
            with quiet():
                self.model.load_state_dict(CLIPModel.from_pretrained(place, dtype=torch.float32).state_dict())
        for name, weight in self._corrections().items():
            weight.data.copy_(tensors[CORRECTION + name])
        for bias in self.of_loss[1:]:
            bias.data.copy_(tensors[BIAS])
        load_moments(self.optimizer, tensors)
        if self._scaler and scaler:
            self._scaler.load_state_dict(scaler)

    def _corrections(self) -> dict[str, Parameter]:
        """What LoRA trains, by name."""
        return {name: p for name, p in self.model.named_parameters() if self.lora and p.requires_grad}


def adamw(parameters: list[Parameter], config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; biases, norms and the logit scale (one dimension or none) take no weight decay."""
    matrices = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay}
    others = {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}
    kinds = [kind for kind in (matrices, others) if kind["params"]]
    return torch.optim.AdamW(kinds, lr=config.learning_rate, betas=BETAS, eps=EPSILON)


def load_moments(optimizer: Any, tensors: Mapping[str, Tensor]) -> None:
    """Put running averages back, named as `Weights.save` names them.

    Raises:
        CheckpointError: if they are those of other parameters, as after a change of a library. The optimizer itself
            would take them and go wrong.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for key in (key for key in tensors if key.startswith(MOMENT)):
        index, name = key.removeprefix(MOMENT).split(".", 1)
        state.setdefault(int(index), {})[name] = tensors[key]
    shapes = [parameter.shape for group in optimizer.param_groups for parameter in group["params"]]
    if state and [state.get(i, {}).get("exp_avg", torch.empty(0)).shape for i in range(len(shapes))] != shapes:
        raise CheckpointError(
            "the checkpoint's running averages do not fit the parameters of this model. Go on with the versions of "
            "torch and transformers that it was begun with, or pass resume=False to begin anew."
        )
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


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


def _with_corrections(model: Any, rank: int, *, seed: int) -> Any:
    """Freeze ``model``, put a correction beside each matrix of its blocks; the logit scale stays trainable."""
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError as error:
        raise ImportError("lora_rank needs the library peft: pip install peft") from error
    torch.manual_seed(seed)
    corrected = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=LAYERS))
    corrected.logit_scale.requires_grad_(True)
    return corrected


def interpolate(
    first: str | os.PathLike[str], second: str | os.PathLike[str], alpha: float, output: str | os.PathLike[str]
) -> Path:
    """Mix the weights of two models of one family: ``(1 - alpha) * first + alpha * second``.

    Between a general model and its fine-tuned child often lies one that keeps most of what both can do (WiSE-FT,
    Wortsman et al. 2022). The processor is the second one's.

    Args:
        first: the ancestor.
        second: the fine-tuned model.
        alpha: share of the second, 0 to 1.
        output: directory of the mixture.

    Raises:
        ValueError: if alpha is outside 0 to 1, or the models have different weights.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is the share of the second model, 0 to 1; got {alpha}.")
    with quiet():
        model, other = (CLIPModel.from_pretrained(path, dtype=torch.float32) for path in (first, second))
    mine, theirs = model.state_dict(), other.state_dict()
    shapes = [{name: weight.shape for name, weight in weights.items()} for weights in (mine, theirs)]
    if odd := {name for name, _ in shapes[0].items() ^ shapes[1].items()}:
        raise ValueError(f"the models are not of one family: {len(odd)} weights differ in shape, such as {min(odd)}.")
    model.load_state_dict(
        {name: torch.lerp(w, theirs[name], alpha) if w.is_floating_point() else w for name, w in mine.items()}
    )
    with quiet():
        model.save_pretrained(output)
    CLIPProcessor.from_pretrained(second).save_pretrained(output)
    return Path(output)
