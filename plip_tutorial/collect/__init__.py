"""From posts to pairs: an export is read, posts that are no use are dropped, captions are cleaned.

In the order of the way: `exports` reads what platforms give out (`post_values` what they made of numbers),
`post_filters` says which posts stay, `caption_text` cleans their words, `language` tells English, `funnel` counts what
each filter left, `pairs` puts it all together.
"""

from plip_tutorial.collect.caption_text import clean_text
from plip_tutorial.collect.exports import Problem, read_posts
from plip_tutorial.collect.funnel import Funnel
from plip_tutorial.collect.language import identify, is_english
from plip_tutorial.collect.pairs import pairs_from_posts
from plip_tutorial.collect.post_filters import FILTERS, PAPER_ORDER, RECOMMENDED, PostFilter, by_hashtag, post_filter

__all__ = [
    "FILTERS",
    "PAPER_ORDER",
    "RECOMMENDED",
    "Funnel",
    "PostFilter",
    "Problem",
    "by_hashtag",
    "clean_text",
    "identify",
    "is_english",
    "pairs_from_posts",
    "post_filter",
    "read_posts",
]
