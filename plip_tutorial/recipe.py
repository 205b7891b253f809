"""What the recipe of the tiny track starts from: its settings, the raw posts and pool, the tiny CLIP and its filter.

Everything is cached under a key of its settings and of the code that makes it. What is done with these parts, step by
step, stands in `curation`; what the chapters ask for stands in `artifacts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets, load_from_disk
from numpy.typing import NDArray

from plip_tutorial import clean, microcosm, tiny_model, tracks
from plip_tutorial.finetune import loop as finetune
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.microcosm.threads import paper
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import readable

WORLD = ("plip_tutorial.microcosm",)
OWN = ("plip_tutorial.recipe",)  # seeds, warm-ups and variations stand in functions below
TRAINING = (
    "plip_tutorial.tiny_model", "plip_tutorial.contrastive.losses", "plip_tutorial.finetune.augment", "plip_tutorial.finetune.batches",
    "plip_tutorial.finetune.loop", "plip_tutorial.finetune.gradcache", "plip_tutorial.finetune.run", "plip_tutorial.finetune.checkpoints",
    "plip_tutorial.finetune.processes", "plip_tutorial.finetune.lora", "plip_tutorial.plip.tokens", "plip_tutorial.finetune.optimizer",
    "plip_tutorial.finetune.patches", "plip_tutorial.sources.images", "plip_tutorial.plip.pixels", "plip_tutorial.sources.grey_levels",
    "plip_tutorial.sources.picture_files", "plip_tutorial.finetune.validation", "plip_tutorial.collect.caption_text",
)  # fmt: skip
CURATION = (
    "plip_tutorial.expand.approximate_index", "plip_tutorial.clean.groups",
    "plip_tutorial.curation", "plip_tutorial.collect.pairs", "plip_tutorial.collect.language", "plip_tutorial.expand.expansion",
    "plip_tutorial.expand.vector_index", "plip_tutorial.clean.pathology_filter", "plip_tutorial.clean.duplicates", "plip_tutorial.plip.pixels",
    "plip_tutorial.collect.caption_text", "plip_tutorial.collect.funnel", "plip_tutorial.collect.exports", "plip_tutorial.collect.post_filters",
    "plip_tutorial.sources.images", "plip_tutorial.metrics.baselines", "plip_tutorial.plip.model", "plip_tutorial.plip.devices",
    "plip_tutorial.plip.read_token", "plip_tutorial.sources.tables",
    "plip_tutorial.sources.table_columns", "plip_tutorial.sources.post_values",
)  # fmt: skip
Embeddings = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """Settings of the tiny track that no chapter asks for.

    Attributes:
        everyday: pairs that the tiny CLIP is pre-trained on.
        pretrain_batch: pairs that meet in a step of that pre-training.
        pretrain_steps: how many steps.
        pretrain_rate: its highest learning rate.
        patch_dropout: share of each picture that both trainings leave out, which makes a step one third shorter.
        labelled: tiles, and as many everyday pictures, that the filter and the k-NN threshold are fitted on.
        precision: share of the kept pictures that is to be pathology: the strictest, in steps of a hundredth, at which
            the filter still keeps 99% of the labelled tiles.
        neighbours: pictures of the pool that each seed asks for.
        knn_precision: share of pathology wanted among what the k-NN expansion brings.
    """

    everyday: int = 4000
    pretrain_batch: int = 128
    pretrain_steps: int = 120
    pretrain_rate: float = 1e-3
    patch_dropout: float = 0.5
    labelled: int = 1200
    precision: float = 0.97
    neighbours: int = 30
    knn_precision: float = 0.7


RECIPE = Recipe()


def key(code: tuple[str, ...], **settings: Any) -> dict[str, Any]:
    """The key of a result: the settings, and the code of the world, of this module and of those in ``code``."""
    modules = dict.fromkeys((*WORLD, *OWN, *code))  # each once
    return {"recipe": asdict(RECIPE), "code": cache.code_key(*modules), "paper": paper(), **settings}


def table(name: str, make: Callable[[], Dataset], code: tuple[str, ...] = (), **settings: Any) -> Dataset:
    """A cached `Dataset`."""
    built = cache.build(name, key(code, **settings), lambda folder: make().save_to_disk(folder / "table"))
    with readable(built):
        return load_from_disk(built / "table")


def array(name: str, make: Callable[[], Embeddings], rows: int | None = None, /, **settings: Any) -> Embeddings:
    """A cached array, (n, d); all of them come from a trained model. ``rows`` is the n that it has to have."""
    made = cache.build(name, key(TRAINING + CURATION, **settings), lambda folder: np.save(folder / "array.npy", make()))
    with readable(made):
        found = np.asarray(np.load(made / "array.npy", allow_pickle=False))
        if found.ndim != 2 or rows not in (None, len(found)):
            raise ValueError(f"array.npy has shape {found.shape}; {rows or 'n'} rows of numbers are needed")
        return found


def tiny_clip(seed: int = 0) -> Path:
    """The tiny CLIP, a checkpoint directory: random weights, then everyday pairs. About a minute the first time."""

    def make(folder: Path) -> None:
        start = tiny_model.untrained(folder / "untrained", seed=seed)
        pairs = microcosm.everyday_pairs(RECIPE.everyday, seed=1)
        config = finetune.TrainConfig(
            steps=RECIPE.pretrain_steps,
            batch_size=RECIPE.pretrain_batch,
            learning_rate=RECIPE.pretrain_rate,
            warmup_steps=20,
            patch_dropout=RECIPE.patch_dropout,
            seed=seed,
        )
        path, _ = finetune.finetune(start, pairs, config, output=folder / "run")
        path.rename(folder / "model")

    return cache.build("tiny-clip", key(TRAINING, seed=seed), make) / "model"


def fine_tuning(seed: int = 0) -> finetune.TrainConfig:
    """How the tiny PLIP is trained: strong variations, since the labs of the tests were never seen."""
    track = tracks.TINY
    return finetune.TrainConfig(
        steps=track.steps,
        batch_size=track.batch_size,
        learning_rate=track.learning_rate,
        warmup_steps=50,
        patch_dropout=RECIPE.patch_dropout,
        augment=AugmentConfig(
            crop=0.4, stain_gain=0.5, stain_turn=0.1, brightness=0.2, contrast=0.2, focus=0.6, noise=6.0
        ),
        seed=seed,
    )


def posts() -> Dataset:
    """The raw posts of the tiny corpus."""
    return table("posts", lambda: microcosm.posts(tracks.TINY.posts), n=tracks.TINY.posts)


def web_pool() -> Dataset:
    """The raw web pool of the tiny corpus."""
    return table("web-pool", lambda: microcosm.web_pool(tracks.TINY.web_pool), n=tracks.TINY.web_pool)


def micro(name: str, split: Split = "test", n: int | None = None, *, size: int | None = None) -> Dataset:
    """One of the microcosm's labelled sets; ``size`` is the side of a tile in pixels, by default the tiny track's."""
    side = size or tracks.TINY.image_size
    return table(f"{name}-{split}", lambda: microcosm.benchmark(name, split, n, size=side), n=n, size=side)


def labelled() -> tuple[Dataset, Dataset]:
    """Pathology and everyday pictures to fit filters on: training labs only, and none from posts, pool or tests."""

    def tissue() -> Dataset:
        share = RECIPE.labelled // len(microcosm.NAMES)
        tiles = [microcosm.benchmark(name, "train", share) for name in microcosm.NAMES]
        return concatenate_datasets([part.select_columns(["image"]) for part in tiles])

    everyday = table("labelled-everyday", lambda: microcosm.everyday_pairs(RECIPE.labelled, seed=2))
    return table("labelled-tissue", tissue), everyday


def tiny_embeddings(name: str, pictures: Dataset) -> Embeddings:
    """Embeddings (n, d) of a table of the tiny corpus by the tiny CLIP, cached under ``name`` and the table itself."""
    make = lambda: PLIP(tiny_clip()).encode_images(pictures["image"], 256)  # noqa: E731
    return array(f"embeddings-{name}", make, len(pictures), **_told(pictures))


def features(name: str, pictures: Dataset) -> Embeddings:
    """What the filter looks at: embeddings of a table by the tiny CLIP with the colours beside them, (n, d + 48)."""
    make = lambda: clean.with_colour(tiny_embeddings(name, pictures), pictures["image"])  # noqa: E731
    return array(f"features-{name}", make, len(pictures), **_told(pictures))


def _told(pictures: Dataset) -> dict[str, Any]:
    """What an array of a table depends on: another table under the same name gets its own."""
    return {"track": asdict(tracks.TINY), "pictures": pictures._fingerprint}


def pathology_filter() -> clean.PathologyFilter:
    """The filter of chapter 4: ``keep`` takes the `features` of pictures, which know their colours as well."""

    def make(folder: Path) -> None:
        names = "labelled-tissue", "labelled-everyday"
        tissue, everyday = (features(name, pictures) for name, pictures in zip(names, labelled(), strict=True))
        clean.PathologyFilter().fit(tissue, everyday, precision=RECIPE.precision).save(folder / "filter")

    built = cache.build("pathology-filter", key(TRAINING + CURATION), make)
    with readable(built):
        return clean.PathologyFilter.load(built / "filter")
