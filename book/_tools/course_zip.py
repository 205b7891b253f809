"""Write ``_build/plip-course-VERSION.zip``: all that a teacher needs, with the network off. `make course` calls it.

    notebooks/     students' and teachers'
    slides/        one deck a unit: pages that need no network (open index.html), and PDFs
    questions/     GIFT, QTI 2.1, and the key
    book/          the built book; book/teachers_guide.html has the plans

The book has to be built first: slides show the figures that its pages show.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import addresses
import course
import exports
import jupytext
import nbformat
import slides
from build import CACHE, HTML
from demo_browser import browser_page, chromium
from jupyter_cache import get_cache
from nbformat import NotebookNode
from tqdm.auto import tqdm

BUILD = addresses.ROOT / "_build"
README = """\
# The course "{title}", version {version}

Begin with book/index.html and book/book/teachers_guide.html; both open from the disk. What lies where:

- notebooks/student, notebooks/teacher: the units. They need the package: pip install the wheel in packages/, or see
  book/book/how_to_use.html. Tell students the address of their notebook in Colab, or give them the folder.
- slides: open slides/index.html; the key S shows the notes of the speaker. slides/pdf has the same for paper, without
  the notes.
- questions: questions.gift for Moodle, questions-qti.zip for others, key.csv for you alone.
- LICENSE: the code is MIT; texts and figures are CC BY 4.0.

For teaching only. Not a medical device.
"""
CONF = """\
project = {title!r}
extensions = ["myst_parser", "sphinx_revealjs"]
myst_enable_extensions = ["colon_fence"]
revealjs_style_theme = "white"
revealjs_static_path = ["own"]
revealjs_css_files = ["own.css"]
revealjs_script_conf = {{"hash": True, "slideNumber": True, "center": False, "width": 1280, "height": 720}}
revealjs_script_plugins = [
    {{"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"}},
]
suppress_warnings = ["myst.header"]
"""
CSS = """\
.reveal { font-size: 32px; }
.reveal .slides, .reveal .slides section, .reveal .slides p { text-align: left; }
.reveal h1 { font-size: 1.7em; } .reveal h2 { font-size: 1.4em; text-transform: none; }
.reveal h1, .reveal h2 { text-align: left; text-transform: none; }
.reveal section img { max-width: 100%; object-fit: contain; object-position: left; margin: 0.4em 0; }
.reveal section pre { font-size: 0.6em; }
.reveal table { font-size: 0.62em; margin: 0.4em 0; }
.reveal table td, .reveal table th { padding: 0.15em 0.5em; }
.reveal .slides td p, .reveal .slides th p { margin: 0; }
.reveal table:has(tr:nth-child(7)),
.reveal section:has(h2 + p + table) table:has(td:nth-child(2):last-child) { font-size: 0.5em; }
.reveal section ul { font-size: 0.9em; }
html.reveal-print .reveal section img, html.print-pdf .reveal section img { max-height: 380px; }
.reveal pre { width: 100%; box-shadow: none; }
"""


def executed(unit: str) -> NotebookNode:
    """The source of a unit with the outputs of the last build.

    Raises:
        SystemExit: if the book has not been built since the unit was changed.
    """
    try:
        _, ran = get_cache(CACHE).merge_match_into_notebook(
            nbformat.read(course.BOOK / f"{unit}.ipynb", nbformat.NO_CONVERT)
        )
    except KeyError:
        raise SystemExit(f"{unit} has not been built as it is now. Run: make book") from None
    book = jupytext.read(course.BOOK / f"{unit}.py")
    checks = [cell for cell in ran.cells if "check" in cell.metadata.get("tags", [])]  # the source has none
    outputs = [cell.outputs for cell in ran.cells if cell.cell_type == "code" and cell not in checks]
    for cell, found in zip((c for c in book.cells if c.cell_type == "code"), outputs, strict=True):
        cell.outputs = found
    return book


def write_slides(folder: Path, units: list[str]) -> dict[str, int]:
    """Build the decks as pages and PDFs into ``folder``; how many slides each has."""
    source = BUILD / "slides"
    shutil.rmtree(source, ignore_errors=True)
    (source / "own").mkdir(parents=True)
    (source / "own" / "own.css").write_text(CSS, encoding="utf-8")
    (source / "conf.py").write_text(CONF.format(title=addresses.config()["title"]), encoding="utf-8")
    decks = {unit: slides.deck(executed(unit), unit) for unit in units}
    for unit, deck in decks.items():
        slides.source(deck, source, unit)
    listed = [f"- [{deck[0].title}]({unit}.md)" for unit, deck in decks.items()]
    pages = ["\n".join(listed[start : start + 9]) for start in range(0, len(listed), 9)]
    (source / "index.md").write_text("# Slides\n\n" + "\n\n## More\n\n".join(pages) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "revealjs", str(source), str(folder)]
    subprocess.run(command, check=True)
    shutil.rmtree(folder / ".doctrees", ignore_errors=True)
    write_pdfs(folder, units)
    return {unit: len(deck) for unit, deck in decks.items()}


def write_pdfs(folder: Path, units: list[str]) -> None:
    """Print each deck; without a Chromium or Chrome there are no PDFs, and that is said."""
    if chromium() is None:
        print("no Chromium or Chrome is installed, so there are no PDFs of the slides")
        return
    (folder / "pdf").mkdir(exist_ok=True)
    with browser_page() as page:
        for unit in tqdm(units, desc="printing", unit="deck"):
            page.goto(f"{(folder / f'{unit}.html').as_uri()}?print-pdf", wait_until="load")
            page.wait_for_selector(".pdf-page")
            page.pdf(path=str(folder / "pdf" / f"{unit}.pdf"), prefer_css_page_size=True, print_background=True)


def write_questions(folder: Path, units: list[str]) -> None:
    """The questions in both formats, and their key."""
    folder.mkdir(parents=True)
    (folder / "questions.gift").write_text(exports.gift(units), encoding="utf-8")
    (folder / "questions-qti.zip").write_bytes(exports.qti(units))
    (folder / "key.csv").write_text(exports.key(units), encoding="utf-8")


def main() -> int:
    """Gather and zip; prints what is in it."""
    if not (HTML / "index.html").exists():
        raise SystemExit("there is no built book. Run: make book")
    from kernels import wheel

    version, units = addresses.project()["version"], course.units()
    folder = BUILD / f"plip-course-{version}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(addresses.ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(HTML, folder / "book", ignore=shutil.ignore_patterns("*.map", "reports"))
    counted = write_slides(folder / "slides", units)
    write_questions(folder / "questions", units)
    (folder / "packages").mkdir()
    wheel(folder / "packages")
    shutil.copy(addresses.ROOT / "LICENSE", folder)
    told = README.format(title=addresses.config()["title"], version=version)
    (folder / "README.md").write_text(told, encoding="utf-8")
    target = folder.with_suffix(folder.suffix + ".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            written.write(path, path.relative_to(folder.parent))
    print(*(f"{unit}: {number} slides" for unit, number in counted.items()), sep="\n")
    print(f"{target.relative_to(addresses.ROOT)}: {target.stat().st_size / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
