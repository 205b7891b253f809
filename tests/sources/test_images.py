"""Pictures of every kind, good and broken, against what Pillow gives step by step."""

from __future__ import annotations

import http.server
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, Features
from datasets import Image as ImageFeature
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from plip_tutorial.sources import images
from plip_tutorial.sources.images import UnreadableImageError, load, to_rgb, undecoded

REAL = Path(__file__).parents[2] / "../shared/data"
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)

NOISE = np.random.default_rng(1).integers(0, 256, (90, 90, 3), dtype=np.uint8)


def png(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def values(image: object) -> np.ndarray:
    picture = to_rgb(image)  # type: ignore[arg-type]
    assert picture.mode == "RGB"
    return np.asarray(picture)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "CMYK", "YCbCr", "HSV", "LAB"])
def test_opaque_modes_are_converted_by_pillow(mode: str) -> None:
    image = Image.fromarray(PIXELS).convert("RGB").convert(mode) if mode != "LAB" else Image.new("LAB", (9, 6), 90)
    np.testing.assert_array_equal(values(image), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    base = {"PA": "P", "RGBa": "RGBA", "La": "LA"}.get(mode, mode)
    clear = Image.fromarray(np.dstack([PIXELS, np.zeros((6, 9), np.uint8)])).convert(base)
    if mode == "PA":
        clear = clear.convert("PA")
        clear.putalpha(0)
    assert (values(clear.convert(mode)) == 255).all()
    solid = np.dstack([np.full((6, 9, 3), 77, np.uint8), np.full((6, 9), 255, np.uint8)])
    assert (values(Image.fromarray(solid).convert(base).convert(mode)) == 77).all()


def test_half_transparent_is_mixed_with_white() -> None:
    image = Image.new("RGBA", (2, 2), (0, 100, 200, 51))  # a fifth
    np.testing.assert_array_equal(values(image)[0, 0], [204, 224, 244])


def test_transparent_palette_colour_becomes_white() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    np.testing.assert_array_equal(values(png(image, transparency=0)), [[[255, 255, 255], [0, 0, 255]]])


def test_16_bit_keeps_its_brightness_in_every_container(tmp_path: Path) -> None:
    # Pillow's own conversion clips at 255 and makes a 16-bit slide white.
    deep = np.linspace(0, 65535, 54).round().astype(np.uint16).reshape(6, 9)
    expected = np.repeat(np.round(deep / 257).astype(np.uint8)[..., None], 3, 2)
    Image.fromarray(deep).save(tmp_path / "deep.tif")
    in_32_bits = Image.fromarray(deep.astype(np.int32))
    for image in (deep, Image.fromarray(deep), tmp_path / "deep.tif", png(Image.fromarray(deep)), in_32_bits):
        np.testing.assert_array_equal(values(image), expected)


def test_8_bit_values_in_32_bits_stay() -> None:
    np.testing.assert_array_equal(values(Image.fromarray(PIXELS[..., 0].astype(np.int32)))[..., 1], PIXELS[..., 0])


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)), st.sampled_from([0, 1, 3]))
def test_the_same_levels_in_every_type_of_number(levels: np.ndarray, channels: int) -> None:
    levels = np.repeat(levels[..., None], channels, 2) if channels else levels
    expected = values(levels)
    assert expected.shape == (*levels.shape[:2], 3)
    np.testing.assert_array_equal(expected[..., 0], levels.reshape(*levels.shape[:2], -1)[..., 0])
    same = [levels.astype(np.int64), levels / 255, (levels / 255).astype(np.float32), levels.astype(np.uint16) * 257]
    for array in [*same, levels[::-1][::-1], np.asfortranarray(levels)]:
        np.testing.assert_array_equal(values(array), expected)


def test_bool_is_black_and_white() -> None:
    np.testing.assert_array_equal(values(np.array([[True, False]]))[0, :, 0], [255, 0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = png(Image.fromarray(PIXELS), exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    assert upright.shape[:2] == ((6, 9) if orientation < 5 else (9, 6))
    np.testing.assert_array_equal(values(content), upright)
    np.testing.assert_array_equal(values(to_rgb(content)), upright)


def test_the_caller_keeps_his_picture() -> None:
    image = Image.fromarray(PIXELS)
    np.asarray(to_rgb(image))
    to_rgb(image).putpixel((0, 0), (1, 2, 3))
    np.testing.assert_array_equal(np.asarray(image), PIXELS)


def test_every_source_of_one_picture(tmp_path: Path) -> None:
    place = tmp_path / "tile.png"
    Image.fromarray(PIXELS).save(place)
    content = place.read_bytes()
    stored = [{"bytes": content, "path": None}, {"bytes": None, "path": str(place)}, {"bytes": content, "path": "gone"}]
    for source in [place, str(place), content, bytearray(content), io.BytesIO(content), Image.open(place), *stored]:
        np.testing.assert_array_equal(values(source), PIXELS)


class Quiet(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/tile.png" else 404)
        self.end_headers()
        self.wfile.write(png(Image.fromarray(PIXELS)))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Quiet) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_web_addresses(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    np.testing.assert_array_equal(values(f"{server}/tile.png"), PIXELS)
    with pytest.raises(UnreadableImageError, match=r"\(other.png\).*404"):
        to_rgb(f"{server}/other.png")
    monkeypatch.setattr(images, "MAX_BYTES", 10)
    with pytest.raises(UnreadableImageError, match="more than"):
        to_rgb(f"{server}/tile.png")


BAD = [
    (b"", "0 bytes"),
    (b"hello", "cannot identify"),
    (png(Image.fromarray(NOISE))[:9000], "truncated"),
    (png(Image.fromarray(NOISE), "JPEG")[:4000], "truncated"),
    ("missing.png", r"\(missing.png\).*No such file"),
    (np.zeros((0, 4, 3), np.uint8), "empty"),
    (Image.new("RGB", (0, 5)), "empty"),
    (np.zeros((3, 8, 8), np.uint8), "channels last"),
    (np.zeros(5, np.uint8), "not .h, w."),
    (np.full((2, 2), np.nan), "nan"),
    (np.full((2, 2), -1), "from -1"),
    (np.full((2, 2), 256.0), "to 256"),
    (np.full((2, 2), 70_000), "to 70000"),
    (Image.fromarray(np.full((2, 2), 70_000, np.int32)), "to 70000"),
    (np.zeros((2, 2), complex), "complex"),
    (np.array([["a"]]), "not grey levels"),
    (17, "no idea how to read a picture from int"),
    ({"bytes": None, "path": None}, "NoneType"),
    (None, "NoneType"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_broken_pictures_are_named_with_the_reason(bad: object, reason: str) -> None:
    with pytest.raises(UnreadableImageError, match=reason) as caught:
        to_rgb(bad)  # type: ignore[arg-type]
    assert caught.value.name
    assert caught.value.reason
    with pytest.raises(UnreadableImageError, match=r"image 1 of 3 \(.*skip_unreadable=True"):
        list(load([PIXELS, bad, PIXELS]))  # type: ignore[list-item]
    decoded = list(load([PIXELS, bad, PIXELS], skip_unreadable=True))  # type: ignore[list-item]
    assert [picture is None for picture in decoded] == [False, True, False]


def test_decompression_bombs_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = png(Image.new("1", (12_000, 12_000)))
    assert len(bomb) < 1_000_000

    def refuse(self: Image.Image) -> None:
        raise AssertionError("the bomb was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(UnreadableImageError, match=r"12000 x 12000 pixels.*cut it into tiles"),
    ):
        to_rgb(bomb)
    with pytest.raises(UnreadableImageError, match="pixels"):
        to_rgb(np.broadcast_to(np.uint8(0), (12_000, 12_000)))
    with pytest.raises(UnreadableImageError, match="strip"):
        to_rgb(np.zeros((1, 5000), np.uint8))  # resized by its short side it would be a bomb


ONE = ["tile.png", b"abc", Path("tile.png"), Image.new("L", (2, 2)), PIXELS, PIXELS[..., 0], {}]


@pytest.mark.parametrize("single", ONE)
def test_one_picture_is_no_sequence(single: object) -> None:
    with pytest.raises(TypeError, match=r"Pass \[image\]"):
        load(single)  # type: ignore[arg-type]


def test_columns_of_tables_are_sequences(tmp_path: Path) -> None:
    for i in range(3):
        Image.fromarray(PIXELS // (i + 1)).save(tmp_path / f"{i}.png")
    names = [str(tmp_path / f"{i}.png") for i in range(3)]
    column = pd.Series(names, index=[2, 1, 7])  # as a filter or a sort leaves it: places are no numbers of rows
    for many in (column, column.astype("string"), column.map(Path), np.array(names), np.array(names, object)):
        for i, picture in enumerate(load(many)):
            np.testing.assert_array_equal(picture, PIXELS // (i + 1))
        assert [str(undecoded(many)[i]) for i in range(3)] == names  # as `EmbeddingCache` looks at them twice
    with pytest.raises(TypeError, match=r"\(DataFrame\)\. Pass \[image\] or a column"):
        load(pd.DataFrame({"file": names}))


def test_containers_stream(tmp_path: Path) -> None:
    stack = np.stack([PIXELS, 255 - PIXELS])
    for container in (stack, list(stack), iter(stack), tuple(stack)):
        np.testing.assert_array_equal([np.asarray(picture) for picture in load(container)], stack)

    asked = []
    stream = load(asked.append(i) or PIXELS for i in range(1000))
    next(stream)
    assert len(asked) == 1  # nothing is decoded before it is needed


def test_a_column_survives_a_broken_picture() -> None:
    rows = [png(Image.fromarray(PIXELS)), b"broken", png(Image.fromarray(255 - PIXELS))]
    features = Features({"image": ImageFeature()})
    data = Dataset.from_dict({"image": [{"bytes": row, "path": None} for row in rows]}, features=features)
    decoded = list(load(data["image"], skip_unreadable=True))
    assert decoded[1] is None
    np.testing.assert_array_equal(np.asarray(decoded[2]), 255 - PIXELS)
    with pytest.raises(UnreadableImageError, match="image 1 of 3"):
        list(load(data["image"]))
    reordered = data.select([2, 0]).with_format("torch")
    np.testing.assert_array_equal([np.asarray(p) for p in load(reordered["image"])], [255 - PIXELS, PIXELS])


@pytest.mark.skipif(not REAL.exists(), reason="the real pictures are not beside the repository")
@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 4), st.integers(1, 8))
def test_threads_change_neither_order_nor_result(greys: list[int], threads: int, ahead: int) -> None:
    pictures = [Image.new("L", (3, 2), grey) if grey < 38 else b"no picture" for grey in greys]
    one_by_one = [None if p is None else p.getpixel((0, 0)) for p in load(pictures, skip_unreadable=True)]
    together = images.load_each(
        pictures, lambda picture: picture.getpixel((0, 0)), skip_unreadable=True, threads=threads, ahead=ahead
    )
    assert list(together) == one_by_one


def test_two_threads_may_be_given_one_open_picture(tmp_path: Path) -> None:
    Image.fromarray(NOISE).resize((700, 700)).save(tmp_path / "a.png")
    expected = np.asarray(Image.open(tmp_path / "a.png"))
    for _ in range(10):
        with Image.open(tmp_path / "a.png") as picture:
            found = images.load_each([picture] * 8, np.asarray, threads=4, ahead=8)
            for pixels in found:
                np.testing.assert_array_equal(pixels, expected)


def test_the_first_broken_picture_ends_it_and_what_waits_is_not_decoded() -> None:
    worked: list[Image.Image] = []
    many = [Image.new("L", (2, 2)), b"broken", *[Image.new("L", (2, 2))] * 500]

    def work(picture: Image.Image) -> None:
        worked.append(picture)
        time.sleep(0.05)  # cancelled, a few of these; not cancelled, ten seconds of them

    pictures = images.load_each(many, work, threads=2, ahead=400)
    with pytest.raises(UnreadableImageError, match=r"image 1 of 502 .*skip_unreadable=True") as caught:
        list(pictures)
    assert caught.value.index == 1
    assert len(worked) < 300


def test_real_pictures() -> None:
    files = [file for file in sorted(REAL.rglob("*.*")) if file.suffix in {".png", ".tif", ".jpg", ".svs"}][::23]
    files += sorted((REAL / "he_extra").glob("*.svs"))
    for file, picture in zip(files, load(files), strict=True):
        assert picture is not None, file
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(Image.open(file).convert("RGB")))
