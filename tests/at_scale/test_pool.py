"""A pool from a folder, a table or a stream: the same vectors on the disk, and nothing done twice after a crash."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Image, load_dataset
from PIL import Image as Pillow
from small_clip import small_clip

from plip_tutorial.at_scale.embedder import Pool, embed_pool, open_pool
from plip_tutorial.expand import expand
from plip_tutorial.microcosm.web import web_pool
from plip_tutorial.plip.model import PLIP


@pytest.fixture(scope="module")
def plip(tmp_path_factory: pytest.TempPathFactory) -> PLIP:
    return PLIP(small_clip(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty pictures in two sub-folders, some with a text beside them, one broken, and a file that is no picture."""
    place, table = tmp_path_factory.mktemp("downloads"), web_pool(20, size=24)
    for i, row in enumerate(table):
        (place / f"{i % 2}").mkdir(exist_ok=True)
        row["image"].save(place / f"{i % 2}" / f"{i:02d}.png")
        if i < 12:
            (place / f"{i % 2}" / f"{i:02d}.txt").write_text(f"text {i}\n")
    (place / "1" / "07.png").write_bytes(b"no picture")
    (place / "0" / ".hidden.png").write_bytes(b"")
    return place


def by_hand(plip: PLIP, folder: Path) -> tuple[list[str], np.ndarray]:
    files = [f"{i % 2}/{i:02d}.png" for i in (*range(0, 20, 2), *range(1, 20, 2)) if i != 7]
    return files, plip.encode_images([folder / file for file in files])


def check(pool: Pool, vectors: np.ndarray) -> None:
    assert isinstance(pool.embeddings, np.memmap)
    assert len(pool) == len(pool.items) == len(vectors)
    np.testing.assert_allclose(pool.embeddings, vectors, atol=1e-6)


def test_a_folder_becomes_a_pool_that_expand_searches(plip: PLIP, folder: Path, tmp_path: Path) -> None:
    pool = embed_pool(plip, folder, tmp_path / "pool", shard=6)
    files, vectors = by_hand(plip, folder)
    check(pool, vectors)
    assert pool.items["item"][:] == files
    assert pool.items["text"][:] == [f"text {i}" if i < 12 else "" for i in (int(file[2:4]) for file in files)]
    assert len(pool.problems) == 1
    assert pool.problems[0].startswith("1/07.png: cannot identify")
    assert not (tmp_path / "pool.parts").exists()
    for place in (0, 11, 18):
        np.testing.assert_array_equal(pool.items[place]["image"], Pillow.open(folder / files[place]))
    found = expand(vectors[:3], pool.embeddings, k=4, threshold=-1)
    assert 0 < len(found) == len(expand(vectors[:3], vectors, k=4, threshold=-1))
    assert not {0, 1, 2} & set(found.indices.tolist())  # the seeds themselves
    check(open_pool(tmp_path / "pool"), vectors)


def test_tables_and_streams_give_the_same_pool(plip: PLIP, folder: Path, tmp_path: Path) -> None:
    files, vectors = by_hand(plip, folder)
    columns = {"photo": [{"bytes": (folder / file).read_bytes(), "path": None} for file in files], "alt": files}
    table = Dataset.from_dict(columns).cast_column("photo", Image())
    table.to_parquet(tmp_path / "table.parquet")
    stream = load_dataset(
        "parquet", data_files=str(tmp_path / "table.parquet"), split="train", streaming=True, cache_dir=str(tmp_path)
    )
    addresses = Dataset.from_dict({"photo": [str(folder / file) for file in files], "alt": files})
    arrays = Dataset.from_dict({"photo": [np.asarray(Pillow.open(folder / f)) for f in files[:3]], "alt": files[:3]})
    sources = {"table": table, "stream": stream, "paths": addresses, "arrays": arrays.with_format("numpy")}
    for name, source in sources.items():
        pool = embed_pool(plip, source, tmp_path / name, image="photo", text="alt", shard=7)
        check(pool, vectors[: len(pool)])
        assert pool.items["text"][:] == files[: len(pool)]
        np.testing.assert_array_equal(pool.items[2]["image"], Pillow.open(folder / files[2]))
    half = embed_pool(plip, stream, tmp_path / "half", image="photo", limit=9, dtype="float16")
    assert half.embeddings.dtype == np.float16
    np.testing.assert_allclose(half.embeddings, vectors[:9], atol=1e-3)
    assert set(half.items["text"][:]) == {""}
    with pytest.raises(ValueError, match=r"no column 'no such'\. It has: photo, alt"):
        embed_pool(plip, table, tmp_path / "typed wrong", image="photo", text="no such")


def test_a_text_that_is_missing_is_none_and_0_is_one(plip: PLIP, folder: Path, tmp_path: Path) -> None:
    table = Dataset.from_dict({"image": [str(folder / "0" / "00.png")] * 2, "text": [float("nan"), 0.0]})
    assert embed_pool(plip, table, tmp_path / "pool").items["text"][:] == ["", "0.0"]


class CrashError(RuntimeError):
    pass


def test_what_was_done_before_a_crash_is_not_done_again(
    plip: PLIP, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    encode = plip.encode_images

    def fragile(images: list[object], *args: object, **kwargs: object) -> object:
        if len(seen) == 2:
            raise CrashError
        seen.append(len(images))
        return encode(images, *args, **kwargs)

    monkeypatch.setattr(plip, "encode_images", fragile)
    with pytest.raises(CrashError):
        embed_pool(plip, folder, tmp_path / "pool", shard=6)
    assert not (tmp_path / "pool").exists()
    later: list[int] = []
    monkeypatch.setattr(
        plip, "encode_images", lambda images, *a, **k: (later.append(len(images)), encode(images, *a, **k))[1]
    )
    pool = embed_pool(plip, folder, tmp_path / "pool", shard=6)
    assert (seen, later) == ([6, 6], [6, 2])
    monkeypatch.undo()
    check(pool, by_hand(plip, folder)[1])


def test_a_pool_that_is_there_is_opened_and_another_one_is_refused(plip: PLIP, folder: Path, tmp_path: Path) -> None:
    first = embed_pool(plip, folder, tmp_path / "pool", limit=5)
    check(embed_pool(plip, folder, tmp_path / "pool", limit=5), first.embeddings)
    with pytest.raises(ValueError, match="source was"):
        embed_pool(plip, folder, tmp_path / "pool", limit=6)
    with pytest.raises(FileNotFoundError, match="no folder"):
        embed_pool(plip, tmp_path / "nowhere", tmp_path / "other")
    with pytest.raises(ValueError, match=r"no column 'image'\. It has: text"):
        embed_pool(plip, Dataset.from_dict({"text": ["a"]}), tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no picture"):
        embed_pool(plip, tmp_path / "empty", tmp_path / "third")


def test_settings_and_sources_that_cannot_be_are_refused(plip: PLIP, folder: Path, tmp_path: Path) -> None:
    for wrong, says in (
        ({"limit": 0}, "limit is 0"),
        ({"shard": 0}, "shard is 0"),
        ({"dtype": "int8"}, "dtype is 'int8'"),
    ):
        with pytest.raises(ValueError, match=says):
            embed_pool(plip, folder, tmp_path / "pool", **wrong)  # type: ignore[arg-type]
    for source in ([str(folder)], pd.DataFrame({"image": ["a.png"]})):
        with pytest.raises(TypeError, match=r"of type (list|DataFrame); give a folder.*Dataset\.from_pandas\(frame\)"):
            embed_pool(plip, source, tmp_path / "pool")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
