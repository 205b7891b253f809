"""Figures on pages: in both inks, tissue untouched, no heavier than needed, with their sizes."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from plip_tutorial import microcosm, plots

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
TOOLS = ROOT / "book" / "_tools"
sys.path.insert(0, str(TOOLS))
from finish import drawings, inks  # noqa: E402
from finish.figures import Pictures, figures, with_pictures  # noqa: E402

needs_book = pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
TILE = microcosm.render_tile("mucus", seed=1)


def saved(figure: plt.Figure) -> str:
    """A figure as the book's kernels write it."""
    with mpl.rc_context(fname=TOOLS / "ipython" / "matplotlibrc"), io.StringIO() as file:
        figure.savefig(file, format="svg", bbox_inches="tight", dpi=260, metadata={"Date": None})
        return file.getvalue()


def drawn() -> str:
    """Lines in every colour of the book, hatched bars, a table with numbers, letters on the paper."""
    with mpl.rc_context(fname=TOOLS / "ipython" / "matplotlibrc"):
        plots.use_style()
        figure, (left, right) = plt.subplots(1, 2)
        for i, colour in enumerate([*plots.OKABE_ITO, *(look.colour for look in plots.LOOKS.values())]):
            left.plot([0, 1], [i, i], color=colour)
            left.bar(i, 1, color=colour, hatch="...", edgecolor="white")
        right.imshow([[0.1, 0.2]], cmap="Blues", vmax=1, interpolation="none")
        right.text(0, 0, "0.10", color="black")
        right.text(1, 0, "0.20", color="white")
        plt.close(figure)
        return saved(figure)


def colours(svg: str, what: str) -> set[str]:
    return {colour for _, colour in re.findall(rf"\b({what})(?:: ?|=\")(#[0-9a-f]{{6}})", svg)}


def embedded(svg: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r"data:image/webp;base64,([^\"]+)", svg)]


def test_contrast_is_that_of_wcag_in_the_slow_way() -> None:
    def slow(one: str, other: str) -> float:
        sums = []
        for colour in (one, other):
            total = 0.0
            for weight, start in ((0.2126, 1), (0.7152, 3), (0.0722, 5)):
                part = int(colour[start : start + 2], 16) / 255
                total += weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            sums.append(total + 0.05)
        return max(sums) / min(sums)

    for one, other in (("#ffffff", "#121212"), ("#0072b2", "#121212"), ("#777777", "#ffffff")):
        assert inks.contrast(one, other) == pytest.approx(slow(one, other), abs=1e-3)


def test_on_dark_paper_data_can_be_told_and_keeps_its_hues() -> None:
    dark = drawings.figure(drawn()).dark
    marks = colours(dark, "stroke|fill") - {inks.PAPER, inks.BLACK, inks.WHITE}
    faint = {inks.dark_line(colour) for colour in ("#dddddd", "#cccccc")}
    assert len(marks - faint) >= 12
    assert min(inks.contrast(colour, inks.PAPER) for colour in marks - faint) >= 3
    assert {colour.lower() for colour in plots.OKABE_ITO[1:]} <= marks
    order = [inks.contrast(inks.dark_line(grey), inks.PAPER) for grey in ("#c4c4c4", "#888888", "#777777", "#555555")]
    assert order == sorted(order)  # what is faint on white is faint on black


def test_letters_on_paper_take_its_ink_and_those_in_cells_stay() -> None:
    both = drawings.figure(drawn())
    for text, ink in {"0.10": inks.BLACK, "0.20": inks.WHITE}.items():
        (tag,) = re.findall(rf"<text[^>]*>{re.escape(text)}</text>", both.dark)
        assert ink in tag
    (tick,) = re.findall(r"<text[^>]*>12</text>", both.dark)
    assert inks.DARK_INK in tick


def test_a_tile_is_the_same_bytes_in_both_modes_and_the_same_pixels_as_before() -> None:
    both = drawings.figure(saved(plots.gallery([TILE, TILE[::-1]], ["one", "two"])))
    assert embedded(both.light) == embedded(both.dark)
    found = [np.asarray(Image.open(io.BytesIO(file)).convert("RGB")) for file in embedded(both.light)]
    assert np.array_equal(found[0], TILE)
    assert np.array_equal(found[1], TILE[::-1])
    assert all(f">{letters}</text>" in both.light for letters in ("one", "two"))


def test_a_figure_of_very_many_tiles_is_not_heavy() -> None:
    tiles = [np.random.default_rng(i).integers(0, 255, (96, 96, 3), np.uint8) for i in range(24)]
    made = drawings.figure(saved(plots.gallery(tiles)))
    assert sum(map(len, embedded(made.light))) < drawings.HEAVY
    assert np.abs(np.asarray(Image.open(io.BytesIO(embedded(made.light)[0])), int) - tiles[0]).mean() < 60


def test_letters_are_in_the_font_of_the_theme_and_no_smaller_than_they_were() -> None:
    place = Path(importlib.util.find_spec("pydata_sphinx_theme").origin).parent  # type: ignore[union-attr, arg-type]
    styles = (place / "theme/pydata_sphinx_theme/static/styles/pydata-sphinx-theme.css").read_text(encoding="utf-8")
    (stack,) = set(re.findall(r"--pst-font-family-base-system:([^;}]+)", styles))
    plain = [name.strip("\"'") for name in stack.split(",")]
    assert [name.strip("'") for name in drawings.FONT.split(",")] == plain[: plain.index("sans-serif") + 1]
    made = drawings.figure(drawn())
    assert made.light.count("font-family") == 1
    book = Path(importlib.util.find_spec("sphinx_book_theme").origin).parent  # type: ignore[union-attr, arg-type]
    styles = (book / "theme/sphinx_book_theme/static/styles/sphinx-book-theme.css").read_text(encoding="utf-8")
    assert f"--pst-color-background:{inks.PAPER}" in styles
    assert made.width <= drawings.WIDEST == round(plots.WIDTH * plots.STYLE["figure.dpi"])


def test_hatched_dots_are_circles_still() -> None:
    curves = re.search(r'<pattern.*?<path d="([^"]*)"', drawn(), re.DOTALL)
    assert curves
    lean = re.search(r'<pattern.*?<path d="([^"]*)"', drawings.figure(drawn()).light, re.DOTALL)
    assert lean
    dots = [np.array(re.findall(r"[-\d.]+", dot), float).reshape(-1, 2) for dot in curves[1].split("z") if "M" in dot]
    arcs = re.findall(r"M([-\d.]+) ([-\d.]+)a([-\d.]+)", lean[1])
    assert len(arcs) == len(dots) > 50
    for dot, (left, middle, radius) in zip(dots, arcs, strict=True):
        assert np.allclose([float(left), float(middle)], [dot[:, 0].min(), dot[:, 1].mean().round(2)], atol=0.15)
        assert float(radius) == pytest.approx(np.ptp(dot[:, 0]) / 2, abs=0.011)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Three pictures on a page, one of them drawn by hand, and a script that writes another."""
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "a.svg").write_text(
        saved(plots.gallery([TILE] * 3, ["a TILE", "of two\nlines", "B"])), encoding="utf-8"
    )
    (tmp_path / "_images" / "own.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    Image.fromarray(TILE).resize((900, 600)).save(tmp_path / "_images" / "b.png")
    (tmp_path / "index.html").write_text(
        '<main><figure><img alt="A &quot;tile&quot;" src="_images/a.svg" /><figcaption>x</figcaption></figure>'
        '<a href="_images/b.png"><img alt="demo" class="k" src="_images/b.png"></a>'
        '<img alt="own" src="_images/own.svg">'
        """<script>const markup = '<img src="_images/b.png">';</script></main>""",
        encoding="utf-8",
    )
    return tmp_path


def test_a_page_knows_its_pictures_and_fetches_the_first_only(site: Path) -> None:
    from bs4 import BeautifulSoup

    figures(site)
    page = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    light, dark, demo, own = page.find_all("img")
    assert [image.get("loading") for image in (light, dark, demo, own)] == [None, "lazy", "lazy", "lazy"]
    assert light["alt"] == dark["alt"] == 'A "tile" The titles: a TILE; of two lines; B.'
    assert (light["class"], dark["class"], demo["class"]) == (["only-light"], ["only-dark"], ["k", "dark-light"])
    assert (demo["src"], demo["width"], demo["height"]) == ("_images/b.webp", "728", "485")
    assert page.a["href"] == "_images/b.webp"  # type: ignore[index]
    assert page.figcaption.find_previous_sibling("img") is None  # type: ignore[union-attr]
    assert '<img src="_images/b.png">' in page.script.text  # type: ignore[union-attr]
    assert sorted(path.name for path in (site / "_images").iterdir()) == ["a.dark.svg", "a.svg", "b.webp", "own.svg"]


def test_a_picture_on_two_pages_is_made_once(site: Path) -> None:
    pictures, text = Pictures(site), (site / "index.html").read_text(encoding="utf-8")
    assert with_pictures(text, pictures) == with_pictures(text, pictures)


@needs_book
def test_pictures_of_the_book_have_sizes_come_late_and_are_light() -> None:
    from check import soup

    for page in sorted((HTML / "book").glob("*.html")):
        images = [image for image in soup(page).select("article img") if "_images/" in str(image.get("src"))]
        assert all(0 < int(str(image["width"])) <= drawings.WIDEST and image["height"] for image in images), page.name
        assert sum(image.get("loading") != "lazy" for image in images) <= 1, page.name
        assert not [image["src"] for image in images if str(image["src"]).endswith((".png", ".jpg", ".jpeg"))]
        for mode in ("only-dark", "only-light"):
            files = {page.parent / str(image["src"]) for image in images if mode not in image["class"]}
            weight = page.stat().st_size + sum(file.stat().st_size for file in files)
            assert weight < 2_500_000, f"{page.name} weighs {weight / 1e6:.2f} MB"
