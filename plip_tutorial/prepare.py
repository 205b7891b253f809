"""Build or fetch ahead of a class all that the chapters share, so that nobody waits and the network may be off.

    python -m plip_tutorial prepare                # the tiny track
    python -m plip_tutorial prepare --track full   # with the models and labelled sets of the hub

What is there already is only looked at; after an interruption the next call goes on where this one stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

from plip_tutorial import artifacts, tracks
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage.cache import cache_dir

SPLITS: tuple[Split, ...] = ("train", "test")
# Parts of sets that chapters ask for by their size: chapter 4 to plant copies, chapter 5 to mix two models.
EXCERPTS: tuple[tuple[str, Split, int], ...] = (("micro-kather", "test", 200), ("micro-kather", "train", 300))
MIXED = 360
Step = tuple[str, Callable[[], object]]


def shared() -> Iterator[Step]:
    """The tiny models and the corpus with all that lies between; both tracks use them in chapters 2 to 5."""
    yield "posts", artifacts.posts
    yield "web pool", artifacts.web_pool
    yield "tiny CLIP", artifacts.tiny_clip
    yield "pairs from posts", artifacts.collected
    yield "pathology filter", artifacts.pathology_filter
    yield "seeds and their embeddings", lambda: (artifacts.seeds(), artifacts.seed_embeddings())
    yield "neighbours in the web pool", lambda: artifacts.tiny_embeddings("expanded", artifacts.expanded())
    yield "corpus", artifacts.corpus
    yield "tiny PLIP", artifacts.tiny_plip
    yield "history of its training", artifacts.history


def sets(track: tracks.Track) -> Iterator[Step]:
    """Models of a track, its labelled sets, and their embeddings by both models."""
    models = (track.clip, track.plip)
    for model in models:
        yield f"model {model}", partial(_model, model)
    for name, split in product(track.benchmarks, SPLITS):
        yield f"{name}, {split}", partial(artifacts.benchmark, name, split)
    for name, split, n in (*EXCERPTS, (track.benchmarks[0], "test", MIXED)):
        yield f"{name}, {split}, {n} tiles", partial(artifacts.benchmark, name, split, n)
    for model, name, split in product(models, track.benchmarks, SPLITS):
        yield f"{name}, {split}, by {model}", partial(artifacts.embeddings, model, name, split)


def _model(name: str) -> None:
    """Load it once, which fetches what is not there."""
    PLIP(artifacts.checkpoint(name))


def prepare(track: tracks.Track | None = None) -> None:
    """Take all steps and print each with its number and its seconds.

    Args:
        track: the track that the class will use; None for the current one. It becomes the current one of this process.
    """
    track = track or tracks.current()
    os.environ[tracks.VARIABLE] = track.name
    steps = [*shared(), *sets(track)]
    for place, (name, take) in enumerate(steps, start=1):
        print(f"[{place:2}/{len(steps)}] {name} ...", end=" ", flush=True)
        start = time.perf_counter()
        try:
            take()
        except BaseException:
            print(flush=True)  # what is said about it begins a line of its own
            raise
        print(f"{time.perf_counter() - start:.1f} s", flush=True)
    print(f"The {track.name} track is ready, in {cache_dir()}. With HF_HUB_OFFLINE=1 nothing asks the network.")
