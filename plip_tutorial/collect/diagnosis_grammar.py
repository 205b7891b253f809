"""How English builds a diagnosis, and how its neighbours build theirs.

A bare diagnosis is too short for a statistic of letters, and most of its letters are Latin in any language. Its grammar
is not. English ends with the noun ("hepatocellular carcinoma"), Latin and its daughters begin with it ("carcinoma
hepatocellulare"), and every language has endings of its own, such as the German "Karzinom" and the Dutch "carcinoom".

>>> [evidence(text) for text in ("Hepatocellular carcinoma", "Carcinoma hepatocellulare", "Melanoma")]
[3.0, -3.0, 0.0]
"""

from __future__ import annotations

import re
from functools import lru_cache

MOST = 3  # of one phrase
_PHRASES = re.compile(r"[,;:.()/?!\n]+")
_WORD = re.compile(r"[^\W\d_]+")
# A noun that names a disease, as English spells it. "Stroma" is a tissue.
_NOUN = re.compile(
    r".*(?:(?<!str)oma|itis|[aeo]s[ei]s|plasia|plakia|pathy|carcinoid|neoplasm|tumou?r|lesion|na?evus|polyp|cyst)s?"
)
# Places that only English calls so; a phrase may end with one as well: "angiomyolipoma, kidney".
_PLACES = re.compile(
    r"bladder|bone|bowel|brain|breast|eyelid|gallbladder|gland|heart|joint|kidney|knee|limb|lip|liver|lung|marrow"
    r"|neck|nerve|node|ovary|rib|scalp|skin|skull|spine|spleen|stomach|thigh|thymus|thyroid|tongue|vein|wall|wrist"
)
# What an adjective ends in that stands behind its noun.
_BEHIND = re.compile(r".*(?:[aeio]|[aeiou]l|[aeiou]r|[ui][ms]|[aei]nt)")
# Latin adjectives and genitives in names that English uses as they are ("lichen planus", "struma ovarii").
_NAMES = re.compile(
    r"acuminata|acuminatum|annulare|areata|bullosa|contagiosum|elasticum|erythematosus|foliaceus|fungoides"
    r"|gangrenosum|herpetiformis|inguinale|lipoidica|maligna|multiforme|nigricans|nodosa|nodosum|obliterans|ovarii"
    r"|peritonei|pigmentosa|pigmentosum|pilaris|planum|planus|plastica|protuberans|rosea|rubra|sclerosus|sebaceus"
    r"|simplex|suppurativa|vera|vulgaris"
)
# Words and endings of one side only. "In", "type" and "grade" are of both, and so is what belongs to the stain.
_ENGLISH = re.compile(
    r"(?:cells?|chronic|disease|giant|large|of|small|spindle|technique|the|unique|view|with|without)"
    r"|.*(?:ous|[^aeiou]ic|llular|[mrt]ary|tory|opathy|[ct]omy|ology|opsy|trophy|[ai][tsz]ed|[aio][tsz]ing|\w{3}ly)"
)
_OTHER = re.compile(
    r"(?:aan|avec|bei|bij|chez|das|de|dei|del|della|der|des|di|du|een|från|het|hos|im|med|met|mit|nach|och|ohne|para"
    r"|pour|på|sans|und|van|voor)"
    r"|.*(?:(?:aden|gli|mph|mf|r[cz]in|ark|yel)om|isch(?:e[nrs]?)?|[äö][rs](?:e[rs])?"  # German
    r"|oo[mn]|aal|air|[aeiou].ief|[gst]ie|[aeiou][nt]isk|.kt.+|.cancer|.inflammation|inna?n"  # Dutch and Swedish
    r"|aire|eu[xs]e?|(?:carcin|sarc|aden|adén|lymph|lip|fibr)ome|(?:dic|yst|ist|astr|pat|mat|phr)ite"  # French
    r"|ci[oó]n|[cç][aã]o|zione|[^aeiou]oso|oide|[eou]l?lare|[tzs]ivo|[aeiou]ndo"  # Spanish, Portuguese, Italian
    r"|[ao]rum|mmae|omatis|osus|chronic(?:a|um|us)|owy|ego|enie)"  # Latin and Polish
)


def evidence(text: str) -> float:
    """How much of a caption is built as in English, less what is built as elsewhere.

    Returns:
        A number from -3 to 3, the mean over those phrases that tell something; 0.0 if none does.
    """
    told = [said for phrase in _PHRASES.split(text.lower()) if (said := _of_phrase(_WORD.findall(phrase)))]
    return sum(told) / len(told) if told else 0.0


def _of_phrase(words: list[str]) -> int:
    if len(words) == 2 and _NAMES.fullmatch(words[1]):
        return MOST
    return max(-MOST, min(sum(map(_of_word, words)) + _of_order(words), MOST))


@lru_cache(maxsize=2**16)
def _of_word(word: str) -> int:
    """1 for English, -1 for another language, 0 for neither."""
    if _ENGLISH.fullmatch(word) or _NAMES.fullmatch(word):
        return 1
    return -1 if _OTHER.fullmatch(word) else 0


def _of_order(words: list[str]) -> int:
    """3 if an English place ends the phrase, 2 if a noun does; below 0 if one begins it and an adjective follows."""
    if words and _PLACES.fullmatch(words[-1]):
        return 3
    if len(words) < 2:
        return sum(map(_of_word, words))  # a word that stands alone counts twice
    if _is_noun(words[-1]) and _of_word(words[-2]) >= 0:
        return 2
    if _is_noun(words[0]) and _of_word(words[1]) <= 0 and _BEHIND.fullmatch(words[1]):
        return _of_word(words[1]) - 1
    return 0


@lru_cache(maxsize=2**16)
def _is_noun(word: str) -> bool:
    return _NOUN.fullmatch(word) is not None
