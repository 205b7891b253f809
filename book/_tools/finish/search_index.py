"""The site's own search: what Sphinx gives is replaced, since it splits "H&E" into two letters and ranks nothing.

The text of all pages, section by section, is written into one file that only the search page loads; it works from a
disk, too. What is searched how stands in ``book/_static/search.js``, which words mean the same in
``book/search_words.yml``. Endings are taken off by Sphinx's own stemmer.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import addresses
import yaml

from .head import ARTICLE, heading

WORDS = addresses.ROOT / "book" / "search_words.yml"
SCRIPTS = re.compile(
    r'<script src="(?:_static/)?(?:searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>\s*', re.DOTALL
)
LOOK = '<link rel="stylesheet" type="text/css" href="_static/search.css" />\n  '
OURS = '<script defer src="_static/{}.js"></script>\n  '
SILENT = re.compile(
    r"<(script|style|svg|button)\b.*?</\1>"
    r'|<summary[^>]*>\s*<span class="collapsed">.*?</summary>'  # "Show code cell source"
    r"|<!--.*?-->",
    re.DOTALL,
)
INLINE = re.compile(r"</?(?:span|a|em|strong|code|i|b|sub|sup|mark|abbr|cite|label)\b[^>]*>")
CODE = re.compile(r"<pre\b.*?</pre>", re.DOTALL)
# A section begins at a heading, at an entry of the glossary, and at a name of the package.
BEGINNING = re.compile(r"<(h[1-6]|dt)\b([^>]*)>(.*?)</\1>", re.DOTALL)
UNIT, OTHER, PACKAGE = range(3)  # kinds of pages, in the order in which they are shown


def own_search(text: str, place: Path) -> str:
    """Let the search page use our scripts."""
    if place.name != "search.html":
        return text
    ours = LOOK + "".join(map(OURS.format, ("language_data", "search_index", "search")))
    return SCRIPTS.sub("", text).replace("</head>", ours + "</head>", 1)


def write_index(root: Path) -> None:
    """Write the text of the pages, and drop the index that Sphinx has made."""
    pages, sections = [], []
    for path in sorted(root.glob("book/**/*.html")):
        text = path.read_text(encoding="utf-8")
        if ARTICLE in text:
            sections += [[len(pages), *section] for section in split(text)]
            pages.append([path.relative_to(root).as_posix(), heading(text), kind(path.relative_to(root))])
    index = {"pages": pages, "sections": sections, "same": yaml.safe_load(WORDS.read_text(encoding="utf-8"))}
    written = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (root / "_static/search_index.js").write_text(f"const bookIndex = {written};\n", encoding="utf-8")
    for name in ("searchindex.js", "_static/searchtools.js"):
        (root / name).unlink(missing_ok=True)


def kind(place: Path) -> int:
    """Units have a number, the pages of the package a folder."""
    if "api" in place.parts:
        return PACKAGE
    return UNIT if re.match(r"\d\d_", place.name) else OTHER


def split(page: str) -> list[tuple[str, str, str, str]]:
    """Sections of a page: anchor, heading, prose, and code with what it prints."""
    article = SILENT.sub(" ", page.partition(ARTICLE)[2].partition("</article>")[0])
    begun = list(BEGINNING.finditer(article))
    ends = [one.start() for one in begun[1:]] + [len(article)]
    parts = [(one, article[one.end() : end]) for one, end in zip(begun, ends, strict=True)]
    return [
        (anchor(one), _plain(one[3]), _plain(CODE.sub(" ", part)), _plain(" ".join(CODE.findall(part))))
        for one, part in parts
    ]


def anchor(begun: re.Match[str]) -> str:
    """What leads to a section: the link in its heading, or its own name."""
    found = re.search(r'href="#([^"]*)"', begun[3]) or re.search(r'\bid="([^"]*)"', begun[2])
    return found[1] if found else ""


def _plain(piece: str) -> str:
    tags = re.sub(r'<a class="headerlink".*?</a>', "", piece, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", INLINE.sub("", tags))).split())
