"""The book for a place without a network: one PDF, and a zip of the site. `make offline` calls it.

Both carry the version in their names and lie in ``_build``. The site is unpacked again, into a folder with an awkward
name, and every page of it is looked at in a browser that has no network.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import addresses
import yaml
from build import BUILD, HTML
from demo_browser import browser_page, chromium


def main() -> int:
    """Print, zip, look; returns the exit code."""
    if not (HTML / "index.html").exists():
        raise SystemExit("there is no built book. Run: make book")
    if chromium() is None:
        raise SystemExit(
            "make offline prints with Chromium or Chrome, and neither is installed. On Debian and Ubuntu: "
            "apt install chromium; elsewhere: https://www.google.com/chrome. The site itself is in _build/html."
        )
    import book_pdf
    import book_zip

    contents = yaml.safe_load((addresses.ROOT / "_toc.yml").read_text(encoding="utf-8"))
    places = [chapter.place for chapter in book_pdf.chapters(contents)]
    name = f"plip-book-{addresses.project()['version']}"
    with browser_page(viewport={"width": 1280, "height": 900}) as page, tempfile.TemporaryDirectory() as folder:
        page.context.set_offline(True)
        pdf = BUILD / f"{name}.pdf"
        book = book_pdf.bound(page, HTML, contents)
        book.write(pdf)
        print(
            f"{pdf.relative_to(addresses.ROOT)}: {len(book.pages)} pages, {pdf.stat().st_size / 1e6:.1f} MB", flush=True
        )
        archive = book_zip.zipped(HTML, BUILD / f"{name}.zip")
        root = book_zip.unzipped(archive, Path(folder) / "a folder, in Zürich #1")
        found = list(book_zip.faults(page, root, places))
    size = f"{archive.stat().st_size / 1e6:.1f} MB"
    print(f"{archive.relative_to(addresses.ROOT)}: {len(places)} chapters, {size}; open index.html")
    print(*(f"broken without a network: {fault}" for fault in found), sep="\n", end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
