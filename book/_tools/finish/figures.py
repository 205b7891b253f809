"""Every picture on its page: in light and dark, no heavier than it must be, with its size, and not before it is seen.

A drawing comes as two files, of which the theme shows the one of its mode, and print the light one. They stand in a
frame of their own: beside a hidden picture the theme hides the caption as well. What comes as PNG becomes WebP. A
page knows the size of all its pictures before they arrive, so nothing jumps, and fetches the first one only; others
come when they are scrolled to.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from PIL import Image

from .drawings import WIDEST, Figure, figure, webp

SCRIPT = re.compile(r"(<script\b.*?</script>)", re.DOTALL)
IMAGE = re.compile(r"<img\b[^>]*>")
NAME = re.compile(r"_images/([^/\"]+)$")


class Pictures:
    """The pictures of a site: each is made once, for all pages that show it."""

    def __init__(self, root: Path) -> None:
        """Take the site that lies in ``root``."""
        self.folder = root / "_images"
        self.drawings: dict[str, Figure] = {}
        self.packed: dict[str, str] = {}  # name of a PNG -> of the WebP in its place

    def drawing(self, name: str) -> Figure | None:
        """Write both forms of a drawing; None where the picture is no drawing of `matplotlib`."""
        file = self.folder / name
        if name not in self.drawings and file.suffix == ".svg":
            text = file.read_text(encoding="utf-8")
            if "<dc:title>Matplotlib" in text:
                made = figure(text)
                file.write_text(made.light, encoding="utf-8")
                file.with_suffix(".dark.svg").write_text(made.dark, encoding="utf-8")
                self.drawings[name] = made
        return self.drawings.get(name)

    def pack(self, name: str) -> str:
        """Put a WebP in the place of a PNG; its name."""
        file = self.folder / name
        if name not in self.packed and file.suffix == ".png":
            with Image.open(file) as picture:
                file.with_suffix(".webp").write_bytes(webp(picture))
            file.unlink()
            self.packed[name] = file.with_suffix(".webp").name
        return self.packed.get(name, name)

    def size(self, name: str) -> tuple[int, int] | None:
        """Width and height of a picture on its page, in pixels."""
        if (self.folder / name).suffix == ".svg":
            return None
        with Image.open(self.folder / name) as picture:
            width = min(WIDEST, picture.width)
            return width, round(picture.height * width / picture.width)


def figures(root: Path) -> None:
    """Give all pages of a site their pictures."""
    pictures = Pictures(root)
    for page in sorted(root.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        shown = with_pictures(text, pictures)
        if shown != text:
            page.write_text(shown, encoding="utf-8")


def with_pictures(text: str, pictures: Pictures) -> str:
    """A page with its pictures. What its scripts write is theirs."""
    seen: list[str] = []
    parts = SCRIPT.split(text)
    parts[::2] = [IMAGE.sub(lambda tag: _shown(tag[0], pictures, seen), part) for part in parts[::2]]
    links = lambda link: f'href="{link[1]}_images/{pictures.packed.get(link[2], link[2])}"'  # noqa: E731
    return re.sub(r'href="([^"]*)_images/([^/"]+)"', links, "".join(parts))


def _shown(tag: str, pictures: Pictures, seen: list[str]) -> str:
    """What stands on the page in the place of one picture."""
    image = BeautifulSoup(tag, "html.parser").img
    if not isinstance(image, Tag) or not (found := NAME.search(str(image.get("src", "")))):
        return tag
    name = pictures.pack(found[1])
    image["src"] = str(image["src"]).removesuffix(found[1]) + name
    image["decoding"] = "async"
    if seen:
        image["loading"] = "lazy"
    seen.append(name)
    both = pictures.drawing(name)
    if size := (both.width, both.height) if both else pictures.size(name):
        image["width"], image["height"] = map(str, size)
    if both:
        image["alt"] = _told(str(image.get("alt", "")), both.written)
    image["class"] = [*filter(None, image.get_attribute_list("class")), "only-light" if both else "dark-light"]
    return _in_both(image) if both else str(image)


def _told(alt: str, written: Sequence[str]) -> str:
    """The description of a gallery, with its titles in order if it lacks one of them."""
    known = all(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", alt, re.IGNORECASE) for words in written)
    return alt if known else f"{alt} The titles: {'; '.join(written)}."


def _in_both(image: Tag) -> str:
    """The light form and, fetched only when it is shown, the dark one."""
    light = str(image)
    image["src"] = str(image["src"]).removesuffix(".svg") + ".dark.svg"
    image["class"] = [*image.get_attribute_list("class")[:-1], "only-dark"]
    image["loading"] = "lazy"
    return f'<span class="drawing">{light}{image}</span>'
