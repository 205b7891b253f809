"""Figures of scores: bars, dots and curves, each with its interval and beside what needs no model."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from plip_tutorial.metrics import calibration
from plip_tutorial.metrics.scores import Score
from plip_tutorial.plots.style import (
    BLUE,
    INK,
    PAPER,
    RED,
    WIDTH,
    Number,
    errors,
    in_style,
    interval,
    legend_above,
    looks,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

DASHES = ("--", ":", "-.", (0, (1, 4)), (0, (8, 3)))


@in_style
def bars(
    results: Mapping[str, Mapping[str, Any]], metric: str | None = None, *, baseline: Mapping[str, Number] | None = None
) -> Figure:
    """Scores as groups of bars, with 95% intervals.

    Args:
        results: group (such as a benchmark) -> model -> `Score`, or -> `metrics.report`, of which ``metric`` is taken.
        metric: name of a score of the reports. The constant prediction is drawn beside it where the reports have it.
        baseline: group -> score of a constant prediction, a grey bar in front of the others.
    """
    groups = [_scores(models, metric, (baseline or {}).get(group)) for group, models in results.items()]
    models = looks(dict.fromkeys(model for scores in groups for model in scores))
    figure, panel = plt.subplots(figsize=(WIDTH, 3.6))
    for place, (model, look) in enumerate(models.items()):
        x = np.array([i for i, scores in enumerate(groups) if model in scores])
        values = [scores[model] for scores in groups if model in scores]
        x = x + (place - (len(models) - 1) / 2) * 0.84 / len(models)
        style: dict[str, Any] = {"color": look.colour, "hatch": look.hatch, "edgecolor": PAPER, "label": model}
        panel.bar(x, [float(value) for value in values], 0.8 / len(models), **style)
        panel.errorbar(x, [float(value) for value in values], errors(values), fmt="none", ecolor=INK, lw=1)
    panel.set_xticks(range(len(groups)), [fill(group, 14) for group in results])
    panel.set(ylim=(min(0.0, panel.get_ylim()[0]), max(1.0, panel.get_ylim()[1])), ylabel=words(metric or "score"))
    panel.grid(axis="y")
    legend_above(figure, panel)
    return figure


@in_style
def spread(
    scores: Mapping[str, Score],
    *,
    mark: str | None = None,
    x: str = "score",
    dashed: Mapping[str, Number] | None = None,
) -> Figure:
    """Scores with intervals, one a line, sorted.

    Args:
        scores: name -> score.
        mark: the name that stands out.
        x: what the scores are.
        dashed: name -> place of a vertical line, for baselines.
    """
    names = sorted(scores, key=lambda name: scores[name].value)
    figure, panel = plt.subplots(figsize=(WIDTH, 0.7 + 0.24 * len(names)))
    for row, name in enumerate(names):
        look: dict[str, Any] = {"fmt": "D", "color": RED} if name == mark else {"fmt": "o", "color": BLUE}
        panel.errorbar(float(scores[name]), row, xerr=errors([scores[name]]), lw=1, **look)
    for (name, place), style in zip((dashed or {}).items(), DASHES, strict=False):
        panel.axvline(float(place), color=INK, ls=style, lw=1, label=name)
    if dashed:
        legend_above(figure, panel)
    panel.set_yticks(range(len(names)), [fill(name, 40) for name in names])
    panel.set(xlabel=x, ylim=(-0.7, len(names) - 0.3))
    panel.grid(axis="x")
    return figure


@in_style
def lines(
    curves: Mapping[str, Mapping[float, Number]],
    *,
    x: str = "",
    y: str = "score",
    log: bool = False,
    dashed: Mapping[str, float] | None = None,
) -> Figure:
    """Curves with their intervals as bands.

    Args:
        curves: name -> x -> value or `Score`.
        x: label of the horizontal axis.
        y: label of the vertical axis.
        log: whether the horizontal axis is logarithmic.
        dashed: name -> height of a horizontal line, for what does not depend on x.
    """
    figure, panel = plt.subplots(figsize=(WIDTH, 3.4))
    for (name, curve), look in zip(curves.items(), looks(curves).values(), strict=True):
        places, middle, low, high = interval(curve)
        panel.plot(places, middle, color=look.colour, marker=look.marker, label=name)
        panel.fill_between(places, low, high, color=look.colour, alpha=0.18, lw=0)
    for (name, height), style in zip((dashed or {}).items(), DASHES, strict=False):
        panel.axhline(height, color=INK, ls=style, lw=1, label=name)
    panel.set(xscale="log" if log else "linear", xlabel=x, ylabel=y)
    if log:
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.xaxis.set_minor_formatter("")  # else between 10 and 100 all of 20, 30, 40 ... overprint each other
        known = sorted({place for curve in curves.values() for place in curve})
        if len(known) <= 6:
            panel.set_xticks(known)
    panel.grid(axis="y")
    legend_above(figure, panel)
    return figure


def label_efficiency(curves: Mapping[str, pd.DataFrame], *, dashed: Mapping[str, float] | None = None) -> Figure:
    """Mean macro F1 against the number of labels; bands reach from the worst repeat to the best.

    Args:
        curves: name -> table of `linear_probe.label_efficiency`.
        dashed: name -> score that needs no labels, such as that of zero-shot.
    """
    return lines({name: _over_repeats(rows) for name, rows in curves.items()}, x="labelled tiles", y="macro F1",
                 log=True, dashed=dashed)  # fmt: skip


@in_style
def precision_recall(truth: ArrayLike, scores: ArrayLike, *, threshold: float | None = None) -> Figure:
    """Precision against recall for every threshold; a diamond marks the one in use.

    Args:
        truth: (n,) True for what is wanted.
        scores: (n,) higher for what is wanted.
        threshold: scores at or above it are kept.
    """
    from sklearn.metrics import precision_recall_curve

    wanted, values = np.asarray(truth, bool), np.asarray(scores, float)
    precision, recall, _ = precision_recall_curve(wanted, values)
    figure, panel = plt.subplots(figsize=(WIDTH, 3.2))
    panel.step(recall, precision, color=BLUE, where="post", label="every threshold")
    panel.axhline(wanted.mean(), color=INK, ls="--", lw=1, label="keep everything")
    if threshold is not None:
        kept = values >= threshold
        here = wanted[kept].mean() if kept.any() else 1.0
        panel.plot(kept[wanted].mean(), here, "D", color=RED, ms=7, label="threshold in use", clip_on=False)
    panel.set(
        xlabel="recall: share of the wanted that is kept", ylabel="precision of the kept", xlim=(0, 1), ylim=(0, 1.02)
    )
    legend_above(figure, panel)
    return figure


@in_style
def reliability(curves: Mapping[str, tuple[ArrayLike, ArrayLike]], *, bins: int = 10) -> Figure:
    """How often a model is right when it is so and so sure; on the diagonal it means what it says.

    Args:
        curves: name -> (confidence (n,), right (n,) bool).
        bins: equal steps of confidence.
    """
    figure, panel = plt.subplots(figsize=(WIDTH, 3.6))
    panel.plot([0, 1], [0, 1], color=INK, ls="--", lw=1, label="means what it says")
    for (name, (confidence, right)), look in zip(curves.items(), looks(curves).values(), strict=True):
        sure, hit = np.asarray(confidence, float), np.asarray(right, float)
        step = calibration.steps(confidence, bins)
        n = np.bincount(step, minlength=bins)
        used = n > 0
        x, y = (np.bincount(step, weights=w, minlength=bins)[used] / n[used] for w in (sure, hit))
        panel.plot(x, y, color=look.colour, lw=1, label=name)
        panel.scatter(x, y, s=12 + 160 * n[used] / n.sum(), color=look.colour, marker=look.marker)
    panel.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
    legend_above(figure, panel)
    return figure


def _scores(models: Mapping[str, Any], metric: str | None, baseline: Number | None) -> dict[str, Number]:
    """Model -> score of one group, the constant prediction first."""
    reports = [value for value in models.values() if isinstance(value, Mapping)]
    if reports and metric is None:
        raise ValueError(f"the values are reports: name the metric to draw, one of {', '.join(reports[0])}")
    constant = next((report.get(f"constant_{metric}") for report in reports), None) if baseline is None else baseline
    first = {} if constant is None else {"constant": constant}
    return first | {model: value[metric] if isinstance(value, Mapping) else value for model, value in models.items()}


def _over_repeats(rows: pd.DataFrame) -> dict[float, Number]:
    found = rows.groupby("labels")["macro_f1"]
    return {float(n): Score(float(f1.mean()), float(f1.min()), float(f1.max()), len(f1)) for n, f1 in found}
