"""The numbers of this project, measured: ``python -m plip_tutorial report`` prints them.

Zero-shot and linear probe of the tiny models on the four sets, beside what needs no model, and, where folders of real
tiles are given, the same on pictures that no program drew; the filter, the machine, and what was aimed at. Models of
other seeds than 0 are trained when they are asked for, and cached.

    rows = run(seeds=1)                     # minutes
    stored = provenance.load("report")      # what was committed
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from plip_tutorial import clean, microcosm
from plip_tutorial.artifacts import build, committed
from plip_tutorial.metrics import baselines
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.metrics.scores import Score
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import to_rgb
from plip_tutorial.sources.own_tiles import read_folder
from plip_tutorial.sources.picture_files import demand_pictures
from plip_tutorial.studies import canary, provenance, scoring
from plip_tutorial.studies.scoring import Features, Labelled

NAME = "report"
MODELS: dict[str, Callable[[int], Path]] = {"tiny CLIP": build.clip_of, "tiny PLIP": build.plip_of}
WITHOUT_MODEL: dict[str, Features] = {
    "mean colour": cache(lambda data: baselines.mean_colour(data.images)),
    "histogram": cache(lambda data: baselines.colour_histogram(data.images)),
    "texture": cache(lambda data: baselines.texture(data.images)),
}
BOTH = "PLIP + texture"
KATHER, PANNUKE, MACHINE = "micro-kather", "micro-pannuke", "machine"
PROBE = "probe macro F1"
WHITES = {"as it is": (255, 255, 255), "green": (222, 245, 215), "yellow": (245, 235, 190), "pink": (250, 215, 230)}
KEPT = "share kept by the filter, glass"


@dataclass(frozen=True)
class Row:
    """One number of the report.

    Attributes:
        data: what was scored on: a benchmark, a folder, or the machine.
        score: name of the score.
        method: a model, or what needs none.
        values: one for each seed; a single one where no seed matters.
        low, high: 95% interval of the first seed; None where there is none.
    """

    data: str
    score: str
    method: str
    values: tuple[float, ...]
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, data: str, score: str, method: str, scores: Sequence[Score]) -> Row:
        """The row of a score, taken of each seed."""
        return cls(data, score, method, tuple(s.value for s in scores), scores[0].low, scores[0].high)

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return float(np.mean(self.values))

    def __str__(self) -> str:
        """Mean, spread over seeds, interval of the first seed."""
        text = f"{self.mean:.0f}" if abs(self.mean) >= 10 else f"{self.mean:.3f}"
        text += f" +- {np.std(self.values, ddof=1):.3f}" if len(self.values) > 1 else ""
        return text if self.low is None else f"{text} [{self.low:.3f}, {self.high:.3f}]"


def run(seeds: int = 3, real: Sequence[Path] = (), negatives: Path | None = None, *, save: bool = False) -> list[Row]:
    """Measure and print.

    Args:
        seeds: models of each kind. Seed 0 are the committed ones; each other takes a whole training.
        real: folders ``class/file`` of H&E tiles with the classes of NCT-CRC-HE or of Kather et al. (2016).
        negatives: a folder of pictures that are no H&E.
        save: write the rows to ``report.json`` in the package.
    """
    start, rows = time.perf_counter(), list[Row]()
    print("Mean over seeds, +- spread over seeds, in brackets the 95% interval of the first seed.", end="\n\n")
    for part in measure(seeds, real, negatives):
        print(table(part).to_string(), end="\n\n")
        rows += part
    print(aims(rows).to_string(index=False))
    if save:
        note = provenance.Provenance.now(seconds=time.perf_counter() - start, canary=watched())
        print(provenance.save(NAME, {"seeds": seeds, "rows": [asdict(row) for row in rows]}, note))
    return rows


def watched() -> dict[str, Any]:
    """The canary of all that the result depends on."""
    tile = microcosm.render_tile("stroma", seed=3)
    return canary.take(texture=baselines.texture([tile])[0].astype(float).round(4).tolist())


def measure(seeds: int = 3, real: Sequence[Path] = (), negatives: Path | None = None) -> Iterator[list[Row]]:
    """All numbers, a list of rows for each set, as soon as they are there; arguments as `run`."""
    models = {name: [PLIP(make(seed)) for seed in range(seeds)] for name, make in MODELS.items()}
    for name in microcosm.NAMES:
        train, test = scoring.micro(name, "train"), scoring.micro(name, "test")
        yield [*_on_a_set(name, models, test, name, partial(scoring.probe_score, train, test))]
    for folder in real:
        data = scoring.real(folder)
        yield [
            *_on_a_set(folder.name, models, data, KATHER, partial(scoring.folded_probe_score, data)),
            *_retrieval(folder.name, models, data),
        ]
        yield [*_kept(folder)]
    if negatives:
        files = [negatives / file for file in demand_pictures(negatives)]
        rejected = metrics.average(~clean.is_pathology(files))
        yield [Row.of(negatives.name, "share rejected by the filter", "filter", [rejected])]
    yield [*_machine(models["tiny PLIP"][0])]


def _on_a_set(
    name: str, models: dict[str, list[PLIP]], test: Labelled, codes: str, probe: Callable[..., Score]
) -> Iterator[Row]:
    """Zero-shot and probe; and what is asked of one set only."""
    yield from _zero_shot("weighted F1", name, models, test, codes)
    yield from (zero_shot := [*_zero_shot("macro F1", name, models, test, codes)])
    if name == KATHER:
        yield from _recalls(models, test)
    if name == PANNUKE:
        for model, plips in models.items():
            told = [scoring.malignancy_scores(plip, test, codes) for plip in plips]
            yield from (Row.of(name, score, model, [scores[score] for scores in told]) for score in told[0])
    features: dict[str, list[Features]] = {method: [each] for method, each in WITHOUT_MODEL.items()}
    features |= {model: [partial(scoring.seen, plip) for plip in plips] for model, plips in models.items()}
    probes = [Row.of(name, PROBE, method, [probe(one) for one in each]) for method, each in features.items()]
    yield from probes
    both = [partial(_beside_texture, one) for one in features["tiny PLIP"]]
    yield Row.of(name, PROBE, BOTH, [probe(one, standardise=True) for one in both])
    yield _lead("zero-shot macro F1 among those without labels", zero_shot)
    yield _lead("zero-shot macro F1", [*zero_shot, *probes[: len(WITHOUT_MODEL)]])
    yield _lead(PROBE, probes)


def _zero_shot(score: str, name: str, models: dict[str, list[PLIP]], test: Labelled, codes: str) -> Iterator[Row]:
    key = score.lower().replace(" ", "_")
    for model, plips in models.items():
        labels = [scoring.zero_shot_labels(plip, test, codes) for plip in plips]
        told = [metrics.score(key, test.labels, found, groups=test.groups) for found in labels]
        yield Row.of(name, f"zero-shot {score}", model, told)
    constant = metrics.report(test.labels, test.labels, groups=test.groups)[f"constant_{key}"]
    yield Row.of(name, f"zero-shot {score}", "constant", [constant])


def _beside_texture(vectors: Features, data: Labelled) -> Any:
    return np.hstack([vectors(data), WITHOUT_MODEL["texture"](data)])


def _lead(score: str, rows: Sequence[Row]) -> Row:
    """How far the tiny PLIP is ahead of the next. What needs no model has learnt from labels, also beside zero-shot."""
    own = next(row for row in rows if row.method == "tiny PLIP")
    others = np.array([np.broadcast_to(row.values, len(own.values)) for row in rows if row is not own])
    return Row(own.data, f"lead in {score}", own.method, tuple((own.values - others.max(0)).tolist()))


def _recalls(models: dict[str, list[PLIP]], test: Labelled) -> Iterator[Row]:
    for model, plips in models.items():
        labels = [scoring.zero_shot_labels(plip, test, KATHER) for plip in plips]
        told = [metrics.per_class(test.labels, found, groups=test.groups) for found in labels]
        yield from (Row.of(KATHER, f"recall of {c}", model, [recall[c] for recall in told]) for c in told[0])
        smallest = [min(recall.values(), key=float) for recall in told]
        yield Row.of(KATHER, "smallest recall", model, smallest)


def _retrieval(name: str, models: dict[str, list[PLIP]], data: Labelled) -> Iterator[Row]:
    by_picture, by_words = "of 5 neighbours, same class", "of 5 found by words, right"
    for model, plips in models.items():
        found = [scoring.retrieval_score(data, partial(scoring.seen, plip)) for plip in plips]
        yield Row.of(name, by_picture, model, found)
        yield Row.of(name, by_words, model, [scoring.words_to_pictures_score(plip, data, KATHER) for plip in plips])
    for method, features in WITHOUT_MODEL.items():
        yield Row.of(name, by_picture, method, [scoring.retrieval_score(data, features)])
    for score, chance in zip((by_picture, by_words), scoring.random_retrieval(data), strict=True):
        yield Row(name, score, "random order", (chance,))


def _kept(folder: Path) -> Iterator[Row]:
    """What the filter keeps of real tissue, glass left aside: as it is, and as if glass had been of another colour."""
    tiles = read_folder(folder)
    labels = np.array(tiles.features["label"].int2str(tiles["label"]))
    tissue = np.array([scoring.KATHER_2016.get(label, label) != "BACK" for label in labels])
    pictures = [np.asarray(to_rgb(tile)) for tile in tiles.select(np.flatnonzero(tissue))["image"]]
    for name, white in WHITES.items():
        moved = [(picture * (np.array(white) / 255)).round().astype(np.uint8) for picture in pictures]
        yield Row.of(folder.name, f"{KEPT} {name}", "filter", [metrics.average(clean.is_pathology(moved))])


def _machine(plip: PLIP, seconds: float = 3.0) -> Iterator[Row]:
    """How fast one core draws and embeds tiles of 64 pixels, and what the committed models weigh and took."""
    tiles, start = list[Any](), time.process_time()  # of the processor: others may be busy on this machine
    while time.process_time() - start < seconds:
        tiles += [microcosm.render_tile(tissue, seed=len(tiles)) for tissue in microcosm.TISSUES]
    yield Row(MACHINE, "tiles drawn a second", "one core", (len(tiles) / (time.process_time() - start),))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        start = time.process_time()
        plip.encode_images(tiles, 64)
        yield Row(MACHINE, "tiles embedded a second", "one core", (len(tiles) / (time.process_time() - start),))
    finally:
        torch.set_num_threads(threads)
    yield Row(MACHINE, "minutes to make the models", "once", (committed.note()["provenance"]["seconds"] / 60,))
    for model, make in MODELS.items():
        size = sum(path.stat().st_size for path in make(0).rglob("*") if path.is_file())
        yield Row(MACHINE, "megabytes", model, (size / 1e6,))


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows of one set as text: a row a score, a column a method."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        cells.setdefault(f"{row.data}: {row.score}", {})[row.method] = str(row)
    return pd.DataFrame.from_dict(cells, orient="index").fillna("")


AIMS = (  # data, score, method, the smallest (or the largest) number that is aimed at
    (KATHER, "zero-shot weighted F1", "tiny PLIP", ">=", 0.80),
    (KATHER, "smallest recall", "tiny PLIP", ">=", 0.50),
    (KATHER, "zero-shot weighted F1", "tiny CLIP", "<=", 0.25),
    *((name, "lead in zero-shot macro F1", "tiny PLIP", ">=", 0.0) for name in microcosm.NAMES),
    *((name, f"lead in {PROBE}", "tiny PLIP", ">=", 0.0) for name in microcosm.NAMES),
    (PANNUKE, "balanced accuracy", "tiny PLIP", ">=", 0.75),
    ("nct_crc_mini", "zero-shot weighted F1", "tiny PLIP", ">=", 0.55),
    ("nct_crc_mini", PROBE, "tiny PLIP", ">=", 0.80),
    ("nct_crc_mini", f"lead in {PROBE}", "tiny PLIP", ">=", 0.0),
    ("kather2016_mini", "zero-shot weighted F1", "tiny PLIP", ">=", 0.68),
    *((folder, f"{KEPT} {w}", "filter", ">=", 0.93) for folder in ("nct_crc_mini", "kather2016_mini") for w in WHITES),
    ("negatives", "share rejected by the filter", "filter", ">=", 0.93),
    (KATHER, PROBE, "mean colour", "<=", 0.50),
    (KATHER, PROBE, "histogram", "<=", 0.70),
    (MACHINE, "tiles drawn a second", "one core", ">=", 150),
    (MACHINE, "tiles embedded a second", "one core", ">=", 150),
    (MACHINE, "minutes to make the models", "once", "<=", 60),
    *((MACHINE, "megabytes", model, "<=", 8) for model in MODELS),
)


def aims(rows: Sequence[Row]) -> pd.DataFrame:
    """What was aimed at, and what came of it: both the first seed and the mean over seeds have to reach it."""
    found, told = {(row.data, row.score, row.method): row for row in rows}, []
    for data, score, method, relation, target in AIMS:
        line = {"data": data, "score": score, "of": method, "aim": f"{relation} {target:g}"}
        row = found.get((data, score, method))
        if row is None:
            told.append(line | {"seed 0": "", "mean": "", "": "not measured"})
            continue
        short = max((target - value) * (1 if relation == ">=" else -1) for value in (row.values[0], row.mean))
        verdict = "met" if short <= 0 else f"missed by {short:.3f}"
        told.append(line | {"seed 0": f"{row.values[0]:.3f}", "mean": f"{row.mean:.3f}", "": verdict})
    return pd.DataFrame(told)
