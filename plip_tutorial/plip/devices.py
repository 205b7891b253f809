"""What the machine offers to a model that only embeds: the device, its fast precision, threads that decode pictures."""

from __future__ import annotations

import os
from typing import Any

import torch

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
SMALL = 50_000_000  # parameters; below it "auto" stays exact, so that the tiny track is the same on every machine
MOST_DECODERS = 8  # more threads than this wait for Python's lock rather than decode


def best_device() -> str:
    """``"cuda"``, else ``"mps"``, else ``"cpu"``."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_precision(model: Any, device: torch.device) -> str:
    """The fastest precision whose vectors have a cosine of at least 0.9999 to the exact ones."""
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    has: Any = getattr(torch.cpu, "get_capabilities", dict)()
    fast = device.type == "cpu" and (has.get("amx_bf16") or has.get("avx512_bf16"))
    return "bfloat16" if fast and model.num_parameters() >= SMALL else "float32"


def check_precision(precision: str, device: torch.device) -> None:
    """Raise a ValueError for one that is unknown or that the device does not compute."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision is {precision!r}; it must be auto, {', '.join(PRECISIONS)}")
    if precision == "float16" and device.type == "cpu":
        raise ValueError("precision='float16' is for GPUs; on a CPU take 'bfloat16', 'float32' or 'auto'")


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def decoders(device: torch.device, batch_size: int) -> tuple[int, int]:
    """How many threads decode pictures, and how many pictures ahead of the model.

    Cores that the model leaves idle decode a whole batch beside its forward pass. Where it leaves none, decoding would
    only stand in its way (a sixth more time on two cores): then all cores decode first, a few pictures ahead.
    """
    busy = torch.get_num_threads() if device.type == "cpu" else 0
    idle = cores() - busy
    return (min(idle, MOST_DECODERS), batch_size) if idle > 0 else (busy, 2 * busy)
