"""In which language a caption is written, where half of English pathology is Latin.

Naive Bayes over byte n-grams (Lui and Baldwin 2012, in the py3langid package): the language ``l`` with the highest
``log P(l) + sum_k log P(n-gram k | l)``. Two changes make it fit for captions. Only languages that posts are written in
may answer, so Latin and Interlingua may not. And the prior ``P(l)`` says that most posts under these hashtags are
English; it decides where a caption is nothing but a Latin diagnosis.

>>> identify(["Carcinoma in situ of the urinary bladder", "Mucosa de colon normal", "H&E 40x"])
['en', 'es', 'und']
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

LANGUAGES: tuple[str, ...] = ("en", "es", "pt", "fr", "de", "it", "tr", "ja")
ENGLISH_SHARE = 0.9  # of the posts, a prior: between what the reader expects and what the microcosm has
UNDECIDED = "und"  # as in ISO 639-3
# What captions in any language are full of, and what therefore tells nothing.
ANYWHERE = re.compile(r"h\s?&(?:amp;)?\s?e\b|\b(?:ihc|pas|gms|cd\d+|img|dsc|jpg|png)\b|\d+\s?x|x\s?\d+", re.IGNORECASE)


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
        ValueError: if "en" is not among the languages, or one is unknown to py3langid.
    """
    if "en" not in languages:
        raise ValueError(f"languages are {languages}; 'en' must be among them, since the prior speaks about it.")
    return [_identify(text, languages) for text in texts]


def is_english(texts: Iterable[str], *, languages: tuple[str, ...] = LANGUAGES) -> NDArray[np.bool_]:
    """Mask of the texts that are English or too short to tell, (n,); see `identify`."""
    return np.array([language in ("en", UNDECIDED) for language in identify(texts, languages=languages)], bool)


def _identify(text: str, languages: tuple[str, ...]) -> str:
    latin = _latin_share(text)
    words = re.findall(r"[^\W\d_]{3,}", ANYWHERE.sub(" ", text))
    if (latin > 0.5 and len(words) < 2) or latin == 0.0:
        return UNDECIDED
    english = math.log(ENGLISH_SHARE / (1 - ENGLISH_SHARE) * (len(languages) - 1))  # log odds against any other one
    scores = {code: score + english * (code == "en") for code, score in _identifier(languages).rank(text)}
    return max((code for code in scores if code != "en" or latin > 0.5), key=scores.__getitem__)


def _latin_share(text: str) -> float:
    """Share of the letters that are Latin; 0.0 if there are no letters, a little above if none is Latin."""
    letters = [letter for letter in text if letter.isalpha()]
    if not letters:
        return 0.0
    return max(sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) / len(letters), 1e-9)
