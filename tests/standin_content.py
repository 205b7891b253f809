"""What the stand-in hub holds: the tiny track's models and a few tiles of the microcosm, in the files of the real ones.

Names, commits, columns and the order of the rows are those of the repositories; the content is small.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from datasets import ClassLabel, Dataset, Features, Image, List, Value
from PIL import Image as Pillow
from safetensors.torch import load_file
from standin_hub import Hub
from transformers import CLIPImageProcessorPil, ViTConfig, ViTForImageClassification, ViTImageProcessorPil

from plip_tutorial import microcosm
from plip_tutorial.sources.hub import MODELS
from plip_tutorial.sources.hub_data import SETS

NUCLEI = ("Neoplastic", "Inflammatory", "Connective", "Dead", "Epithelial")
PER_GROUP = 6  # rows of a row group; 100 in the real files


def add_model(hub: Hub, repo: str, checkpoint: Path) -> None:
    """A checkpoint under the name of a pinned model, its weights in the kind of file that the real one has."""
    pin = MODELS[repo]
    files = {path.name: path.read_bytes() for path in checkpoint.iterdir() if path.suffix in (".json", ".txt")}
    if files.pop("processor_config.json", None):  # of newer checkpoints; the real ones are older
        files["preprocessor_config.json"] = CLIPImageProcessorPil.from_pretrained(checkpoint).to_json_string().encode()
    files[pin.weights] = (checkpoint / "model.safetensors").read_bytes()
    if pin.weights.endswith(".bin"):
        with io.BytesIO() as pickle:
            torch.save(load_file(checkpoint / "model.safetensors"), pickle)
            files[pin.weights] = pickle.getvalue()
    hub.add("models", repo, files | {"README.md": b"# a model\n"}, pin.revision, pin.weights_revision)


def png(picture: Any) -> dict[str, Any]:
    with io.BytesIO() as file:
        picture.save(file, "png")
        return {"bytes": file.getvalue(), "path": None}


def add_vit(hub: Hub) -> None:
    """A random vision transformer of a few thousand weights in the place of the one that knows ImageNet."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    with TemporaryDirectory() as folder:
        model = ViTForImageClassification(ViTConfig(**sizes, image_size=32, patch_size=8, num_labels=3))
        model.save_pretrained(folder)
        ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(folder)
        add_model(hub, "google/vit-base-patch16-224", Path(folder))


@cache
def drawn(name: str, split: Any, n: int) -> Dataset:
    return microcosm.benchmark(name, split, n)


def tiles(name: str, split: Any, n: int) -> tuple[list[dict[str, Any]], list[int]]:
    """Pictures and labels of a set of the microcosm, one class after the other, as real files often are."""
    table = drawn(name, split, n)
    order = np.argsort(table["label"], kind="stable")
    return [png(table[int(i)]["image"]) for i in order], [table[int(i)]["label"] for i in order]


def shards(table: Dataset, name: str, n: int) -> dict[str, bytes]:
    """``data/NAME-00000-of-00003-....parquet`` and so on."""
    files = {}
    for i in range(n):
        with io.BytesIO() as file:
            table.shard(n, i, contiguous=True).to_parquet(file, batch_size=PER_GROUP)
            files[f"data/{name}-{i:05d}-of-{n:05d}-{i:016x}.parquet"] = file.getvalue()
    return files


def add_sets(hub: Hub, n: int) -> None:
    """The three labelled sets with about ``n`` tiles in each split."""
    for repo, files in {
        "1aurent/NCT-CRC-HE": kather(n),
        "1aurent/PatchCamelyon": camelyon(n),
        "RationAI/PanNuke": pannuke(n),
    }.items():
        hub.add("datasets", repo, files, SETS[repo].revision)


def kather(n: int) -> dict[str, bytes]:
    codes = ClassLabel(names=list(microcosm.PHRASES["1aurent/NCT-CRC-HE"]))
    files = {}
    parts = {"NCT_CRC_HE_100K": ("train", 3), "NCT_CRC_HE_100K_NONORM": ("train", 2), "CRC_VAL_HE_7K": ("test", 3)}
    for part, (split, count) in parts.items():
        images, labels = tiles("micro-kather", split, n)
        features = Features(image=Image(), label=codes)
        files |= shards(Dataset.from_dict({"image": images, "label": labels}, features=features), part, count)
    return files


def camelyon(n: int) -> dict[str, bytes]:
    files = {}
    for split, source in {"train": "train", "valid": "train", "test": "test"}.items():
        images, labels = tiles("micro-pannuke", source, n)
        features = Features(image=Image(), label=Value("bool"))
        table = Dataset.from_dict({"image": images, "label": [bool(label) for label in labels]}, features=features)
        files |= shards(table, split, 2)
    return files


def pannuke(n: int) -> dict[str, bytes]:
    """Every fifth picture has too few neoplastic nuclei to be called malignant, and some, so it is not benign."""
    mask, files = png(Pillow.new("1", (8, 8))), {}
    features = Features(
        image=Image(mode="RGB"), instances=List(Image(mode="1")), categories=List(ClassLabel(names=list(NUCLEI))),
        tissue=ClassLabel(names=["Breast", "Colon"]),
    )  # fmt: skip
    for fold, split in {"fold1": "train", "fold2": "test", "fold3": "test"}.items():
        images, labels = tiles("micro-pannuke", split, n)
        kinds = [[0] * 12 + [1] * 9 if label else [1] * 5 + [2] * 4 for label in labels]
        kinds = [[0] * 3 + [2] * 7 if i % 5 == 4 else row for i, row in enumerate(kinds)]
        columns = {"image": images, "instances": [[mask] * len(row) for row in kinds], "categories": kinds}
        columns["tissue"] = [i % 2 for i in range(len(images))]
        files |= shards(Dataset.from_dict(columns, features=features), fold, 1)
    return files
