"""What people write under pictures, walked out of a grammar: captions, questions, replies, adverts, alt texts.

The rules stand in ``data/words_english.toml`` and ``data/words_languages.toml``. Captions of a tissue tell what it is,
by its phrase ("smooth muscle"), by a synonym ("muscularis propria") or, where the question arises, by a verdict
("malignant lung tissue"). Who tells how wide the picture is gets magnifications that fit, nearly always. Abbreviations
and typos come on top, as in real posts.

>>> caption("smooth_muscle", seed=7)
'Histology of smooth muscle from the lung: interlacing fascicles of spindle cells. Never gets old. H&E, 20x.'
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from plip_tutorial.microcosm.everyday import KINDS
from plip_tutorial.microcosm.seeding import pick, rng
from plip_tutorial.microcosm.tissues import TISSUES

Rules = dict[str, str]  # symbol -> alternatives, parted by |


def _joined(words: Any) -> Any:
    if isinstance(words, list):
        return " | ".join(words)
    return {name: _joined(part) for name, part in words.items()} if isinstance(words, dict) else words


ENGLISH, OTHERS = (
    _joined(tomllib.loads((files("plip_tutorial") / "data" / f"words_{name}.toml").read_text("utf-8")))
    for name in ("english", "languages")
)
LANGUAGES: tuple[str, ...] = ("en", *OTHERS)
ABBREVIATED, MISSPELT, LOWERED = 0.12, 0.08, 0.1  # shares of texts
# Micrometres a side below which a picture is said to be of that power; what any language says, what English says too.
POWERS = ((120.0, "40x *3 | 400x", "high power"), (250.0, "20x *3 | 200x", "medium power"),
          (500.0, "10x *3 | 100x", "low power"), (np.inf, "4x *2 | 2x", "low power | scanning power"))  # fmt: skip
WRONG_POWER = 0.1  # share of texts whose magnification, if they tell one, is another one: people forget to turn a dial
# Where a tissue of any organ may lie: not in a lymph node, which has neither muscle nor mucus.
_HOMES = [organ for organ in ENGLISH["organs"] if organ != "lymph node"]


@cache
def _alternatives(rule: str) -> tuple[list[list[str]], list[float]]:
    """The alternatives of a rule, words and symbols by turns, and the running sums of their shares."""
    parts = [re.fullmatch(r"(.*?)(?:\s*\*(\d+))?", part.strip()) for part in rule.split("|")]
    found = [(re.split(r"{(\w+)}", match[1]), int(match[2] or 1)) for match in parts if match]
    sums = np.cumsum([weight for _, weight in found])
    return [text for text, _ in found], list(sums / sums[-1])


def expand(rule: str, rules: Rules, draw: np.random.Generator) -> str:
    """Choose one alternative of ``rule`` and replace each ``{symbol}`` in it by an expansion of ``rules[symbol]``.

    >>> expand("{who} like slides", {"who": "we"}, rng(0))
    'we like slides'
    """
    found, shares = _alternatives(rule)
    parts = found[bisect(shares, draw.random())] if len(found) > 1 else found[0]
    return "".join(expand(rules[part], rules, draw) if i % 2 else part for i, part in enumerate(parts))


@cache
def rules_of(tissue: str, organ: str) -> Rules:
    """All rules in English for one tissue in one organ."""
    if tissue not in TISSUES:
        raise ValueError(f"unknown tissue {tissue!r}. Choose one of: {', '.join(TISSUES)}.")
    verdict = {True: "malignant", False: "benign", None: "neutral"}[TISSUES[tissue].malignant]
    own = {"phrase": TISSUES[tissue].phrase, **ENGLISH["tissues"][tissue]}
    return {**ENGLISH["rules"], **ENGLISH["organs"][organ], **ENGLISH["verdicts"][verdict], **own}


def times(field: float, language: str, draw: np.random.Generator) -> str:
    """Rule for the magnification of a picture of ``field`` micrometres a side; of another one in `WRONG_POWER`."""
    fits = next(i for i, (limit, _, _) in enumerate(POWERS) if field < limit)
    wrong = draw.random() < WRONG_POWER
    _, number, words = POWERS[(fits + wrong * int(draw.integers(1, len(POWERS)))) % len(POWERS)]
    return f"{number} | {words}" if language == "en" else number


def write(
    symbol: str,
    tissue: str = "background",
    *,
    seed: int,
    language: str = "en",
    organ: str | None = None,
    field: float | None = None,
) -> str:
    """One text; no hashtags.

    Args:
        symbol: ``caption``; ``rhetorical``, one with a question mark that asks for nothing; ``question``, for the
            diagnosis, a few times without a question mark; ``reply``, a diagnosis with its reason; ``empty``, a reply
            of praise and nothing else; ``vague``, what says nothing about a picture; ``alt``, what a web page says,
            shorter than a post; ``advert`` and ``chatter``, which know no tissue.
        tissue: a key of `TISSUES`.
        seed: which text.
        language: one of `LANGUAGES`; the others than English know questions and captions.
        organ: for tissues of any organ, the one that the text may name.
        field: micrometres a side of the picture; a magnification in the text fits it, see `POWERS`. None: any may come.

    Raises:
        ValueError: unknown tissue or language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}. Choose one of: {', '.join(LANGUAGES)}.")
    draw = rng("write", symbol, tissue, language, seed)
    own = TISSUES[tissue].organ if tissue in TISSUES else "any"
    rules = rules_of(tissue, own if own != "any" else organ or pick(draw, _HOMES))
    if field is not None:
        dial = rng("magnification", symbol, tissue, language, seed)
        rules = rules | {"times": times(field, language, dial)}
    if language == "en":
        return slip(sentences(expand("{" + symbol + "}", rules, draw)), draw)
    foreign = OTHERS[language]
    rule = foreign["question"] if symbol == "question" else foreign["caption"] + " | {name}, {stain} {times}."
    return sentences(expand(rule, {**rules, **foreign, "name": foreign["tissues"][tissue]}, draw))


def caption(
    tissue: str, *, seed: int, language: str = "en", organ: str | None = None, field: float | None = None
) -> str:
    """A sentence or three that describe a tile of ``tissue``; see `write`."""
    return write("caption", tissue, seed=seed, language=language, organ=organ, field=field)


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
        return sentences(expand(OTHERS[language]["everyday"], {}, draw))
    return expand("{everyday}", {**ENGLISH["everyday"], "thing": ENGLISH["things"][kind]}, draw)


def sentences(text: str) -> str:
    """Put right what a grammar cannot know: spaces, sentences said twice, articles, capitals.

    >>> sentences("a endoscopic biopsy . see  it.")
    'An endoscopic biopsy. See it.'
    """
    text = re.sub(r" +", " ", text).strip()
    text = re.sub(r" (?=[.,;:](?:\s|$))", "", text)
    text = re.sub(r"\.(?:\s*\.)+", ".", text)
    text = re.sub(r"(\b[^.]+\.) \1", r"\1", text)
    text = re.sub(r"\bthe an? ", "the ", text)
    text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
    return re.sub(r"(^|[.?!] )([a-zà-ý])", lambda match: match[1] + match[2].upper(), text)


def slip(text: str, draw: np.random.Generator) -> str:
    """Abbreviate, misspell or lower the case of some texts, as people in a hurry do."""
    abbreviated, misspelt, lowered = draw.random(3) < (ABBREVIATED, MISSPELT, LOWERED)
    if abbreviated:
        known = ENGLISH["abbreviations"]
        longest_first = "|".join(sorted(known, key=len, reverse=True))
        text = re.sub(rf"\b({longest_first})\b", lambda word: expand(known[word[1]], {}, draw), text)
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
