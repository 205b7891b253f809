"""A slide of 20,000 pixels a side: each tile at its place, memory of a small one, the same after a kill and by Ray."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from drawn_slide import CELL, colours, picture, pyramid, with_hole
from small_clip import small_clip

from plip_tutorial.at_scale import EmbedTiles, read, run, vectors_of, write_shards
from plip_tutorial.plip.model import PLIP
from plip_tutorial.slide import Tiles, find_tissue, grid, open_slide

SIDE, PIXELS = 20_000, 16
GRID = {"pixels": PIXELS, "mpp": CELL * 0.5 / PIXELS}  # a tile is a field of one colour


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large slide and its places in shards, and a model."""
    place = tmp_path_factory.mktemp("large")
    small_clip(place / "clip")
    tiles = grid(open_slide(pyramid(place / "large.tif", SIDE)), **GRID)
    write_shards(tiles.table(), place / "places", rows=250)
    return place


@pytest.fixture(scope="module")
def whole(place: Path) -> Path:
    """The vectors, in one go on one thread, as a worker of Ray has it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    run(step(place), place / "places", place / "whole")
    yield place / "whole"
    torch.set_num_threads(before)


def step(place: Path) -> EmbedTiles:
    return EmbedTiles(str(place / "large.tif"), str(place / "clip"))


def test_each_tile_is_at_its_place_with_the_vector_of_its_colour(place: Path, whole: Path) -> None:
    vectors, places = vectors_of(whole)
    assert len(vectors) == 40 * 40
    assert places.max() == SIDE - CELL  # the last ones end at the edge
    regular = (places % CELL == 0).all(1)
    assert regular.sum() == 39 * 39
    column, row = places[regular].T // CELL
    plain = [np.full((PIXELS, PIXELS, 3), colour, np.uint8) for colour in colours(40)[row, column]]
    np.testing.assert_allclose(vectors[regular], PLIP(place / "clip").encode_images(plain), atol=1e-6)
    assert len(np.unique(vectors[regular].round(4), axis=0)) > 0.9 * 39 * 39  # and they can be told apart


class Killed(EmbedTiles):
    """A step that takes its process with it at its third shard; from outside it looks like the step itself."""

    seen = 0

    def __call__(self, table: pa.Table) -> pa.Table:
        Killed.seen += 1
        if Killed.seen == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(table)

    def __repr__(self) -> str:
        return super().__repr__().replace("Killed", "EmbedTiles")


def test_a_killed_run_goes_on_where_it_stopped_and_ends_with_the_same(place: Path, whole: Path, tmp_path: Path) -> None:
    deadly = Killed(str(place / "large.tif"), str(place / "clip"))
    process = multiprocessing.get_context("fork").Process(
        target=run, args=(deadly, place / "places", tmp_path / "done")
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    done = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "done").glob("*.parquet")}
    assert len(done) == 2
    with pytest.raises(ValueError, match=r"5 of 7 shards .* are missing"):
        vectors_of(tmp_path / "done")
    for part in (0, 1):
        run(step(place), place / "places", tmp_path / "done", part=part, of=2)
    for name, written in done.items():
        assert (tmp_path / "done" / name).stat().st_mtime_ns == written  # not done again
    for found, expected in zip(vectors_of(tmp_path / "done"), vectors_of(whole), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_through_ray_the_same_comes_out(place: Path, whole: Path, through_ray: Callable[..., pa.Table]) -> None:
    told = through_ray(place / "places", step(place), workers=2)
    expected = read(whole)
    assert told.column_names == expected.column_names
    for name in told.column_names:
        assert told[name].to_pylist() == expected[name].to_pylist(), name


PEAK = """
import resource, sys
from plip_tutorial.at_scale import EmbedTiles, run, write_shards
from plip_tutorial.slide import find_tissue, grid, open_slide
slide, place = open_slide(sys.argv[1]), sys.argv[2]
tiles = grid(slide, pixels=16, mpp=16.0, mask=find_tissue(slide))
write_shards(tiles.table(), place + "/places", rows=250)
run(EmbedTiles(sys.argv[1], sys.argv[3]), place + "/places", place + "/done")
print(len(tiles), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(slide: Path, place: Path, model: Path) -> tuple[int, int]:
    """Tiles of a slide, and kilobytes that tissue, grid and vectors took at the most in a process of their own."""
    place.mkdir()
    command = [sys.executable, "-c", PEAK, str(slide), str(place), str(model)]
    tiles, memory = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return int(tiles), int(memory)


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX: it has no count of the memory of a process")
def test_memory_is_that_of_a_small_slide(place: Path, tmp_path: Path) -> None:
    small, large = (
        peak(slide, tmp_path / slide.stem, place / "clip")
        for slide in (pyramid(tmp_path / "small.tif", 2048), place / "large.tif")
    )
    assert large[0] > 90 * small[0]
    pixels = 3 * SIDE**2 / 1024  # kilobytes of the whole slide
    assert large[1] - small[1] < 0.1 * pixels, f"{large[1] - small[1]:,} kB more than for a small slide"


def test_a_slide_or_a_model_that_has_changed_is_another_job(place: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 200, (256, 256, 3), np.uint8)
    path = picture(tmp_path / "one.tif", noise)
    write_shards(grid(open_slide(path), pixels=64, mpp=0.5).table(), tmp_path / "places")
    job = EmbedTiles(str(path), str(place / "clip"))
    run(job, tmp_path / "places", tmp_path / "done")
    before = vectors_of(tmp_path / "done")[0]
    picture(path, noise[::-1])
    with pytest.raises(ValueError, match="reads was"):
        run(job, tmp_path / "places", tmp_path / "done")
    run(job, tmp_path / "places", tmp_path / "again")
    assert not np.allclose(vectors_of(tmp_path / "again")[0], before)  # and the slide is opened anew


def test_a_tile_that_cannot_be_read_has_its_problem_and_the_others_their_vectors(place: Path, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 200, (512, 512, 3), np.uint8)
    path = with_hole(picture(tmp_path / "hole.tif", noise))
    write_shards(grid(open_slide(path), pixels=128, mpp=0.5).table(), tmp_path / "places", rows=10)
    job = EmbedTiles(str(path), str(place / "clip"), batch_size=4)
    run(job, tmp_path / "places", tmp_path / "done")
    found = read(tmp_path / "done").to_pylist()
    for row in found:
        x, y = row["x"], row["y"]
        bad = max(x, y) < 256  # the first block has a fourth of the tiles
        assert (row["embedding"] is None) == bad
        assert (f"hole.tif cannot be read at ({x}, {y}), level 0" in (row["problem"] or "")) == bad
    whole = [noise[row["y"] :, row["x"] :][:128, :128] for row in found if row["embedding"]]
    vectors = [row["embedding"] for row in found if row["embedding"]]
    np.testing.assert_allclose(vectors, PLIP(place / "clip").encode_images(whole), atol=1e-6)
    with pytest.raises(ValueError, match=r"4 of 16 tiles .*\(.*hole\.tif cannot be read at \(0, 0\)"):
        vectors_of(tmp_path / "done")
    every = read(tmp_path / "places").filter(pa.array([max(row["x"], row["y"]) < 256 for row in found]))
    assert job(every)["embedding"].null_count == 4  # and if none can be read


def test_the_pictures_of_an_mrxs_lie_in_its_folder(place: Path, tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    for name in ("case.mrxs", "case.svs", "case/Data0000.dat"):
        (tmp_path / name).write_bytes(b"as scanned")
    jobs = [EmbedTiles(str(tmp_path / name), str(place / "clip")) for name in ("case.mrxs", "case.svs")]
    before = [job.reads for job in jobs]
    (tmp_path / "case" / "Data0000.dat").write_bytes(b"and again.")
    assert jobs[0].reads != before[0]
    assert jobs[1].reads == before[1]  # what lies beside it is not its own


def test_a_slide_without_a_size_and_tiles_of_two_sizes(place: Path, tmp_path: Path) -> None:
    path = picture(tmp_path / "one.tif", np.full((256, 256, 3), 90, np.uint8), mpp=None)
    tiles = grid(open_slide(path, mpp=0.5), pixels=64, mpp=0.5)
    table = tiles.table().with_format("arrow")[:]
    assert len(EmbedTiles(str(path), str(place / "clip"), mpp=0.5)(table)) == 16
    with pytest.raises(ValueError, match="does not say how large"):
        EmbedTiles(str(path), str(place / "clip"))(table)
    two = pa.concat_tables([table, Tiles(tiles.slide, tiles.places, 32, 16).table().with_format("arrow")[:]])
    with pytest.raises(ValueError, match=r"the tiles of a shard have 2 sizes \[\(32, 16\), \(64, 64\)\]"):
        EmbedTiles(str(path), str(place / "clip"), mpp=0.5)(two)


def test_tissue_of_a_large_slide_is_found_in_blocks(place: Path) -> None:
    slide = open_slide(place / "large.tif")
    assert find_tissue(slide).tissue.shape == (1250, 1250)
    assert find_tissue(slide).share == 1
