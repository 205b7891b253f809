"""Training rows that give the test away: the patient, the slide or the very picture of a test row."""

from __future__ import annotations

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray

from plip_tutorial.clean.duplicates import DISTANCE, copies_of, fingerprints


def leaks(
    train: Dataset, test: Dataset, *, keys: tuple[str, ...] = ("patient", "slide"), distance: int = DISTANCE
) -> NDArray[np.bool_]:
    """Find the training rows that show the patient or the slide of a test row, or (nearly) the same picture.

    Args:
        train: n rows; the columns looked at are ``image`` and each key, with or without ``truth_`` before it.
        test: m rows, likewise. A key counts where both tables have it; an empty cell matches nothing.
        keys: columns that must not be shared.
        distance: bits by which the hashes of the same picture may differ, see `near_duplicates`.

    Returns:
        Bool mask over the rows of train, (n,), True where a row leaks and is to be dropped.

    Raises:
        ValueError: the tables share neither pictures nor a key, so nothing can be compared.
    """

    def column(table: Dataset, key: str) -> str | None:
        return next((name for name in (key, f"truth_{key}") if name in table.column_names), None)

    shared = [(mine, theirs) for key in keys if (mine := column(train, key)) and (theirs := column(test, key))]
    pictures = "image" in train.column_names and "image" in test.column_names
    if not shared and not pictures:
        raise ValueError(f"nothing to compare: train has {train.column_names}, test has {test.column_names}.")
    leaking = np.zeros(len(train), bool)
    for mine, theirs in shared:
        known = set(test[theirs]) - {"", None}
        leaking |= np.array([value in known for value in train[mine]], bool)
    if pictures:
        leaking |= copies_of(fingerprints(train["image"]), fingerprints(test["image"]), distance=distance)
    return leaking
