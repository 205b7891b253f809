"""Look at the built pages: are they all there, do links and anchors lead somewhere, can pictures be heard?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from addresses import home
from bs4 import BeautifulSoup

SCRIPTED = {"genindex.html", "search.html", "py-modindex.html"}  # written by Sphinx, filled by a script


@cache
def soup(page: Path) -> BeautifulSoup:
    """The parsed page."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def listed(toc: Path) -> Iterator[str]:
    """Names of all pages in the table of contents, without ending."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            yield from (str(node[key]) for key in ("file", "root") if key in node)
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    return walk(yaml.safe_load(toc.read_text(encoding="utf-8")))


def dead_links(page: Path, root: Path) -> Iterator[str]:
    """Links inside the book that lead nowhere, and anchors that no page has."""
    for link in soup(page).find_all("a", href=True):
        address = urlsplit(str(link["href"]))
        if address.scheme or address.netloc:
            continue
        from_home = address.path.startswith(home())  # as on the page for a wrong address
        base, path = (root, address.path.removeprefix(home())) if from_home else (page.parent, address.path)
        target = (base / unquote(path)).resolve() if address.path else page
        if not target.exists():
            yield f"{page.relative_to(root)} links to {link['href']}, which does not exist"
        elif address.fragment and target.suffix == ".html" and target.name not in SCRIPTED:
            anchor = unquote(address.fragment)
            if not soup(target).find(id=anchor) and not soup(target).find(attrs={"name": anchor}):
                yield f"{page.relative_to(root)} links to {link['href']}, but there is no such anchor"


def mute_pictures(page: Path, root: Path) -> Iterator[str]:
    """Pictures of cells without a description: a screen reader would read out a file name."""
    for picture in soup(page).select("main img"):
        description = str(picture.get("alt", ""))
        weak = len(description) < 15 or "_images" in description or description.endswith(".png")
        if "_images/" in str(picture.get("src", "")) and weak:
            yield f"{page.relative_to(root)} has a picture without a description: {picture.get('src')}"


def failed_cells(page: Path, root: Path) -> Iterator[str]:
    """Outputs that are an error."""
    for error in soup(page).select("main .traceback, main div.output.traceback"):
        yield f"{page.relative_to(root)} has a failed cell: {error.get_text()[-200:].strip()}"


def problems(root: Path, toc: Path) -> list[str]:
    """Everything that does not hold, in words; empty when the book is sound."""
    missing = [f"page {name} was not built" for name in listed(toc) if not (root / f"{name}.html").exists()]
    pages = sorted(page for page in root.rglob("*.html") if "_static" not in page.parts)
    if not pages:
        return [*missing, f"there is no page in {root}"]
    checks = (dead_links, mute_pictures, failed_cells)
    return missing + [problem for page in pages for check in checks for problem in check(page, root)]
