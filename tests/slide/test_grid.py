"""The grid: sides and steps in micrometres, nothing beyond the edge, nothing unseen; pictures when asked for."""

from pathlib import Path

import numpy as np
import pytest
from drawn_slide import picture
from small_clip import small_clip

from plip_tutorial.plip.model import PLIP
from plip_tutorial.slide import Mask, Slide, Tiles, grid, open_slide

NOISE = np.random.default_rng(4).integers(0, 255, (307, 501, 3), np.uint8)


@pytest.fixture
def slide(tmp_path: Path) -> Slide:
    return open_slide(picture(tmp_path / "noise.tif", NOISE, mpp=0.499))


@pytest.mark.parametrize(
    ("pixels", "mpp", "step", "side", "apart"),
    [
        (64, 0.499, None, 64, 64),
        (64, 1.0, 32, 128, 64),
        (64, 1.75, 16, 224, 56),
        (9, 0.25, 5, 5, 3),
        (307, 0.499, 1, 307, 1),
    ],
)
def test_places_are_those_of_a_loop_and_cover_the_slide(
    slide: Slide, pixels: int, mpp: float, step: int | None, side: int, apart: int
) -> None:
    tiles = grid(slide, pixels=pixels, mpp=mpp, step=step)
    expected = []
    y, last_row = 0, False
    while not last_row:
        last_row = y + side >= 307
        y = min(y, 307 - side)  # the last row ends where the slide does
        x, last = 0, False
        while not last:
            last = x + side >= 501
            expected.append((min(x, 501 - side), y))
            x += apart
        y += apart
    assert [tuple(place) for place in tiles.places.tolist()] == expected
    assert (tiles.side, tiles.pixels) == (side, pixels)
    assert tiles.field == pytest.approx(side * 0.499)
    assert tiles.mpp * pixels == pytest.approx(tiles.field)
    seen = np.zeros((307, 501), bool)
    for x, y in tiles.places:
        assert x + side <= 501
        assert y + side <= 307
        seen[y : y + side, x : x + side] = True
    assert seen.all()


def test_tiles_are_read_when_they_are_asked_for(slide: Slide) -> None:
    tiles = grid(slide, pixels=32, mpp=1.0, step=20)
    x, y = (int(place) for place in tiles.places[7])
    expected = np.asarray(slide.read(x, y, side=64, pixels=32))
    for found in (tiles[7], list(tiles)[7], tiles[5:][2], tiles[7 - len(tiles)], tiles.select([7, 3])[0]):
        np.testing.assert_array_equal(np.asarray(found), expected)
    assert isinstance(tiles[2:9:3], Tiles)
    assert len(tiles.select(tiles.places[:, 0] == 0)) == len(set(tiles.places[:, 1].tolist()))
    with pytest.raises(IndexError):
        tiles[len(tiles)]
    rows = tiles.table()
    assert rows.column_names == ["x", "y", "side", "pixels"]
    assert rows[7] == {"x": x, "y": y, "side": 64, "pixels": 32}


def test_a_model_embeds_them_like_pictures(slide: Slide, tmp_path: Path) -> None:
    tiles, plip = grid(slide, pixels=16, mpp=3.0, step=9), PLIP(small_clip(tmp_path / "clip"))
    pictures = [np.asarray(tile) for tile in tiles]
    np.testing.assert_allclose(plip.encode_images(tiles, 5), plip.encode_images(pictures), atol=1e-6)


def test_only_tiles_with_enough_tissue_are_taken(slide: Slide) -> None:
    tissue = np.zeros((20, 32), bool)
    tissue[:, 16:] = True  # the right half, from pixel 256 on
    mask = Mask(tissue, 16, 0.1)
    some = grid(slide, pixels=64, mpp=0.499, step=16, mask=mask)
    assert (some.places[:, 0] >= 256 - 32).all()
    assert (some.places[:, 0] == 224).any()
    assert (grid(slide, pixels=64, mpp=0.499, step=16, mask=mask, least=1).places[:, 0] >= 256).all()
    assert len(grid(slide, pixels=64, mpp=0.499, mask=mask, least=0)) == len(grid(slide, pixels=64, mpp=0.499))
    with pytest.raises(ValueError, match="no tile of 64 pixels of level 0 has 50% of tissue"):
        grid(slide, pixels=64, mpp=0.499, mask=Mask(~tissue & tissue, 16, 0.1))


@pytest.mark.parametrize("odd", [{"pixels": 0}, {"step": 0}, {"mpp": 0.0}, {"mpp": float("nan")}, {"least": 1.5}])
def test_odd_settings_are_refused(slide: Slide, odd: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be at least 1"):
        grid(slide, **{"pixels": 64, "mpp": 1.0, **odd})
    with pytest.raises(ValueError, match=r"is 449 pixels of level 0 wide, and the slide has 501 x 307"):
        grid(slide, pixels=224, mpp=1.0)
