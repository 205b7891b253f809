"""From the text of a post to a caption: links, handles, hashtags, emoji and what nobody sees are taken out.

The steps are applied until nothing changes any more. So cleaning twice is cleaning once, even where one step uncovers
work for another: "&amp;lt;" is an entity within an entity.

>>> clean_text("RT @user007: H&amp;E of a naevus!!! \U0001f52c #dermpath https://t.co/a1B2c3")
'H&E of a naevus!'
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal

Hashtags = Literal["drop", "keep"]
Step = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]  # what is found, and what is put there
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
HANDLE = r"(?<![\w@.])@\w+(?:@[\w.-]+\w|\.[\w.-]*\w)?"  # @name, @name@server, @name.server
# Mastodon sends HTML. Only what has an element's name and attributes with values is a tag, so "CD4 <CD8" is none.
_ATTRIBUTES = r"""(?:\s+[a-z][\w:-]*\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+))*\s*/?>"""
_INLINE = r"a|abbr|b|bdi|code|del|em|i|ins|mark|s|small|span|strong|sub|sup|u"  # parts of a word may stand in these
_BLOCK = r"blockquote|br|div|h[1-6]|hr|img|li|ol|p|pre|table|tbody|td|th|thead|tr|ul"
HTML: tuple[Step, ...] = (
    (re.compile(r"<sup>(?=\d)", re.IGNORECASE), "^"),
    (re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}", re.IGNORECASE), ""),
    (re.compile(rf"</?(?:{_BLOCK}){_ATTRIBUTES}", re.IGNORECASE), " "),
)
# Raised digits behind a digit, and fractions: "10⁹" is not 109, "1½" is not 11/2. In "cm²" a plain 2 does no harm.
_SMALL = "²³¹⁰⁴-⁹₀-₉①-⒛⓪-⓿㉑-㉟㊱-㊿"
_NUMBERS = re.compile(rf"((?<=\d)[⁺⁻₊₋]?[{_SMALL}]+|[{_SMALL}]+(?=\d)|[¼-¾⅐-⅟↉])")
_QUESTIONS = frozenset("?\uff1f\u061f")
_LINK = r"(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)"
_ADDRESS = re.compile(_LINK + r"\S*[^\s?!.,;:)\]\uff1f\u061f]", re.IGNORECASE)  # the mark behind a link is the writer's
_BEFORE: tuple[Step, ...] = (
    (re.compile("[0-9#*]\ufe0f?\u20e3"), " "),  # keycaps, before their parts are taken for text
    (re.compile("[\ufe00-\ufe0f]"), ""),  # which of two looks an emoji has
    *HTML,
    (re.compile(rf"^\W*(?:RT|MT|via)\b\W*{HANDLE}\W*", re.IGNORECASE), ""),  # elsewhere RT is radiotherapy
    (re.compile(_LINK + r"\S*", re.IGNORECASE), " "),
    (re.compile(r"\S+@\S+\.\w+"), " "),  # mail
    (re.compile(rf"(?:\b(?:cc|via|h/t|by)[ :]*)?{HANDLE}", re.IGNORECASE), " "),
    (
        re.compile("[\U0001f000-\U0001faff\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\u20e3]"),
        " ",
    ),  # emoji
)
_TAG = re.compile(r"(?<![\w&/])#(?=\w*[^\W\d_])(\w+)")  # "#3" is a number, not a hashtag
_MARKS: tuple[Step, ...] = (
    (re.compile(r"[!?]{2,}"), lambda marks: "?" if "?" in marks[0] else "!"),
    (re.compile(r"([.,;:\-_=~])\1+"), r"\1"),
    (re.compile(r"\s+"), " "),
    (re.compile(r"\(\s*\)|\[\s*\]"), ""),
    (re.compile(r"(?<=[(\[]) | (?=[)\]])"), ""),
    (re.compile(r" +(?=[.,;!?](?:\s|$))"), ""),
    (re.compile(r"([.,;:!?])(?:\s*[.,;:])+(?=\s|$)"), r"\1"),  # what stood between the marks has gone
)


@lru_cache(maxsize=2**16)
def clean_text(text: str, *, hashtags: Hashtags = "drop") -> str:
    """Take out of a post what is not a caption.

    Gone are HTML tags and entities, links, mail addresses, handles, "RT @name:", hashtags, emoji, invisible and
    bidirectional characters, repeated punctuation and surplus white space. Look-alike forms of characters become one
    (Unicode NFKC, straight quotes), since CLIP's tokenizer would split them differently; fractions and powers stay,
    since they would become other numbers.

    Args:
        text: as the platform gives it.
        hashtags: "drop" them, or "keep" their text without the "#".

    Returns:
        The caption; "" if no letter is left. Ask `has_words` before it goes on.
    """
    before, steps = "", (*_BEFORE, (_TAG, "" if hashtags == "drop" else r" \1 "), *_MARKS)
    while text != before:
        before, text = text, html.unescape(text).translate(_STRAIGHT)
        if not text.isascii():  # what lies between the numbers; at odd places stand the numbers
            parts = enumerate(_NUMBERS.split(text))
            text = "".join(part if i % 2 else unicodedata.normalize("NFKC", part) for i, part in parts)
        if not text.isprintable() or "\ufffd" in text:
            text = "".join(letter for letter in text if _is_visible(letter))
        for pattern, new in steps:
            text = pattern.sub(new, text)
        text = text.strip(" ,;:-|/_=~")
    return text if has_words(text) else ""


def _is_visible(letter: str) -> bool:
    """White space of a line or no control, format, surrogate, private or unassigned character, nor a broken one."""
    return letter in "\n\r\t" or (unicodedata.category(letter)[0] != "C" and letter != "\ufffd")


def checked_captions(texts: Iterable[str]) -> list[str]:
    """Give the captions as a list; one string, or something among them that is none, is a TypeError."""
    if isinstance(texts, str):
        raise TypeError(f"expected a sequence of captions, got one string ({texts[:40]!r}). Pass [text].")
    captions = list(texts)
    for i, caption in enumerate(captions):
        if not isinstance(caption, str):
            raise TypeError(f"caption {i} of {len(captions)} is {caption!r}, not a string")
    return captions


def has_words(text: str) -> bool:
    """Whether there is a letter in the text.

    >>> has_words("20x"), has_words("!!! 20")
    (True, False)
    """
    return any(letter.isalpha() for letter in text)


def asks(text: str) -> bool:
    """Whether there is a question mark in the text, in any script; one inside a link asks nothing.

    >>> asks("Dx?"), asks("Lecture: https://example.org/watch?v=1")
    (True, False)
    """
    return not _QUESTIONS.isdisjoint(_ADDRESS.sub(" ", without_tags(text)))


def without_tags(text: str) -> str:
    """The text without HTML; a link or a hashtag is whole again.

    >>> without_tags('<p>#<span class="x">naevus</span></p>').strip()
    '#naevus'
    """
    for pattern, new in HTML:
        text = pattern.sub(new, text)
    return text
