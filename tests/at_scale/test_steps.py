"""Partition by partition or through Ray: the same functions give what they give on the whole table at once."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset, Image
from hypothesis import given, settings
from hypothesis import strategies as st
from small_clip import small_clip

from plip_tutorial import collect
from plip_tutorial.at_scale import ray_data, shards, steps
from plip_tutorial.at_scale.steps import CleanText, CollectPairs, Embed, Fingerprint, KeepPathology, Neighbours
from plip_tutorial.clean import PathologyFilter, dyes_and_texture, is_english, near_duplicates
from plip_tutorial.collect.pairs import clean_text
from plip_tutorial.expand.vector_index import VectorIndex
from plip_tutorial.microcosm.posts import posts
from plip_tutorial.microcosm.web import web_pool
from plip_tutorial.plip.model import PLIP

BROKEN = 17


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool of 50 pictures in 5 shards, one of them broken and one a copy; a model, seeds and a filter beside it."""
    place = tmp_path_factory.mktemp("scale")
    raw = web_pool(50, pathology=0.5, size=32).cast_column("image", Image(decode=False)).to_dict()
    raw["image"][BROKEN] = {"bytes": b"no picture", "path": None}
    raw["image"][41] = raw["image"][3]
    raw["text"][8] = None
    pool = Dataset.from_dict({name: raw[name] for name in ("image", "text", "truth_pathology")})
    shards.write_shards(pool.cast_column("image", Image(decode=False)), place / "pool", rows=11)
    plip = PLIP(small_clip(place / "model"))
    good = [i for i in range(50) if i != BROKEN]
    vectors = dyes_and_texture(images := [raw["image"][i] for i in good])
    truth = np.array(raw["truth_pathology"])[good]
    PathologyFilter().fit(vectors[truth], vectors[~truth], precision=0.6).save(place / "filter.json")
    np.save(place / "seeds.npy", plip.encode_images(images[5:9]))
    return place


def chain(place: Path) -> list[shards.Step]:
    filter_file, seeds = str(place / "filter.json"), str(place / "seeds.npy")
    return [
        CleanText(),
        Embed(str(place / "model"), 16),
        KeepPathology(filter_file),
        Fingerprint(),
        Neighbours(seeds, 6),
    ]


def done(place: Path, output: Path, chosen: list[shards.Step], *, of: int = 2) -> list[Path]:
    """Folders of the steps one after the other, each by ``of`` workers in turn."""
    folders = [place / "pool"]
    for i, step in enumerate(chosen):
        folders.append(output / f"step{i}")
        for part in range(of):
            shards.run(step, folders[-2], folders[-1], part=part, of=of)
    return folders[1:]


@pytest.fixture(scope="module")
def folders(place: Path) -> Iterator[list[Path]]:
    """What the whole chain wrote, on one thread: a worker of Ray has one, and more would add in another order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield done(place, place, chain(place))
    torch.set_num_threads(before)


def test_every_step_gives_what_it_gives_on_the_whole_table(place: Path, folders: list[Path]) -> None:
    pool, told = shards.read(place / "pool"), shards.read(folders[3])
    assert told.column("row").to_pylist() == list(range(50))
    captions = [clean_text(text or "") for text in pool["text"].to_pylist()]
    english = is_english(captions)
    assert told["caption"].to_pylist() == captions
    assert told["keep_text"].to_pylist() == [bool(c) and bool(e) for c, e in zip(captions, english, strict=True)]

    images = pool["image"].to_pylist()
    good = [i for i in range(50) if i != BROKEN]
    readable = [images[i] for i in good]
    vectors = PLIP(place / "model").encode_images(readable)
    found = told["embedding"].to_pylist()
    assert found[BROKEN] is None
    assert told["problem"][BROKEN].as_py() == "cannot identify image file"  # and no address in memory
    assert told["problem"].null_count == 49
    np.testing.assert_allclose([found[i] for i in good], vectors, atol=1e-6)

    chooser = PathologyFilter.load(place / "filter.json")
    scores = np.array(told["pathology"].to_pylist(), float)
    assert np.isnan(scores[BROKEN])
    np.testing.assert_allclose(scores[good], chooser.scores(dyes_and_texture(readable)), atol=1e-5)
    assert told["keep_picture"].to_pylist() == [bool(score >= chooser.threshold) for score in scores]

    groups = steps.copies(told)
    assert groups[41] == 3
    assert groups[BROKEN] == BROKEN
    assert groups[good].tolist() == np.array(good)[near_duplicates(readable)].tolist()

    exact = VectorIndex(np.array([found[i] for i in good], np.float32)).search(np.load(place / "seeds.npy"), 6)
    scores_found, rows = steps.merge_neighbours(shards.read(folders[4]), 6)
    np.testing.assert_array_equal(scores_found, exact[0])
    np.testing.assert_array_equal(rows, np.array(good)[exact[1]])


def test_posts_are_collected_in_shards_of_whole_threads(tmp_path: Path) -> None:
    table = posts(300, size=16)
    expected, _ = collect.pairs_from_posts(table)
    files = shards.write_shards(table, tmp_path / "posts", rows=40, together=steps.threads(table))
    assert len(files) > 5
    shards.run(CollectPairs(), tmp_path / "posts", tmp_path / "pairs")
    pairs = shards.read(tmp_path / "pairs")

    def listed(columns: dict[str, list[object]]) -> list[str]:
        return sorted(repr(row) for row in zip(*(columns[name] for name in sorted(columns)), strict=True))

    undecoded = expected.cast_column("image", Image(decode=False))
    assert listed(pairs.to_pydict()) == listed({name: undecoded[name][:] for name in undecoded.column_names})


class Deadly:
    """A step that takes its process with it at a given call; from outside it looks like the step itself."""

    def __init__(self, step: shards.Step, call: int) -> None:
        self.step, self.left = step, call

    def __call__(self, table: pa.Table) -> pa.Table:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.step(table)

    def __repr__(self) -> str:
        return repr(self.step)


def test_a_killed_worker_is_called_again_and_the_bytes_are_the_same(place: Path, tmp_path: Path) -> None:
    step = CleanText()
    shards.run(step, place / "pool", tmp_path / "whole")
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(
            target=shards.run,
            args=(Deadly(step, call), place / "pool", tmp_path / "shared"),
            kwargs={"part": part, "of": 2},
        )
        for part, call in enumerate((3, 2))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [-signal.SIGKILL] * 2
    assert len(list((tmp_path / "shared").glob("*.parquet"))) == 3  # 0 and 2 by the first, 1 by the second
    with pytest.raises(ValueError, match=r"2 of 5 shards .* are missing, 00003\.parquet first"):
        shards.read(tmp_path / "shared")
    before = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "shared").glob("*.parquet")}
    for part in range(2):
        shards.run(step, place / "pool", tmp_path / "shared", part=part, of=2)
    for file in sorted((tmp_path / "whole").glob("*.parquet")):
        twin = tmp_path / "shared" / file.name
        assert twin.read_bytes() == file.read_bytes()
        assert before.get(file.name, twin.stat().st_mtime_ns) == twin.stat().st_mtime_ns  # not done again
    assert sorted(path.suffix for path in (tmp_path / "shared").iterdir()) == [".json", *5 * [".parquet"]]


def test_through_ray_with_two_workers_the_same_comes_out(
    place: Path, folders: list[Path], through_ray: Callable[..., pa.Table]
) -> None:
    first, last = chain(place)[:4], chain(place)[4]
    told = through_ray(place / "pool", *first, workers=2)
    near = through_ray(folders[3], last)
    expected = shards.read(folders[3])
    assert told.column_names == expected.column_names
    for name in told.column_names:
        assert told[name].to_pylist() == expected[name].to_pylist(), name
    for mine, theirs in zip(
        steps.merge_neighbours(near, 6), steps.merge_neighbours(shards.read(folders[4]), 6), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_without_ray_the_error_says_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match=r"plip-tutorial\[scale\]"):
        ray_data.with_ray(place / "pool", CleanText())


def test_shards_of_another_table_or_another_step_are_not_taken(place: Path, tmp_path: Path) -> None:
    table = Dataset.from_dict({"text": ["a", "b", "c"]})
    files = shards.write_shards(table, tmp_path / "texts", rows=2)
    assert [pq.read_table(file)["row"].to_pylist() for file in files] == [[0, 1], [2]]
    assert shards.write_shards(table, tmp_path / "texts", rows=2) == files
    with pytest.raises(ValueError, match="content was"):
        shards.write_shards(Dataset.from_dict({"text": ["a", "b", "d"]}), tmp_path / "texts", rows=2)
    shards.run(CleanText(), tmp_path / "texts", tmp_path / "clean")
    with pytest.raises(ValueError, match="step was CleanText"):
        shards.run(CleanText(hashtags="keep"), tmp_path / "texts", tmp_path / "clean")
    with pytest.raises(ValueError, match="holds no shards"):
        shards.run(CleanText(), tmp_path / "nowhere", tmp_path / "other")
    files[0].unlink()
    with pytest.raises(ValueError, match=r"1 of 2 shards .* missing"):
        shards.run(CleanText(), tmp_path / "texts", tmp_path / "other")


def test_neighbours_that_float32_cannot_tell_apart_are_merged_in_their_order(tmp_path: Path) -> None:
    angle = np.random.default_rng(0).permutation(60) * 1e-5
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    np.save(tmp_path / "seed.npy", np.array([[1.0, 0.0]]))
    step, found = Neighbours(str(tmp_path / "seed.npy"), k=9), []
    for rows in np.split(np.arange(60), 3):
        embedding = pa.FixedSizeListArray.from_arrays(vectors[rows].ravel(), 2)
        found.append(step(pa.table({"embedding": embedding, "row": rows})))
    assert steps.merge_neighbours(pa.concat_tables(found), 9)[1].tolist() == [np.argsort(angle)[:9].tolist()]


def test_too_few_neighbours_are_noticed() -> None:
    found = pa.table({"seed": [0, 0, 1], "row": [4, 5, 4], "score": pa.array([0.9, 0.8, 0.7], pa.float32())})
    with pytest.raises(ValueError, match="some seed has only 1"):
        steps.merge_neighbours(found, 2)


@settings(deadline=None, max_examples=60)
@given(groups=st.lists(st.integers(0, 5), max_size=40), rows=st.integers(1, 12))
def test_groups_are_never_parted_and_nothing_is_lost(groups: list[int], rows: int) -> None:
    pieces = shards.cut(len(groups), rows, groups)
    assert sorted(int(i) for piece in pieces for i in piece) == list(range(len(groups)))
    homes = {(groups[i], number) for number, piece in enumerate(pieces) for i in piece}
    assert len(homes) == len({group for group, _ in homes})
    plain = shards.cut(len(groups), rows)
    assert [len(piece) for piece in plain] == [min(rows, len(groups) - i) for i in range(0, len(groups), rows)]
