"""What the pages ask for: the models and labelled sets of their track, and what the models see in pictures.

plip = PLIP(artifacts.checkpoint(tracks.current().plip))
vectors = artifacts.embeddings("tiny-plip", "micro-kather")
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from plip_tutorial import microcosm, tracks
from plip_tutorial.artifacts import committed, label_captions
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources import hub, hub_data, own_tiles
from plip_tutorial.sources.images import undecoded
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import content, readable

Embeddings = NDArray[np.float32]
PAIRS, LABELLED = "PLIP_TUTORIAL_PAIRS", "1aurent/NCT-CRC-HE"


def checkpoint(name: str) -> str:
    """Directory of "tiny-clip" or "tiny-plip", or of a model of the full track, fetched if needed.

    >>> checkpoint("/no/such/folder")
    Traceback (most recent call last):
    FileNotFoundError: there is no folder '/no/such/folder', and it is no id on the hub (owner/name) either.
    """
    tiny = {"tiny-clip": committed.tiny_clip, "tiny-plip": committed.tiny_plip}
    return str(tiny[name]() if name in tiny else hub.local(name))


def training_pairs() -> Dataset:
    """What the unit on fine-tuning learns from. Columns ``image``, ``text``, ``group_id`` and more.

    In the tiny track that is `corpus`. There is no open corpus of pathology posts, so in the full track captions are
    written from the labels of a set by the grammar of the microcosm. The environment variable ``PLIP_TUTORIAL_PAIRS``
    puts a reader's own pairs in their place: whatever `own_tiles.read_pairs` reads.
    """
    own, track = os.environ.get(PAIRS, "").strip(), tracks.current()
    if own:
        return own_tiles.read_pairs(own)
    return (
        committed.corpus() if track.name == "tiny" else label_captions.captioned(benchmark_of(track, LABELLED, "train"))
    )


def benchmark(name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """A labelled set of the current track. Columns ``image``, ``label``, ``patient``, ``slide``, ``lab``."""
    return benchmark_of(tracks.current(), name, split, n)


def benchmark_of(track: tracks.Track, name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """The same for a given track."""
    if name in microcosm.NAMES:
        return microcosm.benchmark(name, split, n, size=track.image_size)
    if name in hub_data.SETS:
        return hub_data.tiles(name, split, hub_data.usual_size(split, gpu=track.gpu) if n is None else n)
    raise ValueError(f"unknown benchmark {name!r}. The {track.name} track has: {', '.join(track.benchmarks)}.")


def embeddings(model: str, name: str, split: Split = "test", n: int | None = None) -> Embeddings:
    """Image embeddings of a benchmark, (n, d) unit vectors, cached. ``model`` is a checkpoint or an artifact's name.

    They are those of this checkpoint and this set: where either was made anew in its place, so are they.
    """
    return _embedded(f"{name}-{split}".replace("/", "--"), checkpoint(model), benchmark(name, split, n))


def tiny_embeddings(name: str, pictures: Dataset) -> Embeddings:
    """Embeddings (n, d) of a table of the tiny corpus by the tiny CLIP, cached under ``name``."""
    return _embedded(name, checkpoint("tiny-clip"), pictures)


def seed_embeddings() -> Embeddings:
    """Embeddings of `committed.seeds` by the tiny CLIP, (n, d)."""
    return tiny_embeddings("seeds", committed.seeds())


def _embedded(name: str, path: str, table: Dataset) -> Embeddings:
    """Embed the pictures of a table once; what lies in several rows is looked at once."""
    digests = [_content(stored) for stored in undecoded(table["image"])]
    key = {"model": content(path), "pictures": cache.fingerprint(digests), "code": cache.code_key()}

    def make(at: Path) -> None:
        _, first, place = np.unique(digests, return_index=True, return_inverse=True)
        np.save(at / "array.npy", PLIP(path).encode_images(table.select(first)["image"], 256)[place])

    built = cache.build(f"{name}-by-{Path(path).name}", key, make)
    with readable(built):
        found = np.asarray(np.load(built / "array.npy", allow_pickle=False))
        if found.ndim != 2 or len(found) != len(table):
            raise ValueError(f"array.npy has shape {found.shape}; {len(table)} rows of numbers are needed")
        return found


def _content(stored: dict[str, Any]) -> str:
    """What a stored picture holds, as a digest."""
    return sha256(stored["bytes"]).hexdigest() if stored["bytes"] else content(stored["path"])
