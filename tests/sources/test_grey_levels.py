"""Numbers of cameras and programs become grey levels as bright as they were meant, or a word or an error is given."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from plip_tutorial.sources.images import UnreadableImageError, to_rgb
from plip_tutorial.sources.own_tiles import read_csv, read_folder

DRAW = np.random.default_rng(0)


def scene(white: int, *, darkest: float = 0.2) -> np.ndarray:
    """A tile as a camera sees it, glass at white; (40, 30), whole numbers."""
    pixels = np.round(DRAW.uniform(darkest, 1, (40, 30)) * white)
    pixels[:4] = white
    return pixels.astype(np.uint16)


def grey(image: object) -> np.ndarray:
    return np.asarray(to_rgb(image))[..., 0]  # type: ignore[arg-type]


def deep_png(colours: np.ndarray) -> bytes:
    """A PNG with 16 bits a colour, which Pillow cannot write; (h, w, 3 or 4) uint16."""
    height, width, channels = colours.shape
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colours)
    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    body = b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def deep_tiff(colours: np.ndarray) -> bytes:
    """The same as an uncompressed TIFF; (h, w, 3) uint16."""
    (height, width, _), data = colours.shape, colours.astype("<u2").tobytes()
    bits = 8 + 2 + 9 * 12 + 4
    tags = [
        (256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2),
        (273, 4, 1, bits + 6), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(data)),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, 9) + entries + struct.pack("<IHHH", 0, 16, 16, 16) + data


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_a_camera_of_fewer_bits_is_as_bright_as_it_was_and_it_is_said(bits: int, tmp_path: Path) -> None:
    numbers = scene(2**bits - 1)
    expected = np.round(numbers / (2**bits - 1) * 255)
    Image.fromarray(numbers).save(tmp_path / "a.tif")
    Image.fromarray(numbers).save(tmp_path / "a.png")
    for image in (numbers, Image.fromarray(numbers), tmp_path / "a.tif", tmp_path / "a.png"):
        with pytest.warns(UserWarning, match=rf"taken for one of {bits} bits.*divide it by 65535"):
            np.testing.assert_allclose(grey(image), expected, atol=0.51)
    assert expected.mean() > 140  # read as 16 bits: at most 64, and 1 for 8 bits
    np.testing.assert_allclose(grey(numbers / 65535), np.round(numbers / 257), atol=0.51)  # the remedy of the warning


@given(st.integers(0, 2**16 - 1), st.integers(1, 2**16 - 1))
def test_no_picture_of_whole_numbers_is_dark_without_a_word(low: int, high: int) -> None:
    low, high = sorted((low, high))
    numbers = np.array([[low, high]], np.uint16)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = grey(numbers)[0]
    # Whatever the bits, the brightest is at least a quarter of white, unless all are 8 bits widened to 16, or black.
    certain = high % 257 == 0 and low % 257 == 0
    assert found[1] >= 63 or certain or (high < 64 and found[1] == high)
    assert bool(said) == (high < 2**14 and not certain)


def test_true_16_bits_and_8_bits_in_wider_numbers_are_sure() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deep = scene(65535)
        np.testing.assert_allclose(grey(deep), deep / 257, atol=0.51)
        levels = scene(255)
        for kind in (np.int16, np.int32, np.int64, np.uint32, np.uint64):
            np.testing.assert_array_equal(grey(levels.astype(kind)), levels)
        np.testing.assert_array_equal(grey((levels // 20) * np.uint16(257)), levels // 20)  # dark, widened
        assert not grey(np.zeros((3, 3), np.uint16)).any()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_fractions_that_go_a_little_beyond_one_stay_bright(kind: type) -> None:
    pixels = (scene(255) / 255).astype(kind)
    for beyond in (1.004, 1.09):
        over = pixels.copy()
        over[9, 9] = beyond
        with pytest.warns(UserWarning, match=r"beyond 0\.\.1"):
            found = grey(over)
        assert found[9, 9] == 255
        over[9, 9] = pixels[9, 9]
        np.testing.assert_array_equal(np.delete(found.ravel(), 9 * 30 + 9), np.delete(grey(over).ravel(), 9 * 30 + 9))
    under = pixels - kind(0.25)  # a filter that undershoots at an edge
    under = np.clip(under, kind(-0.05), None)
    under[0, 0] = -0.05
    with pytest.warns(UserWarning, match="cut off"):
        assert grey(under)[0, 0] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounded = pixels.copy()
        rounded[0, 0] = kind(1 + 1e-3 if kind is np.float16 else 1 + 1e-6)
        assert grey(rounded)[0, 0] == 255
        np.testing.assert_array_equal(grey((pixels * 255).astype(kind)), np.round((pixels * 255).astype(kind)))


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.array([[-1.0, 1.0]]), "fractions from -1 to 1"),  # as models want them
        (np.array([[0.0, 1.7]]), "fractions from 0 to 1.7"),
        (np.array([[0.0, 4095.0]]), "fractions from 0 to 4095"),
        (np.array([[-2, 90]]), "from -2 to 90"),
        (np.array([[0, 70_000]]), "from 0 to 70000"),
        (np.array([[0.5, np.inf]]), "to inf"),
    ],
)
def test_what_fits_no_rule_is_an_error_with_the_remedy(numbers: np.ndarray, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=rf"{message}.*divided by the white"):
        to_rgb(numbers)


@pytest.mark.parametrize("write", [deep_png, deep_tiff])
def test_colours_of_16_bits_of_which_pillow_keeps_too_little(write: object) -> None:
    def colours(white: int) -> bytes:
        content: bytes = write(np.stack([scene(white)] * 3, -1))  # type: ignore[operator]
        return content

    for bits in (10, 12):
        with pytest.raises(UnreadableImageError, match=r"almost black.*12 bits or fewer"):
            to_rgb(colours(2**bits - 1))
    with pytest.warns(UserWarning, match="goes to 63 of 255"):
        assert grey(colours(2**14 - 1)).max() == 63
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert grey(colours(65535)).max() == 255
    clear = np.zeros((5, 5, 4), np.uint16)  # transparent, so it is white
    assert (np.asarray(to_rgb(deep_png(clear))) == 255).all()


def odd_files(place: Path) -> dict[str, str]:
    """Files that Pillow opens and that no model can be shown, with a word of the reason."""
    place.mkdir(parents=True)
    Image.fromarray(np.array([[0, 70_000]], np.int32)).save(place / "int32.tif")
    Image.fromarray(DRAW.uniform(-1, 1, (9, 9)).astype(np.float32)).save(place / "float.tif")
    Image.new("L", (5000, 2)).save(place / "strip.png")
    Image.new("1", (12_000, 12_000)).save(place / "large.png")
    (place / "twelve.png").write_bytes(deep_png(np.stack([scene(4095)] * 3, -1)))
    os.mkfifo(place / "fifo.jpg")
    return {
        "int32.tif": "from 0 to 70000", "float.tif": "fractions from -", "strip.png": "strip of 5000 x 2",
        "large.png": "12000 x 12000 pixels", "twelve.png": "almost black", "fifo.jpg": "a pipe",
        "gone.png": "no such file",
    }  # fmt: skip


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_check_of_tables_and_folders_passes_what_the_model_takes_and_nothing_else(tmp_path: Path) -> None:
    odd = odd_files(tmp_path / "tiles" / "tumour")
    for name, numbers in {"deep.tif": scene(65535), "good.png": scene(255).astype(np.uint8)}.items():
        Image.fromarray(numbers).save(tmp_path / "tiles" / "tumour" / name)
    lines = [f"tiles/tumour/{name},a caption" for name in (*odd, "deep.tif", "good.png")]
    (tmp_path / "list.csv").write_text("\n".join(["image,caption", *lines]))
    with pytest.raises(ValueError, match="7 of 9 pictures") as by_list:
        read_csv(tmp_path / "list.csv")
    with pytest.raises(ValueError, match="5 of 7 pictures") as by_folder:  # the walk has left out pipe and missing file
        read_folder(tmp_path / "tiles")
    for name, reason in odd.items():
        line = next(line for line in str(by_list.value).splitlines() if f"{name}: " in line)
        assert reason in line
        assert (line in str(by_folder.value).splitlines()) == (name not in ("fifo.jpg", "gone.png"))
        with pytest.raises(UnreadableImageError):
            to_rgb(tmp_path / "tiles" / "tumour" / name)


def test_an_open_file_follows_the_same_rules() -> None:
    stream = io.BytesIO()
    Image.fromarray(scene(4095)).save(stream, "PNG")
    with pytest.warns(UserWarning, match="12 bits"):
        assert grey(stream).max() == 255
