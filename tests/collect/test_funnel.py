import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plip_tutorial.collect.funnel import Funnel


@st.composite
def filters(draw):
    """A number of rows and some filters: (mask, truth or None)."""
    rows = draw(st.integers(0, 12))
    booleans = st.lists(st.booleans(), min_size=rows, max_size=rows).map(lambda values: np.array(values, bool))
    steps = draw(st.lists(st.tuples(booleans, st.none() | booleans), max_size=4))
    return rows, draw(st.none() | booleans), steps


def same(a, b):
    return (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b)


def ratio(some, all_):
    return some / all_ if all_ else math.nan


@given(filters())
def test_counts_equal_those_of_a_plain_loop(case):
    rows, wanted, steps = case
    funnel, alive = Funnel(rows, wanted=wanted), list(range(rows))
    for number, (mask, truth) in enumerate(steps):
        step = funnel.add(f"step {number}", mask, truth)
        kept = [row for row in alive if mask[row]]
        lost = [row for row in alive if not mask[row]]
        assert (step.kept, step.dropped) == (len(kept), len(lost))
        if truth is None:
            assert math.isnan(step.precision)
            assert math.isnan(step.recall)
            wrong = ([], [])
        else:
            right = [row for row in kept if truth[row]]
            assert same(step.precision, ratio(len(right), len(kept)))
            assert same(step.recall, ratio(len(right), sum(truth[row] for row in alive)))
            wrong = ([row for row in kept if not truth[row]], [row for row in lost if truth[row]])
        assert tuple(rows.tolist() for rows in funnel.wrong(f"step {number}", n=None)) == wrong
        if wanted is not None:
            assert same(step.purity, ratio(sum(wanted[row] for row in kept), len(kept)))
            assert same(step.coverage, ratio(sum(wanted[row] for row in kept), sum(wanted)))
        alive = kept
    assert np.flatnonzero(funnel.alive).tolist() == alive
    assert len(funnel.table()) == len(steps)


@given(filters())
def test_the_order_of_filters_does_not_change_what_is_left(case):
    rows, _, steps = case
    there, back = Funnel(rows), Funnel(rows)
    for number, (mask, _) in enumerate(steps):
        there.add(str(number), mask)
    for number, (mask, _) in enumerate(reversed(steps)):
        back.add(str(number), mask)
    np.testing.assert_array_equal(there.alive, back.alive)


def test_examples_of_wrong_decisions_are_spread_over_the_table():
    funnel = Funnel(100)
    funnel.add("all", np.ones(100, bool), truth=np.arange(100) % 2 == 0)
    kept, dropped = funnel.wrong("all", n=5)
    assert kept.tolist() == [1, 25, 49, 75, 99]
    assert dropped.tolist() == []
    assert len(funnel.wrong("all").kept) == 10


def test_the_table_leaves_out_what_is_not_known():
    funnel = Funnel(3)
    funnel.add("size <2>", [True, False, True])
    assert funnel.table().columns.tolist() == ["kept", "dropped"]
    assert "size &lt;2&gt;" in funnel._repr_html_()
    assert ">2<" in funnel._repr_html_()
    assert repr(funnel) == "Funnel(3 -> size <2>: 2)"


@pytest.mark.parametrize(
    ("mask", "message"),
    [([True, False], "expected 3 booleans"), ([1, 0, 1], "got int64"), (np.ones((3, 1), bool), r"shape \(3, 1\)")],
)
def test_a_mask_that_is_no_mask_is_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        Funnel(3).add("bad", mask)
    with pytest.raises(ValueError, match=message):
        Funnel(3).add("bad", [True] * 3, truth=mask)


def test_names_are_unique_and_known():
    funnel = Funnel(1)
    funnel.add("one", [True])
    with pytest.raises(ValueError, match="a filter 'one' already"):
        funnel.add("one", [False])
    with pytest.raises(KeyError, match="It has: one"):
        funnel.wrong("two")
