"""One machine or several, one precision or another: what Accelerate is asked for, and what trackers are told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import psutil
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import LoggerType


def make_accelerator(precision: str, *, trackers: Iterable[str] = (), folder: Any = None) -> Accelerator:
    """An `Accelerator` for this machine; arguments as in `TrainConfig`, ``folder`` is where trackers put their files.

    Raises:
        ValueError: for a tracker that Accelerate does not know.
        ImportError: for one whose library is not installed; Accelerate itself would go on without it.
    """
    known, installed = LoggerType.list(), [str(name) for name in get_available_trackers()]
    for name in trackers:
        if name not in known:
            raise ValueError(f"unknown tracker {name!r}; there are {', '.join(sorted(known))}.")
        if name != "all" and name not in installed:
            raise ImportError(f"the tracker {name} needs a library that is not installed: pip install {name}")
    wanted = automatic_precision() if precision == "auto" else precision
    wanted = "no" if wanted == "float32" else wanted
    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != wanted:
        AcceleratorState._reset_state()  # a notebook may train with one precision, then with another
    return Accelerator(mixed_precision=wanted, log_with=list(trackers) or None, project_dir=folder)


def automatic_precision() -> str:
    """bf16 on GPUs that have it in hardware, fp16 on older ones such as the T4, float32 without a GPU."""
    if not torch.cuda.is_available():
        return "float32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def memory_in_use() -> float:
    """Gigabytes: the peak of this process on the GPU, or what it occupies now without one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1000**3
    return float(psutil.Process().memory_info().rss) / 1000**3


def start_trackers(accelerator: Accelerator, trackers: Iterable[str], settings: Mapping[str, Any], folder: Any) -> None:
    """Tell the trackers what is going to be tracked; nothing is done without any."""
    if trackers:
        options: dict[str, Any] = {}
        if "comet_ml" in trackers and not os.environ.get("COMET_API_KEY"):
            from comet_ml import ExperimentConfig  # without a key it leaves an archive in the folder, to upload later

            place = ExperimentConfig(offline_directory=str(folder))
            options["comet_ml"] = {"online": False, "experiment_config": place}
        flat = {name: str(value) for name, value in settings.items()}
        accelerator.init_trackers("plip-tutorial", config=flat, init_kwargs=options)
