import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from plip_tutorial.finetune.augment import AugmentConfig, augment
from plip_tutorial.microcosm import render_tile
from plip_tutorial.microcosm.stain import EOSIN, HAEMATOXYLIN, LABS, mix

OFF = AugmentConfig.only()
ON = AugmentConfig(rotation=20, contrast=0.2, light=0.1)


def tiles(n=6, size=32):
    return torch.from_numpy(np.stack([render_tile("stroma", seed=i, size=size) for i in range(n)])).permute(0, 3, 1, 2)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), step=st.integers(0, 10**6), n=st.integers(2, 7), cut=st.integers(1, 6))
def test_a_pure_function_of_seed_and_step_for_any_share_of_the_batch(seed, step, n, cut):
    pictures = tiles(n, 16)
    whole = augment(pictures, ON, seed=seed, step=step)
    shares = [slice(0, min(cut, n - 1)), slice(min(cut, n - 1), n)]
    parts = [augment(pictures[s], ON, seed=seed, step=step, rows=s, total=n) for s in shares]
    # The same picture in a batch of another size may differ by what rounding makes of it.
    torch.testing.assert_close(torch.cat(parts), whole, rtol=0, atol=0.01)
    assert whole.min() >= 0
    assert whole.max() <= 255


def test_other_seeds_and_steps_give_other_pictures():
    pictures = tiles()
    results = [augment(pictures, ON, seed=seed, step=step) for seed in (0, 1) for step in (0, 1)]
    assert all((a != b).any() for i, a in enumerate(results) for b in results[:i])
    assert torch.equal(results[0], augment(pictures, ON, seed=0, step=0))


def test_each_variation_can_be_switched_off():
    pictures = tiles()
    for config in (None, OFF):
        assert torch.equal(augment(pictures, config, seed=3, step=3), pictures.float())
    for name, value in dataclasses.asdict(ON).items():
        varied = augment(pictures, AugmentConfig.only(**{name: value}), seed=3, step=3)
        assert (varied != pictures).any(), name
        assert (
            (augment(pictures, dataclasses.replace(ON, **{name: getattr(OFF, name)}), seed=3, step=3)).isfinite().all()
        )


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (AugmentConfig.only(flips=True), 4),
        (AugmentConfig.only(quarter_turns=True), 4),
        (AugmentConfig.only(flips=True, quarter_turns=True), 8),
    ],
)
def test_flips_and_quarter_turns_reach_all_symmetries_of_the_square_and_nothing_else(config, size):
    pixels = torch.arange(48, dtype=torch.uint8).view(3, 4, 4)
    turns = [pixels.rot90(k, (1, 2)) for k in range(4)]
    every = {tuple(x.flatten().tolist()) for turn in turns for x in (turn, turn.flip(-1))}
    varied = augment(pixels.expand(400, 3, 4, 4), config, seed=0, step=0)
    found = {tuple(x.flatten().int().tolist()) for x in varied}
    assert found <= every
    assert len(found) == size


def test_a_cut_takes_the_wanted_share_of_the_area_from_within():
    ramp = torch.arange(64.0).repeat(64, 1)  # grey level = column
    varied = augment(ramp.to(torch.uint8).expand(300, 3, 64, 64), AugmentConfig.only(crop=0.5), seed=0, step=0)
    widths = (varied[:, 0, 0, -1] - varied[:, 0, 0, 0]) / 63
    assert widths.min() == pytest.approx(0.5**0.5, abs=0.03)
    assert widths.max() == pytest.approx(1, abs=0.03)
    assert (varied >= 0).all()
    assert (varied <= 63).all()
    lefts = varied[:, 0, 0, 0]
    assert lefts.min() < 2
    assert lefts.max() > 12  # and from everywhere


def test_stain_gain_scales_the_dyes_that_were_mixed_in():
    stains = np.stack([HAEMATOXYLIN, EOSIN])
    stains /= np.linalg.norm(stains, axis=1, keepdims=True)
    amounts = np.array([0.8, 0.4])
    rgb = 255 * 10 ** -(amounts @ stains)
    # Grey levels are rounded in a picture; a float tensor keeps the comparison sharp.
    picture = torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1).expand(50, 3, 4, 4)
    varied = augment(picture, AugmentConfig.only(stain_gain=0.3), seed=1, step=0)[:, :, 0, 0].numpy()
    found = -np.log10(varied / 255) @ np.linalg.pinv(stains)
    ratios = found / amounts
    assert (np.abs(ratios - 1) < 0.3001).all()
    assert ratios.std(0).min() > 0.1  # each dye on its own
    assert abs(np.corrcoef(ratios.T)[0, 1]) < 0.5


def test_another_lamp_scales_each_colour_by_itself():
    varied = augment(torch.full((300, 3, 4, 4), 100.0), AugmentConfig.only(light=0.2), seed=0, step=0)[:, :, 0, 0]
    assert (varied >= 80).all()
    assert (varied <= 120).all()
    assert varied.std(0).min() > 10
    assert np.abs(np.corrcoef(varied.T.numpy())[np.triu_indices(3, 1)]).max() < 0.3


def test_an_empty_slide_stays_empty_whatever_the_stain():
    white = torch.full((20, 3, 8, 8), 255, dtype=torch.uint8)
    varied = augment(white, AugmentConfig.only(stain_gain=0.5, stain_turn=0.2), seed=0, step=0)
    torch.testing.assert_close(varied, white.float(), rtol=0, atol=0.01)


def test_the_mean_colour_of_one_dye_moves_like_between_labs():
    dye = np.full((8, 8), 0.6, np.float32)
    labs = np.stack([255 * mix(dye, dye, lab).mean((0, 1)) for lab in LABS.values()])
    one = torch.from_numpy(255 * mix(dye, dye, LABS["A"])).permute(2, 0, 1).expand(200, 3, 8, 8)
    varied = augment(one, AugmentConfig.only(stain_gain=0.3, stain_turn=0.05), seed=0, step=0).mean((2, 3)).numpy()
    assert (varied.std(0) > 0.25 * labs.std(0)).all()
    assert (varied.std(0) < 4 * labs.std(0)).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contrast": 2}, "contrast is a share, from 0 to below 1; got 2. At 1 and above .* emptied or inverted"),
        ({"brightness": 1.5}, "brightness is a share"), ({"light": 1}, "light is a share"),
        ({"stain_gain": 1.0}, "stain_gain is a share"),
        ({"stain_gain": -0.1}, "stain_gain"), ({"contrast": float("nan")}, "contrast"),
        ({"stain_turn": 0.6}, "stain_turn goes from 0 to 0.5; got 0.6"), ({"focus": 1.1}, "focus goes from 0 to 1"),
        ({"noise": 200}, "noise goes from 0 to 128"), ({"noise": -1}, "noise"), ({"rotation": 181}, "rotation"),
        ({"crop": 0}, "crop"), ({"crop": 1.5}, "crop"),
    ],
)  # fmt: skip
def test_strengths_that_would_empty_or_invert_pictures_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        AugmentConfig(**options)
    with pytest.raises(ValueError, match=words):
        AugmentConfig.only(**options)


@pytest.mark.parametrize(
    "options", [{"contrast": 0.95}, {"brightness": 0.95}, {"stain_gain": 0.95}, {"stain_turn": 0.5}, {"focus": 1.0}]
)
def test_at_the_strongest_no_picture_is_empty_or_inverted(options):
    pictures = tiles(64)
    varied = augment(pictures, AugmentConfig.only(**options), seed=0, step=0).flatten(1)
    for before, after in zip(pictures.float().flatten(1), varied, strict=True):
        assert np.corrcoef(before, after)[0, 1] > 0.2
        assert after.mean() > 2
        assert after.std() > 0.5


def test_pictures_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3, 8, 9\)"):
        augment(torch.zeros(2, 3, 8, 9), ON, seed=0, step=0)
