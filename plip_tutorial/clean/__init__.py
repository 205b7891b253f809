"""What does not belong goes: pictures that are no pathology, captions that are not English, copies, leaks.

`pathology_filter` tells tissue from everything else, `duplicates` finds pictures and captions that are nearly the same,
`groups` joins pairs that share one of them.
"""

from plip_tutorial.clean.pathology_filter import (
    PathologyFilter,
    boilerplate,
    is_english,
    join_groups,
    leaks,
    near_duplicate_captions,
    near_duplicates,
    purity,
    representative,
    with_colour,
)

__all__ = [
    "PathologyFilter",
    "boilerplate",
    "is_english",
    "join_groups",
    "leaks",
    "near_duplicate_captions",
    "near_duplicates",
    "purity",
    "representative",
    "with_colour",
]
