"""The PLIP class against the plain Hugging Face way, on a tiny random CLIP with every mode of picture."""

from __future__ import annotations

import io
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset, Features
from datasets import Image as ImageFeature
from PIL import Image
from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor, CLIPTokenizer

from plip_tutorial.plip import devices
from plip_tutorial.plip import model as plip_module
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import UnreadableImageError

REAL = Path(__file__).parents[2] / "../shared/data"
LETTERS = "abcdefghijklmnopqrstuvwxyz&"


def tokenizer() -> CLIPTokenizer:
    words = list(LETTERS) + [letter + "</w>" for letter in LETTERS] + ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)


def checkpoint(path: Path, *, legacy_end: bool = False, side: int = 32) -> Path:
    """A random CLIP of 32 px; ``legacy_end`` writes the end token as old checkpoints (PLIP's) do."""
    tokens = tokenizer()
    text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = text | {"image_size": side, "patch_size": 8}
    ids = {"bos_token_id": tokens.bos_token_id, "pad_token_id": tokens.pad_token_id}
    ids["eos_token_id"] = 2 if legacy_end else tokens.eos_token_id
    config = CLIPConfig(text_config=text | ids | {"vocab_size": len(tokens)}, vision_config=vision, projection_dim=16)
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(path)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": side}, crop_size={"height": side, "width": side})
    CLIPProcessor(image_processor=pictures, tokenizer=tokens).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def plip(path: Path) -> PLIP:
    return PLIP(path, device="cpu", precision="float32")


def plain_images(path: Path, images: list[Image.Image]) -> np.ndarray:
    model = CLIPModel.from_pretrained(path).eval()
    processor = CLIPImageProcessorPil.from_pretrained(path)
    with torch.no_grad():
        rows = [
            model.get_image_features(**processor(images=[image], return_tensors="pt")).pooler_output for image in images
        ]
    return torch.cat(rows).numpy()


def plain_texts(path: Path, texts: list[str]) -> np.ndarray:
    """As the released class does: every caption cut and padded to 77 tokens, with a mask."""
    model, words = CLIPModel.from_pretrained(path).eval(), CLIPTokenizer.from_pretrained(path)
    ids = words(texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return model.get_text_features(**ids).pooler_output.numpy()


def pictures(n: int, seed: int = 0) -> list[Image.Image]:
    draw = np.random.default_rng(seed)
    sides = draw.integers(20, 90, (n, 2))
    return [Image.fromarray(draw.integers(0, 256, (h, w, 3), dtype=np.uint8)) for h, w in sides]


TEXTS = ["fat", "an image of fat", "mucus and debris", "", "a " * 30, "smooth muscle", "fat"]


def test_images_equal_plain_hugging_face(plip: PLIP, path: Path) -> None:
    images = pictures(11)
    ours = plip.encode_images(images, 4, normalize=False)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, plain_images(path, images), atol=1e-5)


@pytest.mark.parametrize("crops", [2, 3, 6])
def test_crops_are_cut_from_the_picture_as_it_came_and_their_directions_averaged(path: Path, crops: int) -> None:
    images = pictures(5)
    vectors = []
    for image in images:
        side, (width, height) = round(0.6 * min(image.size)), image.size
        right, low = width - side, height - side
        corners = [(right // 2, low // 2), (0, 0), (right, low), (right, 0), (0, low)]
        boxes = [(x, y, x + side, y + side) for x, y in corners]
        each = plain_images(path, [image, *map(image.crop, boxes)][:crops])
        mean = (each / np.linalg.norm(each, axis=1, keepdims=True)).mean(0)
        vectors.append(mean / np.linalg.norm(mean))
    ours = PLIP(path, device="cpu", precision="float32", crops=crops)
    np.testing.assert_allclose(ours.encode_images(images, 2), vectors, atol=1e-5)
    assert len(ours.encode_images(images, 2, skip_unreadable=True)[1]) == 5


def test_one_crop_is_the_whole_picture_bit_for_bit(path: Path, plip: PLIP) -> None:
    once, several = (PLIP(path, device="cpu", precision="float32", crops=n) for n in (1, 6))
    for normalize in (True, False):
        expected = plip.encode_images(pictures(5), normalize=normalize)
        np.testing.assert_array_equal(once.encode_images(pictures(5), normalize=normalize), expected)
    assert once.fingerprint() == plip.fingerprint() != several.fingerprint()
    tiny = [Image.new("RGB", size) for size in [(1, 1), (2, 1), (1, 30)]]  # nothing to cut from
    assert np.isfinite(several.encode_images(tiny)).all()


def test_texts_equal_plain_hugging_face_in_their_order(plip: PLIP, path: Path) -> None:
    ours = plip.encode_text(TEXTS, 3, normalize=False)
    np.testing.assert_allclose(ours, plain_texts(path, TEXTS), atol=1e-5)
    assert np.ptp(ours, axis=0).max() > 0.01  # a wrong end token would make them all equal


def test_old_checkpoints_read_the_same_place(plip: PLIP, tmp_path: Path) -> None:
    old = PLIP(checkpoint(tmp_path, legacy_end=True), device="cpu")
    np.testing.assert_allclose(old.encode_text(TEXTS), plip.encode_text(TEXTS), atol=1e-6)


def test_unusual_processors_are_called_as_they_are(path: Path, plip: PLIP) -> None:
    odd = CLIPImageProcessorPil(size={"height": 32, "width": 32}, do_center_crop=False, do_normalize=False)
    images = pictures(3)
    pixels = plip_module.Preprocessor(odd)
    ours = pixels.batch([pixels.shrink(image) for image in images])
    assert torch.equal(ours, odd(images=images, return_tensors="pt")["pixel_values"])


@pytest.mark.parametrize("size", [(32, 32), (33, 32), (31, 97), (97, 31), (400, 301), (5, 7), (32, 3200)])
@pytest.mark.parametrize("crop", [32, 31])
def test_pixels_are_bit_for_bit_those_of_transformers(size: tuple[int, int], crop: int) -> None:
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": crop, "width": crop})
    draw = np.random.default_rng(0)
    image = Image.fromarray(draw.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    pixels = plip_module.Preprocessor(processor)
    assert pixels.side == (32, crop)
    expected = processor(images=[image], return_tensors="pt")["pixel_values"]
    assert torch.equal(pixels.batch([pixels.shrink(image)]), expected)


def test_unit_length_on_both_sides(plip: PLIP) -> None:
    # The released class normalised one side of its cosine only.
    for vectors in (plip.encode_images(pictures(3)), plip.encode_text(TEXTS)):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_logit_scale_is_what_the_model_multiplies_with(plip: PLIP) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plip.logit_scale == pytest.approx(np.exp(plip.model.config.logit_scale_init_value))


def test_batches_do_not_change_vectors(plip: PLIP) -> None:
    images = pictures(7)
    for size in (1, 3, 7, 50):
        np.testing.assert_allclose(plip.encode_images(images, size), plip.encode_images(images, 7), atol=1e-6)
        np.testing.assert_allclose(plip.encode_text(TEXTS, size), plip.encode_text(TEXTS, 7), atol=1e-6)


def test_every_container_gives_the_same(plip: PLIP, tmp_path: Path) -> None:
    images = pictures(5)
    paths = [str(tmp_path / f"{i}.png") for i in range(5)]
    for image, place in zip(images, paths, strict=True):
        image.save(place)
    column = Dataset.from_dict({"image": paths}, features=Features({"image": ImageFeature()}))["image"]
    expected = plip.encode_images(images, 2)
    mixed = [paths[0], images[1], np.asarray(images[2]), Path(paths[3]), Path(paths[4]).read_bytes()]
    for same in (paths, iter(images), column, mixed, (Path(place) for place in paths)):
        np.testing.assert_array_equal(plip.encode_images(same, 2), expected)


def test_jpeg_is_not_encoded_again(plip: PLIP, path: Path, tmp_path: Path) -> None:
    # The released class puts Pillow images into a data set, which stores those from a JPEG file as JPEG once more.
    place = tmp_path / "tile.jpg"
    pictures(1)[0].save(place, quality=60)
    expected = plain_images(path, [Image.open(place).convert("RGB")])
    for image in (place, Image.open(place)):
        np.testing.assert_allclose(plip.encode_images([image], normalize=False), expected, atol=1e-5)


def test_unreadable_pictures_are_named_or_left_out(plip: PLIP, tmp_path: Path) -> None:
    broken = tmp_path / "scan_17.png"
    broken.write_bytes(b"not a picture")
    images = [*pictures(3), broken, *pictures(2, seed=1)]
    with pytest.raises(UnreadableImageError, match=r"image 3 of 6 \(scan_17\.png\).*skip_unreadable=True") as caught:
        plip.encode_images(images, 2)
    assert caught.value.index == 3
    embeddings, mask = plip.encode_images(images, 2, skip_unreadable=True)
    assert mask.tolist() == [True, True, True, False, True, True]
    np.testing.assert_allclose(embeddings, plip.encode_images([images[i] for i in (0, 1, 2, 4, 5)], 2), atol=1e-6)
    nothing, mask = plip.encode_images([broken, broken, broken], 2, skip_unreadable=True)
    assert nothing.shape == (0, 16)
    assert mask.tolist() == [False] * 3


def test_long_captions_are_cut_with_a_warning_and_keep_their_end(plip: PLIP, path: Path) -> None:
    long = "mucus " * 40
    message = r"caption 1 \('mucus mucus.*202 tokens; the model reads 77.*1 other"
    with pytest.warns(UserWarning, match=message) as caught:
        ours = plip.encode_text(["fat", long, long + "fat"], normalize=False)
    assert caught[0].filename == __file__
    np.testing.assert_allclose(ours, plain_texts(path, ["fat", long, long]), atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plip.encode_text(["a " * 75])  # 77 tokens with start and end: fits


def test_words_behind_an_end_mark_inside_a_caption_count(plip: PLIP) -> None:
    texts = ["mucus <|endoftext|> in fat", "<|startoftext|>mucus in fat<|endoftext|>", "mucus in fat", "mucus"]
    marked, wrapped, plain, short = plip.encode_text(texts)
    np.testing.assert_array_equal(marked, plain)
    np.testing.assert_array_equal(wrapped, plain)
    assert marked @ short < 0.999


def test_bfloat16_stays_close(path: Path, plip: PLIP) -> None:
    rough, images = PLIP(path, device="cpu", precision="bfloat16"), pictures(8)
    for exact, fast in (
        (plip.encode_images(images), rough.encode_images(images)),
        (plip.encode_text(TEXTS), rough.encode_text(TEXTS)),
    ):
        assert fast.dtype == np.float32
        assert (exact * fast).sum(1).min() >= 0.9999
        assert not np.array_equal(exact, fast)


def test_half_precision_weights_are_computed_exactly(path: Path, plip: PLIP, tmp_path: Path) -> None:
    CLIPModel.from_pretrained(path).half().save_pretrained(tmp_path)
    plip.processor.save_pretrained(tmp_path)
    assert PLIP(tmp_path, device="cpu").model.dtype == torch.float32


def test_decoding_runs_beside_the_forward_pass(plip: PLIP, monkeypatch: pytest.MonkeyPatch) -> None:
    # While the model holds the first batch, the pictures of the second must be asked for, if a core is idle.
    monkeypatch.setattr(devices, "cores", lambda: torch.get_num_threads() + 1)
    second_asked, overlapped = threading.Event(), []
    forward = plip.model.get_image_features

    def waiting(**pixels: torch.Tensor) -> object:
        overlapped.append(second_asked.wait(10))
        return forward(**pixels)

    def source():  # type: ignore[no-untyped-def]
        for i, image in enumerate(pictures(4)):
            if i == 2:
                second_asked.set()
            yield image

    monkeypatch.setattr(plip.model, "get_image_features", waiting)
    plip.encode_images(source(), 2)
    assert overlapped == [True, True]


def test_a_stream_is_read_at_most_two_batches_ahead(plip: PLIP, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "cores", lambda: torch.get_num_threads() + 1)
    asked, done, ahead = [0], [0], []
    forward = plip.model.get_image_features

    def counting(**pixels: torch.Tensor) -> object:
        time.sleep(0.02)
        ahead.append(asked[0] - done[0])
        done[0] += len(pixels["pixel_values"])
        return forward(**pixels)

    def source():  # type: ignore[no-untyped-def]
        for image in pictures(20):
            asked[0] += 1
            yield image

    monkeypatch.setattr(plip.model, "get_image_features", counting)
    plip.encode_images(source(), 2)
    assert max(ahead) <= 2 * 2


def test_the_model_is_not_hashed(plip: PLIP, monkeypatch: pytest.MonkeyPatch) -> None:
    # The released class hands a closure with the model to `datasets`, which pickles all weights to fingerprint it.
    def refuse(self: object, protocol: int) -> None:
        raise AssertionError("the model was pickled")

    monkeypatch.setattr(CLIPModel, "__reduce_ex__", refuse)
    plip.encode_images(pictures(2))
    plip.encode_text(["fat"])


def test_zero_shot_classification_gives_labels(plip: PLIP) -> None:
    images, labels = pictures(6), ["fat", "mucus and debris", "smooth muscle"]
    expected = (plip.encode_images(images) @ plip.encode_text(labels).T).argmax(1)
    assert plip.zero_shot_classification(images, labels) == [labels[i] for i in expected]
    with pytest.raises(ValueError, match="no labels"):
        plip.zero_shot_classification(images, [])


def test_retrieval_searches_what_was_indexed(path: Path) -> None:
    plip, images = PLIP(path, device="cpu"), pictures(9)
    with pytest.raises(RuntimeError, match=r"plip\.index\(images\)"):
        plip.retrieval(["fat"], 2)
    found = plip.index(images).retrieval(["fat", "mucus"], 3)
    cosines = plip.encode_text(["fat", "mucus"]) @ plip.encode_images(images).T
    np.testing.assert_array_equal(found, np.argsort(-cosines, 1)[:, :3])
    assert plip.retrieval(["fat"], 100).shape == (1, 9)


def test_nothing_in_nothing_out(plip: PLIP) -> None:
    assert plip.encode_images([]).shape == plip.encode_text([]).shape == (0, 16)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda plip: plip.encode_text("fat"), TypeError, r"one string \('fat'\)"),
        (lambda plip: plip.encode_text(["fat", None]), TypeError, "caption 1 of 2 is None"),
        (lambda plip: plip.encode_images("tile.png"), TypeError, r"one image \(tile.png\)"),
        (lambda plip: plip.encode_images(np.zeros((8, 8, 3), np.uint8)), TypeError, "one image"),
        (lambda plip: plip.encode_images(torch.zeros(8, 8, 3)), TypeError, "one image"),
        (lambda plip: plip.encode_images(np.zeros((3, 8, 9), np.uint8)), TypeError, "channels first, or 3 grey ones"),
        (lambda plip: plip.encode_images(bytearray(b"abc")), TypeError, "one image"),
        (lambda plip: plip.encode_images(io.BytesIO(b"abc")), TypeError, "one image"),
        (lambda plip: plip.encode_images([{"image": b"", "label": 1}]), ValueError, "has image, label"),
        (lambda plip: plip.encode_images(pictures(1), 0), ValueError, "batch_size is 0"),
        (lambda plip: plip.encode_text(["fat"], -1), ValueError, "batch_size is -1"),
        (lambda plip: plip.encode_text([], 0), ValueError, "batch_size is 0"),
    ],
)
def test_mistakes_are_explained(plip: PLIP, call, error: type, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(error, match=message):
        call(plip)


def test_settings_are_checked(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="precision is 'half'"):
        PLIP(path, precision="half")
    for crops in (0, 7, 2.5, "2"):
        with pytest.raises(ValueError, match=f"crops is {crops!r}; it must be a whole number from 1 to 6"):
            PLIP(path, crops=crops)
    with pytest.raises(ValueError, match="for GPUs"):
        PLIP(path, device="cpu", precision="float16")
    with pytest.raises(
        FileNotFoundError, match=r"tiny-plip is made by this book: give PLIP\(artifacts\.tiny_plip\(\)\)"
    ):
        PLIP("tiny-plip")
    model = CLIPModel.from_pretrained(path)
    model.config.text_config.eos_token_id = 5
    model.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    CLIPImageProcessorPil().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="every caption would get the same embedding"):
        PLIP(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the real pictures are not beside the repository")
def test_real_pictures_equal_plain_hugging_face(plip: PLIP, path: Path) -> None:
    files = sorted((REAL / "nct_crc_mini").rglob("*.tif"))[:3] + sorted((REAL / "he_extra").glob("*.*"))
    files = [file for file in files if file.suffix in {".tif", ".png", ".jpg", ".svs"}]
    assert len(files) >= 3
    expected = plain_images(path, [Image.open(file).convert("RGB") for file in files])
    np.testing.assert_allclose(plip.encode_images(files, 4, normalize=False), expected, atol=1e-5)


def test_the_fingerprint_knows_what_is_in_no_weight(path: Path, plip: PLIP, tmp_path: Path) -> None:
    # CLIP's own weights with the wrong activation are a classic mistake: same numbers in the file, other vectors.
    copy, other = checkpoint(tmp_path / "copy"), checkpoint(tmp_path / "other")
    config = (other / "config.json").read_text()
    (other / "config.json").write_text(config.replace("quick_gelu", "gelu"))
    assert PLIP(copy, device="cpu").fingerprint() == plip.fingerprint()
    assert PLIP(other, device="cpu").fingerprint() != plip.fingerprint()
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32})
    pictures.save_pretrained(copy)
    (copy / "processor_config.json").unlink(missing_ok=True)
    assert PLIP(copy, device="cpu").fingerprint() != plip.fingerprint()
    assert PLIP(path, device="cpu", precision="bfloat16").fingerprint() != plip.fingerprint()


def test_a_layer_that_is_replaced_is_used_at_once(path: Path) -> None:
    plip, images = PLIP(path, device="cpu", precision="float32"), pictures(3)
    pixels = plip.processor(images=images, return_tensors="pt")["pixel_values"]
    before, prints = plip.encode_images(images), {plip.fingerprint()}

    def check() -> None:
        with torch.inference_mode():
            expected = plip.model.get_image_features(pixel_values=pixels).pooler_output
        found = plip.encode_images(images, normalize=False)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert not np.allclose(found / np.linalg.norm(found, axis=1, keepdims=True), before, atol=1e-3)
        prints.add(plip.fingerprint())

    torch.manual_seed(1)
    kept = plip.model.visual_projection
    plip.model.visual_projection = torch.nn.Linear(32, 16, bias=False)
    check()
    plip.model.visual_projection = kept
    np.testing.assert_allclose(plip.encode_images(images), before, atol=1e-6)
    kept.weight = torch.nn.Parameter(torch.randn(16, 32) / 10)
    check()
    plip.model.vision_model.encoder.layers[-1].mlp.fc1 = torch.nn.Linear(32, 64)
    check()
    with torch.no_grad():
        kept.weight[0] *= 3
    check()
    assert len(prints) == 5
    assert plip.fingerprint() in prints


def test_settings_of_the_preprocessing_that_are_changed_count_at_once(path: Path) -> None:
    plip, images = PLIP(path, device="cpu", precision="float32"), pictures(3)
    before, print_before = plip.encode_images(images, normalize=False), plip.fingerprint()
    plip.processor.image_processor.image_mean = [0.1, 0.2, 0.3]
    pixels = plip.processor(images=images, return_tensors="pt")["pixel_values"]
    with torch.inference_mode():
        expected = plip.model.get_image_features(pixel_values=pixels).pooler_output
    found = plip.encode_images(images, normalize=False)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, before, atol=1e-4)
    assert plip.fingerprint() != print_before
