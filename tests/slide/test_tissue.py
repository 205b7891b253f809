"""Tissue is told from glass, ink and specks on a slide whose truth was drawn."""

from pathlib import Path

import numpy as np
import pytest
from drawn_slide import picture
from PIL import Image, ImageDraw
from skimage.filters import threshold_otsu

from plip_tutorial.microcosm.stain import optical_density
from plip_tutorial.slide import find_tissue, open_slide

GLASS, PINK, GREEN, BLUE, BLACK = (243, 244, 242), (220, 120, 170), (30, 140, 110), (40, 60, 190), (25, 25, 25)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """1600 x 1200 pixels of 1 micrometre: a piece of tissue with a small and a large hole, ink, a pen, a speck."""
    image = Image.new("RGB", (1600, 1200), GLASS)
    draw = ImageDraw.Draw(image)
    draw.rectangle((200, 200, 999, 999), fill=PINK)
    draw.rectangle((300, 300, 339, 339), fill=GLASS)  # 1,600 square micrometres: a lumen
    draw.rectangle((500, 500, 799, 799), fill=GLASS)  # a gap
    draw.rectangle((1000, 200, 1059, 999), fill=GREEN)  # ink at the margin
    draw.rectangle((1200, 100, 1239, 1099), fill=BLUE)
    draw.rectangle((1300, 100, 1339, 1099), fill=BLACK)
    draw.rectangle((1450, 600, 1489, 639), fill=PINK)  # a speck
    return picture(tmp_path / "drawn.tif", np.asarray(image), mpp=1.0)


def truth() -> np.ndarray:
    found = np.zeros((150, 200), bool)
    found[25:125, 25:125] = True
    found[63:100, 63:100] = False  # the gap; pixels of 8 that are half glass may be either
    return found


def test_tissue_is_found_with_its_lumen_and_without_ink_gap_and_speck(drawn: Path) -> None:
    slide = open_slide(drawn)
    mask = find_tissue(slide)
    assert (mask.tissue.shape, mask.factor) == ((150, 200), 8)
    assert (mask.tissue != truth()).sum() <= 2 * 4 * 37 + 100  # along the edges only
    assert mask.tissue[38:42, 38:42].all()
    assert not mask.tissue[:, 130:].any()
    assert mask.share == mask.tissue.mean()


def test_ink_and_pens_are_tissue_where_that_is_asked_for(drawn: Path) -> None:
    mask = find_tissue(open_slide(drawn), ink=True)
    assert mask.tissue[50, [127, 152, 164]].all()
    assert not mask.tissue[75:80, 181:186].any()  # the speck is still one


def test_the_share_of_a_tile_is_counted_over_centres(drawn: Path) -> None:
    mask = find_tissue(open_slide(drawn))
    for x, y, side in [(0, 0, 400), (203, 197, 111), (900, 900, 300), (1400, 1000, 200), (1, 1, 3)]:
        rows, columns = ((np.arange(n) + 0.5) * 8 for n in mask.tissue.shape)
        part = mask.tissue[np.ix_((rows >= y) & (rows < y + side), (columns >= x) & (columns < x + side))]
        assert mask.share_of(x, y, side) == (part.mean() if part.size else 0)


def test_the_threshold_is_otsus_within_its_bounds(drawn: Path) -> None:
    slide = open_slide(drawn)
    mean = optical_density(slide.overview().astype(np.float32)).mean(-1)
    assert find_tissue(slide, ink=True).threshold == np.clip(np.float32(threshold_otsu(mean)), 0.05, 0.2)
    assert 0.05 < find_tissue(slide).threshold < 0.19  # between glass and pink
    assert threshold_otsu(mean) > 0.19  # with the pens it would be above the pink


@pytest.mark.parametrize(("colour", "share"), [(GLASS, 0.0), (PINK, 1.0)])
@pytest.mark.parametrize("noise", [0, 6])
def test_one_heap_is_not_parted(tmp_path: Path, colour: tuple[int, int, int], share: float, noise: int) -> None:
    """Glass alone is no tissue, tissue alone is all tissue, with the noise of a scanner and without."""
    pixels = np.full((400, 400, 3), colour) + np.random.default_rng(0).integers(-noise, noise + 1, (400, 400, 3))
    slide = open_slide(picture(tmp_path / "one.tif", pixels.clip(0, 255).astype(np.uint8), mpp=1.0))
    assert find_tissue(slide).share == share


def test_the_real_slide_has_tissue_where_one_sees_it(real_file: Path) -> None:
    mask = find_tissue(open_slide(real_file))
    assert 0.25 < mask.share < 0.36
    assert mask.share_of(1100, 2000, 224) > 0.95
    assert mask.share_of(100, 2000, 224) == 0
    assert mask.share_of(2060, 560, 120) == 0  # a fleck on the glass
