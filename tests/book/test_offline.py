"""The book without a network: two of its pages are printed, bound, zipped, unpacked and looked at."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_tools"))
from demo_browser import browser_page, chromium  # noqa: E402

pytest.importorskip("playwright", reason="Playwright is not installed")
needs_chromium = pytest.mark.skipif(chromium() is None, reason="no Chromium or Chrome is installed")
needs_book = pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
CONTENTS = {
    "root": "book/00_in_five_minutes",
    "parts": [{"caption": "Doubt", "chapters": [{"file": "book/16_another_laboratory"}]}],
}
PAGE = """<!doctype html><html data-theme="dark"><head><title>x</title></head><body><article class="bd-article">
<h1>One</h1>{body}</article></body></html>"""


def test_chapters_stand_in_their_parts_and_below_one_another() -> None:
    from book_pdf import Chapter, chapters

    contents = {"root": "a", "parts": [{"caption": "P", "chapters": [{"file": "b", "sections": [{"file": "c"}]}]}]}
    assert list(chapters(contents)) == [Chapter("a", "", 1), Chapter("b", "P", 1), Chapter("c", "P", 2)]


def test_without_a_browser_the_command_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import offline_book

    monkeypatch.setattr(offline_book, "HTML", tmp_path)
    with pytest.raises(SystemExit, match="make book"):
        offline_book.main()
    (tmp_path / "index.html").touch()
    monkeypatch.setattr(offline_book, "chromium", lambda: None)
    with pytest.raises(SystemExit, match="apt install chromium"):
        offline_book.main()


@needs_chromium
@needs_book
def test_two_chapters_are_bound_with_contents_bookmarks_numbers_and_links(tmp_path: Path) -> None:
    import book_pdf
    from pypdf import PdfReader

    with browser_page() as page:
        page.emulate_media(color_scheme="dark")
        page.context.set_offline(True)
        book_pdf.bound(page, HTML, CONTENTS).write(tmp_path / "book.pdf")
    book = PdfReader(tmp_path / "book.pdf")
    texts = [sheet.extract_text() for sheet in book.pages]
    first, (second,) = book.outline[0], book.outline[2]
    assert (first.title, second.title) == ("0 · In five minutes", "16 · Another laboratory")
    start = book.get_destination_page_number(second)
    assert second.title in texts[start]
    assert str(start + 1) in texts[0].split()
    assert all(text.split()[-1] == str(i + 1) for i, text in enumerate(texts[1:], 1))
    assert {sheet["/Contents"].get_object().get("/Filter") for sheet in book.pages} == {"/FlateDecode"}
    whole = "\n".join(texts)
    assert "def " in whole
    assert "Solution to" in whole
    assert "Not quite." in whole  # what is closed on the screen is open on paper
    dests = [link.get_object().get("/Dest") for sheet in book.pages[:1] for link in sheet["/Annots"]]
    assert [book.pages.index(dest[0].get_object()) for dest in dests] == [1, start]
    assert "file:" not in str([link.get_object() for sheet in book.pages for link in sheet.get("/Annots", ())])


@needs_chromium
@needs_book
def test_a_zip_of_the_site_works_from_any_folder(tmp_path: Path) -> None:
    import book_zip

    root = book_zip.unzipped(book_zip.zipped(HTML, tmp_path / "site.zip"), tmp_path / "a folder, in Zürich #1")
    assert not list(root.rglob("*.map"))
    with browser_page() as page:
        assert list(book_zip.faults(page, root, ["book/16_another_laboratory", "book/13_retrieval"])) == []


@needs_chromium
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<img src="gone.webp">', "shows no picture gone.webp"),
        ('<span class="math">\\(x^2\\)</span>', "a formula that is not set"),
        ('<div class="plip-widget"><input type="range" min="0" max="9"></div>', "a slider that moves nothing"),
        ('<script src="https://example.org/x.js"></script>', "asked for https://example.org/x.js"),
        ("<script>throw new Error('no')</script>", "failed: no"),
    ],
)
def test_planted_faults_are_found(tmp_path: Path, body: str, fault: str) -> None:
    import book_zip

    (tmp_path / "page.html").write_text(PAGE.format(body=body), encoding="utf-8")
    found = '<div id="search-results"><ul><li><a href="page.html">x</a></li></ul></div>'
    (tmp_path / "search.html").write_text(PAGE.format(body=found), encoding="utf-8")
    with browser_page() as page:
        assert any(fault in what for what in book_zip.faults(page, tmp_path, ["page"]))


@needs_chromium
def test_a_page_turns_to_paper_and_back(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "book" / "_static", tmp_path / "_static")
    body = """<link rel="stylesheet" href="_static/print.css" media="print"><script src="_static/paper.js"></script>
    <pre>{long}</pre><details name="q" open><summary>a</summary>one</details>
    <details name="q"><summary>b</summary>two</details>""".format(long="word " * 60)
    (tmp_path / "page.html").write_text(PAGE.format(body=body), encoding="utf-8")
    with browser_page() as page:
        page.goto((tmp_path / "page.html").as_uri())
        state = (
            "[document.documentElement.dataset.theme, ...[...document.querySelectorAll('details')].map((d) => d.open)]"
        )
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(state) == ["light", True, True]
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(state) == ["dark", True, False]
        page.emulate_media(media="print")
        assert page.locator("pre").evaluate("box => box.scrollWidth <= box.clientWidth")
