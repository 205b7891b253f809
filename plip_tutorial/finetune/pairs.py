"""A table of pairs: what can be trained on, who belongs together, and the table as tensors."""

from __future__ import annotations

from typing import Any
from warnings import warn

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import Tensor
from tqdm.auto import tqdm

from plip_tutorial.finetune.data import PairTensors
from plip_tutorial.plip.pixels import Preprocessor
from plip_tutorial.plip.tokens import Tokens
from plip_tutorial.sources.images import load
from plip_tutorial.sources.tables import some

CACHE_BYTES = 2 * 1000**3  # decoded pictures are kept in memory up to this size
FEW = 10  # groups; fewer are told apart, and little else
POOR = 100  # fewer pairs than that teach little


def as_tensors(
    pairs: Dataset, processor: Any, text_config: Any, *, cache_bytes: int = CACHE_BYTES, progress: bool = False
) -> PairTensors:
    """Tokenise all captions, and decode all pictures if they fit into ``cache_bytes``, else batch by batch.

    Args:
        pairs: columns ``image``, ``text`` and, optional, ``group_id``.
        processor: the `CLIPProcessor` of the model.
        text_config: the configuration of the model's text tower.
        cache_bytes: largest size of the decoded pictures in memory.
        progress: show a bar while decoding.

    Raises:
        TypeError, ValueError: as `checked`.
        UnreadableImageError: if a picture cannot be decoded.
    """
    tokens = Tokens(processor.tokenizer, text_config)
    ids = tokens.split(checked(pairs))
    pictures: Any = Pictures(pairs, processor.image_processor)
    if len(ids) * pictures[np.arange(1)].numel() <= cache_bytes:
        pictures = pictures.decoded(pairs, progress=progress)
    whole = processor.image_processor
    factor = whole.rescale_factor if whole.do_rescale else 1.0
    mean, std = (whole.image_mean, whole.image_std) if whole.do_normalize else (0.0, 1.0)
    mean, std = (torch.tensor(values).div(factor).view(-1, 1, 1) for values in (mean, std))
    lengths = torch.tensor([len(caption) for caption in ids])
    return PairTensors(pictures, tokens.pad(ids), lengths, torch.from_numpy(groups_of(pairs)), mean, std)


class Pictures:
    """Pictures of a table that are decoded when they are asked for: ``pictures[rows]`` is uint8, (n, 3, h, w)."""

    def __init__(self, pairs: Dataset, processor: Any) -> None:
        """Take the table, and the image half of a `CLIPProcessor`."""
        self._pairs, self._clip, self._whole = pairs, Preprocessor(processor), processor

    def __getitem__(self, rows: NDArray[np.int64]) -> Tensor:
        """Decode the pictures of ``rows``, (n,)."""
        return self.decoded(self._pairs.select(rows))

    def decoded(self, pairs: Dataset, *, progress: bool = False) -> Tensor:
        """Decode, resize and crop all pictures of a table like the model's own processor does it."""
        bar = tqdm(load(pairs["image"]), total=len(pairs), desc="decoding", disable=not progress, leave=False)
        shrunk = np.stack([self._shrunk(picture) for picture in bar])
        return torch.from_numpy(shrunk).permute(0, 3, 1, 2).contiguous()

    def _shrunk(self, picture: Any) -> NDArray[np.uint8]:
        if self._clip.side is not None:
            return self._clip.shrink(picture)
        # A processor that does not crop, for instance: it is called itself, without the part that normalises.
        found = self._whole(images=[picture], do_rescale=False, do_normalize=False, return_tensors="np")["pixel_values"]
        return np.asarray(found[0]).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)


def groups_of(pairs: Dataset) -> NDArray[np.int64]:
    """One number for each pair, (n,): its ``group_id``, or its own number where the table has none.

    Raises:
        ValueError: for a pair without a group.
    """
    if "group_id" not in pairs.column_names:
        return np.arange(len(pairs))
    names = list(pairs["group_id"])
    lack = [str(row) for row, name in enumerate(names) if name is None or name != name]
    if lack:
        raise ValueError(f"{len(lack)} of {len(names)} pairs have no group_id: row {some(lack)}. Give each one.")
    groups = np.asarray(names)
    return groups if groups.dtype == np.int64 else np.unique(groups, return_inverse=True)[1].astype(np.int64)


def checked(pairs: Any) -> list[str]:
    """The captions of a table that can be trained on.

    Raises:
        TypeError: for something else than a `datasets.Dataset`.
        ValueError: for missing columns, no rows or empty captions; rows are named.
    """
    if isinstance(pairs, dict):  # a DatasetDict is one
        parts = " or ".join(f"[{name!r}]" for name in pairs)
        raise TypeError(f"pairs is a {type(pairs).__name__} of several tables. Pass one of them: {parts}.")
    if not isinstance(pairs, Dataset):
        raise TypeError(f"pairs is a {type(pairs).__name__}; pass a datasets.Dataset, such as Dataset.from_list(rows).")
    missing = {"image", "text"} - set(pairs.column_names)
    if missing or not len(pairs):
        lack = f"it lacks the column {' and '.join(sorted(missing))}" if missing else "it is empty"
        raise ValueError(f"the table of pairs cannot be trained on: {lack}.")
    texts = list(pairs["text"])
    empty = [str(row) for row, text in enumerate(texts) if not (isinstance(text, str) and text.strip())]
    if empty:
        raise ValueError(
            f"{len(empty)} of {len(texts)} captions are empty or no text: row {some(empty)}. Leave such pairs out."
        )
    return texts


def refuse_untrainable(pairs: Dataset) -> None:
    """Stop at a table that cannot teach anything; warn of one that teaches little.

    Raises:
        TypeError, ValueError: as `checked`; and for a single pair, or pairs that all belong to one group.
    """
    n = len(checked(pairs))
    groups = len(np.unique(groups_of(pairs)))
    if groups < 2:
        what = "There is a single pair" if n == 1 else f"All {n} pairs are of one group"
        raise ValueError(
            f"{what}, so no caption is wrong for any picture and nothing can be learnt. Pairs are of one group if they "
            "share a caption or a picture, directly or through others: add others, or leave out the captions of all."
        )
    told = f"There are only {n} pairs of {groups} groups: expect a model that"
    if n < POOR:
        warn(f"{told} knows these by heart and little else.", stacklevel=3)
    elif groups < FEW:
        warn(f"{told} tells these groups apart and little else.", stacklevel=3)
