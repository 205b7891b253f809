"""What the values in an export mean, whichever program has written them: ids, counts, flags, lists.

An id that went through a spreadsheet or a data frame comes as 17.0, nan or 1.5E+18, a count as "1,234" or "1.2K", a
list as JSON, as Python prints it, or as values parted by "|".

>>> reference("id", "17.0"), count("1.2K"), flag("nan"), listed("['GIPath', 'pathology']")
('17', 1200, False, ['GIPath', 'pathology'])
"""

from __future__ import annotations

import ast
import json
import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

NOTHING = frozenset({"", "nan", "none", "null", "<na>", "n/a"})  # what programs write into an empty cell
TRUE, FALSE = frozenset({"true", "1", "1.0", "yes", "t", "y"}), frozenset({"false", "0", "0.0", "no", "f", "n"})
THOUSANDS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}  # as apps shorten counts
MOST = 2**63 - 1  # what a column of counts can hold
WHOLE = 2**53  # above, a float has lost digits


def reference(name: str, value: Any) -> str | None:
    """The id of a post as text, None if there is none; ValueError if digits of it are lost."""
    if isinstance(value, float) and value.is_integer() and abs(value) < WHOLE:
        value = int(value)
    text = "" if value is None else str(value).strip()
    if text.lower() in NOTHING:
        return None
    if isinstance(value, float) or re.fullmatch(r"\d(?:[.,]\d+)?[eE]\+\d+", text):
        raise ValueError(f"{name} is {text}: a program took it for a number and rounded it. Export ids as text.")
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def count(value: Any) -> int:
    """A number of likes; 0 where there is nothing, ValueError for what is no count."""
    text = "" if value is None else str(value).strip().lower()
    plain = re.sub(r"(?<=\d)[,'\u2019\s](?=\d{3}(?!\d))", "", text)  # 1,234
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d\d?)?)\s*([kmb]?)", "0" if plain in NOTHING else plain)
    if not found:
        raise ValueError(f"likes are {value!r}, not a number")
    number = Decimal(found[1]) * THOUSANDS[found[2]]
    if not 0 <= number <= MOST or number != int(number):
        raise ValueError(f"likes are {value!r}, not a count")
    return int(number)


def flag(value: Any) -> bool:
    """True or false; false where there is nothing, ValueError for what is neither."""
    word = str(value).strip().lower()
    if word not in TRUE | FALSE | NOTHING:
        raise ValueError(f"possibly_sensitive is {value!r}, not true or false")
    return word in TRUE


def listed(cell: str) -> Any:
    """What the text of a cell means where a list or an object is wanted."""
    text = cell.strip()
    if not text.startswith(("[", "{")):
        return _parts(text, "|")
    with suppress(ValueError, RecursionError):
        return json.loads(text)
    if re.search(r"""['"]\s+['"]""", text):  # an array as numpy prints it; Python would join its parts
        return [one or other for one, other in re.findall(r"""'([^']*)'|"([^"]*)\"""", text)]
    with suppress(ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.literal_eval(text)
    return _parts(text.strip("[]"), ",")


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]
