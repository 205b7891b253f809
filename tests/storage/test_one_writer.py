"""Embedding jobs that meet, that are killed, and whose pictures change: one writer, a whole result, no old vector."""

import multiprocessing
import os
import re
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Image, IterableDataset
from jobs import JOBS, tile, vectors, worker
from small_clip import png, small_clip

from plip_tutorial.at_scale import scale, shards
from plip_tutorial.at_scale.embed import embed_folder
from plip_tutorial.at_scale.pool import embed_pool, open_pool
from plip_tutorial.at_scale.steps import Embed
from plip_tutorial.plip.model import PLIP
from plip_tutorial.storage.files import DamagedError, InUseError, held

START = multiprocessing.get_context("fork").Process


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(small_clip(tmp_path_factory.mktemp("base") / "clip"))


@pytest.fixture
def place(tmp_path: Path, clip: Path) -> Path:
    """Ten tiles as files and as shards, and a model."""
    shutil.copytree(clip, tmp_path / "clip")
    files = [tile(tmp_path / "tiles" / f"{i % 2}" / f"{i:02d}.png", i) for i in range(10)]
    table = Dataset.from_dict({"image": [str(file) for file in sorted(files)]}).cast_column("image", Image())
    scale.write_shards(table, tmp_path / "shards", rows=3)
    return tmp_path


def names(place: Path) -> list[str]:
    return sorted(path.relative_to(place / "tiles").as_posix() for path in (place / "tiles").rglob("*.png"))


def check(job: str, place: Path) -> None:
    """Every picture has its vector, and nothing of the work is left."""
    expected = PLIP(place / "clip").encode_images([place / "tiles" / name for name in names(place)])
    np.testing.assert_allclose(vectors(job, place), expected, atol=1e-5)
    assert not list(place.glob("*.parts"))


def started(job: str, place: Path, n: int = 1, **options: Any) -> list[Any]:
    found = [START(target=worker, args=(job, place), kwargs=options) for _ in range(n)]
    for process in found:
        process.start()
    return found


def ended(processes: list[Any]) -> list[int]:
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


@pytest.mark.parametrize("job", JOBS)
def test_the_second_writer_is_told_who_holds_it_and_the_first_ends_well(job: str, place: Path) -> None:
    first = started(job, place, wait=True)
    while not (place / "in the middle").exists():
        assert first[0].is_alive()
        time.sleep(0.02)
    output = {"embed": "embed.parquet", "pool": "pool", "scale": r"embedded\.part-0-of-1"}[job]
    with pytest.raises(InUseError, match=rf"{output} is being written by process {first[0].pid} .*Wait for it"):
        JOBS[job](PLIP(place / "clip"), place)
    (place / "go").touch()
    assert ended(first) == [0]
    check(job, place)


@pytest.mark.parametrize("job", JOBS)
def test_of_four_at_once_none_spoils_the_result(job: str, place: Path) -> None:
    ends = ended(started(job, place, 4))
    assert set(ends) <= {0, 3}  # done, or told that it is held
    assert 0 in ends
    check(job, place)


@pytest.mark.parametrize("job", JOBS)
def test_killed_ones_free_the_place_and_what_they_did_is_kept(job: str, place: Path) -> None:
    for after in (1, 1):
        assert ended(started(job, place, die_after=after)) == [-signal.SIGKILL]
    parts = {"embed": "embed.parquet.parts", "pool": "pool.parts", "scale": "embedded"}[job]
    kept = {file: file.stat().st_mtime_ns for file in (place / parts).glob("[0-9]*.parquet")}
    assert len(kept) == 2
    assert ended(started(job, place, die_after=1)) == [-signal.SIGKILL]  # in the last shard
    for file, written in kept.items():
        assert file.stat().st_mtime_ns == written
    JOBS[job](PLIP(place / "clip"), place)
    check(job, place)


def replace(file: Path, seed: int) -> None:
    """Put another picture there; the clock of the file system may be too coarse to show it by itself."""
    before = file.stat().st_mtime_ns
    tile(file, seed)
    os.utime(file, ns=(before + 1_000_000, before + 1_000_000))


@pytest.mark.parametrize("job", ["embed", "pool"])
@pytest.mark.parametrize("change", ["replaced", "added", "removed", "added in front", "grown"])
def test_a_folder_that_changed_between_two_calls(
    job: str, change: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(started(job, place, die_after=3)) == [-signal.SIGKILL]  # 9 of 10 are done, in shards of 3
    tiles = place / "tiles"
    if change == "replaced":
        replace(tiles / "0" / "08.png", 99)  # in the second shard
    elif change == "added":
        tile(tiles / "0" / "05.png", 98)
    elif change == "added in front":
        tile(tiles / "0" / "-.png", 97)
    elif change == "removed":
        (tiles / "1" / "01.png").unlink()
    else:
        for i in range(20):
            tile(tiles / "0" / f"09-{i:02}.png", 50 + i)
    asked, encode = [], PLIP.encode_images
    monkeypatch.setattr(
        PLIP,
        "encode_images",
        lambda self, images, *a, **k: (asked.append(len(images)), encode(self, images, *a, **k))[1],
    )
    with pytest.warns(UserWarning, match=r"of the pieces in .*\.parts had been made of other input"):
        JOBS[job](PLIP(place / "clip"), place)
    monkeypatch.undo()
    check(job, place)
    if change == "replaced" or (job == "embed" and change != "grown"):
        assert len(asked) == 2  # the shard that it lies in, and the last one
    if job == "embed" and change == "added in front":
        assert sorted(asked) == [1, 4]


def test_a_model_that_was_trained_again_in_the_same_place_is_another(place: Path) -> None:
    for job in JOBS:
        assert ended(started(job, place, die_after=1)) == [-signal.SIGKILL]
    JOBS["pool"](PLIP(place / "clip"), place)
    small_clip(place / "clip", seed=5)
    for job, parts in {"embed": "embed.parquet.parts", "pool": "pool", "scale": "embedded"}.items():
        with pytest.raises(ValueError, match=rf"{parts} holds pieces of another job: (model|reads) was.*Delete it"):
            JOBS[job](PLIP(place / "clip"), place)
        shutil.rmtree(place / parts)
        JOBS[job](PLIP(place / "clip"), place)
        check(job, place)


def test_a_step_in_one_process_loads_a_model_that_was_trained_again(place: Path) -> None:
    step, table = Embed(str(place / "clip")), shards.read(place / "shards" / "00000.parquet")
    before = step(table)["embedding"].to_pylist()
    small_clip(place / "clip", seed=5)
    after = step(table)["embedding"].to_pylist()
    expected = PLIP(place / "clip").encode_images([row["bytes"] for row in table["image"].to_pylist()])
    np.testing.assert_allclose(after, expected, atol=1e-5)
    assert not np.allclose(before, after, atol=1e-3)


def rows(seeds: list[int]) -> dict[str, list[Any]]:
    cells = [png(np.random.default_rng(seed).integers(0, 255, (20, 24, 3), np.uint8)) for seed in seeds]
    return {"image": cells, "text": [f"text {seed}" for seed in seeds]}


def test_another_table_with_the_same_first_rows_is_another_source(clip: Path, tmp_path: Path) -> None:
    plip, first, second = PLIP(clip), list(range(20)), [*range(19), 77]
    tables = [Dataset.from_dict(rows(seeds)).cast_column("image", Image()) for seeds in (first, second)]
    pool = embed_pool(plip, tables[0], tmp_path / "pool", shard=8)
    np.testing.assert_array_equal(embed_pool(plip, tables[0], tmp_path / "pool", shard=8).embeddings, pool.embeddings)
    with pytest.raises(ValueError, match=r"source was 3 shards, \w+, is 3 shards, \w+\. Delete it"):
        embed_pool(plip, tables[1], tmp_path / "pool", shard=8)
    texts = tables[0].remove_columns("text").add_column("text", ["other"] * 20)
    with pytest.raises(ValueError, match="source was"):
        embed_pool(plip, texts, tmp_path / "pool", shard=8)

    def stream(seeds: list[int]) -> IterableDataset:
        return Dataset.from_dict(rows(seeds)).cast_column("image", Image()).to_iterable_dataset()

    embed_pool(plip, stream(first), tmp_path / "stream", shard=8)
    assert len(embed_pool(plip, stream(first), tmp_path / "stream", shard=8)) == 20
    with pytest.raises(ValueError, match="first shard was"):
        embed_pool(plip, stream([77, *range(1, 20)]), tmp_path / "stream", shard=8)
    with pytest.raises(ValueError, match="limit was None, is 9"):
        embed_pool(plip, stream(first), tmp_path / "stream", shard=8, limit=9)


def test_outputs_that_are_there_already(place: Path) -> None:
    plip = PLIP(place / "clip")
    (place / "pool").mkdir()  # an empty folder is as good as none
    JOBS["pool"](plip, place)
    check("pool", place)
    (place / "mine").mkdir()
    (place / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="mine is there and is no pool"):
        embed_pool(plip, place / "tiles", place / "mine")
    assert sorted(path.name for path in (place / "mine").iterdir()) == ["thesis.txt"]
    with pytest.raises(ValueError, match=r"mine is a folder\. Name a file in it: .*mine/embeddings\.parquet"):
        embed_folder(plip, place / "tiles", place / "mine")
    table = embed_folder(plip, place / "tiles", place / "new" / "deep" / "out.parquet", progress=False)
    assert len(pq.read_table(table)) == 10
    assert len(embed_pool(plip, place / "tiles", place / "newer" / "deep" / "pool")) == 10


def test_pictures_that_change_while_they_are_embedded_are_noticed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plip, encode = PLIP(place / "clip"), PLIP.encode_images

    def changing(self: PLIP, images: list[Path], *args: Any, **options: Any) -> Any:
        found = encode(self, images, *args, **options)
        if images[0].name == "00.png":
            replace(images[0], 55)
        return found

    monkeypatch.setattr(PLIP, "encode_images", changing)
    with pytest.raises(ValueError, match=r"pictures of 1 of 4 shards changed .*Call again"):
        JOBS["embed"](plip, place)
    monkeypatch.undo()
    with pytest.warns(UserWarning, match="1 of the pieces"):
        JOBS["embed"](plip, place)
    check("embed", place)


DAMAGE = {
    "embeddings.npy": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "problems.json": lambda path: path.write_text("["),
    "items.arrow": lambda path: path.write_bytes(b"no table"),
    "job.json": lambda path: path.write_text(""),
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("lost", [False, True])
def test_a_damaged_pool_is_named(name: str, lost: bool, place: Path) -> None:
    JOBS["pool"](PLIP(place / "clip"), place)
    path = place / "pool" / name
    path.unlink() if lost else DAMAGE[name](path)
    if name == "job.json":
        with pytest.raises((DamagedError, ValueError), match=r"damaged.*Remove it|is no pool"):
            JOBS["pool"](PLIP(place / "clip"), place)
        return
    with pytest.raises(DamagedError, match=rf"{re.escape(str(place / 'pool'))} is damaged: .*Remove it"):
        open_pool(place / "pool")


def test_vectors_that_do_not_fit_to_the_pictures_are_named(place: Path) -> None:
    JOBS["pool"](PLIP(place / "clip"), place)
    for shape in ((9, 16), (10,)):
        np.save(place / "pool" / "embeddings.npy", np.zeros(shape, np.float32))
        with pytest.raises(DamagedError, match=r"vectors of shape .* do not fit to 10 pictures"):
            open_pool(place / "pool")
    with pytest.raises(FileNotFoundError, match="nowhere is no pool"):
        open_pool(place / "nowhere")


@pytest.mark.parametrize("job", JOBS)
def test_a_damaged_shard_is_named(job: str, place: Path) -> None:
    assert ended(started(job, place, die_after=2)) == [-signal.SIGKILL]
    parts = {"embed": "embed.parquet.parts", "pool": "pool.parts", "scale": "embedded"}[job]
    broken = place / parts / "00001.parquet"
    broken.write_bytes(broken.read_bytes()[:100])
    with pytest.raises(DamagedError, match=rf"{parts}/00001\.parquet is damaged: .*Remove it"):
        JOBS[job](PLIP(place / "clip"), place)
    broken.unlink()
    JOBS[job](PLIP(place / "clip"), place)
    check(job, place)


def test_of_two_jobs_that_claim_a_place_at_once_one_gets_it(tmp_path: Path) -> None:
    """Both see no note; the slower one must not write over the other's."""
    exists = Path.exists
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "exists", lambda self: False if self.name == "job.json" else exists(self))
        shards.claim(tmp_path, {"model": "a"})
        with pytest.raises(ValueError, match="model was a, is b"):
            shards.claim(tmp_path, {"model": "b"})
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]


def test_shards_are_cut_by_one(tmp_path: Path) -> None:
    table = Dataset.from_dict({"text": ["a", "b"]})
    with held(tmp_path / "texts", "testing"), pytest.raises(InUseError, match="testing"):
        scale.write_shards(table, tmp_path / "texts")
