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
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from plip_tutorial.commands.command_line import unwritable

GB = 1000**3
MEMORY, DISK = 4 * GB, 2 * GB  # what the tiny track wants to have free
PYTHONS = ((3, 11), (3, 12), (3, 13))
HOME = Path(__file__).parents[2]
TESTED = Path(__file__).parents[1] / "data" / "tested.txt"  # written by make sync from constraints.txt
SECONDS = 5.0  # to wait for the hub
COMPILED = {"numpy": "numpy", "pandas": "pandas", "pyarrow": "pyarrow", "sklearn": "scikit-learn", "torch": "torch"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    found: str
    remedy: str = ""  #: empty if nothing needs doing
    stops: bool = False  #: whether the tiny track cannot run like this


def examine(*, hub: bool = True) -> list[Finding]:
    """Look at everything; ``hub=False`` leaves the network alone."""
    looks = {"Python": look_at_python, "packages": look_at_packages, "imports": look_at_imports, "GPU": look_at_gpu}
    looks |= {"track": look_at_track, "memory": look_at_memory, "caches": look_at_caches}
    findings: list[Finding] = []
    for name, look in {**looks, **({"hub": look_at_hub} if hub else {})}.items():
        try:
            findings += look()
        except ImportError as error:  # `packages` has said how to get it
            lacking = error.name or "a package"
            findings.append(Finding(name, f"cannot be told as long as {lacking} cannot be imported"))
        except Exception as error:  # whatever it is, the other lines are wanted all the more
            findings.append(Finding(name, f"cannot be looked at: {type(error).__name__}: {error}"))
    return findings


def look_at_python() -> Iterator[Finding]:
    """Is it one that the book is tested with?"""
    known = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    remedy = "" if sys.version_info[:2] in PYTHONS else f"the book is made for Python {known}"
    yield Finding("Python", f"{platform.python_version()} at {sys.executable}", remedy)


def tested() -> dict[str, str]:
    """Versions of the direct dependencies that the book was built and tested with."""
    return dict(line.split("==") for line in TESTED.read_text(encoding="utf-8").split())


def look_at_packages() -> Iterator[Finding]:
    """All direct dependencies against the ranges that the package declares, and against what was tested."""
    here, other, wrong, known = [], [], [], tested()
    try:
        declared = [line for line in requires("plip-tutorial") or () if "extra ==" not in line]
    except PackageNotFoundError:
        declared = []
    for line in declared or known:
        name = re.split("[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        wanted = line[len(name) :].partition(";")[0].strip()
        try:
            found = version(name)
        except PackageNotFoundError:
            wrong.append((name, wanted, "missing"))
            continue
        here.append(f"{name} {found}")
        if not _fits(found, wanted):
            wrong.append((name, wanted, found))
        elif found.split("+")[0] != known.get(name, found):
            other.append(f"{name} {found} (tested: {known[name]})")
    yield Finding("packages", ", ".join(here) or "none of those that are needed")
    if not declared:
        hint = f'{_pip()} install "{HOME}"'
        yield Finding("plip-tutorial", f"is not installed and runs from {HOME}, so ranges are not known", hint)
    if other:
        yield Finding("not the tested versions", ", ".join(other), "none needed; if a page fails, try the tested ones")
    for name, wanted, found in wrong:
        needs = f", needs {wanted}" if wanted else ""
        yield Finding(name, f"{found}{needs}", f'{_pip()} install "{name}{wanted}"', stops=True)
    if len(wrong) > 1:
        together = " ".join(f'"{name}{wanted}"' for name, wanted, _ in wrong)
        yield Finding("all of these at once", f"{len(wrong)} packages", f"{_pip()} install {together}")


def _fits(found: str, wanted: str) -> bool:
    try:
        from packaging.specifiers import SpecifierSet
    except ImportError:  # it is named as missing itself; of the others it can still be told whether they are there
        return True
    return SpecifierSet(wanted).contains(found, prereleases=True)


def _pip() -> str:
    """The command that installs: environments made by uv hold no pip."""
    return "python -m pip" if importlib.util.find_spec("pip") else "uv pip"


def look_at_imports() -> Iterator[Finding]:
    """Compiled packages may be there and yet not fit the rest of the machine."""
    for name, wheel in COMPILED.items():
        if importlib.util.find_spec(name) is None:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:  # of the dynamic loader, or of another package that does not fit
            first = (str(error).splitlines() or [type(error).__name__])[0]
            remedy = f'{_pip()} install --force-reinstall "{wheel}", then restart Python'
            yield Finding(name, f"is there and cannot be imported: {first}", remedy, stops=True)


def look_at_gpu() -> Iterator[Finding]:
    """The full track wants one."""
    import torch

    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        yield Finding("GPU", f"{torch.cuda.get_device_name()}, {free / GB:.1f} of {total / GB:.1f} GB free")
    elif torch.backends.mps.is_available():
        yield Finding("GPU", "Apple (MPS)")
    else:
        remedy = "the tiny track needs none; for the full one choose one: in Colab, Runtime > Change runtime type > T4"
        yield Finding("GPU", "none", remedy)


def look_at_track() -> Iterator[Finding]:
    """Is it one of the two?"""
    from plip_tutorial.tracks import TRACKS, VARIABLE

    chosen = os.environ.get(VARIABLE, "").strip().lower()
    if chosen and chosen not in TRACKS:
        yield Finding("track", f"{VARIABLE} is {chosen!r}", f"set it to {' or '.join(TRACKS)}, or unset it", stops=True)
    else:
        yield Finding("track", chosen or "not chosen, so full in Colab with a GPU if the hub has it all, else tiny")


def look_at_memory() -> Iterator[Finding]:
    """What is free."""
    import psutil

    memory = psutil.virtual_memory()
    remedy = "" if memory.available >= MEMORY else "close other programs, or stop other notebooks"
    yield Finding("memory", f"{memory.available / GB:.1f} of {memory.total / GB:.1f} GB free", remedy)


def look_at_caches() -> Iterator[Finding]:
    """Those of the book and of the hub: their size, the room on their disk, and whether the book's can be written."""
    from plip_tutorial.storage.cache import VARIABLE, cache_dir

    name, remedy = "cache of the book", f"let {VARIABLE} name a directory that can be written, or free some space"
    try:
        place = cache_dir()
        yield _cache(name, place, VARIABLE)
        if reason := unwritable(place):
            filled = any(place.glob("*/built.json"))  # of a teacher, for all to read
            hint = f"what lies there is used; to build more, {remedy}" if filled else remedy
            yield Finding(name, f"{place} cannot be written: {reason}", hint, stops=not filled)
    except OSError as error:  # a `CacheError`, or what a drive that is gone says
        yield Finding(name, str(error), remedy, stops=True)

    from huggingface_hub import constants

    yield _cache("cache of the hub", Path(constants.HF_HUB_CACHE), "HF_HOME")


def _cache(name: str, place: Path, variable: str) -> Finding:
    free = shutil.disk_usage(next(path for path in (place, *place.parents) if path.exists())).free
    size = 0
    for folder, _, files in os.walk(place):
        for path in (os.path.join(folder, file) for file in files):
            try:  # links, of which the hub's cache is full, count once
                size += 0 if os.path.islink(path) else os.lstat(path).st_size
            except OSError:  # somebody has just removed it
                continue
    remedy = "" if free >= DISK else f"free some space, or let {variable} name a directory on a larger disk"
    return Finding(name, f"{size / GB:.2f} GB in {place}, {free / GB:.1f} GB free", remedy)


def look_at_hub() -> Iterator[Finding]:
    """Does it answer, and soon?"""
    from huggingface_hub import constants

    from plip_tutorial.sources import asking

    if constants.HF_HUB_OFFLINE:
        yield Finding("hub", "switched off", "the tiny track needs none; else unset HF_HUB_OFFLINE")
        return
    address = constants.ENDPOINT
    try:
        status, _ = asking.fetch(address, SECONDS)
        yield Finding("hub", f"{address} answers" + ("" if status < 400 else f" with {status}"))
    except asking.HubError as error:
        remedy = f"the tiny track needs none; else look at {asking.way()}"
        yield Finding("hub", f"{address} cannot be reached: {error}", remedy)


def text(findings: list[Finding]) -> str:
    """The findings as lines, remedies below what they are for."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.name}: {finding.found}")
        if finding.remedy:
            lines.append(f"    {'MUST BE MENDED' if finding.stops else 'advice'}: {finding.remedy}")
    return "\n".join(lines)
