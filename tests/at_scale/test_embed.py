"""A folder of pictures, embedded: equal to the class, resumed, shared, and honest about what it could not read."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from small_clip import small_clip

from plip_tutorial import __main__
from plip_tutorial.at_scale import shards
from plip_tutorial.at_scale.embedder import embed_folder
from plip_tutorial.plip.model import PLIP


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(small_clip(tmp_path_factory.mktemp("base") / "clip"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "tiles"
    for i in range(11):
        place = root / f"slide {i % 3}" / f"{i:02}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 255, (40, 30, 3), np.uint8)
        Image.fromarray(pixels).save(place)
    (root / "slide 1" / "broken.png").write_bytes(b"nothing")
    (root / "notes.txt").write_text("no picture")
    return root


def test_the_table_holds_what_the_class_gives(base: Path, folder: Path, tmp_path: Path) -> None:
    plip = PLIP(base)
    with pytest.warns(UserWarning, match=r"1 of 12 pictures cannot be read \(slide 1/broken\.png: cannot identify"):
        table = pq.read_table(embed_folder(plip, folder, tmp_path / "out.parquet", shard=4, progress=False))
    files = table["file"].to_pylist()
    assert files == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    kept = [(file, row) for file, row in zip(files, table["embedding"].to_pylist(), strict=True) if row is not None]
    assert len(kept) == 11
    np.testing.assert_allclose([row for _, row in kept], plip.encode_images([folder / f for f, _ in kept]), atol=1e-5)
    problems = {f: p for f, p in zip(files, table["problem"].to_pylist(), strict=True) if p}
    assert list(problems) == ["slide 1/broken.png"]
    assert "identify" in problems["slide 1/broken.png"]
    assert not (tmp_path / "out.parquet.parts").exists()


def test_shards_of_another_model_are_not_taken(base: Path, folder: Path, tmp_path: Path) -> None:
    shards.claim(tmp_path / "out.parquet.parts", {"model": "another"})
    with pytest.raises(ValueError, match="model was another"):
        embed_folder(PLIP(base), folder, tmp_path / "out.parquet", progress=False)


@pytest.mark.once
def test_two_processes_make_the_same_file(base: Path, folder: Path, tmp_path: Path) -> None:
    words = ["embed", str(folder), "--model", str(base), "--output"]
    __main__.main([*words, str(tmp_path / "one.parquet")])
    launch = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "-m", "plip_tutorial"]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true"}
    command = [sys.executable, *launch, *words, str(tmp_path / "two.parquet")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("one", "two"))
    assert one["file"].equals(two["file"])
    for first, second in zip(one["embedding"].to_pylist(), two["embedding"].to_pylist(), strict=True):
        assert (first is None) == (second is None)
        assert first is None or np.allclose(first, second, atol=1e-5)


def test_an_empty_or_missing_folder(base: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no picture"):
        embed_folder(PLIP(base), tmp_path, tmp_path / "out.parquet")
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        embed_folder(PLIP(base), tmp_path / "nowhere", tmp_path / "out.parquet")
