"""The `PLIP` class: pictures and words in, vectors of one space out.

It takes the place of the class that was released with PLIP (Huang et al. 2023): same methods, and the names of its
arguments are understood beside ours. Both sides of a cosine are unit vectors here, pictures are never re-encoded, and
each caption is padded to its neighbours' length instead of to 77 tokens.

    plip = PLIP("vinid/plip")
    images = plip.encode_images(["a.png", "b.png"])       # (2, 512) unit vectors
    texts = plip.encode_text(["an H&E image of fat"])     # (1, 512)
    cosines = images @ texts.T
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from itertools import islice
from typing import Any, Literal, ParamSpec, Self, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.plip.devices import PRECISIONS, best_device, best_precision, check_precision, decoders
from plip_tutorial.plip.fingerprint import ModelFingerprint
from plip_tutorial.plip.pixels import Preprocessor
from plip_tutorial.plip.read_token import image_reader
from plip_tutorial.plip.tokens import Tokens
from plip_tutorial.sources.hub import local, quiet
from plip_tutorial.sources.images import ImageLike, count, load_each

Embeddings = NDArray[np.float32]
Batch = tuple[torch.Tensor | None, NDArray[np.bool_]]
Pictures = Iterable[ImageLike]
T = TypeVar("T")
P = ParamSpec("P")
PATIENCE = 2.0  # seconds before a progress bar appears


def _released(method: Callable[P, T], theirs: str, ours: str) -> Callable[P, T]:
    """Let a method take one argument under the name that the released class gave it, too."""

    @wraps(method)
    def renamed(*args: P.args, **kwargs: P.kwargs) -> T:
        return method(*args, **{ours if name == theirs else name: value for name, value in kwargs.items()})  # type: ignore[arg-type]

    return renamed


class PLIP:
    """A CLIP checkpoint that embeds pictures and captions.

    Args:
        model: id on the Hugging Face hub, or directory of a checkpoint (model, tokenizer and image processor).
        auth_token: for a private checkpoint on the hub.
        device: ``"auto"`` (cuda, else mps, else cpu) or the name of a torch device.
        precision: ``"float32"`` is exact; ``"bfloat16"`` and ``"float16"`` are faster where the processor has them,
            with a cosine of at least 0.9999 to the exact vector; ``"auto"`` takes bfloat16 where it pays.

    Attributes:
        model: the `CLIPModel`, float32 weights.
        processor: its `CLIPProcessor`.
        device: the torch device.
        precision: what ``"auto"`` came to.
        dim: length of an embedding.
    """

    @partial(_released, theirs="model_name", ours="model")
    def __init__(
        self,
        model: str | os.PathLike[str] = "vinid/plip",
        auth_token: str | None = None,
        *,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load the checkpoint."""
        self.device = torch.device(best_device() if device == "auto" else device)
        model = local(model, auth_token)
        with quiet(model):  # some weights are stored in float16
            weights: Any = CLIPModel.from_pretrained(model, dtype=torch.float32, token=auth_token)
        self.model = weights.eval().to(self.device)
        self.precision = best_precision(self.model, self.device) if precision == "auto" else precision
        check_precision(self.precision, self.device)
        tokenizer = CLIPTokenizer.from_pretrained(model, token=auth_token)
        pictures = CLIPImageProcessorPil.from_pretrained(model, token=auth_token)
        self.processor: Any = CLIPProcessor(pictures, tokenizer)  # type: ignore[no-untyped-call]
        self.dim: int = self.model.config.projection_dim
        self._preprocess = Preprocessor(pictures)
        self._tokens = Tokens(tokenizer, self.model.config.text_config)
        self._indexed: Embeddings | None = None
        self._fingerprint = ModelFingerprint()

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax, as in training; about 100 for CLIP and PLIP."""
        return float(self.model.logit_scale.detach().exp())

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of all that an embedding depends on besides its input.

        The weights and how they are put together, the preprocessing of pictures, the tokenizer and the precision.
        Computed once, and anew when one of them was changed; see `model_fingerprint`.
        """
        return self._fingerprint.of(self.model, self.processor, self.precision)

    @overload
    def encode_images(
        self, images: Pictures, batch_size: int = ..., *, normalize: bool = ..., skip_unreadable: Literal[False] = ...
    ) -> Embeddings: ...
    @overload
    def encode_images(
        self, images: Pictures, batch_size: int = ..., *, normalize: bool = ..., skip_unreadable: Literal[True]
    ) -> tuple[Embeddings, NDArray[np.bool_]]: ...
    def encode_images(
        self,
        images: Pictures,
        batch_size: int = 32,
        *,
        normalize: bool = True,
        skip_unreadable: bool = False,
    ) -> Embeddings | tuple[Embeddings, NDArray[np.bool_]]:
        """Embed pictures, which are decoded by several threads, beside the forward pass where cores are idle.

        Args:
            images: paths, web addresses, bytes, Pillow images or arrays of any mode, mixed; a list, a generator or a
                column of a `datasets.Dataset`. See `images.to_rgb`.
            batch_size: pictures in one forward pass.
            normalize: scale each vector to length 1. The released class did not.
            skip_unreadable: leave out pictures that cannot be decoded, instead of raising.

        Returns:
            (n, d) float32. With ``skip_unreadable=True`` a pair: the embeddings of the readable pictures, and a mask
            (n,) that is True where a picture was readable.

        Raises:
            UnreadableImageError: a ValueError with the index, the name and the reason.
            TypeError: if one picture is passed instead of a sequence.
        """
        total = count(images)
        batches = self._image_batches(images, _checked_size(batch_size), skip_unreadable)
        reader = image_reader(self.model)  # anew, since somebody may have put another layer into the model
        rows, masks = [np.empty((0, self.dim), np.float32)], [np.empty(0, bool)]
        with torch.inference_mode(), self._autocast(), _progress(total, "image") as bar:
            for pixels, readable in batches:
                if pixels is not None:
                    rows.append(_pooled(reader.get_image_features(pixel_values=pixels.to(self.device))))
                masks.append(readable)
                bar.update(len(readable))
        embeddings = finished(np.concatenate(rows), normalize)
        return (embeddings, np.concatenate(masks)) if skip_unreadable else embeddings

    @partial(_released, theirs="text", ours="texts")
    def encode_text(self, texts: Iterable[str], batch_size: int = 32, *, normalize: bool = True) -> Embeddings:
        """Embed captions, sorted by length so that a batch is padded to its longest member only.

        Args:
            texts: captions. One with more tokens than the model reads (77 for CLIP) is cut, with a warning.
            batch_size: captions in one forward pass.
            normalize: scale each vector to length 1. The released class did not.

        Returns:
            (n, d) float32, in the order of ``texts``.

        Raises:
            TypeError: if one string is passed instead of a sequence, or something that is not a string.
        """
        tokens = self._tokens.split(texts)
        order = np.argsort([len(ids) for ids in tokens], kind="stable")
        embeddings = np.empty((len(tokens), self.dim), np.float32)
        with torch.inference_mode(), self._autocast(), _progress(len(tokens), "caption") as bar:
            for start in range(0, len(tokens), _checked_size(batch_size)):
                chosen = order[start : start + batch_size]
                padded = self._tokens.pad([tokens[i] for i in chosen])
                embeddings[chosen] = _pooled(self.model.get_text_features(input_ids=padded.to(self.device)))
                bar.update(len(chosen))
        return finished(embeddings, normalize)

    @partial(_released, theirs="text_labels", ours="labels")
    def zero_shot_classification(
        self, images: Pictures, labels: Sequence[str], debug: bool = False, *, batch_size: int = 32
    ) -> list[str]:
        """Give each picture the label whose words are nearest to it.

        Args:
            images: n pictures, as in `encode_images`.
            labels: captions to choose from, used word for word: write "an H&E image of fat" rather than "fat".
            debug: print the cosines.
            batch_size: pictures in one forward pass.

        Returns:
            n strings out of ``labels``. `zero_shot` has scores, templates and synonyms.
        """
        if len(labels) == 0:
            raise ValueError("there are no labels to choose from")
        words = self.encode_text(labels, batch_size)
        cosines = self.encode_images(images, batch_size) @ words.T
        if debug:
            print(cosines)
        return [labels[i] for i in cosines.argmax(1)]

    def index(self, images: Pictures, batch_size: int = 32) -> Self:
        """Embed the pictures that `retrieval` searches; replaces those of an earlier call."""
        self._indexed = self.encode_images(images, batch_size)
        return self

    def retrieval(self, queries: Sequence[str], top_k: int = 10) -> NDArray[np.int64]:
        """Find the pictures that fit each query best, among those given to `index`.

        Args:
            queries: q captions.
            top_k: pictures for each; all of them if there are fewer.

        Returns:
            (q, top_k) places in the sequence of pictures, best first. `retrieval.search` does it for embeddings.

        Raises:
            RuntimeError: if `index` was not called. (The released class cannot search at all: nothing in it ever sets
                the image vectors that its method reads.)
        """
        if self._indexed is None:
            raise RuntimeError("there are no pictures to search: call plip.index(images) first")
        cosines = self.encode_text(queries) @ self._indexed.T
        return np.argsort(-cosines, axis=1, kind="stable")[:, : _checked_size(top_k, "top_k")]

    def _image_batches(self, images: Pictures, batch_size: int, skip_unreadable: bool) -> Iterator[Batch]:
        if not self._preprocess.is_of(self.processor.image_processor):  # somebody has changed its settings
            self._preprocess = Preprocessor(self.processor.image_processor)
        threads, ahead = decoders(self.device, batch_size)
        shrunk = load_each(
            images, self._preprocess.shrink, skip_unreadable=skip_unreadable, threads=threads, ahead=ahead
        )
        while batch := list(islice(shrunk, batch_size)):
            readable = [pixels for pixels in batch if pixels is not None]
            mask = np.array([pixels is not None for pixels in batch])
            yield self._preprocess.batch(readable) if readable else None, mask

    def _autocast(self) -> AbstractContextManager[Any]:
        dtype = PRECISIONS[self.precision]
        return nullcontext() if dtype == torch.float32 else torch.autocast(self.device.type, dtype)


def _checked_size(size: int, name: str = "batch_size") -> int:
    if size < 1:
        raise ValueError(f"{name} is {size}; it must be at least 1")
    return size


def _progress(total: int | None, unit: str) -> Any:
    return tqdm(total=total, unit=unit, delay=PATIENCE, leave=False)


def _pooled(output: Any) -> Embeddings:
    embeddings: Embeddings = output.pooler_output.float().cpu().numpy()
    return embeddings


def finished(embeddings: Embeddings, normalize: bool) -> Embeddings:
    """Bring vectors (n, d) to length 1 if asked to; one of length 0 stays."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True) if normalize else np.ones(1, np.float32)
    unit: Embeddings = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
