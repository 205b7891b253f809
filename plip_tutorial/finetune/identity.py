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
from typing import Any

import numpy as np
from datasets import Dataset, Image

from plip_tutorial.finetune.config import TrainConfig
from plip_tutorial.finetune.pairs import groups_of
from plip_tutorial.plip.fingerprint import model_fingerprint

# What may change when a run goes on: it decides what is noted or how it is computed, not what is learnt.
FREE = {"save_every", "trackers", "chunk_size", "precision"}


def identity(
    model: Any, processor: Any, pairs: Dataset, config: TrainConfig, validation: Dataset | None
) -> dict[str, Any]:
    """Everything that a run depends on, as it comes back from a JSON file; the model is that before the first step."""
    settings = json.loads(json.dumps(dataclasses.asdict(config)))
    return {
        "settings": {name: value for name, value in settings.items() if name not in FREE},
        "start checkpoint": model_fingerprint(model, processor, precision="float32"),
        "pairs": table_fingerprint(pairs),
        "held-out pairs": table_fingerprint(validation) if validation is not None else {"number": 0},
    }


def table_fingerprint(pairs: Dataset) -> dict[str, Any]:
    """Number of the pairs, and fingerprints of their captions, of what their pictures' files hold, and of their groups.

    The files are read, whatever their names and dates: a picture that was replaced makes other pairs.
    """
    _, first, place = np.unique(groups_of(pairs), return_index=True, return_inverse=True)
    parts = {
        "captions": "".join(f"{len(text)} {text}" for text in pairs["text"]).encode(),
        "pictures": b"".join(picture_digests(pairs)),
        "groups": first[place].astype("<i8").tobytes(),  # what the groups are called does not matter
    }
    return {"number": len(pairs)} | {name: hashlib.sha256(part).hexdigest()[:16] for name, part in parts.items()}


def picture_digests(pairs: Dataset) -> Iterator[bytes]:
    """What tells the pictures of a table apart, one after the other: the hash of their content."""
    stored = isinstance(pairs.features["image"], Image)
    column = pairs.cast_column("image", Image(decode=False))["image"] if stored else pairs["image"]
    for cell in column:
        if isinstance(cell, dict):
            cell = cell["path"] if cell.get("bytes") is None else cell["bytes"]
        if isinstance(cell, str):  # of a file that is missing the name; the decoder will tell
            cell = Path(cell).read_bytes() if Path(cell).is_file() else cell.encode()
        yield hashlib.sha256(cell if isinstance(cell, bytes) else np.asarray(cell).tobytes()).digest()


def differences(there: dict[str, Any], here: dict[str, Any]) -> list[str]:
    """What two identities do not share, in words."""
    was, now = there["settings"], here["settings"]
    told = [f"{name} is {was.get(name)} there and {now[name]} here" for name in now if was.get(name) != now[name]]
    words = [f"other settings: {', '.join(told)}"] if told else []
    if there["start checkpoint"] != here["start checkpoint"]:
        words.append("another start checkpoint")
    for name in ("pairs", "held-out pairs"):
        old, new = there[name] or {"number": 0}, here[name]
        parts = [part for part in new if old.get(part) != new[part]]
        if old["number"] != new["number"]:
            words.append(f"other {name}: {old['number']} there and {new['number']} here")
        elif parts:
            words.append(f"other {' and '.join(parts)} of the {name}")
    return words
