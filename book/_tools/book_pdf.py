"""The whole book as one PDF: Chromium prints each page, and `pypdf` binds them.

The bound book has what a reader of paper misses in a heap of prints: a list of contents in front, numbers on the
sheets, bookmarks, and links that lead to the sheet they mean.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag

import addresses
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NullObject, NumberObject, TextStringObject

#: Pictures that have not been scrolled to are fetched, and all that are shown on paper have come.
LOADED = """async () => {
    const shown = [...document.images].filter((picture) => !picture.matches(".only-dark"));
    shown.forEach((picture) => { picture.loading = "eager"; });
    await document.fonts.ready;
    await Promise.all(shown.map((picture) => picture.decode().catch(() => {})));
}"""
SHEET = """@page { size: A4; margin: 0 }
body { margin: 0; font-family: Arial, "Liberation Sans", sans-serif; color: #222 }
"""
NUMBER = """div { box-sizing: border-box; height: 296.9mm; padding: 283mm 14mm 0; break-after: page }
div { font-size: 9pt; text-align: right }
"""
FRONT = """@page { margin: 22mm 20mm }
h1 { margin: 30mm 0 4mm } table { width: 100%; border-spacing: 0 2mm } td:last-child { text-align: right }
th { padding-top: 4mm; text-align: left } a { color: inherit; text-decoration: none }
"""


@dataclass(frozen=True)
class Chapter:
    """A page of the site, in its place in the book: ``level`` 1 stands in a part, 2 below another page."""

    place: str  # below the root of the site, without ending
    part: str
    level: int


def chapters(contents: Any) -> Iterator[Chapter]:
    """The pages of a table of contents (``_toc.yml``), in order."""
    yield Chapter(contents["root"], "", 1)
    for part in contents.get("parts", [{"chapters": contents.get("chapters", [])}]):
        for entry in part["chapters"]:
            yield Chapter(entry["file"], part.get("caption", ""), 1)
            yield from (Chapter(below["file"], part.get("caption", ""), 2) for below in entry.get("sections", ()))


def prints(browser_page: Any, root: Path, places: list[str]) -> Iterator[tuple[str, PdfReader]]:
    """Title and print of each page."""
    for place in places:
        browser_page.goto((root / f"{place}.html").as_uri(), wait_until="load")
        browser_page.evaluate(LOADED)
        title = browser_page.evaluate("document.querySelector('.bd-article h1').innerText").rstrip(" #").strip()
        data = browser_page.pdf(prefer_css_page_size=True, print_background=True)
        yield title, PdfReader(io.BytesIO(data))


def printed(browser_page: Any, html: str, style: str) -> PdfReader:
    """A print of a few lines of HTML."""
    browser_page.set_content(f"<!doctype html><html lang=en><style>{SHEET}{style}</style><body>{html}")
    return PdfReader(io.BytesIO(browser_page.pdf(prefer_css_page_size=True, print_background=True)))


def front(browser_page: Any, listed: list[tuple[Chapter, str]], starts: list[int], root: Path) -> PdfReader:
    """Title and contents; ``starts`` are the numbers of the sheets on which chapters begin."""
    rows, part = [], ""
    for (chapter, title), start in zip(listed, starts, strict=True):
        if chapter.part != part:
            part = chapter.part
            rows.append(f"<tr><th colspan=2>{escape(part)}</th></tr>")
        link = f'<a href="{(root / chapter.place).as_uri()}.html">{escape(title)}</a>'
        rows.append(f'<tr><td style="padding-left: {5 * (chapter.level - 1)}mm">{link}</td><td>{start}</td></tr>')
    head = f"<h1>{escape(addresses.config()['title'])}</h1><p>{escape(addresses.config()['author'])}, version "
    head += f"{addresses.project()['version']}. For teaching only. Not a medical device.</p>"
    return printed(browser_page, f"{head}<table>{''.join(rows)}</table>", FRONT)


def bound(browser_page: Any, root: Path, contents: Any) -> PdfWriter:
    """The book: front matter, all chapters, bookmarks, numbers, links."""
    listed = list(chapters(contents))
    titles, parts = zip(*prints(browser_page, root, [chapter.place for chapter in listed]), strict=True)
    named = list(zip(listed, titles, strict=True))
    before = len(front(browser_page, named, [0] * len(listed), root).pages)
    starts = [before + 1 + sum(len(part.pages) for part in parts[:i]) for i in range(len(parts))]
    book = PdfWriter()
    book.append(front(browser_page, named, starts, root), import_outline=False)
    for part in parts:
        book.append(part, import_outline=False)
    _bookmarks(book, named, starts)
    sheets = "".join(f"<div>{number + 1}</div>" for number in range(len(book.pages)))
    _numbers(book, printed(browser_page, sheets, NUMBER), before)
    _links(book, root, {chapter.place: start - 1 for chapter, start in zip(listed, starts, strict=True)})
    book.add_metadata({"/Title": addresses.config()["title"], "/Author": addresses.config()["author"]})
    book.compress_identical_objects(remove_duplicates=True, remove_unreferenced=True)
    return book


def _bookmarks(book: PdfWriter, named: list[tuple[Chapter, str]], starts: list[int]) -> None:
    above: dict[int, Any] = {}
    parts: dict[str, Any] = {}
    for (chapter, title), start in zip(named, starts, strict=True):
        if chapter.part and chapter.part not in parts:
            parts[chapter.part] = book.add_outline_item(chapter.part, start - 1)
        parent = above[1] if chapter.level == 2 else parts.get(chapter.part)
        above[chapter.level] = book.add_outline_item(title, start - 1, parent=parent)


def _numbers(book: PdfWriter, numbers: PdfReader, before: int) -> None:
    """The number of each sheet, at its foot; the front matter has none."""
    for sheet, number in list(zip(book.pages, numbers.pages, strict=False))[before:]:
        sheet.merge_page(number)
        sheet.compress_content_streams()  # merging has unpacked them


def _links(book: PdfWriter, root: Path, starts: dict[str, int]) -> None:
    """Links to a page lead to its sheet, those to other files of the site to where it is published."""
    home = root.resolve().as_uri() + "/"
    for sheet in book.pages:
        for annotation in (link.get_object() for link in sheet.get("/Annots", ())):
            address = annotation.get("/A", {}).get("/URI", "")
            if not address.startswith(home):
                continue
            place = unquote(urldefrag(address)[0].removeprefix(home))
            if place.removesuffix(".html") in starts:
                annotation[NameObject("/Dest")] = _top(book, starts[place.removesuffix(".html")])
                del annotation["/A"]
            else:
                online = addresses.site("").removesuffix(".html") + address.removeprefix(home)
                annotation[NameObject("/A")] = DictionaryObject(
                    {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(online)}
                )


def _top(book: PdfWriter, sheet: int) -> ArrayObject:
    reference = book.pages[sheet].indirect_reference
    return ArrayObject([reference, NameObject("/XYZ"), NullObject(), NullObject(), NumberObject(0)])
