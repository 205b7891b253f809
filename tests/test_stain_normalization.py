"""Stains are found again where the truth is known, and a tile goes to another laboratory and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial import microcosm
from plip_tutorial.microcosm.stain import LABS, mix
from plip_tutorial.stain_normalization import Stains, estimate, normalized, recoloured

STAINS = Stains(np.array([[0.65, 0.70, 0.29], [0.2, 0.9, 0.4]]), np.array([0.6, 0.5]), np.array([245.0, 240.0, 242.0]))


def mixture(lab: str, seed: int) -> np.ndarray:
    """A picture of haematoxylin here, eosin there, both and glass, without blood, lens and sensor: only physics."""
    draw = np.random.default_rng(seed)
    h, e = draw.gamma(2, 0.35, (2, 64, 64)).astype(np.float32)
    h[draw.random(h.shape) < 0.35], e[draw.random(e.shape) < 0.35] = 0, 0
    plain = replace(LABS[lab], saturation=1.0)
    return np.clip(mix(h, e, plain) * 255 + 0.5, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("lab", "ACEIKL")
def test_the_stains_of_a_laboratory_are_found_again(lab: str) -> None:
    found, truth = estimate([mixture(lab, seed) for seed in range(4)]), LABS[lab]
    degrees = np.degrees(np.arccos((found.vectors * truth.vectors[:2]).sum(1).clip(-1, 1)))
    assert degrees.max() < 4
    np.testing.assert_allclose(found.white / 255, truth.white, atol=0.02)


def slowly(tile: np.ndarray, own: Stains, target: Stains) -> np.ndarray:
    """Pixel by pixel, with a system of equations for each."""
    rest = [np.cross(*s.vectors) / np.linalg.norm(np.cross(*s.vectors)) for s in (own, target)]
    out = np.empty(tile.shape)
    for place in np.ndindex(*tile.shape[:2]):
        density = -np.log10(np.maximum(tile[place], 1) / own.white)
        h, e, other = np.linalg.solve(np.vstack([own.vectors, rest[0]]).T, density)
        h, e = h * target.strength[0] / own.strength[0], e * target.strength[1] / own.strength[1]
        mixed = h * target.vectors[0] + e * target.vectors[1] + other * rest[1]
        out[place] = target.white * 10**-mixed
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


@given(st.integers(0, 2**31))
def test_recolouring_equals_solving_each_pixel(seed: int) -> None:
    draw = np.random.default_rng(seed)
    tile = draw.integers(0, 256, (3, 5, 3), np.uint8)
    other = Stains(STAINS.vectors[:, [1, 0, 2]], draw.uniform(0.2, 2, 2), draw.uniform(150, 255, 3))
    assert np.abs(recoloured(tile, STAINS, other).astype(int) - slowly(tile, STAINS, other)).max() <= 1


def test_own_stains_change_nothing_and_there_and_back_is_where_one_was() -> None:
    tile = microcosm.render_tile("stroma", seed=3)
    np.testing.assert_array_equal(recoloured(tile, STAINS, STAINS), np.maximum(tile, 1))  # black has no density
    paler = replace(STAINS, strength=STAINS.strength * 0.8)  # paler, so that nothing is cut off at black
    back = recoloured(recoloured(tile, STAINS, paler), paler, STAINS)
    assert np.abs(back.astype(int) - tile).mean() < 1


@pytest.mark.parametrize("lab", "BIJKL")
def test_the_same_tissue_from_two_laboratories_comes_closer(lab: str) -> None:
    there = [microcosm.render_tile(name, seed=i, lab=lab, slide=i) for name in microcosm.TISSUES for i in range(2)]
    here = [microcosm.render_tile(name, seed=i, lab="A", slide=i) for name in microcosm.TISSUES for i in range(2)]
    repaired = normalized(there, estimate(here), groups=[lab] * len(there))
    far, near = (
        np.mean([np.abs(a.mean((0, 1)) - b.mean((0, 1))) for a, b in zip(tiles, here, strict=True)])
        for tiles in (there, repaired)
    )
    assert near < 0.75 * far


def test_groups_are_estimated_apart_and_glass_stays_as_it_is() -> None:
    glass = [np.full((16, 16, 3), 240, np.uint8)]
    tiles = [mixture("A", 0), mixture("K", 1), mixture("A", 2)]
    target = estimate(tiles)
    together = normalized([*tiles, *glass], target, groups=["a", "k", "a", "glass"])
    np.testing.assert_array_equal(together[0], recoloured(tiles[0], estimate([tiles[0], tiles[2]]), target))
    np.testing.assert_array_equal(together[1], normalized([tiles[1]], target)[0])
    np.testing.assert_array_equal(together[3], glass[0])


def test_what_cannot_be_estimated_or_matched_is_named() -> None:
    with pytest.raises(ValueError, match="0 of 256 pixels are tissue"):
        estimate([np.full((16, 16, 3), 240, np.uint8)])
    with pytest.raises(ValueError, match="1 tiles, but 2 groups"):
        normalized([mixture("A", 0)], STAINS, groups=["a", "b"])
