"""The steps from posts to clean pairs as functions from table to table, for corpora that no single process can hold.

A step looks at its table and at nothing else. So it does not matter which worker gets which shard, in which order, or
how often: `shards.run` and `ray_data.with_ray` take the same steps. What a shard cannot know by itself, the copies
and the neighbours across shards, is put together afterwards from small tables, by `copies` and `merge_neighbours`.
A step's ``reads`` says what is in the files that it looks into.

>>> table = pa.table({"text": ["Mucin &amp; signet ring cells #GIPath", "Caso interesante de mama", "H&E 40x"]})
>>> CleanText()(table).select(["caption", "language", "keep_text"]).to_pylist()[0]
{'caption': 'Mucin & signet ring cells', 'language': 'en', 'keep_text': True}
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from datasets import Dataset, Image, List
from datasets.table import InMemoryTable
from numpy.typing import NDArray

from plip_tutorial.at_scale.embedding_columns import embedded, spread, vectors_in
from plip_tutorial.clean.duplicates import DISTANCE, FOLLOWING, VIEWS, Fingerprints, fingerprints, near_duplicates
from plip_tutorial.clean.dyes_and_texture import dyes_and_texture
from plip_tutorial.clean.pathology_filter import PathologyFilter
from plip_tutorial.collect import PAPER_ORDER, clean_text, pairs_from_posts
from plip_tutorial.collect.language import UNDECIDED, identify
from plip_tutorial.expand.vector_index import VectorIndex
from plip_tutorial.plip.model import PLIP
from plip_tutorial.sources.hub import local
from plip_tutorial.sources.images import load
from plip_tutorial.storage.files import content

Hashtags = Literal["drop", "keep"]
FOUND = pa.schema([("seed", pa.int64()), ("row", pa.int64()), ("score", pa.float64())])


@dataclass(frozen=True)
class CollectPairs:
    """Collecting: posts become pairs. A shard has to hold whole threads, see `threads`.

    Attributes:
        filters: names of the filters of `collect`, in their order.
        hashtags: whether cleaning drops them or keeps their text.
    """

    filters: tuple[str, ...] = PAPER_ORDER
    hashtags: Hashtags = "drop"

    def __call__(self, table: pa.Table) -> pa.Table:
        """Posts with the column ``row`` to pairs; ``group_id`` is the row of the post among all posts."""
        rows = table["row"].to_numpy()
        plain = InMemoryTable(table.drop_columns("row").replace_schema_metadata(None))
        posts = Dataset(plain).cast_column("images", List(Image()))
        pairs, _ = pairs_from_posts(posts, filters=self.filters, hashtags=self.hashtags)
        found = pairs.with_format("arrow")[:]
        group = rows[found["group_id"].to_numpy()]
        return found.set_column(found.schema.get_field_index("group_id"), "group_id", pa.array(group, pa.int64()))


@dataclass(frozen=True)
class CleanText:
    """Collecting and cleaning for a table of pictures and alt texts: clean the text, name its language, judge it.

    Adds ``caption``, ``language`` and ``keep_text``: there is a word left, and it is English or too short to tell.
    """

    hashtags: Hashtags = "drop"

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows with the column ``text``."""
        captions = [clean_text(text or "", hashtags=self.hashtags) for text in table["text"].to_pylist()]
        languages = identify(captions)
        keep = [bool(c) and code in ("en", UNDECIDED) for c, code in zip(captions, languages, strict=True)]
        return _add(table, caption=pa.array(captions, pa.string()), language=languages, keep_text=keep)


@dataclass(frozen=True)
class Embed:
    """Expansion: embed the pictures. The model is loaded once in each process.

    Adds ``embedding``, and ``problem`` with the reason where a picture cannot be read.

    Attributes:
        model: hub id or directory of a checkpoint.
        batch_size: pictures in one forward pass.
    """

    model: str
    batch_size: int = 64

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows with the column ``image``."""
        plip = model_of(self.model, *self.reads)
        vectors, problems = embedded(plip, table["image"].to_pylist(), self.batch_size)
        return _add(table, embedding=vectors, problem=problems)

    @property
    def reads(self) -> tuple[str, ...]:
        """Content of the model."""
        return (content(local(self.model)),)


@dataclass(frozen=True)
class KeepPathology:
    """Cleaning: the picture filter, by dyes and texture. Adds its probability ``pathology``, and ``keep_picture``.

    Attributes:
        filter: file of a saved `PathologyFilter`.
    """

    filter: str

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows with the column ``image``."""
        chooser, (pictures, there) = PathologyFilter.load(self.filter), _readable(table)
        vectors = dyes_and_texture(pictures)
        scores, keep = chooser.scores(vectors), np.zeros(len(table), bool)
        keep[there] = chooser.keep(vectors)
        return _add(table, pathology=spread(scores.astype(np.float32), there), keep_picture=keep)

    @property
    def reads(self) -> tuple[str, ...]:
        """Content of the filter."""
        return (content(self.filter),)


@dataclass(frozen=True)
class Fingerprint:
    """Copies: what is remembered of a picture to find its copies.

    Adds ``hashes``, ``details``, ``contrast`` and ``digest``.
    """

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows with the column ``image``."""
        pictures, there = _readable(table)
        prints = fingerprints(pictures)
        columns: dict[str, NDArray[Any]] = {
            "hashes": prints.hashes,
            "details": prints.details.reshape(len(prints), -1),
            "contrast": prints.contrast,
            "digest": prints.digests,
        }
        return _add(table, **{name: spread(values, there) for name, values in columns.items()})


@dataclass(frozen=True)
class Neighbours:
    """Expansion: the ``k`` nearest of this shard to each seed. `merge_neighbours` makes one list of all shards.

    Attributes:
        seeds: ``.npy`` file of unit vectors, (s, d).
        k: neighbours of each seed.
    """

    seeds: str
    k: int = 30

    def __call__(self, table: pa.Table) -> pa.Table:
        """Rows with the columns ``embedding`` and ``row`` to a table of ``seed``, ``row`` and ``score``."""
        seeds, (vectors, there) = np.load(self.seeds, mmap_mode="r"), vectors_in(table["embedding"])
        if not len(vectors):
            return FOUND.empty_table()
        k = min(self.k, len(vectors))
        scores, places = VectorIndex(vectors).ranked(seeds, k)
        rows = table["row"].to_numpy()[there][places]
        columns = [np.repeat(np.arange(len(seeds)), k), rows.ravel(), scores.ravel()]
        return pa.table(columns, schema=FOUND)

    @property
    def reads(self) -> tuple[str, ...]:
        """Content of the seeds."""
        return (content(self.seeds),)


def threads(posts: Dataset) -> list[str]:
    """For each row the id of the post at the beginning of its conversation, as `shards.write_shards` wants it."""
    parent = dict(zip(posts["id"][:], posts["in_reply_to"][:], strict=True))
    roots = []
    for name in posts["id"][:]:
        seen = {None}
        while name not in seen and parent.get(name) is not None:
            seen.add(name)
            name = parent[name]
        roots.append(str(name))
    return roots


def merge_neighbours(found: pa.Table, k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The ``k`` nearest of all shards from the nearest of each: what `VectorIndex.search` gives on the whole pool.

    Args:
        found: what `Neighbours` gave for each shard, put together; its k was at least as large.
        k: neighbours of each seed.

    Returns:
        Scores (s, k) in falling order and numbers (s, k) of the rows.

    Raises:
        ValueError: fewer than k for some seed.
    """
    best = found.to_pandas().sort_values(["seed", "score", "row"], ascending=[True, False, True])
    fewest = best.groupby("seed").size().min() if len(best) else 0
    if fewest < k:
        raise ValueError(f"k is {k}, but some seed has only {fewest} neighbours in these shards.")
    best = best.groupby("seed").head(k)
    return best["score"].to_numpy(np.float32).reshape(-1, k), best["row"].to_numpy().reshape(-1, k)


def copies(prints: pa.Table, *, distance: int = DISTANCE) -> NDArray[np.int64]:
    """Groups of copies across all shards, as `duplicates.near_duplicates` makes them.

    Args:
        prints: what `Fingerprint` gave for each shard, put together; n rows.
        distance: bits that may differ.

    Returns:
        (n,): the place of the group's first member; a picture that could not be read is alone.
    """
    groups, places = np.arange(len(prints)), np.flatnonzero(prints["digest"].is_valid().to_numpy())
    kept = prints.take(places)
    seen = [kept[name].combine_chunks().flatten().to_numpy() for name in ("hashes", "details")]
    hashes, details = seen[0].reshape(-1, len(VIEWS)), seen[1].reshape(-1, len(VIEWS), FOLLOWING)
    remembered = Fingerprints(hashes, details, *(kept[name].to_numpy() for name in ("contrast", "digest")))
    groups[places] = places[near_duplicates(remembered, distance=distance)]
    return groups


@lru_cache(maxsize=1)
def model_of(name: str, made_of: str) -> PLIP:
    """A model, loaded once in a process, and again when ``made_of``, its content, is another."""
    return PLIP(name)


def _readable(table: pa.Table) -> tuple[list[Any], NDArray[np.bool_]]:
    """Pictures of the column ``image`` that can be decoded, and a mask over its rows."""
    pictures = list(load(table["image"].to_pylist(), skip_unreadable=True))
    there = np.array([picture is not None for picture in pictures], bool)
    return [picture for picture in pictures if picture is not None], there


def _add(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with further columns; one that is there already is replaced."""
    for name, values in columns.items():
        table = table.drop_columns(name) if name in table.column_names else table
        table = table.append_column(name, values if isinstance(values, pa.Array) else pa.array(values))
    return table
