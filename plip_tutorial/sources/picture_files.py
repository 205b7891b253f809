"""One walk through a folder of pictures: the same files for all that reads folders, and a word for the rest.

Linked folders are followed, but never round in a circle. Hidden files, the folders that systems make for themselves
(``__MACOSX``, ``@eaDir``, ``.ipynb_checkpoints``), pipes and devices are left out. Whatever might have been a picture
and was left out is counted and named.

>>> import tempfile
>>> from pathlib import Path
>>> folder = Path(tempfile.mkdtemp())
>>> for name in ("a.png", "b.JPE", "._a.png", "notes.txt"):
...     _ = (folder / name).write_bytes(b"")
>>> found = find_pictures(folder, warn=False)
>>> found.files
['a.png', 'b.JPE']
>>> found.left_out.told()
'1 hidden (._a.png)'
"""

from __future__ import annotations

import os
import stat
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from PIL import Image

SERVICE_FOLDERS = frozenset({
    "__macosx", "__pycache__", "@eadir", "@recycle", "@recently-snapshot", "@synoeastream", "#recycle", "#snapshot",
    "~snapshot", "$recycle.bin", "recycler", "lost+found", "system volume information", "network trash folder",
    "temporary items",
})  # fmt: skip
# Pillow registers these, too, but holds no decoder of its own for them; PostScript it would hand to another program.
NO_PIXELS = frozenset({".bufr", ".grib", ".h5", ".hdf", ".mpg", ".mpeg", ".wmf", ".emf", ".eps", ".ps"})
SLIDES = frozenset({".svs"})  # TIFF under another name
# Pictures of phones, cameras, scanners and clinics that Pillow cannot open unless somebody adds a plugin.
FOREIGN = frozenset({
    ".heic", ".heif", ".hif", ".jxl", ".jxr", ".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".dcm",
    ".dicom", ".ndpi", ".scn", ".bif", ".mrxs", ".vms", ".vsi", ".czi", ".lif", ".nd2", ".oib", ".oif", ".lsm", ".exr",
})  # fmt: skip
# What lies beside pictures by right and is not looked at; any other file might be a picture under a wrong name.
BESIDE = frozenset({
    ".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yml", ".yaml", ".xlsx", ".parquet", ".html", ".py",
    ".ipynb", ".db", ".ini",
})  # fmt: skip
PICTURES = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "JPEG2000", "AVIF")  # their first bytes tell them for sure
NAMED = 3  # names that stand for a kind
HIDDEN, SERVICE, SPECIAL = "hidden", "in folders of the system", "pipes, sockets or devices"
DEAD, CIRCLE, CLOSED = "links that lead nowhere", "links that lead back to a folder above", "that may not be opened"
FOREIGN_ENDING, RENAMED = "with an ending that Pillow cannot open here", "pictures without a picture's ending"
NO_UNICODE = "with a name that is not valid Unicode"


@dataclass
class LeftOut:
    """What was left out: how many of each kind, and the first few names."""

    counts: Counter[str] = field(default_factory=Counter)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count one more."""
        self.counts[kind] += 1
        if self.counts[kind] <= NAMED:
            self.names.setdefault(kind, []).append(name.encode("utf-8", "replace").decode())

    def told(self) -> str:
        """One line; empty if there is nothing to tell."""
        return "; ".join(
            f"{count} {kind} ({', '.join(self.names[kind])}{', ...' if count > NAMED else ''})"
            for kind, count in self.counts.items()
        )

    def warn(self, folder: str | os.PathLike[str]) -> None:
        """Say it, if there is something to say, where the caller of the caller stands."""
        if told := self.told():
            warnings.warn(f"left out of {folder}: {told}", stacklevel=3)


@dataclass(frozen=True)
class Found:
    """What a folder holds."""

    files: list[str]  #: paths of the pictures below the folder, with ``/``, sorted
    folders: list[str]  #: of the folders that were looked into, in the same way; "" is the folder itself
    left_out: LeftOut  #: what might have been a picture and is not among the files


def picture_endings() -> frozenset[str]:
    """Endings of the pictures that Pillow can open here and now, in small letters; its plugins add to them.

    >>> {".png", ".jpg", ".jfif", ".jpe", ".tif", ".svs"} <= picture_endings()
    True
    """
    opened = {ending for ending, kind in Image.registered_extensions().items() if kind in Image.OPEN}
    return frozenset(opened - NO_PIXELS) | SLIDES


def find_pictures(folder: str | os.PathLike[str], *, warn: bool = True) -> Found:
    """Look through a folder with all its sub-folders.

    Args:
        folder: where to look.
        warn: say in one warning what was left out. Texts and tables beside the pictures are not missed.

    Raises:
        FileNotFoundError: no such folder.
    """
    root = os.fspath(folder)
    if not os.path.isdir(root):
        raise FileNotFoundError(f"{root} is no folder.")
    found, known = Found([], [], LeftOut()), picture_endings()
    # Of each folder: whether the system made it, and which folders stand above.
    waiting = {root: (False, frozenset({_inode(root)}))}

    def closed(error: OSError) -> None:  # to this user, or it is gone meanwhile
        found.left_out.add(CLOSED, os.path.relpath(error.filename, root))

    for place, folders, files in os.walk(root, onerror=closed, followlinks=True):
        (service, above), inside = waiting.pop(place), os.path.relpath(place, root).replace(os.sep, "/")
        before = "" if inside == "." else f"{inside}/"
        if not service:
            found.folders.append(before[:-1])
        names, folders[:] = sorted(folders), []
        for name in names:
            path, inode = os.path.join(place, name), _inode(os.path.join(place, name))
            by_system = service or name.startswith(".") or name.lower() in SERVICE_FOLDERS
            if inode in above:
                found.left_out.add(CIRCLE, before + name)
            elif not (by_system and os.path.islink(path)):
                folders.append(name)
                waiting[path] = (by_system, above | {inode})
        for name in sorted(files):
            if reason := _reason(os.path.join(place, name), service, known):
                found.left_out.add(reason, before + name)
            elif _ending(name) in known:
                found.files.append(before + name)
    found.files.sort()
    found.folders.sort()
    if warn:
        found.left_out.warn(root)
    return found


def demand_pictures(folder: str | os.PathLike[str], *, warn: bool = True) -> list[str]:
    """The files that `find_pictures` finds.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: if there is no picture; the message names what was left out.
    """
    found = find_pictures(folder, warn=False)
    if not found.files:
        told = found.left_out.told()
        hint = f" Left out: {told}." if told else ""
        raise ValueError(f"{folder} holds no picture; known endings are {', '.join(sorted(picture_endings()))}.{hint}")
    if warn:
        found.left_out.warn(folder)
    return found.files


def is_regular(path: str | os.PathLike[str]) -> bool:
    """Whether a path that exists is a file or a folder, or leads to one; reading a pipe would wait for ever."""
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _reason(path: str, service: bool, known: frozenset[str]) -> str:
    """Why a file is left out that is, or may be, a picture; else empty."""
    name, ending = os.path.basename(path), _ending(path)
    if service or name.startswith("."):
        return (SERVICE if service else HIDDEN) if ending in known | FOREIGN else ""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # also a link to itself
        return DEAD
    if not stat.S_ISREG(mode):
        return SPECIAL
    if ending in FOREIGN - known:
        return FOREIGN_ENDING
    if ending in known:  # names of other encodings reach Python with half characters that no table can hold
        return NO_UNICODE if any("\ud800" <= letter <= "\udfff" for letter in name) else ""
    if ending not in BESIDE:
        with suppress(Exception), Image.open(path, formats=PICTURES):  # Pillow raises many kinds: no picture it knows
            return RENAMED
    return ""


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _inode(path: str) -> tuple[int, int]:
    told = os.stat(path)
    return told.st_dev, told.st_ino
