"""In which language a caption is written, where half of English pathology is Latin.

Naive Bayes over byte n-grams (Lui and Baldwin 2012, in the py3langid package): the language ``l`` with the highest
``log P(l) + sum_k log P(n-gram k | l)``. Three changes make it fit for captions. Only languages that posts are written
in may answer, so Latin and Interlingua may not. The prior ``P(l)`` says that most posts under these hashtags are in
English. And where a caption is nothing but a diagnosis, too short for a statistic of letters, its grammar votes as
well: English ends with the noun ("hepatocellular carcinoma"), Latin and its daughters begin with it ("carcinoma
hepatocellulare"), and every language has endings of its own, such as the German "Karzinom". The words stand in
``data/languages.toml``.

>>> identify(["Hepatocellular carcinoma", "Carcinoma hepatocelular", "Mucosa de colon normal", "H&E 40x"])
['en', 'es', 'es', 'und']
>>> [grammar(text) for text in ("Hepatocellular carcinoma", "Carcinoma hepatocellulare", "Melanoma")]
[3.0, -3.0, 0.0]
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plip_tutorial.collect.caption_text import checked_captions

LANGUAGES: tuple[str, ...] = ("en", "es", "pt", "fr", "de", "it", "tr", "ja", "nl", "pl")
# How much more often posts are in English than in any one other language: nine in ten, and seven share the rest.
ENGLISH_ODDS = 0.9 / (0.1 / 7)
GRAMMAR = 3.5  # log odds for each point of evidence: the statistics of a bare diagnosis err by up to nine
MOST = 3  # points of one phrase
UNDECIDED = "und"  # as in ISO 639-3

_TOLD = tomllib.loads((files("plip_tutorial") / "data" / "languages.toml").read_text("utf-8"))
_PHRASES, _WORD = re.compile(r"[,;:.()/?!\n]+"), re.compile(r"[^\W\d_]+")


def _one_of(words: list[str], endings: Iterable[str] = (), more: str = "") -> re.Pattern[str]:
    behind = rf"|.*(?:{'|'.join(endings)}){more}" if endings else ""
    return re.compile("|".join(words) + behind if words else behind[1:])


_ANYWHERE = re.compile("|".join(_TOLD["anywhere"]), re.IGNORECASE)
_ORGANISMS = re.compile(rf"\b(?:{'|'.join(_TOLD['organisms'])})\b(?: [a-z]+(?:[aei]|ans|[ui][sm])\b)?", re.IGNORECASE)
_NOUN, _BEHIND = _one_of([], _TOLD["nouns"], "s?"), _one_of([], _TOLD["behind"])
_PLACES, _NAMES = _one_of(_TOLD["places"]), _one_of(_TOLD["names"])
_ENGLISH = _one_of(_TOLD["english"]["words"], _TOLD["english"]["endings"])
_OTHER = _one_of(_TOLD["other"].pop("words"), [ending for endings in _TOLD["other"].values() for ending in endings])


def identify(texts: Iterable[str], *, languages: tuple[str, ...] = LANGUAGES) -> list[str]:
    """Name the language of each text: ISO 639-1 code, or "und" where there is too little text to tell.

    Args:
        texts: captions; links, handles and hashtags should be gone, since they look English in any language.
        languages: codes that may answer, "en" among them. Fewer are faster and more often right.

    Raises:
        TypeError: for one string instead of several, or for something that is no string.
        ValueError: if "en" is not among the languages, or one is unknown to py3langid.
    """
    captions = checked_captions(texts)
    if "en" not in languages:
        raise ValueError(f"languages are {languages}; 'en' must be among them, since the prior speaks about it.")
    return [_identify(text, languages) for text in captions]


def is_english(texts: Iterable[str], *, languages: tuple[str, ...] = LANGUAGES) -> NDArray[np.bool_]:
    """Mask of the texts that are English or too short to tell, (n,); see `identify`."""
    return np.array([language in ("en", UNDECIDED) for language in identify(texts, languages=languages)], bool)


def _identify(text: str, languages: tuple[str, ...]) -> str:
    letters = [letter for letter in text if letter.isalpha()]
    latin = [unicodedata.name(letter, "").startswith("LATIN") for letter in letters]
    mostly = sum(latin) > 0.5 * len(latin)
    telling = _ORGANISMS.sub(" organism ", _ANYWHERE.sub(" ", text))  # both parts of a name are one word
    points = grammar(telling)
    if not letters or (mostly and points >= 0 and len(re.findall(r"[^\W\d_]{3,}", telling)) < 2):
        return UNDECIDED
    english = math.log(ENGLISH_ODDS) + GRAMMAR * points
    scores = {code: score + english * (code == "en") for code, score in _identifier(languages).rank(text)}
    return max((code for code in scores if code != "en" or mostly), key=scores.__getitem__)


@cache
def _identifier(languages: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 4 MB; here, because loading takes half a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(languages))
    return identifier


def grammar(text: str) -> float:
    """How much of a caption is built as in English, less what is built as elsewhere.

    Returns:
        A number from -3 to 3, the mean over those phrases that tell something; 0.0 if none does.
    """
    told = [said for phrase in _PHRASES.split(text.lower()) if (said := _of_phrase(_WORD.findall(phrase)))]
    return sum(told) / len(told) if told else 0.0


def _of_phrase(words: list[str]) -> int:
    """Points for each word and for their order: an English place or a noun at the end, or a noun that leads."""
    if len(words) == 2 and _NAMES.fullmatch(words[1]):
        return MOST
    points = [_of_word(word) for word in words]
    order = 0
    if words and _PLACES.fullmatch(words[-1]):
        order = 3
    elif len(words) < 2:
        order = sum(points)  # a word that stands alone counts twice
    elif _NOUN.fullmatch(words[-1]) and points[-2] >= 0:
        order = 2
    elif _NOUN.fullmatch(words[0]) and points[1] <= 0 and _BEHIND.fullmatch(words[1]):
        order = points[1] - 1
    return max(-MOST, min(sum(points) + order, MOST))


@lru_cache(maxsize=2**16)
def _of_word(word: str) -> int:
    """1 for English, -1 for another language, 0 for neither."""
    if _ENGLISH.fullmatch(word) or _NAMES.fullmatch(word):
        return 1
    return -1 if _OTHER.fullmatch(word) else 0
