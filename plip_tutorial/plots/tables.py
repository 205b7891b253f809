"""Figures that are tables: numbers on a ground whose darkness follows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.plots.style import BLACK, WIDTH, in_style
from plip_tutorial.sources.images import ImageLike, load

THUMBNAIL = 0.9  # width of a picture before a row, in cells
SHADES = LinearSegmentedColormap.from_list("pale blues", plt.get_cmap("Blues")(np.linspace(0, 0.62, 9)))  # under black


@in_style
def heatmap(
    matrix: ArrayLike,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    images: Iterable[ImageLike] | None = None,
    digits: int = 2,
) -> Figure:
    """A table of similarities.

    Args:
        matrix: (r, c) numbers.
        rows: r names.
        columns: c names, such as captions.
        images: r pictures, one put at the end of each row's name.
        digits: after the point.
    """
    values = np.asarray(matrix, float)
    texts = np.vectorize(lambda value: f"{value:.{digits}f}")(values)
    figure, panel = _table(values, texts, [fill(name, 16) for name in rows], [fill(name, 16) for name in columns])
    for row, picture in enumerate(load(images) if images is not None else []):
        inset = panel.inset_axes((-0.5 - THUMBNAIL, row - 0.46, THUMBNAIL, 0.92), transform=panel.transData)
        inset.imshow(np.asarray(picture), aspect="equal", interpolation="none")
        inset.set_axis_off()
        panel.set_xlim(-0.5 - THUMBNAIL)
    return figure


def confusion(y_true: ArrayLike, y_pred: ArrayLike, labels: Sequence[str]) -> Figure:
    """Confusion matrix of two sequences (n,) of indices into ``labels``."""
    counts = np.zeros((len(labels), len(labels)))
    np.add.at(counts, (np.asarray(y_true), np.asarray(y_pred)), 1)
    return confusion_matrix(counts, labels)


@in_style
def confusion_matrix(counts: ArrayLike, labels: Sequence[str]) -> Figure:
    """A confusion matrix (k, k) with the truth in rows, each row in per cent of its class."""
    matrix = np.asarray(counts, float)
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    texts = np.vectorize(lambda value: f"{100 * value:.0f}" if value >= 0.005 else "")(share)
    figure, panel = _table(share, texts, labels, labels)
    panel.set(xlabel="predicted, in % of the row", ylabel="actual")
    return figure


def _table(
    values: NDArray[Any], texts: NDArray[Any], rows: Sequence[str], columns: Sequence[str]
) -> tuple[Figure, Axes]:
    low, high = float(values.min()), float(values.max())
    figure, panel = plt.subplots(figsize=(WIDTH, 1.0 + WIDTH * 0.6 * len(rows) / max(len(columns), 5)))
    panel.imshow(values, cmap=SHADES, vmin=low, vmax=high, aspect="auto", interpolation="none")
    for (row, column), text in np.ndenumerate(texts):
        panel.text(column, row, text, ha="center", va="center", color=BLACK, fontsize=9.5)
    slanted: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if len(columns) > 4 else {}
    panel.set_xticks(range(len(columns)), columns, **slanted)
    panel.set_yticks(range(len(rows)), rows)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return figure, panel
