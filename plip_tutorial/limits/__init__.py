"""Where a model fails: words that it does not understand, confidence that is not earned, stains and laboratories.

`words` asks for order, negation and paraphrase, `confidence` for probabilities that hold what they say,
`stain_normalization` takes colour away, `laboratory_shift` shows what another laboratory does to a tile.
"""

from plip_tutorial.limits.confidence import conformal_sets, conformal_threshold, coverage_and_size, fit_temperature
from plip_tutorial.limits.laboratory_shift import SHIFTS, by_lab, coins, restained
from plip_tutorial.limits.words import (
    OPPOSITES,
    ORDERED,
    agreement,
    finds,
    negated,
    opposite,
    ordered,
    paraphrased,
    preference,
    shuffled,
)

__all__ = [
    "OPPOSITES", "ORDERED", "SHIFTS", "agreement", "by_lab", "coins", "conformal_sets", "conformal_threshold",
    "coverage_and_size", "finds", "fit_temperature", "negated", "opposite", "ordered", "paraphrased", "preference",
    "restained", "shuffled",
]  # fmt: skip
