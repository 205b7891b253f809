"""The demo: search tiles by words or by a picture, and classify with labels of your own.

    python -m plip_tutorial demo [FOLDER]

It runs in Streamlit, on this machine only. Captions and labels are shown as text, never as HTML.

The server listens on 127.0.0.1. A page of somebody else could still give that address a name of its own and ask from
the reader's browser, so the app answers only to the names in `HOSTS`, where Streamlit has the option
``server.allowedHosts``. Whoever reaches the app by another name, through a proxy, sets
``STREAMLIT_SERVER_ALLOWED_HOSTS``. The empty frame of the page, without a picture or a word, is sent to any name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMIT = 10  # megabytes of an uploaded picture
SHOWN = 8
HOSTS = "localhost 127.0.0.1"  # names under which the app answers; by spaces, as Streamlit reads them
UPLOADS = ["png", "jpg", "jpeg", "jfif", "jpe", "tif", "tiff", "webp", "bmp", "gif", "jp2", "avif"]


def run(argv: Sequence[str] = ()) -> None:
    """Start the app on localhost and wait until it is stopped, by Ctrl-C or SIGTERM.

    The server runs in this process, so however the process ends, the server ends with it.

    Raises:
        ImportError: if Streamlit is not installed.
        KeyboardInterrupt: when it has been stopped: nothing else ends it.
    """
    try:
        from streamlit.web import cli
    except ImportError as error:
        raise ImportError('the demo needs Streamlit: pip install "plip-tutorial[demo]"') from error
    os.environ.setdefault("STREAMLIT_SERVER_ALLOWED_HOSTS", HOSTS)
    options = ["--server.address=127.0.0.1", f"--server.maxUploadSize={LIMIT}", "--browser.gatherUsageStats=false"]
    cli.main(["run", __file__, *options, "--", *argv], standalone_mode=False)
    raise KeyboardInterrupt


def gallery(folder: Path | None) -> tuple[Sequence[Any], list[str]]:
    """Pictures as they are stored and a text for each: a folder ``class/file``, or the corpus of the tiny track."""
    if folder:
        from plip_tutorial.sources.own_tiles import read_folder

        tiles = read_folder(folder)
        return tiles["image"], [str(file) for file in tiles["file"]]
    from plip_tutorial import artifacts

    pairs = artifacts.corpus()
    pairs = pairs.select(range(min(600, len(pairs))))
    return pairs["image"], list(pairs["text"])


def nearest(vectors: NDArray[np.float32], query: NDArray[np.float32], k: int = SHOWN) -> list[int]:
    """Places of the k vectors (n, d) nearest to a query (d,), the nearest first."""
    return [int(i) for i in np.argsort(-(vectors @ query), kind="stable")[:k]]


def page(folder: Path | None = None) -> None:
    """Draw the page; Streamlit runs this again at each change."""
    import streamlit as st

    st.set_page_config(page_title="PLIP demo")
    st.title("Search pathology tiles")
    st.caption("For teaching. Not a medical device.")
    try:
        plip, pictures, texts, vectors = _loaded(str(folder) if folder else "")
    except (FileNotFoundError, ValueError) as error:  # of `read_folder`; its message names what to do
        st.error("This folder cannot be shown.")
        st.text(str(error))
        return
    by_words, by_picture, by_labels = st.tabs(["By words", "By picture", "Classify"])
    with by_words:
        words = st.text_input("Words", "adipose tissue", max_chars=300)
        if words.strip():
            _show(pictures, texts, nearest(vectors, plip.encode_text([words])[0]))
    with by_picture:
        query = _uploaded("A picture to search with", "search")
        if query is not None:
            _show(pictures, texts, nearest(vectors, plip.encode_images([query])[0]))
    with by_labels:
        written = st.text_area("Labels, one a line", "benign tissue\nmalignant tissue", max_chars=2000)
        labels = [label.strip() for label in written.split("\n")]
        query = _uploaded("A picture to classify", "classify")
        if query is not None and any(labels):
            _classify(plip, query, [label for label in labels if label])


def _loaded(folder: str) -> tuple[Any, Sequence[Any], list[str], NDArray[np.float32]]:
    """Model, pictures, texts and vectors, once for all visits."""
    import streamlit as st

    from plip_tutorial import artifacts, tracks
    from plip_tutorial.plip.model import PLIP

    @st.cache_resource(show_spinner="Loading the model and the tiles ...")
    def load(where: str) -> tuple[Any, Sequence[Any], list[str], NDArray[np.float32]]:
        plip = PLIP(artifacts.checkpoint(tracks.current().plip))
        pictures, texts = gallery(Path(where) if where else None)
        return plip, pictures, texts, plip.encode_images(pictures, 128)

    found: tuple[Any, Sequence[Any], list[str], NDArray[np.float32]] = load(folder)
    return found


def _uploaded(label: str, key: str) -> Any:
    """The uploaded picture as RGB, or None with a message if it cannot be read."""
    import streamlit as st

    from plip_tutorial.sources.images import UnreadableImageError, to_rgb

    file = st.file_uploader(label, type=UPLOADS, key=key)
    if file is None:
        return None
    if file.size > LIMIT * 1024**2:  # the server refuses this, too, unless somebody started it with other settings
        st.error(f"This picture cannot be used: it has more than {LIMIT} MB")
        return None
    try:
        return to_rgb(file.getvalue())
    except UnreadableImageError as error:
        st.error(f"This picture cannot be used: {_plainly(error.reason)}")
        return None


def _plainly(reason: str) -> str:
    """Two of Pillow's reasons in words for people: it names a buffer in memory, and an attack."""
    if "cannot identify" in reason:
        return "the file is damaged or no picture"
    return "it claims to hold more pixels than can be decoded safely" if "decompression bomb" in reason else reason


def _show(pictures: Sequence[Any], texts: Sequence[str], places: Sequence[int]) -> None:
    import streamlit as st

    from plip_tutorial.sources.images import to_rgb

    for column, place in zip(st.columns(4) * (len(places) // 4 + 1), places, strict=False):
        column.image(to_rgb(pictures[place]), width=150)  # a browser knows no 16 bits, fractions or LAB
        column.text(texts[place])


def _classify(plip: Any, query: Any, labels: list[str]) -> None:
    import streamlit as st

    from plip_tutorial import zero_shot

    classes = zero_shot.classifier(plip, labels, "An H&E image of {}")
    chances = zero_shot.probabilities(zero_shot.predict(plip.encode_images([query]), classes)[1], plip.logit_scale)[0]
    for label, chance in sorted(zip(labels, chances, strict=True), key=lambda pair: -pair[1]):
        st.text(f"{chance:.2f}  {label}")


if __name__ == "__main__":
    page(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
