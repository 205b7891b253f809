"""What is read from a slide is what Pillow cuts out of the whole, to the pixel; and what is no slide is named."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from drawn_slide import CELL, colours, picture, pyramid, with_hole
from openslide import OpenSlideError
from PIL import Image

from plip_tutorial.slide import SlideError, open_slide, opened

DRAW = np.random.default_rng(14)
NOISE = DRAW.integers(0, 255, (300, 501, 3), np.uint8)  # 501 wide, 300 high


def by_pillow(whole: Image.Image, x: int, y: int, side: int, pixels: int) -> np.ndarray:
    cut = whole.crop((x, y, x + side, y + side))
    return np.asarray(cut.resize((pixels, pixels), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    ("x", "y", "side", "pixels"),
    [(0, 0, 224, 224), (1300, 900, 224, 64), (1301, 903, 225, 64), (2220 - 97, 2967 - 97, 97, 31), (1999, 0, 221, 224)],
)
def test_the_real_slide_is_read_as_pillow_reads_it(real_file: Path, x: int, y: int, side: int, pixels: int) -> None:
    slide = open_slide(real_file)
    assert slide.size == (2220, 2967)
    assert slide.mpp == 0.499
    with Image.open(real_file) as whole:
        expected = by_pillow(whole.convert("RGB"), x, y, side, pixels)
    np.testing.assert_array_equal(np.asarray(slide.read(x, y, side=side, pixels=pixels)), expected)


def test_any_square_of_a_drawn_slide_is_read_to_the_pixel(tmp_path: Path) -> None:
    slide, whole = open_slide(picture(tmp_path / "noise.tif", NOISE)), Image.fromarray(NOISE)
    assert (slide.size, slide.mpp, slide.downsamples) == ((501, 300), 0.5, (1.0,))
    for _ in range(60):
        side, pixels = int(DRAW.integers(1, 301)), int(DRAW.integers(1, 90))
        x, y = int(DRAW.integers(0, 502 - side)), int(DRAW.integers(0, 301 - side))
        found = np.asarray(slide.read(x, y, side=side, pixels=pixels))
        np.testing.assert_array_equal(found, by_pillow(whole, x, y, side, pixels), err_msg=f"{x} {y} {side} {pixels}")


def test_a_coarse_level_is_read_at_the_same_place(tmp_path: Path) -> None:
    """A slope of one grey level a pixel: whoever is a pixel off is a grey level off."""
    x, y = np.meshgrid(np.arange(256), np.arange(256))
    fine = np.stack([x, y, 255 - x], -1).astype(np.uint8)
    coarse = fine.reshape(64, 4, 64, 4, 3).mean((1, 3)).round().astype(np.uint8)
    size = {"resolution": (2e4, 2e4), "resolutionunit": "CENTIMETER", "tile": (64, 64), "photometric": "rgb"}
    with tifffile.TiffWriter(tmp_path / "slope.tif") as file:
        file.write(fine, **size)
        file.write(coarse, subfiletype=1, **size)
    slide = open_slide(tmp_path / "slope.tif")
    assert slide.downsamples == (1.0, 4.0)
    for left, top, side, pixels in [(0, 0, 256, 64), (37, 90, 100, 25), (3, 1, 250, 50), (155, 155, 101, 23)]:
        found = np.asarray(slide.read(left, top, side=side, pixels=pixels), float)[2:-2, 2:-2]
        centres = (np.arange(pixels) + 0.5) * side / pixels - 0.5
        np.testing.assert_allclose(found[..., 0], np.tile(left + centres[2:-2], (pixels - 4, 1)), atol=1.01)
        np.testing.assert_allclose(found[..., 1].T, np.tile(top + centres[2:-2], (pixels - 4, 1)), atol=1.01)
        assert abs((found[..., 0] - left - centres[2:-2]).mean()) < 0.75  # and not off to one side


def test_the_level_is_the_coarsest_that_is_fine_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slide, levels = open_slide(pyramid(tmp_path / "small.tif", 4096)), []
    assert slide.downsamples == (1.0, 4.0, 16.0)
    read = slide._read
    monkeypatch.setattr(slide, "_read", lambda at, level, pixels: levels.append(level) or read(at, level, pixels))
    for side in (64, 255, 256, 1000, 1024, 4096):
        tile = np.asarray(slide.read(0, 0, side=side, pixels=64))
        np.testing.assert_array_equal(tile[0, 0], colours(8)[0, 0])
    assert levels == [0, 0, 1, 1, 2, 2]
    tile = np.asarray(slide.read(3 * CELL, 5 * CELL, side=CELL, pixels=64))
    assert (tile == colours(8)[5, 3]).all()  # column 3, row 5


@pytest.mark.parametrize(
    ("x", "y", "side", "pixels"),
    [(-1, 0, 9, 9), (0, 293, 8, 8), (494, 0, 8, 8), (0, 0, 301, 64), (0, 0, 0, 9), (0, 0, 9, 0)],
)
def test_what_does_not_lie_on_the_slide_is_refused(tmp_path: Path, x: int, y: int, side: int, pixels: int) -> None:
    slide = open_slide(picture(tmp_path / "noise.tif", NOISE))
    with pytest.raises(ValueError, match="there is no such region on a slide of 501 x 300 pixels"):
        slide.read(x, y, side=side, pixels=pixels)


def test_an_overview_is_the_slide_small_in_blocks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.meshgrid(np.linspace(20, 230, 501), np.linspace(20, 230, 301))
    smooth = np.stack([x, y, x / 2 + y / 2], -1).astype(np.uint8)
    slide = open_slide(picture(tmp_path / "smooth.tif", smooth))
    whole = slide.overview(mpp=2.0)
    assert (slide.factor(2.0), slide.overview_size(2.0)) == (4, (126, 76))
    assert whole.shape == (76, 126, 3)  # 4 pixels each, the last ones cover a single column and row
    means = smooth[:300, :500].reshape(75, 4, 125, 4, 3).mean((1, 3))
    np.testing.assert_allclose(whole[1:-2, 1:-2], means[1:-1, 1:-1], atol=1.5)
    np.testing.assert_allclose(whole[-1, -1], smooth[-1, -1], atol=1)
    monkeypatch.setattr(opened, "BLOCK", 7)
    np.testing.assert_allclose(slide.overview(mpp=2.0).astype(int), whole, atol=2)
    np.testing.assert_array_equal(slide.overview(mpp=0.1), smooth)  # finer than the slide: as it is


def test_a_slide_that_does_not_tell_its_size_is_refused_until_it_is_told(tmp_path: Path) -> None:
    path = picture(tmp_path / "noise.tif", NOISE, mpp=None)
    with pytest.raises(SlideError, match=r"noise\.tif does not say how large its pixels are.* pass mpp"):
        open_slide(path)
    assert open_slide(path, mpp=0.25).mpp == 0.25
    assert repr(open_slide(path, mpp=0.25)) == "Slide(noise.tif, 501 x 300 pixels of 0.25 micrometres)"
    for wrong in (0, -1, 352.8, float("nan")):
        with pytest.raises(SlideError, match=r"expected 0\.05 to 10"):
            open_slide(path, mpp=wrong)
    with pytest.raises(SlideError, match=r"a pixel measures 352\.\d* micrometres; expected 0\.05 to 10"):
        open_slide(picture(tmp_path / "screen.tif", NOISE, mpp=352.8))  # 72 dots an inch
    told = {"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.5", "openslide.objective-power": "20"}
    with pytest.raises(SlideError, match=r"0\.25 micrometres wide and 0\.5 high"):
        opened._mpp(path, told)
    with pytest.raises(SlideError, match="only that its objective was 20x"):
        opened._mpp(path, {"openslide.objective-power": "20"})


def test_what_is_no_slide_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*nothing\.svs"):
        open_slide(tmp_path / "nothing.svs")
    Image.fromarray(NOISE).save(tmp_path / "photo.png")
    (tmp_path / "empty.svs").touch()
    (tmp_path / "text.svs").write_text("a slide, says its name")
    for name in ("photo.png", "empty.svs", "text.svs"):
        with pytest.raises(SlideError, match=rf"{name} is no slide that OpenSlide reads"):
            open_slide(tmp_path / name)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_of_half_a_file_no_picture_is_made(tmp_path: Path, real_file: Path, share: float) -> None:
    whole = real_file.read_bytes()
    (tmp_path / "half.svs").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SlideError, match=r"half\.svs"):
        open_slide(tmp_path / "half.svs").overview()


def test_a_hole_in_a_file_is_named_with_its_place_and_the_rest_is_read(tmp_path: Path) -> None:
    slide = open_slide(with_hole(picture(tmp_path / "noise.tif", NOISE)))
    expected = by_pillow(Image.fromarray(NOISE), 260, 20, 64, 64)
    for _ in range(2):
        with pytest.raises(SlideError, match=r"noise\.tif cannot be read at \(0, 0\), level 0: .* Fetch it anew"):
            slide.read(0, 0, side=64, pixels=64)
        np.testing.assert_array_equal(slide.read(260, 20, side=64, pixels=64), expected)
    with pytest.raises(OpenSlideError):
        slide._file.read_region((0, 0), 0, (64, 64))  # of another thread, between two reads of this one
    np.testing.assert_array_equal(slide.read(260, 20, side=64, pixels=64), expected)


def test_without_openslide_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = picture(tmp_path / "noise.tif", NOISE)
    monkeypatch.setitem(__import__("sys").modules, "openslide", None)
    with pytest.raises(ModuleNotFoundError, match=r"plip-tutorial\[slide\]"):
        open_slide(path)
