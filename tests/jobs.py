"""Embedding jobs in processes of their own, for tests of two at once and of kills."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image

from plip_tutorial.at_scale import scale
from plip_tutorial.at_scale.embed import embed_folder
from plip_tutorial.at_scale.pool import embed_pool
from plip_tutorial.at_scale.steps import Embed
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage.files import InUseError


def tile(path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (20, 24, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def embed(plip: PLIP, place: Path) -> None:
    embed_folder(plip, place / "tiles", place / "embed.parquet", shard=3, progress=False)


def pool(plip: PLIP, place: Path) -> None:
    embed_pool(plip, place / "tiles", place / "pool", shard=3)


def steps(_: PLIP, place: Path) -> None:
    scale.run(Embed(str(place / "clip")), place / "shards", place / "embedded")


JOBS: dict[str, Callable[[PLIP, Path], None]] = {"embed": embed, "pool": pool, "scale": steps}


def vectors(job: str, place: Path) -> list[Any]:
    """What a job left, whole: a vector, or None, for each of its pictures."""
    if job == "embed":
        return list(pq.read_table(place / "embed.parquet")["embedding"].to_pylist())
    if job == "pool":
        return list(np.load(place / "pool" / "embeddings.npy"))
    return list(scale.read(place / "embedded")["embedding"].to_pylist())


def worker(job: str, place: Path, *, wait: bool = False, die_after: int | None = None) -> None:
    """Run a job; it tells when it is in the middle, waits there for a sign, or dies there."""
    torch.set_num_threads(1)  # it was forked from a process that may have used more
    done, encode = [0], PLIP.encode_images

    def slowly(self: PLIP, *args: Any, **options: Any) -> Any:
        if die_after is not None and done[0] == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if wait and done[0] == 1:
            (place / "in the middle").touch()
            while not (place / "go").exists():
                time.sleep(0.02)
        done[0] += 1
        return encode(self, *args, **options)

    PLIP.encode_images = slowly  # type: ignore[method-assign, assignment]
    try:
        JOBS[job](PLIP(place / "clip"), place)
    except InUseError as error:
        print(error, flush=True)
        sys.exit(3)
