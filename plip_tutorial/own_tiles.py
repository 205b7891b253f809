"""Your own pictures as the tables that the chapters read.

A folder with one sub-folder a class becomes a labelled table, for chapters 7 and 8. A list of pictures and captions
becomes pairs, for chapters 4, 5 and 9. Files stay where they are: the table keeps paths and decodes a picture when
it is asked for one. Every file is opened once beforehand, so a broken one is named now and not after an hour.

    tiles = read_folder("my_tiles")                                   # my_tiles/TUM/a.png, my_tiles/STR/b.png ...
    pairs = read_csv("cases.csv", image="file", caption="diagnosis")  # .csv, .tsv, .jsonl or .parquet
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import ClassLabel, Dataset, Features, Image, Value
from numpy.typing import NDArray
from PIL import Image as PillowImage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

PICTURE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".ppm", ".svs"})
MOST_NAMED = 20  # a message that names more files than this is not read


def read_folder(path: str | Path) -> Dataset:
    """Read ``path/class/file`` or ``path/class/slide/file``.

    Args:
        path: a folder with one sub-folder for each class. Files that have no ending of a picture are left out.

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
    files = {folder.name: _pictures(folder) for folder in sorted(root.iterdir()) if folder.is_dir()}
    classes = [name for name, found in files.items() if found]
    if not classes:
        raise ValueError(f"{root} holds no sub-folder with pictures. Sort the pictures by class: {root}/benign/1.png")
    rows = [(file, name) for name in classes for file in files[name]]
    _check([file for file, _ in rows])
    columns = {
        "image": [str(file) for file, _ in rows],
        "label": [classes.index(name) for _, name in rows],
        "slide": [_slide(file, root / name) for file, name in rows],
        "file": [file.relative_to(root).as_posix() for file, _ in rows],
    }
    text = Value("string")
    features = Features({"image": Image(), "label": ClassLabel(names=classes), "slide": text, "file": text})
    return Dataset.from_dict(columns, features=features)


def read_csv(path: str | Path, *, image: str = "image", caption: str = "caption") -> Dataset:
    """Read pictures and captions from a ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` file; its ending decides.

    Args:
        path: the file, one row a pair.
        image: column of picture paths; relative ones start at the folder of the file.
        caption: column of texts.

    Returns:
        Columns ``image``, ``text``, ``group_id`` and ``source`` ("own"). Pairs that share a picture or a caption,
        directly or through other pairs, have the same ``group_id``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: another ending, a missing column, empty cells, or pictures that cannot be decoded; each is named.
    """
    table = _table(Path(path))
    names, texts = (_filled(table, column, path) for column in (image, caption))
    files = [(Path(path).parent / name).resolve() for name in names]
    _check(files)
    columns = {"image": [str(file) for file in files], "text": texts, "source": ["own"] * len(texts)}
    columns["group_id"] = shared_groups(columns["image"], texts).tolist()
    kinds = {"image": Image(), "text": Value("string"), "group_id": Value("int64"), "source": Value("string")}
    return Dataset.from_dict({name: columns[name] for name in kinds}, features=Features(kinds))


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


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file.")
    match path.suffix.lower():
        case ".csv":
            return pd.read_csv(path)
        case ".tsv":
            return pd.read_csv(path, sep="\t")
        case ".jsonl":
            return pd.read_json(path, lines=True)
        case ".parquet":
            return pd.read_parquet(path)
    raise ValueError(f"{path} ends in {path.suffix!r}. Give a file that ends in .csv, .tsv, .jsonl or .parquet.")


def _filled(table: pd.DataFrame, column: str, path: str | Path) -> list[str]:
    """Return a column as texts; name the rows that have none."""
    if column not in table:
        raise ValueError(f"{path} has no column {column!r}. It has: {', '.join(map(str, table.columns))}.")
    texts = ["" if pd.isna(cell) else str(cell).strip() for cell in table[column]]
    empty = [f"row {row}" for row, text in enumerate(texts) if not text]
    if empty or not texts:
        raise ValueError(f"{path} has no {column} in {_some(empty) if empty else 'any row: the table is empty'}.")
    return texts


def _pictures(folder: Path) -> list[Path]:
    found = (file for file in sorted(folder.rglob("*")) if file.suffix.lower() in PICTURE_ENDINGS and file.is_file())
    return [file for file in found if not file.name.startswith(".")]


def _slide(file: Path, folder: Path) -> str:
    between = file.parent.relative_to(folder).as_posix()
    return file.name if between == "." else between


def _check(files: Sequence[Path]) -> None:
    """Decode every file once; raise one error that names all that fail."""
    with ThreadPoolExecutor() as pool:
        found = zip(files, pool.map(_problem, files), strict=True)
        problems = [f"{file}: {problem}" for file, problem in found if problem]
    if problems:
        named = _some(problems, between="\n")
        raise ValueError(f"{len(problems)} of {len(files)} pictures cannot be read:\n{named}")


def _problem(file: Path) -> str:
    try:
        with PillowImage.open(file) as picture:
            picture.load()  # the header alone would not show that the end of the file is missing
    except FileNotFoundError:
        return "no such file"
    except Exception as error:  # Pillow's decoders raise many kinds, and each means: not a picture we can use
        return str(error) or type(error).__name__
    return ""


def _some(names: Sequence[str], *, between: str = ", ") -> str:
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f"{between}and {more} more" if more > 0 else "")
