"""What all commands share: a value is looked at before any work, and an error is one line instead of a traceback.

Nothing but the standard library is imported here, and nothing that only newer Pythons know is used: `doctor` has to
run where all else is missing.

>>> count("64")
64
>>> count("0")
Traceback (most recent call last):
argparse.ArgumentTypeError: '0' is no number of 1 or more
"""

from __future__ import annotations

import errno
import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

MISTAKE, STOPPED = 2, 130  # exit codes: of argparse for a wrong option, and of a shell for Ctrl-C
TRACEBACK = "PLIP_TUTORIAL_TRACEBACK"
PARQUET = ".parquet"


def count(text: str) -> int:
    """A number of things: 1, 2, 3 ...

    Raises:
        ArgumentTypeError: for anything else.
    """
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is no number of 1 or more")
    return number


def folder(text: str) -> Path:
    """A folder that is there and can be listed; ``~`` is somebody's home.

    Raises:
        ArgumentTypeError: if it is not.
    """
    path = _path(text)
    if path.is_file():
        raise ArgumentTypeError(f"{text!r} is a file; give the folder that it lies in: {str(path.parent)!r}")
    if not path.is_dir():
        looked = "" if path.is_absolute() else f" in {os.getcwd()}"
        raise ArgumentTypeError(f"there is no folder {text!r}{looked}; check its name")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ArgumentTypeError(f"{text!r} cannot be read; ask its owner for the rights")
    return path


def run_folder(text: str) -> Path:
    """A folder that is there or can be made.

    Raises:
        ArgumentTypeError: for a file, and for an empty name, which would be the current folder.
    """
    path = _path(text)
    if path.is_file():
        raise ArgumentTypeError(f"{text!r} is a file; name a folder, a new one or that of an earlier run")
    return path


def given(text: str) -> str:
    """Any name but an empty one.

    Raises:
        ArgumentTypeError: for that.
    """
    _path(text)
    return text


def parquet(text: str) -> Path:
    """A Parquet file that can be written; its folder may be missing.

    Raises:
        ArgumentTypeError: for a folder, another ending, or a place where nothing can be written.
    """
    path = _path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a folder; name a file in it: {str(path / 'tiles.parquet')!r}")
    if path.suffix.lower() != PARQUET:
        raise ArgumentTypeError(f"{text!r} does not end in {PARQUET}, and Parquet is what is written")
    place = next(parent for parent in path.absolute().parents if parent.exists())
    if not place.is_dir():
        raise ArgumentTypeError(f"{text!r} cannot be written: {str(place)!r} is a file. Choose another place")
    if reason := unwritable(place):
        raise ArgumentTypeError(f"{text!r} cannot be written: {str(place)!r}: {reason}. Choose another place")
    return path


def unwritable(place: Path) -> str:
    """Why no file can be made in a folder; empty if one can. It is tried, as the rights do not tell all."""
    try:
        with TemporaryFile(dir=place) as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _path(text: str) -> Path:
    if not text.strip():
        raise ArgumentTypeError("the name is empty; is a variable of your shell not set?")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # ~nobody
        raise ArgumentTypeError(f"{text!r}: {error}") from error


@contextmanager
def plainly(command: str, kept: str) -> Iterator[None]:
    """End a command as its user expects: mistakes in one line, with the exit code of a wrong option; Ctrl-C with 130.

    A mistake is what the user, the machine or a library that does not fit can be told in a sentence: a ValueError, an
    OSError, an ImportError, and the errors of this package. All else is a fault of the program and keeps its
    traceback. The variable ``PLIP_TUTORIAL_TRACEBACK=1`` shows it for mistakes, too.

    Args:
        command: its name, for the line.
        kept: what stays after Ctrl-C, and how to go on.
    """
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        _end(f"\n{command}: stopped. {kept}", STOPPED)
    except BrokenPipeError:  # `| head` has seen enough; what is still buffered has no reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(MISTAKE) from None
    except Exception as error:
        if os.environ.get(TRACEBACK) or not _is_mistake(error):
            raise
        _end(f"{command}: error: {_sentence(error)}", MISTAKE)


def _is_mistake(error: Exception) -> bool:
    ours = type(error).__module__.startswith("plip_tutorial.")
    full = type(error).__name__ == "OutOfMemoryError"  # of torch, which need not be there
    return ours or full or isinstance(error, (ValueError, OSError, ImportError, MemoryError))


def _sentence(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"the package {error.name} is missing. `python -m plip_tutorial doctor` says how to get it."
    if isinstance(error, ImportError) and error.name and not error.name.startswith("plip_tutorial"):
        return f"{error}. The installed versions do not fit: `python -m plip_tutorial doctor` says what to do."
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "the memory is full. Close other programs, or work on fewer at once (--batch-size, --chunk-size)."
    if isinstance(error, OSError) and error.strerror:
        place = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
        full = type(error).__module__ == "builtins" and error.errno in (errno.ENOSPC, errno.EDQUOT)
        return place + error.strerror + (". Free some space, or name another place." if full else "")
    return str(error).strip() or type(error).__name__


def _end(line: str, code: int) -> None:
    sys.stdout.flush()
    print(line, file=sys.stderr, flush=True)
    raise SystemExit(code) from None
