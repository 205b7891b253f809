"""One machine or several, one precision or another: what Accelerate is asked for, and nothing else of it.

Several processes share a batch. Each embeds its own pairs; then everybody gets everybody's embeddings, since the loss
compares all with all. Each process computes the whole loss, but only its own embeddings carry a gradient. The sum of
the processes' gradients is then the gradient of the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import psutil
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.tracking import get_available_trackers
from accelerate.utils import LoggerType
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter

PRECISIONS = {"float32": "no", "bf16": "bf16", "fp16": "fp16"}


def make_accelerator(precision: str, *, trackers: Iterable[str] = (), folder: Any = None) -> Accelerator:
    """An `Accelerator` for this machine.

    Args:
        precision: ``"float32"``, ``"bf16"``, ``"fp16"`` or ``"auto"``: what the device computes fast and safely.
        trackers: names of experiment trackers, such as ``"tensorboard"`` or ``"comet_ml"``.
        folder: where trackers put their files.

    Raises:
        ValueError: for a tracker that Accelerate does not know.
        ImportError: for one whose library is not installed; Accelerate itself would go on without it.
    """
    trackers = list(trackers)
    _check_trackers(trackers)
    wanted = PRECISIONS[automatic_precision() if precision == "auto" else precision]
    if AcceleratorState._shared_state and AcceleratorState().mixed_precision != wanted:
        AcceleratorState._reset_state()  # a notebook may train with one precision, then with another
    return Accelerator(mixed_precision=wanted, log_with=trackers or None, project_dir=folder)


def _check_trackers(trackers: list[str]) -> None:
    known, installed = LoggerType.list(), [str(name) for name in get_available_trackers()]
    for name in trackers:
        if name not in known:
            raise ValueError(f"unknown tracker {name!r}; there are {', '.join(sorted(known))}.")
        if name != "all" and name not in installed:
            raise ImportError(f"the tracker {name} needs a library that is not installed: pip install {name}")


def automatic_precision() -> str:
    """bf16 on GPUs that have it in hardware, fp16 on older ones such as the T4, float32 without a GPU."""
    if not torch.cuda.is_available():
        return "float32"
    return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"


def share(rows: NDArray[np.int64], accelerator: Accelerator) -> slice:
    """The slice of a batch's rows that this process embeds."""
    ends = np.cumsum([0, *shares(len(rows), accelerator.num_processes)])
    return slice(int(ends[accelerator.process_index]), int(ends[accelerator.process_index + 1]))


def shares(n: int, processes: int) -> list[int]:
    """Near-equal parts of n.

    >>> shares(10, 4)
    [3, 3, 2, 2]
    """
    return [n // processes + (place < n % processes) for place in range(processes)]


def refuse_empty_shares(smallest: int, accelerator: Accelerator) -> None:
    """Every process needs a pair of every batch.

    Raises:
        ValueError: if the smallest batch has fewer pairs than there are processes.
    """
    if smallest < accelerator.num_processes:
        count = accelerator.num_processes
        raise ValueError(f"{count} processes cannot share a batch of {smallest}: raise batch_size.")


def gather(own: Tensor, n: int, accelerator: Accelerator) -> Tensor:
    """All rows of the batch, (n, d), of which only those of this process carry a gradient."""
    if accelerator.num_processes == 1:
        return own
    sizes = shares(n, accelerator.num_processes)
    padded = torch.nn.functional.pad(own.detach(), (0, 0, 0, sizes[0] - len(own)))  # the first share is the largest
    everyone = list(torch.split(accelerator.gather(padded), sizes[0]))
    everyone[accelerator.process_index] = own
    return torch.cat([part[:size] for part, size in zip(everyone, sizes, strict=True)])


def sum_gradients(encoder: Iterable[Parameter], loss: Iterable[Parameter], accelerator: Accelerator) -> None:
    """Make every process hold the gradient of the whole batch.

    Args:
        encoder: parameters of the encoders; each process has a part of their gradient.
        loss: parameters of the loss, such as the logit scale; each process has all of their gradient already.
        accelerator: knows the processes.
    """
    if accelerator.num_processes == 1:
        return
    parameters = list(encoder)
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    total = accelerator.reduce(torch.cat([part.flatten() for part in parts]), "sum")
    for parameter, gradient in zip(parameters, torch.split(total, [part.numel() for part in parts]), strict=True):
        parameter.grad = gradient.view_as(parameter)
    for parameter in loss:
        if parameter.grad is not None:
            parameter.grad = accelerator.reduce(parameter.grad, "mean")


def memory_in_use() -> float:
    """Gigabytes: the peak of this process on the GPU, or what it occupies now without one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1000**3
    return float(psutil.Process().memory_info().rss) / 1000**3


def start_trackers(accelerator: Accelerator, trackers: Iterable[str], settings: Mapping[str, Any], folder: Any) -> None:
    """Tell the trackers what is going to be tracked; nothing is done without any."""
    if trackers:
        flat = {name: str(value) for name, value in settings.items()}
        accelerator.init_trackers("plip-tutorial", config=flat, init_kwargs=tracker_options(trackers, folder))


def tracker_options(trackers: Iterable[str], folder: Any) -> dict[str, dict[str, Any]]:
    """Settings of the trackers: without a key Comet ML works offline, and leaves an archive in ``folder`` to upload."""
    if "comet_ml" not in trackers or os.environ.get("COMET_API_KEY"):
        return {}
    from comet_ml import ExperimentConfig  # optional

    return {"comet_ml": {"online": False, "experiment_config": ExperimentConfig(offline_directory=str(folder))}}
