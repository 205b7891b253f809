"""Slides of any size: a table of places is cut into shards, and each shard is read and embedded by whoever takes it.

Pictures are not stored: a shard holds places on the slide, some bytes a tile. A worker opens the slide, reads its tiles
one batch at a time and writes their vectors, so memory depends neither on the slide nor on the number of tiles. A
killed run is called again and does what is missing; several machines share the shards, or Ray hands them out:

    slide = open_slide("case.svs")
    tiles = grid(slide, pixels=224, mpp=0.5, mask=find_tissue(slide))
    write_shards(tiles.table(), "places", rows=1000)
    run(EmbedTiles("case.svs", "vinid/plip"), "places", "vectors", part=0, of=3)  # on the first of three machines
    vectors, places = vectors_of("vectors")                                       # when all are done
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from plip_tutorial.at_scale.embedding_columns import spread, vectors_in
from plip_tutorial.at_scale.shards import Folder, read
from plip_tutorial.at_scale.steps import model_of
from plip_tutorial.plip.model import PLIP
from plip_tutorial.slide import Slide, SlideError, Tiles, open_slide
from plip_tutorial.sources.hub import local
from plip_tutorial.storage.files import content


@dataclass(frozen=True)
class EmbedTiles:
    """Read tiles from a slide and embed them, a batch at a time. Slide and model are opened once in each process.

    Adds ``embedding``, and ``problem`` with the reason where a tile cannot be read.

    Attributes:
        slide: file of the slide; every worker has to see it.
        model: hub id or directory of a checkpoint.
        batch_size: tiles in one forward pass, and in memory.
        mpp: micrometres a pixel of level 0; None for what the file says.
    """

    slide: str
    model: str
    batch_size: int = 64
    mpp: float | None = None

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows of `slide.Tiles.table` with a vector each."""
        *of_slide, of_model = self.reads
        slide = _slide(self.slide, self.mpp, tuple(of_slide))
        sizes = {(row["side"], row["pixels"]) for row in table.select(["side", "pixels"]).to_pylist()}
        if len(sizes) != 1:
            raise ValueError(f"the tiles of a shard have {len(sizes)} sizes {sorted(sizes)[:3]}; one is needed.")
        ((side, pixels),) = sizes
        places = np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()]).astype(np.int64)
        tiles = Tiles(slide, places, side, pixels)
        vectors, problems = _embedded(model_of(self.model, of_model), tiles, self.batch_size)
        return table.append_column("embedding", vectors).append_column("problem", problems)

    @property
    def reads(self) -> tuple[str, ...]:
        """Content of the slide, of the folder that has the pixels of an MRXS, and of the model."""
        slide = Path(self.slide)
        folder = [slide.with_suffix("")] if slide.suffix == ".mrxs" else []
        return (*map(content, [slide, *folder]), content(local(self.model)))


def vectors_of(folder: Folder) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Vectors (n, d) and places (n, 2) of all tiles, in the order of the grid.

    Raises:
        ValueError: some shards are missing, or a tile could not be read.
    """
    table = read(folder, ["x", "y", "embedding", "problem"])
    vectors, there = vectors_in(table["embedding"])
    if not there.all():
        bad = table["problem"].drop_null().to_pylist()
        raise ValueError(
            f"{len(bad)} of {len(there)} tiles in {folder} could not be read ({bad[0]}); the column problem says why."
        )
    return vectors, np.column_stack([table["x"].to_numpy(), table["y"].to_numpy()])


def _embedded(plip: PLIP, tiles: Tiles, batch_size: int) -> tuple[pa.Array, pa.Array]:
    """As `embedding_columns.embedded`, of tiles that are read one by one."""
    problems: list[str | None] = [None] * len(tiles)

    def readable() -> Iterator[Image.Image]:
        for i in range(len(tiles)):
            try:
                yield tiles[i]
            except SlideError as error:
                problems[i] = str(error)

    vectors = plip.encode_images(readable(), batch_size)
    there = np.array([problem is None for problem in problems], bool)
    return spread(vectors, there), pa.array(problems, pa.string())


@lru_cache(maxsize=1)
def _slide(path: str, mpp: float | None, _: tuple[str, ...]) -> Slide:  # by its content, as a model is
    return open_slide(path, mpp=mpp)
