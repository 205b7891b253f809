"""Many short trainings side by side: which settings suit these pairs?

Two studies; within a study every run sees the same number of pairs. The first draws 24 settings at random, but evenly:
each value of each axis stands in equally many of them (a Latin hypercube; McKay et al. 1979), since 24 settings drawn
so say more than a grid of 24 (Bergstra & Bengio 2012). The second takes steps of 64 pairs, and lets only the number
grow that are compared with each other: accumulation at one end, the gradient cache at the other.

A setting is judged by pairs of the corpus that were held out. What it does on the tiles of a test is written down
beside that, for the unit on many models to show what would go wrong if *they* were the judge.

    make sweep      # goes on where it stopped; the results lie in plip_tutorial/data/sweep.json
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.torch import load_file, save_file
from tqdm.auto import tqdm

from plip_tutorial import artifacts, finetune, tracks
from plip_tutorial.finetune.augment import AugmentConfig
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage import cache
from plip_tutorial.studies import canary, provenance, short_trainings
from plip_tutorial.studies.provenance import Provenance, Stored

NAME, TEST = "sweep", "micro-kather"
PAIRS_SEEN = {
    "search": 2_560,
    "batch": 3_840,
}  # in each run: whole batches of each size, 2,460 batches of 64 in all
SEEDS = {"search": (0, 1), "batch": (0, 1, 2)}
SETTINGS = 24
AXES: dict[str, tuple[Any, ...]] = {
    "learning_rate": (2e-4, 6e-4, 2e-3, 6e-3),
    "batch_size": (32, 64, 128),
    "warmup": (0.0, 0.1, 0.3),  # share of the steps
    "temperature": (0.02, 0.07, 0.2),  # at the start; the model goes on learning it
    "loss": ("clip", "siglip"),
    "augmentation": ("none", "mild", "strong"),
}
COMPARED = (4, 16, 64)  # pairs that meet in the second study


@dataclass(frozen=True)
class Setting:
    """One point of the space that is searched: the names of `AXES`, and ``compared`` for the second study."""

    learning_rate: float = 8e-4
    batch_size: int = 64
    warmup: float = 0.1
    temperature: float = 0.07
    loss: str = "clip"
    augmentation: str = "strong"
    compared: int = 0  # pairs that meet in the loss; 0 is the whole batch


@dataclass(frozen=True)
class Trial:
    """One run: a setting with a seed, in the study ``"search"`` or ``"batch"``."""

    study: str
    setting: Setting
    seed: int

    def facts(self) -> dict[str, Any]:
        """As it is written into the results, and found again there."""
        return {"study": self.study, **dataclasses.asdict(self.setting), "seed": self.seed}


def searched(n: int = SETTINGS) -> list[Setting]:
    """The n settings of the search: along each axis all values equally often, in an order of its own."""
    columns = {name: rng("sweep", name).permutation(np.arange(n) % len(values)) for name, values in AXES.items()}
    return [Setting(**{name: AXES[name][column[i]] for name, column in columns.items()}) for i in range(n)]


def plan() -> list[Trial]:
    """All runs of both studies, in the order in which they are made."""
    studies = {"search": searched(), "batch": [Setting(compared=size) for size in COMPARED]}
    return [Trial(study, one, seed) for study, settings in studies.items() for one in settings for seed in SEEDS[study]]


def train_config(trial: Trial) -> finetune.TrainConfig:
    """The recipe of the tiny PLIP with another setting, shortened to `PAIRS_SEEN`."""
    setting, full = trial.setting, artifacts.fine_tuning(trial.seed)
    steps = PAIRS_SEEN[trial.study] // setting.batch_size
    augment = {"none": None, "mild": AugmentConfig(), "strong": full.augment}[setting.augmentation]
    return dataclasses.replace(
        full,
        steps=steps,
        batch_size=setting.batch_size,
        learning_rate=setting.learning_rate,
        warmup_steps=round(setting.warmup * steps),
        loss=setting.loss,
        compared=setting.compared,
        augment=augment,
        validate_every=steps,  # once, at the end
    )


@dataclass(frozen=True)
class Material:
    """What every run starts from.

    Attributes:
        base: checkpoint directory of the tiny CLIP.
        pairs: what is trained on.
        held_out: pairs of other groups; they judge.
        tiles: a labelled set, columns ``image`` and ``label``.
    """

    base: Path
    pairs: Dataset
    held_out: Dataset
    tiles: Dataset


def material() -> Material:
    """The tiny CLIP, its corpus cut in two by groups, and the test tiles."""
    corpus = artifacts.corpus()
    held = np.array(corpus["group_id"]) % 10 == 0
    pairs, held_out = corpus.select(np.flatnonzero(~held)), corpus.select(np.flatnonzero(held))
    return Material(artifacts.tiny_clip(), pairs, held_out, artifacts.benchmark_of(tracks.TINY, TEST))


def measure(trial: Trial, given: Material, folder: Path) -> dict[str, Any]:
    """Train once in ``folder`` and look at the result.

    Returns:
        The facts of the trial, ``validation_recall`` (at 10, on the held-out pairs), ``accuracy`` in the last batches,
        ``predictions`` (the class of each test tile, one digit each) and ``seconds`` of computing, all cores added up.
        A run that diverges has a recall of 0 and no predictions.
    """
    began = time.process_time()
    base = at_temperature(given.base, trial.setting.temperature, folder / "base")
    config, scores = train_config(trial), {"validation_recall": 0.0, "accuracy": 0.0}
    predictions = ""
    try:
        path, rows = finetune.finetune(
            base, given.pairs, config, output=folder / "run", validation=given.held_out, progress=False
        )
        scores["validation_recall"] = rows[-1]["validation_recall"]
        scores["accuracy"] = float(np.mean([row["accuracy"] for row in rows[-10:]]))
        predictions = "".join(map(str, short_trainings.named(PLIP(path, device="cpu"), TEST, given.tiles["image"])))
    except finetune.DivergedError:
        pass  # a result, too: scores of 0 and no predictions, which `choosing.classes` reads as one class for all
    rounded = {name: round(value, 4) for name, value in scores.items()}
    seconds = round(time.process_time() - began, 1)
    return {**trial.facts(), **rounded, "seconds": seconds, "predictions": predictions}


def at_temperature(base: Path, temperature: float, output: Path) -> Path:
    """A copy of a checkpoint that starts at another temperature: the one number ``logit_scale`` is replaced."""
    shutil.copytree(base, output)
    weights = load_file(output / "model.safetensors")
    weights["logit_scale"] = torch.full_like(weights["logit_scale"], -math.log(temperature))
    save_file(weights, output / "model.safetensors", metadata={"format": "pt"})
    return output


def watched() -> dict[str, Any]:
    """The canary of all that a result depends on."""
    plans = cache.fingerprint({"trials": [trial.facts() for trial in plan()]})
    return canary.take(sweep={"pairs seen": PAIRS_SEEN, "trials": plans})


def load(folder: Path = provenance.FOLDER) -> Stored:
    """Read the results: a list of what `measure` returns, and where they come from."""
    return provenance.load(NAME, folder=folder)


def run(
    folder: Path = provenance.FOLDER, trials: Sequence[Trial] | None = None, given: Material | None = None
) -> Stored:
    """Make all runs that ``folder`` does not hold yet. Each is written as soon as it is done, so a kill costs one run.

    Results of code that does something else are thrown away: numbers of two kinds must not stand side by side.
    """
    trials = plan() if trials is None else trials
    now = watched()
    note, rows = Stored(Provenance.now(canary=now, seconds=0.0), [])
    with contextlib.suppress(FileNotFoundError):
        found = load(folder)
        if not canary.differences(found.provenance.canary, now):
            note, rows = found
    done = [{name: row[name] for name in trials[0].facts()} for row in rows]
    left = [trial for trial in trials if trial.facts() not in done]
    for trial in tqdm(left, desc="runs", initial=len(trials) - len(left), total=len(trials)):
        given = given or material()
        with tempfile.TemporaryDirectory() as place:
            rows.append(measure(trial, given, Path(place)))
        note = dataclasses.replace(note, seconds=round(sum(row["seconds"] for row in rows), 1))
        provenance.save(NAME, rows, note, folder=folder)
    return Stored(note, rows)
