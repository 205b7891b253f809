"""What is each step of the recipe worth? Leave it out, train again, and look: ``make ablation``.

For the whole recipe and for the recipe without each of its steps the corpus of world 0 is made anew, tiny PLIPs are
trained on it with three seeds, and named tissue is scored on the four sets, zero-shot. All trainings have equal numbers
of steps, so a larger corpus is no longer training. It is still a larger corpus: a filter that is left out brings pairs
as well as faults. So each arm is trained a second time on as many pairs as the smallest arm has, drawn at random.
Every run is kept as soon as it is done; a killed ablation goes on.

    results = ablation.measure()
    stored = provenance.load("ablation")       # what was committed
"""

from __future__ import annotations

from typing import Any

from datasets import Dataset
from tqdm.auto import tqdm

from plip_tutorial import clean, tracks
from plip_tutorial.artifacts.curation import STEPS
from plip_tutorial.studies import canary, short_trainings
from plip_tutorial.studies.short_trainings import Answers

NAME = "ablation"
SEEDS, STEPS_TRAINED = 2, 300  # the tiny PLIP has more steps; here up to 32 models have to be trained


def watched() -> dict[str, Any]:
    """The canary of all that the result depends on."""
    return canary.take(ablation={"seeds": SEEDS, "steps": STEPS_TRAINED, "arms": arms(), "equal size": True})


def arms() -> tuple[str, ...]:
    """The whole recipe (""), and the step that each other arm goes without."""
    return ("", *STEPS)


def corpus(without: str) -> Dataset:
    """The pairs that the recipe leaves without a step."""
    return short_trainings.curated(without).corpus


def equal_size() -> int:
    """Pairs of the smallest arm."""
    return min(len(corpus(arm)) for arm in arms())


def measure(seeds: int = SEEDS, steps: int = STEPS_TRAINED, *, progress: bool = True) -> dict[str, Any]:
    """Train and score every arm with every seed, on all its pairs and on as many as the smallest arm has.

    Args:
        seeds: models of each arm and size; a seed decides the tiny CLIP, which pairs are drawn, their order and their
            variations.
        steps: of each training.
        progress: show a bar.

    Returns:
        ``seeds``, ``steps``, ``steps_of_the_model`` that is read everywhere else, ``equal_size`` in pairs, and
        ``arms``: one dict an arm, with ``without``, what is in its ``corpus`` (`clean.purity`), ``scores`` of the
        models that had all pairs, and ``scores_at_equal_size`` (`short_trainings.scores`), each beside the whole recipe
        at the same size.
    """
    size = equal_size()
    jobs = [(arm, seed, n) for seed in range(seeds) for n in (None, size) for arm in arms()]
    bar = tqdm(jobs, desc="ablation", unit="model", disable=not progress)
    told = {(arm, seed, n): predictions(arm, seed, steps, n) for arm, seed, n in bar}

    def scores(arm: str, n: int | None) -> dict[str, Any]:
        mine, whole = ([told[one, seed, n] for seed in range(seeds)] for one in (arm, ""))
        return short_trainings.scores(mine, whole)

    rows = [
        {
            "without": arm,
            "corpus": clean.purity(corpus(arm)),
            "scores": scores(arm, None),
            "scores_at_equal_size": scores(arm, size),
        }
        for arm in arms()
    ]
    known = {"seeds": seeds, "steps": steps, "steps_of_the_model": tracks.TINY.steps, "equal_size": size}
    return known | {"arms": rows}


def predictions(without: str, seed: int, steps: int, size: int | None = None) -> Answers:
    """Answers of one model, see `short_trainings.answers`; ``size`` is the number of its pairs, None for all."""
    if size is not None and size >= len(corpus(without)):
        size = None  # the smallest arm has no other pairs at equal size

    def pairs() -> Dataset:
        return corpus(without) if size is None else short_trainings.drawn(corpus(without), size, seed)

    return short_trainings.answers(NAME, pairs, seed, steps, without=without, size=size)


def main() -> None:
    """Measure, print, and write the results file."""
    short_trainings.record(NAME, measure, watched)


if __name__ == "__main__":
    main()
