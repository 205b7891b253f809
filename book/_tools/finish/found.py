"""How a page is found, and what is shown when it is not: the map of the site, and the page for a wrong address.

GitHub shows ``404.html`` for whatever is missing, at any depth, so its links begin at the root of the published site.
There is no ``robots.txt``: nothing is forbidden, and for a project's pages nobody would read it.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import addresses

from .search_index import LOOK

CANONICAL = re.compile(r'<link rel="canonical" href="([^"]*)"')
SHELL = "genindex.html"  # the page whose frame the one for a wrong address takes
LOST = """<article class="bd-article">
<section>
<h1>This page is not here</h1>
<p>Perhaps it has moved, or the address has a slip in it. Search for what it was about:</p>
<form action="search.html" method="get" role="search" class="lost">
<input type="search" class="form-control" name="q" aria-label="Search this book" />
<button class="btn btn-primary" type="submit">Search</button>
</form>
<p>Or begin at the <a href="book/index.html">first page</a>, look a word up in the
<a href="book/glossary.html">glossary</a>, or <a href="{issue}">tell us</a> where you met the address.</p>
</section>
</article>"""


def site_map(root: Path) -> None:
    """Write ``sitemap.xml``: every page that has an address of its own."""
    pages = (path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.html")))
    found = sorted({address[1] for page in pages if (address := CANONICAL.search(page))})
    lines = "\n".join(f"<url><loc>{html.escape(address)}</loc></url>" for address in found)
    (root / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}\n</urlset>\n',
        encoding="utf-8",
    )


def lost_page(root: Path) -> None:
    """Write ``404.html``, with the frame of the site around it."""
    frame = (root / SHELL).read_text(encoding="utf-8")
    name = SHELL.removesuffix(".html")
    body = LOST.format(issue=f"{addresses.repository()}/issues/new?title=Missing%20page")
    page = re.sub(r'<article class="bd-article">.*?</article>', lambda _: body, frame, count=1, flags=re.DOTALL)
    page = re.sub(r"<title>[^—&]*", "<title>This page is not here ", page, count=1)
    page = page.replace("<h1></h1>", "<h1>This page is not here</h1>", 1)  # on paper
    page = page.replace(f"pagename = '{name}'", "pagename = '404'")
    page = page.replace("</head>", f"{LOOK}</head>", 1)
    page = re.sub(r'\b(href|src|action|data-content_root)="(?!#|/|\w+:)(?:\./)?', rf'\1="{addresses.home()}', page)
    (root / "404.html").write_text(page, encoding="utf-8")
