"""The steps of the class that was released with PLIP, typed anew: its faults can be shown, and its time measured.

It was written for `transformers` 4.2x and served its paper well. Here each step stands as it was meant, with two
exceptions, without which nothing would run today: no ``use_auth_token``, and ``.pooler_output``. For work take `PLIP`.

    theirs, ours = Released(checkpoint), PLIP(checkpoint)
    theirs.encode_text(["fat"], 8)      # (1, 512), of any length
    ours.encode_text(["fat"], 8)        # (1, 512), of length 1
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from datasets import Image as ImageFeature
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.sources.hub import quiet

Embeddings = NDArray[np.float32]
WIDTH = 77  # tokens to which every caption is padded


def load_as_published(checkpoint: str | os.PathLike[str]) -> Any:
    """The first line of the released class as it stands; today's `transformers` refuses its argument.

    Raises:
        TypeError: from `transformers` 5 on.
    """
    return CLIPModel.from_pretrained(checkpoint, use_auth_token=None)


class Released:
    """A CLIP checkpoint behind the released methods.

    Args:
        checkpoint: id on the hub, or directory.

    Attributes:
        image_vectors: what `retrieval` searches. No method sets it.
    """

    image_vectors: Embeddings

    def __init__(self, checkpoint: str | os.PathLike[str]) -> None:
        """Load with what today's `transformers` understands."""
        with quiet(checkpoint):
            model: Any = CLIPModel.from_pretrained(checkpoint, dtype=torch.float32)
        self.model = model.eval()
        words, pictures = CLIPTokenizer.from_pretrained(checkpoint), CLIPImageProcessorPil.from_pretrained(checkpoint)
        self.preprocess: Any = CLIPProcessor(pictures, words)  # type: ignore[no-untyped-call]

    def encode_images(self, images: Sequence[str] | Sequence[Image.Image], batch_size: int) -> Embeddings:
        """Through a data set: a Pillow image out of a JPEG stream is stored in it as JPEG once more.

        Returns:
            (n, d) float32, not normalised.
        """
        table = Dataset.from_dict({"image": images})
        if isinstance(images[0], str):
            table = table.cast_column("image", ImageFeature(decode=False))
        table.set_transform(self._pixels)
        return self._run(self.model.get_image_features, table, batch_size)

    def encode_text(self, text: Sequence[str], batch_size: int) -> Embeddings:
        """Through a data set: to name its result, `datasets` hashes the function, and with it all weights of the model.

        Returns:
            (n, d) float32, not normalised.
        """
        cut = {"max_length": WIDTH, "padding": "max_length", "truncation": True, "return_tensors": "pt"}
        table = Dataset.from_dict({"text": text})
        table = table.map(lambda rows: self.preprocess(text=rows["text"], **cut), batched=True, remove_columns=["text"])
        return self._run(self.model.get_text_features, table.with_format("torch"), batch_size)

    def zero_shot_classification(self, images: Sequence[Any], text_labels: Sequence[str]) -> list[str]:
        """The label with the largest half-normalised cosine."""
        words = self.encode_text(text_labels, 8)
        return [text_labels[i] for i in half_cosines(self.encode_images(images, 8), words).argmax(-1)]

    def retrieval(self, queries: Sequence[str], top_k: int = 10) -> NDArray[np.int64]:
        """Places of the best pictures, if there were any.

        Raises:
            AttributeError: always.
        """
        words = self.encode_text(queries, 8)
        return half_cosines(words, self.image_vectors).argsort()[:, -top_k:][:, ::-1]

    def _pixels(self, rows: Mapping[str, list[Any]]) -> Any:
        stored = [row if isinstance(row, Image.Image) else ImageFeature().decode_example(row) for row in rows["image"]]
        return self.preprocess(images=stored, return_tensors="pt")

    def _run(self, features: Any, table: Any, batch_size: int) -> Embeddings:
        with torch.no_grad():
            batches = [features(**batch).pooler_output.numpy() for batch in DataLoader(table, batch_size=batch_size)]
        return np.concatenate(batches)


def half_cosines(keys: Embeddings, space: Embeddings) -> Embeddings:
    """Dot products where only ``keys`` have been brought to length 1.

    The best of several *labels* for one picture depends on their lengths, and so does the order of pictures.
    """
    half: Embeddings = keys / np.linalg.norm(keys, axis=-1, keepdims=True) @ space.T
    return half
