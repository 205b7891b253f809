"""What this machine has and lacks for the book: ``python -m plip_tutorial doctor`` prints it, with what to do.

>>> [finding.name for finding in examine(hub=False)][:2]
['Python', 'packages']
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
import torch
from huggingface_hub import constants
from packaging.requirements import Requirement

from plip_tutorial.cache import VARIABLE, cache_dir

GB = 1000**3
MEMORY, DISK = 4 * GB, 2 * GB  # what the tiny track wants to have free
PYTHONS = ((3, 11), (3, 12), (3, 13))
TESTED = Path(__file__).parent / "data" / "tested.txt"  # written by make sync from constraints.txt
SECONDS = 5.0  # to wait for the hub


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
    return [
        _python(),
        *_packages(),
        _gpu(),
        _memory(),
        *_places(),
        *([_hub()] if hub else []),
    ]


def _python() -> Finding:
    known = ", ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    remedy = "" if sys.version_info[:2] in PYTHONS else f"the book is made for Python {known}"
    return Finding("Python", f"{platform.python_version()} at {sys.executable}", remedy)


def tested() -> dict[str, str]:
    """Versions of the direct dependencies that the book was built and tested with."""
    return dict(line.split("==") for line in TESTED.read_text(encoding="utf-8").split())


def _packages() -> Iterator[Finding]:
    """All direct dependencies against the ranges that the package declares, and against what was tested."""
    wanted = [Requirement(line) for line in requires("plip-tutorial") or ()]
    here, other, wrong, known = [], [], [], tested()
    for need in (need for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})):
        try:
            found = version(need.name)
        except PackageNotFoundError:
            wrong.append((need, "missing"))
            continue
        here.append(f"{need.name} {found}")
        if not need.specifier.contains(found, prereleases=True):
            wrong.append((need, found))
        elif found.split("+")[0] != known.get(need.name, found):
            other.append(f"{need.name} {found} (tested: {known[need.name]})")
    yield Finding("packages", ", ".join(here))
    if other:
        yield Finding("not the tested versions", ", ".join(other), "none needed; if a page fails, try the tested ones")
    for need, found in wrong:
        fit = f"{need.name}{need.specifier}"
        yield Finding(need.name, f"{found}, needs {need.specifier}", f'python -m pip install "{fit}"', stops=True)


def _gpu() -> Finding:
    if torch.cuda.is_available():
        free, total = torch.cuda.mem_get_info()
        return Finding("GPU", f"{torch.cuda.get_device_name()}, {free / GB:.1f} of {total / GB:.1f} GB free")
    if torch.backends.mps.is_available():
        return Finding("GPU", "Apple (MPS)")
    remedy = "the tiny track needs none; for the full one choose a GPU, in Colab: Runtime > Change runtime type > T4"
    return Finding("GPU", "none", remedy)


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    remedy = "" if memory.available >= MEMORY else "close other programs, or stop other notebooks"
    return Finding("memory", f"{memory.available / GB:.1f} of {memory.total / GB:.1f} GB free", remedy)


def _places() -> Iterator[Finding]:
    """The caches, their sizes, and what is free on their disks."""
    for name, place, variable in (
        ("cache of the book", cache_dir(), VARIABLE),
        ("cache of the hub", Path(constants.HF_HUB_CACHE), "HF_HOME"),
    ):
        free = shutil.disk_usage(_existing(place)).free
        remedy = "" if free >= DISK else f"free some space, or let {variable} name a directory on a larger disk"
        yield Finding(name, f"{_size(place) / GB:.2f} GB in {place}, {free / GB:.1f} GB free", remedy)


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.exists())


def _size(place: Path) -> int:
    """Bytes of all files below; links, of which the hub's cache is full, count once."""
    return sum(path.lstat().st_size for path in place.rglob("*") if path.is_file() and not path.is_symlink())


def _hub() -> Finding:
    if constants.HF_HUB_OFFLINE:
        return Finding("hub", "switched off", "the tiny track needs none; else unset HF_HUB_OFFLINE")
    address = constants.ENDPOINT
    try:
        with urllib.request.urlopen(address, timeout=SECONDS):
            return Finding("hub", f"{address} answers")
    except urllib.error.HTTPError as error:
        return Finding("hub", f"{address} answers with {error.code}")
    except (OSError, ValueError) as error:
        proxy = os.environ.get("HTTPS_PROXY", "none")
        remedy = f"the tiny track needs none; else look at the network and the proxy (HTTPS_PROXY: {proxy})"
        return Finding("hub", f"{address} cannot be reached: {error}", remedy)


def text(findings: list[Finding]) -> str:
    """The findings as lines, remedies below what they are for."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.name}: {finding.found}")
        if finding.remedy:
            lines.append(f"    {'MUST BE MENDED' if finding.stops else 'advice'}: {finding.remedy}")
    return "\n".join(lines)
