"""Many settings in one figure: an axis for each, and a line for each run through all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from plip_tutorial.plots.style import INK, PAPER, RED, in_style, words

if TYPE_CHECKING:
    import pandas as pd


@in_style
def parallel_coordinates(
    table: pd.DataFrame, axes: Mapping[str, Sequence[Any]], *, score: str, mark: int = 0
) -> Figure:
    """Lines through parallel axes (Inselberg 1985); the darker and wider, the better, and one of them in orange.

    Args:
        table: one row a setting.
        axes: columns from left to right, with the values of each from bottom to top, equal steps apart.
        score: column of the last axis, drawn to scale.
        mark: place of the row that was chosen.
    """
    places = [_places(table[name], values) for name, values in axes.items()]
    values = table[score].to_numpy(float)
    height = (values - values.min()) / max(float(np.ptp(values)), 1e-9)
    # Lines that share a value are spread a little, else several would lie on each other and look like one.
    spread = 0.07 * (np.argsort(np.argsort(values)) / max(len(values) - 1, 1) - 0.5)
    rows = np.column_stack([*(place + spread for place, _ in places), height])
    figure, panel = plt.subplots(figsize=(7.4, 3.9))
    blues = plt.get_cmap("Blues")
    for row in np.argsort(values):
        style: dict[str, Any] = {
            "color": blues(0.25 + 0.7 * height[row]),
            "lw": 0.8 + 1.4 * height[row],
        }
        panel.plot(rows[row], **({"color": RED, "lw": 2.4, "zorder": 3} if row == mark else style))
    clear = {"boxstyle": "square,pad=0.1", "fc": PAPER, "ec": "none", "alpha": 0.85}
    for x, (_, ticks) in enumerate(places):
        for y, text in ticks:
            panel.annotate(text, (x, y), (4, 3), textcoords="offset points", fontsize=10, bbox=clear, zorder=4)
    for share in (0.0, 0.5, 1.0):
        text = f"{values.min() + share * np.ptp(values):.3f}"
        panel.annotate(text, (len(axes), share), (4, 0), textcoords="offset points", fontsize=9.5, va="center")
    panel.vlines(range(len(axes) + 1), -0.06, 1.06, color=INK, lw=1)
    panel.set_xticks(range(len(axes) + 1), [words(name).replace(" ", "\n") for name in (*axes, score)])
    panel.set(yticks=[], xlim=(-0.1, len(axes) + 0.55))
    panel.spines[:].set_visible(False)
    panel.tick_params(length=0)
    return figure


def _places(column: pd.Series[Any], values: Sequence[Any]) -> tuple[Any, list[tuple[float, str]]]:
    """Heights 0 to 1 of a column, (n,), and its ticks."""
    steps = {value: i / max(len(values) - 1, 1) for i, value in enumerate(values)}
    texts = [value if isinstance(value, str) else f"{value:g}" for value in values]
    return np.array([steps[value] for value in column]), list(zip(steps.values(), texts, strict=True))
