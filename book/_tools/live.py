"""Write the model that runs in the page: its scripts, weights and gallery, into ``_static/live``.

A page that was opened from a disk may load scripts and pictures and nothing else. So the weights travel as scripts:
half-precision numbers as they lie in the repository, in base64, cut into pieces so that a reader sees them come. The
scripts are those of ``book/live``, as they are written: to be read.

    python book/_tools/live.py /tmp/site       # writes /tmp/site/_static/live, anew
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors.numpy import load_file

from plip_tutorial import artifacts, microcosm, tracks
from plip_tutorial.artifacts.pages import benchmark_of
from plip_tutorial.plip.model import PLIP
from plip_tutorial.plots import markup
from plip_tutorial.sources import images

SOURCES = Path(__file__).parents[1] / "live"
PLACE = Path("_static") / "live"
PIECE = 262_144  # bytes of weights in one script, 350 kB as base64
TILES, SIDE, COLUMNS, QUALITY = 300, 160, 20, 40  # a tile is shown with 100 px; more of either would pass 900 kB
MODELS = {"plip": "tiny-plip", "clip": "tiny-clip"}
#: Prefixes of a tower's weights in the checkpoint, and what a reader is told that they are.
TOWERS = {
    "text": (("text_model.", "text_projection."), "the words of"),
    "image": (("vision_model.", "visual_projection."), "the eyes of"),
}


def script(name: str, value: Any) -> str:
    """A script that puts a value into the page's store."""
    packed = json.dumps(value, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
    return f'plipLive.store["{name}"]={packed};\n'


def tower(checkpoint: Path, kind: str) -> tuple[list[list[Any]], bytes]:
    """Names and shapes of a tower's weights, and their bytes, one after the other."""
    prefixes = TOWERS[kind][0]
    stored = load_file(checkpoint / "model.safetensors")
    if any(values.dtype != np.float16 for values in stored.values()):
        raise ValueError(f"{checkpoint.name} is not stored in half precision, which the page expects")
    chosen = {name: values for name, values in stored.items() if name.startswith(prefixes)}
    header = [[re.sub(r"^(text|vision)_model\.", "", name), list(values.shape)] for name, values in chosen.items()]
    return header, b"".join(values.astype("<f2").tobytes() for values in chosen.values())


def shape(checkpoint: Path, kind: str) -> dict[str, int]:
    """What the transformer must know besides its weights."""
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    part = config[{"text": "text_config", "image": "vision_config"}[kind]]
    if part["hidden_act"] != "relu":
        raise ValueError(f"{checkpoint.name} uses {part['hidden_act']}; transformer.js knows relu")
    found = {"width": part["hidden_size"], "layers": part["num_hidden_layers"], "heads": part["num_attention_heads"]}
    return found if kind == "text" else found | {"side": part["image_size"], "patch": part["patch_size"]}


def write_tower(folder: Path, model: str, kind: str) -> dict[str, Any]:
    """One tower as scripts; what the page must know of it."""
    checkpoint = Path(artifacts.checkpoint(MODELS[model]))
    header, weights = tower(checkpoint, kind)
    sizes = []
    for i, start in enumerate(range(0, len(weights), PIECE)):
        name = f"{model}-{kind}-{i}"
        text = script(name, base64.b64encode(weights[start : start + PIECE]).decode())
        sizes.append((folder / f"{name}.js").write_text(text, encoding="ascii"))
    what = f"{TOWERS[kind][1]} {model.upper()}"
    return {"what": what, "header": header, "shape": shape(checkpoint, kind), "sizes": sizes}


@dataclass(frozen=True)
class Gallery:
    """The tiles that the first unit searches, with the truth about each, seen by both models.

    The models see what they see on the pages, tiles of 64 pixels; the reader sees the same scenes in more detail.

    Attributes:
        shown: pictures for the reader, ``SIDE`` pixels wide.
        captions: what each shows, in words.
        vectors: of each model, (n, d) unit vectors.
    """

    shown: list[Image.Image]
    captions: list[str]
    vectors: dict[str, NDArray[np.float32]]


@cache
def gallery() -> Gallery:
    """Draw and embed it, once in a build."""
    name = tracks.TINY.benchmarks[0]
    tiles = benchmark_of(tracks.TINY, name, n=TILES)
    codes = tiles.features["label"].names
    seen = {
        model: PLIP(artifacts.checkpoint(path), device="cpu", precision="float32").encode_images(tiles["image"])
        for model, path in MODELS.items()
    }
    captions = [microcosm.PHRASES[name][codes[label]] for label in tiles["label"]]
    return Gallery(list(microcosm.benchmark(name, "test", TILES, size=SIDE)["image"]), captions, seen)


def write_gallery(folder: Path) -> int:
    """Its tiles in one picture, and a script with the rest; bytes of both."""
    drawn = gallery()
    sheet = Image.new("RGB", (COLUMNS * SIDE, -(-TILES // COLUMNS) * SIDE), "white")
    for i, tile in enumerate(drawn.shown):
        sheet.paste(tile, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
    with io.BytesIO() as picture:
        sheet.save(picture, "webp", quality=QUALITY, method=6)
        (folder / "gallery.webp").write_bytes(picture.getvalue())
    told = {"n": TILES, "side": SIDE, "columns": COLUMNS, "sheet": "gallery.webp", "captions": drawn.captions}
    text = script("gallery", told | {"vectors": {model: markup.numbers(rows) for model, rows in drawn.vectors.items()}})
    return (folder / "gallery.js").write_text(text, encoding="ascii") + (folder / "gallery.webp").stat().st_size


def settings() -> dict[str, Any]:
    """What both models share: the tokenizer, the colours that pictures are measured by, and how large these may be."""
    checkpoint = Path(artifacts.checkpoint(MODELS["plip"]))
    read = lambda name: json.loads((checkpoint / name).read_text(encoding="utf-8"))  # noqa: E731
    pictures = read("processor_config.json")["image_processor"]
    return {
        "merges": read("tokenizer.json")["model"]["merges"],
        "limit": read("tokenizer_config.json")["model_max_length"],
        "mean": pictures["image_mean"],
        "std": pictures["image_std"],
        "limits": {"pixels": images.MAX_PIXELS, "strip": images.MAX_STRIP, "bytes": images.MAX_BYTES},
    }


def scale(model: str) -> float:
    """What a model multiplies cosines with before a softmax."""
    stored = load_file(Path(artifacts.checkpoint(MODELS[model])) / "model.safetensors")
    return float(np.exp(stored["logit_scale"].astype(np.float32)))


def write(folder: Path) -> None:
    """Fill a folder with all that a page loads."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in sorted(SOURCES.iterdir()):
        shutil.copyfile(source, folder / source.name)
    towers = {f"{model}-{kind}": write_tower(folder, model, kind) for model in MODELS for kind in TOWERS}
    told = {"towers": towers, "scales": {model: scale(model) for model in MODELS}}
    told |= {"gallery": {"bytes": write_gallery(folder)}, **settings()}
    (folder / "manifest.js").write_text(script("manifest", told), encoding="ascii")


def add_live(root: Path) -> None:
    """A folder step of `finish`: the model beside the pages."""
    write(root / PLACE)


def load_live(text: str, place: Path) -> str:
    """A page step of `finish`: the loader and its style on pages that hold a live view, and nothing on others."""
    if not re.search(r'<div [^>]*data-live="', text):
        return text
    base = Path(os.path.relpath(PLACE, place.parent)).as_posix()
    text = text.replace('data-live="classify"', f'data-live="classify" data-own="{1 / scale("plip"):.4f}"')
    tags = f'<link rel="stylesheet" href="{base}/live.css"><script defer src="{base}/live.js"></script>'
    return text.replace("</head>", f"{tags}\n</head>", 1)


if __name__ == "__main__":
    add_live(Path(sys.argv[1]))
