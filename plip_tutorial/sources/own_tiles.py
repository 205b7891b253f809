"""Your own pictures as the tables that the pages read.

A folder with one sub-folder a class becomes a labelled table, for zero-shot and linear probing. A list of pictures and
captions becomes pairs, for cleaning, fine-tuning and retrieval. Files stay where they are: the table keeps paths and
decodes a picture when it is asked for one. Every file is opened once beforehand, so a broken one is named now and not
after an hour.

    tiles = read_folder("my_tiles")                                   # my_tiles/TUM/a.png, my_tiles/STR/b.png ...
    pairs = read_csv("cases.csv", image="file", caption="diagnosis")  # and .tsv, .json, .jsonl, .parquet
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import numpy as np
from datasets import ClassLabel, Dataset, Features, Image, Value, load_dataset, load_from_disk
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from plip_tutorial.sources import asking, tables
from plip_tutorial.sources.images import ImageLike, problem
from plip_tutorial.sources.picture_files import find_pictures

PAIRS = Features({"image": Image(), "text": Value("string"), "group_id": Value("int64"), "source": Value("string")})


def read_folder(path: str | Path) -> Dataset:
    """Read ``path/class/file`` or ``path/class/slide/file``.

    Args:
        path: a folder with one sub-folder for each class. Which of its files are pictures: `picture_files`. What may
            be one and is left out, a picture beside the classes for instance, is counted and named in a warning.

    Returns:
        Columns ``image``, ``label`` (a `ClassLabel`, classes in alphabetical order), ``slide`` and ``file``, sorted by
        class and file. ``slide`` is the folder between class and file; without one each file counts as its own slide.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: no class, no picture, or files that cannot be decoded; each is named with the reason.
    """
    root = Path(path)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder. Give the folder that holds one sub-folder for each class.")
    found = find_pictures(root, warn=False)
    rows = sorted((*name.split("/", 1), name) for name in found.files if "/" in name)  # class, what is below it, path
    classes = sorted({label for label, _, _ in rows})
    for name in found.files:
        if "/" not in name:
            found.left_out.add("beside the folders of the classes", name)
    for name in found.folders:
        if name and "/" not in name and name not in classes:
            found.left_out.add("folders without a picture", name)
    if not classes:
        told = found.left_out.told()
        hint = f"Sort the pictures by class: {root}/benign/1.png" + (f". Left out: {told}" if told else "")
        raise ValueError(f"{root} holds no sub-folder with pictures. {hint}")
    found.left_out.warn(root)
    files = [str(root / name) for _, _, name in rows]
    _check(files, files)
    columns = {
        "image": files,
        "label": [classes.index(label) for label, _, _ in rows],
        "slide": [below.rpartition("/")[0] or below for _, below, _ in rows],
        "file": [name for _, _, name in rows],
    }
    text = Value("string")
    features = Features({"image": Image(), "label": ClassLabel(names=classes), "slide": text, "file": text})
    return Dataset.from_dict(columns, features=features)


def read_pairs(
    name: str | Path, *, image: str = "image", caption: str = "caption", folder: str | Path | None = None
) -> Dataset:
    """Read pairs from a file, a directory or the Hugging Face hub: `read_csv` or `read_hub`, as the name says.

    Args:
        name: a file, also one that lies in another folder or is of a kind that has to be converted first; a directory
            with a saved data set; or the id of one on the hub, "user/name".
        image: column of pictures.
        caption: column of texts.
        folder: where relative paths of a file start; a data set brings its own pictures.

    Raises:
        FileNotFoundError, ValueError: as in `read_csv` and `read_hub`; or a folder for a data set.
        HubError: the hub could not be asked.
    """
    if tables.names_a_file(name):
        return read_csv(name, image=image, caption=caption, folder=folder)
    if folder is not None:
        raise ValueError(f"{name} is a data set and brings its own pictures; leave out the folder {folder}.")
    return asking.ask(str(name), lambda: read_hub(str(name), image=image, caption=caption))


def read_csv(
    path: str | Path, *, image: str = "image", caption: str = "caption", folder: str | Path | None = None
) -> Dataset:
    """Read pictures and captions from a table: ``.csv``, ``.tsv``, ``.jsonl``, ``.json`` or ``.parquet``.

    Args:
        path: the file, one row a pair; how it is read: `tables.records`.
        image: column of picture paths.
        caption: column of texts, each taken as it stands: "007" and "NA" are captions.
        folder: where relative paths start; without it, at the folder of the file.

    Returns:
        Columns ``image``, ``text``, ``group_id`` and ``source`` ("own"). Pairs that share a picture or a caption,
        directly or through other pairs, have the same ``group_id``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another ending, and all lines, columns, cells or pictures that cannot be read; each is named.
    """
    path = Path(path).expanduser()
    names, texts = tables.columns_of(path, image, caption)
    start, files, problems = path.parent if folder is None else Path(folder).expanduser(), list[str](), list[str]()
    for row, name in enumerate(names):
        try:
            files.append(str(tables.picture_path(name, start).resolve()))
        except ValueError as error:
            problems.append(f"row {row}: {error}")
    _refuse(problems, len(names))
    _check(files, files)
    groups = shared_groups(files, texts).tolist()
    columns = {"image": files, "text": texts, "group_id": groups, "source": ["own"] * len(texts)}
    return Dataset.from_dict(columns, features=PAIRS)


def read_hub(name: str, *, image: str = "image", caption: str = "caption", split: str = "train") -> Dataset:
    """Read pairs from a data set on the Hugging Face hub, or one that was saved in a directory.

    Args:
        name: id on the hub, or the directory.
        image: column of pictures.
        caption: column of texts, or of classes, whose names are then the captions.
        split: part of the data set.

    Returns:
        The same columns as `read_csv`; pictures stay in the files of the data set.

    Raises:
        ValueError: a missing column or part, empty cells, or pictures that cannot be decoded; each is named.
    """
    table = _saved(Path(name), split) if Path(name).is_dir() else load_dataset(name, split=split)
    tables.demand(table.column_names, (image, caption), name)
    kind, said = table.features[caption], table.select_columns([caption])[:][caption]
    if isinstance(kind, ClassLabel):
        said = [None if code is None or code < 0 else kind.int2str(code) for code in said]
    texts = tables.filled(said, caption, name)
    stored = table.cast_column(image, Image(decode=False))[image]
    _check(stored, [f"row {row}" for row in range(len(table))])
    files = [sha256(row["bytes"]).hexdigest() if row["bytes"] else row["path"] for row in stored]
    pairs = table.select_columns([image])
    pairs = (pairs if image == "image" else pairs.rename_column(image, "image")).add_column("text", texts)
    pairs = pairs.add_column("group_id", shared_groups(files, texts)).add_column("source", ["own"] * len(texts))
    return pairs.cast(PAIRS)


def hold_out(groups: ArrayLike, share: float, *, seed: int = 0) -> NDArray[np.bool_]:
    """Mask (n,) of about ``share`` of the rows; whole groups are held out, never a part of one.

    Raises:
        ValueError: if ``share`` is not from 0 to below 1.

    >>> hold_out([0, 0, 1, 1, 2, 2, 3, 3], 0.25).sum()
    np.int64(2)
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share}; it must be at least 0 and below 1, such as 0.1 for a tenth of the rows.")
    names, inverse, counts = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(counts[order]) - counts[order]
    return np.isin(inverse, order[before + counts[order] / 2 < share * len(inverse)])


def shared_groups(images: Sequence[str], texts: Sequence[str]) -> NDArray[np.int64]:
    """Number rows so that rows which share a picture or a text, also through other rows, get one number; shape (n,).

    >>> shared_groups(["a.png", "a.png", "b.png", "c.png"], ["mucus", "debris", "debris", "stroma"]).tolist()
    [0, 0, 0, 1]
    """
    image, text = (np.unique(column, return_inverse=True)[1] for column in (images, texts))
    text = text + len(image)  # pictures and texts are the nodes of a graph, every row is an edge between two of them
    edges = coo_matrix((np.ones(len(image)), (image, text)), shape=(2 * len(image),) * 2)
    _, component = connected_components(edges, directed=False)
    return np.unique(component[image], return_inverse=True)[1].astype(np.int64)


def _saved(folder: Path, split: str) -> Dataset:
    """A data set from a directory."""
    try:
        saved = load_from_disk(str(folder))
    except FileNotFoundError as error:
        hint = "Give a file that lists the pictures, or a directory that Dataset.save_to_disk has made"
        raise ValueError(f"{folder} is a directory without a saved data set. {hint}.") from error
    if isinstance(saved, Dataset):
        return saved
    if split not in saved:
        raise ValueError(f"{folder} has no part {split!r}. It has: {', '.join(map(str, saved))}.")
    return saved[split]


def _check(pictures: Iterable[ImageLike], names: Sequence[str]) -> None:
    """Decode every picture once; raise one error that names all that fail."""
    with ThreadPoolExecutor() as pool:
        found = zip(names, pool.map(problem, pictures), strict=True)
        _refuse([f"{name}: {reason}" for name, reason in found if reason], len(names))


def _refuse(problems: Sequence[str], total: int) -> None:
    if problems:
        told = tables.some(problems, between="\n")
        raise ValueError(f"{len(problems)} of {total} pictures cannot be read:\n{told}")
