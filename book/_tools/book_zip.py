"""The site as a zip that works unpacked in any folder, and a look at it in a browser that has no network.

What is asked of each page: nothing is fetched but files, every picture comes, every formula is set, whatever has a
slider answers to it, and nothing is complained of. And the search finds.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from book_pdf import LOADED

LEFT = {".map", ".pickle", ".buildinfo", ".log"}  # endings of what no reader opens
LOOK = """() => ({
    pictures: [...document.images].filter((picture) => !picture.naturalWidth && !picture.matches(".only-dark"))
        .map((picture) => picture.getAttribute("src")),
    formulas: [...document.querySelectorAll(".math, mjx-container")].map((box) => box.innerText.trim())
        .filter((text) => /^\\\\[([]/.test(text)),
})"""
ANSWERS = """(slider) => {
    const box = slider.closest(".plip-widget, [data-plip]") || slider.parentElement;
    const told = () => slider.getAttribute("aria-valuetext") + box.innerText + box.innerHTML.length;
    const before = told();
    slider.value = slider.value === slider.min ? slider.max : slider.min;
    ["input", "change"].forEach((kind) => slider.dispatchEvent(new Event(kind, {bubbles: true})));
    return told() !== before;
}"""

#: What a box shows only when it has been asked: tokens, a table, a map.
ANSWERED = ".plip-live-results :is(.plip-live-tokens, table, canvas)"


def zipped(root: Path, target: Path) -> Path:
    """Write the site into a zip, in a folder of the zip's name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            place = path.relative_to(root)
            if path.suffix not in LEFT and path.name not in LEFT and place.parts[0] != "reports":
                archive.write(path, Path(target.stem) / place)
    return target


def unzipped(archive: Path, folder: Path) -> Path:
    """Unpack a site; its root."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    return folder / archive.stem


def faults(page: Any, root: Path, places: Sequence[str], search: str = "temperature") -> Iterator[str]:
    """What does not hold in a site that lies on a disk, in words.

    Args:
        page: a page of Playwright; its network is switched off.
        root: the unpacked site.
        places: its pages, without ending.
        search: a word that the site's search must find.
    """
    page.context.set_offline(True)
    heard: list[str] = []
    page.on("request", lambda request: _outside(request.url) and heard.append(f"asked for {request.url}"))
    page.on("requestfailed", lambda request: heard.append(f"did not get {request.url}: {request.failure}"))
    page.on("pageerror", lambda error: heard.append(f"failed: {error}"))
    for place in places:
        page.goto((root / f"{place}.html").as_uri(), wait_until="load")
        page.evaluate(LOADED)
        seen = page.evaluate(LOOK)
        yield from (f"{place} shows no picture {source}" for source in seen["pictures"])
        yield from (f"{place} has a formula that is not set: {text[:60]}" for text in seen["formulas"])
        dead = [slider for slider in page.locator("input[type=range]").all() if not slider.evaluate(ANSWERS)]
        yield from (f"{place} has a slider that moves nothing" for _ in dead)
        for box in page.locator("[data-live]").all():  # the model comes from the disk, and answers
            box.locator("button[type=submit]").first.click()
            try:
                box.locator(ANSWERED).first.wait_for(timeout=60_000)
            except Exception:
                yield f"{place} has a box that does not answer: {box.locator('[role=status]').inner_text()!r}"
        page.wait_for_load_state("networkidle")
        yield from (f"{place} {what}" for what in heard)
        heard.clear()
    page.goto((root / "search.html").as_uri() + f"?q={search}", wait_until="load")
    try:
        page.locator("#search-results li a").first.wait_for(timeout=20_000)
    except Exception:
        yield f"the search does not find {search!r}"
    yield from (f"search {what}" for what in heard if "asked" in what)


def _outside(address: str) -> bool:
    return not address.startswith(("file:", "data:", "blob:", "about:"))
