"""Relatives from the web: which pictures of a large pool are near enough to those that we have.

`vector_index` finds the nearest vectors exactly, `approximate_index` nearly and faster, `neighbours` asks for the
relatives of seeds and chooses the threshold above which they are wanted.
"""

from plip_tutorial.expand.neighbours import (
    SAME,
    ApproximateIndex,
    Expansion,
    VectorIndex,
    choose_threshold,
    expand,
)

__all__ = [
    "SAME",
    "ApproximateIndex",
    "Expansion",
    "VectorIndex",
    "choose_threshold",
    "expand",
]
