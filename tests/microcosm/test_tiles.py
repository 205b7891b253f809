"""The microcosm draws the same tile whoever asks, and stains it as physics says."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.microcosm import KINDS, LABS, TISSUES, TRAINING_LABS, UNSEEN_LABS, render_everyday, render_tile
from plip_tutorial.microcosm.canvas import Canvas
from plip_tutorial.microcosm.noise import smooth_noise
from plip_tutorial.microcosm.seeding import rng, seed_of
from plip_tutorial.microcosm.stain import mix, optical_density, separate, transmit
from plip_tutorial.microcosm.tiles import field_of

AMOUNTS = st.floats(0, 1.5)


def test_a_tile_is_the_same_in_another_process_and_in_another_order() -> None:
    jobs = [(name, seed) for name in TISSUES for seed in (0, 5)]
    here = [int(render_tile(name, seed=seed, lab="J").sum()) for name, seed in reversed(jobs)][::-1]
    code = (
        "from plip_tutorial.microcosm import render_tile\n"
        f"print([int(render_tile(n, seed=s, lab='J').sum()) for n, s in {jobs!r}])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == str(here)


@pytest.mark.parametrize("tissue", TISSUES)
@pytest.mark.parametrize(("field", "parts"), [(112, 64), (500, 8)])
def test_the_same_tissue_at_every_size(tissue: str, field: float, parts: int) -> None:
    """A large tile shrunk shows what the small one shows: the field of view is in micrometres, not pixels.

    In a wide field a pixel of the small one is as large as a nucleus, so larger parts are compared.
    """
    for seed in range(3):
        small = render_tile(tissue, seed=seed, lab="C", size=64, field=field)
        large = render_tile(tissue, seed=seed, lab="C", size=224, field=field)
        assert small.shape == (64, 64, 3)
        assert large.dtype == np.uint8
        one, two = (
            np.asarray(Image.fromarray(tile).resize((parts, parts), Image.Resampling.BOX), float)
            for tile in (small, large)
        )
        difference = np.abs(one - two).mean()
        assert difference < 20, f"{tissue} seed {seed}: {difference:.1f} grey levels apart on average"


def test_the_field_is_what_is_asked_for_and_mostly_that_of_a_tile() -> None:
    fields = np.array([field_of(name, seed=seed) for name in TISSUES for seed in range(60)])
    assert fields.min() >= 60
    assert fields.max() <= 900
    assert 0.6 < ((fields > 70) & (fields < 200)).mean() < 0.85
    assert (fields > 400).mean() > 0.04
    near, far = (render_tile("lymphocytes", seed=1, field=field).astype(float) for field in (60, 240))
    grain = [np.abs(np.diff(tile.mean(-1), axis=1)).mean() for tile in (near, far)]
    assert not np.array_equal(near, far)
    assert grain[0] < grain[1]
    with pytest.raises(ValueError, match=r"30 micrometres.*60 to 900"):
        render_tile("stroma", seed=0, field=30)


def test_seed_lab_slide_and_tissue_each_change_the_picture() -> None:
    base = render_tile("stroma", seed=1, lab="A", slide=1)
    others = [
        render_tile("stroma", seed=2, lab="A", slide=1),
        render_tile("stroma", seed=1, lab="B", slide=1),
        render_tile("stroma", seed=1, lab="A", slide=2),
        render_tile("mucus", seed=1, lab="A", slide=1),
    ]
    assert all((base != other).mean() > 0.5 for other in others)
    assert np.array_equal(base, render_tile("stroma", seed=1, lab="A", slide=1))


def test_tiles_of_one_slide_share_their_stain() -> None:
    """Leakage by slide must be possible: within a slide the mean colour varies less than between slides."""

    def colours(slide: int | None, seeds: range) -> np.ndarray:
        return np.stack([render_tile("stroma", seed=s, lab="A", slide=slide).mean((0, 1)) for s in seeds])

    within = np.mean([colours(slide, range(20 * slide, 20 * slide + 12)).std(0).mean() for slide in range(6)])
    between = colours(None, range(72)).std(0).mean()
    assert within < 0.8 * between


@pytest.mark.parametrize("kind", KINDS)
def test_everyday_pictures_are_pure_functions_of_their_seed(kind: str) -> None:
    first = render_everyday(kind, seed=7, size=48)
    assert first.shape == (48, 48, 3)
    assert np.array_equal(first, render_everyday(kind, seed=7, size=48))
    assert not np.array_equal(first, render_everyday(kind, seed=8, size=48))
    for size in (16, 17, 224):
        small = render_everyday(kind, seed=2, size=size)
        assert small.shape == (size, size, 3)
        assert small.std() > 1


def test_bad_arguments_are_named_with_the_choice() -> None:
    with pytest.raises(ValueError, match=r"'kidney'.*adipose"):
        render_tile("kidney", seed=0)
    with pytest.raises(ValueError, match=r"'Z'.*A, B"):
        render_tile("stroma", seed=0, lab="Z")
    with pytest.raises(ValueError, match="8 pixels"):
        render_tile("stroma", seed=0, size=8)
    with pytest.raises(ValueError, match=r"'cat'.*chart"):
        render_everyday("cat", seed=0)


def test_labs_are_split_and_never_alike() -> None:
    assert set(TRAINING_LABS).isdisjoint(UNSEEN_LABS)
    assert set(TRAINING_LABS) | set(UNSEEN_LABS) == set(LABS)
    for lab in LABS.values():
        np.testing.assert_allclose(np.linalg.norm(lab.vectors, axis=1), 1, rtol=1e-5)
    flat = [tuple(lab.vectors.ravel()) for lab in LABS.values()]
    assert len(set(flat)) == len(flat)


@given(h=AMOUNTS, e=AMOUNTS)
def test_beer_lambert_by_hand(h: float, e: float) -> None:
    """The vectorised law equals the formula written out for one pixel."""
    vectors = LABS["B"].vectors[:2].astype(float)
    expected = [0.95 * 10 ** -(h * vectors[0, c] + e * vectors[1, c]) for c in range(3)]
    np.testing.assert_allclose(transmit(np.array([h, e]), vectors, np.full(3, 0.95)), expected, rtol=1e-5)


@given(h=AMOUNTS, e=AMOUNTS)
def test_separation_undoes_mixing(h: float, e: float) -> None:
    vectors = LABS["A"].vectors[:2].astype(float)
    rgb = 255 * transmit(np.array([[h, e]]), vectors, np.ones(3))
    if rgb.min() < 1:  # below one grey level the density is clipped, by design
        return
    unmixed_h, unmixed_e = separate(rgb, vectors=vectors)
    np.testing.assert_allclose([unmixed_h[0], unmixed_e[0]], [h, e], atol=2e-3)


def test_optical_density_is_finite_on_black_and_zero_on_white() -> None:
    density = optical_density(np.array([[0, 255, 25.5]]))
    assert np.isfinite(density).all()
    np.testing.assert_allclose(density[0, 1:], [0, 1], atol=1e-6)


def test_more_stain_is_darker() -> None:
    thin, thick = np.full((4, 4), 0.3), np.full((4, 4), 0.9)
    for lab in LABS.values():
        assert (mix(thick, thick, lab).mean(-1) < mix(thin, thin, lab).mean(-1)).all()


@settings(max_examples=25)
@given(size=st.integers(16, 96), cells=st.integers(1, 40), seed=st.integers(0, 2**31))
def test_noise_has_mean_zero_and_about_unit_spread(size: int, cells: int, seed: int) -> None:
    field = smooth_noise(rng("test", seed), size, cells)
    assert field.shape == (size, size)
    assert np.isfinite(field).all()
    if cells >= 10:
        assert abs(field.mean()) < 0.5
        assert 0.6 < field.std() < 1.7


def test_small_nuclei_darken_as_much_of_the_slide_as_large_pixels_can_show() -> None:
    """What is smaller than a pixel counts by its area, as the eye would average it."""
    stained = []
    for size in (400, 24):
        canvas = Canvas(rng("small nuclei"), size=size, field=240.0)
        canvas.nuclei(canvas.scatter(24.0), radius=3.0, elongation=1.0, variety=0.0, amount=1.0, clumps=0.0)
        stained.append(canvas.h.mean())
    assert stained[1] == pytest.approx(stained[0], rel=0.25)


def test_nuclei_are_as_large_as_asked() -> None:
    """Area of one drawn nucleus, counted in pixels, against pi r^2."""
    canvas = Canvas(rng("one nucleus"), size=200, field=50.0)
    canvas.nuclei(np.array([[25.0, 25.0]]), radius=5.0, elongation=1.5, variety=0.0, amount=1.0)
    area = (canvas.h > canvas.h.max() / 2).sum() / canvas.pixels**2
    assert area == pytest.approx(np.pi * 25, rel=0.1)


def test_walls_against_the_plain_loop() -> None:
    canvas = Canvas(rng("walls"), size=20, field=40.0)
    sites = rng("sites").uniform(0, 40, (7, 2))
    wall, near, owner = canvas.walls(sites)
    for row in range(0, 20, 3):
        for column in range(0, 20, 3):
            place = np.array([canvas.x[row, column], canvas.y[row, column]])
            distances = np.linalg.norm(sites - place, axis=1)
            first, second = np.argsort(distances)[:2]
            assert owner[row, column] == first
            assert near[row, column] == pytest.approx(distances[first], rel=1e-4)
            bisector = (
                (distances[second] ** 2 - distances[first] ** 2) / 2 / np.linalg.norm(sites[first] - sites[second])
            )
            assert wall[row, column] == pytest.approx(bisector, rel=1e-3, abs=1e-3)


def test_seeds_depend_on_every_part_of_the_key() -> None:
    keys = [("a", 1), ("a", 2), ("b", 1), ("a", 1, 0), (1, "a"), ("a", -1)]
    assert len({seed_of(*key) for key in keys}) == len(keys)


def test_tiles_are_png_round_trip(tmp_path) -> None:
    tile = render_tile("adipose", seed=3)
    Image.fromarray(tile).save(tmp_path / "tile.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "tile.png")), tile)
