"""A slide with maps on it: the tissue as it is, and beside it what each sentence sees.

A map is opaque, so its colours are those of the bar and no dark tissue below looks like a low number; thin lines show
where the tissue is dark. A mask has borders of its own, and gets none. The colours are those of cividis, which grow in
brightness, for colour-blind readers and for print. A bar says how long a field is.
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
from scipy.ndimage import gaussian_filter

from plip_tutorial.plots.style import BLACK, PAPER, WIDTH, in_style

MOST = 4  # panels in a row
LINE = 0.17  # inches
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
        maps: sentence -> (h, w) numbers, nan where there is none; or a mask, True and False.
        mpp: micrometres a pixel of the overview, for the bar.
        limits: lowest and highest number of all colour bars; by default each map has its own.
        title: above the slide.

    Raises:
        ValueError: a map of another size than the overview, or without any number.
    """
    slide = np.asarray(picture)
    columns = min(MOST, len(maps) + 1)
    rows = -(-(len(maps) + 1) // columns)
    width = WIDTH / columns
    names = [fill(name, int(12.5 * width)) for name in (title, *maps)]
    above, below = 0.08 + LINE * max(name.count("\n") + 1 for name in names), 0.34
    height = 0.96 * width * slide.shape[0] / slide.shape[1]
    size = (WIDTH, rows * (height + above + below))
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="none")
    figure.subplots_adjust(
        0.01, below / size[1], 0.99, 1 - above / size[1], wspace=0.04, hspace=(above + below) / height
    )
    for panel in panels.flat:
        panel.set_axis_off()
    for panel, name in zip(panels.flat, names, strict=False):
        panel.set_title(name, fontsize=9.5, pad=3)
        panel.imshow(slide, interpolation="nearest")
    _bar(panels.flat[0], slide.shape, mpp)
    for panel, values in zip(panels.flat[1:], maps.values(), strict=False):
        _map(figure, panel, slide, np.asarray(values), limits)
    return figure


def _map(
    figure: Figure, panel: Axes, slide: NDArray[Any], values: NDArray[Any], limits: tuple[float, float] | None
) -> None:
    if values.shape != slide.shape[:2]:
        raise ValueError(f"a map has the shape {values.shape}, the slide {slide.shape[:2]}; make both with one mpp.")
    if np.isnan(values).all():
        raise ValueError("a map has no number in it; nan stands for places without one.")
    is_mask, values = values.dtype == bool, values.astype(float)
    low, high = limits or (float(np.nanmin(values)), float(np.nanmax(values)))
    seen = panel.imshow(values, cmap="cividis", vmin=low, vmax=high, interpolation="nearest")
    dark = gaussian_filter(255 - slide.mean(-1), max(1.0, slide.shape[1] / 90))
    if np.ptp(dark) > 0 and not is_mask:
        panel.contour(dark, [dark.max() / 2], colors=PAPER, linewidths=0.6)
    place = panel.inset_axes((0.04, -0.045, 0.92, 0.025))
    bar = figure.colorbar(seen, cax=place, orientation="horizontal", ticks=[low, high], format="{x:z.2f}")
    place.tick_params(labelsize=9, length=2, pad=1)
    bar.ax.get_xticklabels()[0].set_horizontalalignment("left")
    bar.ax.get_xticklabels()[-1].set_horizontalalignment("right")


def _bar(panel: Axes, shape: tuple[int, ...], mpp: float) -> None:
    """A bar of a round length, at most a third of the width, on a ground of its own."""
    length = max((bar for bar in BARS if bar / mpp <= shape[1] / 3), default=BARS[0])
    left, bottom, across = 0.04 * shape[1], 0.965 * shape[0], length / mpp
    panel.plot([left, left + across], [bottom] * 2, color=BLACK, lw=2.5, solid_capstyle="butt")
    ground = {"boxstyle": "square,pad=0.1", "fc": PAPER, "ec": "none", "alpha": 0.8}
    told = f"{length} µm" if length < 1000 else f"{length / 1000:g} mm"
    panel.annotate(told, (left, bottom), (0, 3), textcoords="offset points", fontsize=8.5, bbox=ground)
