"""What another laboratory does to a tile, one thing at a time: dye, lamp, lens, sensor, file; and scores by laboratory.

Each change is a function of a tile alone (whatever `images.to_rgb` reads), so the same tile can be shown to a model
before and after, and every answer that changes was changed by the laboratory. Dyes act on optical densities (see
`stain_normalization`).

>>> tile = np.full((8, 8, 3), (180, 120, 170), np.uint8)
>>> bool(SHIFTS["half the haematoxylin"](tile).sum() > tile.sum())  # less dye, more light
True
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageFilter

from plip_tutorial.limits.stain_normalization import Stains, recoloured
from plip_tutorial.metrics import score_input
from plip_tutorial.metrics.scores import Score, score
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN
from plip_tutorial.sources.images import ImageLike, to_rgb

Picture = NDArray[np.uint8]
PUBLISHED = Stains(np.stack([HAEMATOXYLIN, EOSIN]).astype(float), np.ones(2), np.full(3, 255.0))


def restained(tile: ImageLike, *, haematoxylin: float = 1.0, eosin: float = 1.0) -> Picture:
    """The tile (h, w, 3) with so many times the amount of each dye, by the vectors of Ruifrok and Johnston (2001)."""
    return recoloured(tile, PUBLISHED, replace(PUBLISHED, strength=np.array([haematoxylin, eosin])))


def lamp(tile: ImageLike, red: float, green: float, blue: float) -> Picture:
    """The tile under another light: the share of each channel that is left."""
    return np.clip(np.asarray(to_rgb(tile)) * np.array([red, green, blue]) + 0.5, 0, 255).astype(np.uint8)


def defocused(tile: ImageLike, *, radius: float) -> Picture:
    """The tile out of focus; the radius of the blur is a share of its width."""
    picture = to_rgb(tile)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(radius * picture.width)))


def noisy(tile: ImageLike, *, grey_levels: float) -> Picture:
    """The tile with sensor noise of this standard deviation; the same tile gets the same noise."""
    pixels = np.asarray(to_rgb(tile))
    noise = np.random.default_rng(crc32(pixels.tobytes())).normal(0, grey_levels, pixels.shape)
    return np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8)


def compressed(tile: ImageLike, *, quality: int) -> Picture:
    """The tile as it comes out of a JPEG file of this quality, 1 to 95."""
    with io.BytesIO() as file:
        to_rgb(tile).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))


SHIFTS: dict[str, Callable[[Picture], Picture]] = {
    "half the haematoxylin": partial(restained, haematoxylin=0.5),
    "twice the eosin": partial(restained, eosin=2.0),
    "a yellow lamp": partial(lamp, red=0.95, green=0.9, blue=0.7),
    "out of focus": partial(defocused, radius=0.02),
    "noise": partial(noisy, grey_levels=15.0),
    "JPEG, quality 20": partial(compressed, quality=20),
}


def coins(groups: ArrayLike, seed: int = 0) -> NDArray[np.int64]:
    """A label that cannot be learned: one coin for each patient or slide, the same for all its tiles.

    As many heads as tails (or one more), so that a constant answer is right in half of the groups.

    >>> coins(["a", "a", "b", "b"]).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
    True
    """
    names, place = np.unique(score_input.groups(groups, len(np.asarray(groups))), return_inverse=True)
    tossed = rng("coins", seed).permutation(np.arange(len(names)) % 2)
    return np.asarray(tossed[place], np.int64)


def by_lab(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    labs: Sequence[str] | ArrayLike,
    *,
    metric: str = "macro_f1",
    groups: ArrayLike | None = None,
) -> dict[str, Score]:
    """A score for each lab: how far do stain and scanner move it?

    Args:
        y_true: the right labels, (n,).
        y_pred: the predicted labels, (n,).
        labs: (n,) laboratories.
        metric: a name in `metrics.METRICS`.
        groups: patients or slides, (n,), for the intervals.
    """
    truth, predicted = score_input.labels(y_true, "y_true"), score_input.labels(y_pred, "y_pred")
    score_input.check_lengths(truth, predicted, names=("y_true", "y_pred"))
    lab = score_input.groups(labs, len(truth), "labs")
    own = np.arange(len(lab)) if groups is None else score_input.groups(groups, len(truth))
    here = {str(name): lab == name for name in np.unique(lab)}
    return {n: score(metric, truth[at], predicted[at], groups=own[at]) for n, at in here.items()}
