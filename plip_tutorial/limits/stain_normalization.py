"""Stain normalisation: give the tiles of one laboratory the dyes of another, by the method of Macenko et al. (2009).

Light multiplies, optical densities add (Beer and Lambert): ``OD = -log10(I / white) = amounts @ vectors``. The two
vectors are read off the tiles themselves: all pixels of haematoxylin and eosin lie in one plane of the colour
space, between the direction of pure haematoxylin and that of pure eosin. Normalising keeps the amounts and exchanges
the vectors, the strengths and the white:

    target = estimate(tiles_at_home)
    repaired = normalized(tiles_from_elsewhere, target, groups=laboratory)

It repairs colour. It cannot repair what a scanner does to sharpness and noise.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.metrics import score_input
from plip_tutorial.sources.images import ImageLike, load, to_rgb

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]
PIXELS, EACH = 100_000, 4096  # that an estimate looks at, and of each tile; more change nothing that one could see
FEW = 50  # pixels of tissue below which nothing can be estimated
ALIKE = 1e-3  # sine of the angle below which two dyes are one
# Dyes take away green, lamps red or blue. So glass that lacks this much more green (optical density) than red and blue
# on average is no glass but tissue, and white is taken for what it is in most files: 255.
PINK = 0.05
WHITE = np.full(3, 255.0)


@dataclass(frozen=True)
class Stains:
    """How the tiles of one source are stained.

    Attributes:
        vectors: (2, 3) optical density of haematoxylin and of eosin in red, green and blue; rows are unit vectors.
        strength: (2,) amount of each dye that one pixel of tissue in four exceeds.
        white: (3,) grey levels of the empty slide.
    """

    vectors: Floats
    strength: Floats
    white: Floats


def estimate(
    tiles: Iterable[ImageLike], *, white: ArrayLike | None = None, faint: float = 0.05, outer: float = 3.0
) -> Stains:
    """Read the stains off tiles of one source: a laboratory, a slide, or a single tile.

    Args:
        tiles: pictures, as `images.load` takes them.
        white: (3,) grey levels of the empty slide. Without it the brightest tenth of the pixels is taken, so there
            should be some glass; if they are stained, white is taken as 255 and a warning says so.
        faint: pixels with less optical density than this in any channel are glass and are not looked at.
        outer: percentage of pixels beyond each of the two directions, against noise.

    Raises:
        ValueError: without tiles, if there is too little tissue to estimate a stain, or of one colour only, and for a
            white that is no colour.
    """
    pixels = _pixels(tiles)
    brightest = _brightest(pixels)
    if white is None and _is_stained(brightest):
        warnings.warn(f"no empty slide among these tiles: {_whitened(brightest)}", stacklevel=2)
    return _estimate(pixels, _white(brightest) if white is None else _checked_white(white), faint, outer)


def _estimate(pixels: Floats, white: Floats, faint: float = 0.05, outer: float = 3.0) -> Stains:
    density = _density(pixels, white)
    tissue = density[(density > faint).all(1)]
    if len(tissue) < FEW:
        raise ValueError(f"{len(tissue)} of {len(pixels)} pixels are tissue; a stain needs at least {FEW}.")
    vectors = _directions(tissue, outer)
    if np.linalg.norm(np.cross(*vectors)) < ALIKE:
        raise ValueError(f"all {len(tissue)} pixels of tissue have one colour; two dyes cannot be told apart in it.")
    # Macenko et al. (2009) take the highest percentile; that one is decided by the scanner's sharpening and noise.
    amounts = tissue @ np.linalg.inv(_three(vectors))[:, :2]
    return Stains(vectors, np.percentile(amounts, 75, axis=0).clip(1e-3), white)


def _brightest(pixels: Floats) -> Floats:
    """The colour of the brightest tenth of the pixels, (3,)."""
    light = pixels.sum(1)
    return np.asarray(np.median(pixels[light >= np.percentile(light, 90)], axis=0).clip(1, 255))


def _is_stained(colour: Floats) -> bool:
    red, green, blue = -np.log10(colour / 255)
    return bool(green - (red + blue) / 2 > PINK)


def _white(brightest: Floats) -> Floats:
    return WHITE if _is_stained(brightest) else brightest


def _whitened(brightest: Floats) -> str:
    colour = tuple(brightest.astype(int).tolist())
    return f"the brightest pixels are {colour}, so white is taken as 255. Add tiles with some glass, or pass white"


def _checked_white(white: ArrayLike) -> Floats:
    colour = score_input.numbers(white, "white").astype(np.float64)
    if colour.shape != (3,) or colour.min() < 1 or colour.max() > 255:
        raise ValueError(f"white is {colour.tolist()}; expected grey levels of red, green and blue, 1 to 255")
    return colour


def recoloured(tile: ImageLike, own: Stains, target: Stains) -> Picture:
    """One tile with other dyes: the amounts stay, vectors, strengths and white become those of ``target``.

    What lies outside the plane of the two dyes, such as blood or pigment, is carried over as it is.

    Args:
        tile: RGB, (h, w, 3), 0 to 255; or whatever else `images.to_rgb` reads.
        own: how it is stained.
        target: how it shall look.

    Returns:
        uint8 (h, w, 3).
    """
    gains = np.append(target.strength / own.strength, 1.0)
    change = np.linalg.inv(_three(own.vectors)) @ (gains[:, None] * _three(target.vectors))  # (3, 3)
    light = target.white * 10 ** -(_density(np.asarray(to_rgb(tile)), own.white) @ change)
    return np.clip(light + 0.5, 0, 255).astype(np.uint8)


def normalized(
    tiles: Iterable[ImageLike], target: Stains, *, groups: Sequence[Any] | ArrayLike | None = None
) -> list[Picture]:
    """Tiles with the dyes of ``target``.

    Args:
        tiles: n pictures.
        target: how they shall look.
        groups: (n,) sources, such as laboratories or slides; the stains are estimated once for each. Without it, for
            each tile alone, as is often done: then a tile of mucus is stained until it looks like one of nuclei.

    Returns:
        n uint8 arrays. Groups with too little tissue for an estimate stay as they are. Of groups without empty slide
        the white is taken as 255. A warning counts both and names some.

    Raises:
        ValueError: if there are not as many groups as tiles.
    """
    pictures = [np.asarray(picture) for picture in load(tiles)]
    if groups is not None and len(np.asarray(groups)) != len(pictures):
        raise ValueError(f"{len(pictures)} tiles, but {len(np.asarray(groups))} groups")
    source = np.arange(len(pictures)) if groups is None else score_input.groups(groups, len(pictures))
    own: dict[Any, Stains | None] = {}
    pink: list[Any] = []
    for name in np.unique(source).tolist():
        pixels = _pixels([pictures[i] for i in np.flatnonzero(source == name)])
        own[name] = _estimate_or_none(pixels)
        if own[name] is not None and _is_stained(_brightest(pixels)):
            pink.append(name)
    what = "tiles" if groups is None else "groups"
    _warn(f"{what} hold too little tissue, or of one colour only, and stay as they are", _without(own), len(own))
    _warn(f"{what} hold no empty slide: white is taken as 255, and faint stain may be lost", pink, len(own))
    return [_repaired(tile, own[name], target) for tile, name in zip(pictures, source.tolist(), strict=True)]


def _without(own: dict[Any, Stains | None]) -> list[Any]:
    return [name for name, stains in own.items() if stains is None]


def _warn(what: str, names: list[Any], n: int) -> None:
    if names:
        some = ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")
        warnings.warn(f"{len(names)} of {n} {what}: {some}", stacklevel=3)


def _repaired(tile: Picture, own: Stains | None, target: Stains) -> Picture:
    return tile if own is None else recoloured(tile, own, target)


def _estimate_or_none(pixels: Floats) -> Stains | None:
    try:
        return _estimate(pixels, _white(_brightest(pixels)))
    except ValueError:
        return None


def _pixels(tiles: Iterable[ImageLike]) -> Floats:
    """Some pixels of each tile, (n, 3), so that a laboratory takes no more memory and little more time than a tile."""
    parts = [_some(np.asarray(tile).reshape(-1, 3), EACH) for tile in load(tiles)]
    if not parts:
        raise ValueError("there are no tiles to estimate a stain from")
    return _some(np.concatenate(parts), PIXELS).astype(np.float64)


def _some(pixels: NDArray[Any], most: int) -> NDArray[Any]:
    """Every n-th pixel, so that about ``most`` are left."""
    return pixels[:: max(1, len(pixels) // most)]


def _density(rgb: NDArray[Any], white: Floats) -> Floats:
    """Optical density (..., 3). It is negative where a pixel is brighter than white, so that nothing is lost."""
    density: Floats = -np.log10(np.maximum(rgb, 1) / white)
    return density


def _directions(density: Floats, outer: float) -> Floats:
    """(2, 3) outermost directions in the plane that holds most of the density, haematoxylin first (Macenko 2009)."""
    _, axes = np.linalg.eigh(density.T @ density)
    plane = axes[:, :0:-1]  # (3, 2), the longest axis first
    plane = plane * np.where(plane.sum(0) < 0, -1, 1)  # light is taken away, so the densities are positive
    x, y = (density @ plane).T
    angles = np.percentile(np.arctan2(y, x), [outer, 100 - outer])
    vectors = np.stack([np.cos(angles), np.sin(angles)], 1) @ plane.T
    vectors = np.clip(vectors, 1e-3, None)
    vectors = vectors[np.argsort(-vectors[:, 0], kind="stable")]  # haematoxylin is blue: it takes away more red
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _three(vectors: Floats) -> Floats:
    """(3, 3): the two dyes, and what is at right angles to both."""
    rest = np.cross(vectors[0], vectors[1])
    return np.vstack([vectors, rest / np.linalg.norm(rest)])
