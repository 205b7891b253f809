"""Results that take too long for a page are measured once and committed, with a note of where they come from.

A results file is JSON with two parts: ``provenance`` (when, on what, with which versions, by which code) and
``results``. A page draws the results and says where they come from; a test takes the `canary` anew, so a file that is
older than what the code does today does not go unnoticed.

>>> note = Provenance.now(seconds=12.0)
>>> sorted(note.versions)[:2], note.seconds
(['datasets', 'numpy'], 12.0)
"""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch

from plip_tutorial.plip.devices import cores
from plip_tutorial.storage.files import readable, whole_file

FOLDER = Path(__file__).parents[1] / "data"
PACKAGES = ("datasets", "numpy", "scikit-learn", "torch", "transformers")


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from.

    Attributes:
        date: day, UTC.
        commit: of the repository; with "+" if files differed from it; "" if it is not known.
        canary: what the code did on a small sample when the result was made, see `canary.take`; or {}.
        python: version.
        versions: of the packages that matter.
        machine: processor architecture, or the name of the GPU.
        cores: processors that the process may use.
        seconds: how long the measurement took.
    """

    date: str
    commit: str
    canary: dict[str, Any]
    python: str
    versions: dict[str, str]
    machine: str
    cores: int
    seconds: float

    @classmethod
    def now(cls, *, seconds: float, canary: Mapping[str, Any] | None = None, root: Path | None = None) -> Self:
        """The provenance of what was measured just now; ``root`` is the repository, by default that of the package."""
        return cls(
            date=datetime.now(UTC).date().isoformat(),
            commit=_commit(root or FOLDER.parents[1]),
            canary=dict(canary or {}),
            python=platform.python_version(),
            versions={name: found for name in PACKAGES if (found := _version(name))},
            machine=torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
            cores=cores(),
            seconds=round(seconds, 1),
        )

    def __str__(self) -> str:
        """One sentence for a page."""
        minutes, torch_version = self.seconds / 60, self.versions.get("torch", "unknown")
        where = f"{self.cores} cores ({self.machine})"
        return f"measured on {self.date} on {where} in {minutes:.0f} min, Python {self.python}, torch {torch_version}"


class Stored(NamedTuple):
    """What a results file holds."""

    provenance: Provenance
    results: Any


def save(name: str, results: Any, provenance: Provenance, *, folder: Path = FOLDER) -> Path:
    """Write ``name.json`` whole or not at all; returns its path."""
    target = folder / f"{name}.json"
    text = json.dumps({"provenance": asdict(provenance), "results": results}, indent=1, sort_keys=True) + "\n"
    with whole_file(target) as place:
        place.write_text(text, encoding="utf-8")
    return target


def load(name: str, *, folder: Path = FOLDER) -> Stored:
    """Read a results file.

    Raises:
        FileNotFoundError: if it was never measured; the message says how to.
        DamagedError: if it is not what `save` wrote.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist. It is written by `make {name.replace('_', '-')}`.")
    with readable(path):
        content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Stored(Provenance(**content["provenance"]), content["results"])


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit(root: Path) -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""
