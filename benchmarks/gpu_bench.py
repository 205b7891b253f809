"""What the checks of `gpu_check` work with: sizes, models and pairs made on the spot, time, and scarce memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from unittest import mock

import torch
from datasets import Dataset, Features, Value
from datasets import Image as Picture
from PIL import Image
from plip_speed import full_size
from torch.nn.functional import normalize
from transformers import CLIPModel

from plip_tutorial import microcosm
from plip_tutorial.artifacts import tiny_architecture
from plip_tutorial.contrastive.losses import clip_loss
from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.gradcache import backward, kept_activations
from plip_tutorial.microcosm.captions import caption

TISSUES = list(microcosm.TISSUES)
ROUNDS, WORDS = 3, 24


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        tiles: drawn tiles, and captions, that are embedded and trained on.
        side: pixels of a tile's file.
        batch: pairs in a step of training.
        steps: of each training.
        chunk: pairs that go through the encoders at once with the gradient cache.
        memory: bytes that a step may take where memory is made scarce.
    """

    tiles: int
    side: int
    batch: int
    steps: int
    chunk: int
    memory: float


GPU_SIZES = Sizes(tiles=1024, side=256, batch=128, steps=24, chunk=16, memory=6e9)
CPU_SIZES = Sizes(tiles=32, side=64, batch=16, steps=12, chunk=4, memory=4e7)


@dataclass(frozen=True)
class Finding:
    """What a check found: does it hold (None: not to be had on this device), in words and in numbers."""

    what: str
    good: bool | None
    said: str
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """A word for the beginning of a line."""
        return {True: "holds", False: "FAILS", None: "not here"}[self.good]


@dataclass(frozen=True)
class Bench:
    """Where the checks work: an empty folder, sizes, a device."""

    folder: Path
    sizes: Sizes
    device: str

    @property
    def gpu(self) -> bool:
        """Whether this is the real thing."""
        return self.device == "cuda"

    @property
    def bfloat16(self) -> bool:
        """Whether the device computes bfloat16 itself; a T4 imitates it, many times slower."""
        return not self.gpu or torch.cuda.is_bf16_supported(including_emulation=False)

    @cached_property
    def models(self) -> dict[str, Path]:
        """Checkpoints with random weights; on a CPU the tiny one stands for both."""
        tiny = tiny_architecture.untrained(self.folder / "tiny")
        return {"ViT-B/32": full_size(self.folder / "full"), "tiny CLIP": tiny} if self.gpu else {"tiny CLIP": tiny}

    @property
    def main(self) -> Path:
        """The checkpoint that memory and training are tried on."""
        return next(iter(self.models.values()))

    @cached_property
    def files(self) -> list[Path]:
        """Tiles as PNG files."""
        folder = self.folder / "tiles"
        folder.mkdir()
        files = [folder / f"{i:05d}.png" for i in range(self.sizes.tiles)]
        for i, file in enumerate(files):
            tile = microcosm.render_tile(TISSUES[i % len(TISSUES)], seed=i)
            Image.fromarray(tile).resize((self.sizes.side, self.sizes.side)).save(file)
        return files

    @cached_property
    def pairs(self) -> Dataset:
        """The tiles with captions."""
        texts = [caption(TISSUES[i % len(TISSUES)], seed=i) for i in range(self.sizes.tiles)]
        features = Features({"image": Picture(), "text": Value("string")})
        return Dataset.from_dict({"image": [str(file) for file in self.files], "text": texts}, features=features)

    def config(self, **settings: Any) -> TrainConfig:
        """A short training."""
        rate = 2e-4 if self.gpu else 1e-3
        plain = {"steps": self.sizes.steps, "batch_size": self.sizes.batch, "learning_rate": rate, "warmup_steps": 4}
        return TrainConfig(**{**plain, "augment": None, "precision": "float32", **settings})


def seconds(work: dict[str, Callable[[], Any]], *, gpu: bool) -> dict[str, float]:
    """Median seconds of each, in turns."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(ROUNDS):
        for name, run in work.items():
            start = perf_counter()
            run()
            if gpu:
                torch.cuda.synchronize()
            times[name].append(perf_counter() - start)
    return {name: median(found) for name, found in times.items()}


def step(bench: Bench, chunk: int, batch: int = 0) -> Callable[[], list[torch.Tensor]]:
    """A function that computes all gradients of one batch, by default the bench's, ``chunk`` pairs at a time."""
    torch.manual_seed(0)
    model: Any = CLIPModel.from_pretrained(bench.main).to(bench.device).train()
    n, side, vocabulary = batch or bench.sizes.batch, model.config.vision_config.image_size, model.config.text_config
    tokens = torch.randint(vocabulary.vocab_size - 2, (n, WORDS))
    tokens[:, -1] = vocabulary.eos_token_id
    pixels, words = torch.randn(n, 3, side, side).to(bench.device), tokens.to(bench.device)
    chunks = list(zip(pixels.split(chunk), words.split(chunk), strict=True))  # type: ignore[no-untyped-call]

    def embed(part: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        images = model.get_image_features(pixel_values=part[0]).pooler_output
        return normalize(images, dim=1), normalize(model.get_text_features(input_ids=part[1]).pooler_output, dim=1)

    def work() -> list[torch.Tensor]:
        model.zero_grad()
        backward(embed, chunks, lambda images, texts: clip_loss(images, texts, model.logit_scale))
        return [parameter.grad for parameter in model.parameters()]

    return work


def peak(work: Callable[[], object], *, gpu: bool) -> float:
    """Bytes that a step needs at most: all of them on a GPU, what waits for the way back on a CPU."""
    if not gpu:
        with kept_activations() as kept:
            work()
        return float(kept.peak)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    return float(torch.cuda.max_memory_allocated() - before)


@contextmanager
def exact_products() -> Iterator[None]:
    """Products in full float32, without TF32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def scarce(bench: Bench) -> Iterator[None]:
    """Let this process have no more of the GPU's memory than ``sizes.memory``; nothing on a CPU."""
    if not bench.gpu:
        yield
        return
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, bench.sizes.memory / total))
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        torch.cuda.empty_cache()


@contextmanager
def imitated_lack(bench: Bench) -> Iterator[None]:
    """On a CPU: the image tower finds no memory for more than half a batch."""
    if bench.gpu:
        yield
        return
    real = CLIPModel.get_image_features

    def features(model: Any, pixel_values: torch.Tensor) -> Any:
        if len(pixel_values) > bench.sizes.batch // 2:
            raise torch.OutOfMemoryError("imitated")
        return real(model, pixel_values=pixel_values)

    with mock.patch.object(CLIPModel, "get_image_features", features):
        yield
