"""What the book builds once and keeps: the tiny models, their corpus, and all that lies between.

The recipe is the paper's, in its order: posts become pairs; pictures that are not pathology go; the rest asks the web
pool for its relatives; captions that are not English go, copies go, what the tests will ask goes; what is left trains
the tiny PLIP. Where each step is carried out: `curation`. What it starts from: `recipe`.

    clip = CLIPModel.from_pretrained(artifacts.tiny_clip())
    pairs = artifacts.corpus()
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from datasets import Dataset

from plip_tutorial import label_captions, microcosm, recipe, tracks
from plip_tutorial.curation import Curation, knn_threshold
from plip_tutorial.finetune import loop as finetune
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.plip.model import PLIP
from plip_tutorial.recipe import (
    Embeddings,
    features,
    fine_tuning,
    labelled,
    pathology_filter,
    posts,
    tiny_clip,
    tiny_embeddings,
    web_pool,
)
from plip_tutorial.sources import hub, hub_data, own_tiles
from plip_tutorial.sources.images import undecoded
from plip_tutorial.storage import cache
from plip_tutorial.storage.file_contents import content

__all__ = [
    "benchmark", "benchmark_of", "checkpoint", "collected", "corpus", "embeddings", "expanded", "features",
    "fine_tuning", "history", "knn_threshold", "labelled", "pathology_filter", "posts", "seed_embeddings", "seeds",
    "tiny_clip", "tiny_embeddings", "tiny_plip", "training_pairs", "web_pool",
]  # fmt: skip
PAIRS, LABELLED = "PLIP_TUTORIAL_PAIRS", "1aurent/NCT-CRC-HE"


def checkpoint(name: str) -> str:
    """Directory of "tiny-clip" or "tiny-plip", or of a model of the full track, made or fetched if needed.

    >>> checkpoint("/no/such/folder")
    Traceback (most recent call last):
    FileNotFoundError: there is no folder '/no/such/folder', and it is no id on the hub (owner/name) either.
    """
    makers = {"tiny-clip": tiny_clip, "tiny-plip": tiny_plip}
    return str(makers[name]() if name in makers else hub.local(name))


def tiny_plip(seed: int = 0) -> Path:
    """The tiny PLIP: the tiny CLIP, fine-tuned on `corpus`. About three minutes the first time, the rest included."""

    def make(folder: Path) -> None:
        path, _ = finetune.finetune(tiny_clip(seed), corpus(), fine_tuning(seed), output=folder / "run")
        path.rename(folder / "model")

    key = recipe.key(recipe.TRAINING + recipe.CURATION, track=asdict(tracks.TINY), seed=seed)
    return cache.build("tiny-plip", key, make) / "model"


def history(seed: int = 0) -> Path:
    """The CSV that the fine-tuning of the tiny PLIP wrote."""
    return tiny_plip(seed).parent / "run" / "history.csv"


def collected() -> Dataset:
    """Pairs that the text filters leave of the posts. No picture has been looked at yet."""
    return Curation().collected()


def seeds() -> Dataset:
    """Collected pairs whose picture is pathology, by the filter: what the web pool is asked with."""
    return Curation().seeds()


def seed_embeddings() -> Embeddings:
    """Embeddings of `seeds` by the tiny CLIP, (n, d)."""
    return Curation().seed_embeddings()


def expanded() -> Dataset:
    """Pairs of the web pool that are neighbours of the seeds, before any cleaning."""
    return Curation().expanded()


def corpus() -> Dataset:
    """The cleaned pairs that `tiny_plip` was trained on."""
    return Curation().corpus()


def training_pairs() -> Dataset:
    """What chapter 5 fine-tunes on. Columns ``image``, ``text``, ``group_id`` and more.

    In the tiny track that is `corpus`. There is no open corpus of pathology posts, so in the full track captions are
    written from the labels of a set by the grammar of the microcosm. The environment variable ``PLIP_TUTORIAL_PAIRS``
    puts a reader's own pairs in their place: whatever `own_tiles.read_pairs` reads.
    """
    own, track = os.environ.get(PAIRS, "").strip(), tracks.current()
    if own:
        return own_tiles.read_pairs(own)
    return corpus() if track.name == "tiny" else label_captions.captioned(benchmark_of(track, LABELLED, "train"))


def benchmark(name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """A labelled set of the current track, cached. Columns ``image``, ``label``, ``patient``, ``slide``, ``lab``."""
    return benchmark_of(tracks.current(), name, split, n)


def benchmark_of(track: tracks.Track, name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """The same for a given track."""
    if name in microcosm.NAMES:
        return recipe.micro(name, split, n, size=track.image_size)
    if name in hub_data.SETS:
        return hub_data.tiles(name, split, n)
    raise ValueError(f"unknown benchmark {name!r}. The {track.name} track has: {', '.join(track.benchmarks)}.")


def embeddings(model: str, name: str, split: Split = "test", n: int | None = None) -> Embeddings:
    """Image embeddings of a benchmark, (n, d) unit vectors, cached. ``model`` is a checkpoint or an artifact's name.

    They are those of this checkpoint and this set: where either was made anew in its place, so are they.
    """
    path, pictures = checkpoint(model), benchmark(name, split, n)["image"]
    make = lambda: PLIP(path).encode_images(pictures, 256)  # noqa: E731
    settings = {"track": asdict(tracks.current()), "split": split, "n": n, **hub_data.identity(name)}
    place = f"{name}-{split}".replace("/", "--")
    return recipe.array(f"{place}-by-{Path(path).name}", make, model=content(path), set=_content(pictures), **settings)


def _content(pictures: Iterable[Any]) -> str:
    """Sixteen hexadecimal digits of what the pictures of a set hold."""
    whole = sha256()
    for stored in undecoded(pictures):
        whole.update(sha256(stored["bytes"]).digest() if stored["bytes"] else content(stored["path"]).encode())
    return whole.hexdigest()[:16]
