"""Embeddings that were computed once are read from the disk, by this process and by others, today and next week.

What identifies a vector is everything that it depends on: the weights, the preprocessing, the precision, and the
content: the bytes of the picture or the letters of the text. File names and dates play no part. So a changed prompt, a
changed tile or a changed model can never give an old vector back.

    cached = EmbeddingCache(PLIP("vinid/plip"))
    cached.encode_images(paths)     # computed
    cached.encode_images(paths)     # read
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from plip_tutorial.collect.post_text import checked_captions
from plip_tutorial.plip.model import PLIP, finished
from plip_tutorial.sources.images import UnreadableImageError, read_file, refuse_single, to_rgb, undecoded
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import DamagedError

LIMIT = 2_000_000_000  # bytes of vectors
PATIENCE = 60.0  # seconds that a process waits for another one's writing
AT_ONCE = 500  # keys in one question to the database
Embeddings = NDArray[np.float32]
Look = Callable[[Any], tuple[bytes, Any]]


class EmbeddingCache:
    """A `PLIP` that remembers.

    Two processes may share one file. It is a SQLite database in write-ahead mode: what was written is there after a
    crash, what was half written is not.

    Args:
        plip: the model.
        path: the database; without it ``embeddings.sqlite`` in the cache directory of the book.
        limit: bytes of vectors to keep; those that were not asked for the longest go first.
    """

    def __init__(self, plip: PLIP, path: str | os.PathLike[str] | None = None, *, limit: int = LIMIT) -> None:
        """Open the database, and make it if it is absent."""
        self.plip, self.limit = plip, limit
        self.path = Path(path) if path is not None else cache.cache_dir() / "embeddings.sqlite"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Changing the mode needs the file for itself and does not wait for it, so one process at a time.
        with FileLock(f"{self.path}.lock"), self._open() as base:
            base.execute("PRAGMA journal_mode=WAL")
            base.execute("CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, used INTEGER, vector BLOB)")

    def encode_images(self, images: Sequence[Any], batch_size: int = 32, *, normalize: bool = True) -> Embeddings:
        """As `PLIP.encode_images`, for a sequence that can be looked at twice; (n, d) float32.

        A picture is remembered as what was read of it, even if its file is replaced in the middle of the work.
        """
        refuse_single(images)
        pictures = undecoded(images)
        return self._encode(
            pictures if hasattr(pictures, "__getitem__") else list(pictures), _picture, batch_size, normalize
        )

    def encode_text(self, texts: Sequence[str], batch_size: int = 32, *, normalize: bool = True) -> Embeddings:
        """As `PLIP.encode_text`; (n, d) float32."""
        return self._encode(checked_captions(texts), _caption, batch_size, normalize)

    def __len__(self) -> int:
        """Vectors that are kept, of all models."""
        with self._open() as base:
            return int(base.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def _encode(self, items: Sequence[Any], look: Look, batch_size: int, normalize: bool) -> Embeddings:
        encode: Any = self.plip.encode_text if look is _caption else self.plip.encode_images
        model, keys = self.plip.fingerprint().encode(), [b""] * len(items)

        def asked(places: Iterable[int]) -> Iterator[Any]:
            for place in places:
                try:
                    content, item = look(items[place])
                except UnreadableImageError as error:
                    raise UnreadableImageError(error.name, error.reason, place, len(items)) from None
                keys[place] = hashlib.sha256(model + content).digest()
                yield item

        for _ in asked(range(len(items))):  # only the keys are kept
            pass
        found = self._read(keys)
        while missing := sorted({keys[i]: i for i in reversed(range(len(keys))) if keys[i] not in found}.values()):
            again = asked(missing)  # not all fit into memory; the key becomes that of what is encoded
            with _at(missing, len(items)):
                new = encode(list(again) if look is _caption else again, batch_size, normalize=False)
            fresh = {keys[place]: vector for place, vector in zip(missing, new, strict=True)}
            self._write(fresh)
            found |= fresh
        rows = np.stack([found[key] for key in keys]) if keys else np.empty((0, self.plip.dim), np.float32)
        return finished(rows, normalize)

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, Embeddings]:
        found: dict[bytes, Embeddings] = {}
        with self._open() as base:
            now = _tick(base)
            for some in _pieces(sorted(set(keys))):
                marks = ",".join("?" * len(some))
                rows = base.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some)
                # One of another length is damaged, and made anew.
                found |= {key: np.frombuffer(v, np.float32) for key, v in rows if len(v) == 4 * self.plip.dim}
                base.execute(f"UPDATE vectors SET used = ? WHERE key IN ({marks})", [now, *some])
        return found

    def _write(self, fresh: dict[bytes, Embeddings]) -> None:
        with self._open() as base:
            now = _tick(base)
            rows = [(key, now, np.asarray(vector, np.float32).tobytes()) for key, vector in fresh.items()]
            base.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)
            held, used = base.execute("SELECT count(*), coalesce(sum(length(vector)), 0) FROM vectors").fetchone()
            if used > self.limit:
                surplus = int(np.ceil((used - self.limit) / (used / held)))
                oldest = "SELECT key FROM vectors ORDER BY used LIMIT ?"
                base.execute(f"DELETE FROM vectors WHERE key IN ({oldest})", [surplus])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as base, base:
                yield base
        except sqlite3.OperationalError:  # locked, read-only, disk full: its own words say it
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedError(self.path, error) from error


def _tick(base: sqlite3.Connection) -> int:
    """A clock that only goes forward, whatever the machine's says."""
    return int(base.execute("SELECT coalesce(max(used), 0) + 1 FROM vectors").fetchone()[0])


def _pieces(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def _caption(text: str) -> tuple[bytes, str]:
    return b"text" + text.encode(), text


def _picture(image: Any) -> tuple[bytes, Any]:
    """What a picture is known by, and the very picture: the bytes of a file, which spares the decoding, or pixels."""
    if isinstance(image, dict) and image.get("bytes") is not None:
        return b"file" + bytes(image["bytes"]), image
    if isinstance(image, dict) and image.get("path") is not None:
        return _picture(image["path"])
    if isinstance(image, (bytes, bytearray, memoryview)):
        return b"file" + bytes(image), image
    if isinstance(image, (str, os.PathLike)) and not str(image).startswith(("http://", "https://")):
        return _picture({"bytes": read_file(image), "path": os.fspath(image)})
    picture = to_rgb(image)
    return b"pixels" + str(picture.size).encode() + picture.tobytes(), picture


@contextmanager
def _at(places: Sequence[int], total: int) -> Iterator[None]:
    """A picture that the model's door refuses is named by its place among all, not among those that are asked for."""
    try:
        yield
    except UnreadableImageError as error:
        first = error.__cause__  # without the hint to an argument that this class does not have
        if not isinstance(first, UnreadableImageError) or error.index is None:
            raise
        raise UnreadableImageError(first.name, first.reason, places[error.index], total) from first
