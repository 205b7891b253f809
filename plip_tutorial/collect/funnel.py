"""A funnel: what each filter of a pipeline keeps and drops, and how often it is right.

A filter is a boolean mask over the rows of one table. The funnel counts it on the rows that the filters before have
left, and, where the truth is known, grades it there: precision is the share of the kept that should be kept, recall
the share of what should be kept that is kept.

>>> funnel = Funnel(4)
>>> funnel.add("no question", [True, True, False, False], truth=[True, False, True, False])
FunnelStep(name='no question', kept=2, dropped=2, precision=0.5, recall=0.5, purity=nan, coverage=nan)
>>> funnel.wrong("no question")
WrongDecisions(kept=array([1]), dropped=array([2]))
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class FunnelStep:
    """What one filter did to the rows that reached it.

    Attributes:
        name: of the filter.
        kept: rows that it left.
        dropped: rows that it took away.
        precision: share of the kept that should be kept, by the filter's own task; NaN without truth.
        recall: share kept of those that should be; NaN without truth.
        purity: share of the rows left that the whole pipeline wants; NaN if that is not known.
        coverage: share of all rows wanted that are still there; NaN if that is not known.
    """

    name: str
    kept: int
    dropped: int
    precision: float
    recall: float
    purity: float
    coverage: float


class WrongDecisions(NamedTuple):
    """Row numbers of what was kept but should not be, and of what was dropped but should not be."""

    kept: NDArray[np.int64]
    dropped: NDArray[np.int64]


class Funnel:
    """Filters in the order in which they were applied.

    Args:
        rows: rows of the table.
        wanted: (rows,) bool, True where the whole pipeline should keep the row, if that is known.

    Attributes:
        alive: (rows,) bool, True where every filter so far has kept the row.
        steps: what each filter did.
    """

    def __init__(self, rows: int, *, wanted: ArrayLike | None = None) -> None:
        """Start with all rows alive."""
        self.alive: Mask = np.ones(rows, bool)
        self.wanted: Mask | None = None if wanted is None else self._checked(wanted, "wanted")
        self.steps: list[FunnelStep] = []
        self._wrong: dict[str, WrongDecisions] = {}

    def add(self, name: str, mask: ArrayLike, truth: ArrayLike | None = None) -> FunnelStep:
        """Apply a filter to the rows alive.

        Args:
            name: unique in this funnel.
            mask: (rows,) bool, True to keep. Rows that are gone already stay gone, whatever it says of them.
            truth: (rows,) bool, True where this filter should keep the row.

        Raises:
            ValueError: a mask of another length, or a name used before.
        """
        if name in self._wrong:
            raise ValueError(f"the funnel has a filter {name!r} already. Give each filter its own name.")
        keep, before = self._checked(mask, name), self.alive
        right = None if truth is None else self._checked(truth, f"truth of {name}")
        self.alive = before & keep
        self._wrong[name] = _wrong(before, keep, right)
        self.steps.append(self._step(name, before, right))
        return self.steps[-1]

    def _step(self, name: str, before: Mask, right: Mask | None) -> FunnelStep:
        alive, wanted = self.alive, self.wanted
        return FunnelStep(
            name=name,
            kept=int(alive.sum()),
            dropped=int(before.sum() - alive.sum()),
            precision=_share(right, alive),
            recall=float("nan") if right is None else _share(alive, before & right),
            purity=_share(wanted, alive),
            coverage=float("nan") if wanted is None else _share(alive, wanted),
        )

    def _checked(self, mask: ArrayLike, what: str) -> Mask:
        array = np.asarray(mask)
        if array.shape != self.alive.shape or array.dtype != bool:
            raise ValueError(f"{what}: expected {len(self.alive)} booleans, got {array.dtype} of shape {array.shape}.")
        return array

    def wrong(self, name: str, n: int | None = 10) -> WrongDecisions:
        """Examples of the wrong decisions of a filter, spread evenly over the table.

        Args:
            name: of the filter; it needs to have been added with its truth.
            n: how many of each kind at most; None for all.

        Raises:
            KeyError: no filter of that name.
        """
        if name not in self._wrong:
            raise KeyError(f"no filter {name!r} in this funnel. It has: {', '.join(self._wrong)}.")
        return WrongDecisions(*(_spread(rows, n) for rows in self._wrong[name]))

    def table(self) -> pd.DataFrame:
        """One row a filter: the columns of `FunnelStep`, those without any number left out."""
        steps = [asdict(step) for step in self.steps]
        table = pd.DataFrame(steps, columns=list(FunnelStep.__dataclass_fields__)).set_index("name")
        return table.dropna(axis="columns", how="all")

    def __repr__(self) -> str:
        """Counts in one line."""
        steps = "".join(f" -> {step.name}: {step.kept}" for step in self.steps)
        return f"Funnel({len(self.alive)}{steps})"

    def _repr_html_(self) -> str:
        """The table, for notebooks."""
        return self.table().rename_axis(f"of {len(self.alive)} rows").to_html(float_format="{:.3f}".format)


def _share(part: Mask | None, whole: Mask) -> float:
    return float("nan") if part is None or not whole.any() else float(part[whole].mean())


def _wrong(before: Mask, keep: Mask, right: Mask | None) -> WrongDecisions:
    """Rows that reached a filter and were judged wrongly; none where the truth is not known."""
    truth = keep if right is None else right
    return WrongDecisions(np.flatnonzero(before & keep & ~truth), np.flatnonzero(before & ~keep & truth))


def _spread(rows: NDArray[np.int64], n: int | None) -> NDArray[np.int64]:
    if n is None or len(rows) <= n:
        return rows
    return rows[np.linspace(0, len(rows) - 1, n).round().astype(int)]
