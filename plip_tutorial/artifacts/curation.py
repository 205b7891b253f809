"""From raw posts and a web pool to the cleaned corpus that the tiny PLIP learns from, read from top to bottom.

The order is the paper's: posts become pairs; pictures that are not pathology go; the rest asks the web pool for its
relatives; captions that are not English go, boilerplate and copies go, what the tests will ask goes. `curate` without
one of its `STEPS` tells what the step is worth.

    found = curate(PLIP(artifacts.tiny_clip()), artifacts.pathology_filter())
    found.corpus
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from datasets import Dataset, Features, Value, concatenate_datasets
from numpy.typing import NDArray

from plip_tutorial import clean, collect, expand, microcosm, tracks

Embeddings = NDArray[np.float32]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
QUESTIONS, LANGUAGE, CLEANING = "no question mark", "text in English", "text cleaning"
STEPS = (
    "question filter", "expansion", "image filter", "English filter", "boilerplate filter", "deduplication",
    "matching captions",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Settings of the tiny track that no page asks for.

    Attributes:
        everyday: pairs that the tiny CLIP is pre-trained on.
        everyday_seed: which ones.
        pretrain_batch: pairs that meet in a step of that pre-training.
        pretrain_steps: how many steps.
        pretrain_rate: its highest learning rate.
        pretrain_warmup: steps until it is reached.
        patch_dropout: share of each picture that both trainings leave out, which makes a step one third shorter.
        labelled: tiles, and as many everyday pictures, that the filter and the k-NN threshold are fitted on.
        labelled_seed: which everyday pictures.
        precision: share of the kept pictures that is to be pathology: the strictest, in steps of a hundredth, at which
            the filter still keeps 99% of the labelled tiles.
        neighbours: pictures of the pool that each seed asks for.
        knn_precision: share of pathology wanted among what the k-NN expansion brings; 0 takes every neighbour.
        further: worlds whose curated pairs the tiny PLIP learns from, besides that of the pages, which is world 0.
    """

    everyday: int = 6000
    everyday_seed: int = 1
    pretrain_batch: int = 128
    pretrain_steps: int = 300
    pretrain_rate: float = 1e-3
    pretrain_warmup: int = 20
    patch_dropout: float = 0.5
    labelled: int = 1200
    labelled_seed: int = 2
    precision: float = 0.96
    neighbours: int = 1
    knn_precision: float = 0.7
    further: tuple[int, ...] = (2, 3, 4, 5)  # pairs of world 1 are held out, see `studies.models`


RECIPE = Recipe()


class Encoder(Protocol):
    """What looks at pictures, such as a `PLIP`."""

    def encode_images(self, images: Any, batch_size: int = ..., /) -> Embeddings:
        """Unit vectors, (n, d)."""


def posts(world: int = 0) -> Dataset:
    """The raw posts of the tiny corpus, or as many of another world."""
    return microcosm.posts(tracks.TINY.posts, world)


def web_pool(world: int = 0) -> Dataset:
    """The raw web pool of the tiny corpus, or that of another world."""
    return microcosm.web_pool(tracks.TINY.web_pool, world)


def labelled() -> tuple[Dataset, Dataset]:
    """Pathology and everyday pictures to fit filters on: training labs only, and none from posts, pool or tests."""
    share = RECIPE.labelled // len(microcosm.NAMES)
    tiles = [microcosm.benchmark(name, "train", share).select_columns(["image"]) for name in microcosm.NAMES]
    return concatenate_datasets(tiles), microcosm.everyday_pairs(RECIPE.labelled, seed=RECIPE.labelled_seed)


def tests() -> Dataset:
    """The test tiles of all four sets, without their labels: no pair may give one of them away."""
    return concatenate_datasets([microcosm.benchmark(name, "test").remove_columns("label") for name in microcosm.NAMES])


def pairs_of(rows: Rows | list[int]) -> Dataset:
    """Pairs of the posts in some rows, their text cleaned. The pictures stay as they are."""
    chosen = collect.PostFilter("among the chosen", lambda posts: np.isin(posts["row"], rows))
    return collect.pairs_from_posts(posts(), filters=[chosen, CLEANING])[0]


def relatives(pool: Dataset, rows: Rows | list[int], pairs: Dataset) -> Dataset:
    """Pairs of the web pool, each a group of its own after those of ``pairs``."""
    first, found = max(pairs["group_id"], default=0) + 1, pool.select(rows)
    return with_columns(found, group_id=list(range(first, first + len(rows))), source=["web"] * len(rows))


def together(pairs: Dataset, web: Dataset) -> Dataset:
    """Pairs from posts and after them those from the web."""
    return concatenate_datasets([pairs, web.select_columns(pairs.column_names)])


def with_columns(pairs: Dataset, **columns: list[Any]) -> Dataset:
    """Columns more, or others in their place; `Dataset.add_column` copies a selection under a bar of its own."""
    kinds = {"group_id": Value("int64"), "source": Value("string"), **pairs.features}
    features = Features({name: kinds[name] for name in {**pairs.features, **columns}})
    return Dataset.from_dict({**pairs.to_dict(), **columns}, features=features)


def fitted_filter() -> clean.PathologyFilter:
    """The filter of the unit on cleaning: it looks at dyes and texture."""
    tissue, everyday = (features(pictures) for pictures in labelled())
    return clean.PathologyFilter().fit(tissue, everyday, precision=RECIPE.precision)


def features(pictures: Dataset) -> Embeddings:
    """What the filter looks at, (n, 168)."""
    return clean.dyes_and_texture(pictures["image"])


def knn_threshold(clip: Encoder, seeds: Embeddings, precision: float) -> float:
    """Similarity to the nearest seed above which a picture is pathology often enough, on `labelled` pictures."""
    if not precision:
        return -1.0  # the lowest cosine there is
    vectors = [clip.encode_images(pictures["image"], 256) for pictures in labelled()]
    near, _ = expand.VectorIndex(seeds).search(np.concatenate(vectors), k=1)
    is_tissue = np.repeat([True, False], [len(part) for part in vectors])
    return expand.choose_threshold(near[:, 0], is_tissue, precision)


@dataclass(frozen=True)
class Curated:
    """What `curate` keeps at each step.

    Attributes:
        posts: rows of the posts that the text filters leave.
        collected: the pairs that these make.
        seeds: rows of ``collected`` whose picture is pathology.
        threshold: similarity to a seed from which on the web gives its pictures.
        expanded: rows of the web pool that are neighbours of seeds, the most similar first.
        kept: rows of `together` (``collected``, then ``expanded``) that are left in the end.
        corpus: these pairs; ``group_id`` joins those that share a picture or a caption.
    """

    posts: Rows
    collected: Dataset
    seeds: Rows
    threshold: float
    expanded: Rows
    kept: Rows
    corpus: Dataset


def curate(
    clip: Encoder, chooser: clean.PathologyFilter, *, without: str = "", world: int = 0, recipe: Recipe | None = None
) -> Curated:
    """Go the whole way, or all of it but one step.

    Leaks into the tests are removed in any case: a corpus with leaks could not be scored at all. Without "matching
    captions" the corpus is the whole one, its captions dealt out anew at random: the same pictures, the same words.

    Args:
        clip: finds the neighbours in the web pool.
        chooser: tells pathology by the `features` of pictures.
        without: one of `STEPS`; "" for none.
        world: whose posts and web.
        recipe: other settings than `RECIPE`; those of the expansion count here.
    """
    if without and without not in STEPS:
        raise ValueError(f"there is no step {without!r}. Steps are: {', '.join(STEPS)}.")

    recipe = recipe or RECIPE

    def is_pathology(pictures: Dataset) -> Mask:
        if without == "image filter":
            return np.ones(len(pictures), bool)
        return chooser.keep(features(pictures))

    # Posts become pairs; those whose picture is pathology ask the web.
    dropped = {"question filter": QUESTIONS, "English filter": LANGUAGE}.get(without)
    pairs, funnel = collect.pairs_from_posts(posts(world), filters=[f for f in collect.PAPER_ORDER if f != dropped])
    vectors = clip.encode_images(pairs["image"], 256)
    seeds = np.flatnonzero(is_pathology(pairs))

    # What is near enough to one of them comes home, and passes the same filters.
    pool = web_pool(world)
    near = clip.encode_images(pool["image"], 256)
    threshold = knn_threshold(clip, vectors[seeds], recipe.knn_precision)
    found = expand.expand(vectors[seeds], near, k=recipe.neighbours, threshold=threshold).indices
    web = relatives(pool, found, pairs)
    fits = is_pathology(web) & np.array([bool(text and text.strip()) for text in web["text"]], bool)
    if without != "English filter":
        fits &= clean.is_english(web["text"])
    if without == "expansion":
        fits[:] = False
    both = together(pairs, web)
    rows = np.concatenate([seeds, len(pairs) + np.flatnonzero(fits)])

    # Words that are everywhere go, copies go, and what the tests will ask goes.
    if without != "boilerplate filter":
        left = both.select(rows)
        rows = rows[~clean.boilerplate(left["text"], left["group_id"])]
    if without != "deduplication":
        rows = rows[one_of_each(both.select(rows))]
    rows = rows[~clean.leaks(both.select(rows), tests())]
    corpus = both.select(rows)
    corpus = regrouped(dealt_anew(corpus) if without == "matching captions" else corpus)
    return Curated(np.flatnonzero(funnel.alive), pairs, seeds, threshold, found, rows, corpus)


def one_of_each(pairs: Dataset) -> Mask:
    """Mask that keeps one picture of those that are the same, but every caption of that one."""
    copies = clean.near_duplicates(pairs["image"])
    group = np.array(pairs["group_id"])
    same_post = group == group[copies]  # tweet and reply share a picture on purpose
    return clean.representative(copies) | same_post


def regrouped(pairs: Dataset) -> Dataset:
    """Pairs that share a caption join one group, too."""
    groups = clean.join_groups(np.array(pairs["group_id"]), clean.near_duplicate_captions(pairs["text"]))
    return with_columns(pairs, group_id=groups.tolist())


def side_by_side(corpora: Sequence[Dataset]) -> Dataset:
    """Corpora of several worlds in one: no post of one world is that of another, but equal captions join groups."""
    starts = np.cumsum([0, *(max(pairs["group_id"], default=-1) + 1 for pairs in corpora)])
    apart = [
        with_columns(pairs, group_id=(np.array(pairs["group_id"], np.int64) + start).tolist())
        for start, pairs in zip(starts[:-1], corpora, strict=True)
    ]
    return regrouped(concatenate_datasets(apart)) if len(corpora) > 1 else corpora[0]


def dealt_anew(pairs: Dataset, *, seed: int = 0) -> Dataset:
    """The same pictures and captions, dealt out at random. A caption that meets its tissue again still fits."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    words = pairs.select_columns(["text", "truth_language", "truth_match", "truth_tissue"]).to_pandas()
    dealt = words.iloc[order].reset_index(drop=True)
    dealt["truth_match"] &= dealt["truth_tissue"] == words["truth_tissue"]
    return with_columns(pairs, **{name: dealt[name].tolist() for name in ("text", "truth_language", "truth_match")})
