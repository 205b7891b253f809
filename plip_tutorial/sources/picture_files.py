"""One walk through a folder of pictures: the same files for all that reads folders, and a word for the rest.

Linked folders are followed, but never round in a circle. Hidden files, the folders that systems make for themselves
(``__MACOSX``, ``@eaDir``, ``.ipynb_checkpoints``), pipes and devices are left out. Whatever might have been a picture
and was left out is counted and named.

>>> import tempfile
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
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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
Inode = tuple[int, int]


@dataclass
class LeftOut:
    """What was left out, kind by kind.

    Attributes:
        counts: kind -> how many.
        names: kind -> the first few names.
    """

    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, name: str) -> None:
        """Count one more."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if len(first := self.names.setdefault(kind, [])) < NAMED:
            first.append(name)

    def told(self) -> str:
        """One line; empty if there is nothing to tell."""
        return "; ".join(f"{count} {kind} ({self._some(kind)})" for kind, count in self.counts.items())

    def _some(self, kind: str) -> str:
        more = ", ..." if self.counts[kind] > NAMED else ""
        return ", ".join(name.encode("utf-8", "replace").decode() for name in self.names[kind]) + more


@dataclass(frozen=True)
class Found:
    """What a folder holds.

    Attributes:
        files: paths of the pictures below the folder, with ``/``, sorted.
        folders: paths of the folders that were looked into, in the same way; "" is the folder itself.
        left_out: what might have been a picture and is not among the files.
    """

    files: list[str]
    folders: list[str]
    left_out: LeftOut


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
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"{root} is no folder.")
    found = Found([], [], LeftOut())
    _walk(root, found)
    found.files.sort()
    found.folders.sort()
    if warn and (told := found.left_out.told()):
        warnings.warn(f"left out of {root}: {told}", stacklevel=3)
    return found


def demand_pictures(folder: str | os.PathLike[str], *, warn: bool = True) -> list[str]:
    """The files that `find_pictures` finds.

    Raises:
        FileNotFoundError: no such folder.
        ValueError: if there is no picture; the message names what was left out.
    """
    found = find_pictures(folder, warn=False)
    told = found.left_out.told()
    if not found.files:
        hint = f" Left out: {told}." if told else ""
        raise ValueError(f"{folder} holds no picture; known endings are {', '.join(sorted(picture_endings()))}.{hint}")
    if warn and told:
        warnings.warn(f"left out of {folder}: {told}", stacklevel=2)
    return found.files


def is_regular(path: str | os.PathLike[str]) -> bool:
    """Whether a path that exists is a file or a folder, or leads to one; reading a pipe would wait for ever."""
    mode = os.stat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _walk(root: Path, found: Found) -> None:
    known = picture_endings()
    waiting: list[tuple[str, bool, frozenset[Inode]]] = [("", False, frozenset({_inode(root)}))]
    while waiting:
        below, in_service, above = waiting.pop()
        if not in_service:
            found.folders.append(below.rstrip("/"))
        for entry, name in _entries(root, below, found):
            kind = _kind(entry)
            if kind == "folder":
                service = in_service or _is_service(entry.name)
                inode = _inode(entry.path)
                if inode in above:
                    found.left_out.add(CIRCLE, name)
                elif not (service and entry.is_symlink()):
                    waiting.append((f"{name}/", service, above | {inode}))
            elif reason := _reason(entry, name, kind, in_service, known):
                found.left_out.add(reason, name)
            elif _ending(name) in known:
                found.files.append(name)


def _entries(root: Path, below: str, found: Found) -> Iterator[tuple[os.DirEntry[str], str]]:
    try:
        with os.scandir(root / below) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                yield entry, below + entry.name
    except OSError:  # closed to this user, or gone meanwhile
        found.left_out.add(CLOSED, below)


def _kind(entry: os.DirEntry[str]) -> str:
    """Of what an entry leads to: "folder", "file", or why it is neither."""
    try:
        mode = entry.stat().st_mode
    except OSError:  # also a link to itself
        return DEAD
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else SPECIAL


def _reason(entry: os.DirEntry[str], name: str, kind: str, in_service: bool, known: frozenset[str]) -> str:
    """Why something is left out that is, or may be, a picture; else empty."""
    ending, hidden = _ending(name), entry.name.startswith(".")
    if in_service or hidden:
        return (SERVICE if in_service else HIDDEN) if ending in known | FOREIGN else ""
    if kind != "file":
        return kind
    if ending in FOREIGN - known:
        return FOREIGN_ENDING
    if ending not in known:
        return RENAMED if ending not in BESIDE and _holds_picture(entry.path) else ""
    return "" if _is_unicode(name) else NO_UNICODE


def _holds_picture(path: str) -> bool:
    try:
        with Image.open(path, formats=PICTURES):
            return True
    except Exception:  # Pillow raises many kinds, and each means: no picture that it knows
        return False


def _is_service(name: str) -> bool:
    return name.startswith(".") or name.lower() in SERVICE_FOLDERS


def _is_unicode(name: str) -> bool:
    """Names of other encodings reach Python with half characters that no table can hold."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _inode(path: str | Path) -> Inode:
    told = os.stat(path)
    return told.st_dev, told.st_ino
