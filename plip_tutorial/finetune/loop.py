"""The training loop, read from top to bottom: model, batch, loss, gradient, step, note.

Every step is a pure function of ``(config, step)`` and the weights: which pairs meet, how they are varied, what dropout
drops, the learning rate. So the loop has no hidden state, and `run.finetune`, which adds a folder that survives a
crash, goes on at any step as if nothing had happened.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import normalize

from plip_tutorial.contrastive.losses import MAX_LOGIT_SCALE, pair_recall
from plip_tutorial.finetune.augment import augment
from plip_tutorial.finetune.config import LOSSES, TrainConfig, learning_rate
from plip_tutorial.finetune.data import Batch, PairTensors, batch_rows, kept_patches, reading
from plip_tutorial.finetune.gradcache import backward, gather, share, sum_gradients, until_it_fits
from plip_tutorial.microcosm.seeding import seed_of


class DivergedError(RuntimeError):
    """The loss or the gradient is no longer a finite number."""


def train(
    model: Any,
    of_loss: Sequence[Parameter],
    optimizer: Any,
    pairs: PairTensors,
    config: TrainConfig,
    accelerator: Accelerator,
    begin: int = 0,
) -> Iterator[dict[str, Any]]:
    """Train from step ``begin`` on, and give one row of the record after each step.

    Args:
        model: a `CLIPModel` on the device; it is changed in place.
        of_loss: numbers that the loss learns: the model's logit scale, for SigLIP also the logit bias.
        optimizer: of all parameters that move, wrapped by Accelerate.
        pairs: as tensors.
        config: all settings, resolved.
        accelerator: device, precision, processes.
        begin: steps that have been made.

    Raises:
        DivergedError: if the loss or the gradient is not finite; the weights are those of the step before.
    """
    device, alone = accelerator.device, accelerator.num_processes == 1
    chunk_size = min(config.chunk_size or config.batch_size, config.batch_size, len(pairs))
    places: int = model.vision_model.embeddings.num_patches
    trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    encoders = [parameter for parameter in trained if all(parameter is not number for number in of_loss)]

    def send(loss: Tensor) -> None:  # from the loss back
        optimizer.zero_grad()
        accelerator.backward(loss)

    for step in range(begin, config.steps):
        began = time.perf_counter()
        # Which pairs meet, and how each picture is varied. If processes share them, `mine` is the part of this one.
        rows = batch_rows(step, len(pairs), config.batch_size, seed=config.seed)
        n, mine = len(rows), share(len(rows), accelerator)
        draw: dict[str, Any] = {"seed": config.seed, "step": step, "rows": mine, "total": n}
        pictures = augment(pairs.pictures[rows[mine]].to(device), config.augment, **draw)
        patches = kept_patches(places, config.patch_dropout, **draw) if config.patch_dropout else None
        batch = pairs.batch(rows[mine], pictures, patches)
        groups = pairs.groups[rows].to(device)

        # The gradient of the loss over the whole batch, in chunks that fit into the memory.
        torch.manual_seed(seed_of("dropout", config.seed, step, accelerator.process_index))
        loss_of = partial(compare, groups=groups, of_loss=of_loss, config=config, accelerator=accelerator)
        work = partial(backward, partial(embed, model, accelerator), loss=loss_of, send=send)
        (loss, *own), chunk_size = until_it_fits(work, batch.chunks, chunk_size, alone=alone)
        sum_gradients(encoders, of_loss, accelerator)
        norm = accelerator.clip_grad_norm_(trained, config.clip_norm or math.inf)

        # One step against it, at the rate of this step.
        rate = learning_rate(step, config)
        # With fp16 the scaler finds and skips infinite gradients by itself; only the loss tells of real trouble.
        if not (math.isfinite(loss) and (accelerator.scaler is not None or math.isfinite(norm))):
            found = f"the loss is {float(loss)} and the gradient norm {float(norm)} at learning rate {rate:.3g}"
            raise DivergedError(f"step {step}: {found}. Lower learning_rate or lengthen warmup_steps.")
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        model.logit_scale.data.clamp_(0, MAX_LOGIT_SCALE)

        seconds = time.perf_counter() - began
        yield {
            "step": step,
            "learning_rate": rate,
            "loss": float(loss),
            "chance_loss": math.log(n),  # what a model scores that cannot tell the pairs apart
            "accuracy": pair_recall(*(gather(side, n, accelerator) for side in own), groups),
            "temperature": math.exp(-model.logit_scale.item()),
            "gradient_norm": float(norm),
            "samples_per_second": n / seconds,
        }


def embed(model: Any, accelerator: Accelerator, batch: Batch) -> tuple[Tensor, Tensor]:
    """Unit vectors of pictures and of captions, float32, both (n, d)."""
    with accelerator.autocast(), reading(model.vision_model.embeddings, batch.patches):
        images = model.get_image_features(pixel_values=batch.pixels).pooler_output
        texts = model.get_text_features(input_ids=batch.tokens).pooler_output
    return normalize(images.float(), dim=1), normalize(texts.float(), dim=1)


def compare(
    images: Tensor, texts: Tensor, *, groups: Tensor, of_loss: Sequence[Tensor], config: TrainConfig, accelerator: Any
) -> Tensor:
    """The loss of this process's embeddings, both (m, d), against everybody's; groups are those of all, (n,)."""
    n = len(groups)
    images, texts = (gather(own, n, accelerator) for own in (images, texts))
    parts = zip(*(torch.split(side, config.compared or n) for side in (images, texts, groups)), strict=True)
    losses = [len(x) / n * LOSSES[config.loss](x, y, *of_loss, groups=same) for x, y, same in parts]
    return torch.stack(losses).sum()
