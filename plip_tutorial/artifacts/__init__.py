"""What was made and committed: the tiny models, their filter, their corpus; and how it is made again.

`curation` reads from raw posts to the cleaned corpus, `tiny_architecture` says how small a CLIP may be, `build` trains,
rounds and writes. `committed` loads what lies in ``data/models``, `followed` the one pair that the book follows,
`pages` what a page of either track asks for, and `prepare` gets ready for a class, `label_captions` writes captions
for labelled sets.

    clip = CLIPModel.from_pretrained(artifacts.tiny_clip())
    pairs = artifacts.corpus()
"""

from plip_tutorial.artifacts.build import fine_tuning
from plip_tutorial.artifacts.committed import (
    NotMadeError,
    collected,
    corpus,
    expanded,
    history,
    knn_threshold,
    pathology_filter,
    seeds,
    tiny_clip,
    tiny_plip,
)
from plip_tutorial.artifacts.curation import RECIPE, labelled, posts, web_pool
from plip_tutorial.artifacts.followed import followed
from plip_tutorial.artifacts.pages import (
    PAIRS,
    benchmark,
    benchmark_of,
    checkpoint,
    embeddings,
    seed_embeddings,
    tiny_embeddings,
    training_pairs,
)

__all__ = [
    "PAIRS", "RECIPE", "NotMadeError", "benchmark", "benchmark_of", "checkpoint", "collected", "corpus", "embeddings",
    "expanded", "fine_tuning", "followed", "history", "knn_threshold", "labelled", "pathology_filter", "posts",
    "seed_embeddings", "seeds", "tiny_clip", "tiny_embeddings", "tiny_plip", "training_pairs", "web_pool",
]  # fmt: skip
