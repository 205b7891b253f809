"""What the pages draw from files was measured by code that does what today's code does."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import artifacts, clean, collect, tracks
from plip_tutorial.artifacts import build, committed, curation, tiny_architecture
from plip_tutorial.finetune import loop
from plip_tutorial.microcosm import stain
from plip_tutorial.plip import pixels
from plip_tutorial.storage import cache
from plip_tutorial.studies import ablation, canary, expansion, provenance, report, sweep

WATCHED = {
    "knn_growth": (lambda: canary.take("search"), "python benchmarks/knn_growth.py"),
    "real_filter": (canary.take, "python benchmarks/real_filter.py"),
    "ablation": (ablation.watched, "make ablation"),
    "expansion": (expansion.watched, "make expansion"),
    "sweep": (sweep.watched, "make sweep"),
    "report": (report.watched, 'make report REPORT="--save"'),
}


@pytest.mark.parametrize("name", WATCHED)
def test_a_results_file_is_of_code_that_does_the_same(name):
    watched, again = WATCHED[name]
    found = canary.differences(provenance.load(name).provenance.canary, watched())
    assert found == [], f"what the code does has changed; measure again: {again}"


def test_the_models_are_of_code_that_does_the_same():
    found = canary.differences(committed.note()["provenance"]["canary"], canary.take())
    assert found == [], "what the code does has changed; make the models again: make models REPLACE=--replace"


def test_the_ablations_corpus_is_that_of_today():
    """The canary looks at a sample; this counts all. On another processor another filter decides a few pairs anew."""
    then, now = provenance.load("ablation").results["arms"][0]["corpus"], clean.purity(artifacts.corpus())
    assert now["pairs"] == pytest.approx(then["pairs"], rel=0.02)
    assert now["purity"] == pytest.approx(then["purity"], abs=0.02)


def strained(patch):
    """Eosin of one lab takes more green."""
    lab = stain.LABS["A"]
    turned = lab.vectors.copy()
    turned[1] = turned[1] * [1, 1.1, 1]
    patch.setitem(stain.LABS, "A", dataclasses.replace(lab, vectors=turned))


def tuned(**changes):
    """Another setting of the fine-tuning, or of its variations."""
    usual = build.fine_tuning()
    augment = {name: changes.pop(name) for name in list(changes) if name not in vars(usual)}
    other = dataclasses.replace(usual, augment=dataclasses.replace(usual.augment, **augment), **changes)
    return lambda patch: patch.setattr(build, "fine_tuning", lambda seed=0: other)


def recipe(**changes):
    return lambda patch: patch.setattr(curation, "RECIPE", dataclasses.replace(curation.RECIPE, **changes))


def filtering(name):
    """A filter of posts lets everything pass."""
    lenient = dataclasses.replace(collect.FILTERS[name], test=lambda posts: [True] * len(posts))
    return lambda patch: patch.setitem(collect.FILTERS, name, lenient)


def cropped_elsewhere(patch):
    """Pictures that are not square lose their end instead of both sides."""
    resize = Image.Image.crop
    patch.setattr(pixels.Image.Image, "crop", lambda self, box: resize(self, (0, 0, box[2] - box[0], box[3] - box[1])))


CHANGES = {
    "a stain vector": (strained, {"world", "pictures", "curation", "training"}),
    "the variations' stains": (tuned(stain_gain=0.6), {"settings", "training"}),
    "the variations' crop": (tuned(crop=0.9), {"settings", "training"}),
    "the seed of a training": (tuned(seed=1), {"settings", "training"}),
    "the weight decay": (tuned(weight_decay=5.0), {"settings", "training"}),
    "the crop of pictures that are not square": (cropped_elsewhere, {"pictures"}),
    "which posts ask": (filtering("no question mark"), {"curation", "training"}),
    "which posts are English": (filtering("text in English"), {"curation", "training"}),
    "a number of the recipe": (recipe(neighbours=31), {"settings"}),
    "which everyday pictures": (recipe(everyday_seed=3), {"settings", "world", "curation", "training"}),
    "the filter's folds": (
        lambda patch: patch.setattr(clean.PathologyFilter.__init__, "__defaults__", folds_drawn_with(7)),
        {"curation"},
    ),
    "the schedule": (
        lambda patch: patch.setattr(loop, "learning_rate", lambda step, config: config.learning_rate),
        {"training"},
    ),
    "the bits that copies may differ in": (
        lambda patch: patch.setattr(clean, "near_duplicates", lambda images: np.arange(len(images))),
        {"curation"},
    ),
    "nothing but a name": (
        lambda patch: patch.setattr(tiny_architecture, "untrained", renamed(tiny_architecture.untrained)),
        set(),
    ),
}


def folds_drawn_with(seed):
    names = [field.name for field in dataclasses.fields(clean.PathologyFilter)]
    return tuple({**dict(zip(names, clean.PathologyFilter.__init__.__defaults__, strict=True)), "seed": seed}.values())


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
    changed = {name for name, part in canary.PARTS.items() if canary.differences({name: before[name]}, {name: part()})}
    canary.forget()
    assert changed == expected


def test_the_ablation_is_whole():
    stored = provenance.load(ablation.NAME)
    assert [row["without"] for row in stored.results["arms"]] == list(ablation.arms())
    for size in ("scores", "scores_at_equal_size"):
        assert all(len(row[size]["mean"]["seeds"]) == ablation.SEEDS for row in stored.results["arms"])
    assert stored.results["equal_size"] == min(row["corpus"]["pairs"] for row in stored.results["arms"])


def test_the_expansion_is_whole():
    rows = provenance.load(expansion.NAME).results["rows"]
    assert [(row["neighbours"], row["precision"]) for row in rows] == list(expansion.grid())


ALL = {"recipe": curation.RECIPE, "track": tracks.TINY, "model": tiny_architecture.TinyConfig()}


WORDS = {"auto": "float32", "clip": "siglip"}


def other(value):
    """Another value of the same kind, which is allowed as well."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return WORDS.get(value, f"{value}?")
    return (
        (*value, "text_model")
        if isinstance(value, tuple)
        else value + 1
        if isinstance(value, int)
        else value / 2 + 0.01
    )


@pytest.mark.parametrize("group", [*ALL, "pre-training", "fine-tuning", "augment"])
def test_every_setting_is_in_the_canary_and_in_the_key_of_a_model(group, monkeypatch):
    before, key = canary.settings(), cache.fingerprint(build.settings())
    training = {"pre-training": "pretraining", "fine-tuning": "fine_tuning", "augment": "fine_tuning"}.get(group)
    given = ALL[group] if not training else getattr(build, training)()
    given = given.augment if group == "augment" else given
    for field in dataclasses.fields(given):
        value = getattr(given, field.name)
        if not isinstance(value, int | float | str | tuple):  # open, or a group of its own
            continue
        with monkeypatch.context() as patch:
            changed = dataclasses.replace(given, **{field.name: other(value)})
            if group == "recipe":
                patch.setattr(curation, "RECIPE", changed)
            elif group == "track":
                patch.setattr(tracks, "TINY", changed)
            elif group == "model":
                patch.setattr(tiny_architecture, "TinyConfig", lambda changed=changed: changed)
            else:
                whole = build.fine_tuning()
                full = dataclasses.replace(whole, augment=changed) if group == "augment" else changed
                patch.setattr(build, training, lambda seed=0, full=full: full)
            assert canary.differences({"settings": before}, {"settings": canary.settings()}), field.name
            assert cache.fingerprint(build.settings()) != key, field.name


def test_the_growth_curve_is_whole():
    """Each size was measured in each way; what is called exact found everything."""
    rows = provenance.load("knn_growth").results["rows"]
    sizes = sorted({row["pool"] for row in rows})
    assert sizes[0] == 1_000
    assert len(rows) == len(sizes) * len({row["index"] for row in rows})
    assert all(row["recall"] == 1 for row in rows if row["index"] == "exact")
    assert all(0 < row["recall"] <= 1 for row in rows)
