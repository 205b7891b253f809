"""A table stores recipes; looking at a picture draws it, once, in any process that knows the package."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from datasets import load_from_disk
from PIL import Image

from plip_tutorial.microcosm import everyday_pairs, pictures, posts, render_everyday, render_tile
from plip_tutorial.microcosm.pictures import Picture, alter


def look(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.encoded()["bytes"])))


def test_what_is_opened_is_what_is_drawn() -> None:
    tile = render_tile("stroma", seed=3, lab="B", size=48, slide=5)
    np.testing.assert_array_equal(look(Picture("stroma", 3, "B", 5, size=48)), tile)
    np.testing.assert_array_equal(look(Picture("stroma", 3, "B", 5, altered=2, size=48)), alter(tile, 3, 2))
    np.testing.assert_array_equal(look(Picture("flowers", 1)), render_everyday("flowers", seed=1))


@pytest.mark.parametrize(
    ("picture", "mean"),
    [
        (Picture("lymphocytes", 1), 177.54),
        (Picture("normal_colon_mucosa", 2, "C", 7), 163.02),
        (Picture("smooth_muscle", 3, "J", 1, altered=9, size=48), 160.22),
        (Picture("chart", 4), 246.29),
        (Picture("blood_smear", 5, size=32), 209.72),
        (Picture("photo", 6), 87.14),
    ],
)
def test_pictures_stay_as_they_are(picture: Picture, mean: float) -> None:
    """Whoever changes them raises `pictures.WORLD`; processors differ in a grey level here and there."""
    assert look(picture).mean() == pytest.approx(mean, abs=0.05)


def test_a_saved_table_can_be_read_where_only_the_door_for_pictures_is_known(tmp_path: Path) -> None:
    table = posts(3, size=16)
    table.save_to_disk(tmp_path / "table")
    code = (
        "import numpy, plip_tutorial.sources.images; from datasets import load_from_disk\n"
        f"rows = load_from_disk({str(tmp_path / 'table')!r})['images']\n"
        "print([int(numpy.sum(picture)) for row in rows for picture in row])"
    )
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert there.strip() == str([int(np.sum(picture)) for row in table["images"] for picture in row])
    assert load_from_disk(tmp_path / "table")[:] == table[:]


def test_what_is_looked_at_twice_is_drawn_once_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: list[int] = []
    pixels = render_tile("mucus", seed=0, size=16)
    monkeypatch.setattr(Picture, "draw", lambda self: drawings.append(self.seed) or pixels)
    monkeypatch.setattr(pictures, "_kept", type(pictures._kept)())
    monkeypatch.setattr(pictures, "KEPT_BYTES", 3 * pixels.nbytes)
    for seed in (1, 2, 1, 3, 1, 4, 1, 2):
        look(Picture("mucus", seed, size=16))
    assert drawings == [1, 2, 3, 4, 2]
    assert len(pictures._kept) == 3


def test_a_picture_can_be_changed_without_changing_the_next_look() -> None:
    first = everyday_pairs(1)[0]["image"]
    first.paste((0, 0, 0), (0, 0, 64, 64))
    assert np.asarray(everyday_pairs(1)[0]["image"]).any()


def test_a_recipe_of_another_microcosm_is_refused() -> None:
    stored = Picture("mucus", 1).encoded()["bytes"].replace(b" 2 ", b" 0 ", 1)
    with pytest.raises(ValueError, match=r"a picture of microcosm 0.*table anew"):
        Image.open(io.BytesIO(stored))
