"""Pictures that no program drew: all of them can be encoded, and the models are scored beside the baselines on them.

Real tiles are looked at and scored here; nothing is trained on them but the probes of their own cross-validation.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plip_tutorial import artifacts
from plip_tutorial.metrics import scores as metrics
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.own_tiles import read_csv, read_folder
from plip_tutorial.sources.picture_files import picture_endings
from plip_tutorial.studies import report, scoring

DATA = Path(__file__).parents[2] / "../shared/data"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real pictures (../shared/data) are not beside this repository"
)
SETS = ["nct_crc_mini", "kather2016_mini"]


@pytest.fixture(scope="module")
def models() -> dict[str, PLIP]:
    return {"tiny CLIP": PLIP(artifacts.tiny_clip()), "tiny PLIP": PLIP(artifacts.tiny_plip())}


@pytest.fixture(scope="module")
def pictures() -> list[Path]:
    return sorted(path for path in DATA.rglob("*") if path.suffix.lower() in picture_endings())


def test_every_real_picture_becomes_a_unit_vector_of_its_own(models: dict[str, PLIP], pictures: list[Path]) -> None:
    listed = sum(len(manifest.read_text().splitlines()) - 1 for manifest in DATA.glob("*/manifest.csv"))
    assert len(pictures) == listed + len([p for p in pictures if p.parent.name == "he_extra"]) > 290
    assert any(path.suffix == ".svs" for path in pictures)
    assert len({Image.open(path).mode for path in pictures}) >= 4  # RGB, grey, 16 bits, alpha ...
    for plip in models.values():
        vectors = plip.encode_images(pictures, 64)
        assert vectors.shape == (len(pictures), plip.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)  # NaN and infinity fail here, too
        likeness = vectors @ vectors.T - 2 * np.eye(len(vectors))
        assert likeness.max(1).mean() < 0.9999  # not one vector for all


@pytest.mark.parametrize("name", ["nct_crc_mini/TUM", "he_extra", "negatives/microscopy_not_he"])
def test_the_way_in_does_not_matter(models: dict[str, PLIP], name: str) -> None:
    paths = [path for path in sorted((DATA / name).iterdir()) if path.suffix.lower() in picture_endings()][:6]
    plip = models["tiny PLIP"]
    expected = plip.encode_images(paths)
    opened = [Image.open(path) for path in paths]
    for way in (opened, [np.asarray(picture) for picture in opened], [path.read_bytes() for path in paths]):
        np.testing.assert_allclose(plip.encode_images(way), expected, atol=1e-5)


def test_a_region_of_a_slide_can_be_cut_into_tiles(models: dict[str, PLIP]) -> None:
    region = np.asarray(Image.open(DATA / "he_extra" / "cmu_small_region.svs").convert("RGB"))
    rows, columns = (length // 224 for length in region.shape[:2])
    tiles = [region[224 * r :, 224 * c :][:224, :224] for r in range(rows) for c in range(columns)]
    empty = np.array([(tile > 225).all(-1).mean() for tile in tiles])
    vectors = models["tiny PLIP"].encode_images(tiles)
    white, tissue = vectors[empty > 0.95], vectors[empty < 0.3]
    assert min(len(white), len(tissue)) > 5
    assert (white @ white.T).mean() > (white @ tissue.T).mean()  # glass resembles glass


@pytest.mark.parametrize("name", SETS)
def test_scores_on_real_tiles_beside_the_baselines(
    models: dict[str, PLIP], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = scoring.real(DATA / name)
    constant = metrics.report(data.labels, data.labels)
    zero_shot = {model: scoring.zero_shot_score(plip, data, "micro-kather") for model, plip in models.items()}
    features = report.WITHOUT_MODEL | {model: partial(scoring.seen, plip) for model, plip in models.items()}
    probes = {method: scoring.folded_probe_score(data, encode) for method, encode in features.items()}
    by_picture = {method: scoring.retrieval_score(data, encode) for method, encode in features.items()}
    by_words = {model: scoring.words_to_pictures_score(plip, data, "micro-kather") for model, plip in models.items()}
    random_picture, random_words = scoring.random_retrieval(data)
    with capsys.disabled():
        print(f"\n{name}, {len(data.labels)} real tiles")
        print(f"  zero-shot, weighted F1:  constant {constant['constant_weighted_f1'].value:.3f}", *_lines(zero_shot))
        print(f"  linear probe, macro F1:  constant {constant['constant_macro_f1'].value:.3f}", *_lines(probes))
        print(f"  of the 5 nearest pictures, same tissue:  random order {random_picture:.3f}", *_lines(by_picture))
        print(f"  of 5 pictures found by words, right:  random order {random_words:.3f}", *_lines(by_words))
    for score in [*zero_shot.values(), *probes.values(), *by_picture.values(), *by_words.values()]:
        assert 0 <= score.low <= score.value <= score.high <= 1
    for model in models:
        assert probes[model].low > constant["constant_macro_f1"].value
        assert by_picture[model].low > random_picture
    assert zero_shot["tiny PLIP"].low > constant["constant_weighted_f1"].value
    assert by_words["tiny PLIP"].value > random_words


def test_folders_and_lists_of_real_pictures_agree(models: dict[str, PLIP]) -> None:
    manifest = DATA / "pcam_sample" / "manifest.csv"
    files = [line.split(",")[0] for line in manifest.read_text().splitlines()[1:]]
    folder, listed = read_folder(manifest.parent), read_csv(manifest, image="file", caption="label")
    order = [files.index(file) for file in folder["file"]]
    assert folder.features["label"].int2str(folder["label"][:]) == [listed["text"][i] for i in order]
    by_folder, by_list = (models["tiny PLIP"].encode_images(table["image"]) for table in (folder, listed))
    np.testing.assert_allclose(by_folder, by_list[order], atol=1e-5)


def _lines(scores: dict[str, metrics.Score]) -> list[str]:
    return [f"\n      {method:12} {score}" for method, score in scores.items()]
