"""What each page of the built site weighs, whom it asks, and whether anything in it fails: measured in Chromium.

    python book/_tools/weights.py            # a line a page, the heaviest first, then what does not hold

A page's weight is what a server sends that packs with gzip: the page, scripts, style sheets, fonts. Pictures count by
themselves, those that stand as text within the page (``data:``) among them. All that load late are made to load,
but for the dark forms of drawings, which a reader of the light page never fetches.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from addresses import home
from demo_browser import browser_page
from finish.head import ARTICLE

HTML = Path(__file__).parents[2] / "_build" / "html"
BEFORE_PICTURES, WHOLE = 600_000, 2_500_000  # bytes that a page may weigh
EMBEDDED = re.compile(r"data:image/[\w.+-]+;base64,([A-Za-z0-9+/=]+)")
LOAD_ALL = """() => Promise.allSettled([...document.querySelectorAll("img:not(.only-dark)")].map(image => {
    image.loading = "eager";
    return Promise.race([image.decode(), new Promise(done => setTimeout(done, 2000))]);
}))"""


@dataclass(frozen=True)
class Weight:
    """Bytes of a page, packed and as they lie on the disk; its pictures; whom it asked; what failed."""

    page: str
    packed: int
    raw: int
    pictures: int
    requests: int
    outside: tuple[str, ...]
    faults: tuple[str, ...]

    def problems(self) -> Iterator[str]:
        """What does not hold, in words."""
        if self.packed > BEFORE_PICTURES:
            yield f"{self.page} weighs {self.packed:,} bytes before its pictures, more than {BEFORE_PICTURES:,}"
        if self.packed + self.pictures > WHOLE:
            yield f"{self.page} weighs {self.packed + self.pictures:,} bytes, more than {WHOLE:,}"
        yield from (f"{self.page} asks {address}, outside of the site" for address in self.outside)
        yield from (f"{self.page} has an error: {fault}" for fault in self.faults)


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site where GitHub does, below the name of the repository, and keeps no log."""

    def translate_path(self, path: str) -> str:
        """The file of an address."""
        return super().translate_path(path.replace(home(), "/", 1))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Show the page for a wrong address, as GitHub does, if there is one."""
        lost = Path(self.directory) / "404.html"
        if not lost.exists():
            return super().send_error(code, message, explain)
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(lost.read_bytes())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of the site, as a server sends it, on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{home()}"
    finally:
        server.shutdown()
        server.server_close()


@cache
def sizes(path: Path) -> tuple[int, int, int]:
    """Bytes of a file packed, as it is, and of the pictures within it, which do not count in the first two."""
    if path.suffix != ".html":
        content = path.read_bytes()
        return len(gzip.compress(content)), len(content), 0
    text = path.read_text(encoding="utf-8")
    content = EMBEDDED.sub("", text).encode()
    return len(gzip.compress(content)), len(content), sum(len(one) * 3 // 4 for one in EMBEDDED.findall(text))


def pages(root: Path) -> list[str]:
    """Addresses of the pages that somebody reads, below the root; not those that only lead on."""
    found = (path for path in sorted(root.rglob("*.html")) if "_static" not in path.parts)
    return [path.relative_to(root).as_posix() for path in found if ARTICLE in path.read_text("utf-8")] + ["search.html"]


def weigh(root: Path, names: list[str]) -> list[Weight]:
    """Open pages one after the other, as a reader who comes for the first time."""
    asked: list[Any] = []
    faults: list[str] = []
    weights = []
    with served(root) as site, browser_page() as browser:
        browser.on("request", lambda request: asked.append(request))
        browser.on("pageerror", lambda error: faults.append(str(error)))
        browser.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        for name in names:
            asked.clear()
            faults.clear()
            browser.goto(f"{site}{name}", wait_until="load")
            browser.evaluate(LOAD_ALL)
            weights.append(_summed(name, root, site, {one.url: one.resource_type for one in asked}, tuple(faults)))
    return weights


def _summed(name: str, root: Path, site: str, asked: dict[str, str], faults: tuple[str, ...]) -> Weight:
    packed = raw = pictures = 0
    for address, type_ in asked.items():
        file = root / unquote(urlsplit(address).path).removeprefix(home())
        if not address.startswith(site) or not file.is_file():
            continue
        small, whole, embedded = sizes(file)
        if type_ == "image":
            pictures += whole
        else:
            packed, raw, pictures = packed + small, raw + whole, pictures + embedded
    outside = tuple(address for address in asked if not address.startswith((site, "data:", "blob:")))
    return Weight(name, packed, raw, pictures, len(asked), outside, faults)


def main() -> int:
    """Print the table, and what does not hold."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("root", nargs="?", type=Path, default=HTML, help="the built site")
    root = options.parse_args().root.resolve()
    weights = sorted(weigh(root, pages(root)), key=lambda one: one.packed + one.pictures, reverse=True)
    print(f"{'page':40} {'packed':>8} {'raw':>8} {'pictures':>8} kB  requests")
    for one in weights:
        print(
            f"{one.page:40} {one.packed / 1e3:8.0f} {one.raw / 1e3:8.0f} {one.pictures / 1e3:8.0f}     {one.requests:8}"
        )
    maps = [f"{path.relative_to(root)} is a map that no reader needs" for path in root.rglob("*.map")]
    problems = [*maps, *(problem for one in weights for problem in one.problems())]
    print("\n".join(problems) or f"All {len(weights)} pages hold the limits.")
    return len(problems) > 0


if __name__ == "__main__":
    sys.exit(main())
