"""From posts to pairs: an export is read, posts that are no use are dropped, captions are cleaned.

In the order of the way: `exports` reads what platforms give out, `thread_pictures` says which picture belongs to which
words, `pairs` holds the filters of posts and makes the pairs, `post_text` and `markup` clean the words, `language` and
`diagnosis_grammar` tell English, `funnel` counts what each step left.
"""

from plip_tutorial.collect.pairs import (
    FILTERS,
    PAPER_ORDER,
    RECOMMENDED,
    PostFilter,
    Problem,
    by_hashtag,
    clean_text,
    pairs_from_posts,
    post_filter,
    read_posts,
)

__all__ = [
    "FILTERS",
    "PAPER_ORDER",
    "RECOMMENDED",
    "PostFilter",
    "Problem",
    "by_hashtag",
    "clean_text",
    "pairs_from_posts",
    "post_filter",
    "read_posts",
]
