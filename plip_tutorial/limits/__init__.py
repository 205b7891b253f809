"""Where a model fails: words that it does not understand, confidence that is not earned, stains and laboratories.

`words` asks for order, negation and paraphrase and measures confidence, `stain_normalization` takes colour away,
`laboratory_shift` puts one laboratory's tiles before another's eyes.
"""

from plip_tutorial.limits.words import (
    IMAGES,
    OPPOSITES,
    ORDERED,
    TEMPERATURES,
    agreement,
    by_lab,
    coins,
    conformal_sets,
    conformal_threshold,
    coverage_and_size,
    finds,
    fit_temperature,
    negated,
    opposite,
    ordered,
    paraphrased,
    preference,
    shuffled,
)

__all__ = [
    "IMAGES",
    "OPPOSITES",
    "ORDERED",
    "TEMPERATURES",
    "agreement",
    "by_lab",
    "coins",
    "conformal_sets",
    "conformal_threshold",
    "coverage_and_size",
    "finds",
    "fit_temperature",
    "negated",
    "opposite",
    "ordered",
    "paraphrased",
    "preference",
    "shuffled",
]
