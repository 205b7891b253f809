import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

from plip_tutorial.contrastive.losses import clip_loss
from plip_tutorial.finetune.gradcache import backward, kept_activations


class TwoTowers(torch.nn.Module):
    """An encoder for each side, with dropout, and a logit scale."""

    def __init__(self, dropout, width=32):
        super().__init__()
        self.images, self.texts = (
            torch.nn.Sequential(
                torch.nn.Linear(6, width), torch.nn.GELU(), torch.nn.Dropout(dropout), torch.nn.Linear(width, 8)
            )
            for _ in range(2)
        )
        self.logit_scale = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, chunk):
        return normalize(self.images(chunk[0]), dim=1), normalize(self.texts(chunk[1]), dim=1)


def setting(n, chunk, dropout=0.0, width=32):
    torch.manual_seed(n)
    model, batch = TwoTowers(dropout, width), (torch.randn(n, 6), torch.randn(n, 6))
    chunks = list(zip(*(side.split(chunk) for side in batch), strict=True))
    return model, chunks, lambda images, texts: clip_loss(images, texts, model.logit_scale)


def in_one_go(model, chunks, loss):
    """The obvious way: keep all activations of all chunks."""
    images, texts = (torch.cat(side) for side in zip(*map(model, chunks), strict=True))
    value = loss(images, texts)
    value.backward()
    return value.detach()


def gradients(model):
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 23), chunk=st.integers(1, 25), dropout=st.sampled_from([0.0, 0.5]), seed=st.integers(0, 99))
def test_gradients_equal_the_full_batch(n, chunk, dropout, seed):
    model, chunks, loss = setting(n, chunk, dropout)
    torch.manual_seed(seed)
    expected_loss = in_one_go(model, chunks, loss)
    after = torch.get_rng_state()
    expected, scale = gradients(model), model.logit_scale.grad.clone()
    model.zero_grad()
    torch.manual_seed(seed)
    found_loss, *_ = backward(model, chunks, loss)
    torch.testing.assert_close(found_loss, expected_loss)
    assert (gradients(model) - expected).norm() <= 1e-5 * expected.norm() + 1e-7
    torch.testing.assert_close(model.logit_scale.grad, scale, rtol=1e-5, atol=1e-7)
    assert (torch.get_rng_state() == after).all()  # what comes next draws what it would have drawn


def test_gradients_are_added_and_frozen_parts_stay_without():
    model, chunks, loss = setting(8, 3)
    model.texts.requires_grad_(False)
    backward(model, chunks, loss)
    once = model.images[0].weight.grad.clone()
    backward(model, chunks, loss)
    torch.testing.assert_close(model.images[0].weight.grad, 2 * once)
    assert model.texts[0].weight.grad is None


def test_accumulating_the_losses_of_chunks_is_something_else():
    model, chunks, loss = setting(12, 4)
    in_one_go(model, chunks, loss)
    whole = gradients(model)
    model.zero_grad()
    for chunk in chunks:
        (loss(*model(chunk)) / len(chunks)).backward()
    assert (gradients(model) - whole).norm() > 0.1 * whole.norm()


def peak_of_kept_activations(work):
    with kept_activations() as kept:
        work()
    return kept.peak


def test_only_one_chunk_keeps_its_activations():
    model, chunks, loss = setting(128, 8, width=2000)
    other = copy.deepcopy(model)
    whole = peak_of_kept_activations(lambda: in_one_go(model, chunks, loss))
    cached = peak_of_kept_activations(lambda: backward(other, chunks, loss))
    assert cached < whole / 5  # weights and the table of the loss are in both


def test_the_peak_is_the_most_that_was_kept_and_not_the_last():
    x = torch.ones(1000, requires_grad=True)
    with kept_activations() as kept:
        first = x.square()
        del first  # and with it what it kept
        second = torch.ones(10, requires_grad=True).square()
    assert (kept.peak, kept.now) == (4000, 40)
    assert second.requires_grad


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="empty"):
        backward(lambda chunk: chunk, [], clip_loss)
