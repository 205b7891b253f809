"""The filter of pictures: a logistic regression on vectors of pictures, ``p(pathology | x) = sigmoid(w . x + b)``.

Its threshold is chosen on held-out examples for a wanted precision (Huang et al. 2023 took CLIP embeddings, and
ImageNet as negatives). The filter that comes with the package looks at `dyes_and_texture`, and needs no model.

    keep = is_pathology(images)                                            # the filter that comes with the package
    keep = PathologyFilter().fit(pathology, everyday, precision=0.99).keep(vectors)                   # one of your own
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from plip_tutorial.clean.dyes_and_texture import dyes_and_texture
from plip_tutorial.contrastive.similarity import check_unit
from plip_tutorial.expand.threshold import choose_threshold
from plip_tutorial.sources.images import ImageLike, refuse_single
from plip_tutorial.storage.files import readable, whole_file, with_ending

MODELS = Path(__file__).parents[1] / "data" / "models"


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
            positive: embeddings of pathology, unit vectors (n, d).
            negative: embeddings of anything else, unit vectors (m, d).
            precision: share of the kept that is to be pathology, on the held-out examples.
            prevalence: share of pathology where the filter will work, between 0 and 1. A filter that is right 99
                times in 100 among equals is wrong most of the time where 3% are pathology. None: as in the examples.

        Returns:
            The filter itself.

        Raises:
            ValueError: embeddings that are no unit vectors, differ in d or are too few, a prevalence that is no share,
                or a precision that no threshold reaches.
        """
        yes = check_unit(positive, "positive")
        no = check_unit(negative, "negative", dim=yes.shape[1])
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
        weights, vectors = self._line(), check_unit(embeddings)
        if vectors.shape[1] != len(weights):
            raise ValueError(
                f"this filter was fitted on vectors of {len(weights)} numbers; got {vectors.shape[1]}. The "
                "one that comes with the package takes clean.dyes_and_texture(images)."
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
        """Write one file of plain numbers (JSON), whole or not at all; returns its path.

        Args:
            path: ".json" is put behind a name that lacks it.

        Raises:
            ValueError: the filter is not fitted.
        """
        path = with_ending(path, ".json")
        weights = [float(f"{weight:.9g}") for weight in self._line()]  # nine digits are single precision
        with whole_file(path) as place:
            place.write_text(json.dumps(vars(self) | {"weights": weights}) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a saved filter; nothing in the file is executed.

        Raises:
            DamagedError: the file is no filter, or half of one.
        """
        path = with_ending(path, ".json")
        with readable(path):
            loaded = cls(**json.loads(path.read_text(encoding="utf-8")))
            loaded.strengths, loaded.weights = tuple(loaded.strengths), np.asarray(loaded.weights, np.float32)
            numbers = [*loaded.weights, loaded.bias, loaded.threshold]
            if loaded.weights.ndim != 1 or not np.isfinite(numbers).all():
                raise ValueError("weights, bias and threshold are no finite numbers of one line")
        return loaded


def is_pathology(images: Sequence[ImageLike]) -> NDArray[np.bool_]:
    """Tell pictures of pathology from all others, by the filter that comes with the package; no model is loaded.

    Args:
        images: n paths, PIL images or arrays, mixed.

    Returns:
        Bool mask, (n,).

    Raises:
        UnreadableImageError: a picture cannot be decoded, with its index.
    """
    refuse_single(images)
    return _committed().keep(dyes_and_texture(images))


@cache
def _committed() -> PathologyFilter:
    return PathologyFilter.load(MODELS / "filter.json")
