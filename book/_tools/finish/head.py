"""What others show of a page before they open it: search engines, messengers, the tab of a browser.

A page is described by its first sentences, which in a unit are its question. The address that counts is the one of the
published book (`addresses`), wherever a copy lies.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import addresses

ARTICLE = '<article class="bd-article">'
LENGTH = 200  # characters that are shown of a description, about
PICTURE = "_static/share.jpg"
PICTURE_SAYS = "Drawn tiles of tissue, each beside the words that a pathologist might write below it"
CARD = """\
<meta name="description" content="{description}" />
    <link rel="canonical" href="{address}" />
    <link rel="icon" type="image/png" sizes="96x96" href="{up}_static/favicon.png" />
    <link rel="apple-touch-icon" href="{up}_static/touch-icon.png" />
    <meta property="og:type" content="article" />
    <meta property="og:site_name" content="{book}" />
    <meta property="og:title" content="{title}" />
    <meta property="og:description" content="{description}" />
    <meta property="og:url" content="{address}" />
    <meta property="og:image" content="{picture}" />
    <meta property="og:image:width" content="1200" />
    <meta property="og:image:height" content="630" />
    <meta property="og:image:alt" content="{alt}" />
    <meta name="twitter:card" content="summary_large_image" />
  </head>"""


def described(text: str, place: Path) -> str:
    """The page with its description, address and picture; lists that a script fills are not for search engines."""
    description = first_sentences(text)
    if not description:
        return text.replace("</head>", '<meta name="robots" content="noindex" />\n  </head>', 1)
    card = CARD.format(
        description=html.escape(description),
        address=addresses.site(place.with_suffix("").as_posix()),
        up="../" * (len(place.parts) - 1),
        book=html.escape(addresses.config()["title"]),
        title=html.escape(heading(text)),
        picture=addresses.site("").removesuffix(".html") + PICTURE,
        alt=PICTURE_SAYS,
    )
    return text.replace("</head>", card, 1)


def front_door(root: Path) -> None:
    """Who shares the address of the site shares its first page: the door to it carries the same card."""
    first = (root / "book/index.html").read_text(encoding="utf-8")
    card = re.search(r'<meta name="description".*?</head>', first, re.DOTALL)
    if card is None:
        raise ValueError("the first page says nothing, so there is nothing to say of the site")
    title = html.escape(addresses.config()["title"])
    (root / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n  <head>\n    <meta charset="utf-8" />\n    <title>{title}</title>\n'
        f'    <meta http-equiv="refresh" content="0; url=book/index.html" />\n    {card[0].replace("../", "")}\n'
        f'  <body><p><a href="book/index.html">{title}</a></p></body>\n</html>\n',
        encoding="utf-8",
    )


def heading(text: str) -> str:
    """The title of the page."""
    found = re.search(r"<h1[^>]*>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", text[text.find(ARTICLE) :], re.DOTALL)
    return _plain(found[1]) if found else ""


def first_sentences(text: str) -> str:
    """What stands first in the page and is a sentence, as many as fit; empty for a page without any."""
    article = text.partition(ARTICLE)[2].partition("</article>")[0]
    told = (_plain(paragraph) for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", article, re.DOTALL))
    paragraph = next((line for line in told if len(line) > 40), "")
    sentences = re.findall(r"\S.*?(?:[.?!]”?(?= |$)|$)", paragraph)
    shown = sentences[0] if sentences else ""
    for sentence in sentences[1:]:
        if len(shown) + len(sentence) > LENGTH:
            break
        shown += f" {sentence}"
    return shown


def _plain(piece: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", piece)).split())
