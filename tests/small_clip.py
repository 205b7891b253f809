"""A random CLIP of a few thousand weights and a table of pairs, both in a moment; for tests of the training."""

import io
import json

import numpy as np
import torch
from datasets import Dataset, Features, Image, Value
from PIL import Image as Pillow
from safetensors.torch import load_file

from plip_tutorial.artifacts import tiny_architecture
from plip_tutorial.microcosm.seeding import rng

SIZE = tiny_architecture.TinyConfig(
    image_size=16, patch_size=8, vision_width=64, vision_layers=1, text_width=32, text_layers=1, projection=16,
    vocabulary=560,
)  # fmt: skip


def small_clip(folder, *, dropout=0.0, seed=0):
    """Write the model with its processor; dropout is that of the attention, the only one that CLIP has."""
    tiny_architecture.untrained(folder, SIZE, seed=seed)
    config = json.loads((folder / "config.json").read_text())
    for tower in ("text_config", "vision_config"):
        config[tower]["attention_dropout"] = dropout
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def png(pixels):
    with io.BytesIO() as file:
        Pillow.fromarray(pixels).save(file, "png")
        return {"bytes": file.getvalue(), "path": None}


def small_pairs(n=23, *, side=16, seed=0):
    """Pictures of one colour with a little noise, and captions that name the colour by its number."""
    draw = rng("small pairs", seed)
    colours = draw.integers(0, 230, (n, 1, 1, 3))
    pixels = (colours + draw.integers(0, 25, (n, side, side, 3))).astype(np.uint8)
    texts = [f"colour {i % 7}" + " very" * (i % 4) for i in range(n)]
    features = Features({"image": Image(), "text": Value("string"), "group_id": Value("int64")})
    table = {"image": [png(p) for p in pixels], "text": texts, "group_id": [i // 2 for i in range(n)]}
    return Dataset.from_dict(table, features=features)


def weights(path):
    """All weights of a checkpoint by their name."""
    return load_file(path / "model.safetensors")


def same(first, second):
    """Whether two sets of weights are equal to the last bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
