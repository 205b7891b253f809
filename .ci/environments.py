"""Two environments beside the book's own, so that what `pyproject.toml` and the notebooks promise is run.

*floors* holds the lowest version that the package allows of all that it needs. *colab* holds what Google's Colab has of
it, at Colab's versions (`colab.txt` beside this file), and nothing else: the set-up cell of a notebook brings the rest.
Neither can have Colab's torch without gigabytes for a GPU, so both see that of the environment that runs this.

    python .ci/environments.py floors .venvs/floors
    python .ci/environments.py colab .venvs/colab
    python .ci/environments.py renew ADDRESS_OR_FILE    # Colab's list of today; about once a month
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import urllib.request
import venv
from datetime import date
from importlib.metadata import distribution, distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LIST = Path(__file__).with_name("colab.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
TOOLS = {"book", "check"}  # extras that make and check the book: they run at the versions of constraints.txt only
SHARED = "torch"
# Of Colab's list, what cannot be had beside Python 3.11 and this torch.
OTHERWISE = {"setuptools": "this torch wants a newer one", "tifffile": "Colab's needs Python 3.12"}
NOTEBOOK = ("ipykernel", "ipywidgets", "pip")  # what runs the cells in Colab
HEAD = """\
# What Google's Colab has installed, as it tells itself. Do not edit: python .ci/environments.py renew ADDRESS_OR_FILE
# Source: {source}
# Copied on {date}. Licence of the list: Apache-2.0, https://github.com/googlecolab/backend-info
"""


def floor(requirement: Requirement) -> str:
    """The lowest version that a requirement allows.

    >>> floor(Requirement("jupyter-book>=1.0.4,<2"))
    '1.0.4'
    """
    lowest = [clause.version for clause in requirement.specifier if clause.operator == ">="]
    if len(lowest) != 1:
        raise ValueError(f"pyproject.toml: {requirement} needs one lower bound, such as {requirement.name}>=1.2")
    return lowest[0]


def floors() -> list[str]:
    """What the environment of floors holds: all that the package, its extras and its tests need, as low as it goes."""
    lines = [*PROJECT["dependencies"], *(line for name in EXTRAS if name not in TOOLS for line in EXTRAS[name])]
    wanted = {canonicalize_name(one.name): one for one in map(Requirement, lines)}
    return [f"{name}{_extras(one)}=={_version(name, floor(one))}" for name, one in sorted(wanted.items())]


def listed() -> dict[str, str]:
    """Colab's versions by name, without those of a build for its GPU and without those that cannot be had here."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if re.fullmatch(r"[\w.-]+==[\w.+!]+", line)]
    pins = {canonicalize_name(name): pin for name, pin in pairs}
    return {name: _version(name, pin) for name, pin in pins.items() if _kept(name, pin)}


def colab() -> list[str]:
    """What the environment of Colab holds: of what the notebooks need, what Colab has."""
    lines = [*PROJECT["dependencies"], *EXTRAS["colab"], *NOTEBOOK]
    needed, pins = {canonicalize_name(Requirement(line).name) for line in lines}, listed()
    return [f"{name}=={pins[name]}" for name in sorted(needed & set(pins))]


def make(folder: Path, wanted: list[str], pins: dict[str, str], *options: str) -> None:
    """Make a new environment in ``folder`` with what is wanted, and what that needs at ``pins`` where they name it."""
    venv.create(folder, clear=True, symlinks=True)
    python, own = folder / "bin" / "python", next((folder / "lib").glob("python*")) / "site-packages"
    links = _links(folder.parent / "shared" / folder.name / "site-packages")
    (own / "shared.pth").write_text(f"{links}\n", encoding="utf-8")
    (folder / "constraints.txt").write_text("".join(f"{name}=={pin}\n" for name, pin in pins.items()), encoding="utf-8")
    words = ["install", "--quiet", "--no-compile", "--constraint", str(folder / "constraints.txt"), *options, *wanted]
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    subprocess.run([*pip, *words], check=True)
    subprocess.run([*pip, "check"], check=True)
    _compare(own, wanted)


def renew(source: str) -> None:
    """Copy Colab's list of today from an address or a file."""
    if "://" in source:
        with urllib.request.urlopen(source, timeout=60) as answer:
            text = answer.read().decode("utf-8")
    else:
        text = Path(source).read_text(encoding="utf-8")
    pins = sorted((line for line in text.splitlines() if re.match(r"[\w.-]+==", line)), key=str.lower)
    if not {"torch", "numpy", "transformers"} <= {line.split("==")[0] for line in pins}:
        raise ValueError(f"{source}: this is no list of what Colab has; it names no torch, numpy or transformers")
    said = source if "://" in source else Path(source).name
    LIST.write_text(HEAD.format(source=said, date=date.today()) + "\n".join(pins) + "\n", encoding="utf-8")


def _version(name: str, wanted: str) -> str:
    """The torch that is shared stands in for every other."""
    return version(SHARED).split("+")[0] if name == SHARED else wanted


def _kept(name: str, pin: str) -> bool:
    return name == SHARED or not ("+" in pin or name in OTHERWISE)


def _extras(requirement: Requirement) -> str:
    return f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""


def _links(folder: Path) -> Path:
    """A folder through which environments see the shared library without seeing what lies beside it.

    It lies outside of them, so pip never removes what is linked. By its name libraries know what not to look into.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = distribution(SHARED)
    for top in {Path(file).parts[0] for file in found.files or ()} - {".."}:
        link = folder / top
        link.unlink(missing_ok=True)
        link.symlink_to(found.locate_file(top))
    return folder.absolute()


def _compare(own: Path, wanted: list[str]) -> None:
    """The installer did as it was told: the environment's own versions are those that were wanted."""
    here = {canonicalize_name(one.metadata["Name"]): one.version for one in distributions(path=[str(own)])}
    for one in map(Requirement, wanted):
        found = here.get(canonicalize_name(one.name), version(SHARED) if one.name == SHARED else "missing")
        if not one.specifier.contains(found, prereleases=True):
            raise RuntimeError(f"{own}: {one.name} is {found}, wanted {one.specifier}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["floors", folder]:
            make(Path(folder), floors(), {}, "--editable", str(ROOT))  # its ranges are asked, too
        case ["colab", folder]:
            make(Path(folder), colab(), listed())
        case ["renew", source]:
            renew(source)
        case _:
            sys.exit(__doc__)
