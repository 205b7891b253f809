"""The filter that comes with the package; `tests/real` shows it real pictures."""

import pytest
from PIL import Image

from plip_tutorial.clean import is_pathology
from plip_tutorial.microcosm import TISSUES, render_tile
from plip_tutorial.microcosm.everyday import KINDS, render_everyday
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.images import UnreadableImageError


def test_drawn_tissue_is_told_from_everyday_pictures():
    tissue = [render_tile(name, seed=seed, lab="A") for name in TISSUES if name != "background" for seed in range(8)]
    everyday = [render_everyday(kind, seed=seed) for kind in KINDS for seed in range(4)]
    kept = is_pathology(tissue + everyday)
    assert kept.dtype == bool
    assert kept.shape == (len(tissue) + len(everyday),)
    assert kept[: len(tissue)].mean() > 0.9
    assert kept[len(tissue) :].mean() < 0.2


def test_paths_and_pictures_are_judged_alike_without_a_model(tmp_path, monkeypatch):
    monkeypatch.setattr(PLIP, "__init__", None)  # whoever made a model would fail
    pictures = [render_tile("stroma", seed=0), render_everyday("chart", seed=0)]
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    paths = [tmp_path / "0.png", str(tmp_path / "1.png")]
    assert is_pathology(paths).tolist() == is_pathology(pictures).tolist() == [True, False]
    assert is_pathology([Image.fromarray(picture) for picture in pictures]).tolist() == [True, False]
    assert is_pathology([]).shape == (0,)
    with pytest.raises(UnreadableImageError, match="image 1 of 2"):
        is_pathology([paths[0], tmp_path / "absent.png"])
    with pytest.raises(TypeError):
        is_pathology(str(paths[0]))
