"""A training run in its folder: begun or gone on with, looked at, written down, so that it survives a crash.

    config = TrainConfig(steps=300, batch_size=128, learning_rate=1e-3)
    path, history = finetune("openai/clip-vit-base-patch32", pairs, config, output="runs/first")
    model = CLIPModel.from_pretrained(path)

Killed at any moment and called again, it ends with the same weights, bit by bit (on a CPU).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from tqdm.auto import tqdm
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.finetune import checkpoints
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.gradcache import until_it_fits
from plip_tutorial.finetune.history import History
from plip_tutorial.finetune.identity import differences, identity
from plip_tutorial.finetune.loop import DivergedError, embed, train
from plip_tutorial.finetune.pairs import as_tensors, refuse_untrainable
from plip_tutorial.finetune.processes import make_accelerator, memory_in_use, start_trackers
from plip_tutorial.finetune.validation import judges, look
from plip_tutorial.finetune.weights import Weights
from plip_tutorial.sources.hub import local, quiet

BEGIN: dict[str, Any] = {"step": 0, "best": None, "best_step": 0, "stale": 0}  # stale: looks that found nothing better


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
    validation = judges(validation)
    config, folder = config.resolved(len(pairs), judged=validation is not None), Path(output)
    accelerator = make_accelerator(config.precision, trackers=config.trackers, folder=folder)
    is_main, alone = accelerator.is_main_process, accelerator.num_processes == 1
    # Inside, the caller's random numbers stay as they are, and the folder is ours.
    with torch.random.fork_rng(), checkpoints.only_writer(folder) if is_main else nullcontext():
        if is_main:
            checkpoints.refuse_what_would_be_lost(folder, checkpoint)
            if not resume:
                checkpoints.clear(folder)
        accelerator.wait_for_everyone()
        if (smallest := len(pairs) // math.ceil(len(pairs) / config.batch_size)) < accelerator.num_processes:
            count = accelerator.num_processes
            raise ValueError(f"{count} processes cannot share a batch of {smallest}: raise batch_size.")
        last = checkpoints.latest(folder)
        tensors, facts = checkpoints.read_state(last) if last else ({}, {})  # damage is named before models are loaded

        # The model as it was in the beginning, then as it was left.
        source = local(checkpoint)
        with quiet(source):
            pictures, tokenizer = CLIPImageProcessorPil.from_pretrained(source), CLIPTokenizer.from_pretrained(source)
            processor: Any = CLIPProcessor(pictures, tokenizer)  # type: ignore[no-untyped-call]
            model: Any = CLIPModel.from_pretrained(source, dtype=torch.float32).train()
        run_of = identity(model, processor, pairs, config, validation)
        weights = Weights(model, config, accelerator)
        if last:
            if found := differences(facts["identity"], run_of):
                hint = "Choose another output, or begin anew with resume=False (--anew)."
                raise ValueError(f"{folder} holds a run with {'; '.join(found)}. {hint}")
            weights.load(last, tensors, facts["scaler"])
        done = {name: facts.get(name, value) for name, value in BEGIN.items()}
        history = History(folder / checkpoints.HISTORY, until=done["step"], write=is_main)
        start_trackers(accelerator, config.trackers, run_of["settings"], folder)

        def is_last() -> bool:
            return done["step"] >= config.steps or 0 < config.patience <= done["stale"]

        def is_due(every: int | None) -> bool:
            return bool(every) and done["step"] % every == 0

        def write(place: Path) -> None:
            tensors, scaler = weights.save(place)
            processor.save_pretrained(place)
            checkpoints.write_state(place, tensors, {**done, "identity": run_of, "scaler": scaler})

        rows: Iterable[dict[str, Any]] = ()
        if not is_last():  # a finished run decodes nothing
            feed = as_tensors(pairs, processor, model.config.text_config, progress=progress and is_main)
            judge = validation if config.validate_every else None
            held = None if judge is None else as_tensors(judge, processor, model.config.text_config)
            steps = train(weights.model, weights.of_loss, weights.optimizer, feed, config, accelerator, done["step"])
            options = {"desc": "training", "initial": done["step"], "total": config.steps}
            rows = tqdm(steps, **options, disable=not (progress and is_main))
        size = config.chunk_size or config.batch_size
        try:
            for row in rows:
                done["step"], is_better = row["step"] + 1, False
                row |= {"memory_gb": memory_in_use(), "validation_recall": None, "validation_rank": None}
                if held is not None and (is_due(config.validate_every) or done["step"] == config.steps):
                    see = partial(embed, weights.model.eval(), accelerator)
                    work = partial(look, held, see, device=accelerator.device)
                    scores, size = until_it_fits(work, int, size, alone=alone)
                    weights.model.train()
                    row |= scores
                    rank, best = scores["validation_rank"], done["best"]
                    done["stale"] = 0 if best is None or rank > best else done["stale"] + 1
                    if is_better := best is None or rank >= best:  # among equals the latest, which has settled most
                        done |= {"best": rank, "best_step": done["step"]}
                history.add(row)
                accelerator.log({name: value for name, value in row.items() if value is not None}, step=row["step"])
                if is_better or is_last() or is_due(config.save_every):
                    if is_main:
                        checkpoints.save(folder, done["step"], write)
                        checkpoints.prune(folder, {done["step"], done["best_step"]})
                    accelerator.wait_for_everyone()
                if is_last():
                    break
        except DivergedError as error:
            good = checkpoints.latest(folder) or "none yet"
            raise DivergedError(f"{error} The last good checkpoint is {good}.") from None
        if is_main:
            checkpoints.publish_model(folder, done["best_step"] or done["step"])
        accelerator.wait_for_everyone()
        for tracker in accelerator.trackers:
            tracker.finish()
    return folder / checkpoints.MODEL, history.rows
