"""What the pages draw from files was measured by code that does what today's code does."""

import dataclasses

import numpy as np
import pytest

from plip_tutorial import artifacts, recipe, tiny_model
from plip_tutorial.clean import pathology_filter as clean
from plip_tutorial.collect import pairs as collect
from plip_tutorial.finetune import loop as finetune
from plip_tutorial.microcosm import stain
from plip_tutorial.studies import ablation, canary, provenance, sweep

WATCHED = {
    "knn_growth": (lambda: canary.take("search"), "python benchmarks/knn_growth.py"),
    "real_filter": (canary.take, "python benchmarks/real_filter.py"),
    "ablation": (ablation.watched, "make ablation"),
    "sweep": (sweep.watched, "make sweep"),
}


@pytest.mark.parametrize("name", WATCHED)
def test_a_results_file_is_of_code_that_does_the_same(name):
    watched, again = WATCHED[name]
    found = canary.differences(provenance.load(name).provenance.canary, watched())
    assert found == [], f"what the code does has changed; measure again: {again}"


def test_the_ablations_corpus_is_that_of_today():
    """The canary looks at a sample; this counts all. On another processor another filter decides a few pairs anew."""
    then, now = provenance.load("ablation").results["arms"][0]["corpus"], clean.purity(artifacts.corpus())
    assert now["pairs"] == pytest.approx(then["pairs"], rel=0.02)
    assert now["purity"] == pytest.approx(then["purity"], abs=0.02)


def strained(monkeypatch):
    """Eosin of one lab takes more green."""
    lab = stain.LABS["A"]
    turned = lab.vectors.copy()
    turned[1] = turned[1] * [1, 1.1, 1]
    monkeypatch.setitem(stain.LABS, "A", dataclasses.replace(lab, vectors=turned))


def more_augmented(monkeypatch):
    """The stains of the fine-tuning vary more."""
    tuned = recipe.fine_tuning()
    other = dataclasses.replace(tuned, augment=dataclasses.replace(tuned.augment, stain_gain=0.6))
    monkeypatch.setattr(recipe, "fine_tuning", lambda seed=0: other)


def asks_too(monkeypatch):
    """Questions pass the filter of posts."""
    lenient = dataclasses.replace(collect.FILTERS["no question mark"], test=lambda posts: [True] * len(posts))
    monkeypatch.setitem(collect.FILTERS, "no question mark", lenient)


CHANGES = {
    "a stain vector": (strained, {"world", "curation", "training"}),
    "a setting of the augmentation": (more_augmented, {"settings", "training"}),
    "a rule of a filter": (asks_too, {"curation", "training"}),
    "a setting of the recipe": (
        lambda patch: patch.setattr(recipe, "RECIPE", dataclasses.replace(recipe.RECIPE, neighbours=31)),
        {"settings"},
    ),
    "the schedule": (
        lambda patch: patch.setattr(finetune, "learning_rate", lambda step, config: config.learning_rate),
        {"training"},
    ),
    "the bits that copies may differ in": (
        lambda patch: patch.setattr(clean, "near_duplicates", lambda images: np.arange(len(images))),
        {"curation"},
    ),
    "nothing but a name": (lambda patch: patch.setattr(tiny_model, "untrained", renamed(tiny_model.untrained)), set()),
}


def renamed(function):
    """The same function under another name, with another docstring."""

    def another_name(*arguments, **options):
        """Something else is said here."""
        return function(*arguments, **options)

    return another_name


@pytest.fixture(scope="module")
def before():
    """A small canary, since it is taken once for each change."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"POSTS": 200, "WEB": 48, "EVERYDAY": 32, "STEPS": 2}.items():
            patch.setattr(canary, name, value)
        canary.forget()
        yield {name: part() for name, part in canary.PARTS.items()}
    canary.forget()


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_result_changes_its_canary_and_no_other(change, before, monkeypatch):
    alter, expected = CHANGES[change]
    canary.forget()
    alter(monkeypatch)
    changed = {name for name, part in canary.PARTS.items() if canary.differences(before[name], part())}
    canary.forget()
    assert changed == expected


def test_the_growth_curve_is_whole():
    """Each size was measured in each way; what is called exact found everything."""
    rows = provenance.load("knn_growth").results["rows"]
    sizes = sorted({row["pool"] for row in rows})
    assert sizes[0] == 1_000
    assert len(rows) == len(sizes) * len({row["index"] for row in rows})
    assert all(row["recall"] == 1 for row in rows if row["index"] == "exact")
    assert all(0 < row["recall"] <= 1 for row in rows)
