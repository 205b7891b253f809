"""What happens to pages after Sphinx: what goes, what is drawn in its place, what is told of them, what is searched."""

from __future__ import annotations

import html
import re
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
pytest.importorskip("latex2mathml", reason="the extra book is not installed")
from finish import formulas, head, icons, outside, pictures, search_index  # noqa: E402

PAGE = Path("book/04_neighbours.html")


@pytest.mark.parametrize(
    "unwanted",
    [
        '<script src="https://cdn.example.org/require.min.js"></script>',
        '<script defer="defer" src="https://cdn.example.org/mathjax@3/tex-mml-chtml.js"></script>',
        '<script>window.MathJax = {"options": {"processHtmlClass": "math"}}</script>',
        '<script>const THEBE_JS_URL = "https://example.org/thebe.js"; const thebe_selector = ".cell"</script>',
        '<script async="async" src="../_static/sphinx-thebe.js?v=c100c467"></script>',
        '<link rel="stylesheet" type="text/css" href="../_static/sphinx-thebe.css?v=4fa983c6" />',
        '<script type="text/x-thebe-config">\n{ requestKernel: true }\n</script>',
        "<script>kernelName = 'python3'</script>",
        '<script src="../_static/scripts/fontawesome.js?digest=8878"></script>',
        '<link rel="stylesheet" href="https://fonts.example.org/css?family=Open+Sans">',
        '<script type="application/vnd.jupyter.widget-state+json">{"state": {"<b>": 1}}</script>',
    ],
)
def test_what_asks_others_goes_and_what_is_ours_stays(unwanted: str) -> None:
    ours = (
        '<script src="../_static/doctools.js"></script><p>a</p>',
        '<script>const ours = "thebe"</script><a href="https://example.org/require.js">b</a><img src="//c/d.png">',
    )
    assert outside.only_ours(unwanted.join(ours), PAGE) == "".join(ours)


def test_an_icon_is_as_wide_as_the_themes_script_draws_it() -> None:
    """The script holds, for each icon, its width and height; the font must give the same box."""
    script = (icons.THEME / "scripts/fontawesome.js").read_text(encoding="utf-8")
    for name in ("magnifying-glass", "circle-half-stroke", "angle-left", "arrow-up", "rocket", "download"):
        width, height = re.search(rf'[{{,]"?{name}"?:\[(\d+),(\d+),', script).groups()  # type: ignore[union-attr]
        assert icons.drawing(icons.SOLID, f"fa-{name}").startswith(f'viewBox="0 0 {width} {height}"')


def test_icons_are_drawn_where_the_theme_names_them() -> None:
    button = (
        '<button title="Dark"><i class="theme-switch fa-solid fa-moon   fa-lg" data-mode="dark" title="x"></i></button>'
    )
    drawn = icons.drawn_icons(button, PAGE)
    assert '<button title="Dark"><svg class="svg-inline--fa theme-switch fa-moon fa-lg" aria-hidden="true"' in drawn
    assert 'data-mode="dark"' in drawn
    assert "fa-solid" not in drawn
    old_name = icons.drawn_icons('<i class="fas fa-pencil-alt"></i>', PAGE)
    assert icons.drawing(icons.SOLID, "fa-pencil") in old_name
    with pytest.raises(KeyError, match="fa-unheard-of"):
        icons.drawn_icons('<i class="fa-solid fa-unheard-of"></i>', PAGE)


def test_of_a_font_only_what_is_asked_for_is_kept() -> None:
    from fontTools.ttLib import TTFont

    whole, small = TTFont(formulas.FONT), TTFont(BytesIO(icons.glyphs(formulas.FONT, {ord("D"), 0x1D437})))
    assert set(small.getBestCmap()) == {ord("D"), 0x1D437} < set(whole.getBestCmap())
    assert small["hmtx"]["D"] == whole["hmtx"]["D"]
    assert "MATH" in small  # where indices stand, and how thick a bar is


@pytest.mark.parametrize(
    ("tex", "read"),
    [
        (r"D = -\log_{10}(I / I_0)", "D=−log10(I/I0)"),
        (r"n / (1 + (m - 1)\,\rho)", "n/(1+(m−1)ρ)"),
        (r"p < 0.05", "p<0.05"),
        (r"\frac{1}{n} \sum_i x_i", "1n∑ixi"),
    ],
)
def test_a_formula_reads_as_it_was_written(tex: str, read: str) -> None:
    page = f'<head>\n  </head><p><span class="math notranslate nohighlight">\\({html.escape(tex)}\\)</span></p>'
    drawn = formulas.drawn_formulas(page, PAGE)
    assert html.unescape(re.sub(r"<[^>]*>", "", drawn)).strip() == read
    assert '<link rel="stylesheet" type="text/css" href="../_static/formulas.css" />' in drawn
    assert formulas.drawn_formulas("<head></head>", PAGE) == "<head></head>"


def test_a_formula_on_a_line_of_its_own_is_large() -> None:
    drawn = formulas.drawn_formulas('<div class="math notranslate nohighlight">\n\\[a = b\\]</div>', PAGE)
    assert 'display="block"' in drawn


@pytest.mark.parametrize("tex", [r"\unheardof{x}", r"\begin{aligned} a &= b \\ c &= d \end{aligned}"])
def test_a_formula_that_is_not_understood_stops_the_build(tex: str) -> None:
    with pytest.raises(ValueError, match="latex2mathml does not know"):
        formulas.in_mathml(tex, display=True)


@pytest.mark.parametrize(
    ("article", "told"),
    [
        ("<h1>4 · N</h1><p><strong>How do pictures find their relatives, and how good are these?</strong></p><p>x</p>",
         "How do pictures find their relatives, and how good are these?"),
        ("<p>short</p><p>A model learns from “words &amp; pictures”, <a href='#'>nothing</a> else. Thousands do.</p>",
         "A model learns from “words & pictures”, nothing else. Thousands do."),
        (f"<p>{'One sentence of forty-two letters, or so. ' * 9}</p>",
         " ".join(["One sentence of forty-two letters, or so."] * 4)),
        ("<p>No sentence.</p>", ""),
    ],
)  # fmt: skip
def test_a_page_is_described_by_its_first_sentences(article: str, told: str) -> None:
    page = f"<head></head><p>By the authors of this book, whoever they are.</p>{head.ARTICLE}{article}</article>"
    assert head.first_sentences(page) == told
    described = head.described(page, PAGE)
    assert (f'<meta name="description" content="{html.escape(told)}" />' in described) == bool(told)
    assert ("noindex" in described) == (not told)


def test_the_drawn_sign_is_the_one_of_the_logo() -> None:
    drawn = pictures.pixels(ROOT / "book/_static/favicon.svg", 96)
    assert drawn.size == (96, 96)
    assert drawn.getpixel((0, 0))[3] == 0  # outside of the square nothing
    assert drawn.getpixel((60, 50))[:3] == (0xF0, 0xBD, 0xD0)
    assert drawn.getpixel((73, 22))[:3] == (0x6D, 0x45, 0x9B)  # a nucleus
    assert pictures.shared().size == (1200, 630)
    assert isinstance(pictures.shared(), Image.Image)


def test_a_page_is_split_where_its_sections_begin() -> None:
    page = f"""<h1>Frame</h1>{head.ARTICLE}<h1>4 · N<a class="headerlink" href="#n">#</a></h1>
      <p>See <em>H&amp;E</em>.</p><script>var hidden;</script>
      <h2>The <code>id</code>ea<a class="headerlink" href="#the-idea">#</a></h2>
      <pre><span></span><span class="n">clip_</span><span class="n">loss</span></pre>
      <dl><dt id="term-k-NN">k-NN<a class="headerlink" href="#term-k-NN">#</a></dt><dd>near</dd>
      <dt class="sig" id="plip.loss"><span>loss</span></dt><dd>far</dd></dl></article><p>foot</p>"""
    assert search_index.split(page) == [
        ("n", "4 · N", "See H&E.", ""),
        ("the-idea", "The idea", "", "clip_loss"),
        ("term-k-NN", "k-NN", "near", ""),
        ("plip.loss", "loss", "far", ""),
    ]


def test_units_come_before_others_and_the_package_last() -> None:
    kinds = [search_index.kind(Path(place)) for place in ("book/04_n.html", "book/glossary.html", "book/api/a.html")]
    assert kinds == [search_index.UNIT, search_index.OTHER, search_index.PACKAGE]
