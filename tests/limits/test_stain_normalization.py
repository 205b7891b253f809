"""Stains are found again where the truth is known, and a tile goes to another laboratory and back."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial import microcosm
from plip_tutorial.limits.stain_normalization import Stains, estimate, normalized, recoloured
from plip_tutorial.microcosm.stain import LABS, mix

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
    with pytest.warns(UserWarning, match="1 of 3 groups hold too little tissue.*: glass"):
        together = normalized([*tiles, *glass], target, groups=["a", "k", "a", "glass"])
    np.testing.assert_array_equal(together[0], recoloured(tiles[0], estimate([tiles[0], tiles[2]]), target))
    np.testing.assert_array_equal(together[1], normalized([tiles[1]], target)[0])
    np.testing.assert_array_equal(together[3], glass[0])


def without_glass(seed: int) -> np.ndarray:
    """Tissue everywhere: what is lightest is pale eosin."""
    draw = np.random.default_rng(seed)
    h, e = draw.gamma(2, 0.3, (64, 64)).astype(np.float32), draw.uniform(0.35, 1.2, (64, 64)).astype(np.float32)
    return np.clip(mix(h, e, replace(LABS["A"], saturation=1.0)) * 255 + 0.5, 0, 255).astype(np.uint8)


GLASS = np.full((2, 2, 3), 245, np.uint8)


def test_glass_stays_without_colour_where_the_target_has_none_and_it_is_said() -> None:
    with pytest.warns(UserWarning, match=r"no empty slide among these tiles: .* white is taken as 255"):
        target = estimate([without_glass(0)])
    np.testing.assert_array_equal(target.white, [255, 255, 255])
    assert np.ptp(recoloured(GLASS, estimate([mixture("A", 0)]), target), axis=-1).max() < 8
    known = estimate([without_glass(0)], white=[247, 238, 241])  # no warning: pytest would show it
    np.testing.assert_array_equal(known.white, [247, 238, 241])
    truth = LABS["A"].vectors[:2]
    degrees = np.degrees(np.arccos((known.vectors * truth).sum(1).clip(-1, 1)))
    assert degrees.max() < 8


def test_tiles_without_glass_and_without_tissue_are_counted_and_named() -> None:
    tiles = [mixture("A", 0), without_glass(1), np.full((16, 16, 3), 240, np.uint8), without_glass(2)]
    with pytest.warns(UserWarning, match="of 4 tiles") as said:
        out = normalized(tiles, STAINS)
    told = [str(warning.message) for warning in said]
    assert told[0] == "1 of 4 tiles hold too little tissue, or of one colour only, and stay as they are: 2"
    assert told[1].startswith("2 of 4 tiles hold no empty slide: white is taken as 255")
    assert told[1].endswith(": 1, 3")
    np.testing.assert_array_equal(out[2], tiles[2])
    with pytest.warns(UserWarning, match="2 of 3 groups hold no empty slide"):
        normalized(tiles, STAINS, groups=["a", "b", "a", "c"])


@pytest.mark.parametrize("light", [(242, 230, 178), (200, 200, 200), (255, 244, 250), (200, 225, 255)])
def test_coloured_and_weak_lamps_are_no_stain(light: tuple[int, int, int]) -> None:
    tile = (mixture("A", 0) / 255.0 * light).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate([tile])
    np.testing.assert_allclose(found.white, np.array(LABS["A"].white) * light, atol=4)


def test_tissue_of_one_colour_has_no_two_dyes() -> None:
    flat = np.full((64, 64, 3), (200, 120, 170), np.uint8)
    flat[:20] = 250
    with pytest.raises(ValueError, match="2816 pixels of tissue have one colour"):
        estimate([flat])
    with pytest.warns(UserWarning, match="1 of 1 tiles hold too little tissue, or of one colour only"):
        np.testing.assert_array_equal(normalized([flat], STAINS)[0], flat)


def test_floats_from_0_to_1_are_read_as_what_they_are() -> None:
    tile = mixture("A", 0)
    np.testing.assert_array_equal(recoloured(tile / 255.0, STAINS, STAINS), np.maximum(tile, 1))


@pytest.mark.parametrize("white", [[255, 255], [0.9, 0.9, 0.9], [300, 255, 255], 255])
def test_a_white_that_is_no_colour_is_refused(white: object) -> None:
    with pytest.raises(ValueError, match="white"):
        estimate([mixture("A", 0)], white=white)  # type: ignore[arg-type]


def test_what_cannot_be_estimated_or_matched_is_named() -> None:
    with pytest.raises(ValueError, match="0 of 256 pixels are tissue"):
        estimate([np.full((16, 16, 3), 240, np.uint8)])
    with pytest.raises(ValueError, match="no tiles"):
        estimate([])
    with pytest.raises(ValueError, match="1 tiles, but 2 groups"):
        normalized([mixture("A", 0)], STAINS, groups=["a", "b"])
