"""How words look by the time they are a post: hashtags, links, handles, emoji, entities, invisible characters.

>>> from plip_tutorial.microcosm.seeding import rng
>>> dress("Smooth muscle. H&E.", "GIPath", rng("example"))
('Smooth muscle. H&amp;E. #GIPath https://t.co/n2wej6MYBB', ('GIPath',))
"""

from __future__ import annotations

import re

import numpy as np

from plip_tutorial.microcosm.seeding import pick

Generator = np.random.Generator
FURTHER_TAGS = ("pathology", "PathTwitter", "histology", "MedEd", "pathologists")
EMOJI = ("🔬", "😍", "👏", "🔥", "💜", "🤓", "👀", "❤️", "🙏🏽", "👩‍🔬", "1️⃣", "🇵🇹")
INVISIBLE = ("\u200b", "\u200d", "\ufeff", "\u202a", "\u2066", "\u00ad")
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def dress(words: str, hashtag: str, draw: Generator) -> tuple[str, tuple[str, ...]]:
    """Make a post of a caption.

    Args:
        words: plain sentences.
        hashtag: the recommended hashtag under which the post is found, without "#".
        draw: source of randomness.

    Returns:
        The text, and the hashtags in it.
    """
    further = (pick(draw, FURTHER_TAGS),) if draw.random() < 0.45 else ()
    tags = (hashtag, *further)
    text = _trim(words, draw)
    marks = " ".join("#" + tag for tag in tags)
    text = f"{marks} {text}" if draw.random() < 0.12 else f"{text} {marks}"
    if draw.random() < 0.12:
        text += f" cc @user{int(draw.integers(400)):03}"
    if draw.random() < 0.6:
        text += " https://t.co/" + "".join(LETTERS[i] for i in draw.integers(len(LETTERS), size=10))
    return text, tags


def dress_reply(words: str, author: str, draw: Generator) -> str:
    """Make a reply: handles of the thread in front, as the platform adds them."""
    text = _trim(words, draw)
    return f"@{author} {text}" if draw.random() < 0.8 else text


def _trim(text: str, draw: Generator) -> str:
    """Emoji, repeated marks, entities, invisible characters; each in some posts."""
    shout, smile, hide, entity = draw.random(4) < (0.06, 0.25, 0.04, 0.7)
    if shout:
        text = re.sub(r"([.!?])$", lambda mark: mark[1].replace(".", "!") * int(draw.integers(2, 5)), text)
    if smile:
        text += " " + pick(draw, EMOJI) * int(draw.integers(1, 4))
    if hide and text:
        place = int(draw.integers(len(text)))
        text = text[:place] + pick(draw, INVISIBLE) + text[place:]
    return text.replace("&", "&amp;").replace(">", "&gt;") if entity else text
