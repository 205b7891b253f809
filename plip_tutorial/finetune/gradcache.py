"""A large batch on a small machine: the embeddings first, the gradients of the encoders piece by piece.

The contrastive loss needs all embeddings of the batch at once, but an embedding is small; what fills the memory are
the activations that the encoders keep for the way back. Gao et al. (2021) part the two: (1) embed everything without
keeping activations, (2) compute the loss and its gradient for each *embedding*, (3) embed again, chunk by chunk, and
send each chunk's share of that gradient through the encoder. By the chain rule the sum is the gradient of the full
batch, exactly. Accumulating the losses of small batches is something else: there, each pair meets only its own chunk.

>>> layer = torch.nn.Linear(3, 2)
>>> def embed(x): return layer(x), layer(-x)
>>> loss = backward(embed, [torch.ones(2, 3), torch.zeros(1, 3)], lambda a, b: (a @ b.T).sum())
>>> layer.weight.grad.shape
torch.Size([2, 3])
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor

Chunk = TypeVar("Chunk")
Embed = Callable[[Chunk], tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


def backward(
    embed: Embed[Chunk], chunks: Sequence[Chunk], loss: Loss, *, send: Callable[[Tensor], Any] = torch.Tensor.backward
) -> Tensor:
    """Add to each ``.grad`` what the loss over the whole batch would have added; return that loss.

    Args:
        embed: a chunk of m pairs to (image embeddings (m, d), text embeddings (m, d)).
        chunks: the batch in pieces; they may differ in size. With a single piece nothing is computed twice.
        loss: (n, d) and (n, d) to a scalar. Parameters that it uses itself, such as ``logit_scale``, get their
            gradient too.
        send: starts the way back from the loss; with mixed precision it scales the loss first.

    Raises:
        ValueError: without chunks.
    """
    if not chunks:
        raise ValueError("the batch is empty: there is no chunk to embed.")
    states, parts = _embedded(embed, chunks)
    images, texts = (torch.cat([part.detach() for part in side]).requires_grad_() for side in zip(*parts, strict=True))
    value = loss(images, texts)
    send(value)
    sizes = [len(part[0]) for part in parts]
    shares = list(zip(torch.split(_gradient(images), sizes), torch.split(_gradient(texts), sizes), strict=True))
    _send_back(parts.pop(), shares.pop())
    for chunk, state, share in zip(chunks, states, shares, strict=False):  # all but the last
        with state.replayed():  # dropout must drop what it dropped the first time
            again = embed(chunk)
        _send_back(again, share)
    return value.detach()


def _embedded(embed: Embed[Chunk], chunks: Sequence[Chunk]) -> tuple[list[RandomState], list[tuple[Tensor, Tensor]]]:
    """Embeddings, and the random state before each chunk. The last keeps its activations: it goes back first."""
    states, parts = [], []
    for left, chunk in zip(reversed(range(len(chunks))), chunks, strict=True):
        states.append(RandomState())
        with torch.set_grad_enabled(left == 0):
            parts.append(embed(chunk))
    return states, parts


def _send_back(embeddings: tuple[Tensor, Tensor], gradients: tuple[Tensor, Tensor]) -> None:
    """Through both encoders, or the one that is not frozen."""
    trained = [pair for pair in zip(embeddings, gradients, strict=True) if pair[0].requires_grad]
    if trained:
        outputs, shares = zip(*trained, strict=True)
        torch.autograd.backward(outputs, shares)


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


class Kept:
    """What autograd keeps for the way back.

    Attributes:
        now: bytes at this moment.
        peak: the most there has been.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self.now = self.peak = 0

    def add(self, tensor: Tensor) -> _Held:
        """Count a tensor until it is let go."""
        size = tensor.numel() * tensor.element_size()
        self.now += size
        self.peak = max(self.peak, self.now)
        held = _Held(tensor)
        weakref.finalize(held, self._forget, size)
        return held

    def _forget(self, size: int) -> None:
        self.now -= size


class _Held:
    """A tensor under observation; tensors themselves are known to autograd by other names."""

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor


@contextmanager
def kept_activations() -> Iterator[Kept]:
    """Count what is kept for the way back inside: activations, and the weights they are multiplied with.

    >>> x = torch.ones(1000, requires_grad=True)
    >>> with kept_activations() as kept:
    ...     y = x.exp()  # keeps its result, for the derivative of exp is exp
    >>> kept.peak
    4000
    """
    kept = Kept()
    with torch.autograd.graph.saved_tensors_hooks(kept.add, lambda held: held.tensor):
        yield kept


def largest_batch(step: Callable[[int], object], *, budget: float | None = None, limit: int = 65_536) -> int:
    """The largest power of two of pairs that go through ``step`` at once: the ``chunk_size`` to train with.

    Args:
        step: goes through encoders and loss with so many pairs, and back; it is called with 1, 2, 4, ... pairs.
        budget: bytes that may be kept for the way back. Without it the GPU's memory decides, by being full.
        limit: where to stop asking. A CPU without a budget has no end that one would like to meet.

    Raises:
        ValueError: if a single pair does not fit, or if there is neither a GPU nor a budget.

    >>> layer = torch.nn.Linear(25, 1)
    >>> largest_batch(lambda n: layer(torch.zeros(n, 25)), budget=2_500)  # 100 bytes a row
    16
    """
    if budget is None and not torch.cuda.is_available():
        raise ValueError("without a GPU nothing says when the memory is full; give a budget in bytes.")
    fits, n = 0, 1
    while n <= limit and _fits(step, n, budget):
        fits, n = n, 2 * n
    if not fits:
        raise ValueError("not even one pair fits into the memory. Take a smaller model or half precision.")
    return fits


def _fits(step: Callable[[int], object], n: int, budget: float | None) -> bool:
    try:
        with kept_activations() as kept:
            step(n)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
        return False
    return budget is None or kept.peak <= budget


class RandomState:
    """The state of torch's random numbers, on the CPU and the current GPU, to be played again."""

    def __init__(self) -> None:
        """Note the state of this moment."""
        self._devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        self._cpu = torch.get_rng_state()
        self._gpu = [torch.cuda.get_rng_state(device) for device in self._devices]

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Random numbers of then, inside; those of now, afterwards."""
        with torch.random.fork_rng(self._devices):
            torch.set_rng_state(self._cpu)
            for device, state in zip(self._devices, self._gpu, strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
