"""What a training run is the run of: its start, its pairs, the pairs that judge it, and its settings.

All of it is kept as short fingerprints with each checkpoint. A folder goes on with the run that it holds, and with no
other: whoever changes one of these and calls again is told what differs, and does not get the old model back.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from datasets import Dataset, Image

from plip_tutorial.finetune.batches import groups_of
from plip_tutorial.plip.fingerprint import ModelFingerprint

if TYPE_CHECKING:
    from plip_tutorial.finetune.loop import TrainConfig

# What may change when a run goes on: it decides what is noted or how it is computed, not what is learnt.
FREE = {"save_every", "trackers", "chunk_size", "precision"}


def identity(
    model: Any, processor: Any, pairs: Dataset, config: TrainConfig, validation: Dataset | None
) -> dict[str, Any]:
    """Everything that a run depends on, as it is saved with its checkpoints.

    Args:
        model: as it was before the first step.
        processor: that of the same checkpoint.
        pairs: what is trained on.
        config: all settings.
        validation: what chooses the best model, or None.
    """
    return {
        "settings": settings(config),
        "start checkpoint": ModelFingerprint().of(model, processor, precision="float32"),
        "pairs": table_fingerprint(pairs),
        "held-out pairs": table_fingerprint(validation) if validation is not None else None,
    }


def settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that decide what is learnt, as they come back from a JSON file."""
    plain = json.loads(json.dumps(dataclasses.asdict(config)))
    return {name: value for name, value in plain.items() if name not in FREE}


def table_fingerprint(pairs: Dataset) -> dict[str, Any]:
    """Number of the pairs, and fingerprints of their captions, of what their pictures' files hold, and of their groups.

    The files are read, whatever their names and dates: a picture that was replaced makes other pairs.
    """
    captions, pictures = (hashlib.sha256() for _ in range(2))
    for text in pairs["text"]:
        captions.update(f"{len(text)} {text}".encode())
    for picture in picture_digests(pairs):
        pictures.update(picture)
    _, first, place = np.unique(groups_of(pairs), return_index=True, return_inverse=True)
    groups = hashlib.sha256(first[place].astype("<i8").tobytes())  # what the groups are called does not matter
    told = {"captions": captions, "pictures": pictures, "groups": groups}
    return {"number": len(pairs)} | {name: digest.hexdigest()[:16] for name, digest in told.items()}


def picture_digests(pairs: Dataset) -> Iterator[bytes]:
    """What tells the pictures of a table apart, one after the other: the hash of their content."""
    stored = isinstance(pairs.features["image"], Image)
    column = pairs.cast_column("image", Image(decode=False))["image"] if stored else pairs["image"]
    for cell in column:
        yield hashlib.sha256(_content(cell)).digest()


def _content(cell: Any) -> bytes:
    if isinstance(cell, dict):
        return cell["bytes"] if cell.get("bytes") is not None else _content(cell.get("path"))
    if isinstance(cell, bytes):
        return cell
    if isinstance(cell, str):
        return (
            Path(cell).read_bytes() if Path(cell).is_file() else cell.encode()
        )  # the decoder will name what is missing
    return np.ascontiguousarray(cell).tobytes()


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """What two identities do not share, in words."""
    words = _different_settings(there["settings"], here["settings"])
    if there["start checkpoint"] != here["start checkpoint"]:
        words.append("another start checkpoint")
    for name in ("pairs", "held-out pairs"):
        words += _different_pairs(name, there[name] or {"number": 0}, here[name] or {"number": 0})
    return words


def _different_settings(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    changed = [name for name in here if there.get(name) != here[name]]
    told = [f"{name} is {there.get(name)} there and {here[name]} here" for name in changed]
    return [f"other settings: {', '.join(told)}"] if told else []


def _different_pairs(name: str, there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    if there["number"] != here["number"]:
        return [f"other {name}: {there['number']} there and {here['number']} here"]
    parts = [part for part in here if there.get(part) != here[part]]
    return [f"other {' and '.join(parts)} of the {name}"] if parts else []
