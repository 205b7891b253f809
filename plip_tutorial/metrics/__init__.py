"""How good, and how sure: scores, their intervals, and what a coin or a mean colour would reach.

`scores` are those of classification, `bootstrap` gives intervals, `confusion` counts, `calibration` compares confidence
with what came true, `baselines` know little, `choosing` looks at how settings are chosen, `score_input` refuses what
cannot be scored.
"""

from plip_tutorial.metrics.scores import (
    INTERVAL,
    REPORT,
    Score,
    accuracy,
    auroc,
    average,
    balanced_accuracy,
    ece,
    macro_f1,
    mcc,
    paired_difference,
    per_class,
    report,
    score,
    table,
    weighted_f1,
)

__all__ = [
    "INTERVAL",
    "REPORT",
    "Score",
    "accuracy",
    "auroc",
    "average",
    "balanced_accuracy",
    "ece",
    "macro_f1",
    "mcc",
    "paired_difference",
    "per_class",
    "report",
    "score",
    "table",
    "weighted_f1",
]
