"""What the code does, in a handful of numbers: the proof that a result which was measured long ago still holds.

Some results take hours and are committed. Are they older than the code? Comparing the text of the source would say so
after each comment that is added. So a *canary* is committed beside each result: a few drawn tiles and posts, the pairs
that a small sample leaves, neighbours of a few vectors, the losses of the first steps, and all settings, taken when
the result was made. A test takes it anew, in seconds, and compares. A comment, a new name or a faster way changes
nothing of it; another stain, rule, seed or setting does.

>>> differences({"loss": 2.0731, "kept": [1, 4]}, {"loss": 2.0733, "kept": [1, 5]})
['kept[1]: was 4, is 5']
"""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import ArrayLike

from plip_tutorial import clean, collect, expand, finetune, microcosm, tracks
from plip_tutorial.artifacts import build, curation, tiny_architecture
from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.microcosm import pictures
from plip_tutorial.plip.model import PLIP

POSTS, WEB, EVERYDAY, STEPS = 512, 160, 64, 3
CHOSEN = ("settings.pre-training", "settings.fine-tuning")  # what is not at its default
CLOSE = 2e-3  # relative: processors differ in the last bits, and a loss after three steps shows more of them


@cache
def sample() -> dict[str, Dataset]:
    """The first rows of each kind of table that the recipe starts from."""
    return {
        "posts": microcosm.posts(POSTS),
        "web": microcosm.web_pool(WEB),
        "everyday": microcosm.everyday_pairs(EVERYDAY, seed=curation.RECIPE.everyday_seed),
    }


@cache
def untrained() -> str:
    """Checkpoint of a tiny CLIP with random weights."""
    return str(tiny_architecture.untrained(Path(tempfile.mkdtemp(prefix="canary-")), seed=0))


def settings() -> dict[str, Any]:
    """All settings of the tiny track's recipe."""

    def chosen(config: finetune.TrainConfig) -> dict[str, Any]:  # what the defaults do shows in the losses
        defaults = {field.name: field.default for field in dataclasses.fields(config)}
        return {name: value for name, value in dataclasses.asdict(config).items() if value != defaults[name]}

    return {
        "recipe": dataclasses.asdict(curation.RECIPE),
        "track": dataclasses.asdict(tracks.TINY),
        "model": dataclasses.asdict(tiny_architecture.TinyConfig()),
        "pre-training": chosen(build.pretraining()),
        "fine-tuning": chosen(build.fine_tuning()),
    }


def world() -> dict[str, Any]:
    """Drawn tiles of each tissue and laboratory, tiles of each test, everyday pictures, and the words of posts."""
    by_tissue = {name: _look([microcosm.render_tile(name, seed=1)]) for name in microcosm.TISSUES}
    by_lab = {name: _look([microcosm.render_tile("stroma", seed=2, lab=name)]) for name in microcosm.LABS}
    tests = {name: microcosm.benchmark(name, "test", 18) for name in microcosm.NAMES}
    return {
        "tissues": by_tissue,
        "labs": by_lab,
        "tests": {name: [_pictures(table), _words(table)] for name, table in tests.items()},
        "everyday": [_pictures(sample()["everyday"]), _words(sample()["everyday"])],
        "posts": _words(sample()["posts"]),
        "web": [_pictures(sample()["web"]), _words(sample()["web"])],
    }


def seen() -> dict[str, Any]:
    """What a model with random weights sees in pictures that have to be shrunk and cropped, the first eight numbers."""
    tile = microcosm.render_tile("stroma", seed=3, size=150)
    plip = PLIP(untrained(), device="cpu", precision="float32")
    vectors = plip.encode_images([tile[:97, :80], tile[:64, :140], tile[..., 0]])
    return {"wide, high, grey": vectors[:, :8].astype(float).tolist()}


def search() -> dict[str, Any]:
    """Neighbours of a few vectors, and what an expansion brings home."""
    generator = np.random.default_rng(0)
    pool = unit(generator.standard_normal((400, 16)).astype(np.float32))
    scores, indices = expand.VectorIndex(pool).search(pool[::40], k=5)
    found = expand.expand(pool[:20], pool[20:], k=6, threshold=0.6)
    return {"indices": indices.tolist(), "scores": scores.astype(float).tolist(), "found": found.indices.tolist()}


def curated() -> dict[str, Any]:
    """What each step of the curation keeps of a small sample, looked at by a model with random weights."""
    posts, web, everyday = sample()["posts"], sample()["web"], sample()["everyday"]
    pairs, funnel = collect.pairs_from_posts(posts)
    plip = PLIP(untrained(), device="cpu", precision="float32")
    vectors, near_by = (plip.encode_images(table["image"], 64) for table in (pairs, web))
    seen = [clean.dyes_and_texture(table["image"]) for table in (pairs, web, everyday)]
    tissue = np.array(pairs["truth_pathology"], bool)
    chooser = clean.PathologyFilter().fit(seen[0][tissue], seen[2], precision=0.99)
    near = expand.expand(vectors[tissue], near_by, k=3, threshold=0.9)
    together = concatenate_datasets([pairs.select_columns(["image", "text"]), web.select_columns(["image", "text"])])
    together = together.add_column("group_id", np.arange(len(together)))
    return {
        "posts kept": _which(funnel.alive),
        "captions": _words(pairs, "text", "source", "group_id"),
        "English": _which(clean.is_english(web["text"])),
        "filter": [float(chooser.threshold), *_which(chooser.keep(seen[1]))],
        "neighbours": _which(np.isin(np.arange(len(web)), near.indices)),
        "copies": _digest(clean.near_duplicates(together["image"]).tolist()),
        "one of each": _which(curation.one_of_each(together)),
        "boilerplate": _which(clean.boilerplate(together["text"], limit=3)),
        "groups": _digest(curation.regrouped(together)["group_id"][:]),
        "leaks": _which(clean.leaks(together, together.select(range(0, len(together), 7)))),
        "words dealt anew": _words(curation.dealt_anew(pairs), "text"),
    }


def training() -> dict[str, Any]:
    """Losses and lengths of the gradient in the first steps of the two trainings of the recipe, from random weights."""
    pretraining = dataclasses.replace(
        build.fine_tuning(), steps=STEPS, batch_size=32, warmup_steps=2, augment=finetune.TrainConfig().augment
    )
    tuning = dataclasses.replace(build.fine_tuning(), steps=STEPS, batch_size=32, warmup_steps=1)
    collected = collect.pairs_from_posts(sample()["posts"])[0]
    return {
        "pre-training": _first_steps(sample()["everyday"], pretraining),
        "fine-tuning": _first_steps(collected.select(range(min(96, len(collected)))), tuning),
        "SigLIP": _first_steps(sample()["everyday"], dataclasses.replace(tuning, loss="siglip", augment=None)),
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "settings": settings,
    "world": world,
    "pictures": seen,
    "search": search,
    "curation": curated,
    "training": training,
}


def take(*parts: str, **more: Any) -> dict[str, Any]:
    """The canary of some `PARTS`, by default of all, as plain values for JSON.

    Args:
        parts: names of parts.
        more: what else the result depends on, such as settings of its own.
    """
    found = {name: _part(name) for name in parts or PARTS}
    return json.loads(json.dumps({**found, **more}, default=dataclasses.asdict))


def forget() -> None:
    """Take everything anew at the next call, as in another process."""
    for part in (sample, untrained, _part):
        part.cache_clear()
    pictures.forget()


def differences(was: Any, now: Any, place: str = "") -> list[str]:
    """Where two canaries differ; numbers with a fraction may differ by `CLOSE`."""
    return list(_differences(was, now, place))


def _differences(was: Any, now: Any, place: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        # A name that is new does at its default what was done before, but not where only other values are named.
        for name in {**was, **now} if place in CHOSEN else was:
            yield from _differences(was.get(name), now.get(name), f"{place}.{name}" if place else name)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for i, pair in enumerate(zip(was, now, strict=True)):
            yield from _differences(*pair, f"{place}[{i}]")
    elif not isinstance(was, float) or not isinstance(now, float):
        if was != now:
            yield f"{place}: was {was}, is {now}"
    elif not math.isclose(was, now, rel_tol=CLOSE, abs_tol=1e-6):
        yield f"{place}: was {was}, is {now}"


@cache
def _part(name: str) -> dict[str, Any]:
    return PARTS[name]()


def _first_steps(pairs: Dataset, config: finetune.TrainConfig) -> list[list[float]]:
    with tempfile.TemporaryDirectory() as folder:
        _, rows = finetune.finetune(untrained(), pairs, config, output=folder, progress=False)
    return [[float(row["loss"]), float(row["gradient_norm"])] for row in rows]


def _look(pictures: Iterable[ArrayLike]) -> list[float]:
    """Mean and spread of each colour over some pictures, in grey levels to one decimal, and how fine the grain is."""
    values = np.stack([np.asarray(picture, np.float64) for picture in pictures])
    grain = np.abs(np.diff(values, axis=2)).mean()
    return [round(float(x), 1) for x in (*values.mean((0, 1, 2)), *values.std((0, 1, 2)), grain)]


def _pictures(table: Dataset) -> list[float]:
    return _look(picture.convert("RGB").resize((64, 64)) for picture in table["image"][:12])


def _which(mask: ArrayLike) -> list[Any]:
    """How many rows a mask keeps, and which, as a digest."""
    return [int(np.sum(mask)), _digest(np.flatnonzero(mask).tolist())]


def _words(table: Dataset, *columns: str) -> str:
    """Digest of some columns, or of all that hold no picture."""
    return _digest([table[name][:] for name in columns or table.column_names if not name.startswith("image")])


def _digest(value: Any) -> str:
    return blake2b(json.dumps(value, default=str).encode(), digest_size=8).hexdigest()
