"""Labelled sets that mimic the four on which the paper measured zero-shot classification and linear probing.

Training splits come from the labs that posts come from, test splits from labs never seen. A patient has two slides, a
slide six tiles, and the tiles of a slide share their stain: that is why intervals must be drawn over slides or
patients, and why a random split of tiles leaks.

>>> tiles = benchmark("micro-digestpath", "test", n=6)
>>> tiles.features["label"].names
['benign', 'malignant']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value

from plip_tutorial.microcosm.pictures import Picture
from plip_tutorial.microcosm.seeding import pick, rng, seed_of
from plip_tutorial.microcosm.stain import TRAINING_LABS, UNSEEN_LABS
from plip_tutorial.microcosm.tissues import TISSUES

Split = Literal["train", "test"]
TILES_PER_SLIDE, SLIDES_PER_PATIENT = 6, 2
_ORGANS = ("colon", "lung", "breast", "skin", "stomach", "lymph node")


@dataclass(frozen=True)
class Benchmark:
    """A labelled set.

    Attributes:
        tissues: label -> the tissues that carry it; tiles take one at random.
        phrases: label -> the words that stand for it in a prompt.
        template: the paper's prompt; ``{}`` takes the phrase.
        share: label -> how often it comes, relative to the others.
        field: micrometres a side of a tile, as in the set that is imitated: all tiles have one magnification.
    """

    tissues: dict[str, tuple[str, ...]]
    phrases: dict[str, str]
    template: str
    share: dict[str, float]
    field: float


def _by_malignancy(organs: tuple[str, ...], malignant: bool) -> tuple[str, ...]:
    return tuple(t.name for t in TISSUES.values() if t.organ in organs and t.malignant is malignant)


def _two(organs: tuple[str, ...], names: tuple[str, str], share: tuple[float, float], field: float) -> Benchmark:
    tissues = (_by_malignancy(organs, False), _by_malignancy(organs, True))
    return Benchmark(
        tissues=dict(zip(names, tissues, strict=True)),
        phrases={name: name for name in names},
        template="An H&E image of {} tissue",
        share=dict(zip(names, share, strict=True)),
        field=field,
    )


_KATHER = {t.code: t for t in sorted(TISSUES.values(), key=lambda t: t.code or "") if t.code}
# Shares of the two-class sets are those of the paper: PanNuke about even, DigestPath 16,781 to 2,033.
BENCHMARKS: dict[str, Benchmark] = {
    "micro-kather": Benchmark(
        tissues={code: (tissue.name,) for code, tissue in _KATHER.items()},
        phrases={code: tissue.phrase for code, tissue in _KATHER.items()},
        template="An H&E image of {}",
        share=dict.fromkeys(_KATHER, 1.0),
        field=112.0,  # 224 px at 0.5 um
    ),
    "micro-pannuke": _two(_ORGANS, ("benign", "malignant"), (1.0, 1.0), 64.0),  # 256 px at 0.25 um
    "micro-digestpath": _two(("colon", "stomach"), ("benign", "malignant"), (16781.0, 2033.0), 200.0),
    "micro-wsss4luad": _two(("lung",), ("normal", "tumor"), (1.0, 1.6), 224.0),  # 224 px at 1 um
}
NAMES: tuple[str, ...] = tuple(BENCHMARKS)
# The sets on the hub that are imitated here are asked about in the same words, whatever draws their tiles.
PHRASES: dict[str, dict[str, str]] = {name: b.phrases for name, b in BENCHMARKS.items()} | {
    "1aurent/NCT-CRC-HE": BENCHMARKS["micro-kather"].phrases,
    "1aurent/PatchCamelyon": {"benign": "benign lymph node", "malignant": "malignant lymph node"},
    "RationAI/PanNuke": BENCHMARKS["micro-pannuke"].phrases,
}
TEMPLATES: dict[str, str] = {name: b.template for name, b in BENCHMARKS.items()} | {
    "1aurent/NCT-CRC-HE": "An H&E image of {}",
    "1aurent/PatchCamelyon": "An H&E image of {} tissue",
    "RationAI/PanNuke": "An H&E image of {} tissue",
}


def benchmark(name: str, split: Split, n: int | None = None, *, size: int = 64) -> Dataset:
    """Labelled tiles; tile ``i`` is the same whatever ``n`` is.

    Args:
        name: one of `NAMES`.
        split: "train" (labs of the posts) or "test" (labs never seen).
        n: how many tiles; None for 1,200 to train and 900 to test.
        size: pixels a side.

    Returns:
        Columns ``image``, ``label`` (a ``ClassLabel``), ``patient``, ``slide``, ``lab``.

    Raises:
        ValueError: unknown name or split.
    """
    if name not in BENCHMARKS:
        raise ValueError(f"unknown benchmark {name!r}. Choose one of: {', '.join(NAMES)}.")
    if split not in ("train", "test"):
        raise ValueError(f"unknown split {split!r}. Choose 'train' or 'test'.")
    n = {"train": 1200, "test": 900}[split] if n is None else n
    text, labels = Value("string"), ClassLabel(names=list(BENCHMARKS[name].tissues))
    features = Features({"image": Image(), "label": labels, "patient": text, "slide": text, "lab": text})
    rows = [_row(name, split, i, size) for i in range(n)]
    return Dataset.from_dict({column: [row[column] for row in rows] for column in features}, features=features)


def _row(name: str, split: Split, i: int, size: int) -> dict[str, Any]:
    slide = i // TILES_PER_SLIDE
    patient = slide // SLIDES_PER_PATIENT
    labs = TRAINING_LABS if split == "train" else UNSEEN_LABS
    lab = labs[int(rng("lab of", name, split, patient).integers(len(labs)))]
    world, draw = BENCHMARKS[name], rng("label of", name, split, i)
    share = np.array(list(world.share.values()))
    label = int(draw.choice(len(share), p=share / share.sum()))
    tissue = pick(draw, list(world.tissues.values())[label])
    seed, stain = seed_of("tile of", name, split, i), seed_of("slide of", name, split, slide)
    return {
        "image": Picture(tissue, seed, lab, stain, size=size, field=world.field).encoded(),
        "label": label,
        "patient": f"{name}-{split}-patient{patient}",
        "slide": f"{name}-{split}-slide{slide}",
        "lab": lab,
    }
