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
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial, wraps
from itertools import islice
from typing import Any, Literal, ParamSpec, Self, TypeVar, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.plip.devices import PRECISIONS, best_device, best_precision, check_precision, decoders
from plip_tutorial.plip.fingerprint import model_fingerprint
from plip_tutorial.plip.pixels import PLACES, Preprocessor, views
from plip_tutorial.plip.tokens import Tokens
from plip_tutorial.sources.hub import local, quiet
from plip_tutorial.sources.images import ImageLike, count, load_each

Embeddings = NDArray[np.float32]
Mask = NDArray[np.bool_]
Pictures = Iterable[ImageLike]
MOST_CROPS = 1 + len(PLACES)
T = TypeVar("T")
P = ParamSpec("P")


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
        crops: squares of each picture that are embedded, 1 to 6: the whole, its centre, its corners (`pixels.views`).
            Their unit vectors are averaged. It pays, at ``crops`` times the time, where a picture shows a wider field
            than those that the model was trained on, so that cells are too small in the whole.

    Attributes:
        model: the `CLIPModel`, float32 weights.
        processor: its `CLIPProcessor`.
        device: the torch device.
        precision: what ``"auto"`` came to.
        crops: as given.
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
        crops: int = 1,
    ) -> None:
        """Load the checkpoint."""
        if crops not in range(1, MOST_CROPS + 1):
            raise ValueError(f"crops is {crops!r}; it must be a whole number from 1 to {MOST_CROPS}")
        own = os.fspath(model).replace("-", "_")
        if own in ("tiny_clip", "tiny_plip") and not os.path.exists(model):
            raise FileNotFoundError(f"{model} is made by this book: give PLIP(artifacts.{own}()), the folder it is in.")
        self.device = torch.device(best_device() if device == "auto" else device)
        model = local(model, auth_token)
        with quiet(model):  # some weights are stored in float16
            weights: Any = CLIPModel.from_pretrained(model, dtype=torch.float32, token=auth_token)
        self.model = weights.eval().to(self.device)
        self.precision = best_precision(self.model, self.device) if precision == "auto" else precision
        check_precision(self.precision, self.device)
        self.crops = crops
        tokenizer = CLIPTokenizer.from_pretrained(model, token=auth_token)
        pictures = CLIPImageProcessorPil.from_pretrained(model, token=auth_token)
        self.processor: Any = CLIPProcessor(pictures, tokenizer)  # type: ignore[no-untyped-call]
        self.dim: int = self.model.config.projection_dim
        self._tokens = Tokens(tokenizer, self.model.config.text_config)
        self._indexed: Embeddings | None = None

    @property
    def logit_scale(self) -> float:
        """What cosines are multiplied with before a softmax, as in training; about 100 for CLIP and PLIP."""
        return float(self.model.logit_scale.detach().exp())

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits of all that an embedding depends on besides its input."""
        return model_fingerprint(self.model, self.processor, self.precision, self.crops)

    @overload
    def encode_images(
        self, images: Pictures, batch_size: int = ..., *, normalize: bool = ..., skip_unreadable: Literal[False] = ...
    ) -> Embeddings: ...
    @overload
    def encode_images(
        self, images: Pictures, batch_size: int = ..., *, normalize: bool = ..., skip_unreadable: Literal[True]
    ) -> tuple[Embeddings, Mask]: ...
    def encode_images(
        self, images: Pictures, batch_size: int = 32, *, normalize: bool = True, skip_unreadable: bool = False
    ) -> Embeddings | tuple[Embeddings, Mask]:
        """Embed pictures, which are decoded by several threads, beside the forward pass where cores are idle.

        Args:
            images: paths, web addresses, bytes, Pillow images or arrays of any mode, mixed; a list, a generator or a
                column of a `datasets.Dataset`. See `images.to_rgb`.
            batch_size: pictures in one forward pass; each crop has a pass of its own.
            normalize: scale each vector to length 1. The released class did not.
            skip_unreadable: leave out pictures that cannot be decoded, instead of raising.

        Returns:
            (n, d) float32. With ``skip_unreadable=True`` a pair: the embeddings of the readable pictures, and a mask
            (n,) that is True where a picture was readable.

        Raises:
            UnreadableImageError: a ValueError with the index, the name and the reason.
            TypeError: if one picture is passed instead of a sequence.
        """
        _check_positive(batch_size=batch_size)
        preprocess = Preprocessor(self.processor.image_processor)  # anew: its settings may have been changed
        threads, ahead = decoders(self.device, batch_size)

        def shrink(picture: Image.Image) -> list[NDArray[Any]]:
            return [preprocess.shrink(view) for view in views(picture, self.crops)]

        shrunk = load_each(images, shrink, skip_unreadable=skip_unreadable, threads=threads, ahead=ahead)
        rows, readable = [np.empty((0, self.dim), np.float32)], [np.empty(0, bool)]
        with torch.inference_mode(), self._autocast(), _progress(count(images), "image") as bar:
            while batch := list(islice(shrunk, batch_size)):
                good = [picture for picture in batch if picture is not None]
                if good:
                    pixels = (preprocess.batch(list(part)).to(self.device) for part in zip(*good, strict=True))
                    parts = [_pooled(self.model.get_image_features(pixel_values=part)) for part in pixels]
                    rows.append(parts[0] if self.crops == 1 else np.mean([_finished(part, True) for part in parts], 0))
                readable.append(np.array([picture is not None for picture in batch]))
                bar.update(len(batch))
        embeddings = _finished(np.concatenate(rows), normalize)
        return (embeddings, np.concatenate(readable)) if skip_unreadable else embeddings

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
        _check_positive(batch_size=batch_size)
        tokens = self._tokens.split(texts)
        order = np.argsort([len(ids) for ids in tokens], kind="stable")
        embeddings = np.empty((len(tokens), self.dim), np.float32)
        with torch.inference_mode(), self._autocast(), _progress(len(tokens), "caption") as bar:
            for start in range(0, len(tokens), batch_size):
                chosen = order[start : start + batch_size]
                padded = self._tokens.pad([tokens[i] for i in chosen]).to(self.device)
                embeddings[chosen] = _pooled(self.model.get_text_features(input_ids=padded))
                bar.update(len(chosen))
        return _finished(embeddings, normalize)

    @partial(_released, theirs="text_labels", ours="labels")
    def zero_shot_classification(
        self, images: Pictures, labels: Sequence[str], debug: bool = False, *, batch_size: int = 32
    ) -> list[str]:
        """Give each picture the label whose words are nearest to it; `zero_shot` has scores, templates and synonyms.

        Args:
            images: n pictures, as in `encode_images`.
            labels: captions to choose from, used word for word: write "an H&E image of fat" rather than "fat".
            debug: print the cosines.
            batch_size: pictures in one forward pass.

        Returns:
            n strings out of ``labels``.
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
        _check_positive(top_k=top_k)
        cosines = self.encode_text(queries) @ self._indexed.T
        return np.argsort(-cosines, axis=1, kind="stable")[:, :top_k]

    def _autocast(self) -> AbstractContextManager[Any]:
        dtype = PRECISIONS[self.precision]
        return nullcontext() if dtype == torch.float32 else torch.autocast(self.device.type, dtype)


def _check_positive(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}; it must be at least 1")


def _progress(total: int | None, unit: str) -> Any:
    return tqdm(total=total, unit=unit, delay=2, leave=False)  # a bar after two seconds


def _pooled(output: Any) -> Embeddings:
    return np.asarray(output.pooler_output.float().cpu().numpy(), np.float32)


def _finished(embeddings: Embeddings, normalize: bool) -> Embeddings:
    """Bring vectors (n, d) to length 1 if asked to; one of length 0 stays."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True) if normalize else np.ones(1, np.float32)
    unit: Embeddings = embeddings / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit
