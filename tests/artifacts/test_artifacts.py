"""The whole recipe in miniature: a few hundred posts, a few steps. What is read is what was made."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from small_clip import small_clip
from transformers import CLIPModel, CLIPProcessor

from plip_tutorial import artifacts, clean, microcosm, tracks
from plip_tutorial.artifacts import build, committed, curation, pages
from plip_tutorial.artifacts.curation import STEPS, Curated, curate
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import undecoded
from plip_tutorial.storage import cache
from plip_tutorial.studies import ablation, canary, models, report, short_trainings

SMALL = replace(tracks.TINY, posts=400, web_pool=400, steps=2, batch_size=16)
SHORT = {"everyday": 64, "pretrain_steps": 2, "labelled": 80, "further": ()}
RECIPE = replace(curation.RECIPE, **SHORT, precision=0.6, knn_precision=0.5)
drawn_whole = microcosm.benchmark


def part(name: str, split: str, n: int | None = None, *, size: int = 64):
    return drawn_whole(name, split, 60 if n is None else n, size=size)


@pytest.fixture(scope="module", autouse=True)
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Curated]:
    """Everything is made, in small, and lies where the committed things lie else."""
    kept: list[Curated] = []
    make = build.make
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.VARIABLE, str(tmp_path_factory.mktemp("cache")))
        patch.setattr(tracks, "TINY", SMALL)
        patch.setattr(curation, "RECIPE", RECIPE)
        patch.setattr(microcosm, "benchmark", part)
        patch.setattr(committed, "FOLDER", tmp_path_factory.mktemp("data") / "models")
        patch.setattr(canary, "take", dict)
        patch.setattr(build, "make", lambda folder: kept.append(make(folder)) or kept[0])
        models.run()
        yield kept[0]


def rows(table) -> list[tuple]:
    return list(zip(*(table[name][:] for name in ("text", "group_id", "source", "truth_slide")), strict=True))


def test_what_is_read_is_what_was_made(small: Curated) -> None:
    assert rows(artifacts.corpus()) == rows(small.corpus)
    assert rows(artifacts.collected()) == rows(small.collected)
    assert rows(artifacts.seeds()) == rows(small.collected.select(small.seeds))
    assert len(artifacts.expanded()) == len(small.expanded) > 0
    assert artifacts.knn_threshold() == small.threshold
    assert len(pd.read_csv(artifacts.history())) == SMALL.steps
    pairs = artifacts.expanded()
    clip = PLIP(artifacts.tiny_clip())
    fitted, seen = curation.fitted_filter(), curation.features(pairs)
    np.testing.assert_array_equal(artifacts.pathology_filter().keep(seen), fitted.keep(seen))
    np.testing.assert_array_equal(artifacts.pathology_filter().weights, fitted.weights)
    np.testing.assert_allclose(artifacts.seed_embeddings(), clip.encode_images(artifacts.seeds()["image"]), atol=1e-5)


def test_models_are_complete_checkpoints_in_half_precision_and_compute_in_single() -> None:
    clip, plip = artifacts.tiny_clip(), artifacts.tiny_plip()
    loaded = [CLIPModel.from_pretrained(path) for path in (clip, plip)]
    assert {weight.dtype for model in loaded for weight in model.parameters()} == {torch.float32}
    assert {weight.dtype for weight in load_file(plip / "model.safetensors").values()} == {torch.float16}
    assert CLIPProcessor.from_pretrained(plip).tokenizer.get_vocab()
    weights = [model.state_dict() for model in loaded]
    assert weights[0].keys() == weights[1].keys()
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("how", ["gone", "half", "changed", "no note"])
def test_what_is_missing_or_damaged_is_named_with_the_remedy(how: str, tmp_path: Path, monkeypatch) -> None:
    shutil.copytree(committed.FOLDER, tmp_path / "models")
    monkeypatch.setattr(committed, "FOLDER", tmp_path / "models")
    damaged = tmp_path / "models" / (committed.NOTE if how == "no note" else "tiny-plip/model.safetensors")
    whole = damaged.read_bytes()
    damaged.unlink()
    if how in ("half", "changed"):
        damaged.write_bytes(whole[: len(whole) // 2] if how == "half" else whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(artifacts.NotMadeError, match=rf"{damaged.name} .*make models"):
        artifacts.corpus()


def test_a_list_of_pairs_that_belongs_to_other_posts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    committed._pairs.cache_clear()
    monkeypatch.setattr(tracks, "TINY", replace(SMALL, posts=200))
    with pytest.raises(artifacts.NotMadeError, match=r"corpus.json chooses among \d+ pairs.*make models"):
        artifacts.corpus()


def test_another_seed_is_another_model_made_once_and_seed_0_is_that_of_the_book() -> None:
    assert build.plip_of(0) == artifacts.tiny_plip()
    first = build.clip_of(1)
    written = (first / "model.safetensors").stat().st_mtime_ns
    assert build.clip_of(1) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written
    assert (first / "model.safetensors").read_bytes() != (artifacts.tiny_clip() / "model.safetensors").read_bytes()


def test_scores_are_compared_within_their_bands(capsys: pytest.CaptureFixture[str]) -> None:
    then = committed.note()["results"]["scores"]
    assert {f"{model}: zero-shot F1, {name}" for model in models.MODELS for name in microcosm.NAMES} <= set(then)
    now = dict(then)
    name = "tiny PLIP: zero-shot F1, micro-kather"
    now[name] += models.BANDS["tiny"] / 2
    assert not models.beside(then, now)["outside"].any()
    now[name] += models.BANDS["tiny"]
    table = models.beside(then, now)
    assert list(table.index[table["outside"]]) == [name]
    assert list(table.columns) == ["committed", "now", "difference", "band", "outside"]
    del now[name]
    assert models.beside(then, now)["outside"].sum() == 1  # a score that is lacking is no agreement


def test_made_again_the_committed_things_stay_unless_they_are_to_be_replaced(monkeypatch, capsys) -> None:
    def other(folder: Path) -> Curated:
        shutil.copytree(committed.FOLDER, folder)
        (folder / "history.csv").write_text("step,loss\n0,9.5\n")
        return None  # type: ignore[return-value]

    monkeypatch.setattr(build, "make", other)
    monkeypatch.setattr(models, "scores", lambda folder, found: committed.note()["results"]["scores"])
    before = committed.digests(committed.FOLDER)
    assert models.run()
    assert committed.digests(committed.FOLDER) == before
    shutil.copy(artifacts.history(), committed.FOLDER.parent / "history.csv")
    assert models.run(replace=True)
    assert artifacts.history().read_text() == "step,loss\n0,9.5\n"
    shutil.copy(committed.FOLDER.parent / "history.csv", committed.FOLDER / "history.csv")
    told = json.loads((committed.FOLDER / committed.NOTE).read_text())
    told["results"]["files"] = before
    (committed.FOLDER / committed.NOTE).write_text(json.dumps(told))
    assert "committed" in capsys.readouterr().out


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


def test_what_a_step_is_there_for_comes_back_without_it(small: Curated) -> None:
    clip, chooser = PLIP(artifacts.tiny_clip()), artifacts.pathology_filter()
    without = {step: curate(clip, chooser, without=step).corpus for step in STEPS}
    whole = small.corpus
    assert not any("?" in text for text in whole["text"] if text)
    assert any("?" in text for text in without["question filter"]["text"])
    assert "web" not in without["expansion"]["source"]
    assert "web" in whole["source"]
    purity = {step: clean.purity(pairs) for step, pairs in {"": whole, **without}.items()}
    assert purity["image filter"]["not pathology"] > purity[""]["not pathology"]
    assert purity["English filter"]["not English"] > purity[""]["not English"]
    assert len(without["deduplication"]) > len(whole)
    for pairs in without.values():  # leaks are never let in
        assert not clean.leaks(pairs, microcosm.benchmark(microcosm.NAMES[0], "test")).any()
    dealt = without["matching captions"]  # the same captions under the same pictures
    assert Counter(whole["text"]) == Counter(dealt["text"])
    assert list(whole["truth_slide"]) == list(dealt["truth_slide"])
    assert np.mean([a != b for a, b in zip(whole["text"], dealt["text"], strict=True)]) > 0.8
    assert sum(dealt["truth_match"]) < sum(whole["truth_match"]) / 2


def test_what_was_seen_is_not_looked_at_again_and_gives_the_same_corpora(small: Curated) -> None:
    clip, chooser = PLIP(artifacts.tiny_clip()), artifacts.pathology_filter()
    asked: list[int] = []

    class Counting:
        def encode_images(self, images, batch_size=32, /):
            asked.append(len(images))
            return clip.encode_images(images, batch_size)

    seen = short_trainings.Seen(Counting())
    for step in ("", "deduplication", "question filter"):
        found, plain = curate(seen, chooser, without=step), curate(clip, chooser, without=step)
        assert rows(found.corpus) == rows(plain.corpus)
        if step == "deduplication":
            assert sum(asked) == len(seen.vectors)  # each picture once
            before = sum(asked)
    assert sum(asked) - before < 0.4 * before  # the questions alone


def test_further_worlds_are_learnt_from_once_and_share_no_post(
    small: Curated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    monkeypatch.setattr(tracks, "TINY", replace(SMALL, posts=150, web_pool=60))
    monkeypatch.setattr(curation, "RECIPE", replace(RECIPE, further=(2, 3)))
    given = (small.corpus, artifacts.tiny_clip(), artifacts.pathology_filter())
    found = build.learnt_from(*given)
    monkeypatch.setattr(build, "curate", None)  # made once
    assert rows(build.learnt_from(*given)) == rows(found)
    pictures = [picture["bytes"] for picture in undecoded(found["image"])]
    n = len(small.corpus)
    assert n < len(found)
    assert not set(pictures[:n]) & set(pictures[n:])
    together = pd.DataFrame({"group": found["group_id"], "text": found["text"]})
    assert (together.groupby("text")["group"].nunique() == 1).all()
    monkeypatch.setattr(curation, "RECIPE", RECIPE)
    assert build.learnt_from(*given) is small.corpus


def test_worlds_side_by_side_keep_their_groups_apart_unless_a_caption_is_the_same(small: Curated) -> None:
    one = small.corpus
    other = curation.with_columns(one, text=[f"{text} {i}" for i, text in enumerate(one["text"])])
    groups = np.array(curation.side_by_side([one, other])["group_id"])
    assert not set(groups[: len(one)]) & set(groups[len(one) :])
    twice = np.array(curation.side_by_side([one, one])["group_id"])
    np.testing.assert_array_equal(twice[: len(one)], twice[len(one) :])


def test_an_unknown_step_is_named_with_those_there_are(small: Curated) -> None:
    with pytest.raises(ValueError, match=r"'dedup'.*deduplication"):
        curate(PLIP(artifacts.tiny_clip()), artifacts.pathology_filter(), without="dedup")


def test_labelled_pictures_are_as_many_as_the_recipe_says() -> None:
    tissue, everyday = artifacts.labelled()
    assert len(tissue) == len(everyday) == RECIPE.labelled


def test_embeddings_follow_the_content_of_checkpoint_and_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not their names: a model is trained again in its place, a set is put together anew under its name."""
    table, path = artifacts.benchmark("micro-kather", n=20), small_clip(tmp_path / "clip")
    first = artifacts.embeddings(str(path), "micro-kather", n=20)
    small_clip(path, seed=5)
    second = artifacts.embeddings(str(path), "micro-kather", n=20)
    np.testing.assert_allclose(second, PLIP(path).encode_images(table["image"]), atol=1e-5)
    assert not np.allclose(first, second, atol=1e-3)
    monkeypatch.setattr(pages, "benchmark", lambda *_: table.select(range(19, -1, -1)))
    np.testing.assert_allclose(artifacts.embeddings(str(path), "micro-kather", n=20), second[::-1], atol=1e-5)
    monkeypatch.undo()
    monkeypatch.setattr(PLIP, "encode_images", None)  # what is there is not made again, whatever the recipe
    monkeypatch.setattr(curation, "RECIPE", replace(RECIPE, neighbours=31))
    np.testing.assert_array_equal(artifacts.embeddings(str(path), "micro-kather", n=20), second)


def test_a_damaged_array_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    table = artifacts.labelled()[1]
    vectors = artifacts.tiny_embeddings("mine", table)
    (place,) = tmp_path.glob("mine-by-tiny-clip-*")
    (place / "built.json").write_text("{}", encoding="utf-8")
    for wrong in (vectors[1:], vectors[:, 0]):
        np.save(place / "array.npy", wrong)
        with pytest.raises(OSError, match=rf"{place.name} is damaged: .*shape \({len(wrong)},.*80 rows"):
            artifacts.tiny_embeddings("mine", table)


def test_an_unknown_set_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'nct'.*micro-kather"):
        artifacts.benchmark("nct")


def test_the_report_measures_every_set_with_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microcosm, "NAMES", ("micro-wsss4luad",))
    rows, machine = report.measure(seeds=1)
    probed = {row.method: row.mean for row in rows if row.score == report.PROBE}
    assert list(probed) == ["mean colour", "histogram", "texture", "tiny CLIP", "tiny PLIP", "PLIP + texture"]
    assert [row.method for row in rows if row.score == "zero-shot macro F1"] == ["tiny CLIP", "tiny PLIP", "constant"]
    assert all(0 < number <= 1 for number in probed.values())
    assert {row.data for row in machine} == {"machine"}


def test_the_ablation_scores_every_arm_on_every_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ablation, "STEPS", ("expansion",))
    short_trainings.forget()
    found = ablation.measure(seeds=2, steps=1, progress=False)["arms"]
    short_trainings.forget()
    assert [row["without"] for row in found] == ["", "expansion"]
    for row in found:
        assert set(row["scores"]) == set(row["scores_at_equal_size"]) == {*microcosm.NAMES, "mean"}
        for score in (*row["scores"].values(), *row["scores_at_equal_size"].values()):
            assert score["interval"][0] - 1e-3 <= score["value"] <= score["interval"][1] + 1e-3
            assert np.mean(score["seeds"]) == pytest.approx(score["value"], abs=1e-3)
    assert found[0]["scores"]["mean"]["difference"] == [0, 0]  # the whole recipe against itself
    slow = metrics.weighted_f1(
        microcosm.benchmark("micro-kather", "test")["label"], ablation.predictions("", 0, 1)["micro-kather"]
    ).value
    assert found[0]["scores"]["micro-kather"]["seeds"][0] == pytest.approx(slow, abs=1e-4)
