"""Pictures that answer: points that move, a map of tiles, a search box.

Each is one piece of HTML that holds its data, its drawing and a few lines of JavaScript (``data/widgets.js``). So it
works in a notebook, in Colab and on a static page, opened from a disk without a network. Sliders and buttons are those
of the browser: they follow the keyboard and speak to screen readers. Nothing moves by itself, and nothing moves at all
for readers whose system asks for stillness.

>>> two = np.array([[0.0, 0.0], [1.0, 1.0]])
>>> moving_points([two, two[::-1]], ["fat", "mucus"])
<moving widget, ... kB>
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

from plip_tutorial.collect import markup
from plip_tutorial.microcosm.tissue import TISSUES
from plip_tutorial.plots.style import in_book
from plip_tutorial.retrieval import search
from plip_tutorial.sources.images import ImageLike, load

if TYPE_CHECKING:
    from plip_tutorial.plip.model import PLIP

QUERIES = (
    *(tissue.phrase for tissue in TISSUES.values()),
    "pools of mucus with few cells", "a sheet of lymphocytes", "empty fat cells", "malignant glands of the colon",
    "benign glands", "melanoma with pigment", "air spaces of the lung", "necrosis", "inflammation",
)  # fmt: skip
APART = 0.8  # UMAP's `min_dist`: so far apart that the islands, and not the sea between them, fill the map
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
    """A map of tiles. The pointer, a finger or a slider chooses a point, and its tile appears.

    Args:
        points: (n, 2) places.
        images: n pictures; shown small, so a page with a thousand of them stays below a megabyte.
        labels: n classes; each has its colour and shape.
        texts: n lines shown with the tiles; the labels without it.
        alt: what there is to see.
    """
    lines = np.asarray([str(text) for text in (labels if texts is None else texts)])
    order = np.argsort(np.asarray([str(label) for label in labels]), kind="stable")  # the slider goes class by class
    places, looks = markup.fit(np.asarray(points, float))[order], markup.looks([str(labels[i]) for i in order])
    pictures = list(load(images))
    if not len(pictures) == len(places) == len(lines):
        raise ValueError(f"{len(places)} points, {len(pictures)} pictures and {len(lines)} texts do not fit together")
    ring = '<circle class="plip-ring" r="24" fill="none" stroke="#000" stroke-width="5" visibility="hidden"/>'
    drawing = markup.svg(markup.marks(places, looks, min(1.0, (CROWD / len(places)) ** 0.5)) + ring, alt)
    shown = '<div class="plip-shown"><div class="plip-tile"></div><output aria-live="polite"></output></div>'
    body = f'<div class="plip-map">{drawing}{shown}</div>' + markup.slider(len(places), "tile") + markup.legend(looks)
    sheet = markup.sheet([pictures[i] for i in order])
    return markup.widget(
        "scatter", body, alt, {"points": places.ravel().tolist(), "texts": lines[order].tolist(), "sheet": sheet}
    )


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
    queries: Sequence[str] = QUERIES,
    k: int = 6,
) -> Any:
    """Type words, see the nearest pictures.

    In a running notebook every search is computed when it is asked for. On the static page, and where ipywidgets is
    not installed, the box knows the ``queries``, whose answers are computed now.

    Args:
        plip: a `PLIP`, or anything with its ``encode_text``.
        embeddings: (n, d) unit vectors of the pictures.
        images: n pictures.
        captions: n texts shown below them, as text.
        queries: searches prepared for the static page.
        k: pictures for each search.
    """
    if in_book():
        return prepared_searches(plip, embeddings, images, captions, queries=queries, k=k)
    try:
        import ipywidgets
    except ImportError:
        return prepared_searches(plip, embeddings, images, captions, queries=queries, k=k)
    box = ipywidgets.Text(value=queries[0], description="Search:", continuous_update=False)
    answer = ipywidgets.HTML()

    def show(_: Any = None) -> None:
        _, found = search(plip.encode_text([box.value]), embeddings, k)
        answer.value = _answers([images[int(i)] for i in found[0]], [captions[int(i)] for i in found[0]])

    box.observe(show, names="value")
    show()
    return ipywidgets.VBox([box, answer])


def prepared_searches(
    plip: PLIP,
    embeddings: ArrayLike,
    images: Sequence[ImageLike],
    captions: Sequence[str],
    *,
    queries: Sequence[str] = QUERIES,
    k: int = 6,
) -> markup.Widget:
    """The search box for a page without a kernel; see `search_box`."""
    _, found = search(plip.encode_text(list(queries)), embeddings, k)
    used, places = np.unique(found, return_inverse=True)
    options = "".join(f'<option value="{escape(query)}">' for query in queries)
    name = f"plip-queries-{crc32(repr(queries).encode())}"
    field = f'<input type="search" list="{name}" placeholder="{escape(queries[0])}" autocomplete="off">'
    body = (
        f'<div class="plip-controls"><label>Search: {field}</label><datalist id="{name}">{options}</datalist></div>'
        '<output aria-live="polite"></output><ol class="plip-answers"></ol>'
    )
    data = {
        "queries": list(queries),
        "answers": places.reshape(found.shape).tolist(),
        "texts": [str(captions[int(i)]) for i in used],
        "sheet": markup.sheet(list(load([images[int(i)] for i in used]))),
    }
    return markup.widget("search", body, "Search box for tiles", data)


def _answers(pictures: Sequence[ImageLike], captions: Sequence[str]) -> str:
    """Pictures with their captions below, as HTML; captions are escaped."""
    items = "".join(
        f'<li><img src="{markup.address(picture)}" alt="tile that was found" width="112"><br>{escape(caption)}</li>'
        for picture, caption in zip(load(pictures), captions, strict=True)
        if picture is not None
    )
    style = f"<style>{markup.file('widgets.css')}</style>"
    return f'{style}<div class="plip-widget"><ol class="plip-answers">{items}</ol></div>'
