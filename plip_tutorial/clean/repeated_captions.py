"""The same words twice: captions that are equal but for their spelling, and those that stand everywhere.

>>> near_duplicate_captions(["Colon, H&E.", "Lung", "colon  H&E"]).tolist()
[0, 1, 0]
>>> boilerplate(["Great case!", "Mucus, H&E", "great case"], limit=1).tolist()
[True, False, True]
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.collect.caption_text import checked_captions

# Posts that a caption may stand in before it counts as boilerplate. Of the collected pairs of the microcosm 3 removes a
# fifth more than 10 does, and none that describes its picture; 2 begins to remove such.
LIMIT = 3


def near_duplicate_captions(texts: Sequence[str]) -> NDArray[np.int64]:
    """Group captions that say the same but for case, accents' encoding, punctuation, emoji and spaces.

    The order of the words counts: "benign, not malignant" is no copy of "malignant, not benign".

    Args:
        texts: n captions.

    Returns:
        Group of each caption, (n,): the index of the group's first member.

    Raises:
        TypeError: for one string instead of several, or for something that is no string.
    """
    first: dict[str, int] = {}
    words = (re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()) for text in checked_captions(texts))
    return np.array([first.setdefault(" ".join(one), i) for i, one in enumerate(words)], np.int64)


def boilerplate(texts: Sequence[str], posts: ArrayLike | None = None, *, limit: int = LIMIT) -> NDArray[np.bool_]:
    """Find captions that stand in so many posts that they cannot describe any: "Great case!", "Join our webinar".

    Captions are compared as in `near_duplicate_captions`.

    Args:
        texts: n captions.
        posts: post that each belongs to, (n,), since a caption may come with several pictures. None: one post each.
        limit: a caption may stand in so many posts.

    Returns:
        Bool mask, (n,), True for the captions to leave out.
    """
    captions = near_duplicate_captions(texts)
    post = np.arange(len(captions)) if posts is None else np.unique(np.asarray(posts), return_inverse=True)[1]
    in_post = np.unique(np.stack([captions, post], axis=1), axis=0)[:, 0]
    return np.asarray(np.bincount(in_post, minlength=len(captions))[captions] > limit)
