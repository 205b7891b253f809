"""The model in the page: how much is loaded, raw and compressed, and how long a question and a picture take.

    python benchmarks/live.py                     # builds the folder anew
    python benchmarks/live.py _build/html         # measures that of a built site

Promised, once loaded: at most 100 ms a question and 1 s a picture. The exit code is 1 if a median is above.
"""

from __future__ import annotations

import base64
import gzip
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_tools"))
import live
from demo_browser import browser_page

from plip_tutorial import microcosm

QUESTION, PICTURE = 100, 1000  # milliseconds
TIMES = 21
PARTS = {
    "loader and one view": ("live.js", "live.css", "kit.js", "view_search.js"),
    "code of the model": (
        "manifest.js", "page.js", "check.js", "worker.js", "tokenizer.js", "transformer.js", "resize.js",
    ),
    "words of PLIP": ("plip-text-*.js",),
    "eyes of PLIP": ("plip-image-*.js",),
    "words of CLIP": ("clip-text-*.js",),
    "eyes of CLIP": ("clip-image-*.js",),
    "tiles": ("gallery.js", "gallery.webp"),
}  # fmt: skip
QUESTIONS = """async (times) => {
    const taken = [];
    for (let i = 0; i < times + 1; i++) {
        const before = performance.now();
        await plipLive.texts([`An H&E image of pools of mucus with few cells ${i}`]);
        taken.push(performance.now() - before);
    }
    return taken.slice(1);
}"""
PICTURES = """async ([file, times]) => {
    const blob = new Blob([Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0))]);
    const taken = [];
    for (let i = 0; i < times + 1; i++) {
        const before = performance.now();
        await plipLive.picture(blob);
        taken.push(performance.now() - before);
    }
    return taken.slice(1);
}"""


def sizes(folder: Path) -> None:
    """Print what each part weighs."""
    print(f"{'kB':24}{'raw':>10}{'gzip':>10}")
    for part, patterns in PARTS.items():
        files = [path.read_bytes() for pattern in patterns for path in folder.glob(pattern)]
        raw, small = sum(map(len, files)), sum(len(gzip.compress(file)) for file in files)
        print(f"{part:24}{raw / 1000:10,.1f}{small / 1000:10,.1f}")


def median(values: list[float]) -> float:
    """The middle one."""
    return sorted(values)[len(values) // 2]


def speeds(root: Path) -> bool:
    """Print the median milliseconds of each request; returns whether all are as quick as promised."""
    page_file = root / "live_benchmark.html"
    page_file.write_text('<script defer src="_static/live/live.js"></script>', encoding="utf-8")
    tile = Image.fromarray(microcosm.render_tile("mucus", seed=1, size=224))
    shown = {"224 px": (224, 224), "1,000 px": (1000, 1000), "3,000 x 2,000 px": (3000, 2000)}
    with browser_page() as page:
        page.goto(page_file.as_uri())
        page_file.unlink()
        found = {"question": (median(page.evaluate(QUESTIONS, TIMES)), QUESTION)}
        for name, size in shown.items():
            with io.BytesIO() as file:
                tile.resize(size).save(file, "jpeg", quality=90)
                told = base64.b64encode(file.getvalue()).decode()
            found[f"picture of {name}"] = median(page.evaluate(PICTURES, [told, TIMES])), PICTURE
    for what, (taken, most) in found.items():
        print(f"{what:28}{taken:8.1f} ms, at most {most} promised")
    return all(taken <= most for taken, most in found.values())


def main() -> int:
    """Measure; returns the exit code."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(sys.argv[1]).resolve() if sys.argv[1:] else Path(made)
        if not sys.argv[1:]:
            live.add_live(root)
        sizes(root / live.PLACE)
        return int(not speeds(root))


if __name__ == "__main__":
    sys.exit(main())
