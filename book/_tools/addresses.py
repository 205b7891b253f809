"""Where things stand on the web: the repository, the published book, notebooks in Colab, files at this version's tag.

Everything follows from the address of the repository in ``_config.yml`` and the version in ``pyproject.toml``.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).parents[2]


@cache
def config() -> Any:
    """The settings of the book."""
    return yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


@cache
def project() -> Any:
    """What ``pyproject.toml`` says of the package."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def repository() -> str:
    """The address of the repository, the only one that is written down."""
    return str(config()["repository"]["url"])


def tag() -> str:
    """The tag of this version."""
    return f"v{project()['version']}"


def slug() -> str:
    """Owner and name of the repository: ``"owner/name"``."""
    return repository().removeprefix("https://github.com/")


def site(page: str = "book/index", anchor: str = "") -> str:
    """A page of the published book, which GitHub serves for the repository. ``page`` is its path without ending."""
    owner, name = slug().split("/")
    return f"https://{owner}.github.io/{name}/{page}.html" + (f"#{anchor}" if anchor else "")


def home() -> str:
    """Where the published book begins on its host: ``"/name/"``."""
    return urlsplit(site("")).path.removesuffix(".html")


def colab(path: str) -> str:
    """What opens a notebook of the repository in Colab."""
    branch = config()["repository"]["branch"]
    return f"{config()['launch_buttons']['colab_url']}/github/{slug()}/blob/{branch}/{path}"


def edit(path: str) -> str:
    """Where a file of the repository is edited in the browser."""
    return f"{repository()}/edit/{config()['repository']['branch']}/{path}"


def raw(path: str) -> str:
    """A file of the repository, as it was at this version's tag."""
    return f"https://raw.githubusercontent.com/{slug()}/{tag()}/{path}"
