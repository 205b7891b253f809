"""Claims: what a page says of a result, checked on the page's own variables each time that the page runs.

A claim quotes words of the page and says what must hold for them to be true. Where it does not hold, the build of the
page fails. A value that may move a little from processor to processor is claimed with a margin.

>>> claim = Claims("11_zero_shot")
>>> claim("PLIP is ahead of CLIP on each set", {"micro-kather": 0.31, "micro-pannuke": 0.12}, ">", 0, margin=0.02)
>>> try:
...     claim("PLIP is far ahead", {"micro-kather": 0.31, "micro-pannuke": 0.12}, ">", 0.3)
... except ClaimError as error:
...     print(str(error).split(". All")[0])
11_zero_shot says "PLIP is far ahead", and that is not so: 0.12 (micro-pannuke) is not > 0.3
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plip_tutorial import tracks

#: What can be claimed: of a value, what it is compared with, and the margin.
RELATIONS: dict[str, Callable[[Any, Any, float], bool]] = {
    ">": lambda value, other, margin: float(value) > float(other) + margin,
    "<": lambda value, other, margin: float(value) < float(other) - margin,
    "==": lambda value, other, margin: value == other,
    "!=": lambda value, other, margin: value != other,
    "in": lambda value, other, margin: value in other,
    "about": lambda value, other, margin: abs(float(value) - float(other)) <= margin,
    "between": lambda value, other, margin: other[0] + margin <= float(value) <= other[1] - margin,
    # Of a score and its interval. The margin is how far inside or outside of the interval the other value lies.
    "holds": lambda score, other, margin: score.low + margin <= other <= score.high - margin,
    "leaves out": lambda score, other, margin: other < score.low - margin or other > score.high + margin,
}


class ClaimError(AssertionError):
    """A page says what is not so."""


@dataclass(frozen=True)
class Claims:
    """The claims of one page; the full track checks none, since the pages describe the tiny one.

    Attributes:
        page: its name, ``"11_zero_shot"``.
    """

    page: str

    def __call__(self, words: str, values: Any, relation: str, other: Any, *, margin: float = 0.0) -> None:
        """Check what some words of the page say.

        Args:
            words: as they stand on the page, three or more; a test looks for them there.
            values: a number, name or score, or several (also of several), for each of which it must hold.
            relation: one of `RELATIONS`; for all but "holds" and "leaves out" a score counts as its value.
            other: what each value is compared with.
            margin: by how much it must hold; for "about" how far the value may lie away.

        Raises:
            ClaimError: if it does not hold: with page, words and values.
            ValueError: if there are no values, of which anything could be said.
        """
        if tracks.current().name != tracks.TINY.name:
            return
        named = list(_each(values))
        if not named:
            raise ValueError(f'{self.page}: there is no value of which "{words}" could be true.')
        wrong = [_shown(*pair) for pair in named if not RELATIONS[relation](pair[0], other, margin)]
        if wrong:
            asked = f"{relation} {_shown(other)}" + (f", by {margin:g}" if margin else "")
            raise ClaimError(
                f'{self.page} says "{words}", and that is not so: {", ".join(wrong)} is not {asked}. All values: '
                f"{', '.join(_shown(*pair) for pair in named)}. Change the sentence, or find what has moved the value."
            )


def _each(values: Any, name: str = "") -> Iterator[tuple[Any, str]]:
    """Single values, each with its name in a table, if any."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from _each(value, str(key))
    elif isinstance(values, Iterable) and not isinstance(values, str) and getattr(values, "ndim", True):
        for value in values:
            yield from _each(value, name)
    else:
        yield values, name


def _shown(value: Any, name: str = "") -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return f"{text} ({name})" if name else text
