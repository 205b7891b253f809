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
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

Hashtags = Literal["drop", "keep"]
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
HANDLE = r"(?<![\w@.])@\w+(?:@[\w.-]+\w|\.[\w.-]*\w)?"  # @name, @name@server, @name.server
_EMOJI = re.compile(
    "[0-9#*]\ufe0f?\u20e3"  # keycaps
    "|[\U0001f000-\U0001faff\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\u20e3]"
)
_TAG = re.compile(r"(?<![\w&/])#(?=\w*[^\W\d_])\w+")  # "#3" is a number, not a hashtag
_STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE), " "),  # Mastodon sends HTML
    (re.compile(rf"^\W*(?:RT|MT|via)\b\W*{HANDLE}\W*", re.IGNORECASE), ""),  # elsewhere RT is radiotherapy
    (re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|\bt\.co/)\S*", re.IGNORECASE), " "),
    (re.compile(r"\S+@\S+\.\w+"), " "),  # mail
    (re.compile(rf"(?:\b(?:cc|via|h/t|by)[ :]*)?{HANDLE}", re.IGNORECASE), " "),
    (_EMOJI, " "),
)
_MARKS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
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
    (Unicode NFKC, straight quotes), since CLIP's tokenizer would split them differently.

    Args:
        text: as the platform gives it.
        hashtags: "drop" them, or "keep" their text without the "#".

    Returns:
        The caption; "" if no letter is left. Ask `has_words` before it goes on.
    """
    before, word = "", "" if hashtags == "drop" else " {} "
    while text != before:
        before, text = text, _clean_once(text, word)
    return text if has_words(text) else ""


def has_words(text: str) -> bool:
    """Whether there is a letter in the text.

    >>> has_words("20x"), has_words("!!! 20")
    (True, False)
    """
    return any(letter.isalpha() for letter in text)


def _clean_once(text: str, word: str) -> str:
    text = unicodedata.normalize("NFKC", html.unescape(text).translate(_STRAIGHT))
    text = re.sub("[0-9#*]\ufe0f?\u20e3", " ", text)  # before the parts of a keycap are taken for text
    if not text.isprintable():  # with the white space of \n, \r and \t left for later
        text = "".join(letter for letter in text if _visible(letter))
    text = re.sub("[\ufe00-\ufe0f]", "", text)  # which of two looks an emoji has
    for pattern, new in _STEPS:
        text = pattern.sub(new, text)
    text = _TAG.sub(lambda tag: word.format(tag[0][1:]), text)
    for pattern, mark in _MARKS:
        text = pattern.sub(mark, text)
    return text.strip(" ,;:-|/_=~")


def _visible(letter: str) -> bool:
    """Not a control, format, surrogate, private or unassigned character."""
    return letter in "\n\r\t" or unicodedata.category(letter)[0] != "C"
