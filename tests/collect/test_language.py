import csv
from pathlib import Path

import numpy as np
import pytest

from plip_tutorial.collect.language import identify, is_english

DATA = Path(__file__).parents[1] / "data"
LIST, DIAGNOSES = (
    list(csv.DictReader((DATA / f"{name}_languages.csv").open(encoding="utf-8"))) for name in ("captions", "diagnoses")
)
TEXTS, ENGLISH = [row["text"] for row in LIST], np.array([row["language"] == "en" for row in LIST])


def test_the_list_is_what_it_claims_to_be():
    assert len(set(TEXTS)) == 300
    assert len({row["language"] for row in LIST}) == 8
    assert 0.4 < ENGLISH.mean() < 0.6


def test_english_is_told_from_other_languages_on_captions_full_of_latin():
    found = is_english(TEXTS)
    accuracy = (found == ENGLISH).mean()
    print(f"is_english: accuracy {accuracy:.3f} on {len(TEXTS)} captions in 8 languages")
    assert accuracy >= 0.97
    assert found[~ENGLISH].mean() < 0.03
    assert "und" not in identify(TEXTS)


def test_english_diagnoses_are_kept_and_those_of_its_neighbours_dropped():
    texts, english = [row["text"] for row in DIAGNOSES], np.array([row["language"] == "en" for row in DIAGNOSES])
    assert len(set(texts)) == 200
    assert english.sum() == 100
    assert len({row["language"] for row in DIAGNOSES}) == 10
    right = is_english(texts) == english
    print(f"is_english: accuracy {right.mean():.3f} on {len(texts)} diagnoses in 10 languages")
    assert right.mean() >= 0.97
    assert min(right[english].mean(), right[~english].mean()) >= 0.96


@pytest.mark.parametrize(
    ("english", "other"),
    [
        ("Hepatocellular carcinoma", "Carcinoma hepatocellulare"),
        ("Invasive lobular carcinoma", "Invasief lobulair carcinoom"),
        ("Endometrial adenocarcinoma, FIGO 1", "Adenocarcinoma endometrial, FIGO 1"),
        ("Lung adenocarcinoma, H&E, 200x", "Adenocarcinoma del polmone, H&E, 200x"),
        ("Chronic cholecystitis", "Cholecystitis chronica"),
        ("Condyloma acuminatum", "Condylome acuminé"),
        ("Melanoma in situ", "Plaveiselcelcarcinoom"),
        ("Giardia lamblia", "Giardia lamblia im Duodenum"),
    ],
)
def test_a_diagnosis_and_its_look_alike(english, other):
    assert is_english([english, other]).tolist() == [True, False]


def test_one_text_or_none_is_no_list_of_texts():
    with pytest.raises(TypeError, match="got one string"):
        is_english("Melanoma of the skin")
    with pytest.raises(TypeError, match="caption 1 of 2 is None"):
        is_english(["Melanoma of the skin", None])


def test_without_a_prior_and_with_latin_it_would_be_worse():
    """What the two changes are good for: py3langid as it comes."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    plain = LanguageIdentifier.from_model_file(MODEL_FILE)
    accuracy = np.mean(
        [(plain.classify(text)[0] == "en") == english for text, english in zip(TEXTS, ENGLISH, strict=True)]
    )
    assert accuracy < 0.9


@pytest.mark.parametrize(
    "text", ["H&E 40x", "H&amp;E", "20x", "HE x200", "IHC", "CD34", "Melanoma", "", "👏👏", "IMG_2034.jpg"]
)
def test_too_little_text_is_undecided_and_kept(text):
    assert identify([text]) == ["und"]
    assert is_english([text]).tolist() == [True]


@pytest.mark.parametrize(
    "text", ["Очень интересный случай", "有趣的病例", "흥미로운 증례입니다", "ενδιαφέρον περιστατικό", "حالة مثيرة"]
)
def test_another_script_is_never_english(text):
    assert is_english([text]).tolist() == [False]


def test_the_answer_does_not_depend_on_the_company():
    assert identify(TEXTS[::-1]) == identify(TEXTS)[::-1]
    assert is_english([]).shape == (0,)


def test_languages_can_be_chosen_but_english_is_needed():
    assert identify(["Ein schöner Fall aus dem Labor"], languages=("en", "de")) == ["de"]
    with pytest.raises(ValueError, match="'en' must be among them"):
        identify(["x"], languages=("de", "fr"))
    with pytest.raises(ValueError, match="xx"):
        identify(["a case of the day"], languages=("en", "xx"))
