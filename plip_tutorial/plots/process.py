"""Figures of how something came about: the funnel of a corpus, the history of a training run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from plip_tutorial.plots.style import BLUE, RED, WIDTH, in_style, words

if TYPE_CHECKING:
    from plip_tutorial.collect.funnel import Funnel

LOGGED = (
    "loss", "accuracy", "validation_recall", "learning_rate", "temperature", "gradient_norm", "samples_per_second",
    "memory_gb",
)  # fmt: skip
GREY = "#c4c4c4"


@in_style
def funnel(funnel: Funnel) -> Figure:
    """What each filter leaves: blue what is kept, grey hatched what it takes; precision and recall where known."""
    names = [f"all {len(funnel.alive):,}", *(step.name for step in funnel.steps)]
    kept = [len(funnel.alive), *(step.kept for step in funnel.steps)]
    dropped = [0, *(step.dropped for step in funnel.steps)]
    graded = [(step.precision, step.recall) for step in funnel.steps]
    notes = ["", *("" if np.isnan(pair).all() else "  P {:.2f}  R {:.2f}".format(*pair) for pair in graded)]
    figure, panel = plt.subplots(figsize=(WIDTH, 0.9 + 0.42 * len(names)))
    rows = np.arange(len(names))[::-1]
    panel.barh(rows, kept, color=BLUE, label="kept", height=0.7)
    panel.barh(rows, dropped, left=kept, color=GREY, hatch="///", edgecolor="#ffffff", label="dropped here", height=0.7)
    for row, n, left, note in zip(rows, kept, dropped, notes, strict=True):
        panel.annotate(f"{n:,}{note}", (n + left, row), (4, 0), textcoords="offset points", va="center", fontsize=9.5)
    panel.set_yticks(rows, names)
    panel.set(xlim=(0, kept[0] * 1.55), xticks=[])
    panel.spines["bottom"].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2)
    return figure


@in_style
def history(rows: Sequence[Mapping[str, Any]] | str | PathLike[str], *, smooth: int = 9) -> Figure:
    """What a training run wrote down, one panel a quantity.

    Args:
        rows: the history that `finetune.finetune` returns, or the path of its ``history.csv``.
        smooth: steps over which the dark line averages.
    """
    table = pd.read_csv(rows) if isinstance(rows, (str, PathLike)) else pd.DataFrame(list(rows))
    table = table.apply(pd.to_numeric, errors="coerce").set_index("step")
    names = [name for name in LOGGED if name in table and table[name].notna().any()]
    lines = -(-len(names) // 2)
    figure, panels = plt.subplots(lines, 2, figsize=(WIDTH, 0.2 + 1.7 * lines), squeeze=False)
    for panel in panels.flat[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels.flat, names, strict=False):
        noted = table[name].dropna()
        if len(noted) > 3 * smooth:
            panel.plot(noted, color=BLUE, lw=0.7, alpha=0.4)
            panel.plot(noted.rolling(smooth, center=True, min_periods=1).mean(), color=BLUE, lw=1.5)
        else:
            panel.plot(noted, color=BLUE, lw=1.5, marker="o")
        panel.set(title=words(name), xlabel="step")
        panel.grid(axis="y")
        if name == "loss" and "chance_loss" in table:
            panel.plot(table["chance_loss"].dropna(), color=RED, ls="--", lw=1)
            panel.set_title("loss (dashed: guessing)")
    return figure
