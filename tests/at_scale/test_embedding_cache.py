"""Remembered embeddings: never an old one, never a lost one, never too many."""

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small_clip import small_clip

from plip_tutorial.at_scale.embedding_cache import EmbeddingCache
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import UnreadableImageError
from plip_tutorial.storage.files import DamagedError


@pytest.fixture(scope="module")
def plip(tmp_path_factory: pytest.TempPathFactory) -> PLIP:
    return PLIP(small_clip(tmp_path_factory.mktemp("base") / "clip"))


def picture(path: Path, seed: int) -> Path:
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 40, 3), np.uint8)).save(path)
    return path


@settings(deadline=None, max_examples=15)
@given(rounds=st.lists(st.lists(st.sampled_from(["fat", "mucus", "a", "b", "c"]), max_size=6), min_size=1, max_size=4))
def test_texts_equal_the_class_and_are_computed_once(plip: PLIP, rounds: list[list[str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        cached, asked, encode = EmbeddingCache(plip, Path(place) / "db"), [], plip.encode_text
        patch.setattr(plip, "encode_text", lambda texts, *a, **k: (asked.extend(texts), encode(texts, *a, **k))[1])
        for texts in rounds:
            np.testing.assert_allclose(cached.encode_text(texts), encode(texts), atol=1e-5)
        assert sorted(asked) == sorted({text for texts in rounds for text in texts})
        assert len(cached) == len(asked)


def test_pictures_are_known_by_their_content(plip: PLIP, tmp_path: Path) -> None:
    cached, path = EmbeddingCache(plip, tmp_path / "db"), picture(tmp_path / "a.png", 0)
    first = cached.encode_images([path])
    copy = tmp_path / "copy.png"
    copy.write_bytes(path.read_bytes())
    assert np.array_equal(cached.encode_images([copy, path.read_bytes()]), np.repeat(first, 2, axis=0))
    assert len(cached) == 1
    np.testing.assert_allclose(cached.encode_images([Image.open(path)]), first, atol=1e-6)
    picture(path, 1)  # the same name, another tile
    np.testing.assert_allclose(cached.encode_images([path]), plip.encode_images([path]), atol=1e-5)
    assert not np.allclose(cached.encode_images([path]), first, atol=1e-3)


def test_raw_and_unit_vectors_share_an_entry(plip: PLIP, tmp_path: Path) -> None:
    cached = EmbeddingCache(plip, tmp_path / "db")
    cached.encode_text(["fat"])
    np.testing.assert_allclose(
        cached.encode_text(["fat"], normalize=False), plip.encode_text(["fat"], normalize=False), atol=1e-5
    )
    assert len(cached) == 1


def test_another_preprocessing_or_prompt_has_its_own_vectors(plip: PLIP, tmp_path: Path) -> None:
    wider, image = PLIP(small_clip(tmp_path / "clip")), picture(tmp_path / "a.png", 0)
    wider.processor.image_processor.image_mean = [0.1, 0.2, 0.3]
    wider.processor.save_pretrained(tmp_path / "clip")
    shifted = PLIP(tmp_path / "clip")
    for model in (plip, shifted, plip):
        cached = EmbeddingCache(model, tmp_path / "db")
        np.testing.assert_allclose(cached.encode_images([image]), model.encode_images([image]), atol=1e-5)
    assert len(cached) == 2
    for prompt in ("fat", "fat.", " fat", "Fat", "a photo of fat"):  # one letter is enough
        np.testing.assert_allclose(cached.encode_text([prompt]), plip.encode_text([prompt]), atol=1e-5)
    assert len(cached) == 2 + 5


def test_another_model_or_precision_has_its_own_vectors(plip: PLIP, tmp_path: Path) -> None:
    base = small_clip(tmp_path / "clip")
    other = PLIP(base)
    with torch.no_grad():
        other.model.text_projection.weight += 0.1
    half = PLIP(base, precision="bfloat16")
    models = [plip, other, half]
    caches = [EmbeddingCache(model, tmp_path / "db") for model in models]
    for cached, model in zip(caches, models, strict=True):
        np.testing.assert_allclose(cached.encode_text(["fat"]), model.encode_text(["fat"]), atol=1e-5)
    assert len(caches[0]) == 3


def test_the_oldest_go_when_it_is_full(plip: PLIP, tmp_path: Path) -> None:
    cached = EmbeddingCache(plip, tmp_path / "db", limit=3 * 4 * plip.dim)
    for text in "abc":
        cached.encode_text([text])
    cached.encode_text(["a"])
    cached.encode_text(["d"])
    assert len(cached) == 3
    calls, encode = [], plip.encode_text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plip, "encode_text", lambda texts, *a, **k: (calls.extend(texts), encode(texts, *a, **k))[1])
        cached.encode_text(["a", "c", "d"])
    assert calls == []


def _fill(base: Path, path: Path, texts: list[str], *, kill: bool) -> None:
    torch.set_num_threads(1)
    cached = EmbeddingCache(PLIP(base), path)
    for text in texts:
        cached.encode_text([text])
    if kill:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.once
def test_two_processes_and_a_killed_one_share_a_file(tmp_path: Path) -> None:
    base, path = small_clip(tmp_path / "clip"), tmp_path / "db"
    words = [f"word {i}" for i in range(30)]
    start = multiprocessing.get_context("spawn").Process
    workers = [start(target=_fill, args=(base, path, words[i : i + 20]), kwargs={"kill": i > 0}) for i in (0, 10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, -signal.SIGKILL]
    cached = EmbeddingCache(PLIP(base), path)
    assert len(cached) == 30
    np.testing.assert_allclose(cached.encode_text(words), PLIP(base).encode_text(words), atol=1e-5)


class _Killer(sqlite3.Connection):
    """A connection whose process dies between writing its vectors and committing them."""

    def execute(self, sql: str, *arguments: object) -> sqlite3.Cursor:  # type: ignore[override]
        if sql.startswith("SELECT count(*), coalesce"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, *arguments)  # type: ignore[arg-type]


def _die_while_writing(base: Path, path: Path) -> None:
    torch.set_num_threads(1)
    connect = sqlite3.connect
    sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=_Killer)  # type: ignore[assignment]
    EmbeddingCache(PLIP(base), path).encode_text(["lost 1", "lost 2"])


@pytest.mark.once
def test_what_was_half_written_is_not_there(tmp_path: Path) -> None:
    base, path = small_clip(tmp_path / "clip"), tmp_path / "db"
    cached = EmbeddingCache(PLIP(base), path)
    cached.encode_text(["kept"])
    worker = multiprocessing.get_context("spawn").Process(target=_die_while_writing, args=(base, path))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    assert len(cached) == 1
    np.testing.assert_allclose(cached.encode_text(["lost 1"]), PLIP(base).encode_text(["lost 1"]), atol=1e-5)
    assert len(cached) == 2


def test_one_caption_or_one_picture_is_no_sequence(plip: PLIP, tmp_path: Path) -> None:
    cached, path = EmbeddingCache(plip, tmp_path / "db"), picture(tmp_path / "a.png", 0)
    with pytest.raises(TypeError, match=r"one string \('mucus'\)"):
        cached.encode_text("mucus")
    for one in (str(path), path, path.read_bytes(), Image.open(path), np.asarray(Image.open(path))):
        with pytest.raises(TypeError, match=r"Pass \[image\]"):
            cached.encode_images(one)  # type: ignore[arg-type]
    assert len(cached) == 0


def test_a_file_that_is_swapped_between_looking_and_encoding_is_remembered_as_what_was_encoded(
    plip: PLIP, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached, path, copy = EmbeddingCache(plip, tmp_path / "db"), tmp_path / "a.png", tmp_path / "copy.png"
    first, second = (picture(tmp_path / f"{i}.png", i).read_bytes() for i in (0, 1))
    path.write_bytes(first)
    copy.write_bytes(first)
    read = cached._read

    def swapping(keys: list[bytes]) -> dict[bytes, np.ndarray]:
        path.write_bytes(second)
        return read(keys)

    monkeypatch.setattr(cached, "_read", swapping)
    found = cached.encode_images([path, copy])
    monkeypatch.undo()
    expected = plip.encode_images([second, first])
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(cached.encode_images([first, second]), expected[::-1], atol=1e-5)
    assert len(cached) == 2


def test_a_broken_picture_is_named_by_its_place_among_all(plip: PLIP, tmp_path: Path) -> None:
    cached, path = EmbeddingCache(plip, tmp_path / "db"), picture(tmp_path / "a.png", 0)
    (tmp_path / "b.png").write_bytes(b"no picture")
    os.mkfifo(tmp_path / "fifo.png")
    cached.encode_images([path])
    for name, reason in (("b.png", "cannot identify"), ("gone.png", "No such file"), ("fifo.png", "a pipe")):
        with pytest.raises(UnreadableImageError, match=rf"image 2 of 3 \({name}\).*{reason}") as caught:
            cached.encode_images([path, path, tmp_path / name])
        assert "skip_unreadable" not in str(caught.value)


def test_a_model_that_is_changed_gets_no_vector_of_the_old_one(tmp_path: Path) -> None:
    model, image = PLIP(small_clip(tmp_path / "clip")), picture(tmp_path / "a.png", 0)
    cached = EmbeddingCache(model, tmp_path / "db")
    vectors = [cached.encode_images([image])]
    with torch.no_grad():
        model.model.visual_projection.weight *= torch.arange(16)[:, None]
    vectors.append(cached.encode_images([image]))
    model.model.visual_projection = torch.nn.Linear(64, 16, bias=False)
    vectors.append(cached.encode_images([image]))
    np.testing.assert_allclose(vectors[-1], model.encode_images([image]), atol=1e-6)
    assert len(cached) == 3
    assert len({np.round(vector, 4).tobytes() for vector in vectors}) == 3


def test_a_damaged_file_is_named_and_a_damaged_entry_made_anew(plip: PLIP, tmp_path: Path) -> None:
    cached = EmbeddingCache(plip, tmp_path / "db")
    expected = cached.encode_text(["fat"])
    with sqlite3.connect(cached.path) as base:
        base.execute("UPDATE vectors SET vector = ?", [b"1234567"])
    np.testing.assert_allclose(cached.encode_text(["fat"]), expected, atol=1e-6)
    (tmp_path / "other").write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError, match=r"other is damaged: file is not a database\. Remove it"):
        EmbeddingCache(plip, tmp_path / "other")
