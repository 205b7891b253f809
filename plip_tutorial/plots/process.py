"""Figures of how something came about: the funnel of a corpus, the history of a training run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
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
    notes = ["", *(_note(step.precision, step.recall) for step in funnel.steps)]
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
    table = _read(rows) if isinstance(rows, (str, PathLike)) else list(rows)
    names = [name for name in LOGGED if any(row.get(name) not in (None, "") for row in table)]
    lines = -(-len(names) // 2)
    figure, panels = plt.subplots(lines, 2, figsize=(WIDTH, 0.2 + 1.7 * lines), squeeze=False)
    for panel in panels.flat[len(names) :]:
        panel.set_axis_off()
    for panel, name in zip(panels.flat, names, strict=False):
        _quantity(panel, table, name, smooth)
    return figure


def _quantity(panel: Any, table: Sequence[Mapping[str, Any]], name: str, smooth: int) -> None:
    x, y = _column(table, name)
    if len(y) > 3 * smooth:
        weights = np.convolve(np.ones(len(y)), np.ones(smooth), mode="same")
        panel.plot(x, y, color=BLUE, lw=0.7, alpha=0.4)
        panel.plot(x, np.convolve(y, np.ones(smooth), mode="same") / weights, color=BLUE, lw=1.5)
    else:
        panel.plot(x, y, color=BLUE, lw=1.5, marker="o")
    panel.set(title=words(name), xlabel="step")
    panel.grid(axis="y")
    if name == "loss" and any(row.get("chance_loss") for row in table):
        panel.plot(*_column(table, "chance_loss"), color=RED, ls="--", lw=1)
        panel.set_title("loss (dashed: guessing)")


def _column(table: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, Any]:
    points = [(float(row["step"]), float(row[name])) for row in table if row.get(name) not in (None, "")]
    return np.array(points).T[0], np.array(points).T[1]


def _read(path: str | PathLike[str]) -> list[dict[str, Any]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _note(precision: float, recall: float) -> str:
    return "" if np.isnan(precision) and np.isnan(recall) else f"  P {precision:.2f}  R {recall:.2f}"
