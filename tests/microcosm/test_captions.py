import re
from collections import Counter
from functools import partial

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from plip_tutorial.collect.language import identify
from plip_tutorial.microcosm import TISSUES, captions
from plip_tutorial.microcosm.captions import (
    ENGLISH,
    LANGUAGES,
    OTHERS,
    caption,
    everyday_caption,
    expand,
    sentences,
    write,
)
from plip_tutorial.microcosm.everyday import KINDS
from plip_tutorial.microcosm.seeding import rng

NAMES = list(TISSUES)


def many(one, n, **options):
    """Texts of all tissues in turn, with the tissue of each."""
    return [(name, one(name, seed=i, **options)) for i in range(n) for name in NAMES]


@pytest.mark.parametrize("tissue", NAMES)
def test_every_symbol_that_a_rule_names_has_a_rule(tissue):
    for organ in ENGLISH["organs"]:
        rules = captions.rules_of(tissue, organ)
        assert {symbol for rule in rules.values() for symbol in re.findall(r"{(\w+)}", rule)} <= set(rules)


def test_other_languages_name_every_tissue_and_need_no_other_rules():
    known = set(ENGLISH["rules"]) | {"name"}
    for words in OTHERS.values():
        assert list(words["tissues"]) == NAMES
        rules = {name: rule for name, rule in words.items() if name != "tissues"}
        assert {symbol for rule in rules.values() for symbol in re.findall(r"{(\w+)}", rule)} <= known | set(rules)


def test_english_names_and_describes_every_tissue_in_several_ways():
    assert list(ENGLISH["tissues"]) == NAMES
    for words in ENGLISH["tissues"].values():
        assert len(words["synonym"].split("|")) >= 4 <= len(words["finding"].split("|"))


def test_alternatives_come_as_often_as_their_weights_say():
    draw = rng("weights")
    seen = Counter(expand("a *3 | {b}", {"b": "b | "}, draw) for _ in range(8000))
    assert {text: pytest.approx(n / 8000, abs=0.02) for text, n in seen.items()} == {"a": 0.75, "b": 0.125, "": 0.125}


def test_a_caption_depends_on_its_seed_alone_and_seeds_differ():
    texts = many(caption, 30)
    assert texts[::-1] == [(name, caption(name, seed=i)) for i in reversed(range(30)) for name in reversed(NAMES)]
    assert len({text for _, text in texts}) > 0.97 * len(texts)


def test_a_caption_tells_the_tissue_but_seldom_by_its_phrase_alone():
    texts, fresh = many(caption, 80), [(name, caption(name, seed=1000 + i)) for i in range(20) for name in NAMES]
    words = CountVectorizer(ngram_range=(1, 2))
    model = MultinomialNB(alpha=0.1).fit(words.fit_transform([text for _, text in texts]), [name for name, _ in texts])
    assert model.score(words.transform([text for _, text in fresh]), [name for name, _ in fresh]) > 0.9
    by_phrase = np.mean([TISSUES[name].phrase in text.lower() for name, text in texts])
    assert 0.3 < by_phrase < 0.7


def test_malignant_is_said_of_malignant_tissue_only_unless_denied():
    def says(text, *words):
        text = re.sub(r"(not|no evidence of) malignan\w+", "", text.lower())
        return any(word in text for word in words)

    malignant = [text for name, text in many(caption, 40) if TISSUES[name].malignant]
    benign = [text for name, text in many(caption, 40) if TISSUES[name].malignant is False]
    assert np.mean([says(text, "malignant", "tumor") for text in malignant]) > 0.35
    assert not any(says(text, "malignant", "tumor", "cancer") for text in benign)
    assert np.mean([says(text, "benign", "normal") for text in benign]) > 0.5
    assert not any(says(text, "benign", "normal") for text in malignant)


@pytest.mark.parametrize(
    "tissue", ["inflamed_colon", "adenoma", "organizing_pneumonia", "breast_hyperplasia", "naevus", "gastritis"]
)
def test_what_is_benign_but_diseased_is_not_called_normal(tissue):
    texts = [caption(tissue, seed=i).lower() for i in range(200)]
    assert not any("normal" in text for text in texts)
    assert np.mean(["benign" in text for text in texts]) > 0.25


def test_a_lymph_node_is_called_so_and_no_other_tissue_lies_in_one():
    for name, text in many(caption, 40):
        if TISSUES[name].organ != "lymph node":
            assert not re.search(r"lymph node|nodal|lymphadenectomy", text)
    nodes = [caption(name, seed=i, organ="colon") for name in NAMES if "node" in name for i in range(100)]
    assert np.mean([bool(re.search(r"node|nodal", text.lower())) for text in nodes]) > 0.7
    assert not any(re.search(r"colon|colectomy", text.lower()) for text in nodes)


def told(text):
    """The magnifications that a text tells in numbers."""
    return re.findall(r"\b(\d+)x\b", text)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    ("field", "fits"), [(62, ("40", "400")), (130, ("20", "200")), (250, ("10", "100")), (880, ("2", "4"))]
)
def test_a_magnification_fits_the_field_nearly_always_and_comes_as_often_as_without(field, fits, language):
    texts = [text for _, text in many(caption, 60, field=field, language=language)]
    powers = [power for text in texts for power in told(text)]
    assert np.mean([power in fits for power in powers]) == pytest.approx(1 - captions.WRONG_POWER, abs=0.06)
    words = [
        text for text in texts if told(text) or re.search(r"(?<!at )(low|medium|high|scanning) power", text.lower())
    ]
    anyhow = [text for _, text in many(caption, 60, language=language) if told(text)]
    assert len(words) == pytest.approx(len(anyhow), rel=0.05)


def test_a_field_changes_no_other_word():
    def rest(text):
        return re.sub(r"\b(\d+x|(low|medium|high|scanning) power)\b", "", text)

    calm = [
        seed for seed in range(200) if rest(caption("bone", seed=seed)) == rest(caption("bone", seed=seed, field=90))
    ]
    assert len(calm) > 180  # a misspelling may fall elsewhere where the text has other letters


@pytest.mark.parametrize(("symbol", "low", "high"), [("caption", 19, 23), ("reply", 14, 17), ("alt", 8, 10)])
def test_texts_have_the_length_of_the_papers(symbol, low, high):
    assert low <= np.median([len(text.split()) for _, text in many(partial(write, symbol), 30)]) <= high


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_recognised_as_what_it_is(language):
    texts = [text for _, text in many(caption, 5, language=language)]
    found = np.array(identify(texts))
    assert np.mean(found == language) > 0.8  # Spanish and Portuguese are close
    assert np.mean((found == "en") == (language == "en")) > 0.95


def test_some_texts_are_abbreviated_misspelt_or_in_lower_case():
    plain = "Carcinoma of the breast with necrosis."
    slips = Counter(captions.slip(plain, rng("slip", i)) for i in range(4000))
    assert slips[plain] / 4000 == pytest.approx((1 - 0.12) * (1 - 0.08) * (1 - 0.1), abs=0.02)
    assert slips["Carcinoma of the breast w/ necrosis."] > 0 < slips[plain.lower()]  # "Carcinoma" begins a sentence
    letters = Counter(plain.lower())
    misspelt = [text for text in slips if text.lower() != plain.lower() and "w/" not in text]
    assert len(misspelt) > 30
    assert all(sum((Counter(text.lower()) - letters).values()) <= 1 for text in misspelt)


def test_no_trace_of_the_grammar_is_left():
    symbols = ["caption", "reply", "question", "rhetorical", "vague", "alt"]
    texts = [text for symbol in symbols for _, text in many(partial(write, symbol), 20)]
    texts += [everyday_caption(kind, seed=i) for kind in KINDS for i in range(20)]
    texts += [write(symbol, seed=i) for symbol in ("advert", "chatter") for i in range(20)]
    texts += [text for language in LANGUAGES[1:] for _, text in many(caption, 3, language=language)]
    bad = re.compile(r"[{}|*]|  | [.,;]( |$)|\.\.|^\W*$|\b[Aa] [aeiou]")
    assert [text for text in texts if bad.search(text)] == []


def test_every_kind_of_everyday_picture_has_five_names_of_its_own():
    assert {kind: len(set(said.split(" | "))) for kind, said in ENGLISH["things"].items()} == dict.fromkeys(KINDS, 5)


def test_kinds_of_everyday_pictures_do_not_speak_of_pathology():
    texts = [everyday_caption(kind, seed=i) for kind in KINDS for i in range(40)]
    assert not any(re.search(r"h&e|tissue|carcinoma|benign|malignant|tumou?r|biopsy", text.lower()) for text in texts)


def test_questions_ask_and_a_few_of_them_without_a_question_mark():
    asked = np.mean(["?" in text for _, text in many(partial(write, "question"), 30)])
    assert 0.75 < asked < 0.97
    assert all("?" in text for _, text in many(partial(write, "rhetorical"), 10))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a adenoma .", "An adenoma."),
        ("see it. see it. done.", "See it. Done."),
        ("one , two . .", "One, two."),
        ("note the a rim of cells.", "Note the rim of cells."),
        ("le cas\u00a0: ici", "Le cas\u00a0: ici"),
    ],
)
def test_sentences_are_put_right(raw, clean):
    assert sentences(raw) == clean


@pytest.mark.parametrize(
    "call",
    [
        lambda: caption("kidney", seed=0),
        lambda: caption("kidney", seed=0, language="es"),
        lambda: caption("mucus", seed=0, language="xx"),
        lambda: everyday_caption("cat", seed=0),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(call):
    with pytest.raises(ValueError, match=r"unknown .* Choose one of: "):
        call()
