"""Results that take minutes are built once and kept, each under the fingerprint of the settings that made it.

A result is a directory. It is made beside its final place and moved there in one step, so it is either complete or
absent; a lock lets one process build while the others wait. Whoever may read the cache may read what is in it, and a
result that has lost a file since, or a part of one, is named.

>>> settings = {"steps": 250, "seed": 0}
>>> fingerprint(settings) == fingerprint({"seed": 0, "steps": 250})  # the order does not matter
True
"""

from __future__ import annotations

import ast
import dataclasses
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from plip_tutorial import __version__
from plip_tutorial.storage.files import readable, whole_folder

VARIABLE = "PLIP_TUTORIAL_CACHE"
FULL_DISK = 1024**2  # bytes; below it a failed build is blamed on the disk
# What the operating system says when the place is at fault and not the program.
PLACE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST}
# What `whole_folder` makes of a result's name while it is built; other hidden folders are somebody else's.
DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
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

    Raises:
        CacheError: if the disk is full or the directory cannot be written.
        DamagedError: if it was made once and is no longer whole: a file is missing or has another size.
    """
    target = place(name, key)
    if not target.is_dir():
        with _clear_errors(target.parent), _locked(target):
            if not target.is_dir():  # another process may have built it while this one waited
                _build(target, key, make)
    with readable(target):
        for file, size in _built(target).get("files", {}).items():
            if (found := (target / file).stat().st_size) != size:
                raise ValueError(f"{file} has {found} bytes; {size} were written")
    return target


def place(name: str, key: Mapping[str, Any] | Any) -> Path:
    """Where `build` keeps a result; it is a directory there if it was built, and nothing if it was not."""
    return cache_dir() / f"{name}-{fingerprint(key)}"


def build_seconds(built: Path) -> float:
    """How long the making of a result took, with what it needed and was not there; ``built`` comes from `build`."""
    with readable(built):
        return float(_built(built)["seconds"])


def _built(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "built.json").read_text(encoding="utf-8"))
    return told


def fingerprint(key: Mapping[str, Any] | Any) -> str:
    """Sixteen hexadecimal digits (SHA-256) that change with any value in ``key``.

    Raises:
        TypeError: for a value that has no canonical form as JSON, such as a function.
    """
    return _digest(_canonical(key))


@lru_cache
def code_key(module: str = "") -> str:
    """What the code is, for the keys of results that depend on it.

    An installed package says its version. In a working copy, which is told by a ``pyproject.toml`` in a folder above,
    it is a fingerprint of what the code does: comments, docstrings, imports, and how files, functions and classes are
    called do not count.

    Args:
        module: full name of a single one that matters; by default all of the package.
    """
    package = Path(__file__).parents[1]
    if not any((folder / "pyproject.toml").exists() for folder in package.parents):
        return __version__
    only = package.parent.joinpath(*module.split(".")).with_suffix(".py")
    return code_fingerprint([only] if module else sorted(package.rglob("*.py")))


def code_fingerprint(files: Sequence[Path]) -> str:
    """Sixteen hexadecimal digits of what Python files do.

    A name that they define stands for the body of its definition, so that a call of another function is seen, and
    another name for the same function is not. Statements count in any order of files.
    """
    texts = [file.read_text(encoding="utf-8") for file in files]
    known = {node.name for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, DEFINES)}
    folders = {part for file in files for part in (file.stem, file.parent.name)}
    bodies: dict[str, list[str]] = {name: [] for name in known}
    anonymous = _Plain(dict.fromkeys(known, ""), folders)
    for text in texts:
        for node in ast.walk(anonymous.visit(ast.parse(text))):
            if isinstance(node, DEFINES):
                bodies[anonymous.called[node]].append(_digest(ast.dump(node)))
    plain = _Plain({name: _digest("".join(sorted(found))) for name, found in bodies.items()}, folders)
    statements = [_digest(ast.dump(node)) for text in texts for node in plain.visit(ast.parse(text)).body]
    return _digest("".join(sorted(statements)))


class _Plain(ast.NodeTransformer):
    """Leaves what code does: no imports, no docstrings, and other words for the names that it defines."""

    def __init__(self, words: Mapping[str, str], modules: Collection[str]) -> None:
        self.words, self.modules = words, modules
        self.called: dict[ast.AST, str] = {}

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        if isinstance(node, ast.Import | ast.ImportFrom) or _is_docstring(node):
            return None
        if isinstance(node, DEFINES):
            self.called[node] = node.name
            node.name = self.words.get(node.name, node.name)
        elif isinstance(node, ast.Name):
            node.id = self.words.get(node.id, node.id)
        elif isinstance(node, ast.Attribute):
            node.attr = self.words.get(node.attr, node.attr)
            if isinstance(node.value, ast.Name) and node.value.id in self.modules:
                return ast.Name(node.attr, node.ctx)  # where a function lies does not matter
        return node


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
            files = sorted(path for path in unfinished.rglob("*") if path.is_file())
            sizes = {path.relative_to(unfinished).as_posix(): path.stat().st_size for path in files}
            told = {"seconds": round(time.perf_counter() - start, 1), "files": sizes}
            (unfinished / "built.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
        except Exception as error:
            if shutil.disk_usage(unfinished).free < FULL_DISK:  # libraries hide it behind errors of their own
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise


def _sweep(target: Path) -> None:
    """Remove what crashed processes left. Whoever is still building holds a lock, ours is held by ourselves."""
    for leftover in target.parent.iterdir():
        if match := UNFINISHED.fullmatch(leftover.name):
            with (
                suppress(Timeout),
                nullcontext() if match[1] == target.name else _lock(target.with_name(match[1])).acquire(0),
            ):
                shutil.rmtree(leftover, ignore_errors=True)


def _lock(target: Path) -> FileLock:
    # Locks lie in a directory of their own: a listing of the cache then shows results only. Whoever may build may lock.
    folder = target.parent / ".locks"
    if not folder.exists():
        folder.mkdir(exist_ok=True)
        folder.chmod(stat.S_IMODE(target.parent.stat().st_mode))
    return FileLock(folder / f"{target.name}.lock", mode=0o666)


@contextmanager
def _locked(target: Path) -> Iterator[None]:
    lock = _lock(target)
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
        # write() on a full disk names no file; an error about a file somewhere else is not the cache's.
        elsewhere = error.filename is not None and not Path(os.fsdecode(error.filename)).is_relative_to(place)
        if error.errno not in PLACE_ERRORS or elsewhere:
            raise
        raise _unwritable(place, error) from error


def _unwritable(place: Path, error: OSError) -> CacheError:
    hint = f"Free some space, or set the environment variable {VARIABLE} to a directory that can be written."
    return CacheError(error.errno, f"the cache in {place} cannot be written: {error.strerror}. {hint}")
