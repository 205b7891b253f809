"""What does not belong goes: pictures that are no pathology, captions that are not English, copies, leaks.

`pathology_filter` tells tissue from everything else by `dyes_and_texture`, `duplicates` finds the same picture twice,
`repeated_captions` the same words, `groups` joins what shares a picture or a caption, `leakage` finds what gives a test
away, and `what_is_wrong` counts the faults that are left.

    keep = is_pathology(pairs["image"]) & is_english(pairs["text"])
    keep &= representative(near_duplicates(pairs["image"]))
    keep &= ~leaks(pairs, benchmark)
"""

from plip_tutorial.clean.duplicates import (
    AGREEMENT,
    CONTRAST,
    DISTANCE,
    Fingerprints,
    copies_of,
    fingerprints,
    near_duplicates,
)
from plip_tutorial.clean.dyes_and_texture import dyes_and_texture, white_balanced
from plip_tutorial.clean.groups import join_groups, representative
from plip_tutorial.clean.leakage import leaks
from plip_tutorial.clean.pathology_filter import PathologyFilter, is_pathology
from plip_tutorial.clean.repeated_captions import LIMIT, boilerplate, near_duplicate_captions
from plip_tutorial.clean.what_is_wrong import purity
from plip_tutorial.collect.language import identify, is_english

__all__ = [
    "AGREEMENT",
    "CONTRAST",
    "DISTANCE",
    "LIMIT",
    "Fingerprints",
    "PathologyFilter",
    "boilerplate",
    "copies_of",
    "dyes_and_texture",
    "fingerprints",
    "identify",
    "is_english",
    "is_pathology",
    "join_groups",
    "leaks",
    "near_duplicate_captions",
    "near_duplicates",
    "purity",
    "representative",
    "white_balanced",
]
