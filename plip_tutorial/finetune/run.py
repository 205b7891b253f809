"""The parts of a training run that are not the training: opening it, going on with it, and writing it down."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from warnings import warn

import numpy as np
import torch
from accelerate import Accelerator
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import normalize
from tqdm.auto import tqdm
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.finetune import checkpoints, lora, optimizer, processes
from plip_tutorial.finetune import identity as run_identity
from plip_tutorial.finetune.augment import augment
from plip_tutorial.finetune.batches import Batch, PairTensors, steps_per_epoch
from plip_tutorial.finetune.gradcache import RandomState
from plip_tutorial.finetune.history import History
from plip_tutorial.finetune.patches import kept_patches, reading
from plip_tutorial.finetune.validation import Judge
from plip_tutorial.sources.hub import local, quiet

if TYPE_CHECKING:
    from plip_tutorial.finetune.loop import TrainConfig

SIGLIP_BIAS = -10.0  # Zhai et al. (2023), section 3.2
BIAS, MOMENT = "logit_bias", "moment."  # names among the saved tensors
T = TypeVar("T")


class DivergedError(RuntimeError):
    """The loss or the gradient is no longer a finite number."""


@contextmanager
def opened(
    checkpoint: str | os.PathLike[str], pairs: Dataset, config: TrainConfig, folder: Path, **options: Any
) -> Iterator[Run]:
    """Begin a run in ``folder``, or go on with the one that is there; meanwhile no other process may.

    See `finetune` for the arguments.
    """
    accelerator = processes.make_accelerator(config.precision, trackers=config.trackers, folder=folder)
    with checkpoints.only_writer(folder) if accelerator.is_main_process else nullcontext():
        yield Run(checkpoint, pairs, config, folder, accelerator, **options)


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
        checkpoint: str | os.PathLike[str],
        pairs: Dataset,
        config: TrainConfig,
        folder: Path,
        accelerator: Accelerator,
        *,
        resume: bool = True,
        validation: Dataset | None = None,
        progress: bool = True,
    ) -> None:
        """Read what is in ``folder``, which must exist; see `opened`."""
        self.config, self.folder, self.accelerator, self._pairs = config, folder, accelerator, pairs
        self.chunk_size = config.chunk_size
        self.is_main: bool = accelerator.is_main_process
        self.progress = progress and self.is_main
        if self.is_main:
            checkpoints.refuse_what_would_be_lost(folder, checkpoint)
            if not resume:
                checkpoints.clear(folder)
        accelerator.wait_for_everyone()
        processes.refuse_empty_shares(len(pairs) // steps_per_epoch(len(pairs), config.batch_size), accelerator)
        last = checkpoints.latest(folder)
        saved = None if last is None else checkpoints.read_state(last)  # damage is named before anything is loaded
        self._load(checkpoint)
        self._identity = run_identity.identity(self.model, self.processor, pairs, config, validation)
        self.facts: dict[str, Any] = {"step": 0, "best": None, "best_step": 0, "stale": 0}
        self._make_trainable()
        self._judge: Any = None if validation is None else Judge(validation, self.processor, self._text_config)
        if last is not None and saved is not None:
            self._restore(last, *saved)
        self.history = History(folder / checkpoints.HISTORY, until=self.facts["step"], write=self.is_main)
        processes.start_trackers(accelerator, config.trackers, run_identity.settings(config), folder)

    def _load(self, source: str | os.PathLike[str]) -> None:
        source = local(source)
        with quiet(source):
            pictures = CLIPImageProcessorPil.from_pretrained(source)
            self.processor: Any = CLIPProcessor(pictures, CLIPTokenizer.from_pretrained(source))  # type: ignore[no-untyped-call]
            self.model: Any = CLIPModel.from_pretrained(source, dtype=torch.float32).train()
        self._text_config = self.model.config.text_config
        self._vision_embeddings = self.model.vision_model.embeddings

    def _make_trainable(self) -> None:
        config, device = self.config, self.accelerator.device
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
        if left and self._judge is not None and self.config.validate_every:
            len(self._judge.feed)  # a picture that cannot be read is named before the first step
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

    def until_it_fits(self, work: Callable[[], T]) -> T:
        """Do ``work``; each time the memory of the GPU is full, do it again with chunks of half the size.

        The gradient stays the same, only slower. Several processes wait for each other, so there it is an error.
        """
        state = RandomState()
        while True:
            try:
                with state.replayed():
                    return work()
            except torch.OutOfMemoryError as error:
                size = min(self.chunk_size or self.config.batch_size, self.config.batch_size, len(self._pairs))
                if self.accelerator.num_processes > 1 or size == 1:
                    words = "The memory is full. Lower chunk_size, or take a smaller model or half precision."
                    raise torch.OutOfMemoryError(f"{words} ({error})") from error
                self.optimizer.zero_grad()
                self.chunk_size = size // 2
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
            "validation_rank": None,
        }
        self.facts["step"] = step + 1
        better = self._is_to_be_judged(step) and self._validate(row)
        self.history.add(row)
        self.accelerator.log({name: value for name, value in row.items() if value is not None}, step=step)
        if better or self.out_of_patience or step + 1 == self.config.steps or _due(step, self.config.save_every):
            self.save()

    @property
    def out_of_patience(self) -> bool:
        """Whether enough validations have passed without a better one."""
        return 0 < self.config.patience <= int(self.facts["stale"])

    def _is_to_be_judged(self, step: int) -> bool:
        """Whether it is time to look at the held-out pairs; the last step is always looked at."""
        every = self.config.validate_every or 0
        return self._judge is not None and every > 0 and (_due(step, every) or step + 1 == self.config.steps)

    def _validate(self, row: dict[str, Any]) -> bool:
        self.model.eval()
        row |= self.until_it_fits(self._look)
        self.model.train()
        found, best = row["validation_rank"], self.facts["best"]
        self.facts["stale"] = 0 if best is None or found > best else self.facts["stale"] + 1
        if better := best is None or found >= best:  # among equals the latest, whose weights have settled most
            self.facts |= {"best": found, "best_step": self.facts["step"]}
        return better

    def _look(self) -> dict[str, float]:
        size = self.chunk_size or self.config.batch_size
        return self._judge.look(self.embed, size=size, device=self.accelerator.device)

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

    def _restore(self, last: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        if found := run_identity.differences(facts["identity"], self._identity):
            raise ValueError(
                f"{self.folder} holds a run with {'; '.join(found)}. Choose another output, or begin anew with "
                "resume=False (--anew)."
            )
        if not self.config.lora_rank:
            with quiet():
                self.model.load_state_dict(CLIPModel.from_pretrained(last, dtype=torch.float32).state_dict())
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
