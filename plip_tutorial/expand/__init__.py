"""Relatives from the web: which pictures of a large pool are near enough to those that we have.

`vector_index` finds the nearest vectors exactly, `approximate_index` nearly and faster, `expansion` asks for the
relatives of seeds, and `threshold` says from which similarity on they are wanted.
"""

from plip_tutorial.expand.approximate_index import ApproximateIndex
from plip_tutorial.expand.expansion import SAME, Expansion, expand
from plip_tutorial.expand.threshold import choose_threshold
from plip_tutorial.expand.vector_index import VectorIndex, nearest

__all__ = ["SAME", "ApproximateIndex", "Expansion", "VectorIndex", "choose_threshold", "expand", "nearest"]
