"""Other people's ways to embed with a CLIP, behind the two methods of `PLIP`, so that `plip_speed` can time them.

Neither is a dependency of the project; each takes part where it imports. Import this module before `transformers`,
which takes torchvision where it finds one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

# A torchvision whose compiled part does not fit this torch misses two operators by name, already when it is imported.
# CLIP calls neither, and all else that open_clip takes from it is Python.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")  # what it declares goes when it goes
try:
    import torchvision  # noqa: F401
except ImportError:
    pass
except RuntimeError:
    for operator in ("nms", "qnms"):
        OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]


class SentenceTransformers:
    """sentence-transformers over the same checkpoint."""

    def __init__(self, checkpoint: Path) -> None:
        """Load it for the processor.

        Raises:
            ImportError: where the package is missing.
        """
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(str(checkpoint), device="cpu")

    def encode_text(self, texts: Sequence[str], batch_size: int) -> Any:
        """(n, d) unit vectors."""
        return self._encode(texts, batch_size)

    def encode_images(self, images: Sequence[Image.Image], batch_size: int) -> Any:
        """(n, d) unit vectors."""
        return self._encode(images, batch_size)

    def _encode(self, inputs: Sequence[Any], batch_size: int) -> Any:
        return self.model.encode(inputs, batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False)


class OpenClip:
    """open_clip's own ViT-B/32 with random weights and its own words: of the same size, but with other vectors.

    It has no method for many inputs; these are the loops its readme shows, batch by batch.
    """

    def __init__(self) -> None:
        """Build model, preprocessing and tokenizer.

        Raises:
            ImportError: where the package or torchvision is missing.
        """
        import open_clip

        self.model, _, self.preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu")
        self.model.eval()
        self.tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")

    def encode_text(self, texts: Sequence[str], batch_size: int) -> Any:
        """(n, d) unit vectors; every caption is padded to 77 tokens."""
        return self._run(self.model.encode_text, (self.tokenizer(part) for part in _parts(texts, batch_size)))

    def encode_images(self, images: Sequence[Image.Image], batch_size: int) -> Any:
        """(n, d) unit vectors."""
        batches = (torch.stack([self.preprocess(image) for image in part]) for part in _parts(images, batch_size))
        return self._run(self.model.encode_image, batches)

    @torch.inference_mode()
    def _run(self, features: Any, batches: Iterator[torch.Tensor]) -> Any:
        return torch.cat([features(batch, normalize=True) for batch in batches]).numpy()


def _parts(inputs: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (inputs[start : start + size] for start in range(0, len(inputs), size))
