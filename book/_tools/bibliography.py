"""The works that the book cites, as short text ("Radford et al. 2021") and as lines of a list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pybtex.database import BibliographyData, Entry, Person, parse_file
from pybtex.plugin import find_plugin

SOURCE = Path(__file__).parents[1] / "references.bib"


@cache
def works() -> BibliographyData:
    """All entries."""
    return parse_file(SOURCE)


def entry(key: str) -> Entry:
    """The entry of a key.

    Raises:
        KeyError: if there is none; the key is named.
    """
    if key not in works().entries:
        raise KeyError(f"{key} is cited, but {SOURCE.name} has no such entry. Add it, or correct the key.")
    return works().entries[key]


def short(key: str) -> str:
    """Authors and year of a work: ``"Lu et al. 2024"``."""
    return f"{authors(key)} {entry(key).fields['year']}"


def authors(key: str) -> str:
    """One or two family names, or the first "et al."."""
    names = [_family(person) for person in entry(key).persons["author"]]
    if len(names) > 2 or names[-1] == "others":
        return f"{names[0]} et al."
    return " and ".join(names)


def _family(person: Person) -> str:
    return " ".join(str(part) for part in [*person.rich_prelast_names, *person.rich_last_names])


def listed(keys: Iterable[str]) -> str:
    """A Markdown list of these works, by authors and year."""
    style = find_plugin("pybtex.style.formatting", "unsrt")()
    backend = find_plugin("pybtex.backends", "markdown")()
    chosen = sorted(set(keys), key=lambda key: short(key).lower())
    formatted = style.format_entries([entry(key) for key in chosen])
    return "\n".join(f"- {_linked(' '.join(work.text.render(backend).split()))}" for work in formatted)


def _linked(text: str) -> str:
    """Numbers of arXiv and Zenodo become links; pybtex has linked the others."""
    plain = text.replace("\\", "")  # it escapes every point and hyphen
    plain = re.sub(r"arXiv:(\d+\.\d+)", r"[arXiv:\1](https://arxiv.org/abs/\1)", plain)
    return re.sub(r"(?<![\[/])doi:(10\.\S+?)(?=[,.]? )", r"[doi:\1](https://doi.org/\1)", plain)
