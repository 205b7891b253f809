"""Fine-tuning: from a general CLIP to one that knows tissue, in one loop.

Every step is a pure function of ``(config, step)`` and the weights: which pairs meet, how they are varied, what dropout
drops, the learning rate. So a run needs no hidden state. Killed at any moment and called again, it ends with the same
weights, bit by bit (on a CPU).

    config = TrainConfig(steps=300, batch_size=128, learning_rate=1e-3)
    path, history = finetune("openai/clip-vit-base-patch32", pairs, config, output="runs/first")
    model = CLIPModel.from_pretrained(path)
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from datasets import Dataset
from torch import Tensor
from transformers import CLIPModel, CLIPProcessor

from plip_tutorial.contrastive.losses import MAX_LOGIT_SCALE, blocked_clip_loss, clip_loss, pair_recall, siglip_loss
from plip_tutorial.finetune import processes
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.finetune.batches import batch_rows, steps_per_epoch
from plip_tutorial.finetune.gradcache import backward
from plip_tutorial.finetune.run import DivergedError, opened
from plip_tutorial.finetune.validation import judges, refuse_untrainable
from plip_tutorial.microcosm.seeding import seed_of
from plip_tutorial.sources.hub import quiet

__all__ = ["DivergedError", "TrainConfig", "finetune", "interpolate", "learning_rate"]
LOSSES: dict[str, Callable[..., Tensor]] = {"clip": clip_loss, "blocked": blocked_clip_loss, "siglip": siglip_loss}


WARMING, LOOKS, MOST = 6, 8, 50  # left open: a sixth of the steps is warm-up, an eighth lies between looks, at most 50
OPEN = {"epochs", "warmup_steps", "validate_every"}
# The least that a count may be, and what else to do.
WHOLE = {
    "steps": (1, ""),
    "batch_size": (2, ", since a pair is compared with others (lower chunk_size to save memory)"),
    "warmup_steps": (0, ""),
    "chunk_size": (0, ", where 0 is the whole batch"),
    "lora_rank": (0, ", where 0 trains the weights"),
    "validate_every": (0, ", where 0 is never"),
    "patience": (0, ", where 0 is never"),
    "save_every": (0, ", where 0 is only at the end"),
    "seed": (0, ""),
}


@dataclass(frozen=True)
class TrainConfig:
    """All that decides a run; saved beside every result.

    Attributes:
        steps: updates of the weights.
        epochs: passes over the pairs; it decides ``steps`` if it is given.
        batch_size: pairs that are compared with each other in one step, all processes together; at least 2.
        learning_rate: the highest value, reached after the warm-up.
        warmup_steps: steps of linear growth before it; None is a sixth of all steps, at most 50.
        weight_decay: for weight matrices only; biases, norms and the logit scale are left alone.
        clip_norm: gradients longer than this are cut back to it; 0 is off.
        seed: of order, augmentation and dropout.
        precision: ``"auto"``, ``"float32"``, ``"bf16"`` or ``"fp16"``.
        loss: ``"clip"``, ``"blocked"`` (the same for very large batches) or ``"siglip"``.
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
            _check_number(name, getattr(self, name), low, why, whole=True)
        for name in ("weight_decay", "clip_norm"):
            _check_number(name, getattr(self, name), 0)
        for name in ("epochs", "learning_rate"):
            _check_number(name, getattr(self, name), 0, exclusive=True)
        if not 0 <= self.patch_dropout < 1:
            raise ValueError(f"patch_dropout is a share, from 0 to below 1; got {self.patch_dropout}.")
        for name, known in (("loss", LOSSES), ("precision", {"auto", *processes.PRECISIONS})):
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
        steps = self.steps
        if self.epochs is not None:
            steps = max(1, round(self.epochs * steps_per_epoch(n, self.batch_size)))
        every = self.validate_every
        if every is None:
            every = min(MOST, max(1, steps // LOOKS)) if judged else 0
        warmup = _warmup(self.warmup_steps, steps)
        return dataclasses.replace(self, steps=steps, epochs=None, warmup_steps=warmup, validate_every=every)


def _check_number(
    name: str, value: Any, low: float, why: str = "", *, whole: bool = False, exclusive: bool = False
) -> None:
    """Refuse what is no number, not finite or too small; None stands for a setting that is left open."""
    if value is None and name in OPEN:
        return
    kind: Any = numbers.Integral if whole else numbers.Real
    fits = isinstance(value, kind) and math.isfinite(value) and (value > low if exclusive else value >= low)
    if not fits:
        wanted = f"{'a whole number, ' if whole else ''}{'above' if exclusive else 'at least'} {low}"
        raise ValueError(f"{name} must be {wanted}{why}; got {value!r}.")


def _warmup(wanted: int | None, steps: int) -> int:
    return min(MOST, steps // WARMING) if wanted is None else wanted


def learning_rate(step: int, config: TrainConfig) -> float:
    """Linear warm-up, then half a cosine to zero.

    >>> config = TrainConfig(steps=110, warmup_steps=10, learning_rate=1.0)
    >>> [round(learning_rate(step, config), 3) for step in (0, 9, 60, 110)]
    [0.1, 1.0, 0.5, 0.0]
    """
    warmup = _warmup(config.warmup_steps, config.steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, config.steps - warmup)
    return config.learning_rate * (1 + math.cos(math.pi * min(1.0, done))) / 2


def finetune(
    checkpoint: str | os.PathLike[str],
    pairs: Dataset,
    config: TrainConfig,
    *,
    output: str | os.PathLike[str],
    resume: bool = True,
    validation: Dataset | None = None,
    progress: bool = True,
) -> tuple[Path, list[dict[str, Any]]]:
    """Train a CLIP on pairs.

    Args:
        checkpoint: directory or hub id of the CLIP to start from.
        pairs: columns ``image``, ``text`` and, optional, ``group_id``.
        config: all settings.
        output: directory of the run: ``history.csv``, the checkpoints ``step-*`` (last and best) and ``model``.
        resume: go on with the run that is found in ``output``; False throws that run away, and no file of others.
        validation: held-out pairs, for ``validate_every``. The model with the best mean reciprocal rank is kept, the
            latest among equals; without such pairs, or if they cannot tell models apart, the last one.
        progress: show a bar.

    Returns:
        Path of the finished model, a directory for `CLIPModel.from_pretrained` and `CLIPProcessor.from_pretrained`, and
        the history: one dict a step, as in the CSV.

    Raises:
        TypeError: for pairs that are no `Dataset`.
        ValueError: for a table that cannot be trained on, or a run from another start, with other pairs or settings in
            ``output``; also if something in ``output`` would be lost.
        CheckpointError: if ``output`` cannot be written, or a checkpoint there is damaged.
        InUseError: if another process trains in ``output``.
        DivergedError: if the loss is no longer finite.
    """
    refuse_untrainable(pairs)
    judge = judges(validation)
    config = config.resolved(len(pairs), judged=judge is not None)
    options = {"resume": resume, "validation": judge, "progress": progress}
    with torch.random.fork_rng(), opened(checkpoint, pairs, config, Path(output), **options) as run:
        # Inside, the caller's random numbers stay as they are, and the folder is ours.
        model, optimizer, accelerator = run.model, run.optimizer, run.accelerator
        for step in run.steps():
            began = time.perf_counter()
            torch.manual_seed(seed_of("dropout", config.seed, step, accelerator.process_index))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, config)
            rows = batch_rows(step, len(run.feed), config.batch_size, seed=config.seed)
            compare = Comparison(run.groups(rows), config.loss, model.logit_scale, run.logit_bias, accelerator)
            loss = run.until_it_fits(
                lambda: backward(run.embed, run.chunks(rows, step), compare, send=accelerator.backward)  # noqa: B023
            )
            processes.sum_gradients(run.encoder_parameters, run.loss_parameters, accelerator)
            norm = accelerator.clip_grad_norm_(run.parameters, config.clip_norm or math.inf)
            run.refuse_nonfinite(step, loss, norm)
            optimizer.step()
            optimizer.zero_grad()
            model.logit_scale.data.clamp_(0, MAX_LOGIT_SCALE)
            seconds = time.perf_counter() - began
            run.note(step, n=len(rows), loss=loss, accuracy=compare.accuracy, norm=norm, seconds=seconds)
            if run.out_of_patience:
                break
        return run.close(), run.history.rows


class Comparison:
    """The loss over the whole batch, all processes together; it notes the accuracy in the batch on the way.

    Attributes:
        accuracy: share of pictures and texts that find their partner in the batch.
    """

    def __init__(self, groups: Tensor, loss: str, scale: Tensor, bias: Tensor | None, accelerator: Accelerator):
        """Take all that the loss needs besides embeddings; groups are those of the whole batch, (n,)."""
        self.groups, self.loss, self.accelerator = groups, loss, accelerator
        self.numbers = [scale] if bias is None else [scale, bias]
        self.accuracy = math.nan

    def __call__(self, images: Tensor, texts: Tensor) -> Tensor:
        """Scalar loss of the embeddings of this process's pairs against everybody's."""
        images, texts = (processes.gather(own, len(self.groups), self.accelerator) for own in (images, texts))
        self.accuracy = pair_recall(images.detach(), texts.detach(), self.groups)
        return LOSSES[self.loss](images, texts, *self.numbers, groups=self.groups)


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
    odd = [name for name in mine.keys() | theirs.keys() if _shape(mine, name) != _shape(theirs, name)]
    if odd:
        raise ValueError(f"the models are not of one family: {len(odd)} weights differ in shape, such as {min(odd)}.")
    mixed = {n: torch.lerp(w, theirs[n], alpha) if w.is_floating_point() else w for n, w in mine.items()}
    model.load_state_dict(mixed)
    with quiet():
        model.save_pretrained(output)
    CLIPProcessor.from_pretrained(second).save_pretrained(output)
    return Path(output)


def _shape(weights: dict[str, Tensor], name: str) -> torch.Size | None:
    return weights[name].shape if name in weights else None
