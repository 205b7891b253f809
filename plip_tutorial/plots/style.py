"""What all figures share: colours, sizes, the look of each model, intervals and legends."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, NamedTuple, ParamSpec

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.rcsetup import cycler
from numpy.typing import NDArray

from plip_tutorial.metrics.scores import Score

Number = float | Score
P = ParamSpec("P")
BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = OKABE_ITO = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW, "#888888")  # of classes, in turn
INK, PAPER = "#222222", "#ffffff"
DASHES = ("--", ":", "-.", (0, (1, 4)), (0, (8, 3)))
WIDTH = 5.6  # inches: on a phone 340 pixels wide, text of 10.5 points is then still 9 pixels high
STYLE: Any = {
    "font.size": 10.5, "axes.titlesize": 10.5, "axes.labelsize": 10.5, "xtick.labelsize": 10, "ytick.labelsize": 10,
    "legend.fontsize": 10, "legend.frameon": False, "figure.dpi": 130, "figure.constrained_layout.use": True,
    "figure.facecolor": PAPER, "axes.facecolor": PAPER, "savefig.facecolor": PAPER, "text.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True, "grid.color": "#dddddd",
    "hatch.linewidth": 0.6, "lines.markersize": 5,
    "axes.prop_cycle": cycler(color=COLOURS),
}  # fmt: skip


class Look(NamedTuple):
    """How one model is drawn."""

    colour: str
    hatch: str
    marker: str


LOOKS = {  # grey for what has learned nothing, or sees colours or texture only
    "constant": Look("#c4c4c4", "", "_"),
    "chance": Look("#8a8a8a", "", "_"),
    "mean colour": Look("#a0a0a0", "///", "v"),
    "colour histogram": Look("#777777", "...", "^"),
    "texture": Look("#555555", "ooo", "<"),
    "CLIP": Look(ORANGE, "\\\\\\", "s"),
    "PLIP": Look(BLUE, "", "o"),
}
OTHER_LOOKS = (
    Look(RED, "xx", "D"), Look(GREEN, "//", "P"), Look(PURPLE, "++", "X"),
    Look(SKY, "oo", "*"), Look(BLACK, "", "d"), Look(YELLOW, "--", "h"),
)  # fmt: skip


def use_style() -> None:
    """Draw your own `matplotlib` figures in the style of the book, from here on."""
    plt.rcParams.update(STYLE)


def in_book() -> bool:
    """Whether the book is being built, so that the page must live without a kernel."""
    return bool(os.environ.get("PLIP_TUTORIAL_BOOK_JS"))


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A fixed look for the names that the book uses everywhere, the other looks in turn for others."""
    others = iter(OTHER_LOOKS * 9)
    return {name: LOOKS[name] if name in LOOKS else next(others) for name in names}


def point_looks(labels: Sequence[str], symbols: Sequence[str] | None = None) -> list[tuple[str, str, int]]:
    """Name, colour and number of the shape of each point. Without symbols the shape, too, tells the label."""
    kinds = labels if symbols is None else symbols
    names = labels if symbols is None else [", ".join(pair) for pair in zip(labels, symbols, strict=True)]
    colours = dict(zip(dict.fromkeys(labels), COLOURS * len(labels), strict=False))
    shapes = {kind: i for i, kind in enumerate(dict.fromkeys(kinds))}
    words = [name.replace("_", " ").strip(", ") for name in names]
    return [(word, colours[label], shapes[kind]) for word, label, kind in zip(words, labels, kinds, strict=True)]


def errors(values: Iterable[Number]) -> NDArray[np.float64]:
    """(2, n) lengths of the intervals below and above; 0 for a value without one."""
    pairs = [value.error_bar if isinstance(value, Score) else (0.0, 0.0) for value in values]
    return np.nan_to_num(np.array(pairs, float).reshape(-1, 2).T)


def words(name: str) -> str:
    """A metric's name as a person writes it.

    >>> words("weighted_f1")
    'weighted F1'
    """
    return name.replace("_", " ").replace("f1", "F1").replace("mcc", "MCC")


def in_style(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Let a function draw in the book's style, and take its figure out of pyplot's hands, which would show it twice."""

    @wraps(draw)
    def drawn(*arguments: P.args, **options: P.kwargs) -> Figure:
        # `plt.rc_context` would also undo that a notebook's backend, loaded meanwhile, shows figures.
        before = {name: plt.rcParams[name] for name in STYLE}
        use_style()
        try:
            figure = draw(*arguments, **options)
        finally:
            plt.rcParams.update(before)
        plt.close(figure)
        return figure

    return drawn


def legend_above(figure: Figure, panel: Axes) -> None:
    """A legend that covers nothing."""
    handles, names = panel.get_legend_handles_labels()
    if names:
        figure.legend(handles, names, loc="outside upper center", ncols=2 if max(map(len, names)) > 18 else 3)


def dashed_lines(line: Callable[..., Any], places: Mapping[str, Number] | None) -> None:
    """Lines through the whole panel, each with its name: ``line`` is its ``axvline`` or ``axhline``."""
    for (name, place), style in zip((places or {}).items(), DASHES, strict=False):
        line(float(place), color=INK, ls=style, lw=1, label=name)


def interval(scores: Mapping[float, Number]) -> tuple[NDArray[np.float64], ...]:
    """Places, values, lower and upper ends of a curve, each (n,)."""
    middle = np.array([float(value) for value in scores.values()])
    below, above = errors(scores.values())
    return np.array(list(scores), float), middle, middle - below, middle + above
