"""Results that take minutes are built once and kept, each under the fingerprint of the settings that made it.

A result is a directory. It is made beside its final place and moved there in one step, so it is either complete or
absent; a lock lets one process build while the others wait. Whoever may read the cache may read what is in it, and a
result that has lost a file since, or a part of one, is named.

>>> settings = {"steps": 250, "seed": 0}
>>> fingerprint(settings) == fingerprint({"seed": 0, "steps": 250})  # the order does not matter
True
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from plip_tutorial.storage.files import readable, whole_folder

VARIABLE = "PLIP_TUTORIAL_CACHE"
FULL_DISK = 1024**2  # bytes; below it a failed build is blamed on the disk
# What the operating system says when the place is at fault and not the program.
PLACE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST}
# What `whole_folder` makes of a result's name while it is built; other hidden folders are somebody else's.
UNFINISHED = re.compile(r"\.(.+-[0-9a-f]{16})\.\d+-[0-9a-f]{8}")


class CacheError(OSError):
    """The cache directory is full or cannot be written."""


def cache_dir() -> Path:
    """Directory of everything that is built once; made if it is absent.

    The environment variable ``PLIP_TUTORIAL_CACHE`` names it; otherwise it is the user's cache directory.

    Raises:
        CacheError: if it cannot be made.
    """
    chosen = os.environ.get(VARIABLE)
    path = Path(chosen).expanduser().absolute() if chosen else user_cache_path("plip_tutorial", appauthor=False)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def build(name: str, key: Mapping[str, Any] | Any, make: Callable[[Path], object]) -> Path:
    """Give the directory ``name`` that belongs to ``key``, and make it first if it is not there.

    Args:
        name: short name of the result, such as ``"tiny-clip"``.
        key: everything that the result depends on: a mapping or a frozen dataclass of plain values. It is written into
            the result as ``cache_key.json``, with the time it took and the size of each file in ``built.json``.
        make: fills the empty directory it is given. If it fails, nothing is left behind.

    Returns:
        Path of the complete directory.

    Raises:
        CacheError: if the disk is full or the directory cannot be written.
        DamagedError: if it was made once and is no longer whole: a file is missing or has another size.
    """
    target = place(name, key)
    if not target.is_dir():
        with _clear_errors(target.parent), _lock(target):
            if not target.is_dir():  # another process may have built it while this one waited
                _build(target, key, make)
    _check(target)
    return target


def place(name: str, key: Mapping[str, Any] | Any) -> Path:
    """Where `build` keeps a result; it is a directory there if it was built, and nothing if it was not."""
    return cache_dir() / f"{name}-{fingerprint(key)}"


def build_seconds(built: Path) -> float:
    """How long the making of a result took, with what it needed and was not there; ``built`` comes from `build`."""
    with readable(built):
        return float(json.loads((built / "built.json").read_text(encoding="utf-8"))["seconds"])


def _check(built: Path) -> None:
    """Compare the sizes of all files with those that were noted when they were written."""
    with readable(built):
        noted = json.loads((built / "built.json").read_text(encoding="utf-8")).get("files", {})
        for name, size in noted.items():
            if (found := (built / name).stat().st_size) != size:
                raise ValueError(f"{name} has {found} bytes; {size} were written")


def fingerprint(key: Mapping[str, Any] | Any) -> str:
    """Sixteen hexadecimal digits (SHA-256) that change with any value in ``key``.

    Raises:
        TypeError: for a value that has no canonical form as JSON, such as a function.
    """
    return hashlib.sha256(_canonical(key).encode()).hexdigest()[:16]


def code_key(*modules: ModuleType | str) -> str:
    """Fingerprint of the source of modules, so that a change of the code builds its results anew.

    Args:
        modules: modules or their full names; a package stands for all the files in it. Names are not imported.

    >>> len(code_key("plip_tutorial.storage.cache"))
    16
    """
    digest = hashlib.sha256()
    for module in modules:
        for path in _sources(module):
            digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]


def _sources(module: ModuleType | str) -> list[Path]:
    spec = importlib.util.find_spec(module) if isinstance(module, str) else module.__spec__
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ValueError(f"{module} has no source file to fingerprint")
    path = Path(spec.origin)
    return sorted(path.parent.rglob("*.py")) if spec.submodule_search_locations else [path]


def _canonical(key: Any) -> str:
    return json.dumps(key, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON does not know by itself."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy numbers and arrays
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a cache key cannot hold {value!r}; use numbers, strings, lists, mappings and dataclasses of them")


def _build(target: Path, key: Any, make: Callable[[Path], object]) -> None:
    _sweep(target)
    start = time.perf_counter()
    with whole_folder(target) as unfinished:
        try:
            make(unfinished)
            (unfinished / "cache_key.json").write_text(_canonical(key) + "\n", encoding="utf-8")
            files = {path.relative_to(unfinished).as_posix(): path.stat().st_size for path in _files(unfinished)}
            told = {"seconds": round(time.perf_counter() - start, 1), "files": files}
            (unfinished / "built.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
        except Exception as error:
            if shutil.disk_usage(unfinished).free < FULL_DISK:  # libraries hide it behind errors of their own
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sweep(target: Path) -> None:
    """Remove what crashed processes left. Whoever is still building holds a lock, ours is held by ourselves."""
    for leftover in target.parent.iterdir():
        if not (match := UNFINISHED.fullmatch(leftover.name)):
            continue
        lock = _file_lock(target.with_name(match[1]))
        with suppress(Timeout):
            if match[1] != target.name:
                lock.acquire(timeout=0)
            shutil.rmtree(leftover, ignore_errors=True)
            lock.release()


def _file_lock(target: Path) -> FileLock:
    # Locks lie in a directory of their own: a listing of the cache then shows results only. Whoever may build may lock.
    folder = target.parent / ".locks"
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(stat.S_IMODE(target.parent.stat().st_mode))
    return FileLock(folder / f"{target.name}.lock", mode=0o666)


@contextmanager
def _lock(target: Path) -> Iterator[None]:
    lock = _file_lock(target)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Waiting for another process that is building {target.name} ...", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _clear_errors(place: Path) -> Iterator[None]:
    """Say which directory is at fault and what to do about it."""
    try:
        yield
    except CacheError:
        raise
    except OSError as error:
        if error.errno not in PLACE_ERRORS or not _lies_in(error.filename, place):
            raise
        raise _unwritable(place, error) from error


def _unwritable(place: Path, error: OSError) -> CacheError:
    hint = f"Free some space, or set the environment variable {VARIABLE} to a directory that can be written."
    return CacheError(error.errno, f"the cache in {place} cannot be written: {error.strerror}. {hint}")


def _lies_in(filename: Any, place: Path) -> bool:
    # write() on a full disk names no file; an error about a file somewhere else is not the cache's.
    return filename is None or place in (Path(os.fsdecode(filename)), *Path(os.fsdecode(filename)).parents)
