"""The checks of `gpu_check`: each takes a bench (device, sizes, models, drawn pairs) and gives what it found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from datasets import load_from_disk
from gpu_bench import CPU_SIZES, GPU_SIZES, Bench, Finding, exact_products, imitated_lack, peak, scarce, seconds, step
from PIL import Image
from safetensors.torch import load_file

from plip_tutorial.finetune import checkpoints
from plip_tutorial.finetune.gradcache import largest_batch
from plip_tutorial.finetune.loop import finetune
from plip_tutorial.plip.model import PLIP

COSINE = 0.999  # of a vector in half precision to the exact one
GRADIENT = 1e-4  # relative difference of the cached gradient to that of the whole batch


def embedding(bench: Bench) -> Iterator[Finding]:
    """Tiles a second in each precision, and how near the vectors are to the exact ones."""
    pixels = [np.asarray(Image.open(file)) for file in bench.files]
    for name, path in bench.models.items():
        exact = PLIP(path, device=bench.device, precision="float32")
        truth = exact.encode_images(pixels, bench.sizes.batch)
        work = {"float32": partial(exact.encode_images, pixels, bench.sizes.batch)}
        cosines = {"float32": 1.0}
        for precision in ("bfloat16", "float16"):
            if not (bench.bfloat16 if precision == "bfloat16" else bench.gpu):
                yield Finding(f"{name} embeds in {precision}", None, "the device does not compute it itself")
                continue
            other = PLIP(path, device=bench.device, precision=precision)
            work[precision] = partial(other.encode_images, pixels, bench.sizes.batch)
            cosines[precision] = float((work[precision]() * truth).sum(1).min())
        for precision, spent in seconds(work, gpu=bench.gpu).items():
            numbers = {"tiles/s": len(pixels) / spent, "smallest cosine": cosines[precision]}
            said = f"{numbers['tiles/s']:.0f} tiles/s, smallest cosine {cosines[precision]:.6f}"
            yield Finding(f"{name} embeds in {precision}", cosines[precision] >= COSINE, said, numbers)


def decoding(bench: Bench) -> Iterator[Finding]:
    """Files decoded beside the forward pass, against decoding all of them first."""
    plip = PLIP(bench.main, device=bench.device)

    def decoded_first() -> Any:
        return plip.encode_images([np.asarray(Image.open(file)) for file in bench.files], bench.sizes.batch)

    work = {"beside": lambda: plip.encode_images(bench.files, bench.sizes.batch), "first": decoded_first}
    near = float((work["beside"]() * work["first"]()).sum(1).min())
    spent = seconds(work, gpu=bench.gpu)
    ratio = spent["beside"] / spent["first"]
    said = f"{ratio:.2f} times as long as decoding first, smallest cosine {near:.6f}"
    numbers = {"time, as a ratio": ratio, "tiles/s from files": len(bench.files) / spent["beside"]}
    yield Finding("decoding beside the forward pass gives the same vectors", near >= COSINE, said, numbers)


def training(bench: Bench) -> Iterator[Finding]:
    """The loss falls in every precision, and nothing becomes NaN; with float16 the scaler is at work."""
    for precision in ("float32", "bf16", "fp16"):
        if (precision == "fp16" and not bench.gpu) or (precision == "bf16" and not bench.bfloat16):
            yield Finding(f"training in {precision}", None, "the device does not compute it itself")
            continue
        output = bench.folder / f"run-{precision}"
        start = perf_counter()
        model, rows = finetune(
            bench.main, bench.pairs, bench.config(precision=precision), output=output, progress=False
        )
        losses = np.array([row["loss"] for row in rows])
        part = max(1, len(losses) // 4)
        first, last = losses[:part].mean(), losses[-part:].mean()
        sound = bool(np.isfinite(losses).all()) and all(torch.isfinite(w).all() for w in weights(model))
        scaled = precision != "fp16" or bool(checkpoints.read_state(checkpoints.latest(output))[1]["scaler"])
        pairs = len(losses) * bench.sizes.batch / (perf_counter() - start)
        numbers = {"loss at first": float(first), "loss in the end": float(last), "pairs/s": pairs}
        said = f"loss {first:.3f} -> {last:.3f}, {pairs:.0f} pairs/s, {'no' if sound else 'a'} NaN"
        yield Finding(f"training in {precision}", sound and bool(last < first) and scaled, said, numbers)


def gradient_cache(bench: Bench) -> Iterator[Finding]:
    """The gradient in chunks is that of the whole batch; memory and time as ratios."""
    work = {name: step(bench, size) for name, size in (("whole", bench.sizes.batch), ("chunks", bench.sizes.chunk))}
    with exact_products():
        peaks = {name: peak(run, gpu=bench.gpu) for name, run in work.items()}
        whole, parts = (torch.cat([g.flatten() for g in run()]) for run in work.values())
        spent = seconds(work, gpu=bench.gpu)
    difference = float((whole - parts).norm() / whole.norm())
    numbers = {
        "difference of the gradient": difference,
        "memory, as a ratio": peaks["chunks"] / peaks["whole"],
        "time, as a ratio": spent["chunks"] / spent["whole"],
    }
    said = ", ".join(f"{name} {value:.2g}" for name, value in numbers.items())
    yield Finding("gradient cache", difference <= GRADIENT, said, numbers)


def batch_that_fits(bench: Bench) -> Iterator[Finding]:
    """`largest_batch` finds a size that trains, with the GPU's memory made scarce; a CPU counts bytes instead."""
    budget = None if bench.gpu else bench.sizes.memory
    with scarce(bench):
        found = largest_batch(lambda n: step(bench, n, n)(), budget=budget, limit=4096)
        again = step(bench, found, found)()
    good = found >= 1 and all(bool(torch.isfinite(gradient).all()) for gradient in again)
    yield Finding("largest_batch", good, f"{found} pairs in {bench.sizes.memory / 1e9:g} GB", {"pairs": float(found)})


def halving(bench: Bench) -> Iterator[Finding]:
    """A batch that does not fit is cut in halves, that is said, and the training goes on."""
    batch = 4 * bench.sizes.batch if bench.gpu else bench.sizes.batch
    repeated = bench.pairs.select(np.arange(batch) % len(bench.pairs))
    config = bench.config(steps=2, batch_size=batch)
    with warnings.catch_warnings(record=True) as caught, scarce(bench), imitated_lack(bench):
        warnings.simplefilter("always")
        _, rows = finetune(bench.main, repeated, config, output=bench.folder / "halved", progress=False)
    said = [str(one.message) for one in caught if "memory is full" in str(one.message)]
    how = "" if bench.gpu else " (the lack of memory is imitated)"
    good = bool(said) and len(rows) == 2 and all(np.isfinite(row["loss"]) for row in rows)
    yield Finding("a batch that does not fit is halved", good, f"{' '.join(said) or 'nothing was said'}{how}")


def resume(bench: Bench) -> Iterator[Finding]:
    """A run that is killed and called again ends as if nothing had happened."""
    config = bench.config(save_every=4)
    whole, rows = finetune(bench.main, bench.pairs, config, output=bench.folder / "whole", progress=False)
    killed, saved = bench.folder / "killed", bench.folder / "pairs"
    bench.pairs.save_to_disk(saved)
    command = [sys.executable, __file__, str(bench.main), str(saved), str(killed), bench.device]
    process = subprocess.Popen(command)
    while process.poll() is None and not (killed / "step-000004").exists():
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    model, again = finetune(bench.main, bench.pairs, config, output=killed, progress=False)
    difference = max(float((a - b).abs().max()) for a, b in zip(weights(whole), weights(model), strict=True))
    steps = [row["step"] for row in again]
    bound = 1e-3 if bench.gpu else 0.0  # a GPU adds in an order of its own; the CPU is exact
    good = steps == list(range(len(rows))) and difference <= bound
    said = f"{len(steps)} of {len(rows)} steps, weights differ by at most {difference:.1e}"
    yield Finding("killed and resumed", good, said, {"largest difference of a weight": difference})


CHECKS: dict[str, Callable[[Bench], Iterator[Finding]]] = {
    "embedding": embedding,
    "decoding": decoding,
    "training": training,
    "gradient_cache": gradient_cache,
    "batch_that_fits": batch_that_fits,
    "halving": halving,
    "resume": resume,
}


def weights(model: Path) -> list[torch.Tensor]:
    """All weights of a checkpoint, in the order of their names."""
    tensors = load_file(model / "model.safetensors")
    return [tensors[name] for name in sorted(tensors)]


def train_until_killed(base: str, pairs: str, output: str, device: str) -> None:
    """The run of `resume` that is killed, in a process of its own."""
    bench = Bench(Path(output).parent, GPU_SIZES if device == "cuda" else CPU_SIZES, device)
    finetune(base, load_from_disk(pairs), bench.config(save_every=4), output=output, progress=False)


if __name__ == "__main__":
    train_until_killed(*sys.argv[1:])
