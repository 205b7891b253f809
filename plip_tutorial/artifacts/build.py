"""How the tiny models, their filter and their corpus are made; it happens a few times a year, by `make models`.

Random weights learn everyday pairs and become the tiny CLIP. It is rounded to half precision, and all that follows
uses what was rounded, as every reader does: the filter, the corpus, and the tiny PLIP, which is rounded, too. The PLIP
learns from the pairs of further worlds as well, which nobody else looks at: they are not written, but cached.

    make(folder)  # an hour on one core
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, load_from_disk
from safetensors.torch import load_file, save_file

from plip_tutorial import clean, finetune, microcosm, tracks
from plip_tutorial.artifacts import committed, curation, tiny_architecture
from plip_tutorial.artifacts.curation import Curated, curate, fitted_filter
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import content

WEIGHTS = "model.safetensors"
SAVE_EVERY = 500  # steps between two checkpoints of the tiny PLIP: two minutes are lost if it is killed


def pretraining(seed: int = 0) -> finetune.TrainConfig:
    """How random weights become the tiny CLIP."""
    return finetune.TrainConfig(
        steps=curation.RECIPE.pretrain_steps,
        batch_size=curation.RECIPE.pretrain_batch,
        learning_rate=curation.RECIPE.pretrain_rate,
        warmup_steps=curation.RECIPE.pretrain_warmup,
        patch_dropout=curation.RECIPE.patch_dropout,
        seed=seed,
    )


def fine_tuning(seed: int = 0) -> finetune.TrainConfig:
    """How the tiny PLIP is trained: strong variations, since the labs of the tests were never seen."""
    track = tracks.TINY
    return finetune.TrainConfig(
        steps=track.steps,
        batch_size=track.batch_size,
        learning_rate=track.learning_rate,
        warmup_steps=100,
        patch_dropout=curation.RECIPE.patch_dropout,
        augment=AugmentConfig(
            crop=0.5, stain_gain=0.4, stain_turn=0.08, brightness=0.15, contrast=0.15, light=0.12, focus=0.5, noise=5.0
        ),
        seed=seed,
    )


def make_clip(output: Path, seed: int = 0) -> Path:
    """Train the tiny CLIP and write it, rounded, to ``output``; two minutes."""
    with tempfile.TemporaryDirectory() as place:
        start = tiny_architecture.untrained(Path(place, "untrained"), seed=seed)
        pairs = microcosm.everyday_pairs(curation.RECIPE.everyday, seed=curation.RECIPE.everyday_seed)
        trained, _ = finetune.finetune(start, pairs, pretraining(seed), output=Path(place, "run"))
        return rounded(trained, output)


def make_plip(clip: Path, pairs: Any, output: Path, seed: int = 0) -> Path:
    """Fine-tune the tiny CLIP on pairs, write it, rounded, to ``output``, and its history beside it; half an hour.

    A run that was killed goes on where it was: its checkpoints wait in the cache until it is done.
    """
    run = cache.place("training", settings(seed) | {"clip": content(clip), "code": cache.code_key()})
    trained, _ = finetune.finetune(clip, pairs, replace(fine_tuning(seed), save_every=SAVE_EVERY), output=run)
    shutil.copy(run / "history.csv", output.with_name("history.csv"))
    rounded(trained, output)
    shutil.rmtree(run)
    return output


def clip_of(seed: int) -> Path:
    """The tiny CLIP of a seed: that of the book for 0, any other is made once and cached."""
    return _cached("tiny-clip", seed, lambda at: make_clip(at, seed)) if seed else committed.tiny_clip()


def plip_of(seed: int) -> Path:
    """The tiny PLIP of a seed, from the tiny CLIP of that seed and the pairs that the book's learnt from."""

    def make(at: Path) -> None:
        pairs = learnt_from(committed.corpus(), committed.tiny_clip(), committed.pathology_filter())
        make_plip(clip_of(seed), pairs, at, seed)

    return _cached("tiny-plip", seed, make) if seed else committed.tiny_plip()


def learnt_from(corpus: Dataset, clip: Path, chooser: clean.PathologyFilter) -> Dataset:
    """What the tiny PLIP learns from: the corpus of world 0, and those of `Recipe.further`, each made once and cached.

    Args:
        corpus: of world 0, as `curate` made it with this model and filter.
        clip: checkpoint directory of what looks at the pictures.
        chooser: tells pathology.
    """
    return curation.side_by_side([corpus, *(_corpus_of(world, clip, chooser) for world in curation.RECIPE.further)])


def _corpus_of(world: int, clip: Path, chooser: clean.PathologyFilter) -> Dataset:
    given = {"world": world, "clip": content(clip), "filter": chooser, "recipe": curation.RECIPE, "track": tracks.TINY}

    def make(folder: Path) -> None:
        found = curate(PLIP(clip, device="cpu", precision="float32"), chooser, world=world)
        found.corpus.save_to_disk(folder / "pairs")

    built = cache.build("further-world", given | {"code": cache.code_key()}, make)
    return load_from_disk(built / "pairs")


def _cached(name: str, seed: int, make: Callable[[Path], object]) -> Path:
    key = settings(seed) | {"code": cache.code_key()}
    return cache.build(name, key, lambda folder: make(folder / "model")) / "model"


def settings(seed: int = 0) -> dict[str, Any]:
    """All that is set for the two models of a seed."""
    return {
        "recipe": curation.RECIPE,
        "track": tracks.TINY,
        "model": tiny_architecture.TinyConfig(),
        "pre-training": pretraining(seed),
        "fine-tuning": fine_tuning(seed),
    }


def rounded(model: Path, output: Path) -> Path:
    """Copy a checkpoint with weights in half precision; whoever loads it computes in single precision as before."""
    shutil.copytree(model, output, ignore=shutil.ignore_patterns(WEIGHTS))
    weights = {name: weight.to(torch.float16) for name, weight in load_file(model / WEIGHTS).items()}
    save_file(weights, output / WEIGHTS, metadata={"format": "pt"})
    return output


def make(folder: Path) -> Curated:
    """Make everything in the empty ``folder``: two models, a history, ``filter.json`` and ``corpus.json``."""
    clip = PLIP(make_clip(folder / "tiny-clip"), device="cpu", precision="float32")
    chooser = fitted_filter()
    line = {"weights": np.asarray(chooser.weights).tolist(), "bias": chooser.bias, "threshold": chooser.threshold}
    (folder / "filter.json").write_text(json.dumps(line) + "\n", encoding="utf-8")
    found = curate(clip, chooser)
    rows = {
        "posts": found.posts.tolist(),
        "collected": len(found.collected),
        "seeds": found.seeds.tolist(),
        "knn_threshold": found.threshold,
        "expanded": found.expanded.tolist(),
        "kept": found.kept.tolist(),
        "groups": list(found.corpus["group_id"]),
    }
    (folder / "corpus.json").write_text(json.dumps(rows) + "\n", encoding="utf-8")
    make_plip(folder / "tiny-clip", learnt_from(found.corpus, folder / "tiny-clip", chooser), folder / "tiny-plip")
    return found
