"""Any vision model as a source of embeddings, against the plain `transformers` call, on tiny random checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    ConvNextImageProcessorPil,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from plip_tutorial.plip.vision_model import VisionModel

SIDE = 32


def vit(folder: Path) -> Path:
    """As on the hub: a classifier, whose pooling layer was never trained and is not in the file."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ViTForImageClassification(ViTConfig(**sizes, image_size=SIDE, patch_size=8, num_labels=3)).save_pretrained(folder)
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return folder


def pictures(n: int) -> list[Image.Image]:
    draw = np.random.default_rng(0)
    return [Image.fromarray(draw.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8)) for i in range(n)]


def test_a_vit_gives_what_its_own_classifier_reads(tmp_path: Path) -> None:
    images, model = pictures(5), ViTForImageClassification.from_pretrained(vit(tmp_path)).eval()
    pixels = ViTImageProcessorPil.from_pretrained(tmp_path)(images=images, return_tensors="pt")
    with torch.no_grad():
        logits = model(**pixels).logits.numpy()
    ours = VisionModel(tmp_path, device="cpu")
    found = ours.encode_images(images, 2, normalize=False)
    assert found.dtype == np.float32
    head = model.classifier
    np.testing.assert_allclose(found @ head.weight.detach().numpy().T + head.bias.detach().numpy(), logits, atol=1e-5)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose(ours.encode_images(iter(images)), unit, atol=1e-6)


def test_a_convolutional_network_gives_its_mean(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])).save_pretrained(tmp_path)
    ConvNextImageProcessorPil(size={"shortest_edge": SIDE}).save_pretrained(tmp_path)
    ours = VisionModel(tmp_path, device="cpu")
    pixels = ours.processor(images=pictures(3), return_tensors="pt")
    with torch.no_grad():
        expected = ours.model(**pixels).pooler_output.flatten(1).numpy()
    np.testing.assert_allclose(ours.encode_images(pictures(3), normalize=False), expected, atol=1e-5)


def test_mistakes_are_explained(tmp_path: Path) -> None:
    ours = VisionModel(vit(tmp_path), device="cpu")
    with pytest.raises(ValueError, match="no pictures"):
        ours.encode_images([])
    with pytest.raises(ValueError, match="image 1 of 2"):
        ours.encode_images([*pictures(1), b"broken"])
    with pytest.raises(ValueError, match="batch_size is 0"):
        ours.encode_images(pictures(2), 0)
