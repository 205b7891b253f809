"""Haematoxylin and eosin as physics: stains absorb, light multiplies, optical densities add.

Beer and Lambert: a pixel of transmitted intensity ``I`` under white light ``I0`` has the optical density
``OD = -log10(I / I0)``, and stains add in this space: ``OD = amount @ vectors``. The vectors are those of Ruifrok and
Johnston (2001) and of Macenko et al. (2009); each lab stands somewhere between, turned a little. Separation is the
same line read backwards.

>>> rgb = mix(np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32), LABS["A"])
>>> bool(rgb[0, 0, 0] < rgb[0, 0, 2])  # haematoxylin is blue: it takes away red
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.microcosm.seeding import rng

Array = NDArray[np.floating[Any]]
Light = TypeVar("Light", bound=Any)  # NumPy array or torch tensor: this module does not load torch

# Ruifrok & Johnston (2001), Table 1: optical density of each stain in red, green and blue, as unit vectors.
HAEMATOXYLIN = np.array([0.650, 0.704, 0.286], np.float32)
EOSIN = np.array([0.072, 0.990, 0.105], np.float32)
# Macenko et al. (2009), reference vectors of their normalisation: how today's scanners see the same two dyes.
SCANNER_HAEMATOXYLIN = np.array([0.5626, 0.7201, 0.4062], np.float32)
SCANNER_EOSIN = np.array([0.2159, 0.8012, 0.5581], np.float32)
# Red blood cells take eosin and carry haemoglobin, which also absorbs blue: read off pictures, not from the paper.
BLOOD = np.array([0.120, 0.780, 0.610], np.float32)


@dataclass(frozen=True)
class Lab:
    """A scanner and a stain protocol.

    Attributes:
        name: one letter.
        vectors: (3, 3) optical density of haematoxylin, eosin and blood in R, G, B; rows are unit vectors.
        gain: how strongly the protocol stains with haematoxylin and with eosin.
        white: colour of the empty slide, 0 to 1 in R, G, B: glass and lamp are grey, greenish, yellowish or pink.
        glare: share of the light that never passed the tissue; it makes all stains paler.
        blur: standard deviation of the scanner's point spread, in micrometres.
        sharpening: how much of the difference from a blurred copy the scanner's software adds; 0 leaves it.
        noise: standard deviation of the sensor noise, in grey levels.
        saturation: what the scanner's colour profile does to the distance from grey; 1 leaves it.
        seen: whether posts and training sets come from this lab.
    """

    name: str
    vectors: Array
    gain: tuple[float, float]
    white: tuple[float, float, float]
    glare: float
    blur: float
    sharpening: float
    noise: float
    saturation: float
    seen: bool


def _lab(name: str) -> Lab:
    draw = rng("lab", name)
    share = draw.uniform(0.3, 1.1)  # between the two published pairs, or a little beyond
    vectors = np.stack(
        [
            HAEMATOXYLIN + share * (SCANNER_HAEMATOXYLIN - HAEMATOXYLIN),
            EOSIN + share * (SCANNER_EOSIN - EOSIN),
            BLOOD,
        ]
    )
    vectors = np.clip(vectors + draw.normal(0, 0.035, (3, 3)), 0.02, None)
    white = np.clip(draw.uniform(0.93, 1.0) + draw.normal(0, 0.015, 3), 0, 1)
    return Lab(
        name=name,
        vectors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        gain=(float(np.exp(draw.normal(0, 0.13))), float(np.exp(draw.normal(0, 0.13)))),
        white=(float(white[0]), float(white[1]), float(white[2])),
        glare=float(draw.uniform(0.0, 0.05)),
        blur=float(draw.uniform(0.15, 0.9)),
        sharpening=float(draw.uniform(0.0, 1.8)),
        noise=float(draw.uniform(0.5, 6.0)),
        saturation=float(draw.uniform(0.85, 1.15)),
        seen=name < "I",
    )


LABS: dict[str, Lab] = {name: _lab(name) for name in "ABCDEFGHIJKL"}
TRAINING_LABS: tuple[str, ...] = tuple(name for name, lab in LABS.items() if lab.seen)
UNSEEN_LABS: tuple[str, ...] = tuple(name for name, lab in LABS.items() if not lab.seen)


def transmit(amounts: Array, vectors: Array, white: ArrayLike) -> Array:
    """Beer-Lambert law: the light that passes, as bright as ``white`` where there is no stain, shape (..., 3).

    Args:
        amounts: (..., k) amounts of k stains, 0 or more.
        vectors: (k, 3) optical density of one unit of each stain.
        white: (3,) colour of the light without tissue.
    """
    density = amounts @ vectors
    return np.asarray(white, density.dtype) * 10**-density


def optical_density(rgb: Light, *, white: Any = 255.0) -> Light:
    """Optical density per channel of an RGB picture: ``-log10(I / I0)``, 0 where the slide is empty.

    Args:
        rgb: (..., 3), an array or a tensor, 0 to ``white``. Values below one grey level count as one: the density stays
            finite. It is negative where a pixel is brighter than white, so that nothing is lost.
        white: intensity of the empty slide, one number or one for each channel.
    """
    passed: Any = rgb.clip(1) / white
    density: Light = -(passed.log10() if hasattr(passed, "log10") else np.log10(passed))
    return density


def mix(haematoxylin: Array, eosin: Array, lab: Lab, *, blood: Array | None = None) -> Array:
    """Mix stain amounts of shape (h, w) into light of shape (h, w, 3), 0 to 1, as ``lab`` would see it."""
    layers = [haematoxylin * lab.gain[0], eosin * lab.gain[1]]
    layers.append(np.zeros_like(haematoxylin) if blood is None else blood)
    through = transmit(np.stack(layers, -1), lab.vectors, 1.0)
    light = np.asarray(lab.white, np.float32) * (lab.glare + (1 - lab.glare) * through)
    grey = light.mean(-1, keepdims=True)
    return np.clip(grey + lab.saturation * (light - grey), 0, 1)


def separate(rgb: ArrayLike, *, vectors: Array | None = None) -> tuple[Array, Array]:
    """Unmix haematoxylin and eosin amounts from a picture: (..., 3) to two arrays (...), clipped at 0.

    ``vectors`` is (2, 3); without it those of Ruifrok and Johnston are taken. Least squares: three colours, two stains.
    """
    stains = np.stack([HAEMATOXYLIN, EOSIN]) if vectors is None else vectors
    amounts = np.clip(optical_density(np.asarray(rgb)) @ np.linalg.pinv(stains), 0, None)
    return amounts[..., 0], amounts[..., 1]
