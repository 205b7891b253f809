"""The whole recipe in miniature: a few hundred posts, a few steps. What comes out is complete, and made once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_clip import small_clip
from test_house import PACKAGE, _imports
from transformers import CLIPModel, CLIPProcessor

from plip_tutorial import artifacts, microcosm, recipe, tracks
from plip_tutorial.clean import pathology_filter as clean
from plip_tutorial.plip import model as plip
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import DamagedError
from plip_tutorial.studies import report

SMALL = replace(tracks.TINY, posts=300, web_pool=300, steps=2, batch_size=16)
RECIPE = replace(recipe.RECIPE, everyday=64, pretrain_steps=2, labelled=80, precision=0.6, knn_precision=0.5)


@pytest.fixture(scope="module", autouse=True)
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(place))
        patch.setattr(tracks, "TINY", SMALL)
        patch.setattr(recipe, "RECIPE", RECIPE)
        yield place


def test_models_are_complete_checkpoints_and_the_fine_tuned_one_has_moved() -> None:
    clip, plip = artifacts.tiny_clip(), artifacts.tiny_plip()
    weights = [CLIPModel.from_pretrained(path).state_dict() for path in (clip, plip)]
    assert CLIPProcessor.from_pretrained(plip).tokenizer.get_vocab()
    assert weights[0].keys() == weights[1].keys()
    assert any(not np.array_equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert len(pd.read_csv(artifacts.history())) == SMALL.steps


def test_what_was_built_is_found_again_and_built_anew_when_a_setting_changes(
    monkeypatch: pytest.MonkeyPatch, small_world: Path
) -> None:
    first = artifacts.tiny_clip()
    made = (first / "model.safetensors").stat().st_mtime_ns
    assert artifacts.tiny_clip() == first
    assert (first / "model.safetensors").stat().st_mtime_ns == made
    monkeypatch.setattr(recipe, "RECIPE", replace(RECIPE, pretrain_steps=1))
    assert artifacts.tiny_clip() != first
    assert {path.name for path in small_world.iterdir() if path.name.startswith(".")} <= {".locks"}


# What is reached from the training and is not in its key, since no result depends on it: where and how things are kept
# and recognised, pictures of a reader's own, and the tracks, whose values are in the keys themselves.
NO_RESULT = {"cache", "storage", "hub", "tracks", "run_history", "run_identity", "model_fingerprint", "own_tiles"}


@pytest.mark.parametrize("code", [recipe.TRAINING, recipe.TRAINING + recipe.CURATION], ids=["training", "curation"])
def test_keys_hold_all_code_that_a_result_depends_on(code: tuple[str, ...]) -> None:
    listed = {name.split(".")[1] for name in (*recipe.WORLD, *recipe.OWN, *code)}
    reached, ahead = set(), [name.split(".")[1] for name in code]
    while ahead:
        new = _imports(PACKAGE / f"{ahead.pop()}.py") - reached - NO_RESULT
        reached |= new
        ahead += new - {"microcosm"}
    assert reached - listed == set()


def test_keys_change_with_the_code_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(cache, "code_key", lambda *modules: asked.append(modules))
    recipe.key(recipe.TRAINING)
    assert {"plip_tutorial.recipe", "plip_tutorial.sources.images", "plip_tutorial.microcosm"} <= set(asked[0])
    assert len(set(asked[0])) == len(asked[0])


def test_another_table_under_the_same_name_gets_its_own_embeddings() -> None:
    table = artifacts.labelled()[1].select_columns(["image"])
    backwards = table.select(range(len(table) - 1, -1, -1))
    found = [artifacts.tiny_embeddings("mine", part) for part in (table, backwards, table)]
    np.testing.assert_allclose(found[1], found[0][::-1], atol=1e-5)
    np.testing.assert_array_equal(found[2], found[0])
    assert not np.allclose(found[0], found[1])


def test_a_damaged_part_is_named(small_world: Path) -> None:
    artifacts.posts()
    vectors = artifacts.tiny_embeddings("labelled-everyday", artifacts.labelled()[1])
    (posts,), (place,) = small_world.glob("posts-*"), small_world.glob("embeddings-labelled-everyday-*")
    arrow, array = next(posts.glob("table/*.arrow")), place / "array.npy"
    whole = arrow.read_bytes()
    arrow.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedError, match=rf"{posts.name} is damaged: .*\.arrow has"):
        artifacts.posts()
    noted = (posts / "built.json").read_text(encoding="utf-8")
    (posts / "built.json").write_text("{}", encoding="utf-8")  # of a cache whose sizes were not noted
    with pytest.raises(DamagedError, match=f"{posts.name} is damaged"):
        artifacts.posts()
    (posts / "built.json").write_text(noted, encoding="utf-8")
    arrow.write_bytes(whole)
    artifacts.posts()
    (place / "built.json").write_text("{}", encoding="utf-8")
    for wrong in (vectors[1:], vectors[:, 0]):
        np.save(array, wrong)
        with pytest.raises(DamagedError, match=rf"{place.name} is damaged: .*shape \({len(wrong)},.*80 rows"):
            artifacts.tiny_embeddings("labelled-everyday", artifacts.labelled()[1])
    np.save(array, vectors)


def test_no_tile_of_a_test_is_in_the_corpus_and_groups_hold_no_two_of_a_caption() -> None:
    corpus = artifacts.corpus()
    assert {"image", "text", "group_id"} <= set(corpus.column_names)
    assert len(corpus) > 20
    assert all(text.strip() for text in corpus["text"])
    for name in microcosm.NAMES:
        assert not clean.leaks(corpus, artifacts.benchmark(name)).any()
    of_text: dict[str, set[int]] = {}
    for text, group in zip(corpus["text"], corpus["group_id"], strict=True):
        of_text.setdefault(text.casefold(), set()).add(group)
    assert all(len(groups) == 1 for groups in of_text.values())


def test_labelled_pictures_come_from_no_lab_of_the_tests() -> None:
    tissue, everyday = artifacts.labelled()
    assert len(tissue) > 0
    assert len(everyday) == RECIPE.labelled


def test_embeddings_are_those_of_the_model_in_the_order_of_the_set() -> None:
    from plip_tutorial.plip.model import PLIP

    table = artifacts.benchmark("micro-kather", n=20)
    vectors = artifacts.embeddings("tiny-clip", "micro-kather", n=20)
    np.testing.assert_allclose(vectors, PLIP(artifacts.tiny_clip()).encode_images(table["image"]), atol=1e-5)


def test_embeddings_follow_the_content_of_checkpoint_and_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not their names: a model is trained again in its place, a set is put together anew under its name."""
    table, path = artifacts.benchmark("micro-kather", n=20), small_clip(tmp_path / "clip")
    first = artifacts.embeddings(str(path), "micro-kather", n=20)
    small_clip(path, seed=5)
    second = artifacts.embeddings(str(path), "micro-kather", n=20)
    np.testing.assert_allclose(second, plip.PLIP(path).encode_images(table["image"]), atol=1e-5)
    assert not np.allclose(first, second, atol=1e-3)
    monkeypatch.setattr(artifacts, "benchmark", lambda *_: table.select(range(19, -1, -1)))
    np.testing.assert_allclose(artifacts.embeddings(str(path), "micro-kather", n=20), second[::-1], atol=1e-5)
    monkeypatch.undo()
    monkeypatch.setattr(plip.PLIP, "encode_images", None)  # what is there is not made again
    np.testing.assert_array_equal(artifacts.embeddings(str(path), "micro-kather", n=20), second)


def test_an_unknown_set_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'nct'.*micro-kather"):
        artifacts.benchmark("nct")


def test_the_report_measures_every_set_with_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcosm, "NAMES", ("micro-wsss4luad",))
    table = report.benchmarks(seeds=1)
    assert list(table.index) == ["micro-wsss4luad, zero-shot", "micro-wsss4luad, probe"]
    assert {"tiny CLIP", "tiny PLIP", "constant", "mean colour", "histogram"} <= set(table.columns)
    numbers = [float(cell.split()[0]) for cell in table[["tiny CLIP", "tiny PLIP"]].to_numpy().ravel()]
    assert all(0 <= number <= 1 for number in numbers)
