"""What `sync` fills into a notebook, so that it stands in one place: the set-up cell for Colab and the time.

A chapter's source marks the places. The address of the repository comes from ``_config.yml``, the tag
from the version of the package: a notebook installs the package that it was written for.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from plip_tutorial import budgets

ROOT = Path(__file__).parents[2]
TESTED = ROOT / "plip_tutorial" / "data" / "tested.txt"
TIME_MARK = "@time@"
TIME = """\
{minutes}`under two minutes on two CPU cores`, after the shared artifacts are built ({doc}`all pages <run_times>`).
@GPU@"""
SETUP_MARK = "# Set-up for Colab: book/_tools/fill.py holds the cell, make sync writes it into the notebook."
SETUP = """\
# In Colab choose Runtime > Change runtime type > T4 GPU first; without a GPU the small models of the book are taken.
# This cell installs the package. torch, numpy and transformers stay as they are, so nothing has to be restarted.
from importlib import metadata, util
from pathlib import Path

if util.find_spec("plip_tutorial") is None:
    here = [name for name in ("torch", "numpy", "transformers") if util.find_spec(name)]
    Path("keep.txt").write_text("\\n".join(f"{name}=={metadata.version(name)}" for name in here))
    %pip install -q -c keep.txt "@PACKAGE@"
"""


def filled(source: str, chapter: str) -> str:
    """The source of a chapter's cell with what belongs into it."""
    if source == SETUP_MARK:
        return setup_cell()
    return source.replace(TIME_MARK, time(chapter)) if TIME_MARK in source else source


def time(chapter: str) -> str:
    """What a chapter takes: `page_times` puts the minutes of this build in, `budgets` knows the GPU."""
    return TIME.replace("@GPU@", budgets.sentence(chapter))


def tested() -> str:
    """Pinned versions of what the package needs, for `plip_tutorial.doctor`: the pins themselves are not installed."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    same = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    names = [re.match(r"[\w.-]+", line)[0] for line in _project()["dependencies"]]  # type: ignore[index]
    return "".join(f"{name}=={same[name.lower()]}\n" for name in names)


def _project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def package() -> str:
    """What pip installs: the package with what the chapters need besides, from the repository at this version's tag."""
    address = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    return f"plip-tutorial[colab] @ git+{address}@v{_project()['version']}"


def setup_cell() -> str:
    """The source of the set-up cell, the same in every notebook."""
    return SETUP.replace("@PACKAGE@", package()).strip()
