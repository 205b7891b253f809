import numpy as np
import pytest
import torch

from plip_tutorial.contrastive import toy
from plip_tutorial.microcosm import TISSUES

KINDS = ["adipose", "lymphocytes", "smooth_muscle"]


@pytest.fixture(scope="module")
def pairs():
    return toy.some_pairs(KINDS, 120)


def test_it_learns_names_that_it_was_never_given(pairs):
    held_out, labels = toy.some_pairs(KINDS, 60, seed=1), {kind: TISSUES[kind].phrase for kind in KINDS}
    model = toy.ToyClip(pairs, dim=16)
    before = toy.accuracy(model, held_out, labels)
    run = toy.train(model, pairs, steps=60, batch_size=32)
    after = toy.accuracy(model, held_out, labels)
    assert after > max(before, 0.7)
    assert run.losses[-1] < run.losses[0]


def test_frames_are_unit_vectors_of_pictures_and_captions_in_order(pairs):
    model = toy.ToyClip(pairs)
    run = toy.train(model, pairs, steps=20, frames=5)
    assert run.steps == sorted(set(run.steps))
    assert (run.steps[0], run.steps[-1]) == (0, 20)
    for frame in run.frames:
        np.testing.assert_allclose(np.linalg.norm(frame, axis=1), 1, rtol=1e-5)
    fresh = toy.ToyClip(pairs)
    torch.testing.assert_close(torch.tensor(run.frames[0][:120]), fresh.embed_images(pairs.pictures).detach())
    torch.testing.assert_close(torch.tensor(run.frames[0][120:]), fresh.embed_texts(pairs.texts).detach())


def test_the_same_seed_gives_the_same_run_and_another_seed_another(pairs):
    def losses(seed):
        return toy.train(toy.ToyClip(pairs, seed=seed), pairs, steps=5, seed=seed).losses

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_unknown_words_count_nothing(pairs):
    model = toy.ToyClip(pairs)
    known, more = model.embed_texts(["adipose tissue", "Adipose zzz qqq, tissue!"])
    torch.testing.assert_close(known, more)
