"""Two sizes of the same book: `TINY` needs no network and no GPU, `FULL` uses the released models and open data.

A page asks once, at its top, and never branches on the track again.

>>> TINY.image_size, FULL.plip
(64, 'vinid/plip')
"""

from __future__ import annotations

import os
import textwrap
from dataclasses import dataclass, replace
from functools import cache

VARIABLE = "PLIP_TUTORIAL_TRACK"


@dataclass(frozen=True)
class Track:
    """What a page has to know about its size."""

    name: str  #: "tiny" or "full"
    clip: str  #: the general model: an artifact name or an id on the Hugging Face hub
    plip: str  #: the pathology model, likewise
    image_size: int  #: pixels along one side of a model's input
    batch_size: int  #: pairs in one training step
    steps: int  #: training steps of the fine-tuning
    learning_rate: float  #: its highest value, after the warm-up
    posts: int  #: posts of the microcosm that the corpus is collected from
    web_pool: int  #: images of the microcosm's web pool that it is expanded into
    encode_batch: int  #: images or captions embedded at once
    gpu: bool  #: whether the track is sized for a GPU (a T4 with 15 GB)
    benchmarks: tuple[str, ...]  #: names of the labelled sets that the models are compared on

    @property
    def others(self) -> dict[str, str]:
        """Models that have seen pictures only, title -> hub id: linear probing puts them beside CLIP.

        No field, since no artifact depends on it.
        """
        return {"ImageNet ViT": "google/vit-base-patch16-224"} if self.name == "full" else {}


TINY = Track(
    name="tiny",
    clip="tiny-clip",
    plip="tiny-plip",
    image_size=64,
    batch_size=64,
    steps=8_000,
    learning_rate=8e-4,
    posts=8_000,
    web_pool=5_000,
    encode_batch=64,
    gpu=False,
    benchmarks=("micro-kather", "micro-pannuke", "micro-digestpath", "micro-wsss4luad"),
)
FULL = Track(
    name="full",
    clip="openai/clip-vit-base-patch32",
    plip="vinid/plip",
    image_size=224,
    batch_size=128,
    steps=1_000,
    learning_rate=1e-5,
    posts=6_000,
    web_pool=8_000,
    encode_batch=128,
    gpu=True,
    benchmarks=("1aurent/NCT-CRC-HE", "1aurent/PatchCamelyon", "RationAI/PanNuke"),
)
# The full track without a GPU: the same models and sets, few steps, few tiles, and the microcosm drawn small. For a
# try, not for results.
FULL_WITHOUT_GPU = replace(
    FULL, image_size=64, batch_size=16, steps=20, posts=2_000, web_pool=2_000, encode_batch=32, gpu=False
)
TRACKS = {track.name: track for track in (TINY, FULL)}


def current() -> Track:
    """The track of this session.

    The environment variable ``PLIP_TUTORIAL_TRACK`` decides. Without it: full in Google Colab with a GPU, else tiny. If
    the full track cannot be had there, because the hub is away or lacks a part, that is printed once and the tiny track
    is taken; a full track that was asked for by name is never replaced. Without a GPU it is cut to what a CPU can do:
    `FULL_WITHOUT_GPU`.

    Raises:
        ValueError: if the variable names no track.
    """
    chosen = os.environ.get(VARIABLE, "").strip().lower()
    if not chosen:
        return _full_or_tiny() if "COLAB_RELEASE_TAG" in os.environ and _has_gpu() else TINY
    if chosen not in TRACKS:
        raise ValueError(f"{VARIABLE} is {chosen!r}; it must be one of {', '.join(TRACKS)}.")
    return FULL_WITHOUT_GPU if chosen == "full" and not _has_gpu() else TRACKS[chosen]


@cache
def _full_or_tiny() -> Track:
    """Decided once a process, as a page must not change its track half-way."""
    from plip_tutorial.sources import asking, hub, hub_data  # here, as they import what this module does without

    models = (FULL.clip, FULL.plip, *FULL.others.values())
    reason = asking.obstacle(hub.lacking(models) | hub_data.lacking(FULL.benchmarks))
    if not reason:
        return FULL
    said = (
        f"There is a GPU, but the full track cannot be had: {reason}. This page goes on with the tiny track. To try "
        f"again, restart the session; to insist on the full track, set {VARIABLE}=full before that."
    )
    print(textwrap.fill(said, 78, break_long_words=False, break_on_hyphens=False))
    return TINY


def _has_gpu() -> bool:
    import torch  # here, because nothing else in this module needs its import time

    return torch.cuda.is_available()
