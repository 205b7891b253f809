"""Pictures that answer: points that move, a map of tiles, a search box.

Each is one piece of HTML that holds its data, its drawing and a few lines of JavaScript (``data/widgets.js``). So it
works in a notebook, in Colab and on a static page, opened from a disk without a network. A search needs a model: that
of the notebook, or the one that the book's site brings along. Sliders and buttons are those
of the browser: they follow the keyboard and speak to screen readers. Nothing moves by itself, and nothing moves at all
for readers whose system asks for stillness.

>>> two = np.array([[0.0, 0.0], [1.0, 1.0]])
>>> moving_points([two, two[::-1]], ["fat", "mucus"])
<moving widget, ... kB>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plip_tutorial.plots import markup
from plip_tutorial.plots.style import in_book
from plip_tutorial.retrieval import search
from plip_tutorial.sources.images import ImageLike, load, to_rgb

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP

APART = 0.8  # UMAP's `min_dist`: so far apart that the islands, and not the sea between them, fill the map
ON_PAGE = 200  # pictures of a search on a page of the book, 400 kB
CROWD = 300  # points of a map beyond which they are drawn smaller, or they would hide each other


def moving_points(
    frames: Sequence[ArrayLike],
    labels: Sequence[str],
    *,
    symbols: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    alt: str = "Points that move from frame to frame.",
) -> markup.Widget:
    """Points in the plane that move: a slider chooses the frame, a button plays. Without a script the last is shown.

    Args:
        frames: f arrays (n, 2).
        labels: n names; each has its colour.
        symbols: n names; each has its shape. If the second half has other symbols than the first, a line joins point
            i with point i + n / 2, its partner.
        names: f names, such as "step 10".
        alt: what there is to see, for readers who cannot.

    Raises:
        ValueError: if the numbers of points, labels and symbols differ.
    """
    places = markup.fit(np.stack([np.asarray(frame, float)[:, :2] for frame in frames]))
    kinds = list(symbols) if symbols is not None else [""] * len(labels)
    if not places.shape[1] == len(labels) == len(kinds):
        raise ValueError(f"{places.shape[1]} points, {len(labels)} labels and {len(kinds)} symbols do not fit together")
    half = len(kinds) // 2 if not set(kinds[: len(kinds) // 2]) & set(kinds[len(kinds) // 2 :]) else 0
    looks = markup.looks(labels, kinds)
    drawing = markup.lines(places[-1], half) + markup.marks(places[-1], looks)
    titles = list(names) if names is not None else [f"frame {i + 1} of {len(places)}" for i in range(len(places))]
    body = (
        markup.svg(drawing, alt)
        + markup.slider(len(places), "moment", '<button type="button">Play</button>')
        + markup.legend(looks)
    )
    return markup.widget("moving", body, alt, {"frames": places.reshape(len(places), -1).tolist(), "names": titles})


def scatter_with_tiles(
    points: ArrayLike,
    images: Iterable[ImageLike],
    labels: Sequence[str],
    *,
    texts: Sequence[str] | None = None,
    alt: str = "Map of tiles: each point is a tile, each colour a class.",
) -> markup.Widget:
    """A map of tiles. The pointer, a finger, a slider or two buttons choose a point, and its tile appears.

    A class can be chosen: then its points stand out, and everything walks through them alone, from left to right.

    Args:
        points: (n, 2) places.
        images: n pictures; shown small: each adds about 1.2 kB to the page.
        labels: n classes; each has its colour and shape.
        texts: n lines shown with the tiles; the labels without it.
        alt: what there is to see.
    """
    lines = np.asarray([str(text) for text in (labels if texts is None else texts)])
    places, pictures = markup.fit(np.asarray(points, float)), list(load(images))
    if not len(pictures) == len(places) == len(lines) == len(labels):
        counts = f"{len(places)} points, {len(pictures)} pictures, {len(labels)} labels and {len(lines)} texts"
        raise ValueError(f"{counts} do not fit together")
    order = np.lexsort((places[:, 0], np.asarray([str(label) for label in labels])))
    looks = markup.looks([str(labels[i]) for i in order])
    kinds, size = Counter(looks), min(1.0, (CROWD / len(places)) ** 0.5)
    sheet = markup.sheet([pictures[i] for i in order])
    ring = '<circle class="plip-ring" r="24" fill="none" stroke-width="5" visibility="hidden"/>'
    drawing = markup.svg(markup.grouped_marks(places[order], looks, size) + ring, alt, places)
    body = (
        f'<div class="plip-map">{drawing}<div class="plip-shown">'
        f'{markup.crop(sheet, len(pictures))}<output aria-live="off"></output></div></div>'
        + markup.classes(kinds)
        + markup.slider(len(places), "tile", *markup.STEPS)
    )
    told = {
        "points": places[order].ravel().tolist(),
        "texts": lines[order].tolist(),
        "classes": [[look.name, count] for look, count in kinds.items()],
        "columns": sheet["columns"],
    }
    return markup.widget("scatter", body, alt, told)


def space(
    embeddings: ArrayLike,
    images: Iterable[ImageLike],
    labels: Sequence[str],
    *,
    texts: Sequence[str] | None = None,
    most: int = 900,
    seed: int = 0,
) -> markup.Widget:
    """UMAP (McInnes et al. 2018) of embeddings (n, d), drawn with `scatter_with_tiles`.

    Args:
        embeddings: (n, d).
        images: n pictures.
        labels: n classes.
        texts: n lines shown with the tiles; the labels without it.
        most: points at most; of more, every second or third is shown.
        seed: of UMAP.
    """
    try:
        from umap import UMAP
    except ImportError as error:
        raise ImportError('the map needs umap-learn: pip install "plip-tutorial[book]"') from error
    rows = np.unique(np.linspace(0, len(labels) - 1, min(most, len(labels))).astype(int))
    pictures = [picture for i, picture in enumerate(images) if i in set(rows.tolist())]
    vectors = np.asarray(embeddings, np.float32)[rows]
    neighbours = min(15, len(rows) - 1)
    reducer = UMAP(metric="cosine", n_neighbors=neighbours, min_dist=APART, random_state=seed, n_jobs=1)
    points = reducer.fit_transform(vectors)
    lines = [str((labels if texts is None else texts)[i]) for i in rows]
    return scatter_with_tiles(points, pictures, [labels[i] for i in rows], texts=lines)


def search_box(
    plip: PLIP,
    embeddings: ArrayLike,
    images: Sequence[ImageLike],
    captions: Sequence[str],
    *,
    asked: str = "pools of mucus with few cells",
    k: int = 6,
) -> Any:
    """Type words, see the nearest pictures.

    In a running notebook ``plip`` reads the words. A page of the book has no kernel: there the words are read by the
    tiny PLIP that the book's site brings along, so the embeddings must be its own. Of a large gallery a page holds
    `ON_PAGE` pictures, evenly spread.

    Args:
        plip: a `PLIP`, or anything with its ``encode_text``.
        embeddings: (n, d) unit vectors of the pictures.
        images: n pictures.
        captions: n texts shown below them, as text.
        asked: what stands in the field at first.
        k: pictures for each search.
    """
    if in_book():
        return _live_search(np.asarray(embeddings), images, captions, asked, k)
    if find_spec("ipywidgets") is None:
        return markup.Widget("search", "<p>The search box needs ipywidgets: <code>pip install ipywidgets</code></p>")
    import ipywidgets

    box = ipywidgets.Text(value=asked, description="Search:", continuous_update=False)
    answer = ipywidgets.HTML()

    def show(_: Any = None) -> None:
        _, found = search(plip.encode_text([box.value]), embeddings, k)
        items = "".join(
            f'<li><img src="{markup.address(picture)}" alt="tile that was found" width="112"><br>{told}</li>'
            for picture, told in ((to_rgb(images[i]), escape(captions[i])) for i in found[0].tolist())
        )
        style = f"<style>{markup.file('widgets.css')}</style>"
        answer.value = f'{style}<div class="plip-widget"><ol class="plip-answers">{items}</ol></div>'

    box.observe(show, names="value")
    show()
    return ipywidgets.VBox([box, answer])


def _live_search(
    embeddings: NDArray[Any], images: Sequence[ImageLike], captions: Sequence[str], asked: str, k: int
) -> markup.Widget:
    """The gallery for the search of the book's site, ``book/live/view_search.js``, which brings the model."""
    rows = np.unique(np.linspace(0, len(captions) - 1, min(ON_PAGE, len(captions))).astype(int))
    sheet = markup.sheet(list(load([images[int(i)] for i in rows])))
    gallery = {
        "n": len(rows), "side": 64, "columns": sheet["columns"], "sheet": sheet["picture"],
        "captions": [str(captions[int(i)]) for i in rows],
        "vectors": {"plip": markup.numbers(embeddings[rows])},
    }  # fmt: skip
    told = "<p>Here words search the gallery, on the pages of the book with JavaScript switched on.</p>"
    options = f'data-live="search" data-asked="{escape(asked)}" data-k="{k}"'
    return markup.Widget("search", f'<div class="plip-live" {options}>{told}{markup.packed(gallery)}</div>')
