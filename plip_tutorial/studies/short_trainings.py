"""What the studies of the recipe have in common: corpora made in other ways, short trainings on them, and the scores.

A corpus is made by `curate`, which looks at thousands of pictures; one corpus differs from the next by a few of them.
So what the tiny CLIP saw is remembered (`Seen`), and each corpus after the first takes seconds. A training with its
answers is kept in the cache as soon as it is done.

    pairs = curated(without="expansion").corpus
    told = [answers("mine", lambda: pairs, seed, 300, arm="expansion") for seed in range(3)]
    scores(told, told)["mean"]["value"]
"""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from plip_tutorial import artifacts, finetune, microcosm, tracks, zero_shot
from plip_tutorial.artifacts import build, curation
from plip_tutorial.artifacts.curation import Curated, Embeddings, Encoder
from plip_tutorial.metrics import bootstrap, confusion
from plip_tutorial.microcosm import pictures
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import undecoded
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import readable
from plip_tutorial.studies import provenance

Labels = NDArray[np.int64]
Answers = dict[str, Labels]
DRAWN_BYTES = 10**9  # pictures that stay in memory: those of posts, web, labelled tiles and tests


class Seen:
    """An encoder that looks at each stored picture once.

    Args:
        clip: what looks.
    """

    def __init__(self, clip: Encoder) -> None:
        """Nothing is seen yet."""
        self.clip = clip
        self.vectors: dict[bytes, Any] = {}

    def encode_images(self, images: Any, batch_size: int = 256, /) -> Embeddings:
        """Embed a column of pictures of the microcosm, (n, d)."""
        stored = [picture["bytes"] for picture in undecoded(images)]
        fresh = [one for one in dict.fromkeys(stored) if one not in self.vectors]
        found = self.clip.encode_images([{"bytes": one, "path": None} for one in fresh], batch_size)
        self.vectors.update(zip(fresh, found, strict=True))
        return np.array([self.vectors[one] for one in stored], np.float32).reshape(len(stored), found.shape[1])


@functools.cache
def seen_by_clip() -> Seen:
    """The tiny CLIP with its memory; from now on the process keeps the pictures that it draws, too."""
    pictures.KEPT_BYTES = max(pictures.KEPT_BYTES, DRAWN_BYTES)
    return Seen(PLIP(artifacts.tiny_clip()))


@functools.cache
def curated(without: str = "", **recipe: Any) -> Curated:
    """The corpus of world 0 without a step, or with other settings of `curation.Recipe`."""
    other = dataclasses.replace(curation.RECIPE, **recipe)
    return curation.curate(seen_by_clip(), artifacts.pathology_filter(), without=without, recipe=other)


def record(name: str, measure: Callable[[], Any], watched: Callable[[], dict[str, Any]]) -> None:
    """Measure, print, and write the results file ``name`` with its canary."""
    start = time.perf_counter()
    found = measure()
    note = provenance.Provenance.now(canary=watched(), seconds=time.perf_counter() - start)
    print(json.dumps(found, indent=1))
    print(provenance.save(name, found, note))


def forget() -> None:
    """Curate anew at the next call, as in another process."""
    for part in (curated, seen_by_clip):
        part.cache_clear()


def drawn(pairs: Dataset, size: int, seed: int) -> Dataset:
    """So many of the pairs, at random but in their order; all of them where there are no more."""
    if size >= len(pairs):
        return pairs
    return pairs.select(np.sort(rng("equal size", seed).permutation(len(pairs))[:size]))


def answers(study: str, pairs: Callable[[], Dataset], seed: int, steps: int, **settings: Any) -> Answers:
    """Zero-shot answers of a tiny PLIP on each of the four sets, (n,) class numbers; trained if it was not yet.

    Args:
        study: name in the cache.
        pairs: gives what it is trained on, if it has to be.
        seed: decides the tiny CLIP, the order of the pairs and their variations.
        steps: of the training, with the schedule of the recipe.
        settings: what ``pairs`` depends on, beside the code.
    """

    def make(folder: Path) -> None:
        config = dataclasses.replace(build.fine_tuning(seed), steps=steps)
        path, _ = finetune.finetune(build.clip_of(seed), pairs(), config, output=folder / "run", progress=False)
        plip = PLIP(path)
        told: dict[str, Any] = {name: named(plip, name, _test(name)["image"]) for name in microcosm.NAMES}
        np.savez(folder / "answers.npz", **told)  # arrays of numbers, so no pickle

    key = settings | {"seed": seed, "steps": steps, "code": cache.code_key()}
    built = cache.build(f"{study}-run", key, make)
    with readable(built), np.load(built / "answers.npz") as file:
        return dict(file)


def named(plip: PLIP, name: str, tiles: Any) -> Labels:
    """The class of each tile of a set, zero-shot, with the words of the paper; (n,)."""
    words = zero_shot.classifier(plip, list(microcosm.PHRASES[name].values()), microcosm.TEMPLATES[name])
    return zero_shot.predict(plip.encode_images(tiles, 256), words)[0]


def _test(name: str) -> Dataset:
    return artifacts.benchmark_of(tracks.TINY, name)


def scores(mine: Sequence[Answers], whole: Sequence[Answers]) -> dict[str, Any]:
    """Weighted F1 of models that differ in their seed, beside models of the whole recipe.

    Args:
        mine: answers of each model.
        whole: likewise, of the recipe.

    Returns:
        For each set and for "mean" over the sets: ``seeds`` (the F1 of each model), ``value`` (their mean), and
        ``interval`` and ``difference``: the 95% interval of that mean, and of what it has more than the whole recipe,
        both by resampling patients.
    """
    sets = [_set(name, mine, whole) for name in microcosm.NAMES]
    values, draws, reference = (np.stack(part) for part in zip(*sets, strict=True))
    told = {name: _summary(*part) for name, *part in zip(microcosm.NAMES, values, draws, reference, strict=True)}
    return told | {"mean": _summary(values.mean(0), draws.mean(0), reference.mean(0))}


def _set(name: str, mine: Sequence[Answers], whole: Sequence[Answers]) -> tuple[Any, Any, Any]:
    """Weighted F1 of each seed (s,), its mean draws (r,), and those of the whole recipe on the same patients."""
    test = _test(name)
    _, codes = bootstrap.encode(np.array(test["label"]), *(told[name] for told in (*mine, *whole)))
    matrices, draws = bootstrap.confusions(codes, np.array(test["patient"]))
    f1 = confusion.weighted_f1(draws)
    n = len(mine)
    return confusion.weighted_f1(matrices)[:n], f1[:, :n].mean(1), f1[:, n:].mean(1)


def _summary(values: Any, draws: Any, whole: Any) -> dict[str, Any]:
    """Numbers for the file; an interval tells of the choice of patients, the seeds stand beside it."""
    return {
        "seeds": np.round(values, 4).tolist(),
        "value": round(float(values.mean()), 4),
        "interval": np.percentile(draws, [2.5, 97.5]).round(4).tolist(),
        "difference": np.percentile(draws - whole, [2.5, 97.5]).round(4).tolist(),
    }
