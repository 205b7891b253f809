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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

import plip_tutorial
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
            the result as ``cache_key.json``, beside the size of each file in ``built.json``.
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
        noted = json.loads((target / "built.json").read_text(encoding="utf-8")).get("files", {})
        for file, size in noted.items():
            if (found := (target / file).stat().st_size) != size:
                raise ValueError(f"{file} has {found} bytes; {size} were written")
    return target


def place(name: str, key: Mapping[str, Any] | Any) -> Path:
    """Where `build` keeps a result; it is a directory there if it was built, and nothing if it was not."""
    return cache_dir() / f"{name}-{fingerprint(key)}"


def fingerprint(key: Mapping[str, Any] | Any) -> str:
    """Sixteen hexadecimal digits (SHA-256) that change with any value in ``key``.

    Raises:
        TypeError: for a value that has no canonical form as JSON, such as a function.
    """
    return _digest(json.dumps(key, sort_keys=True, default=_plain))


@lru_cache
def code_key(module: str = "") -> str:
    """What stands for the code in a key: the version of an installed package, what the code does in a working copy.

    A working copy is told by a ``pyproject.toml`` in a folder above. A package that is taken for one by mistake gets a
    key that is as good and costs two seconds.

    Args:
        module: full name of a single one that matters; by default all of the package.
    """
    package = Path(plip_tutorial.__file__).parent
    if not any((folder / "pyproject.toml").exists() for folder in package.parents):
        return plip_tutorial.__version__
    if module:
        return code_fingerprint([package.parent.joinpath(*module.split(".")).with_suffix(".py")])
    words = "".join(path.read_text(encoding="utf-8") for path in sorted(package.glob("data/*.toml")))
    return _digest(code_fingerprint(sorted(package.rglob("*.py"))) + words)


def code_fingerprint(files: Sequence[Path]) -> str:
    """Sixteen hexadecimal digits of what Python files do: no comments, docstrings, imports, names of files.

    A name that they define stands for the body of its definition, so that a call of another function is seen, and
    another name for the same function is not. Statements count in any order of files.
    """
    trees = [_Acting().visit(ast.parse(file.read_text(encoding="utf-8"))) for file in files]
    bodies: dict[str, list[str]] = {}
    for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, DEFINES)):
        bodies.setdefault(node.name, []).append(ast.unparse(node))
    modules = "|".join({part for file in files for part in (file.stem, file.parent.name)})
    word = re.compile(rf"\b(?:(?:{modules})\.)?([A-Za-z_]\w*)")

    def renamed(code: str, names: Mapping[str, str]) -> str:
        return word.sub(lambda found: names.get(found[1], found[1]), code)

    nameless = dict.fromkeys(bodies, "_")
    names = {name: _digest("".join(sorted(renamed(body, nameless) for body in bodies[name]))) for name in bodies}
    return _digest("\n".join(sorted(renamed(ast.unparse(node), names) for tree in trees for node in tree.body)))


class _Acting(ast.NodeTransformer):
    """Leaves what acts: no imports, no docstrings, no lists of names."""

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        names = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        return None if text or names or isinstance(node, ast.Import | ast.ImportFrom) else node


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """What JSON does not know by itself."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy numbers and arrays
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a cache key cannot hold {value!r}; use numbers, strings, lists, mappings and dataclasses of them")


def _build(target: Path, key: Any, make: Callable[[Path], object]) -> None:
    _sweep(target)
    with whole_folder(target) as unfinished:
        try:
            make(unfinished)
            told = json.dumps(key, sort_keys=True, default=_plain)
            (unfinished / "cache_key.json").write_text(told + "\n", encoding="utf-8")
            paths = sorted(path for path in unfinished.rglob("*") if path.is_file())
            files = {path.relative_to(unfinished).as_posix(): path.stat().st_size for path in paths}
            (unfinished / "built.json").write_text(json.dumps({"files": files}) + "\n", encoding="utf-8")
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
        ours = error.filename is None or Path(os.fsdecode(error.filename)).is_relative_to(place)
        if ours and error.errno in PLACE_ERRORS:
            raise _unwritable(place, error) from error
        raise


def _unwritable(place: Path, error: OSError) -> CacheError:
    hint = f"Free some space, or set the environment variable {VARIABLE} to a directory that can be written."
    return CacheError(error.errno, f"the cache in {place} cannot be written: {error.strerror}. {hint}")
