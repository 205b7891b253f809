"""What is written to the disk: whole or not at all, by one writer at a time, readable by whoever may read its folder.

Every file and folder that takes longer than a moment is made in a private place beside its own and moved there in one
step. A kill, a full disk or a second process then never leaves half of something under a name that promises the whole.
And whether a file is still what it was: by its stamp, which costs nothing, or by its content, which is sure.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> with whole_file(folder / "numbers.txt") as place:
...     _ = place.write_text("1 2 3")
>>> sorted(path.name for path in folder.iterdir())
['numbers.txt']
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

# What reading half a file is told by; other numbers are about the system: no right to read, too many open files.
HALF = {None, errno.ENOENT, errno.EINVAL, errno.EISDIR, errno.ENOTDIR}


class InUseError(RuntimeError):
    """Another process is writing there; the message says which one, since when, and what to do."""


class DamagedError(OSError):
    """Something that was read back is not what was written; the message names it and says to remove it."""

    def __init__(self, place: str | os.PathLike[str], reason: object) -> None:
        """Compose the message of the file or folder that has to be removed, and what is wrong with it."""
        hint = "Remove it and call again, and it is made anew; if it is a file of your own, name another place."
        super().__init__(f"{os.fspath(place)} is damaged: {reason}. {hint}")
        self.reason = reason


@contextmanager
def whole_file(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path beside ``target`` to write to; at the end of the block it becomes ``target``.

    The path has the ending of ``target``, as libraries choose a format by it. After an error nothing is left and
    ``target`` stays what it was. The last of two writers wins, and neither sees the other's half.
    """
    target = Path(target)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder; make it first", str(target.parent))
    place = target.with_name(f".{target.stem}.{_unique()}{target.suffix}")
    place.touch(exist_ok=False)  # with the rights that the user's mask leaves
    try:
        yield place
        share(place)
        os.replace(place, target)
    finally:
        place.unlink(missing_ok=True)


@contextmanager
def whole_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give an empty folder beside ``target`` to fill; at the end of the block it becomes ``target``.

    A folder that is there already is moved aside first and removed last: a kill in between leaves the old one or the
    new one, never a mixture, and `recover` puts a folder back that was moved aside.
    """
    target = Path(target)
    recover(target)
    place = target.with_name(f".{target.name}.{_unique()}")
    place.mkdir()
    try:
        yield place
        for path in (place, *place.rglob("*")):
            share(path)
        if target.exists():
            os.replace(target, _aside(target))
        os.replace(place, target)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    recover(target)


def recover(target: str | os.PathLike[str]) -> None:
    """Put back what a killed `whole_folder` had moved aside; remove it where the new folder is there."""
    target = Path(target)
    if target.exists():
        shutil.rmtree(_aside(target), ignore_errors=True)
    elif _aside(target).exists():
        os.replace(_aside(target), target)


@contextmanager
def readable(place: str | os.PathLike[str]) -> Iterator[None]:
    """Name ``place`` when what is read from it inside the block is not what was written.

    Libraries tell of half a file by errors of many kinds, mostly without its name. A place that is not there at all
    stays a `FileNotFoundError`.

    Raises:
        DamagedError: in their place.
    """
    try:
        yield
    except DamagedError as error:  # of a file inside
        raise DamagedError(place, error.reason) from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        if getattr(error, "errno", None) not in HALF or not Path(place).exists():
            raise
        raise DamagedError(place, f"{type(error).__name__}: {error}") from error


@contextmanager
def held(place: str | os.PathLike[str], doing: str) -> Iterator[None]:
    """Be the only process that writes to ``place`` while the block runs.

    The lock lies beside the place, and the system frees it when its process ends, however it ends.

    Args:
        place: file or folder; its parent must exist.
        doing: what the others are told, such as ``"embedding tiles/"``.

    Raises:
        InUseError: if another process holds it. It is not waited for.
    """
    place = Path(place).absolute()
    lock, note = FileLock(place.with_name(f".{place.name}.lock")), place.with_name(f".{place.name}.holder")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = "another process"
        with suppress(OSError, ValueError):  # it has only just begun
            holder = note.read_text(encoding="utf-8") or holder
        hint = "Wait for it, stop it, or choose another output."
        raise InUseError(f"{place} is being written by {holder}. {hint}") from None
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S UTC}"
    try:
        note.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since} ({doing})", encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()  # its file stays: whoever removed it could leave two with a lock each


def share(path: Path) -> None:
    """Let others read what they may read in its folder: some libraries write files that only their maker can open."""
    wanted = path.parent.stat().st_mode & (0o777 if path.is_dir() else 0o666)
    with suppress(PermissionError):  # somebody else's file, with rights of their choice
        path.chmod(path.stat().st_mode & 0o777 | wanted & ~0o022)


def with_ending(path: str | os.PathLike[str], ending: str) -> Path:
    """Put ``ending`` behind a name that lacks it. A dot in the name is no ending: two versions stay two files.

    >>> with_ending("emb_v1.5", ".npy").name, with_ending("emb_v1.5.npy", ".npy").name
    ('emb_v1.5.npy', 'emb_v1.5.npy')
    """
    path = Path(path)
    return path if path.suffix == ending else path.with_name(path.name + ending)


def stamp(path: str | os.PathLike[str]) -> str:
    """Size, and time of the last change to the nanosecond; "" if there is nothing.

    A change that keeps the size and sets the time back is not seen.
    """
    try:
        told = os.stat(path)
    except OSError:
        return ""
    return f"{told.st_size} {told.st_mtime_ns}"


def content(path: str | os.PathLike[str]) -> str:
    """Sixteen hexadecimal digits of what is in a file, or in all files of a folder and how they are called.

    Read once in a process, and again when a stamp has changed. What is no path, an id on the hub for instance, stands
    for itself.
    """
    place = Path(path).absolute()
    if not place.exists():
        return os.fspath(path)
    files = sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
    return _content(place, tuple((file, stamp(file)) for file in files))


@lru_cache(maxsize=64)
def _content(root: Path, stamps: tuple[tuple[Path, str], ...]) -> str:
    whole = hashlib.sha256()
    for path, _ in stamps:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        whole.update(os.fsencode(os.path.relpath(path, root)) + b"\0" + digest)
    return whole.hexdigest()[:16]


def _unique() -> str:
    return f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.before")
