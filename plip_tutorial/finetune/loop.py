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
    seed, dropped, most = config.seed, config.patch_dropout, config.batch_size
    device, process = accelerator.device, accelerator.process_index
    alone, scaled = accelerator.num_processes == 1, accelerator.scaler is not None
    size = min(config.chunk_size or most, most, len(pairs))  # of a chunk
    trained = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    encoders = [parameter for parameter in trained if all(parameter is not number for number in of_loss)]
    see = partial(embed, model, accelerator)

    def send(loss: Tensor) -> None:  # back from the loss
        optimizer.zero_grad()
        accelerator.backward(loss)

    for step in range(begin, config.steps):
        began, rate = time.perf_counter(), learning_rate(step, config)

        # The batch: which pairs meet, and how each picture is varied.
        # If processes share it, `mine` are the rows of this one.
        rows = batch_rows(step, len(pairs), most, seed=seed)
        n, mine = len(rows), share(len(rows), accelerator)
        draw: Any = {"seed": seed, "step": step, "rows": mine, "total": n}
        pictures = pairs.pictures[rows[mine]].to(device)
        pictures = augment(pictures, config.augment, **draw)
        count = model.vision_model.embeddings.num_patches
        patches = kept_patches(count, dropped, **draw) if dropped else None
        batch = pairs.batch(rows[mine], pictures, patches)
        groups = pairs.groups[rows].to(device)

        # The loss of the whole batch and its gradient, in chunks that fit.
        torch.manual_seed(seed_of("dropout", seed, step, process))
        loss_of = partial(compare, config, accelerator, of_loss, groups)
        work = partial(backward, see, loss=loss_of, send=send)
        (loss, *own), size = until_it_fits(work, batch.chunks, size, alone=alone)
        sum_gradients(encoders, of_loss, accelerator)
        longest = config.clip_norm or math.inf
        norm = accelerator.clip_grad_norm_(trained, longest)

        # One step against the gradient. With fp16 the scaler finds and skips
        # infinite ones by itself; only the loss tells of real trouble.
        if not (math.isfinite(loss) and (scaled or math.isfinite(norm))):
            raise DivergedError(
                f"step {step}: the loss is {float(loss)} and the gradient norm "
                f"{float(norm)} at learning rate {rate:.3g}. Lower "
                "learning_rate or lengthen warmup_steps."
            )
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        model.logit_scale.data.clamp_(0, MAX_LOGIT_SCALE)

        seconds = time.perf_counter() - began
        images, texts = (gather(side, n, accelerator) for side in own)
        yield {
            "step": step,
            "learning_rate": rate,
            "loss": float(loss),
            "chance_loss": math.log(n),  # of one who cannot tell pairs apart
            "accuracy": pair_recall(images, texts, groups),
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
    config: TrainConfig, accelerator: Accelerator, of_loss: Sequence[Tensor], groups: Tensor, *own: Tensor
) -> Tensor:
    """The loss of this process's pictures and texts, both (m, d), against everybody's; groups are of all, (n,)."""
    n = len(groups)
    sides = [*(gather(side, n, accelerator) for side in own), groups]
    parts = zip(*(torch.split(side, config.compared or n) for side in sides), strict=True)
    losses = [len(x) / n * LOSSES[config.loss](x, y, *of_loss, groups=same) for x, y, same in parts]
    return torch.stack(losses).sum()
