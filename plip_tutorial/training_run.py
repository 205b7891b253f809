"""The parts of a training run that are not the training: opening it, going on with it, and writing it down."""

from __future__ import annotations

import dataclasses
import json
import math
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import normalize
from tqdm.auto import tqdm
from transformers import CLIPModel, CLIPProcessor

from plip_tutorial import checkpoints, lora, optimizer, processes
from plip_tutorial.augment import augment
from plip_tutorial.batches import Batch, PairTensors, steps_per_epoch
from plip_tutorial.contrastive import pair_recall
from plip_tutorial.gradcache import RandomState
from plip_tutorial.hub import local, quiet
from plip_tutorial.patches import kept_patches, reading

if TYPE_CHECKING:
    from plip_tutorial.finetune import TrainConfig

SIGLIP_BIAS = -10.0  # Zhai et al. (2023), section 3.2
RECALL_AT = 10  # validation: is the partner among the first ten?
BIAS, MOMENT = "logit_bias", "moment."  # names among the saved tensors
# What may change when a run goes on: it decides what is noted or how it is computed, not what is learnt.
FREE = {"save_every", "trackers", "chunk_size", "precision"}


class DivergedError(RuntimeError):
    """The loss or the gradient is no longer a finite number."""


class Run:
    """A run in its folder: the model, its optimizer, the data, and what has been noted so far.

    Attributes:
        model: the CLIP that is trained.
        optimizer: AdamW, wrapped by Accelerate.
        accelerator: device, precision, processes, trackers.
        logit_bias: SigLIP's bias, or None.
        history: one row a step.
        chunk_size: pairs that are embedded at once, 0 for the whole batch; halved when the memory is full.
        facts: steps done, best validation, validations since then; saved with each checkpoint.
    """

    def __init__(
        self,
        checkpoint: Any,
        pairs: Dataset,
        config: TrainConfig,
        folder: Path,
        *,
        resume: bool = True,
        validation: Dataset | None = None,
        progress: bool = True,
    ) -> None:
        """Begin a run in ``folder``, or go on with the one that is there; see `finetune` for the arguments."""
        self.config, self.folder, self._pairs, self._held_out = config, folder, pairs, validation
        self.chunk_size = config.chunk_size
        checkpoints.prepare(folder)
        self.accelerator = processes.make_accelerator(config.precision, trackers=config.trackers, folder=folder)
        self.is_main: bool = self.accelerator.is_main_process
        self.progress = progress and self.is_main
        if not resume and self.is_main:
            checkpoints.clear(folder)
        self.accelerator.wait_for_everyone()
        smallest = len(pairs) // max(1, steps_per_epoch(len(pairs), config.batch_size))
        if 0 < smallest < (count := self.accelerator.num_processes):
            raise ValueError(f"{count} processes cannot share a batch of {smallest}: raise batch_size.")
        last = checkpoints.latest(folder)
        self._load(checkpoint if last is None or config.lora_rank else last)
        self.facts: dict[str, Any] = {"step": 0, "best": None, "best_step": 0, "stale": 0}
        self._identity = {"config": _settings(config), "pairs": len(pairs), "texts": _fingerprint(pairs)}
        if last is not None:
            self._restore(last)
        self.history = checkpoints.History(folder / "history.csv", until=self.facts["step"], write=self.is_main)
        if config.trackers:
            settings, options = _settings(config), processes.tracker_options(config.trackers, folder)
            flat = {name: str(value) for name, value in settings.items()}
            self.accelerator.init_trackers("plip-tutorial", config=flat, init_kwargs=options)

    def _load(self, source: Any) -> None:
        config, device, source = self.config, self.accelerator.device, local(source)
        with quiet(source):
            self.processor = CLIPProcessor.from_pretrained(source)
            self.model: Any = CLIPModel.from_pretrained(source, dtype=torch.float32).train()
        self._text_config = self.model.config.text_config
        self._vision_embeddings = self.model.vision_model.embeddings
        if config.lora_rank:
            self.model = lora.add_corrections(self.model, config.lora_rank, seed=config.seed)
        optimizer.freeze(self.model, config.freeze)
        self.model.to(device)
        self.logit_bias = Parameter(torch.tensor(SIGLIP_BIAS, device=device)) if config.loss == "siglip" else None
        scale = self.model.logit_scale
        of_loss = [scale] if self.logit_bias is None else [scale, self.logit_bias]
        self.loss_parameters = [p for p in of_loss if p.requires_grad]
        self.encoder_parameters = [p for p in self.model.parameters() if p.requires_grad and p is not scale]
        self.parameters = self.encoder_parameters + self.loss_parameters
        self.optimizer: Any = self.accelerator.prepare_optimizer(optimizer.adamw(self.parameters, config))

    @cached_property
    def feed(self) -> PairTensors:
        """The pairs as tensors; decoded when they are first asked for, so a finished run decodes nothing."""
        return PairTensors(self._pairs, self.processor, self._text_config, progress=self.progress)

    def steps(self) -> Iterator[int]:
        """Steps that are left, with a bar."""
        done, total = self.facts["step"], self.config.steps
        left = range(total if self.out_of_patience else done, total)
        if left:
            len(self.feed)  # decode now: the bar of the training shall not count it
        if left and self._held_out is not None:
            len(self._validation_feed)  # a picture that cannot be read is named before the first step
        return iter(tqdm(left, desc="training", initial=done, total=total, disable=not (self.progress and left)))

    def groups(self, rows: NDArray[np.int64]) -> Tensor:
        """Groups of the whole batch, (n,)."""
        return self.feed.groups[torch.as_tensor(rows)].to(self.accelerator.device)

    def chunks(self, rows: NDArray[np.int64], step: int) -> list[Batch]:
        """What this process embeds of a batch: varied, on the device, in chunks."""
        part = processes.share(rows, self.accelerator)
        pictures = self.feed.pictures(rows[part]).to(self.accelerator.device)
        varied = augment(pictures, self.config.augment, seed=self.config.seed, step=step, rows=part, total=len(rows))
        batch = dataclasses.replace(self.feed.batch(rows[part], varied), patches=self._patches(part, step, len(rows)))
        return list(batch.chunks(self.chunk_size or len(batch)))

    def _patches(self, part: slice, step: int, total: int) -> Tensor | None:
        dropped, seed = self.config.patch_dropout, self.config.seed
        count = self._vision_embeddings.num_patches
        return kept_patches(count, dropped, seed=seed, step=step, total=total, rows=part) if dropped else None

    def until_it_fits(self, work: Callable[[], Tensor]) -> Tensor:
        """Do ``work``; each time the memory of the GPU is full, do it again with chunks of half the size.

        The gradient stays the same, only slower. Several processes wait for each other, so there it is an error.
        """
        state = RandomState()
        while True:
            try:
                with state.replayed():
                    return work()
            except torch.OutOfMemoryError:
                if self.chunk_size == 1 or self.accelerator.num_processes > 1:
                    raise
                self.optimizer.zero_grad()
                self.chunk_size = (self.chunk_size or self.config.batch_size) // 2
                warn(f"The memory is full; going on in chunks of {self.chunk_size} pairs.", stacklevel=2)

    def embed(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Unit vectors of pictures and of captions, float32, both (n, d)."""
        with self.accelerator.autocast(), reading(self._vision_embeddings, batch.patches):
            images = self.model.get_image_features(pixel_values=batch.pixels).pooler_output
            texts = self.model.get_text_features(input_ids=batch.tokens).pooler_output
        return normalize(images.float(), dim=1), normalize(texts.float(), dim=1)

    def refuse_nonfinite(self, step: int, loss: Tensor, norm: Tensor) -> None:
        """Stop before a broken gradient reaches the weights.

        Raises:
            DivergedError: with the step, the learning rate and the last good checkpoint.
        """
        # With fp16 the scaler finds and skips infinite gradients by itself; only the loss tells of real trouble.
        if math.isfinite(loss) and (self.accelerator.scaler is not None or math.isfinite(norm)):
            return
        rate, last = self.optimizer.param_groups[0]["lr"], checkpoints.latest(self.folder)
        raise DivergedError(
            f"step {step}: the loss is {float(loss)} and the gradient norm {float(norm)} at learning rate {rate:.3g}. "
            f"The last good checkpoint is {last or 'none yet'}. Lower learning_rate or lengthen warmup_steps."
        )

    def note(self, step: int, *, n: int, loss: Tensor, accuracy: float, norm: Tensor, seconds: float) -> None:
        """Write one row of history, look at the validation pairs and save a checkpoint when it is time."""
        row = {
            "step": step,
            "learning_rate": self.optimizer.param_groups[0]["lr"],
            "loss": float(loss),
            "chance_loss": math.log(n),  # what a model scores that cannot tell the pairs apart
            "accuracy": accuracy,
            "temperature": math.exp(-self.model.logit_scale.item()),
            "gradient_norm": float(norm),
            "samples_per_second": n / seconds,
            "memory_gb": processes.memory_in_use(),
            "validation_recall": None,
        }
        self.facts["step"] = step + 1
        better = self._held_out is not None and _due(step, self.config.validate_every) and self._validate(row)
        self.history.add(row)
        self.accelerator.log({name: value for name, value in row.items() if value is not None}, step=step)
        if better or self.out_of_patience or step + 1 == self.config.steps or _due(step, self.config.save_every):
            self.save()

    @property
    def out_of_patience(self) -> bool:
        """Whether enough validations have passed without a better one."""
        return 0 < self.config.patience <= int(self.facts["stale"])

    def _validate(self, row: dict[str, Any]) -> bool:
        row["validation_recall"] = score = self._recall()
        better = self.facts["best"] is None or score > self.facts["best"]
        news = {"best": score, "best_step": self.facts["step"], "stale": 0}
        self.facts |= news if better else {"stale": self.facts["stale"] + 1}
        return better

    @cached_property
    def _validation_feed(self) -> PairTensors:
        return PairTensors(self._held_out, self.processor, self._text_config)

    @torch.no_grad()
    def _recall(self) -> float:
        """Recall at 10 on the held-out pairs."""
        feed, parts = self._validation_feed, []
        self.model.eval()
        for rows in np.array_split(np.arange(len(feed)), math.ceil(len(feed) / self.config.batch_size)):
            parts.append(self.embed(feed.batch(rows, feed.pictures(rows).to(self.accelerator.device).float())))
        self.model.train()
        images, texts = (torch.cat(side) for side in zip(*parts, strict=True))
        return pair_recall(images, texts, feed.groups.to(images.device), k=RECALL_AT)

    def save(self) -> None:
        """Write a checkpoint; of the earlier ones only the best stays."""
        if self.is_main:
            checkpoints.save(self.folder, self.facts["step"], self._write)
            checkpoints.prune(self.folder, {self.facts["step"], self.facts["best_step"]})
        self.accelerator.wait_for_everyone()

    def close(self) -> Path:
        """Put the best model, or without validation the last, into ``model``, and return that path."""
        if self.is_main:
            checkpoints.publish_model(self.folder, self.facts["best_step"] or self.facts["step"])
        self.accelerator.wait_for_everyone()
        for tracker in self.accelerator.trackers:
            tracker.finish()
        return self.folder / "model"

    def _write(self, place: Path) -> None:
        with quiet():
            (lora.merged(self.model) if self.config.lora_rank else self.model).save_pretrained(place)
            self.processor.save_pretrained(place)
        tensors = {MOMENT + name: tensor for name, tensor in checkpoints.moments(self.optimizer).items()}
        if self.config.lora_rank:
            tensors |= lora.corrections(self.model)
        if self.logit_bias is not None:
            tensors[BIAS] = self.logit_bias
        scaler = self.accelerator.scaler
        facts = {**self.facts, "identity": self._identity, "scaler": scaler.state_dict() if scaler else {}}
        checkpoints.write_state(place, tensors, facts)

    def _restore(self, last: Path) -> None:
        tensors, facts = checkpoints.read_state(last)
        if facts["identity"] != self._identity:
            raise ValueError(
                f"{self.folder} holds a run with {_difference(facts['identity'], self._identity)}. Choose another "
                "output, or pass resume=False to begin anew."
            )
        if self.config.lora_rank:
            lora.load_corrections(self.model, tensors)
        if self.logit_bias is not None:
            self.logit_bias.data.copy_(tensors[BIAS])
        moments = {name.removeprefix(MOMENT): t for name, t in tensors.items() if name.startswith(MOMENT)}
        checkpoints.load_moments(self.optimizer, moments)
        if self.accelerator.scaler and facts["scaler"]:
            self.accelerator.scaler.load_state_dict(facts["scaler"])
        self.facts = {name: facts[name] for name in self.facts}


def _due(step: int, every: int) -> bool:
    return every > 0 and (step + 1) % every == 0


def _settings(config: TrainConfig) -> dict[str, Any]:
    plain = json.loads(json.dumps(dataclasses.asdict(config)))  # tuples become the lists that come back from the disk
    return {name: value for name, value in plain.items() if name not in FREE}


def _fingerprint(pairs: Dataset) -> int:
    return zlib.crc32("\n".join(map(str, pairs["text"])).encode()) if "text" in pairs.column_names else 0


def _difference(there: dict[str, Any], here: dict[str, Any]) -> str:
    for name, value in here["config"].items():
        if there["config"].get(name) != value:
            return f"other settings: {name} is {there['config'].get(name)} there and {value} here"
    return f"other pairs: {there['pairs']} there and {here['pairs']} here"
