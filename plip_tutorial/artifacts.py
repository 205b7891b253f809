"""What the book builds once and keeps: the tiny models, their corpus, and all that lies between.

The recipe is the paper's, in its order: posts become pairs; pictures that are not pathology go; the rest asks the web
pool for its relatives; captions that are not English go, copies go, what the tests will ask goes; what is left trains
the tiny PLIP. Each step is a short function, cached under a key of its settings and of the code that it runs.

    clip = CLIPModel.from_pretrained(artifacts.tiny_clip())
    pairs = artifacts.corpus()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, concatenate_datasets, load_from_disk
from numpy.typing import NDArray

from plip_tutorial import cache, clean, collect, expand, finetune, microcosm, tiny_model, tracks
from plip_tutorial.augment import AugmentConfig
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.microcosm.threads import paper
from plip_tutorial.plip import PLIP

WORLD = ("plip_tutorial.microcosm",)
TRAINING = (
    "plip_tutorial.tiny_model", "plip_tutorial.contrastive", "plip_tutorial.augment", "plip_tutorial.batches",
    "plip_tutorial.finetune", "plip_tutorial.gradcache", "plip_tutorial.training_run", "plip_tutorial.checkpoints",
    "plip_tutorial.processes", "plip_tutorial.lora", "plip_tutorial.tokens", "plip_tutorial.optimizer",
    "plip_tutorial.patches",
)  # fmt: skip
CURATION = (
    "plip_tutorial.collect", "plip_tutorial.language", "plip_tutorial.expand", "plip_tutorial.vector_index",
    "plip_tutorial.clean", "plip_tutorial.duplicates", "plip_tutorial.pixels", "plip_tutorial.post_text",
    "plip_tutorial.funnel", "plip_tutorial.exports", "plip_tutorial.thread_pictures", "plip_tutorial.images",
    "plip_tutorial.baselines", "plip_tutorial.plip",
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
        precision: share of the kept pictures that is to be pathology.
        neighbours: pictures of the pool that each seed asks for.
        knn_precision: share of pathology wanted among what the k-NN expansion brings.
    """

    everyday: int = 4000
    pretrain_batch: int = 128
    pretrain_steps: int = 120
    pretrain_rate: float = 1e-3
    patch_dropout: float = 0.5
    labelled: int = 1200
    precision: float = 0.99
    neighbours: int = 30
    knn_precision: float = 0.7


RECIPE = Recipe()


def _key(code: tuple[str, ...], **settings: Any) -> dict[str, Any]:
    return {"recipe": asdict(RECIPE), "code": cache.code_key(*WORLD, *code), "paper": paper(), **settings}


def _table(name: str, make: Callable[[], Dataset], code: tuple[str, ...] = (), **settings: Any) -> Dataset:
    """A cached `Dataset`."""
    key = _key(code, **settings)
    return load_from_disk(cache.build(name, key, lambda folder: make().save_to_disk(folder / "table")) / "table")


def _array(name: str, make: Callable[[], Embeddings], **settings: Any) -> Embeddings:
    """A cached array; all of them come from a trained model."""
    key = _key(TRAINING + CURATION, **settings)
    return np.asarray(
        np.load(cache.build(name, key, lambda folder: np.save(folder / "array.npy", make())) / "array.npy")
    )


def checkpoint(name: str) -> str:
    """Directory of "tiny-clip" or "tiny-plip", built if needed; any other name is a hub id and passed through.

    >>> checkpoint("vinid/plip")
    'vinid/plip'
    """
    makers = {"tiny-clip": tiny_clip, "tiny-plip": tiny_plip}
    return str(makers[name]()) if name in makers else name


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

    return cache.build("tiny-clip", _key(TRAINING, seed=seed), make) / "model"


def tiny_plip(seed: int = 0) -> Path:
    """The tiny PLIP: the tiny CLIP, fine-tuned on `corpus`. About three minutes the first time, the rest included."""

    def make(folder: Path) -> None:
        path, _ = finetune.finetune(tiny_clip(seed), corpus(), fine_tuning(seed), output=folder / "run")
        path.rename(folder / "model")

    return cache.build("tiny-plip", _key(TRAINING + CURATION, track=asdict(tracks.TINY), seed=seed), make) / "model"


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


def history(seed: int = 0) -> Path:
    """The CSV that the fine-tuning of the tiny PLIP wrote."""
    return tiny_plip(seed).parent / "run" / "history.csv"


def posts() -> Dataset:
    """The raw posts of the tiny corpus."""
    return _table("posts", lambda: microcosm.posts(tracks.TINY.posts), n=tracks.TINY.posts)


def web_pool() -> Dataset:
    """The raw web pool of the tiny corpus."""
    return _table("web-pool", lambda: microcosm.web_pool(tracks.TINY.web_pool), n=tracks.TINY.web_pool)


def collected() -> Dataset:
    """Pairs that the text filters leave of the posts. No picture has been looked at yet."""
    make = lambda: collect.pairs_from_posts(posts())[0]  # noqa: E731
    return _table("collected", make, CURATION, n=tracks.TINY.posts)


def labelled() -> tuple[Dataset, Dataset]:
    """Pathology and everyday pictures to fit filters on: training labs only, and none from posts, pool or tests."""
    share = RECIPE.labelled // len(microcosm.NAMES)
    tiles = [microcosm.benchmark(name, "train", share) for name in microcosm.NAMES]
    tissue = _table("labelled-tissue", lambda: concatenate_datasets([t.select_columns(["image"]) for t in tiles]))
    return tissue, _table("labelled-everyday", lambda: microcosm.everyday_pairs(RECIPE.labelled, seed=2))


def pathology_filter() -> clean.PathologyFilter:
    """The filter of chapter 4: ``keep`` takes the `features` of pictures, which know their colours as well."""

    def make(folder: Path) -> None:
        names = "labelled-tissue", "labelled-everyday"
        tissue, everyday = (features(name, table) for name, table in zip(names, labelled(), strict=True))
        clean.PathologyFilter().fit(tissue, everyday, precision=RECIPE.precision).save(folder / "filter")

    return clean.PathologyFilter.load(cache.build("pathology-filter", _key(TRAINING + CURATION), make) / "filter")


def seeds() -> Dataset:
    """Collected pairs whose picture is pathology, by the filter: what the web pool is asked with."""
    return collected().select(np.flatnonzero(_is_pathology("collected", collected())))


def seed_embeddings() -> Embeddings:
    """Their embeddings by the tiny CLIP, (n, d)."""
    return tiny_embeddings("collected", collected())[_is_pathology("collected", collected())]


def _is_pathology(name: str, table: Dataset) -> NDArray[np.bool_]:
    return pathology_filter().keep(features(name, table))


def features(name: str, table: Dataset) -> Embeddings:
    """What the filter looks at: embeddings of a table by the tiny CLIP with the colours beside them, (n, d + 48)."""
    make = lambda: clean.with_colour(tiny_embeddings(name, table), table["image"])  # noqa: E731
    return _array(f"features-{name}", make, track=asdict(tracks.TINY), n=len(table))


def tiny_embeddings(name: str, table: Dataset) -> Embeddings:
    """Embeddings (n, d) of a table of the tiny corpus by the tiny CLIP, cached under ``name``."""
    make = lambda: PLIP(tiny_clip()).encode_images(table["image"], 256)  # noqa: E731
    return _array(f"embeddings-{name}", make, track=asdict(tracks.TINY), n=len(table))


def knn_threshold(seed_embeddings: Embeddings) -> float:
    """Similarity to the nearest seed above which a picture is pathology often enough, on `labelled` pictures."""
    names = "labelled-tissue", "labelled-everyday"
    vectors = [tiny_embeddings(name, table) for name, table in zip(names, labelled(), strict=True)]
    near, _ = expand.VectorIndex(seed_embeddings).search(np.concatenate(vectors), k=1)
    is_tissue = np.repeat([True, False], [len(part) for part in vectors])
    return expand.choose_threshold(near[:, 0], is_tissue, RECIPE.knn_precision)


def expanded() -> Dataset:
    """Pairs of the web pool that are neighbours of the seeds, before any cleaning."""
    pool, vectors = web_pool(), seed_embeddings()
    found = expand.expand(
        vectors, tiny_embeddings("web-pool", pool), k=RECIPE.neighbours, threshold=knn_threshold(vectors)
    )
    pairs = pool.select(found.indices)
    last = max(collected()["group_id"], default=0) + 1
    return pairs.add_column("group_id", last + np.arange(len(pairs))).add_column("source", ["web"] * len(pairs))


def corpus() -> Dataset:
    """The cleaned pairs that `tiny_plip` was trained on."""
    return _table("corpus", _clean_corpus, TRAINING + CURATION, track=asdict(tracks.TINY))


def _clean_corpus() -> Dataset:
    web = expanded()
    keep = _is_pathology("expanded", web) & clean.is_english(web["text"])
    keep &= np.array([bool(text and text.strip()) for text in web["text"]])
    from_posts = seeds()
    pairs = concatenate_datasets([from_posts, web.select(np.flatnonzero(keep)).select_columns(from_posts.column_names)])
    pairs = pairs.select(np.flatnonzero(~clean.boilerplate(pairs["text"], pairs["group_id"])))
    pairs = pairs.select(np.flatnonzero(_one_of_each(pairs)))
    tests = concatenate_datasets([benchmark_of(tracks.TINY, name).remove_columns("label") for name in microcosm.NAMES])
    pairs = pairs.select(np.flatnonzero(~clean.leaks(pairs, tests)))
    groups = clean.join_groups(np.array(pairs["group_id"]), clean.near_duplicate_captions(pairs["text"]))
    return pairs.remove_columns("group_id").add_column("group_id", groups)


def _one_of_each(pairs: Dataset) -> NDArray[np.bool_]:
    """Mask that keeps one picture of those that are the same, but every caption of that one."""
    copies = clean.near_duplicates(pairs["image"])
    kept = clean.representative(copies)
    group = np.array(pairs["group_id"])
    same_post = group == group[copies]  # tweet and reply share a picture on purpose
    return kept | same_post


def benchmark(name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """A labelled set of the current track, cached. Columns ``image``, ``label``, ``patient``, ``slide``, ``lab``."""
    return benchmark_of(tracks.current(), name, split, n)


def benchmark_of(track: tracks.Track, name: str, split: Split = "test", n: int | None = None) -> Dataset:
    """The same for a given track."""
    if name in microcosm.NAMES:
        make = lambda: microcosm.benchmark(name, split, n, size=track.image_size)  # noqa: E731
        return _table(f"{name}-{split}", make, n=n, size=track.image_size)
    if name in tracks.FULL.benchmarks:
        raise ValueError(
            f"{name!r} is a set of the full track, which cannot be fetched yet. Set {tracks.VARIABLE}=tiny before "
            f"Python starts, and take one of: {', '.join(microcosm.NAMES)}."
        )
    raise ValueError(f"unknown benchmark {name!r}. The {track.name} track has: {', '.join(track.benchmarks)}.")


def embeddings(model: str, name: str, split: Split = "test", n: int | None = None) -> Embeddings:
    """Image embeddings of a benchmark, (n, d) unit vectors, cached. ``model`` is a checkpoint or an artifact's name."""
    make = lambda: PLIP(checkpoint(model)).encode_images(benchmark(name, split, n)["image"], 256)  # noqa: E731
    settings = {"track": asdict(tracks.current()), "model": model, "split": split, "n": n}
    return _array(f"{name}-{split}-by-{Path(checkpoint(model)).name}", make, **settings)
