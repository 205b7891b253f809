"""In which language a caption is written, where half of English pathology is Latin.

Naive Bayes over byte n-grams (Lui and Baldwin 2012, in the py3langid package): the language ``l`` with the highest
``log P(l) + sum_k log P(n-gram k | l)``. Three changes make it fit for captions. Only languages that posts are written
in may answer, so Latin and Interlingua may not. The prior ``P(l)`` says that most posts under these hashtags are in
English. And where a caption is nothing but a Latin diagnosis, its grammar votes as well: see `diagnosis_grammar`.

>>> identify(["Hepatocellular carcinoma", "Carcinoma hepatocelular", "Mucosa de colon normal", "H&E 40x"])
['en', 'es', 'es', 'und']
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plip_tutorial.collect.diagnosis_grammar import evidence
from plip_tutorial.collect.post_text import checked_captions

LANGUAGES: tuple[str, ...] = ("en", "es", "pt", "fr", "de", "it", "tr", "ja", "nl", "pl")
# How much more often posts are in English than in any one other language: nine in ten, and seven share the rest.
ENGLISH_ODDS = 0.9 / (0.1 / 7)
GRAMMAR = 3.5  # log odds for each point of evidence: the statistics of a bare diagnosis err by up to nine
UNDECIDED = "und"  # as in ISO 639-3
# What captions in any language are full of, and what therefore tells nothing: stains, magnifications, names of files,
ANYWHERE = re.compile(
    r"in situ|h\s?&(?:amp;)?\s?e\b|\b(?:ihc|pas|gms|cd\d+|img|dsc|jpg|png)\b|\d+\s?x|x\s?\d+", re.IGNORECASE
)
# and what lives in tissue, with the second half of its name.
ORGANISMS = re.compile(
    r"\b(?:actinomyces|aspergillus|blastomyces|candida|coccidioides|cryptococcus|cryptosporidium|demodex|dirofilaria"
    r"|echinococcus|entamoeba|enterobius|giardia|helicobacter|histoplasma|leishmania|mucor|mycobacterium|nocardia"
    r"|onchocerca|plasmodium|pneumocystis|rhizopus|sarcoptes|schistosoma|sporothrix|strongyloides|taenia|toxoplasma"
    r"|treponema|trichinella|trichomonas|trichuris|trypanosoma)\b(?: [a-z]+(?:[aei]|ans|[ui][sm])\b)?",
    re.IGNORECASE,
)


@cache
def _identifier(languages: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # 4 MB; here, because loading takes half a second

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(languages))
    return identifier


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
    latin = _latin_share(text)
    telling = ORGANISMS.sub(" organism ", ANYWHERE.sub(" ", text))  # both parts of a name are one word
    words, grammar = re.findall(r"[^\W\d_]{3,}", telling), evidence(telling)
    if (latin > 0.5 and len(words) < 2 and grammar >= 0) or latin == 0.0:
        return UNDECIDED
    english = math.log(ENGLISH_ODDS) + GRAMMAR * grammar
    scores = {code: score + english * (code == "en") for code, score in _identifier(languages).rank(text)}
    return max((code for code in scores if code != "en" or latin > 0.5), key=scores.__getitem__)


def _latin_share(text: str) -> float:
    """Share of the letters that are Latin; 0.0 if there are no letters, a little above if none is Latin."""
    letters = [letter for letter in text if letter.isalpha()]
    if not letters:
        return 0.0
    return max(sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) / len(letters), 1e-9)
