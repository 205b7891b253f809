"""What is each step of the recipe worth? Leave it out, train again, and look: ``make ablation``.

For the whole recipe and for the recipe without each of its steps the corpus is made anew, tiny PLIPs are trained on
it with three seeds, and named tissue is scored on the four sets, zero-shot. All trainings have equal numbers of steps,
so a larger corpus is no longer training. Every run is kept as soon as it is done; a killed ablation goes on.

    rows = ablation.measure()                  # half an hour
    stored = provenance.load("ablation")       # what was committed
"""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from tqdm.auto import tqdm

from plip_tutorial import artifacts, clean, finetune, microcosm, zero_shot
from plip_tutorial.artifacts.build import clip_of, fine_tuning
from plip_tutorial.artifacts.curation import STEPS, curate
from plip_tutorial.metrics import bootstrap, confusion
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import readable
from plip_tutorial.studies import canary, provenance

NAME = "ablation"
SEEDS, STEPS_TRAINED = 3, 300  # the tiny PLIP has more steps; here 24 models have to be trained
Labels = NDArray[np.int64]


def watched() -> dict[str, Any]:
    """The canary of all that the result depends on."""
    return canary.take(ablation={"seeds": SEEDS, "steps": STEPS_TRAINED, "arms": arms()})


def arms() -> tuple[str, ...]:
    """The whole recipe (""), and the step that each other arm goes without."""
    return ("", *STEPS)


def measure(seeds: int = SEEDS, steps: int = STEPS_TRAINED, *, progress: bool = True) -> list[dict[str, Any]]:
    """Train and score every arm with every seed.

    Args:
        seeds: models of each arm; a seed decides the tiny CLIP, the order of the pairs and their variations.
        steps: of each training.
        progress: show a bar.

    Returns:
        One dict an arm: ``without``, what is in its corpus (`clean.purity`), and ``scores``: for each set and for
        "mean" over the sets the weighted F1 of each seed, their mean, and the 95% interval of that mean and of its
        difference to the whole recipe, both by resampling patients.
    """
    jobs = [(arm, seed) for arm in arms() for seed in range(seeds)]
    for arm, seed in tqdm(jobs, desc="ablation", unit="model", disable=not progress):
        predictions(arm, seed, steps)
    told = {arm: [predictions(arm, seed, steps) for seed in range(seeds)] for arm in arms()}
    return [_row(arm, told[arm], told[""]) for arm in arms()]


def predictions(without: str, seed: int, steps: int) -> dict[str, Labels]:
    """Zero-shot answers of one model on each set, (n,) class numbers; trained if it was not yet."""

    def make(folder: Path) -> None:
        config = dataclasses.replace(fine_tuning(seed), steps=steps)
        path, _ = finetune.finetune(clip_of(seed), corpus(without), config, output=folder / "run", progress=False)
        plip = PLIP(path)
        answers: dict[str, Any] = {name: _answers(plip, name) for name in microcosm.NAMES}
        np.savez(folder / "answers.npz", **answers)  # arrays of numbers, so no pickle

    settings = {"without": without, "seed": seed, "steps": steps, "code": cache.code_key()}
    built = cache.build("ablation-run", settings, make)
    with readable(built), np.load(built / "answers.npz") as file:
        return dict(file)


@functools.cache
def corpus(without: str) -> Dataset:
    """The pairs that the recipe leaves without a step."""
    return curate(PLIP(artifacts.tiny_clip()), artifacts.pathology_filter(), without=without).corpus


def _answers(plip: PLIP, name: str) -> Labels:
    words = zero_shot.classifier(plip, list(microcosm.PHRASES[name].values()), microcosm.TEMPLATES[name])
    return zero_shot.predict(plip.encode_images(microcosm.benchmark(name, "test")["image"], 256), words)[0]


def _row(without: str, mine: Sequence[dict[str, Labels]], whole: Sequence[dict[str, Labels]]) -> dict[str, Any]:
    sets = [_set(name, mine, whole) for name in microcosm.NAMES]
    values, draws, reference = (np.stack(part) for part in zip(*sets, strict=True))
    scores = {name: _summary(*part) for name, *part in zip(microcosm.NAMES, values, draws, reference, strict=True)}
    scores["mean"] = _summary(values.mean(0), draws.mean(0), reference.mean(0))
    return {"without": without, "corpus": clean.purity(corpus(without)), "scores": scores}


def _set(name: str, mine: Sequence[dict[str, Labels]], whole: Sequence[dict[str, Labels]]) -> tuple[Any, Any, Any]:
    """Weighted F1 of each seed (s,), and its draws (s, r) beside those of the whole recipe on the same patients."""
    test = microcosm.benchmark(name, "test")
    answers = [told[name] for told in (*mine, *whole)]
    _, codes = bootstrap.encode(np.array(test["label"]), *answers)
    matrices, draws = bootstrap.confusions(codes, np.array(test["patient"]))
    f1 = confusion.weighted_f1(draws).T
    return confusion.weighted_f1(matrices)[: len(mine)], f1[: len(mine)], f1[len(mine) :]


def _summary(values: Any, draws: Any, whole: Any) -> dict[str, Any]:
    """Numbers for the file; an interval tells of the choice of patients, the seeds stand beside it."""
    mean, difference = draws.mean(0), draws.mean(0) - whole.mean(0)
    return {
        "seeds": np.round(values, 4).tolist(),
        "value": round(float(values.mean()), 4),
        "interval": np.percentile(mean, [2.5, 97.5]).round(4).tolist(),
        "difference": np.percentile(difference, [2.5, 97.5]).round(4).tolist(),
    }


def main() -> None:
    """Measure, print, and write the results file."""
    start = time.perf_counter()
    rows = measure()
    note = provenance.Provenance.now(canary=watched(), seconds=time.perf_counter() - start)
    print(json.dumps(rows, indent=1))
    print(provenance.save(NAME, {"seeds": SEEDS, "steps": STEPS_TRAINED, "arms": rows}, note))


if __name__ == "__main__":
    main()
