"""Sets of labelled tiles, drawn or real, and how a model does on them, or what needs no model.

data = real(Path("nct_crc_mini"))
zero_shot_score(plip, data, "micro-kather"), folded_probe_score(data, partial(seen, plip))
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plip_tutorial import artifacts, linear_probe, microcosm, retrieval, tracks, zero_shot
from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.own_tiles import read_folder

FOLDS = 5  # of the probe on real tiles
# The textures of Kather et al. (2016) have other labels; "complex stroma" has no counterpart and is left out.
KATHER_2016 = {
    "01_TUMOR": "TUM", "02_STROMA": "STR", "04_LYMPHO": "LYM", "05_DEBRIS": "DEB", "06_MUCOSA": "NORM",
    "07_ADIPOSE": "ADI", "08_EMPTY": "BACK",
}  # fmt: skip


@dataclass(frozen=True, eq=False)  # told apart by identity, so that what was seen of one can be kept
class Labelled:
    """Pictures with labels, ready to be scored.

    Attributes:
        images: n pictures.
        labels: names of the classes, (n,).
        groups: patients, (n,), or None where nobody knows them.
    """

    images: Sequence[Any]
    labels: NDArray[Any]
    groups: NDArray[Any] | None = None


Features = Callable[[Labelled], NDArray[Any]]  # a vector for each picture, (n, d)


def micro(name: str, split: Split) -> Labelled:
    """One of the microcosm's sets."""
    table = artifacts.benchmark_of(tracks.TINY, name, split)
    labels = np.array(table.features["label"].int2str(table["label"]))
    return Labelled(table["image"], labels, np.array(table["patient"]))


def real(folder: Path) -> Labelled:
    """Tiles on disk, ``class/file``; labels of the 2016 set are renamed, what has no counterpart is left out.

    Raises:
        FileNotFoundError, ValueError: no folder, no pictures in it, or none of its classes is known.
    """
    table = read_folder(folder)
    labels = np.array(table.features["label"].int2str(table["label"]))
    renamed = np.array([KATHER_2016.get(label, label) for label in labels])
    known = np.isin(renamed, list(microcosm.PHRASES["micro-kather"]))
    if not known.any():
        names = ", ".join([*microcosm.PHRASES["micro-kather"], *KATHER_2016])
        raise ValueError(f"{folder} has the classes {', '.join(np.unique(labels))}; none of them is one of {names}.")
    _warn_of_left_out(folder.name, renamed[~known], "no class of NCT-CRC-HE has their label")
    keep = np.flatnonzero(known)
    return Labelled(table.select(keep)["image"], renamed[keep])


def check_real(folders: Sequence[Path]) -> None:
    """Read folders of real tiles, so that what cannot be measured is refused before any model is built.

    Raises:
        FileNotFoundError, ValueError: as `real`; or if the probe finds fewer than two classes of `FOLDS` tiles.
    """
    for folder in folders:
        classes = dict(zip(*np.unique(real(folder).labels, return_counts=True), strict=True))
        if sum(n >= FOLDS for n in classes.values()) < 2:
            found = ", ".join(f"{n} of {name}" for name, n in classes.items())
            raise ValueError(f"{folder} holds {found}; the probe needs two classes of {FOLDS} tiles or more.")


@cache
def seen(plip: PLIP, data: Labelled) -> NDArray[np.float32]:
    """Embeddings of a set, (n, d); a model looks at each set once."""
    return plip.encode_images(data.images, 256)


def cosines(plip: PLIP, data: Labelled, name: str) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Similarity to the paper's prompts of benchmark ``name``: its k classes, and cosines (n, k)."""
    phrases = microcosm.PHRASES[name]
    words = zero_shot.classifier(plip, list(phrases.values()), microcosm.TEMPLATES[name])
    return np.array(list(phrases)), zero_shot.predict(seen(plip, data), words)[1]


def zero_shot_labels(plip: PLIP, data: Labelled, name: str) -> NDArray[Any]:
    """The class whose prompt is nearest, (n,)."""
    classes, similar = cosines(plip, data, name)
    return np.asarray(classes[similar.argmax(1)])


def zero_shot_score(plip: PLIP, data: Labelled, name: str) -> Score:
    """Weighted F1 with the paper's prompt of benchmark ``name``."""
    return metrics.weighted_f1(data.labels, zero_shot_labels(plip, data, name), groups=data.groups)


def malignancy_scores(plip: PLIP, data: Labelled, name: str) -> dict[str, Score]:
    """Benign or malignant, by the nearer prompt, by their order, and by the nearer one after centring.

    A model can put the tiles into the right order (AUROC) and set the threshold between the two words in a wrong place.
    Centring takes the mean over the set from the cosines of each class: no label is used, but the whole set is.
    """
    classes, similar = cosines(plip, data, name)

    def balanced(similar: NDArray[np.float32]) -> Score:
        return metrics.balanced_accuracy(data.labels, classes[similar.argmax(1)], groups=data.groups)

    return {
        "balanced accuracy": balanced(similar),
        "AUROC": metrics.auroc(data.labels == classes[1], similar[:, 1] - similar[:, 0], groups=data.groups),
        "balanced accuracy, centred": balanced(similar - similar.mean(0)),
    }


def probe_score(train: Labelled, test: Labelled, features: Features, *, standardise: bool = False) -> Score:
    """Macro F1 of a linear probe; C is chosen inside the training set, by patients.

    Args:
        train: tiles to learn from.
        test: tiles to score on.
        features: what makes vectors of pictures.
        standardise: bring each column to mean 0 and spread 1 of the training tiles, where vectors of two kinds stand
            side by side.
    """
    predicted = _probed(features(train), train.labels, features(test), train.groups, standardise)
    return metrics.macro_f1(test.labels, predicted, groups=test.groups)


def folded_probe_score(data: Labelled, features: Features, folds: int = FOLDS, *, standardise: bool = False) -> Score:
    """Macro F1 of a probe on a small set without a split of its own: every tile is predicted by a probe without it."""
    from sklearn.model_selection import StratifiedKFold

    usable = _foldable(data, folds)
    x, y = np.asarray(features(data))[usable], data.labels[usable]
    predicted = np.empty_like(y)
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=0).split(x, y):
        predicted[test] = _probed(x[train], y[train], x[test], None, standardise)
    return metrics.macro_f1(y, predicted)


@cache
def _foldable(data: Labelled, folds: int) -> NDArray[np.bool_]:
    """Which tiles have enough of their class beside them, (n,); of the others is told once."""
    counts = dict(zip(*np.unique(data.labels, return_counts=True), strict=True))
    usable = np.array([counts[label] >= folds for label in data.labels])
    _warn_of_left_out("the probe", data.labels[~usable], f"fewer than {folds} of their class")
    return usable


def _probed(
    x: NDArray[Any], y: NDArray[Any], new: NDArray[Any], groups: NDArray[Any] | None, standardise: bool
) -> NDArray[Any]:
    """Labels that a probe of x (n, d) and y (n,) gives to the rows of ``new``."""
    if standardise:
        centre, spread = x.mean(0), x.std(0) + 1e-6  # a column that is always the same stays at 0
        x, new = (x - centre) / spread, (new - centre) / spread
    return linear_probe.sweep(x, y, groups=groups).predict(new)


def retrieval_score(data: Labelled, features: Features, k: int = 5) -> Score:
    """Picture to picture: share of the k nearest others that have the label of the query, mean over all tiles.

    Pictures of the query's own group are left out where groups are known.
    """
    x = np.asarray(features(data), np.float32)
    _, near = retrieval.neighbours(unit(x), k, slides=data.groups)
    right = (data.labels[near] == data.labels[:, None]) & (near >= 0)
    return metrics.average(right.mean(1), groups=data.groups)


def words_to_pictures_score(plip: PLIP, data: Labelled, name: str, k: int = 5) -> Score:
    """Words to pictures: share of the first k pictures that show what the sentence says, mean over the classes."""
    phrases = {label: phrase for label, phrase in microcosm.PHRASES[name].items() if label in set(data.labels)}
    sentences = [zero_shot.prompts(phrase, microcosm.TEMPLATES[name])[0] for phrase in phrases.values()]
    _, found = retrieval.search(plip.encode_text(sentences), seen(plip, data), k)
    return metrics.average((data.labels[found] == np.array(list(phrases))[:, None]).mean(1))


def random_retrieval(data: Labelled) -> tuple[float, float]:
    """What pictures in random order score: for `retrieval_score` without groups, and for `words_to_pictures_score`."""
    _, counts = np.unique(data.labels, return_counts=True)
    n = counts.sum()
    return float((counts / n * (counts - 1) / (n - 1)).sum()), float((counts / n).mean())


def _warn_of_left_out(where: str, labels: NDArray[Any], why: str) -> None:
    if len(labels):
        counts = ", ".join(f"{n} {label}" for label, n in zip(*np.unique(labels, return_counts=True), strict=True))
        warnings.warn(f"{where}: {len(labels)} tiles are left out ({why}): {counts}", stacklevel=3)
