"""What is written to the disk: whole or not at all, by one writer at a time, readable by whoever may read its folder.

Every file and folder that takes longer than a moment is made in a private place beside its own and moved there in one
step. A kill, a full disk or a second process then never leaves half of something under a name that promises the whole.

>>> import tempfile
>>> folder = Path(tempfile.mkdtemp())
>>> with whole_file(folder / "numbers.txt") as place:
...     _ = place.write_text("1 2 3")
>>> sorted(path.name for path in folder.iterdir())
['numbers.txt']
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

# What reading half a file is told by; other numbers are about the system: no right to read, too many open files.
HALF = {None, errno.ENOENT, errno.EINVAL, errno.EISDIR, errno.ENOTDIR}


class InUseError(RuntimeError):
    """Another process is writing there; the message says which one, since when, and what to do."""


class DamagedError(OSError):
    """Something that was read back is not what was written; the message names it and says to remove it."""

    def __init__(self, place: str | os.PathLike[str], reason: object) -> None:
        """Compose the message.

        Args:
            place: the file or folder that has to be removed.
            reason: what is wrong with it.
        """
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
    place = _private(target)
    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # with the rights that the user's mask leaves
    try:
        yield place
        share(place)
        os.replace(place, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(place)


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
        aside = _aside(target)
        if target.exists():
            os.replace(target, aside)
        os.replace(place, target)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def recover(target: str | os.PathLike[str]) -> None:
    """Put back what a killed `whole_folder` had moved aside; does nothing where there is nothing to do."""
    target = Path(target)
    if (aside := _aside(target)).exists():
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            os.replace(aside, target)


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
        hint = "Wait for it, stop it, or choose another output."
        raise InUseError(f"{place} is being written by {_holder(note)}. {hint}") from None
    mine = {"pid": os.getpid(), "host": socket.gethostname(), "doing": doing, "since": _now()}
    try:
        note.write_text(json.dumps(mine), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()  # its file stays: whoever removed it could leave two with a lock each


def share(path: Path) -> None:
    """Let others read what they may read in its folder: some libraries write files that only their maker can open."""
    parent = path.parent.stat().st_mode
    wanted = parent & (0o777 if path.is_dir() else 0o666)
    with suppress(PermissionError):  # somebody else's file, with rights of their choice
        path.chmod(path.stat().st_mode & 0o777 | wanted & ~0o022)


def with_ending(path: str | os.PathLike[str], ending: str) -> Path:
    """Put ``ending`` behind a name that lacks it. A dot in the name is no ending: two versions stay two files.

    >>> with_ending("emb_v1.5", ".npy").name, with_ending("emb_v1.5.npy", ".npy").name
    ('emb_v1.5.npy', 'emb_v1.5.npy')
    """
    path = Path(path)
    return path if path.suffix == ending else path.with_name(path.name + ending)


def _private(target: Path) -> Path:
    return target.with_name(f".{target.stem}.{_unique()}{target.suffix}")


def _unique() -> str:
    return f"{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.before")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _holder(note: Path) -> str:
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        return f"process {told['pid']} on {told['host']} since {told['since']} ({told['doing']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun
        return "another process"
