import io

import numpy as np
import pytest
from datasets import Dataset, Features, Image, Value
from PIL import Image as Pillow

from plip_tutorial.clean import leaks, purity
from plip_tutorial.microcosm import render_tile

SCHEMA = {"image": Image(), "patient": Value("string"), "slide": Value("string")}


def png(array):
    file = io.BytesIO()
    Pillow.fromarray(array).save(file, "PNG")
    return {"bytes": file.getvalue(), "path": None}


def table(seeds, patients, slides, prefix=""):
    rows = {
        "image": [png(render_tile("stroma", seed=seed)) for seed in seeds],
        prefix + "patient": patients,
        prefix + "slide": slides,
    }
    return Dataset.from_dict(rows, features=Features(dict(zip(rows, SCHEMA.values(), strict=True))))


TEST = table(range(20), [f"p{i // 4}" for i in range(19)] + [""], [f"s{i // 2}" for i in range(19)] + [None])


@pytest.mark.parametrize("prefix", ["", "truth_"])
def test_planted_leaks_are_found_and_nothing_else(prefix):
    n = 60
    patients, slides = [f"other{i}" for i in range(n)], [f"another{i}" for i in range(n)]
    patients[3] = patients[40] = "p2"
    slides[5] = "s0"
    patients[8], slides[9] = "", None  # unknown is not the same as unknown
    train = table(range(100, 100 + n), patients, slides, prefix)
    copy = TEST[11]["image"].resize((48, 48), Pillow.Resampling.BICUBIC)
    images = [row["image"] for row in train]
    images[20], images[21] = copy, TEST[0]["image"]
    train = train.remove_columns("image").add_column("image", [png(np.asarray(image)) for image in images])
    train = train.cast_column("image", Image())
    assert np.flatnonzero(leaks(train, TEST)).tolist() == [3, 5, 20, 21, 40]
    assert np.flatnonzero(leaks(train, TEST, keys=("slide",))).tolist() == [5, 20, 21]


def test_tables_without_pictures_are_compared_by_what_they_share():
    train, test = TEST.select_columns(["slide"]), TEST.select(range(2, 5)).select_columns(["slide", "patient"])
    assert np.flatnonzero(leaks(train, test)).tolist() == [2, 3, 4, 5]
    with pytest.raises(ValueError, match="nothing to compare"):
        leaks(train.rename_column("slide", "glass"), test)


def test_purity_counts_each_fault_and_their_union():
    pairs = Dataset.from_dict(
        {
            "truth_pathology": [True, False, True, True, False, True],
            "truth_match": [True, True, False, True, False, True],
            "truth_language": ["en", "en", "en", "de", "fr", ""],
        }
    )
    assert list(purity(pairs).values()) == [6, 2, 2, 2, 4, pytest.approx(1 / 3)]
    assert np.isnan(purity(pairs.select([]))["purity"])
