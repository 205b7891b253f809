"""The numbers of this project, measured: ``python -m plip_tutorial report`` prints them.

Time to build, tiles drawn a second, zero-shot and linear probe of the tiny models on the four sets, and, where a folder
of real tiles is given, the same on pictures that no program drew.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from plip_tutorial import artifacts, linear_probe, microcosm, retrieval, tracks, zero_shot
from plip_tutorial.artifacts import build, committed
from plip_tutorial.contrastive.similarity import unit
from plip_tutorial.metrics import baselines
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score
from plip_tutorial.microcosm.benchmarks import Split
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.own_tiles import read_folder

MODELS: dict[str, Callable[[int], Path]] = {"tiny CLIP": build.clip_of, "tiny PLIP": build.plip_of}
Features = Callable[[Sequence[Any]], NDArray[Any]]
FOLDS = 5  # of the probe on real tiles
# The textures of Kather et al. (2016) have other labels; "complex stroma" has no counterpart and is left out.
KATHER_2016 = {
    "01_TUMOR": "TUM", "02_STROMA": "STR", "04_LYMPHO": "LYM", "05_DEBRIS": "DEB", "06_MUCOSA": "NORM",
    "07_ADIPOSE": "ADI", "08_EMPTY": "BACK",
}  # fmt: skip


@dataclass(frozen=True)
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


def zero_shot_score(plip: PLIP, data: Labelled, name: str) -> Score:
    """Weighted F1 with the paper's prompt of benchmark ``name``."""
    phrases = microcosm.PHRASES[name]
    words = zero_shot.classifier(plip, list(phrases.values()), microcosm.TEMPLATES[name])
    predicted, _ = zero_shot.predict(plip.encode_images(data.images, 256), words)
    return metrics.weighted_f1(data.labels, np.array(list(phrases))[predicted], groups=data.groups)


def probe_score(train: Labelled, test: Labelled, features: Features) -> Score:
    """Macro F1 of a linear probe; C is chosen inside the training set, by patients."""
    probe = linear_probe.sweep(features(train.images), train.labels, groups=train.groups)
    return metrics.macro_f1(test.labels, probe.predict(features(test.images)), groups=test.groups)


def folded_probe_score(data: Labelled, features: Features, folds: int = FOLDS) -> Score:
    """Macro F1 of a probe on a small set without a split of its own: every tile is predicted by a probe without it."""
    from sklearn.model_selection import StratifiedKFold

    counts = dict(zip(*np.unique(data.labels, return_counts=True), strict=True))
    usable = np.array([counts[label] >= folds for label in data.labels])
    _warn_of_left_out("the probe", data.labels[~usable], f"fewer than {folds} of their class")
    x, y = np.asarray(features(data.images))[usable], data.labels[usable]
    predicted = np.empty_like(y)
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=0).split(x, y):
        predicted[test] = linear_probe.sweep(x[train], y[train]).predict(x[test])
    return metrics.macro_f1(y, predicted)


def retrieval_score(data: Labelled, features: Features, k: int = 5) -> Score:
    """Picture to picture: share of the k nearest others that have the label of the query, mean over all tiles.

    Pictures of the query's own group are left out where groups are known.
    """
    x = np.asarray(features(data.images), np.float32)
    _, near = retrieval.neighbours(unit(x), k, slides=data.groups)
    right = (data.labels[near] == data.labels[:, None]) & (near >= 0)
    return metrics.average(right.mean(1), groups=data.groups)


def words_to_pictures_score(plip: PLIP, data: Labelled, name: str, k: int = 5) -> Score:
    """Words to pictures: share of the first k pictures that show what the sentence says, mean over the classes."""
    phrases = {label: phrase for label, phrase in microcosm.PHRASES[name].items() if label in set(data.labels)}
    sentences = [zero_shot.prompts(phrase, microcosm.TEMPLATES[name])[0] for phrase in phrases.values()]
    _, found = retrieval.search(plip.encode_text(sentences), plip.encode_images(data.images, 256), k)
    return metrics.average((data.labels[found] == np.array(list(phrases))[:, None]).mean(1))


def random_retrieval(data: Labelled) -> tuple[float, float]:
    """What pictures in random order score: for `retrieval_score` without groups, and for `words_to_pictures_score`."""
    _, counts = np.unique(data.labels, return_counts=True)
    n = counts.sum()
    return float((counts / n * (counts - 1) / (n - 1)).sum()), float((counts / n).mean())


def _mean(scores: Sequence[Score]) -> str:
    """Mean over seeds; the interval is that of the first seed."""
    values = [score.value for score in scores]
    spread = f" +- {np.std(values, ddof=1):.3f} ({len(values)} seeds)" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread} [{scores[0].low:.3f}, {scores[0].high:.3f}]"


def speed(seconds: float = 3.0) -> float:
    """Tiles of 64 pixels that one core draws in a second, all tissues in turn."""
    start, drawn = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        for tissue in microcosm.TISSUES:
            microcosm.render_tile(tissue, seed=drawn)
        drawn += len(microcosm.TISSUES)
    return drawn / (time.perf_counter() - start)


def building() -> pd.DataFrame:
    """Seconds that the committed models took when they were made, and how fast this machine draws."""
    seconds = committed.note()["provenance"]["seconds"]
    rows = {"seconds to make the models": seconds, "tiles drawn a second, one core, 64 px": speed()}
    return pd.DataFrame({"value": {name: f"{value:.0f}" for name, value in rows.items()}})


def benchmarks(seeds: int = 3) -> pd.DataFrame:
    """Zero-shot (weighted F1) and linear probe (macro F1) of both models on the four sets, with colour and constant."""
    models = _models(seeds)
    table: dict[str, dict[str, str]] = {}
    for name in microcosm.NAMES:
        train, test = micro(name, "train"), micro(name, "test")
        table |= _rows(name, models, test, name, partial(probe_score, train, test))
    return pd.DataFrame(table).T.fillna("")


def real_tiles(folders: Sequence[Path], seeds: int = 3) -> pd.DataFrame:
    """The same on folders of real tiles with the codes of NCT-CRC-HE; the models never saw a real picture."""
    models = _models(seeds)
    table: dict[str, dict[str, str]] = {}
    for folder in folders:
        data, codes = real(folder), "micro-kather"
        table |= _rows(folder.name, models, data, codes, partial(folded_probe_score, data))
        by_picture, by_words = ({"constant": f"{value:.3f} (random order)"} for value in random_retrieval(data))
        row = {m: _mean([words_to_pictures_score(plip, data, codes) for plip in ps]) for m, ps in models.items()}
        table[f"{folder.name}, neighbours"] = _by_pictures(models, partial(retrieval_score, data)) | by_picture
        table[f"{folder.name}, found by words"] = row | by_words
    return pd.DataFrame(table).T.fillna("")


def _rows(
    title: str, models: dict[str, list[PLIP]], test: Labelled, codes: str, probe: Callable[[Features], Score]
) -> dict[str, dict[str, str]]:
    """Zero-shot and probe, beside the classifier that always gives the same answer."""
    same = metrics.report(test.labels, test.labels, groups=test.groups)
    weighted, macro = ({"constant": f"{same[f'constant_{kind}_f1'].value:.3f}"} for kind in ("weighted", "macro"))
    named = {m: _mean([zero_shot_score(plip, test, codes) for plip in ps]) for m, ps in models.items()}
    return {f"{title}, zero-shot": named | weighted, f"{title}, probe": _by_pictures(models, probe) | macro}


def _models(seeds: int) -> dict[str, list[PLIP]]:
    return {name: [PLIP(make(seed)) for seed in range(seeds)] for name, make in MODELS.items()}


def _by_pictures(models: dict[str, list[PLIP]], score: Callable[[Features], Score]) -> dict[str, str]:
    """A score of vectors of pictures: those of the models, and those that need no model."""
    row = {
        name: _mean([score(partial(plip.encode_images, batch_size=256)) for plip in ps]) for name, ps in models.items()
    }
    return row | {"mean colour": str(score(baselines.mean_colour)), "histogram": str(score(baselines.colour_histogram))}


def _warn_of_left_out(where: str, labels: NDArray[Any], why: str) -> None:
    if len(labels):
        counts = ", ".join(f"{n} {label}" for label, n in zip(*np.unique(labels, return_counts=True), strict=True))
        warnings.warn(f"{where}: {len(labels)} tiles are left out ({why}): {counts}", stacklevel=3)
