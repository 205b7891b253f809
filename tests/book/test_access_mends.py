"""What `finish.access` mends in the HTML of Sphinx, its theme and pandas: as they write it, and as a page has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_tools"))
from finish import access

MENDED = {
    "item of the list of references": (
        '<div class="citation" id="id3" role="doc-biblioentry"><a role="doc-backlink" href="#a">A</a></div>',
        '<div class="citation" id="id3" role="listitem"><a role="doc-backlink" href="#a">A</a></div>',
    ),
    "signature": (
        """<dt>f<span class="sig-paren">(</span>

<dl>
<dd><em class="sig-param">a: <b>int</b></em>,</dd>
<dd><em class="sig-param">b</em>,</dd>
</dl>

<span class="sig-paren">)</span></dt><dd><p>Words.</p></dd>""",
        """<dt>f<span class="sig-paren">(</span>

<span class="sig-all">
<span class="sig-one"><em class="sig-param">a: <b>int</b></em>,</span>
<span class="sig-one"><em class="sig-param">b</em>,</span>
</span>

<span class="sig-paren">)</span></dt><dd><p>Words.</p></dd>""",
    ),
    "head without names": (
        """<table><thead>
<tr class="row-odd"><th class="head"><p></p></th>
<th class="head"><p></p></th>
</tr>
</thead><tbody><tr><td>a</td></tr></tbody></table>""",
        "<table><tbody><tr><td>a</td></tr></tbody></table>",
    ),
    "corner": (
        '<tr style="text-align: right;"><th></th>\n<th>kept</th></tr><tr><th class="blank level0" >&nbsp;</th></tr>',
        '<tr style="text-align: right;"><td></td>\n<th>kept</th></tr><tr><td class="blank level0" >&nbsp;</td></tr>',
    ),
    "part of the contents": (
        '<a class="reference internal" href="api/index.html">The package</a><details><summary><i></i></summary>',
        '<a class="reference internal" href="api/index.html">The package</a><details>'
        '<summary aria-label="Pages: The package"><i></i></summary>',
    ),
    "search button": (
        '<button class="btn search-button-field x" title="Search" aria-label="Search" data-x="y">Search <kbd>K</kbd>',
        '<button class="btn search-button-field x" title="Search" data-x="y">Search <kbd>K</kbd>',
    ),
    "theme button": (
        '<i class="theme-switch fa-solid fa-moon   fa-lg" data-mode="dark"  title="Dark"></i>',
        '<i class="theme-switch fa-solid fa-moon   fa-lg" data-mode="dark"></i>',
    ),
    "blank before a link": (
        '<p class="admonition-title">Solution to<a class="reference internal" href="#ex"> Exercise 1</a></p>',
        '<p class="admonition-title">Solution to <a class="reference internal" href="#ex">Exercise 1</a></p>',
    ),
    "hidden code": ('<summary aria-label="Toggle hidden content">\n<p>Show</p>', "<summary>\n<p>Show</p>"),
    "landmarks": (
        '<header class="bd-header"></header><div class="sidebar-primary-item">\n<a class="navbar-brand logo" href="">',
        '<header class="bd-header" role="presentation"></header><div class="sidebar-primary-item" role="banner">\n'
        '<a class="navbar-brand logo" href="">',
    ),
}
SOUND = (
    "<table><thead><tr><th>kept</th></tr></thead><tbody><tr><th>0</th><td></td></tr></tbody></table>",
    '<dl class="simple"><dt>a</dt><dd><em>b</em></dd></dl>',
    '<summary aria-label="Answers">Words</summary>',
    '<button class="btn search-button" aria-label="Search"><i></i></button>',
    '<header class="bd-header">A title</header>',
)


@pytest.mark.parametrize(("before", "after"), MENDED.values(), ids=MENDED)
def test_it_is_mended_once_and_no_word_is_lost(before: str, after: str) -> None:
    assert access.mended(before, Path()) == after
    assert access.mended(after, Path()) == after
    one, other = (BeautifulSoup(text, "html.parser").get_text(" ", strip=True) for text in (before, after))
    assert one == other


@pytest.mark.parametrize("text", SOUND)
def test_what_is_sound_stays_as_it_is(text: str) -> None:
    assert access.mended(text, Path()) == text
