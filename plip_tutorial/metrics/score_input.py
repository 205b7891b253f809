"""What a score is computed from, checked in one place: labels, class indices, probabilities, embeddings and groups.

A score of wrong input looks like any other number. So whatever scores asks here first, and an error names the first
place that is wrong, the value that stands there, and what to do.

>>> labels(["fat", None], "y_true")
Traceback (most recent call last):
TypeError: y_true[1] is None; expected strings or numbers without gaps: leave such items out everywhere
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Embeddings = NDArray[np.float32]
ROUNDING = 1e-3  # by how much a row of probabilities may miss 1
HALF_ROUNDING = 1e-2  # the same in float16
EXACT = 2.0**53  # whole numbers beyond this are not all different in float64


def labels(values: ArrayLike, name: str = "labels") -> NDArray[Any]:
    """Classes, one an item: an array (n,) of strings, of bools or of int64.

    Args:
        values: a list, an array, a column of a table; whole floats count as whole numbers.
        name: how an error calls them.

    Raises:
        TypeError: for gaps (None, NaN among strings) and for strings among numbers.
        ValueError: for other shapes than (n,), and for fractions, NaN and infinity.
    """
    array = _one_dimensional(values, name, "for probabilities take the argmax")
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
        wrong = ~np.isfinite(array) | (array != np.floor(array)) | (np.abs(array) > EXACT)
        _refuse(name, array, wrong, "labels are classes, but fractions or NaN were passed; scores go to auroc or ece")
        return array.astype(np.int64)
    if array.dtype.kind not in "biuU":
        raise TypeError(f"{name} holds {array.dtype}; labels must be strings or whole numbers, without gaps")
    if array.dtype.kind == "u":
        too_large = array > np.iinfo(np.int64).max
        _refuse(name, array, too_large, "labels beyond 64 bits cannot be told apart; number the classes from 0")
    return array.astype(np.int64) if array.dtype.kind in "iu" else array


def class_indices(values: ArrayLike, k: int, name: str = "y") -> Ints:
    """Places of the right classes among k columns, (n,), each from 0 to k - 1.

    Raises:
        TypeError: for names in the place of places.
        ValueError: for a place that no column has.
    """
    array = labels(values, name)
    remedy = f"expected the place of the right class among {k} columns, 0 to {k - 1}"
    if array.dtype.kind == "U" and len(array):
        raise TypeError(f"{name}[0] is {array[0].item()!r}; {remedy}")
    places = array.astype(np.int64)
    _refuse(name, places, (places < 0) | (places >= k), remedy)
    return places


def groups(values: ArrayLike, n: int, name: str = "groups") -> NDArray[Any]:
    """Patients, slides or laboratories, one an item: an array (n,) without gaps.

    Raises:
        TypeError: for a gap: items of nobody would count as one patient.
        ValueError: for another shape or length.
    """
    array = _one_dimensional(values, name, "one name an item")
    if len(array) != n:
        raise ValueError(f"there must be as many {name} as items; their lengths are [{n}, {len(array)}]")
    if array.dtype.kind in "fM":
        _refuse(name, array, np.isnan(array), "a gap is no name; give each such item a name of its own")
    return array


def group_codes(values: ArrayLike, n: int) -> Ints:
    """`groups` as numbers from 0, (n,), in the order of the names as text."""
    return np.unique(groups(values, n).astype(str), return_inverse=True)[1]


def numbers(values: ArrayLike, name: str = "values", *, infinite: bool = False) -> NDArray[Any]:
    """One number an item, (n,), as they come.

    Args:
        values: numbers or bools.
        name: how an error calls them.
        infinite: whether infinity is a number here; it sorts, but has no mean.

    Raises:
        TypeError: for what is no number.
        ValueError: for another shape, or for NaN.
    """
    array = _numeric(values, name)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one number an item, (n,), got shape {array.shape}")
    if array.dtype.kind == "f":
        wrong = np.isnan(array) if infinite else ~np.isfinite(array)
        _refuse(name, array, wrong, "leave such items out everywhere, or give them a value")
    return array


def logits(values: ArrayLike, name: str = "logits") -> Floats:
    """Scores of k classes, (n, k), finite.

    Raises:
        TypeError: for what is no number.
        ValueError: for another shape, or for NaN and infinity.
    """
    return np.asarray(_table(values, name), np.float64)


def probabilities(values: ArrayLike, name: str = "probabilities") -> NDArray[Any]:
    """Probabilities of k classes, (n, k): from 0 to 1, and 1 in each row. Floats keep their precision.

    Raises:
        TypeError: for what is no number.
        ValueError: for another shape, and for what is no probability, such as logits.
    """
    array = _table(values, name)
    array = array if array.dtype.kind == "f" else array.astype(np.float64)
    slack = HALF_ROUNDING if array.dtype == np.float16 else ROUNDING
    softmax = "these are no probabilities. Of logits take zero_shot.probabilities(logits, 1)"
    _refuse(name, array, (array < 0) | (array > 1 + slack), softmax)
    totals = array.sum(1, dtype=np.float64)
    if (wrong := np.abs(totals - 1) > slack).any():
        row = int(wrong.argmax())
        raise ValueError(f"{name}[{row}] sums to {totals[row]:.6g} and not to 1; {softmax}")
    return array


def embeddings(values: ArrayLike, name: str = "embeddings (n, d)", *, empty: bool = True) -> Embeddings:
    """Vectors in rows, (n, d), as float32, finite.

    Args:
        values: numbers.
        name: how an error calls them, with the shape that is wanted.
        empty: whether there may be none.

    Raises:
        TypeError: for what is no number.
        ValueError: for another shape, for none, and for NaN and infinity.
    """
    array = _numeric(values, name)
    if array.ndim != 2 or not (empty or len(array)):
        raise ValueError(f"expected {name}{'' if empty else ', not empty'}; got {array.shape}")
    vectors = array.astype(np.float32, copy=False)
    _refuse(name.split(" (")[0], vectors, ~np.isfinite(vectors), "some embeddings are not finite in float32")
    return vectors


def one_space(
    first: ArrayLike, second: ArrayLike, names: tuple[str, str], *, empty: bool = False
) -> tuple[Embeddings, Embeddings]:
    """Two sets of vectors that can be multiplied: as many columns in both.

    Args:
        first: (n, d) numbers.
        second: (m, d) numbers, at least one row.
        names: how an error calls them, with the shapes that are wanted.
        empty: whether the first may hold no row.

    Raises:
        TypeError: for what is no number.
        ValueError: for other shapes, for none, and for NaN and infinity.
    """
    one, other = _numeric(first, names[0]), _numeric(second, names[1])
    fits = one.ndim == other.ndim == 2 and one.shape[1] == other.shape[1]
    if not (fits and (empty or len(one)) and len(other)):
        got = f"got {one.shape} and {other.shape}: are they of one model?"
        raise ValueError(f"expected {names[0]} and {names[1]}, not empty; {got}")
    return embeddings(one, names[0]), embeddings(other, names[1])


def check_lengths(*arrays: NDArray[Any], names: Sequence[str] = ()) -> None:
    """Raise ValueError unless all have the same length, and at least one item."""
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        who = ", ".join(names) or "labels and predictions"
        raise ValueError(f"{who} must be equally long; their lengths are {lengths}")
    if lengths[0] == 0:
        raise ValueError("there are no items to score")


def _refuse(name: str, array: NDArray[Any], wrong: NDArray[np.bool_], remedy: str) -> None:
    """Raise ValueError with the first wrong place, its value, and how many there are."""
    if wrong.any():
        place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
        more = f" ({int(wrong.sum())} of {wrong.size} are like this)" if wrong.sum() > 1 else ""
        raise ValueError(f"{name}[{', '.join(map(str, place))}] is {array[place]}{more}; {remedy}")


def _one_dimensional(values: ArrayLike, name: str, remedy: str) -> NDArray[Any]:
    """Strings, numbers or dates (n,), nothing mixed and no gap among objects."""
    array = _as_array(values, name)
    if array.ndim != 1:
        flat = "pass [:, 0]" if array.ndim == 2 and array.shape[1] == 1 else remedy
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}; {flat}")
    if array.dtype.kind == "O":
        return _of_objects(array.tolist(), name)
    if array.dtype.kind in "UT" and not isinstance(values, np.ndarray):
        return _of_objects(list(values), name)  # type: ignore[arg-type]  # numpy turns NaN and 1 into "nan" and "1"
    return array.astype(str) if array.dtype.kind == "T" else array


def _of_objects(items: list[Any], name: str) -> NDArray[Any]:
    """An array of strings or of numbers, whichever they all are."""
    for i, item in enumerate(items):
        if _is_gap(item):
            wanted = "expected strings or numbers without gaps: leave such items out everywhere"
            raise TypeError(f"{name}[{i}] is {item}; {wanted}")
        if isinstance(item, str) != isinstance(items[0], str):
            both = f"{name}[0] is {items[0]!r} and {name}[{i}] is {item!r}"
            raise TypeError(f"{both}: strings and numbers can never be equal; make them all strings")
    return np.asarray(items)


def _is_gap(item: Any) -> bool:
    """None, NaN, and what pandas has for them."""
    return item is None or type(item).__name__ in ("NAType", "NaTType") or (isinstance(item, float) and item != item)


def _table(values: ArrayLike, name: str) -> NDArray[Any]:
    """Finite numbers (n, k)."""
    array = _numeric(values, name)
    if array.ndim != 2 or array.shape[1] == 0:
        two = ": of two classes pass both columns, np.stack([1 - p, p], 1)" if array.ndim == 1 else ""
        raise ValueError(f"{name} must be a row an item and a column a class, (n, k), got shape {array.shape}{two}")
    _refuse(name, array, ~np.isfinite(array), "leave such items out everywhere")
    return array


def _numeric(values: ArrayLike, name: str) -> NDArray[Any]:
    array = _as_array(values, name)
    if array.dtype.kind not in "biuf" and array.size:
        first = array.ravel()[0]
        if isinstance(first, (list, tuple, np.ndarray)):
            raise TypeError(f"{name} is a column of vectors; np.stack(column.dropna()) makes an array of it")
        raise TypeError(f"{name} must be numbers; it holds {array.dtype} such as {first!r}")
    return array if array.size else array.astype(np.float64)


def _as_array(values: ArrayLike, name: str) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} is no array: rows of different lengths? ({error})") from error
