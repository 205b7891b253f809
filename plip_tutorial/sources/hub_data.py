"""The labelled sets of the full track, read from the Hugging Face hub a few pieces at a time.

Each set is a repository at a pinned commit with parquet files of 0.3 to 0.5 GB. Nobody needs all of them for a
lesson, so only some row groups are read, evenly spread over all files of a split, since a file may hold one class
after the other. What is read is kept in the cache of the book with the columns of a microcosm set.

    tiles = hub_data.tiles("1aurent/NCT-CRC-HE", "test", 2400)   # image, label, patient, slide, lab
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, Features, Image, Value, load_from_disk
from huggingface_hub import HfFileSystem, constants
from numpy.typing import NDArray
from tqdm import tqdm

from plip_tutorial.microcosm import PHRASES
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.sources.asking import BadContentError, ask
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import readable

TILES: dict[Split, int] = {"train": 3000, "test": 2000}
TILES_WITHOUT_GPU = 360
PIECES = 24  # row groups that are read at least, so that each class is met even where a file is sorted by class
LEAST_NEOPLASTIC, LEAST_SHARE = 10, 0.3  # of nuclei: Huang et al. 2023, Methods
UNKNOWN = "unknown"
LEFT_OUT, BENIGN, MALIGNANT = -1, 0, 1
BLOCK = 2**22  # bytes of a file that are asked for at least


@dataclass(frozen=True)
class HubSet:
    """A labelled set on the hub."""

    repo: str  #: its id
    revision: str  #: commit
    files: dict[str, tuple[str, ...]]  #: split of this book -> what the names of its parquet files begin with
    column: str  #: what the label is made of
    #: values of that column -> places in the list of labels, -1 for rows that are left out
    to_label: Callable[[Sequence[Any]], NDArray[np.int64]]
    #: what its numbers stand for, in their order; compared with what the files say, if they say it
    names: tuple[str, ...] = ()
    kept: float = 1.0  #: about how many of the rows are not left out


def as_given(labels: Sequence[Any]) -> NDArray[np.int64]:
    """Numbers of classes, or false and true, as they stand."""
    return np.array(labels, np.int64)


def by_nuclei(categories: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """The paper's rule for PanNuke, from the kind of each nucleus of a picture; kind 0 is neoplastic.

    Malignant with at least ten neoplastic nuclei that make up more than 30% of all; benign with none; else left out.

    >>> by_nuclei([[0] * 10 + [1] * 23, [0] * 10 + [1] * 24, [1, 2], [], [0] * 9]).tolist()
    [1, -1, 0, 0, -1]
    """
    neoplastic = np.array([sum(kind == 0 for kind in kinds) for kinds in categories], np.int64)
    total = np.array([len(kinds) for kinds in categories], np.int64)
    malignant = (neoplastic >= LEAST_NEOPLASTIC) & (neoplastic > LEAST_SHARE * total)
    return np.select([malignant, neoplastic == 0], [MALIGNANT, BENIGN], LEFT_OUT)


NCT, CAMELYON, PANNUKE = "1aurent/NCT-CRC-HE", "1aurent/PatchCamelyon", "RationAI/PanNuke"
SETS = {
    NCT: HubSet(
        NCT, "152f3a64ec9894bf0039623c589e7fcc2bf3e575",
        {"train": ("data/NCT_CRC_HE_100K-",), "test": ("data/CRC_VAL_HE_7K-",)},
        "label", as_given, names=tuple(PHRASES[NCT]),
    ),
    CAMELYON: HubSet(
        CAMELYON, "e4bd149e7a868a9d811fdd9f9a9fb78c05c104ab",
        {"train": ("data/train-",), "test": ("data/test-",)},
        "label", as_given,
    ),
    PANNUKE: HubSet(
        PANNUKE, "1f498f7bd6a85ef5f204c592b41ac881eab61005",
        {"train": ("data/fold1-",), "test": ("data/fold2-", "data/fold3-")},
        "categories", by_nuclei, names=("Neoplastic", "Inflammatory", "Connective", "Dead", "Epithelial"), kept=0.6,
    ),
}  # fmt: skip


def tiles(name: str, split: Split, n: int) -> Dataset:
    """Tiles of a set in a random order that is always the same; read from the hub once, then from the cache.

    Args:
        name: a key of `SETS`.
        split: "train" or "test".
        n: how many, `usual_size` for instance; fewer if the set has no more.

    Returns:
        Columns ``image``, ``label`` (a ``ClassLabel``), ``patient``, ``slide``, ``lab``. The hub's copies do not tell
        which tiles belong together, so every tile is a patient and a slide of its own, and the lab is "unknown".

    Raises:
        ValueError: unknown name or split.
        HubError: the hub cannot be read.
    """
    if name not in SETS or split not in SETS[name].files:
        raise ValueError(f"unknown set or split: {name!r}, {split!r}. Sets on the hub: {', '.join(SETS)}.")
    built = cache.build(
        *kept(name, split, n), lambda folder: _read(SETS[name], split, n).save_to_disk(folder / "table")
    )
    with readable(built):
        return load_from_disk(built / "table")


def usual_size(split: Split, *, gpu: bool) -> int:
    """Tiles of a split unless a number is given: what a T4 session reads in minutes, and much less without a GPU."""
    return TILES[split] if gpu else TILES_WITHOUT_GPU


def kept(name: str, split: Split, n: int) -> tuple[str, dict[str, Any]]:
    """Name and key of a set in the cache of the book."""
    key = identity(name) | {"split": split, "n": n, "pieces": PIECES, "code": cache.code_key(__name__)}
    return f"{name.replace('/', '--')}-{split}", key


def identity(name: str) -> dict[str, Any]:
    """What the contents of a set depend on, for a key of the cache; empty for sets that are not on the hub."""
    return {"revision": SETS[name].revision, "hub": constants.ENDPOINT} if name in SETS else {}


def lacking(names: Iterable[str]) -> dict[str, str]:
    """Sets that have not been read, each with the address that tells about it, for `asking.obstacle`."""
    absent = [
        name for name in names if not all(cache.place(*kept(name, split, n)).is_dir() for split, n in TILES.items())
    ]
    return {name: f"datasets/{name}/revision/{SETS[name].revision}" for name in absent}


def _read(part: HubSet, split: str, n: int) -> Dataset:
    table = ask(part.repo, lambda: _rows(part, split, math.ceil(n / part.kept)))
    labels = part.to_label(table[part.column].to_pylist())
    rows = np.flatnonzero(labels != LEFT_OUT)
    rows = rng("order of", part.repo, split).permutation(rows)[:n]
    own = [f"{part.repo} {split} {row}" for row in rows]
    columns = {
        "image": [{"bytes": table["image"][int(row)]["bytes"].as_py(), "path": None} for row in rows],
        "label": labels[rows].tolist(),
        "patient": own,
        "slide": own,
        "lab": [UNKNOWN] * len(rows),
    }
    text, label = Value("string"), ClassLabel(names=list(PHRASES[part.repo]))
    return Dataset.from_dict(columns, features=Features(image=Image(), label=label, patient=text, slide=text, lab=text))


def _rows(part: HubSet, split: str, n: int) -> pa.Table:
    """About ``n`` rows with the picture and what its label is made of, evenly spread over the files of a split."""
    system = HfFileSystem(endpoint=constants.ENDPOINT, skip_instance_cache=True)
    folder = f"datasets/{part.repo}@{part.revision}/"
    names = [str(name).removeprefix(folder) for name in system.ls(f"{folder}data", detail=False)]
    names = sorted(name for name in names if name.startswith(part.files[split]) and name.endswith(".parquet"))
    if not names:
        raise BadContentError(f"no parquet file of the split {split} is in it")
    try:
        files = [pq.ParquetFile(system.open(folder + name, block_size=BLOCK)) for name in names]
        _check_names(part, files[0].schema_arrow)
        groups = [(file, group) for file in files for group in range(file.num_row_groups)]
        per_group = sum(file.metadata.num_rows for file in files) / len(groups)
        chosen, tables = spread(len(groups), max(PIECES, math.ceil(n / per_group))), []
        for file, group in tqdm([groups[place] for place in chosen], leave=False):
            # In this thread, which Ctrl-C reaches.
            table = file.read_row_group(group, columns=["image", part.column], use_threads=False)
            tables.append(table.replace_schema_metadata(None).take(spread(len(table), math.ceil(n / len(chosen)))))
        return pa.concat_tables(tables)
    except pa.ArrowInvalid as error:
        raise BadContentError(f"a file of the split {split} cannot be read: {error}") from error


def _check_names(part: HubSet, schema: pa.Schema) -> None:
    """A number without its name is dangerous: compare, where the `datasets` library has written the names down."""
    stated = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    feature = stated.get("info", {}).get("features", {}).get(part.column, {})
    names = feature.get("names") or feature.get("feature", {}).get("names")
    if names and tuple(names) != part.names:
        raise ValueError(f"{part.repo} calls its classes {names}; this book expects {list(part.names)}.")


def spread(length: int, n: int) -> NDArray[np.int64]:
    """At most ``n`` places of ``length``, evenly spread.

    >>> spread(10, 3).tolist(), spread(2, 3).tolist()
    ([1, 5, 8], [0, 1])
    """
    n = min(n, length)
    return ((np.arange(n) + 0.5) * length / max(n, 1)).astype(np.int64)
