"""The gradient of a large batch on small machines: embeddings first, gradients of the encoders piece by piece.

The contrastive loss needs all embeddings of the batch at once, but an embedding is small; what fills the memory are
the activations that the encoders keep for the way back. Gao et al. (2021) part the two: (1) embed everything without
keeping activations, (2) compute the loss and its gradient for each *embedding*, (3) embed again, chunk by chunk, and
send each chunk's share of that gradient through the encoder. By the chain rule the sum is the gradient of the full
batch, exactly. Accumulating the losses of small batches is something else: there, each pair meets only its own chunk.

Several processes do the same: each embeds its share of the pairs, everybody gets everybody's embeddings and computes
the whole loss, of which only its own embeddings carry a gradient. The sum over the processes is that of the batch.

>>> layer = torch.nn.Linear(3, 2)
>>> def embed(x): return layer(x), layer(-x)
>>> loss, images, texts = backward(embed, [torch.ones(2, 3), torch.zeros(1, 3)], lambda a, b: (a @ b.T).sum())
>>> layer.weight.grad.shape
torch.Size([2, 3])
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from warnings import warn

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import Parameter

Chunk = TypeVar("Chunk")
T = TypeVar("T")


def backward(
    embed: Callable[[Chunk], tuple[Tensor, Tensor]],
    chunks: Sequence[Chunk],
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    send: Callable[[Tensor], Any] = torch.Tensor.backward,
) -> tuple[Tensor, Tensor, Tensor]:
    """Add to each ``.grad`` what the loss over the whole batch would have added.

    Args:
        embed: a chunk of m pairs to (image embeddings (m, d), text embeddings (m, d)).
        chunks: the batch in pieces; they may differ in size. With a single piece nothing is computed twice.
        loss: (n, d) and (n, d) to a scalar. Parameters that it uses itself, such as ``logit_scale``, get their
            gradient too.
        send: starts the way back from the loss; with mixed precision it scales the loss first.

    Returns:
        The loss of the batch, and the embeddings of its pictures and of its texts, (n, d); none with a gradient.
    """
    if not chunks:
        raise ValueError("the batch is empty: there is no chunk to embed.")
    states, parts = [], []
    for i, chunk in enumerate(chunks, 1):
        states.append(_random_state())
        with torch.set_grad_enabled(i == len(chunks)):  # the last keeps its activations: it goes back first
            parts.append(embed(chunk))
    images, texts = (torch.cat([part.detach() for part in side]).requires_grad_() for side in zip(*parts, strict=True))
    value = loss(images, texts)
    send(value)
    gradients = [torch.zeros_like(side) if side.grad is None else side.grad for side in (images, texts)]
    shares = list(zip(*(torch.split(whole, [len(x) for x, _ in parts]) for whole in gradients), strict=True))
    _send_back(parts.pop(), shares.pop())
    for chunk, state, share in zip(chunks, states, shares, strict=False):  # all but the last
        with _replayed(state):  # dropout must drop what it dropped the first time
            again = embed(chunk)
        _send_back(again, share)
    return value.detach(), images.detach(), texts.detach()


def _random_state() -> list[Tensor]:
    """The state of torch's random numbers, on the CPU and on the current GPU."""
    return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if torch.cuda.is_available() else [])]


@contextmanager
def _replayed(state: list[Tensor]) -> Iterator[None]:
    """Random numbers of then, inside; those of now, afterwards."""
    with torch.random.fork_rng([torch.cuda.current_device()] if state[1:] else []):
        torch.set_rng_state(state[0])
        for of_gpu in state[1:]:
            torch.cuda.set_rng_state(of_gpu)
        yield


def _send_back(embeddings: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> None:
    """Through both encoders, or the one that is not frozen."""
    trained = [pair for pair in zip(embeddings, gradients, strict=True) if pair[0].requires_grad]
    if trained:
        outputs, shares = zip(*trained, strict=True)
        torch.autograd.backward(outputs, shares)


def until_it_fits(
    work: Callable[[Chunk], T], cut: Callable[[int], Chunk], size: int, *, alone: bool = True
) -> tuple[T, int]:
    """Do ``work(cut(size))``, in chunks of that size; each time the memory of the GPU is full, in chunks of half of it.

    Each try draws the same random numbers, so the gradient stays the same. Several processes (``alone=False``) wait for
    each other, so there a full memory is an error.

    Returns:
        What ``work`` gave, and the size that fitted.

    Raises:
        torch.OutOfMemoryError: if not even one pair fits.
    """
    state = _random_state()
    while True:
        try:
            with _replayed(state):
                return work(cut(size)), size
        except torch.OutOfMemoryError as error:
            if size == 1 or not alone:
                words = "The memory is full. Lower chunk_size, or take a smaller model or half precision."
                raise torch.OutOfMemoryError(f"{words} ({error})") from error
            size //= 2
            warn(f"The memory is full; going on in chunks of {size} pairs.", stacklevel=2)


def share(n: int, accelerator: Accelerator) -> slice:
    """The rows of a batch of n that this process embeds."""
    sizes = shares(n, accelerator.num_processes)
    start = sum(sizes[: accelerator.process_index])
    return slice(start, start + sizes[accelerator.process_index])


def shares(n: int, processes: int) -> list[int]:
    """Near-equal parts of n.

    >>> shares(10, 4)
    [3, 3, 2, 2]
    """
    return [n // processes + (place < n % processes) for place in range(processes)]


def gather(own: Tensor, n: int, accelerator: Accelerator) -> Tensor:
    """All rows of the batch, (n, d), of which only those of this process carry a gradient."""
    if accelerator.num_processes == 1:
        return own
    sizes = shares(n, accelerator.num_processes)
    padded = torch.nn.functional.pad(own.detach(), (0, 0, 0, sizes[0] - len(own)))  # the first share is the largest
    everyone = list(torch.split(accelerator.gather(padded), sizes[0]))
    everyone[accelerator.process_index] = own
    return torch.cat([part[:size] for part, size in zip(everyone, sizes, strict=True)])


def sum_gradients(encoders: Iterable[Parameter], of_loss: Iterable[Parameter], accelerator: Accelerator) -> None:
    """Make every process hold the gradient of the whole batch.

    Of the parameters of the encoders each has a part of it, of those of the loss, such as the logit scale, all.
    """
    if accelerator.num_processes == 1:
        return
    parameters = list(encoders)
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    total = accelerator.reduce(torch.cat([part.flatten() for part in parts]), "sum")
    for parameter, gradient in zip(parameters, torch.split(total, [part.numel() for part in parts]), strict=True):
        parameter.grad = gradient.view_as(parameter)
    for parameter in of_loss:
        if parameter.grad is not None:
            parameter.grad = accelerator.reduce(parameter.grad, "mean")


class Kept:
    """What autograd keeps for the way back, in bytes: ``now``, and at the ``peak``."""

    now = peak = 0


@contextmanager
def kept_activations(besides: Iterable[Tensor] = ()) -> Iterator[Kept]:
    """Count what is kept inside for the way back; memory that is kept twice counts once, ``besides`` does not count.

    >>> x = torch.ones(1000, requires_grad=True)
    >>> with kept_activations() as kept:
    ...     y = x.exp()  # keeps its result, for the derivative of exp is exp
    >>> kept.peak
    4000
    """
    kept, keepers, others = Kept(), Counter[int](), {tensor.untyped_storage()._cdata for tensor in besides}

    class Held:  # weakref cannot watch the tensor itself, which autograd knows by other names
        def __init__(self, tensor: Tensor) -> None:
            self.tensor = tensor
            storage = tensor.untyped_storage()
            if storage._cdata not in others:
                count(storage._cdata, storage.nbytes(), 1)
                weakref.finalize(self, count, storage._cdata, storage.nbytes(), -1)

    def count(key: int, size: int, more: int) -> None:
        keepers[key] += more
        if keepers[key] == (more > 0):  # the first keeper has come, or the last has gone
            kept.now += more * size
            kept.peak = max(kept.peak, kept.now)

    with torch.autograd.graph.saved_tensors_hooks(Held, lambda held: held.tensor):
        yield kept
