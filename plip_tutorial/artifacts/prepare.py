"""Fetch and compute ahead of a class what its pages share, so that nobody waits and the network may be off.

    python -m plip_tutorial prepare                # the tiny track: what its models see in the labelled sets
    python -m plip_tutorial prepare --track full   # with the models and labelled sets of the hub

What is there already is only looked at; after an interruption the next call goes on where this one stopped.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

from plip_tutorial import tracks
from plip_tutorial.artifacts import committed, curation, pages
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.sources import slides
from plip_tutorial.storage.cache import cache_dir

SPLITS: tuple[Split, ...] = ("train", "test")
MIXED = 360  # tiles on which the unit on many models mixes two models
Step = tuple[str, Callable[[], object]]


def steps(track: tracks.Track) -> Iterator[Step]:
    """Models of a track, its labelled sets, what both see in them, what the tiny CLIP sees in the web; the slide."""
    models = (track.clip, track.plip)
    for model in models:
        yield f"model {model}", partial(pages.checkpoint, model)
    for name, split in product(track.benchmarks, SPLITS):
        yield f"{name}, {split}", partial(pages.benchmark, name, split)
    yield f"{track.benchmarks[0]}, {MIXED} tiles", partial(pages.benchmark, track.benchmarks[0], "test", MIXED)
    for model, name, split in product(models, track.benchmarks, SPLITS):
        yield f"{name}, {split}, by {model}", partial(pages.embeddings, model, name, split)
    tissue, everyday = curation.labelled()
    tables = {"labelled-tissue": tissue, "labelled-everyday": everyday, "web-pool": curation.web_pool()}
    for name, table in {**tables, "expanded": committed.expanded(), "seeds": committed.seeds()}.items():
        yield f"{name}, by tiny-clip", partial(pages.tiny_embeddings, name, table)
    yield "the slide", slides.small_region


def prepare(track: tracks.Track | None = None, *, backwards: bool = False) -> None:
    """Take all steps and print each with its number and its seconds.

    Args:
        track: the track that the class will use; None for the current one. It becomes the current one of this process.
        backwards: begin at the last step. Two processes, one from each end, share the work: what one has made the
            other finds, and what it is making the other waits for.
    """
    track = track or tracks.current()
    os.environ[tracks.VARIABLE] = track.name
    ahead = list(enumerate(steps(track), start=1))
    for place, (name, take) in reversed(ahead) if backwards else ahead:
        print(f"[{place:2}/{len(ahead)}] {name} ...", end=" ", flush=True)
        start = time.perf_counter()
        try:
            take()
        except slides.SlideFetchError as error:  # one unit needs it; a class without a network has the others
            print(f"\nwithout it, since {error}", flush=True)
            continue
        except BaseException:
            print(flush=True)  # what is said about it begins a line of its own
            raise
        print(f"{time.perf_counter() - start:.1f} s", flush=True)
    print(f"The {track.name} track is ready, in {cache_dir()}. With HF_HUB_OFFLINE=1 nothing asks the network.")
