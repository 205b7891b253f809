"""Items that belong together: groups joined, and one member of each chosen.

A grouping of n items is an array (n,) that holds, for each item, the index of its group's first member.

>>> groups = join_groups([0, 0, 2, 3], [0, 1, 1, 3])
>>> groups.tolist(), representative(groups).tolist()
([0, 0, 0, 3], [True, False, False, True])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def join_groups(*groupings: ArrayLike) -> NDArray[np.int64]:
    """Join groupings of the same n items: who shares a group in any of them shares one in the result.

    >>> join_groups([0, 0, 2, 3], [0, 1, 1, 3]).tolist()
    [0, 0, 0, 3]

    Returns:
        Group of each item, (n,): the index of the group's first member.
    """
    heads = [np.unique(np.asarray(groups), return_index=True, return_inverse=True)[1:] for groups in groupings]
    n = len(heads[0][1])
    return components(np.tile(np.arange(n), len(heads)), np.concatenate([first[member] for first, member in heads]), n)


def components(i: NDArray[np.int64], j: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Connected components of ``n`` items with edges (i, j).

    >>> components(np.array([0, 3]), np.array([2, 3]), 4).tolist()
    [0, 1, 0, 3]

    Returns:
        Group of each item, (n,): the index of the group's first member.
    """
    if n == 0:
        return np.empty(0, np.int64)
    label = connected_components(coo_array((np.ones(len(i), bool), (i, j)), shape=(n, n)), directed=False)[1]
    _, first, member = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(first[member], np.int64)


def representative(groups: ArrayLike, prefer: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Choose which member of each group stays.

    >>> representative([0, 0, 2], prefer=[1, 5, 2]).tolist()
    [False, True, True]

    Args:
        groups: (n,).
        prefer: (n,), for example the number of pixels or of likes: the largest stays, of equals the first.
            None keeps the first.

    Returns:
        Bool mask, (n,), True for one member of each group.
    """
    group = np.asarray(groups)
    worth = np.zeros(len(group)) if prefer is None else np.asarray(prefer)
    order = np.lexsort((np.arange(len(group)), -worth, group))
    keep = np.zeros(len(group), bool)
    keep[order[np.append(True, group[order][1:] != group[order][:-1])[: len(group)]]] = True
    return keep
