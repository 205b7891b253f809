"""What this machine has and lacks for the book: ``python -m plip_tutorial doctor`` prints it, with what to do.

It runs wherever Python runs. What is not in the standard library is imported where it is looked at, and a look that
fails becomes a line that says so: the page that should help must not be the first to fall.

>>> [finding.name for finding in examine(hub=False)][:2]
['Python', 'packages']
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from plip_tutorial.commands.command_line import unwritable
from plip_tutorial.sources import network

GB = 1000**3
MEMORY, DISK = 4 * GB, 2 * GB  # what the tiny track wants to have free
PYTHONS = ((3, 11), (3, 12), (3, 13))
TESTED = Path(__file__).parents[1] / "data" / "tested.txt"  # written by make sync from constraints.txt
SECONDS = 5.0  # to wait for the hub
HUB = "https://huggingface.co"
COMPILED = ("numpy", "pandas", "pyarrow", "sklearn", "torch")  # may be there and yet not fit the rest of the machine


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        found: what there is.
        remedy: what to do about it; empty if nothing needs doing.
        stops: whether the tiny track cannot run like this.
    """

    name: str
    found: str
    remedy: str = ""
    stops: bool = False


def examine(*, hub: bool = True) -> list[Finding]:
    """Look at everything; ``hub=False`` leaves the network alone."""
    looks = {
        "Python": _python,
        "packages": _packages,
        "imports": _imports,
        "GPU": _gpu,
        "track": _track,
        "memory": _memory,
    }
    looks |= {"cache of the book": _book_cache, "cache of the hub": _hub_cache} | ({"hub": _hub} if hub else {})
    return [finding for name, look in looks.items() for finding in _safely(name, look)]


def _safely(name: str, look: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except ImportError as error:  # `packages` has said how to get it
        return [Finding(name, f"cannot be told as long as {error.name or 'a package'} cannot be imported")]
    except Exception as error:  # whatever it is, the other lines are wanted all the more
        return [Finding(name, f"cannot be looked at: {type(error).__name__}: {error}")]


def _python() -> Iterator[Finding]:
    known = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    remedy = "" if sys.version_info[:2] in PYTHONS else f"the book is made for Python {known}"
    yield Finding("Python", f"{platform.python_version()} at {sys.executable}", remedy)


def tested() -> dict[str, str]:
    """Versions of the direct dependencies that the book was built and tested with."""
    return dict(line.split("==") for line in TESTED.read_text(encoding="utf-8").split())


def _packages() -> Iterator[Finding]:
    """All direct dependencies against the ranges that the package declares, and against what was tested."""
    here, other, wrong, known = [], [], [], tested()
    declared = _declared()
    for name, wanted, fits in map(_need, declared or known):
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append((name, wanted, "missing"))
            continue
        here.append(f"{name} {found}")
        if not fits(found):
            wrong.append((name, wanted, found))
        elif found.split("+")[0] != known.get(name, found):
            other.append(f"{name} {found} (tested: {known[name]})")
    yield Finding("packages", ", ".join(here) or "none of those that are needed")
    if not declared:
        hint = f'{_pip()} install "{_home()}"'
        yield Finding("plip-tutorial", f"is not installed and runs from {_home()}, so ranges are not known", hint)
    if other:
        yield Finding("not the tested versions", ", ".join(other), "none needed; if a page fails, try the tested ones")
    for name, wanted, found in wrong:
        needs = f", needs {wanted}" if wanted else ""
        yield Finding(name, f"{found}{needs}", f'{_pip()} install "{name}{wanted}"', stops=True)
    if len(wrong) > 1:
        together = " ".join(f'"{name}{wanted}"' for name, wanted, _ in wrong)
        yield Finding("all of these at once", f"{len(wrong)} packages", f"{_pip()} install {together}")


def _declared() -> list[str]:
    """Requirements of the installed package, without those of its extras; empty if it is not installed."""
    try:
        return [line for line in requires("plip-tutorial") or () if "extra ==" not in line]
    except PackageNotFoundError:
        return []


def _need(line: str) -> tuple[str, str, Callable[[str], bool]]:
    """Name of a requirement, its range, and whether a version lies in it."""
    name = re.split("[^A-Za-z0-9._-]", line, maxsplit=1)[0]
    wanted = line[len(name) :].partition(";")[0].strip()
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:  # it is named as missing itself; of the others it can still be told whether they are there
        return name, wanted, lambda _: True
    return name, wanted, lambda found: SpecifierSet(wanted).contains(found, prereleases=True)


def _pip() -> str:
    """The command that installs: environments made by uv hold no pip."""
    return "python -m pip" if importlib.util.find_spec("pip") else "uv pip"


def _home() -> Path:
    return Path(__file__).parents[2]


def _imports() -> Iterator[Finding]:
    """Packages that are there and cannot be imported."""
    for name in COMPILED:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:  # of the dynamic loader, or of another package that does not fit
            first, wheel = (str(error).splitlines() or [type(error).__name__])[0], {"sklearn": "scikit-learn"}
            remedy = f'{_pip()} install --force-reinstall "{wheel.get(name, name)}", then restart Python'
            yield Finding(name, f"is there and cannot be imported: {first}", remedy, stops=True)


def _gpu() -> Iterator[Finding]:
    import torch

    remedy = "the tiny track needs none; for the full one choose a GPU, in Colab: Runtime > Change runtime type > T4"
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        yield Finding("GPU", f"{torch.cuda.get_device_name()}, {free / GB:.1f} of {total / GB:.1f} GB free")
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "Apple (MPS)")
    else:
        yield Finding("GPU", "none", remedy)


def _track() -> Iterator[Finding]:
    from plip_tutorial.tracks import TRACKS, VARIABLE

    chosen = os.environ.get(VARIABLE, "").strip().lower()
    if chosen and chosen not in TRACKS:
        yield Finding("track", f"{VARIABLE} is {chosen!r}", f"set it to {' or '.join(TRACKS)}, or unset it", stops=True)
    else:
        yield Finding("track", chosen or "not chosen, so full in Colab with a GPU if the hub has it all, else tiny")


def _memory() -> Iterator[Finding]:
    import psutil

    memory = psutil.virtual_memory()
    remedy = "" if memory.available >= MEMORY else "close other programs, or stop other notebooks"
    yield Finding("memory", f"{memory.available / GB:.1f} of {memory.total / GB:.1f} GB free", remedy)


def _book_cache() -> Iterator[Finding]:
    from plip_tutorial.storage.cache import VARIABLE, cache_dir

    name, remedy = "cache of the book", f"let {VARIABLE} name a directory that can be written, or free some space"
    try:
        place = cache_dir()
    except OSError as error:  # a `CacheError`, or what a drive that is gone says
        yield Finding(name, str(error), remedy, stops=True)
        return
    yield _place(name, place, VARIABLE)
    if reason := unwritable(place):
        filled = any(place.glob("*/built.json"))  # of a teacher, for all to read
        hint = f"what lies there is used; to build more, {remedy}" if filled else remedy
        yield Finding(name, f"{place} cannot be written: {reason}", hint, stops=not filled)


def _hub_cache() -> Iterator[Finding]:
    from huggingface_hub import constants

    yield _place("cache of the hub", Path(constants.HF_HUB_CACHE), "HF_HOME")


def _place(name: str, place: Path, variable: str) -> Finding:
    """A cache, its size, and what is free on its disk."""
    free = shutil.disk_usage(_existing(place)).free
    remedy = "" if free >= DISK else f"free some space, or let {variable} name a directory on a larger disk"
    return Finding(name, f"{_size(place) / GB:.2f} GB in {place}, {free / GB:.1f} GB free", remedy)


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.exists())


def _size(place: Path) -> int:
    """Bytes of all files below; links, of which the hub's cache is full, count once."""
    total = 0
    for folder, _, names in os.walk(place):
        for path in (os.path.join(folder, name) for name in names):
            try:
                total += 0 if os.path.islink(path) else os.lstat(path).st_size
            except OSError:  # somebody has just removed it
                continue
    return total


def _hub() -> Iterator[Finding]:
    address, offline = _setting()
    if offline:
        yield Finding("hub", "switched off", "the tiny track needs none; else unset HF_HUB_OFFLINE")
        return
    try:
        status, _ = network.fetch(address, SECONDS)
        yield Finding("hub", f"{address} answers" + ("" if status < 400 else f" with {status}"))
    except network.NoAnswerError as error:
        proxy = f"look at the network, the proxy (HTTPS_PROXY: {network.proxy()}) and the address (HF_ENDPOINT)"
        yield Finding("hub", f"{address} cannot be reached: {error}", f"the tiny track needs none; else {proxy}")


def _setting() -> tuple[str, bool]:
    """Address of the hub, and whether it is switched off."""
    try:
        from huggingface_hub import constants
    except ImportError:
        off = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
        return os.environ.get("HF_ENDPOINT", HUB), off
    return constants.ENDPOINT, constants.HF_HUB_OFFLINE


def text(findings: list[Finding]) -> str:
    """The findings as lines, remedies below what they are for."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.name}: {finding.found}")
        if finding.remedy:
            lines.append(f"    {'MUST BE MENDED' if finding.stops else 'advice'}: {finding.remedy}")
    return "\n".join(lines)
