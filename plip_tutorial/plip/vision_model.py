"""Pictures alone: any vision model of `transformers` as a source of embeddings, to stand beside CLIP and PLIP.

A model that has learned to name the things of ImageNet has never read a caption and has seen no tissue. What its
embeddings give to a linear probe is the price of not having PLIP.

    vit = VisionModel("google/vit-base-patch16-224")
    vit.encode_images(["a.png", "b.png"])       # (2, 768) unit vectors
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel
from transformers.models.auto.image_processing_auto import AutoImageProcessor  # from the top it may ask for torchvision

from plip_tutorial.sources.hub import local, quiet
from plip_tutorial.sources.images import ImageLike, load


class VisionModel:
    """A vision model that gives one vector for each picture.

    Args:
        model: id on the Hugging Face hub, or directory: a ViT, DINOv2, ResNet, Swin ...
        device: ``"auto"`` (cuda if there is one, else cpu) or the name of a torch device.

    Attributes:
        model: the network without a head.
        processor: its image processor, which works with Pillow as that of `PLIP` does.
    """

    def __init__(self, model: str | os.PathLike[str], *, device: str = "auto") -> None:
        """Load the checkpoint."""
        chosen = "cuda" if torch.cuda.is_available() else "cpu"
        self.device = torch.device(chosen if device == "auto" else device)
        model = local(model)
        with quiet(model):
            network: Any = AutoModel.from_pretrained(model, dtype=torch.float32)
            self.processor: Any = AutoImageProcessor.from_pretrained(model, backend="pil")  # type: ignore[no-untyped-call]
        self.model = network.eval().to(self.device)

    def encode_images(
        self, images: Iterable[ImageLike], batch_size: int = 32, *, normalize: bool = True
    ) -> NDArray[np.float32]:
        """Embed pictures of any kind that `images.to_rgb` reads.

        Args:
            images: n pictures; see `PLIP.encode_images`.
            batch_size: pictures in one forward pass.
            normalize: scale each vector to length 1.

        Returns:
            (n, d) float32: the class token of a transformer, the mean over all places of a convolutional network.

        Raises:
            ValueError: if there are no pictures, for one that cannot be decoded, or for batches of none.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
        pictures, rows = load(images), []
        while batch := list(islice(pictures, batch_size)):
            rows.append(self._features(batch))
        if not rows:
            raise ValueError("there are no pictures to embed")
        embeddings = np.concatenate(rows)
        return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True) if normalize else embeddings

    @torch.inference_mode()
    def _features(self, batch: list[Any]) -> NDArray[np.float32]:
        pixels = self.processor(images=batch, return_tensors="pt")["pixel_values"].to(self.device)
        hidden = self.model(pixel_values=pixels).last_hidden_state
        # Not `pooler_output`: a ViT that was fine-tuned to classify has no trained weights for it.
        one_each = hidden[:, 0] if hidden.ndim == 3 else hidden.mean((2, 3))
        return np.asarray(one_each.float().cpu().numpy(), np.float32)
