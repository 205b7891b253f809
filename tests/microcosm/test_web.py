import json
import re

import numpy as np
import pytest

from plip_tutorial.microcosm import TISSUES, captions, web
from plip_tutorial.microcosm.everyday import KINDS, LOOKALIKES
from plip_tutorial.microcosm.pictures import Picture
from plip_tutorial.microcosm.web import FEATURES, web_pool


@pytest.fixture(scope="module")
def rows():
    return [web._row(0, i, 0.06, 0.24, 64) for i in range(6000)]


def share(rows, test):
    return np.mean([test(row) for row in rows])


def test_the_first_rows_of_a_large_pool_are_the_small_pool():
    assert web_pool(12)[:] == web_pool(30)[:12]
    assert web_pool(5, seed=1)["url"][:] != web_pool(5)["url"][:]


def test_little_is_pathology_and_much_looks_like_it(rows):
    assert share(rows, lambda row: row["truth_kind"] == "pathology") == pytest.approx(0.06, abs=0.01)
    assert share(rows, lambda row: row["truth_kind"] == "lookalike") == pytest.approx(0.24, abs=0.02)
    families = {"pathology": set(TISSUES), "lookalike": set(LOOKALIKES), "everyday": set(KINDS) - set(LOOKALIKES)}
    for kind, names in families.items():
        assert {row["truth_tissue"] for row in rows if row["truth_kind"] == kind} == names
    assert all(row["truth_pathology"] == (row["truth_kind"] == "pathology") for row in rows)


def test_the_shares_can_be_chosen():
    assert set(web_pool(8, pathology=1, lookalike=0)["truth_kind"]) == {"pathology"}
    assert set(web_pool(8, pathology=0, lookalike=1)["truth_kind"]) == {"lookalike"}
    with pytest.raises(ValueError, match=r"pathology=0.9 and lookalike=0.2 are shares"):
        web_pool(3, pathology=0.9, lookalike=0.2)


def test_alt_texts_are_short_foreign_missing_or_wrong_at_times(rows):
    english = [row for row in rows if row["truth_kind"] == "pathology" and row["truth_language"] == "en"]
    assert 8 <= np.median([len(row["text"].split()) for row in english]) <= 10
    assert 0.03 < share(english, lambda row: not row["truth_match"]) < 0.15
    assert 0.25 < share(rows, lambda row: row["truth_language"] not in ("en", "")) < 0.4
    assert 0.02 < share(rows, lambda row: row["text"] == "") < 0.06
    assert 0.05 < share(rows, lambda row: row["truth_language"] == "" and row["text"] != "") < 0.15


def test_a_magnification_fits_the_picture_nearly_always():
    fits = []
    for row in (web._row(3, i, 1.0, 0.0, 64) for i in range(2500)):
        if row["truth_match"]:
            field = Picture(**json.loads(row["image"]["bytes"].split(b" ", 2)[2])).shown
            right = next(numbers for limit, numbers, _ in captions.POWERS if field < limit)
            fits += [power in re.findall(r"\d+x", right) for power in re.findall(r"\b\d+x\b", row["text"])]
    assert len(fits) > 300
    assert np.mean(fits) == pytest.approx(1 - captions.WRONG_POWER, abs=0.05)


def test_only_pathology_has_patients_and_a_slide_has_one_lab(rows):
    labs = {}
    for row in rows:
        assert (row["truth_patient"] != "") == row["truth_pathology"] == (row["truth_slide"] != "")
        if row["truth_pathology"]:
            told = json.loads(row["image"]["bytes"].split(b" ", 2)[2])
            labs.setdefault(row["truth_slide"], set()).add((told["lab"], told["slide"], row["truth_patient"]))
    assert {len(found) for found in labs.values()} == {1}
    assert len(labs) < share(rows, lambda row: row["truth_pathology"]) * len(rows)


def test_the_table_has_its_columns_even_when_empty():
    assert web_pool(0).features == web_pool(2).features == FEATURES
    assert len(set(web_pool(50)["url"])) == 50
