"""Your own pictures as the tables that the chapters read.

A folder with one sub-folder a class becomes a labelled table, for chapters 7 and 8. A list of pictures and captions
becomes pairs, for chapters 4, 5 and 9. Files stay where they are: the table keeps paths and decodes a picture when
it is asked for one. Every file is opened once beforehand, so a broken one is named now and not after an hour.

    tiles = read_folder("my_tiles")                                   # my_tiles/TUM/a.png, my_tiles/STR/b.png ...
    pairs = read_csv("cases.csv", image="file", caption="diagnosis")  # and .tsv, .json, .jsonl, .parquet
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from datasets import ClassLabel, Dataset, DatasetDict, Features, Image, Value, load_dataset, load_from_disk
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from plip_tutorial.sources import tables
from plip_tutorial.sources.images import UnreadableImageError, to_rgb
from plip_tutorial.sources.picture_files import Found, find_pictures
from plip_tutorial.sources.table_columns import columns_of, demand, filled, some

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
    files = [name for name in found.files if "/" in name]
    classes = sorted({_class(name) for name in files})
    told = _left_out(found, classes)
    if not classes:
        hint = f"Sort the pictures by class: {root}/benign/1.png" + (f". Left out: {told}" if told else "")
        raise ValueError(f"{root} holds no sub-folder with pictures. {hint}")
    if told:
        warnings.warn(f"left out of {root}: {told}", stacklevel=2)
    rows = sorted((_class(name), name) for name in files)
    _check([root / name for _, name in rows])
    columns = {
        "image": [str(root / name) for _, name in rows],
        "label": [classes.index(label) for label, _ in rows],
        "slide": [_slide(name) for _, name in rows],
        "file": [name for _, name in rows],
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
        FileNotFoundError: no such file.
        ValueError: as in `read_csv` and `read_hub`; or a folder for a data set.
        OSError: the hub could not be asked; see `hub.ask`.
    """
    if tables.names_a_file(name):
        return read_csv(name, image=image, caption=caption, folder=folder)
    if folder is not None:
        raise ValueError(f"{name} is a data set and brings its own pictures; leave out the folder {folder}.")
    from plip_tutorial.sources import hub  # here, because it brings the models' library along

    return hub.ask(str(name), lambda: read_hub(str(name), image=image, caption=caption))


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
        ValueError: another ending, lines that cannot be read, a missing column, empty cells, or pictures that cannot be
            decoded; each is named.
    """
    path = Path(path).expanduser()
    cells = columns_of(path, image, caption)
    names, texts = (filled(column, name, path) for column, name in zip(cells, (image, caption), strict=True))
    start = path.parent if folder is None else Path(folder).expanduser()
    places = [_place(name, start) for name in names]
    _refuse([f"row {row}: {place}" if isinstance(place, str) else "" for row, place in enumerate(places)])
    files = [place.resolve() for place in places if isinstance(place, Path)]
    _check(files)
    columns = {"image": [str(file) for file in files], "text": texts, "source": ["own"] * len(texts)}
    columns["group_id"] = shared_groups(columns["image"], texts).tolist()
    return Dataset.from_dict({name: columns[name] for name in PAIRS}, features=PAIRS)


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
    demand(table.column_names, (image, caption), name)
    kind, said = table.features[caption], table.select_columns([caption])[:][caption]
    if isinstance(kind, ClassLabel):
        said = [None if code is None or code < 0 else kind.int2str(code) for code in said]
    texts = filled(said, caption, name)
    stored = table.cast_column(image, Image(decode=False))
    with ThreadPoolExecutor() as pool:
        found = enumerate(pool.map(_problem_of, stored[image]))
        _refuse([f"row {row}: {problem}" if problem else "" for row, problem in found])
    files = [sha256(row["bytes"]).hexdigest() if row["bytes"] else row["path"] for row in stored[image]]
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
    if isinstance(saved, DatasetDict):
        if split not in saved:
            raise ValueError(f"{folder} has no part {split!r}. It has: {', '.join(map(str, saved))}.")
        return saved[split]
    return saved


def _place(name: str, start: Path) -> Path | str:
    """The file that a cell names, or what is wrong with the name."""
    try:
        return tables.picture_path(name, start)
    except ValueError as error:
        return str(error)


def _class(name: str) -> str:
    return name.partition("/")[0]


def _slide(name: str) -> str:
    """Of ``class/slide/file`` what lies in the middle, of ``class/file`` the file."""
    between, _, file = name.partition("/")[2].rpartition("/")
    return between or file


def _left_out(found: Found, classes: Sequence[str]) -> str:
    """What the walk left out, and what it found where no class can be read off."""
    for name in found.files:
        if "/" not in name:
            found.left_out.add("beside the folders of the classes", name)
    for name in found.folders:
        if name and "/" not in name and name not in classes:
            found.left_out.add("folders without a picture", name)
    return found.left_out.told()


def _check(files: Sequence[Path]) -> None:
    """Decode every file once; raise one error that names all that fail."""
    with ThreadPoolExecutor() as pool:
        found = zip(files, pool.map(_problem, files), strict=True)
        _refuse([f"{file}: {problem}" if problem else "" for file, problem in found])


def _refuse(problems: Sequence[str]) -> None:
    found = [problem for problem in problems if problem]
    if found:
        raise ValueError(f"{len(found)} of {len(problems)} pictures cannot be read:\n" + some(found, between="\n"))


def _problem_of(stored: dict[str, Any]) -> str:
    """What is wrong with a cell of a column of pictures."""
    return _problem(stored["bytes"] if stored["bytes"] is not None else stored["path"])


def _problem(picture: Any) -> str:
    """Why the model could not be shown a picture: what `images.to_rgb` says, which every chapter uses."""
    try:
        to_rgb(picture)
    except UnreadableImageError as error:
        return "no such file" if isinstance(error.__cause__, FileNotFoundError) else error.reason
    return ""
