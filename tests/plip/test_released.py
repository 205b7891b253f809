"""Each fault of the released class: shown on its own steps, and absent from `PLIP`."""

from __future__ import annotations

import inspect
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_clip import small_clip
from transformers import CLIPModel

from plip_tutorial.plip.model import PLIP
from plip_tutorial.plip.released import Released, half_cosines, load_as_published

TEXTS = ["fat", "an image of mucus", "smooth muscle"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(small_clip(tmp_path_factory.mktemp("base") / "clip"))


@pytest.fixture(scope="module")
def plip(path: Path) -> PLIP:
    return PLIP(path, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def released(path: Path) -> Released:
    return Released(path)


def noise(n: int) -> list[Image.Image]:
    draw = np.random.default_rng(0)
    return [Image.fromarray(draw.integers(0, 256, (40, 50, 3), dtype=np.uint8)) for _ in range(n)]


@pytest.fixture
def stretched(monkeypatch: pytest.MonkeyPatch, path: Path) -> tuple[PLIP, Released]:
    """Both, over weights whose vectors differ much in length, as those of trained models do."""
    ours, theirs = PLIP(path, device="cpu"), Released(path)
    for model in (ours.model, theirs.model):
        with torch.no_grad():
            for projection in (model.text_projection, model.visual_projection):
                projection.weight[0] *= 4
    return ours, theirs


def test_it_no_longer_loads_and_plip_does(path: Path) -> None:
    with pytest.raises(TypeError, match="use_auth_token"):
        load_as_published(path)
    assert PLIP(path).encode_text(TEXTS).shape == (3, PLIP(path).dim)


def test_the_retyped_steps_give_the_same_vectors(plip: PLIP, released: Released) -> None:
    np.testing.assert_allclose(released.encode_text(TEXTS, 2), plip.encode_text(TEXTS, normalize=False), atol=1e-5)
    images = noise(3)
    np.testing.assert_allclose(
        released.encode_images(images, 2), plip.encode_images(images, normalize=False), atol=1e-5
    )


def test_it_normalises_one_side_so_that_lengths_vote(stretched: tuple[PLIP, Released]) -> None:
    plip, released = stretched
    draw = np.random.default_rng(1)  # flat colours: they lie farther apart than noise does
    images = [Image.new("RGB", (50, 40), tuple(int(c) for c in draw.integers(0, 256, 3))) for _ in range(40)]
    texts = [chr(97 + i % 26) * (1 + i // 26) + chr(97 + 7 * i % 26) for i in range(40)]
    pictures, words = released.encode_images(images, 8), released.encode_text(texts, 8)
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)  # noqa: E731
    right = unit(pictures) @ unit(words).T
    np.testing.assert_allclose(plip.encode_images(images) @ plip.encode_text(texts).T, right, atol=1e-5)
    assert np.abs(half_cosines(pictures, words)).max() > 1  # no cosine is
    labels = [texts[i] for i in right.argmax(1)]
    assert plip.zero_shot_classification(images, texts) == labels
    assert released.zero_shot_classification(images, texts) != labels
    best = np.argsort(-right.T, axis=1, kind="stable")[:, :5]
    assert np.array_equal(plip.index(images).retrieval(texts, 5), best)
    assert not np.array_equal(np.argsort(-half_cosines(words, pictures), axis=1)[:, :5], best)


def test_it_encodes_jpeg_pictures_again(plip: PLIP, released: Released) -> None:
    stream = io.BytesIO()
    noise(1)[0].save(stream, "JPEG", quality=100, subsampling=0)
    opened = lambda: Image.open(io.BytesIO(stream.getvalue()))  # noqa: E731
    decoded = plip.encode_images([opened().convert("RGB")], normalize=False)
    np.testing.assert_array_equal(plip.encode_images([opened()], normalize=False), decoded)
    assert np.abs(released.encode_images([opened()], 1) - decoded).max() > 0.01
    np.testing.assert_allclose(released.encode_images([opened().convert("RGB")], 1), decoded, atol=1e-5)


def test_it_hashes_all_weights_at_each_call(plip: PLIP, released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled: list[object] = []
    reduce = CLIPModel.__reduce_ex__

    def noted(self: CLIPModel, protocol: int) -> object:
        pickled.append(self)
        return reduce(self, protocol)  # type: ignore[arg-type]

    monkeypatch.setattr(CLIPModel, "__reduce_ex__", noted)
    plip.encode_text(TEXTS)
    plip.encode_images(noise(2))
    assert pickled == []
    for calls in (1, 2):
        released.encode_text([*TEXTS, str(calls)], 2)
        assert len(pickled) >= calls


def test_it_cannot_retrieve_and_plip_can(plip: PLIP, released: Released) -> None:
    released.encode_images(noise(4), 2)
    with pytest.raises(AttributeError, match="image_vectors"):
        released.retrieval(["fat"], 2)
    assert plip.index(noise(4)).retrieval(["fat"], 2).shape == (1, 2)


def test_calls_written_for_it_run_unchanged(path: Path, plip: PLIP, capsys: pytest.CaptureFixture[str]) -> None:
    same = PLIP(model_name=path, auth_token=None)  # type: ignore[call-arg]
    images = noise(3)
    np.testing.assert_array_equal(same.encode_text(text=TEXTS, batch_size=2), plip.encode_text(TEXTS, 2))  # type: ignore[call-arg]
    np.testing.assert_array_equal(same.encode_images(images=images, batch_size=2), plip.encode_images(images, 2))
    labels = same.zero_shot_classification(images=images, text_labels=TEXTS, debug=True)  # type: ignore[call-arg]
    assert labels == plip.zero_shot_classification(images, TEXTS, False)
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert same.index(images).retrieval(queries=TEXTS, top_k=2).shape == (3, 2)
    with pytest.raises(TypeError, match="multiple values"):
        same.encode_text(TEXTS, text=TEXTS)  # type: ignore[call-arg]
    assert list(inspect.signature(PLIP.encode_text).parameters)[1] == "texts"  # ours stays the documented one
