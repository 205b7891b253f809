"""A slide with maps on it: the tissue as it is, and beside it what each sentence sees.

Below a map the slide is shown in grey, so that no colour of the tissue is taken for one of the map; the map's colours
are those of cividis, which grow in brightness, for colour-blind readers and for print. A bar says how long a field is.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.plots.style import BLACK, PAPER, WIDTH, in_style

MOST = 4  # panels in a row
BARS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)  # micrometres


@in_style
def over_slide(
    picture: ArrayLike,
    maps: Mapping[str, ArrayLike],
    *,
    mpp: float,
    limits: tuple[float, float] | None = None,
    title: str = "the slide",
) -> Figure:
    """Maps of one slide side by side, the slide itself first.

    Args:
        picture: (h, w, 3) overview of the slide, 0 to 255; it is shown unchanged.
        maps: sentence -> (h, w) numbers, nan where there is none.
        mpp: micrometres a pixel of the overview, for the bar.
        limits: lowest and highest number of all colour bars; by default each map has its own.
        title: above the slide.
    """
    slide = np.asarray(picture)
    columns = min(MOST, len(maps) + 1)
    rows = -(-(len(maps) + 1) // columns)
    width = WIDTH / columns
    height = width * slide.shape[0] / slide.shape[1] + 0.75
    figure, panels = plt.subplots(rows, columns, figsize=(WIDTH, rows * height), squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    first, *others = panels.flat
    first.imshow(slide, interpolation="nearest")
    first.set_title(fill(title, int(12 * width)), fontsize=9.5)
    _bar(first, slide.shape, mpp)
    grey = np.repeat(slide.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    for panel, (name, values) in zip(others, maps.items(), strict=False):
        _map(figure, panel, grey, np.asarray(values, float), limits)
        panel.set_title(fill(name, int(12 * width)), fontsize=9.5)
    return figure


def _map(
    figure: Figure, panel: Axes, grey: NDArray[Any], values: NDArray[Any], limits: tuple[float, float] | None
) -> None:
    if values.shape != grey.shape[:2]:
        raise ValueError(f"a map has the shape {values.shape}, the slide {grey.shape[:2]}; make both with one mpp.")
    low, high = limits or (float(np.nanmin(values)), float(np.nanmax(values)))
    panel.imshow(grey, interpolation="nearest")
    seen = panel.imshow(values, cmap="cividis", vmin=low, vmax=high, alpha=0.75, interpolation="nearest")
    bar = figure.colorbar(seen, ax=panel, orientation="horizontal", ticks=[low, high], format="%.2f", pad=0.02)
    bar.ax.tick_params(labelsize=9, length=2)


def _bar(panel: Axes, shape: tuple[int, ...], mpp: float) -> None:
    """A bar of a round length, at most a third of the width, on a ground of its own."""
    length = max((bar for bar in BARS if bar / mpp <= shape[1] / 3), default=BARS[0])
    left, bottom, across = 0.04 * shape[1], 0.965 * shape[0], length / mpp
    panel.plot([left, left + across], [bottom] * 2, color=BLACK, lw=2.5, solid_capstyle="butt")
    ground = {"boxstyle": "square,pad=0.1", "fc": PAPER, "ec": "none", "alpha": 0.8}
    told = f"{length} µm" if length < 1000 else f"{length / 1000:g} mm"
    panel.annotate(told, (left, bottom), (0, 3), textcoords="offset points", fontsize=8.5, bbox=ground)
