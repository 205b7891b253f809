"""What people write under pictures, walked out of a grammar: captions, questions, replies, adverts, alt texts.

Captions of a tissue tell what it is, by its phrase ("smooth muscle"), by a synonym ("muscularis propria") or, where
the question arises, by a verdict ("malignant lung tissue"). Abbreviations and typos come on top, as in real posts.

>>> caption("smooth_muscle", seed=7)
'Histology of smooth muscle from the lung: interlacing fascicles of spindle cells. Never gets old. H&E, 20x.'
"""

from __future__ import annotations

import re
from bisect import bisect
from functools import cache

import numpy as np

from plip_tutorial.microcosm import grammar, grammar_languages
from plip_tutorial.microcosm.everyday import KINDS
from plip_tutorial.microcosm.grammar import Rules
from plip_tutorial.microcosm.seeding import rng
from plip_tutorial.microcosm.tissue import TISSUES

LANGUAGES: tuple[str, ...] = ("en", *grammar_languages.RULES)
ABBREVIATED, MISSPELT, LOWERED = 0.12, 0.08, 0.1  # shares of texts


@cache
def _alternatives(rule: str) -> tuple[list[str], list[float]]:
    """The alternatives of a rule and the running sums of their shares."""
    parts = [re.fullmatch(r"(.*?)(?:\s*\*(\d+))?", part.strip()) for part in rule.split("|")]
    found = [(match[1], int(match[2] or 1)) for match in parts if match]
    sums = np.cumsum([weight for _, weight in found])
    return [text for text, _ in found], list(sums / sums[-1])


def expand(rule: str, rules: Rules, draw: np.random.Generator) -> str:
    """Choose one alternative of ``rule`` and replace each ``{symbol}`` in it by an expansion of ``rules[symbol]``.

    >>> expand("{who} like slides", {"who": "we"}, rng(0))
    'we like slides'
    """
    texts, shares = _alternatives(rule)
    text = texts[bisect(shares, draw.random())] if len(texts) > 1 else texts[0]
    return re.sub(r"{(\w+)}", lambda symbol: expand(rules[symbol[1]], rules, draw), text)


@cache
def _words_of(tissue: str, organ: str) -> Rules:
    """All rules in English for one tissue in one organ."""
    if tissue not in TISSUES:
        raise ValueError(f"unknown tissue {tissue!r}. Choose one of: {', '.join(TISSUES)}.")
    verdicts = {True: grammar.MALIGNANT, False: grammar.BENIGN, None: grammar.NEUTRAL}[TISSUES[tissue].malignant]
    own = {"phrase": TISSUES[tissue].phrase, **grammar.TISSUE_WORDS[tissue]}
    return {**grammar.ENGLISH, **grammar.ORGAN_WORDS[organ], **verdicts, **own}


def _organ(tissue: str, organ: str | None, draw: np.random.Generator) -> str:
    """The organ that the text may name: the tissue's own, else the one asked for, else any."""
    own = TISSUES[tissue].organ if tissue in TISSUES else "any"
    return own if own != "any" else organ or str(draw.choice(list(grammar.ORGAN_WORDS)))


def _write(symbol: str, tissue: str, seed: int, language: str = "en", organ: str | None = None) -> str:
    """Expand a symbol for a tissue in a language, and make sentences of it."""
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}. Choose one of: {', '.join(LANGUAGES)}.")
    draw = rng("write", symbol, tissue, language, seed)
    rules = _words_of(tissue, _organ(tissue, organ, draw))
    if language == "en":
        return slip(sentences(expand("{" + symbol + "}", rules, draw)), draw)
    name = grammar_languages.NAMES[language].split("|")[grammar_languages.ORDER.index(tissue)]
    foreign = grammar_languages.RULES[language]
    form = "question" if symbol == "question" else "caption"
    brief = " | {name}, {stain} {times}." if form == "caption" else ""
    return sentences(expand(foreign[form] + brief, {**rules, **foreign, "name": name}, draw))


def caption(tissue: str, *, seed: int, language: str = "en", organ: str | None = None) -> str:
    """A sentence or three that describe a tile of ``tissue``; no hashtags.

    Args:
        tissue: a key of `TISSUES`.
        seed: which caption.
        language: one of `LANGUAGES`.
        organ: for tissues of any organ, the one that the text may name.

    Raises:
        ValueError: unknown tissue or language.
    """
    return _write("caption", tissue, seed, language, organ)


def rhetorical(tissue: str, *, seed: int, organ: str | None = None) -> str:
    """A caption with a question mark in it that asks for nothing: it describes the picture all the same."""
    return _write("rhetorical", tissue, seed, organ=organ)


def question(tissue: str, *, seed: int, language: str = "en", organ: str | None = None) -> str:
    """A post that asks for the diagnosis. A few do so without a question mark."""
    return _write("question", tissue, seed, language, organ)


def reply(tissue: str, *, seed: int, empty: bool = False, organ: str | None = None) -> str:
    """An answer to a post: a diagnosis with its reason, or (``empty``) praise and nothing else."""
    return _write("empty" if empty else "reply", tissue, seed, organ=organ)


def vague(tissue: str, *, seed: int, organ: str | None = None) -> str:
    """What stands under a good picture and says nothing about it."""
    return _write("vague", tissue, seed, organ=organ)


def advert(*, seed: int) -> str:
    """An offer: webinars, books, scanners, posts to fill."""
    return _write("advert", "background", seed)


def chatter(*, seed: int) -> str:
    """Small talk at meetings."""
    return _write("chatter", "background", seed)


def alt_text(tissue: str, *, seed: int, language: str = "en") -> str:
    """What a web page says of a picture of ``tissue``: shorter than a post."""
    return _write("alt", tissue, seed, language)


def everyday_caption(kind: str, *, seed: int, language: str = "en") -> str:
    """A caption of a picture that is not pathology.

    Args:
        kind: a key of `KINDS`.
        seed: which caption.
        language: one of `LANGUAGES`; other languages than English do not tell the kinds apart.

    Raises:
        ValueError: unknown kind.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}. Choose one of: {', '.join(KINDS)}.")
    draw = rng("everyday words", kind, language, seed)
    if language != "en":
        return sentences(expand(grammar_languages.EVERYDAY[language], {}, draw))
    return expand("{everyday}", {**grammar.EVERYDAY_RULES, "thing": grammar.EVERYDAY[kind]}, draw)


def sentences(text: str) -> str:
    """Put right what a grammar cannot know: spaces, sentences said twice, a or an, capitals.

    >>> sentences("a endoscopic biopsy . see  it.")
    'An endoscopic biopsy. See it.'
    """
    text = re.sub(r" +", " ", text).strip()
    text = re.sub(r" (?=[.,;:](?:\s|$))", "", text)
    text = re.sub(r"\.(?:\s*\.)+", ".", text)
    text = re.sub(r"(\b[^.]+\.) \1", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return re.sub(r"(^|[.?!] )([a-zà-ý])", lambda match: match[1] + match[2].upper(), text)


def slip(text: str, draw: np.random.Generator) -> str:
    """Abbreviate, misspell or lower the case of some texts, as people in a hurry do."""
    abbreviated, misspelt, lowered = draw.random(3) < (ABBREVIATED, MISSPELT, LOWERED)
    if abbreviated:
        short = "|".join(sorted(grammar.ABBREVIATIONS, key=len, reverse=True))
        text = re.sub(rf"\b({short})\b", lambda word: expand(grammar.ABBREVIATIONS[word[1]], {}, draw), text)
    if misspelt:
        text = _misspell(text, draw)
    return text.lower() if lowered else text


def _misspell(text: str, draw: np.random.Generator) -> str:
    """Swap, drop or double one letter inside one long word."""
    words = [match for match in re.finditer(r"[a-zA-Z]{6,}", text)]
    if not words:
        return text
    word = words[int(draw.integers(len(words)))]
    i = word.start() + int(draw.integers(1, len(word[0]) - 2))
    changed = (text[i + 1] + text[i], text[i], text[i] * 2 + text[i + 1])[int(draw.integers(3))]
    return text[:i] + changed + text[i + 2 :]
