"""Figures that are pictures of tissue, and moments of a moving picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.plots.style import WIDTH, in_style, point_looks
from plip_tutorial.sources.images import ImageLike, load

LETTERS = 13.5  # letters of 9.5 points that fit into an inch
LINE = 0.17  # inches


@in_style
def gallery(images: Iterable[ImageLike], titles: Sequence[str] | None = None, *, columns: int | None = None) -> Figure:
    """Pictures in a grid, with a line or two of text above each.

    Args:
        images: n pictures of any kind that `images.to_rgb` reads.
        titles: n texts.
        columns: pictures in a row; without it from four to six, whichever leaves the fewest gaps.
    """
    pictures = list(load(images))
    n = len(pictures)
    columns = min(columns or min((6, 5, 4), key=lambda c: -n % c), n)
    names = [_wrapped(title, WIDTH / columns) for title in titles or [""] * n]
    height = WIDTH / columns + LINE * max(name.count("\n") + bool(name) for name in names)
    figure, panels = _frames(-(-n // columns), columns, height)
    for panel, picture, name in zip(panels.flat, pictures, names, strict=False):
        panel.imshow(np.asarray(picture), interpolation="none")
        panel.set_title(name, fontsize=9.5, pad=2)
    return figure


@in_style
def gallery_rows(rows: Sequence[Iterable[ImageLike]], titles: Sequence[str]) -> Figure:
    """Rows of pictures, each under a line of text of its own: what a search finds for each question."""
    pictures = [list(load(row)) for row in rows]
    columns = max(5, *(len(row) for row in pictures))
    names = [_wrapped(title, WIDTH) for title in titles]
    room = 0.06 + LINE * max(name.count("\n") + bool(name) for name in names)
    figure, panels = _frames(len(pictures), columns, WIDTH / columns + room, above=room)
    for line, row in zip(panels, pictures, strict=True):
        for panel, picture in zip(line, row, strict=False):
            panel.imshow(np.asarray(picture), interpolation="none")
    # A long line must not push the second column away, so the lines come when the pictures have their places.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    place = {"xycoords": "axes fraction", "xytext": (0, 2), "textcoords": "offset points", "va": "bottom"}
    for line, name in zip(panels, names, strict=True):
        line[0].annotate(name, (0, 1), fontsize=9.5, **place)
    return figure


@in_style
def stills(
    frames: Sequence[ArrayLike],
    labels: Sequence[str],
    *,
    symbols: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    moments: int = 3,
) -> Figure:
    """A few moments of a moving picture side by side, for paper and for readers who want no motion.

    Arguments are those of `widgets.moving_points`; lines join the same partners.
    """
    figure, panels = plt.subplots(figsize=(WIDTH, WIDTH / moments + 0.75), ncols=moments, squeeze=False)
    places = np.concatenate([np.asarray(frame)[:, :2] for frame in frames])
    edge = 0.05 * np.ptp(places, axis=0).max() + 1e-9
    (left, low), (right, high) = places.min(0) - edge, places.max(0) + edge  # one scale, or nothing would seem to move
    for panel, moment in zip(panels.flat, np.linspace(0, len(frames) - 1, moments).astype(int), strict=True):
        panel.set(xlim=(left, right), ylim=(low, high))
        _scatter(panel, np.asarray(frames[moment]), labels, symbols or [""] * len(labels))
        panel.set_title(names[moment] if names else f"{moment + 1} of {len(frames)}")
        panel.set(aspect="equal", xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9.5)
    return figure


def _scatter(panel: Any, points: NDArray[Any], labels: Sequence[str], symbols: Sequence[str]) -> None:
    """One colour a label, one marker a symbol; a line joins partners."""
    half = len(labels) // 2
    if not set(symbols[:half]) & set(symbols[half:]):
        panel.plot(*np.stack([points[:half, :2], points[half : 2 * half, :2]]).transpose(2, 0, 1), color="#999", lw=0.6)
    looks = point_looks(labels, symbols)
    for look in dict.fromkeys(looks):
        name, colour, shape = look
        own = [i for i, other in enumerate(looks) if other == look]
        panel.scatter(*points[own, :2].T, s=14, color=colour, marker="oDs^v"[shape % 5], label=name)


def _frames(rows: int, columns: int, height: float, *, above: float = 0.0) -> tuple[Figure, NDArray[Any]]:
    figure, panels = plt.subplots(figsize=(WIDTH, rows * height), nrows=rows, ncols=columns, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    top, between = 1 - above / (rows * height), above / (height - above)
    rect = (0, 0, 1, top)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01 + between, rect=rect)
    return figure, panels


def _wrapped(text: str, inches: float) -> str:
    return fill(str(text), max(6, int(inches * LETTERS)))
