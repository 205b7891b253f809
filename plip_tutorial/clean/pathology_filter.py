"""Chapter 4: throw out what does not belong: other pictures, other languages, copies, and what the test will ask.

The picture filter is a logistic regression on CLIP embeddings, ``p(pathology | x) = sigmoid(w . x + b)``, whose
threshold is chosen on held-out examples for a wanted precision (Huang et al. 2023 took ImageNet as negatives).

    keep = PathologyFilter().fit(pathology, everyday, precision=0.99).keep(embeddings)
    keep &= is_english(pairs["text"])
    keep &= representative(near_duplicates(pairs["image"]))
    keep &= ~leaks(pairs, benchmark)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from datasets import Dataset
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from plip_tutorial.clean.duplicates import (
    DISTANCE,
    boilerplate,
    copies_of,
    fingerprints,
    join_groups,
    near_duplicate_captions,
    near_duplicates,
    representative,
)
from plip_tutorial.collect.language import is_english
from plip_tutorial.expand.neighbours import choose_threshold
from plip_tutorial.expand.vector_index import check_vectors
from plip_tutorial.metrics.baselines import colour_histogram
from plip_tutorial.sources.images import ImageLike
from plip_tutorial.storage.files import readable, whole_file, with_ending

__all__ = [
    "PathologyFilter",
    "boilerplate",
    "is_english",
    "join_groups",
    "leaks",
    "near_duplicate_captions",
    "near_duplicates",
    "purity",
    "representative",
    "with_colour",
]


@dataclass
class PathologyFilter:
    """Tells pictures of pathology from all other pictures, by their embeddings.

    Attributes:
        strengths: inverse strengths of the L2 penalty (on standardised embeddings) to choose from.
        folds: penalty and threshold are chosen on scores from as many fits, each without the fold that it scores.
        seed: of the folds.
        weights, bias: of the fitted line, (d,) and scalar.
        threshold: smallest probability that is kept.
    """

    strengths: tuple[float, ...] = (0.01, 0.1, 1.0, 10.0)
    folds: int = 5
    seed: int = 0
    weights: NDArray[np.float32] | None = None
    bias: float = 0.0
    threshold: float = 0.5

    def fit(
        self,
        positive: ArrayLike,
        negative: ArrayLike,
        *,
        precision: float = 0.99,
        prevalence: float | None = None,
    ) -> Self:
        """Train, and choose the threshold.

        Args:
            positive: embeddings of pathology, (n, d), unit vectors.
            negative: embeddings of anything else, (m, d), unit vectors.
            precision: share of the kept that is to be pathology, on the held-out examples.
            prevalence: share of pathology where the filter will work, between 0 and 1. A filter that is right 99
                times in 100 among equals is wrong most of the time where 3% are pathology. None: as in the examples.

        Returns:
            The filter itself.

        Raises:
            ValueError: embeddings that are no unit vectors, differ in d or are too few, a prevalence that is no share,
                or a precision that no threshold reaches.
        """
        yes = check_vectors(positive, "positive")
        no = check_vectors(negative, "negative", dim=yes.shape[1])
        if min(len(yes), len(no)) < self.folds:
            few = f"{len(yes)} positive and {len(no)} negative examples are too few for {self.folds} folds"
            raise ValueError(f"{few}: give at least {self.folds} of each, better hundreds.")
        if prevalence is not None and not 0 < prevalence < 1:
            raise ValueError(f"prevalence is {prevalence}; it is a share and lies between 0 and 1.")
        x, y = np.concatenate([yes, no]).astype(np.float32), np.repeat([True, False], [len(yes), len(no)])
        unseen = {strength: self._unseen_scores(x, y, strength) for strength in self.strengths}
        best = max(self.strengths, key=lambda strength: average_precision_score(y, unseen[strength]))
        share = y.mean() if prevalence is None else prevalence
        weights = np.where(y, share / y.mean(), (1 - share) / (1 - y.mean()))
        self.threshold = choose_threshold(unseen[best], y, precision, weights=weights)
        self._fit_line(x, y, best)
        return self

    def _unseen_scores(self, x: NDArray[np.float32], y: NDArray[np.bool_], strength: float) -> NDArray[np.float32]:
        """Score each example by a line that was fitted without it."""
        scores = np.empty(len(y), np.float32)
        for known, fold in StratifiedKFold(self.folds, shuffle=True, random_state=self.seed).split(x, y):
            self._fit_line(x[known], y[known], strength)
            scores[fold] = self.scores(x[fold])
        return scores

    def _fit_line(self, x: NDArray[np.float32], y: NDArray[np.bool_], strength: float) -> None:
        """Logistic regression on standardised embeddings, written back to the embeddings' own scale."""
        mean, spread = x.mean(0), x.std(0) + 1e-6
        line = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
        with threadpool_limits(1):  # so small a problem: threads would wait for each other
            line.fit((x - mean) / spread, y)
        self.weights = np.asarray(line.coef_[0] / spread, np.float32)
        self.bias = float(line.intercept_[0] - self.weights @ mean)

    def scores(self, embeddings: ArrayLike) -> NDArray[np.float32]:
        """Probability of pathology, (n,), for unit vectors (n, d); both classes count alike."""
        weights, vectors = self._line(), check_vectors(embeddings)
        if vectors.shape[1] != len(weights):
            raise ValueError(
                f"this filter was fitted on vectors of {len(weights)} numbers; got {vectors.shape[1]}. If colours "
                "are missing, add them: with_colour(embeddings, images)."
            )
        return np.asarray(expit(vectors.astype(np.float32) @ weights + self.bias), np.float32)

    def _line(self) -> NDArray[np.float32]:
        """The weights of a filter that has some."""
        if self.weights is None:
            raise ValueError("this PathologyFilter is not fitted. Call fit(positive, negative), or load a saved one.")
        return self.weights

    def keep(self, embeddings: ArrayLike) -> NDArray[np.bool_]:
        """Bool mask, (n,): True where the picture is pathology."""
        return self.scores(embeddings) >= np.float32(self.threshold)

    def save(self, path: str | Path) -> Path:
        """Write one .npz file of plain numbers, whole or not at all; returns its path.

        Args:
            path: ".npz" is put behind a name that lacks it.

        Raises:
            ValueError: the filter is not fitted.
        """
        self._line()
        path = with_ending(path, ".npz")
        fields: dict[str, Any] = {name: np.asarray(value) for name, value in vars(self).items()}
        with whole_file(path) as place:
            np.savez(place, **fields)  # numbers, so no pickle
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a saved filter; nothing in the file is executed.

        Raises:
            DamagedError: the file is no filter, or half of one.
        """
        path = with_ending(path, ".npz")
        with readable(path):
            with np.load(path, allow_pickle=False) as file:
                fields: dict[str, Any] = {name: value if value.ndim else value.item() for name, value in file.items()}
            loaded = cls(**fields | {"strengths": tuple(fields["strengths"].tolist())})
            numbers = np.asarray(loaded.weights, np.float32)
            if numbers.ndim != 1 or not np.isfinite([*numbers, loaded.bias, loaded.threshold]).all():
                raise ValueError("weights, bias and threshold are no finite numbers of one line")
        return loaded


def with_colour(embeddings: ArrayLike, images: Iterable[ImageLike]) -> NDArray[np.float32]:
    """Put the colours of each picture beside its embedding, for a model too small to have learned stains.

    The square roots of a histogram are a vector of fixed length, so the new dot product is the mean of the cosine
    similarity and of the overlap of the colours (Bhattacharyya 1943).

    Args:
        embeddings: unit vectors, (n, d).
        images: the n pictures.

    Returns:
        Unit vectors, (n, d + 48).
    """
    vectors = check_vectors(embeddings)
    colours = np.sqrt(colour_histogram(images) / 3)  # three histograms that sum to 1 each
    if len(vectors) != len(colours):
        raise ValueError(f"there are {len(vectors)} embeddings and {len(colours)} images; one for each is needed")
    return np.asarray(np.concatenate([vectors, colours], axis=1) / np.sqrt(2), np.float32)


def leaks(
    train: Dataset, test: Dataset, *, keys: tuple[str, ...] = ("patient", "slide"), distance: int = DISTANCE
) -> NDArray[np.bool_]:
    """Find the training rows that give the test away.

    A row leaks if it shows the patient or the slide of a test row, or (nearly) the same picture. Drop these rows.

    Args:
        train: n rows; the columns looked at are ``image`` and each key, with or without ``truth_`` before it.
        test: m rows, likewise. A key counts where both tables have it; an empty cell matches nothing.
        keys: columns that must not be shared.
        distance: bits by which the hashes of the same picture may differ, see `near_duplicates`.

    Returns:
        Bool mask over the rows of train, (n,), True where a row leaks.

    Raises:
        ValueError: the tables share neither pictures nor a key, so nothing can be compared.
    """
    shared = [(_column(train, key), _column(test, key)) for key in keys]
    shared = [(mine, theirs) for mine, theirs in shared if mine and theirs]
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


def _column(table: Dataset, key: str) -> str | None:
    """The column that holds a key."""
    return next((name for name in (key, f"truth_{key}") if name in table.column_names), None)


def purity(pairs: Dataset) -> dict[str, Any]:
    """Count what is still wrong in a corpus whose truth is known.

    Args:
        pairs: rows with truth_pathology, truth_match and truth_language.

    Returns:
        Numbers of pairs: all, those with another picture than pathology, those whose text tells of something else,
        those in another language, those with any of these faults; and the share without fault (NaN if there are none).
    """
    picture, text = ~np.array(pairs["truth_pathology"], bool), ~np.array(pairs["truth_match"], bool)
    language = ~np.isin(np.array(pairs["truth_language"], object), ["en", ""])  # "" is a text without words
    wrong = picture | text | language
    return {
        "pairs": len(pairs),
        "not pathology": int(picture.sum()),
        "text of something else": int(text.sum()),
        "not English": int(language.sum()),
        "any fault": int(wrong.sum()),
        "purity": float(1 - wrong.mean()) if len(pairs) else float("nan"),
    }
