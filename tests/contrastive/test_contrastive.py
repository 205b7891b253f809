import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize
from torch.utils._python_dispatch import TorchDispatchMode

from plip_tutorial.contrastive.losses import blocked_clip_loss, clip_loss, pair_recall, positive_targets, siglip_loss

sizes = st.integers(1, 17)


def example(n, d=5, seed=0, *, dtype=torch.float64):
    """Images, texts and a logit scale that want gradients."""
    torch.manual_seed(seed)
    images, texts = (normalize(torch.randn(n, d, dtype=dtype), dim=1) for _ in range(2))
    return [tensor.requires_grad_() for tensor in (images, texts, torch.tensor(1.5, dtype=dtype))]


def some_groups(n, kinds, seed):
    return torch.randint(kinds, (n,), generator=torch.Generator().manual_seed(seed))


def slow_clip_loss(images, texts, scale, groups):
    """Row by row and column by column, one exponential at a time."""
    n = len(images)
    total = 0.0
    for queries, targets in ((images, texts), (texts, images)):
        for i in range(n):
            logits = [math.exp(scale) * float(queries[i] @ targets[j]) for j in range(n)]
            log_sum = math.log(sum(math.exp(logit) for logit in logits))
            right = [j for j in range(n) if groups[j] == groups[i]]
            total -= sum(logits[j] - log_sum for j in right) / len(right)
    return total / (2 * n)


def slow_siglip_loss(images, texts, scale, bias, groups):
    n = len(images)
    total = 0.0
    for i in range(n):
        for j in range(n):
            logit = math.exp(scale) * float(images[i] @ texts[j]) + bias
            total += math.log(1 + math.exp(-logit if groups[i] == groups[j] else logit))
    return total / n


@settings(max_examples=40, deadline=None)
@given(n=sizes, kinds=st.integers(1, 20), seed=st.integers(0, 999))
def test_all_losses_equal_the_plain_loops(n, kinds, seed):
    images, texts, scale = (tensor.detach() for tensor in example(n, seed=seed))
    groups = some_groups(n, kinds, seed)
    expected = slow_clip_loss(images, texts, scale.item(), groups)
    assert clip_loss(images, texts, scale, groups=groups).item() == pytest.approx(expected, rel=1e-6)
    assert blocked_clip_loss(images, texts, scale, groups=groups, block=3).item() == pytest.approx(expected, rel=1e-6)
    bias = torch.tensor(-2.0, dtype=torch.float64)
    expected = slow_siglip_loss(images, texts, scale.item(), -2.0, groups)
    assert siglip_loss(images, texts, scale, bias, groups=groups).item() == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(n=sizes, block=st.integers(1, 20), kinds=st.integers(1, 20), grouped=st.booleans(), seed=st.integers(0, 999))
def test_blocks_change_neither_value_nor_gradients(n, block, kinds, grouped, seed):
    inputs = example(n, seed=seed)
    groups = some_groups(n, kinds, seed) if grouped else None
    plain = clip_loss(*inputs, groups=groups)
    blocked = blocked_clip_loss(*inputs, groups=groups, block=block)
    torch.testing.assert_close(plain, blocked, rtol=1e-6, atol=1e-7)
    pairs = zip(torch.autograd.grad(3 * plain, inputs), torch.autograd.grad(3 * blocked, inputs), strict=True)
    for expected, found in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


def test_the_blocked_loss_is_exact_in_float32_at_the_sharpest_temperature():
    images, texts, scale = example(300, 16, dtype=torch.float32)
    scale.data.fill_(math.log(100))
    plain, blocked = clip_loss(images, texts, scale), blocked_clip_loss(images, texts, scale, block=64)
    assert blocked.item() == pytest.approx(plain.item(), rel=1e-5)
    for value, other in zip(*(torch.autograd.grad(x, (images, texts, scale)) for x in (plain, blocked)), strict=True):
        assert (value - other).norm() <= 1e-5 * value.norm()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("loss", [clip_loss, blocked_clip_loss])
def test_half_precision_costs_no_more_than_its_inputs_had_lost(loss, dtype):
    inputs = [tensor.detach().to(dtype) for tensor in example(300, 16)[:2]]
    scale = torch.tensor(math.log(100.0))
    exact = clip_loss(*(x.double() for x in inputs), scale.double()).item()
    assert loss(*inputs, scale).item() == pytest.approx(exact, rel=1e-6)
    assert loss(*inputs, scale).dtype == torch.float32


def test_the_blocked_gradient_at_the_sharpest_temperature_is_as_exact_as_the_plain_one():
    images, texts, scale = (tensor.detach() for tensor in example(300, 16))
    texts = normalize(images + 4 * texts, dim=1)  # partners that resemble each other somewhat
    exact = [x.requires_grad_() for x in (images, texts, scale.fill_(math.log(100)))]
    right = torch.autograd.grad(clip_loss(*exact), exact)
    errors = {}
    for loss in (clip_loss, blocked_clip_loss):
        inputs = [tensor.detach().float().requires_grad_() for tensor in exact]
        found = torch.autograd.grad(loss(*inputs), inputs)
        errors[loss] = [float((x - y).norm() / y.norm()) for x, y in zip(found, right, strict=True)]
    for plain, blocked in zip(*errors.values(), strict=True):
        assert blocked <= 1.3 * plain + 1e-7


def test_a_second_derivative_of_the_blocked_loss_is_refused_in_words():
    inputs = example(6)
    with pytest.raises(RuntimeError, match=r"blocked_clip_loss has no second derivative.*take clip_loss"):
        torch.autograd.grad(blocked_clip_loss(*inputs), inputs, create_graph=True)
    first = torch.autograd.grad(clip_loss(*inputs), inputs, create_graph=True)
    assert torch.autograd.grad(first[0].sum(), inputs)[1].isfinite().all()


class Largest(TorchDispatchMode):
    """Notes the largest tensor that any operation gives, backward pass included."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [x for x in (result if isinstance(result, (tuple, list)) else [result]) if torch.is_tensor(x)]
        self.numbers = max([self.numbers, *(x.numel() for x in tensors)])
        return result


def largest(loss, n, **options):
    inputs = example(n, 4, dtype=torch.float32)
    with Largest() as seen:
        loss(*inputs, groups=torch.arange(n) // 2, **options).backward()
    return seen.numbers


def test_the_blocked_loss_never_holds_the_table():
    assert largest(clip_loss, 200) == 200 * 200
    assert largest(blocked_clip_loss, 200, block=10) == 200 * 10


def test_the_loss_of_chance_is_ln_n():
    for n in (1, 2, 100):
        alike, scale = torch.ones(n, 3) / math.sqrt(3), torch.tensor(2.0)
        for groups in (None, torch.zeros(n), torch.arange(n) // 3):
            assert clip_loss(alike, alike, scale, groups=groups).item() == pytest.approx(math.log(n), abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 15), seed=st.integers(0, 999))
def test_order_and_direction_do_not_matter(n, seed):
    images, texts, scale = example(n, seed=seed)
    groups, order = some_groups(n, 4, seed), torch.randperm(n)
    value = clip_loss(images, texts, scale, groups=groups)
    torch.testing.assert_close(clip_loss(texts, images, scale, groups=groups), value)
    torch.testing.assert_close(clip_loss(images[order], texts[order], scale, groups=groups[order]), value)
    torch.testing.assert_close(clip_loss(images, texts, scale, groups=3 * groups - 5), value)  # names are arbitrary


def test_two_pictures_of_one_post_do_not_repel_each_other():
    images = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    scale = torch.tensor(math.log(50.0))
    apart = clip_loss(images, images, scale)  # the twin counts as a wrong answer
    together = clip_loss(images, images, scale, groups=torch.tensor([4, 4, 9]))
    assert apart.item() == pytest.approx(together.item())  # ln(2) for two of three: it cannot be lower
    moved = images.clone().requires_grad_()
    clip_loss(moved, images, scale, groups=torch.tensor([4, 4, 9])).backward()
    assert moved.grad.norm() < 1e-6  # nothing to be gained by tearing twins apart


@given(n=st.integers(1, 12), kinds=st.integers(1, 12), seed=st.integers(0, 99))
def test_targets_are_shares(n, kinds, seed):
    groups = some_groups(n, kinds, seed)
    targets = positive_targets(groups, n)
    torch.testing.assert_close(targets.sum(1), torch.ones(n))
    assert ((targets > 0) == (groups[:, None] == groups[None])).all()


@settings(max_examples=30, deadline=None)
@given(n=sizes, k=st.integers(1, 20), seed=st.integers(0, 999))
def test_recall_equals_a_sort(n, k, seed):
    images, texts, _ = (x.detach() for x in example(n, seed=seed))
    groups = some_groups(n, 5, seed)
    hits = 0
    for queries, targets in ((images, texts), (texts, images)):
        for i, scores in enumerate(queries @ targets.T):
            best = sorted(range(n), key=lambda j, scores=scores: -float(scores[j]))[:k]
            hits += any(groups[j] == groups[i] for j in best)
    assert pair_recall(images, texts, groups, k=k) == pytest.approx(hits / (2 * n))


@pytest.mark.parametrize("loss", [clip_loss, blocked_clip_loss])
def test_shapes_that_do_not_fit_are_refused(loss):
    scale = torch.tensor(0.0)
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(2, 3\)"):
        loss(torch.ones(3, 2), torch.ones(2, 3), scale)
    with pytest.raises(ValueError, match="n > 0"):
        loss(torch.ones(0, 2), torch.ones(0, 2), scale)
    with pytest.raises(ValueError, match=r"groups must be \(3,\)"):
        loss(torch.ones(3, 2), torch.ones(3, 2), scale, groups=torch.arange(2))
