"""What a role of the book becomes where no Sphinx is: a link to the published book, or short text.

``{term}`tile``` becomes a link to the glossary, ``{doc}`11_zero_shot``` one to the unit, ``{cite}`radford2021clip```
becomes "(Radford et al. 2021)". A role that is not in `ROLES` is an error: nothing is dropped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import addresses
import bibliography
from docutils.utils import new_document
from sphinx.util.nodes import make_id

BOOK = Path(__file__).parents[1]
ROLE = re.compile(r"(?:\{([\w:.+-]+)\})?(`+)(.+?)(?<!`)\2(?!`)", re.DOTALL)  # without a name it is code
TITLED = re.compile(r"(.+?)\s*<([^<>]+)>", re.DOTALL)
LABEL = re.compile(r"^(?:# )?\(([\w.-]+)\)=\n(?:# )?\n?(?:# )?#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^(?:# )?:{3,}\{\w+\} (.*)\n(?:# )?:label: ([\w.-]+)$", re.MULTILINE)


class Place(NamedTuple):
    """Where a label leads: a page, an anchor on it, and the words that stand there."""

    page: str
    anchor: str
    words: str


def source(page: str) -> str:
    """The text that a page of the book is written in.

    Raises:
        FileNotFoundError: if there is no such page.
    """
    for path in (BOOK / f"{page}.py", BOOK / f"{page}.md"):
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError(f"{{doc}}`{page}` leads nowhere: book/ has neither {page}.py nor {page}.md.")


@cache
def title(page: str) -> str:
    """The heading of a page."""
    start = "# # " if (BOOK / f"{page}.py").exists() else "# "
    found = [line.removeprefix(start) for line in source(page).splitlines() if line.startswith(start)]
    if not found:
        raise ValueError(f"book/{page} has no heading, so a link to it has no words. Give it one: # Title.")
    return found[0]


@cache
def labels() -> dict[str, Place]:
    """All labels of sections and exercises."""
    found = {}
    for path in sorted([*BOOK.glob("*.py"), *BOOK.glob("*.md")]):
        text = path.read_text(encoding="utf-8")
        pairs = [*LABEL.findall(text), *((name, words) for words, name in BLOCK.findall(text))]
        found |= {name: Place(path.stem, name.lower(), words) for name, words in pairs}
    return found


@cache
def terms() -> dict[str, str]:
    """The words of the glossary, in small letters, and as they are written there."""
    inside = source("glossary").split(":sorted:", 1)[1]
    return {line.lower(): line for line in re.findall(r"^(?![:\s])(.+)$", inside, re.MULTILINE)}


def _term(words: str, target: str) -> str:
    if target.lower() not in terms():
        raise KeyError(f"{{term}}`{target}` is not in book/glossary.md. Add it there, or correct the word.")
    anchor = make_id(None, new_document(""), "term", terms()[target.lower()])  # type: ignore[arg-type]
    return f"[{words or target}]({addresses.site('book/glossary', anchor)})"


def _doc(words: str, target: str) -> str:
    return f"[{words or title(target)}]({addresses.site(f'book/{target}')})"


def _ref(words: str, target: str) -> str:
    if target not in labels():
        raise KeyError(f"{{ref}}`{target}` leads nowhere: no section or exercise of the book has this label.")
    place = labels()[target]
    return f"[{words or place.words}]({addresses.site(f'book/{place.page}', place.anchor)})"


def _object(words: str, target: str) -> str:
    """Something of the package: its page has the name of the module below `plip_tutorial`."""
    name = target.removeprefix("~")
    shown = words or (name.rsplit(".", 1)[-1] if target != name else name)
    return f"[`{shown}`]({addresses.site('book/api/' + name.split('.')[1], name)})"


def _cite(words: str, target: str) -> str:
    return f"({'; '.join(bibliography.short(key.strip()) for key in target.split(','))})"


def _cite_in_text(words: str, target: str) -> str:
    keys = [key.strip() for key in target.split(",")]
    return ", ".join(f"{bibliography.authors(key)} ({bibliography.entry(key).fields['year']})" for key in keys)


def _words(words: str, target: str) -> str:
    return words or target


#: What each role becomes, from its own words (empty if it has none) and its target.
ROLES: dict[str, Callable[[str, str], str]] = {
    "term": _term,
    "doc": _doc,
    "ref": _ref,
    "numref": _ref,
    "cite": _cite,
    "cite:p": _cite,
    "cite:t": _cite_in_text,
    "minutes": _words,
    **{f"py:{kind}": _object for kind in ("class", "func", "meth", "attr", "data", "exc", "obj", "mod")},
}
CITES = {"cite", "cite:p", "cite:t"}


def cited(text: str) -> list[str]:
    """Keys of the works that a text cites."""
    return [key.strip() for name, _, content in ROLE.findall(text) if name in CITES for key in content.split(",")]


def plain(text: str) -> str:
    """The text with each role replaced.

    >>> plain("made of {cite}`radford2021clip`")
    'made of (Radford et al. 2021)'

    Raises:
        ValueError: for a role that has no plain form.
    """

    def replaced(found: re.Match[str]) -> str:
        name, content = found[1], found[3]
        if name is None:
            return found[0]
        if name not in ROLES:
            raise ValueError(f"the role {found[0]} has no plain form. Add one to ROLES in book/_tools/roles.py.")
        titled = TITLED.fullmatch(content)
        words, target = (titled[1], titled[2]) if titled else ("", content)
        return ROLES[name](" ".join(words.split()), " ".join(target.split()))

    return ROLE.sub(replaced, text)
