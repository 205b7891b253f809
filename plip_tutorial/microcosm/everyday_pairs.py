"""Pairs from the everyday world: what the tiny CLIP is pre-trained on, as CLIP was on pictures from the web.

>>> everyday_pairs(3)["truth_kind"][0] in KINDS
True
"""

from __future__ import annotations

import numpy as np
from datasets import Dataset, Features, Image, Value
from numpy.typing import NDArray

from plip_tutorial.microcosm.captions import everyday_caption
from plip_tutorial.microcosm.everyday import KINDS, render_everyday
from plip_tutorial.microcosm.pictures import render_all
from plip_tutorial.microcosm.seeding import rng, seed_of


def _draw(recipe: tuple[str, int, int]) -> NDArray[np.uint8]:
    kind, seed, size = recipe
    return render_everyday(kind, seed=seed, size=size)


def everyday_pairs(n: int, seed: int = 0, *, size: int = 64) -> Dataset:
    """Pictures that are not pathology, each with a caption; pair ``i`` is a pure function of ``(seed, i)``.

    Returns:
        Columns ``image``, ``text``, ``group_id`` (each pair its own) and ``truth_kind``.
    """
    kinds = [str(rng("everyday pair", seed, i).choice(list(KINDS))) for i in range(n)]
    seeds = [seed_of("everyday picture", seed, i) for i in range(n)]
    recipes = [(kind, s, size) for kind, s in zip(kinds, seeds, strict=True)]
    columns = {
        "image": render_all(_draw, recipes, what="everyday pictures"),
        "text": [everyday_caption(kind, seed=s) for kind, s in zip(kinds, seeds, strict=True)],
        "group_id": list(range(n)),
        "truth_kind": kinds,
    }
    text = Value("string")
    features = {"image": Image(), "text": text, "group_id": Value("int64"), "truth_kind": text}
    return Dataset.from_dict(columns, features=Features(features))
