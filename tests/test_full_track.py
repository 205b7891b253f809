"""Every page that knows of tracks, as readers get it, in the full one, by the real clients, from a hub on this machine.

The models are those of the tiny track and the sets have few tiles, so this is no test of a result. It is a test of
names, columns, files and calls: of what the first run on a GPU must not stumble over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from standin_content import add_model, add_sets, add_vit
from standin_hub import Hub, serve

from plip_tutorial import artifacts, tracks
from plip_tutorial.sources import slides
from plip_tutorial.storage import cache

ROOT = Path(__file__).parents[1]
NOTEBOOKS = {
    path: nbformat.read(path, as_version=4) for path in sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))
}
CODE = {
    page: "\n".join(re.sub("(?m)^#.*", "", cell.source) for cell in notebook.cells if cell.cell_type == "code")
    for page, notebook in NOTEBOOKS.items()
}
PAGES = [page for page, code in CODE.items() if "tracks.current()" in code]
TILES = 180  # in each split of each set


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with serve(Hub()) as server:
        add_model(server, tracks.FULL.clip, artifacts.tiny_clip())
        add_model(server, tracks.FULL.plip, artifacts.tiny_plip())
        add_vit(server)
        add_sets(server, TILES)
        yield server


def slide() -> dict[str, str]:
    """Where the slide lies, so that no page fetches it again."""
    try:
        return {slides.OWN: str(slides.small_region())}
    except slides.SlideFetchError:
        return {}


@pytest.fixture(scope="module")
def environment(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a machine that has nothing from the hub so far."""
    place = tmp_path_factory.mktemp("full-track")
    changed = {"HF_ENDPOINT": hub.address, "HF_HOME": str(place / "hf"), "HF_DATASETS_CACHE": str(place / "datasets")}
    changed |= {cache.VARIABLE: str(place / "cache"), tracks.VARIABLE: "full", **slide()}
    return {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"} | changed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_in_the_full_track(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    if "slides.small_region()" in CODE[page] and slides.OWN not in environment:
        pytest.skip("the real slide cannot be had")
    resources = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(NOTEBOOKS[page], timeout=600, kernel_name="python3", resources=resources)
    client.execute(env=environment)  # how long it took: pytest --durations, as make test prints it


def test_the_other_pages_are_the_same_in_both_tracks() -> None:
    """They work with the microcosm alone; so what the build of the book shows of them holds in the full track, too."""
    asks = re.compile(r"\btrack\.|\b(?:training_pairs|checkpoint|embeddings)\(|benchmark\((?!\"micro-|name\b)")
    others = {page.stem: asks.findall(code) for page, code in CODE.items() if page not in PAGES}
    assert len(others) >= 5
    assert {name: found for name, found in others.items() if found} == {}
