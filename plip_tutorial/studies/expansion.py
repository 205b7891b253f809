"""How far may the expansion go? More neighbours of each seed, a lower threshold, and what becomes of the score.

For each number of neighbours and each precision wanted of the threshold the corpus of world 0 is made anew, and a tiny
PLIP is trained on it in a few steps, equally many everywhere: ``make expansion``. Every run is kept as soon as it is
done; a killed study goes on.

    results = expansion.measure()
    stored = provenance.load("expansion")       # what was committed
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from plip_tutorial import clean, tracks
from plip_tutorial.artifacts import curation
from plip_tutorial.artifacts.curation import Curated
from plip_tutorial.studies import canary, short_trainings
from plip_tutorial.studies.short_trainings import Answers

NAME = "expansion"
NEIGHBOURS = (1, 30)  # pictures of the pool that each seed asks for
PRECISIONS = (0.0, 0.7)  # wanted of the threshold; 0 is no threshold
SEEDS, STEPS_TRAINED = 1, 300  # the tiny PLIP has more steps


def watched() -> dict[str, Any]:
    """The canary of all that the result depends on."""
    return canary.take(expansion={"seeds": SEEDS, "steps": STEPS_TRAINED, "grid": list(grid())})


def grid() -> tuple[tuple[int, float], ...]:
    """Neighbours and precision of each way."""
    return tuple(itertools.product(NEIGHBOURS, PRECISIONS))


def curated(neighbours: int, precision: float) -> Curated:
    """What the recipe gives with another expansion."""
    return short_trainings.curated(neighbours=neighbours, knn_precision=precision)


def measure(seeds: int = SEEDS, steps: int = STEPS_TRAINED, *, progress: bool = True) -> dict[str, Any]:
    """Expand in every way, train and score.

    Args:
        seeds: models of each way.
        steps: of each training.
        progress: show a bar.

    Returns:
        ``seeds``, ``steps``, ``steps_of_the_model`` that is read everywhere else, and ``rows``: one dict a way, with
        ``neighbours``, ``precision`` as wanted, the ``threshold`` that came of it, the number of pictures ``found`` in
        the pool, what is in the pairs ``from_pool`` that are left after cleaning and in the whole ``corpus``
        (`clean.purity`), and ``scores`` beside those of the recipe (`short_trainings.scores`).
    """
    recipe = (curation.RECIPE.neighbours, curation.RECIPE.knn_precision)
    jobs = [(way, seed) for seed in range(seeds) for way in dict.fromkeys((recipe, *grid()))]
    bar = tqdm(jobs, desc="expansion", unit="model", disable=not progress)
    told = {(way, seed): predictions(way, seed, steps) for way, seed in bar}

    def scores(way: tuple[int, float]) -> dict[str, Any]:
        mine, whole = ([told[one, seed] for seed in range(seeds)] for one in (way, recipe))
        return short_trainings.scores(mine, whole)

    rows = [{"neighbours": k, "precision": p, **facts(curated(k, p)), "scores": scores((k, p))} for k, p in grid()]
    return {"seeds": seeds, "steps": steps, "steps_of_the_model": tracks.TINY.steps, "rows": rows}


def facts(found: Curated) -> dict[str, Any]:
    """What the pool gave."""
    from_pool = found.corpus.select(np.flatnonzero(np.array(found.corpus["source"]) == "web"))
    return {
        "threshold": round(found.threshold, 4),
        "found": len(found.expanded),
        "from_pool": clean.purity(from_pool) if len(from_pool) else {"pairs": 0},
        "corpus": clean.purity(found.corpus),
    }


def predictions(way: tuple[int, float], seed: int, steps: int) -> Answers:
    """Answers of one model, see `short_trainings.answers`; ``way`` is neighbours and precision."""
    return short_trainings.answers(NAME, lambda: curated(*way).corpus, seed, steps, way=way)


def main() -> None:
    """Measure, print, and write the results file."""
    short_trainings.record(NAME, measure, watched)


if __name__ == "__main__":
    main()
