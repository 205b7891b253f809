"""Captions for tiles that have only a label, written by the grammar of the microcosm.

There is no open corpus of pathology posts. So the full track fine-tunes on tiles of a labelled set, each with a caption
that its label allows. Such a caption describes the class and not this tile, and what it tells besides, an age or a
procedure, is made up as in a post of the microcosm. A model learns the words of nine classes from it, no more.

>>> captions(["TUM", "MUS"])[1]
'An H&E image of smooth muscle. Look at this: long eosinophilic bundles with blunt nuclei. Simple but worth a look.'
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from datasets import Dataset

from plip_tutorial.microcosm.captions import caption
from plip_tutorial.microcosm.tissue import TISSUES
from plip_tutorial.sources.own_tiles import PAIRS, shared_groups

ORGAN = "colon"
TISSUE_OF = {tissue.code: tissue.name for tissue in TISSUES.values() if tissue.code}


def captions(codes: Sequence[str], *, seed: int = 0) -> list[str]:
    """One caption for each code of NCT-CRC-HE ("ADI", "TUM" ...); row ``i`` is a function of its code, ``seed`` and i.

    Raises:
        ValueError: for another code.
    """
    if unknown := set(codes) - set(TISSUE_OF):
        raise ValueError(f"no captions for the labels {sorted(unknown)}; there are some for: {', '.join(TISSUE_OF)}.")
    return [caption(TISSUE_OF[code], seed=seed + i, organ=ORGAN) for i, code in enumerate(codes)]


def captioned(tiles: Dataset, *, seed: int = 0) -> Dataset:
    """Pairs of labelled tiles of the colon.

    Args:
        tiles: columns ``image`` and ``label``, a ``ClassLabel`` with codes of NCT-CRC-HE.
        seed: which captions.

    Returns:
        Columns ``image``, ``text``, ``group_id`` and ``source`` ("label"). Pairs with the same caption share a group:
        each of them fits the pictures of all.
    """
    names = tiles.features["label"].names
    texts = captions([names[label] for label in tiles["label"]], seed=seed)
    groups = shared_groups([str(row) for row in range(len(texts))], texts)
    pairs = tiles.select_columns(["image"]).add_column("text", texts).add_column("group_id", groups.astype(np.int64))
    return pairs.add_column("source", ["label"] * len(texts)).cast(PAIRS)
