"""The settings of a run, and the learning rate that follows from them at each step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from torch import Tensor

from plip_tutorial.contrastive.losses import blocked_clip_loss, clip_loss, siglip_loss
from plip_tutorial.finetune.augment import AugmentConfig

LOSSES: Mapping[str, Callable[..., Tensor]] = MappingProxyType(
    {"clip": clip_loss, "blocked": blocked_clip_loss, "siglip": siglip_loss}
)
PRECISIONS = ("auto", "float32", "bf16", "fp16")
WARMING, LOOKS, MOST = 6, 8, 50  # left open: a sixth of the steps is warm-up, an eighth lies between looks, at most 50
OPEN = {"epochs", "warmup_steps", "validate_every"}
# The least that a number may be, and what else to do.
WHOLE = {
    "steps": (1, ""),
    "batch_size": (2, ", since a pair is compared with others (lower chunk_size to save memory)"),
    "warmup_steps": (0, ""),
    "chunk_size": (0, ", where 0 is the whole batch"),
    "compared": (0, ", where 0 is the whole batch"),
    "lora_rank": (0, ", where 0 trains the weights"),
    "validate_every": (0, ", where 0 is never"),
    "patience": (0, ", where 0 is never"),
    "save_every": (0, ", where 0 is only at the end"),
    "seed": (0, ""),
}
REAL = {"weight_decay": "at least 0", "clip_norm": "at least 0", "epochs": "above 0", "learning_rate": "above 0"}


@dataclass(frozen=True)
class TrainConfig:
    """All that decides a run; saved beside every result.

    Attributes:
        steps: updates of the weights.
        epochs: passes over the pairs; it decides ``steps`` if it is given.
        batch_size: pairs that meet in one step, all processes together; at least 2.
        learning_rate: the highest value, reached after the warm-up.
        warmup_steps: steps of linear growth before it; None is a sixth of all steps, at most 50.
        weight_decay: for weight matrices only; biases, norms and the logit scale are left alone.
        clip_norm: gradients longer than this are cut back to it; 0 is off.
        seed: of order, augmentation and dropout.
        precision: ``"auto"``, ``"float32"``, ``"bf16"`` or ``"fp16"``.
        loss: ``"clip"``, ``"blocked"`` (the same for very large batches) or ``"siglip"``.
        compared: pairs of a batch that the loss compares with each other; 0 is all, fewer is what adding up the
            gradients of small batches would compute.
        chunk_size: pairs that go through the encoders at once (gradient cache); 0 is the whole batch.
        augment: variations of the pictures, or None.
        patch_dropout: share of the patches of each picture that is left out, from 0 to below 1; saves as much time.
        freeze: beginnings of names of parameters that stay as they are, such as ``"text_model"``.
        lora_rank: train corrections of this rank in place of the weights (library peft); 0 trains the weights.
        validate_every: steps between two looks at the validation pairs; None is an eighth of all steps, at most 50, if
            there are such pairs; 0 is never.
        patience: stop after so many validations without a new best one; 0 is never.
        save_every: steps between two checkpoints; 0 saves only the end.
        trackers: where Accelerate reports to besides the CSV: ``"tensorboard"``, ``"comet_ml"``, ...
    """

    steps: int = 300
    epochs: float | None = None
    batch_size: int = 128
    learning_rate: float = 1e-4
    warmup_steps: int | None = None
    weight_decay: float = 0.2
    clip_norm: float = 1.0
    seed: int = 0
    precision: str = "auto"
    loss: str = "clip"
    compared: int = 0
    chunk_size: int = 0
    augment: AugmentConfig | None = field(default_factory=AugmentConfig)
    patch_dropout: float = 0.0
    freeze: tuple[str, ...] = ()
    lora_rank: int = 0
    validate_every: int | None = None
    patience: int = 0
    save_every: int = 0
    trackers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name, (low, why) in WHOLE.items():
            value = getattr(self, name)
            if not (isinstance(value, int | np.integer) and value >= low) and (value is not None or name not in OPEN):
                raise ValueError(f"{name} must be a whole number, at least {low}{why}; got {value!r}.")
        for name, wanted in REAL.items():
            value = getattr(self, name)
            fits = (
                isinstance(value, int | float | np.number)
                and 0 <= value < math.inf
                and (value > 0 or wanted == "at least 0")
            )
            if not fits and (value is not None or name not in OPEN):
                raise ValueError(f"{name} must be {wanted}; got {value!r}.")
        if not 0 <= self.patch_dropout < 1:
            raise ValueError(f"patch_dropout is a share, from 0 to below 1; got {self.patch_dropout}.")
        for name, known in {"loss": LOSSES, "precision": PRECISIONS}.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(sorted(known))}; got {getattr(self, name)!r}.")
        for name in ("freeze", "trackers"):
            if isinstance(getattr(self, name), str):
                raise ValueError(f"{name} is a tuple of names; got {getattr(self, name)!r}. Put it into brackets.")

    def resolved(self, n: int, *, judged: bool = False) -> TrainConfig:
        """The same settings for n pairs, with numbers where something was left open.

        Args:
            n: pairs; with ``epochs`` they decide ``steps``.
            judged: whether there are pairs for validation.
        """
        steps = self.steps if self.epochs is None else max(1, round(self.epochs * math.ceil(n / self.batch_size)))
        every = self.validate_every
        if every is None:
            every = min(MOST, max(1, steps // LOOKS)) if judged else 0
        warmup = min(MOST, steps // WARMING) if self.warmup_steps is None else self.warmup_steps
        return dataclasses.replace(self, steps=steps, epochs=None, warmup_steps=warmup, validate_every=every)


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then half a cosine to zero.

    >>> config = TrainConfig(steps=110, warmup_steps=10, learning_rate=1.0)
    >>> [round(learning_rate(step, config), 3) for step in (0, 9, 60, 110)]
    [0.1, 1.0, 0.5, 0.0]
    """
    warmup = min(MOST, config.steps // WARMING) if config.warmup_steps is None else config.warmup_steps
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, config.steps - warmup)
    return config.learning_rate * (1 + math.cos(math.pi * min(1.0, done))) / 2
