"""What was made and is read by everybody: the tiny models, the filter, and which pairs became their corpus.

It lies in the package, under ``data/models``, with its provenance. Nothing here trains; see `build`, and `curation`
for the way from posts to pairs.

    clip = CLIPModel.from_pretrained(artifacts.tiny_clip())
    pairs = artifacts.corpus()
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset

from plip_tutorial import clean
from plip_tutorial.artifacts import curation

FOLDER = Path(__file__).parents[1] / "data" / "models"
NOTE = "made.json"  # provenance, scores, and the SHA-256 of each other file


class NotMadeError(OSError):
    """A part of what was made is missing or is no longer what was written."""

    def __init__(self, place: Path, reason: str) -> None:
        """Name the file and what is wrong with it."""
        hint = "Install the package again or, in a clone, call `make models`; `git restore` brings what was committed."
        super().__init__(f"{place} {reason}. {hint}")


def note() -> dict[str, Any]:
    """Where the made things come from (``provenance``), and their ``scores`` and ``files`` (``results``)."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / NOTE).read_text(encoding="utf-8"))
        return found
    except (OSError, ValueError) as error:
        raise NotMadeError(FOLDER / NOTE, f"cannot be read: {error}") from error


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file but the note, by its path in the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NOTE)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _whole(name: str) -> Path:
    """A part, after a look at all files (10 ms): are they what was written?"""
    there = digests(FOLDER)
    for file, digest in note()["results"]["files"].items():
        if file not in there:
            raise NotMadeError(FOLDER / file, "is missing")
        if there[file] != digest:
            raise NotMadeError(FOLDER / file, "is damaged: it is not what was written")
    return FOLDER / name


def tiny_clip() -> Path:
    """The tiny CLIP, a checkpoint directory: it learnt everyday pairs."""
    return _whole("tiny-clip")


def tiny_plip() -> Path:
    """The tiny PLIP, a checkpoint directory: the tiny CLIP, fine-tuned on `corpus`."""
    return _whole("tiny-plip")


def history() -> Path:
    """The CSV that the fine-tuning of the tiny PLIP wrote."""
    return _whole("history.csv")


def pathology_filter() -> clean.PathologyFilter:
    """The filter of the unit on cleaning: ``keep`` takes the `curation.features` of pictures."""
    told = json.loads(_whole("filter.json").read_text(encoding="utf-8"))
    return clean.PathologyFilter(**told | {"weights": np.array(told["weights"], np.float32)})


def _kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_whole("corpus.json").read_text(encoding="utf-8"))
    return found


def knn_threshold() -> float:
    """Similarity to the nearest seed from which on the web pool gave its pictures."""
    return float(_kept()["knn_threshold"])


@cache
def _pairs(folder: Path) -> tuple[Dataset, Dataset]:
    """Those collected, and their relatives on the web."""
    kept = _kept()
    pairs = curation.pairs_of(kept["posts"])
    if len(pairs) != kept["collected"]:
        told = f"chooses among {kept['collected']} pairs, but the posts make {len(pairs)} now"
        raise NotMadeError(folder / "corpus.json", told)
    return pairs, curation.relatives(curation.web_pool(), kept["expanded"], pairs)


def collected() -> Dataset:
    """Pairs that the text filters leave of the posts. No picture has been looked at yet."""
    return _pairs(FOLDER)[0]


def seeds() -> Dataset:
    """Collected pairs whose picture is pathology, by the filter: what the web pool is asked with."""
    return collected().select(_kept()["seeds"])


def expanded() -> Dataset:
    """Pairs of the web pool that are neighbours of the seeds, before any cleaning."""
    return _pairs(FOLDER)[1]


def corpus() -> Dataset:
    """The cleaned pairs that `tiny_plip` was trained on, with groups of those that share a picture or a caption."""
    pairs = curation.together(collected(), expanded()).select(_kept()["kept"])
    return curation.with_columns(pairs, group_id=_kept()["groups"])
