"""What `pyproject.toml` declares is used, what is imported is declared, and each floor is one that some run has."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from collections import defaultdict
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED: dict[str, list[str]] = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
# Where the needs of an extra are used; those of all others, and of the package itself, in the package.
PLACES = {
    "book": ("book", "plip_tutorial", "_config.yml", "Makefile"),
    "check": ("tests", "book/_tools", "Makefile"),
    "colab": ("book", "plip_tutorial"),
    "test": ("tests", "book/_tools", "plip_tutorial/widgets.py", "Makefile"),
}
NEEDED = (
    "",
    "colab",
    "demo",
    "faiss",
    "lora",
    "scale",
    "slide",
)  # these are imported; what the others hold may be called by name
# How these are called, where it is by another name than their own.
CALLED = {
    "ipykernel": "kernel_name|kernelspec",
    "openslide-bin": "import openslide",  # which loads the library that it brings
    "pytest-xdist": "--numprocesses",
    "sphinx-book-theme": "launch_buttons",  # which it draws
}
IMPORT = re.compile(r"^ *(?:from|import) (\w+)|importorskip\(\"(\w+)|__import__\(\"(\w+)", re.MULTILINE)
OWNERS = {module: {canonicalize_name(owner) for owner in owners} for module, owners in packages_distributions().items()}


@cache
def text(place: str) -> str:
    """All source below a place. Pages hold magics, so they cannot be parsed as Python."""
    files = sorted(path for path in (ROOT / place).rglob("*.py")) if (ROOT / place).is_dir() else [ROOT / place]
    own = Path(__file__).resolve()
    return "\n".join(path.read_text(encoding="utf-8") for path in files if path.resolve() != own)


def imported(*places: str) -> set[str]:
    return {name for place in places for found in IMPORT.findall(text(place)) for name in found if name}


def modules() -> dict[str, set[str]]:
    """Top names of modules by distribution, such as ``PIL`` of ``pillow``."""
    found = defaultdict(set)
    for module, owners in OWNERS.items():
        for owner in owners:
            found[owner].add(module)
    return found


@pytest.mark.parametrize("extra", DECLARED)
def test_each_dependency_is_used_in_the_place_that_it_is_for(extra: str) -> None:
    places, known = PLACES.get(extra, ("plip_tutorial",)), modules()
    used, everything = imported(*places), "\n".join(map(text, places))
    for line in DECLARED[extra]:
        name = canonicalize_name(Requirement(line).name)
        own = known[name] or {name.replace("-", "_")}
        words = CALLED.get(name) or "|".join(map(re.escape, {name, *own}))
        called = (extra not in NEEDED or name in CALLED) and re.search(rf"(?<![\w-])(?:{words})(?![\w-])", everything)
        assert own & used or called, f"nothing in {places} uses {line}: remove it"


@pytest.mark.parametrize("place", ["plip_tutorial", "tests", "benchmarks", ".ci"])
def test_what_is_imported_is_declared(place: str) -> None:
    declared = {canonicalize_name(Requirement(line).name) for lines in DECLARED.values() for line in lines}
    for module in imported(place) & OWNERS.keys() - {"plip_tutorial"}:
        assert OWNERS[module] & declared, f"{place} imports {module} of {OWNERS[module]}, which pyproject.toml lacks"


@pytest.fixture(scope="module")
def environments() -> Any:
    spec = importlib.util.spec_from_file_location("environments", ROOT / ".ci" / "environments.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_floor_is_run(environments: Any) -> None:
    """In the environment of floors; a tool's may be the pinned version, which the book is made with."""
    run = {Requirement(line).name: line.rpartition("==")[2] for line in environments.floors()}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines if "==" in line}
    for one in map(Requirement, {line for lines in DECLARED.values() for line in lines}):
        name, floor = canonicalize_name(one.name), environments.floor(one)
        assert run.get(name) == floor or f"{pins[name]}.".startswith(f"{floor}.") or name == "torch", (
            f"no run has {one}"
        )
    assert run["numpy"] == "2"
    assert run["torch"] == pins["torch"]  # see pyproject.toml
    assert "jupyter-book" not in run


def test_a_requirement_without_a_floor_is_an_error(environments: Any) -> None:
    for line in ("numpy", "numpy<3", "numpy==2.0"):
        with pytest.raises(ValueError, match="needs one lower bound"):
            environments.floor(Requirement(line))


def test_of_colab_there_is_what_we_need_and_colab_has(environments: Any) -> None:
    wanted, pins = dict(line.split("==") for line in environments.colab()), environments.listed()
    assert environments.LIST.read_text(encoding="utf-8").startswith(environments.HEAD.partition("{")[0])
    assert wanted.items() <= pins.items()
    assert {"numpy", "pyarrow", "transformers", "ipykernel", "pip"} <= wanted.keys()
    assert wanted.keys().isdisjoint({"py3langid", "faiss-cpu", "streamlit", "plip-tutorial"})
    assert not any("+" in pin for pin in pins.values())


def test_colabs_list_is_renewed_from_a_file_or_an_address(
    environments: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "pip-freeze.gpu.txt"
    given.write_text("torch==9.0+cu999\nnumpy==3.1\nTransformers @ file:///x\ntransformers==7\n-e git+x\n", "utf-8")
    monkeypatch.setattr(environments, "LIST", tmp_path / "colab.txt")
    for source in (str(given), given.as_uri()):
        environments.renew(source)
        head = [line for line in environments.LIST.read_text("utf-8").splitlines() if line.startswith("#")]
        assert any("Apache-2.0" in line for line in head)
        assert any(f"Source: {source if '://' in source else given.name}" in line for line in head)
        assert environments.listed() | {"torch": ""} == {"torch": "", "numpy": "3.1", "transformers": "7"}
    before = environments.LIST.read_bytes()
    given.write_text("<html>not found</html>", "utf-8")
    with pytest.raises(ValueError, match="no list of what Colab has"):
        environments.renew(str(given))
    assert environments.LIST.read_bytes() == before
