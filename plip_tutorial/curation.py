"""From raw posts and a web pool to the cleaned corpus, with any one step left out.

The order is the paper's: posts become pairs; pictures that are not pathology go; the rest asks the web pool for its
relatives; captions that are not English go, boilerplate and copies go, what the tests will ask goes. `Curation()` is
the recipe; `Curation("deduplication")` is the recipe without that step, which tells what the step is worth.

    pairs = Curation().corpus()
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from datasets import Dataset, concatenate_datasets
from numpy.typing import NDArray

from plip_tutorial import microcosm, recipe, tracks
from plip_tutorial.clean import pathology_filter as clean
from plip_tutorial.collect import pairs as collect
from plip_tutorial.expand import neighbours as expand

Mask = NDArray[np.bool_]
QUESTIONS, LANGUAGE = "no question mark", "text in English"
STEPS = (
    "question filter", "expansion", "image filter", "English filter", "boilerplate filter", "deduplication",
    "matching captions",
)  # fmt: skip


@dataclass(frozen=True)
class Curation:
    """The recipe, or the recipe without one of its `STEPS`.

    Leaks into the tests are removed in any case: a corpus with leaks could not be scored at all. Without "matching
    captions" the corpus is the whole one, its captions dealt out anew at random: the same pictures, the same words.

    Attributes:
        without: the step that is left out; "" for none.
    """

    without: str = ""

    def __post_init__(self) -> None:
        """Refuse a step that there is not."""
        if self.without and self.without not in STEPS:
            raise ValueError(f"there is no step {self.without!r}. Steps are: {', '.join(STEPS)}.")

    def _name(self, part: str) -> str:
        """Name of a part in the cache; what a missing step does not touch is shared with the whole recipe."""
        touched = {
            "collected": {"question filter", "English filter"},
            "expanded": {"question filter", "English filter", "image filter"},
        }
        changed = self.without in touched.get(part, {*STEPS})
        return f"{part}-without-{self.without.replace(' ', '-')}" if changed else part

    def collected(self) -> Dataset:
        """Pairs that the text filters leave of the posts. No picture has been looked at yet."""
        dropped = {"question filter": QUESTIONS, "English filter": LANGUAGE}.get(self.without)
        filters = [name for name in collect.PAPER_ORDER if name != dropped]
        make = lambda: collect.pairs_from_posts(recipe.posts(), filters=filters)[0]  # noqa: E731
        return recipe.table(self._name("collected"), make, recipe.CURATION, n=tracks.TINY.posts, filters=filters)

    def seeds(self) -> Dataset:
        """Collected pairs whose picture is pathology, by the filter: what the web pool is asked with."""
        return self.collected().select(np.flatnonzero(self._is_pathology("collected", self.collected())))

    def seed_embeddings(self) -> recipe.Embeddings:
        """Their embeddings by the tiny CLIP, (n, d)."""
        everything = recipe.tiny_embeddings(self._name("collected"), self.collected())
        return everything[self._is_pathology("collected", self.collected())]

    def expanded(self) -> Dataset:
        """Pairs of the web pool that are neighbours of the seeds, before any cleaning."""
        pool, vectors = recipe.web_pool(), self.seed_embeddings()
        near = recipe.tiny_embeddings("web-pool", pool)
        found = expand.expand(vectors, near, k=recipe.RECIPE.neighbours, threshold=knn_threshold(vectors))
        pairs = pool.select(found.indices)
        last = max(self.collected()["group_id"], default=0) + 1
        return pairs.add_column("group_id", last + np.arange(len(pairs))).add_column("source", ["web"] * len(pairs))

    def corpus(self) -> Dataset:
        """The cleaned pairs, with groups of those that share a picture or a caption."""
        code = recipe.TRAINING + recipe.CURATION
        return recipe.table(self._name("corpus"), self._clean, code, track=asdict(tracks.TINY), without=self.without)

    def _clean(self) -> Dataset:
        pairs = self.seeds()
        if self.without != "expansion":
            pairs = concatenate_datasets([pairs, self._from_web().select_columns(pairs.column_names)])
        if self.without != "boilerplate filter":
            pairs = pairs.select(np.flatnonzero(~clean.boilerplate(pairs["text"], pairs["group_id"])))
        if self.without != "deduplication":
            pairs = pairs.select(np.flatnonzero(one_of_each(pairs)))
        tests = concatenate_datasets([recipe.micro(name).remove_columns("label") for name in microcosm.NAMES])
        pairs = pairs.select(np.flatnonzero(~clean.leaks(pairs, tests)))
        return regrouped(dealt_anew(pairs) if self.without == "matching captions" else pairs)

    def _from_web(self) -> Dataset:
        web = self.expanded()
        keep = self._is_pathology("expanded", web) & np.array([bool(text and text.strip()) for text in web["text"]])
        if self.without != "English filter":
            keep &= clean.is_english(web["text"])
        return web.select(np.flatnonzero(keep))

    def _is_pathology(self, part: str, pairs: Dataset) -> Mask:
        if self.without == "image filter":
            return np.ones(len(pairs), bool)
        return recipe.pathology_filter().keep(recipe.features(self._name(part), pairs))


def knn_threshold(seed_embeddings: recipe.Embeddings) -> float:
    """Similarity to the nearest seed above which a picture is pathology often enough, on `recipe.labelled` pictures."""
    names = "labelled-tissue", "labelled-everyday"
    vectors = [recipe.tiny_embeddings(name, table) for name, table in zip(names, recipe.labelled(), strict=True)]
    near, _ = expand.VectorIndex(seed_embeddings).search(np.concatenate(vectors), k=1)
    is_tissue = np.repeat([True, False], [len(part) for part in vectors])
    return expand.choose_threshold(near[:, 0], is_tissue, recipe.RECIPE.knn_precision)


def one_of_each(pairs: Dataset) -> Mask:
    """Mask that keeps one picture of those that are the same, but every caption of that one."""
    copies = clean.near_duplicates(pairs["image"])
    group = np.array(pairs["group_id"])
    same_post = group == group[copies]  # tweet and reply share a picture on purpose
    return clean.representative(copies) | same_post


def regrouped(pairs: Dataset) -> Dataset:
    """Pairs that share a caption join one group, too."""
    groups = clean.join_groups(np.array(pairs["group_id"]), clean.near_duplicate_captions(pairs["text"]))
    return pairs.remove_columns("group_id").add_column("group_id", groups)


def dealt_anew(pairs: Dataset, *, seed: int = 0) -> Dataset:
    """The same pictures and captions, dealt out at random. A caption that meets its tissue again still fits."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    words = pairs.select_columns(["text", "truth_language", "truth_match", "truth_tissue"]).to_pandas()
    dealt = words.iloc[order].reset_index(drop=True)
    fits = dealt["truth_match"] & (dealt["truth_tissue"] == words["truth_tissue"])
    kept = pairs.remove_columns(["text", "truth_language", "truth_match"])
    for name, column in {"text": dealt["text"], "truth_language": dealt["truth_language"], "truth_match": fits}.items():
        kept = kept.add_column(name, column.tolist())
    return kept
