"""Where the pages run: with the package from a wheel, as a reader installs it, and with the network blocked.

What comes from the network is there before: the slide of unit 14, which kernels are told of.

The source tree must not help a page: a file that the wheel lacks would then be missed by readers only. So every build
makes a wheel, unpacks it into a folder of its own, and puts that folder first on the path of all kernels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from plip_tutorial.sources import slides

ROOT = Path(__file__).parents[2]
OFFLINE = Path(__file__).with_name("offline")
IPYTHON = Path(__file__).with_name("ipython")
PARTS = ("pyproject.toml", "README.md", "LICENSE", "plip_tutorial")


def copy(folder: Path) -> Path:
    """Copy what the wheel is made of; a build inside of the repository would leave its own files there."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / part, folder / part)
    return folder


def wheel(folder: Path) -> Path:
    """Build the wheel of this working tree, with the setuptools that are installed: no index is asked."""
    with tempfile.TemporaryDirectory() as place:
        source = copy(Path(place) / "source")
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
        subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(source)], cwd=place, check=True)
    return next(folder.glob("plip_tutorial-*.whl"))


def install(folder: Path) -> Path:
    """Unpack the wheel into ``folder``, from where `environment` lets the kernels import it."""
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as place:
        options = ("--quiet", "--no-deps", "--no-index", "--target", str(folder))
        command = [sys.executable, "-m", "pip", "install", *options, str(wheel(Path(place)))]
        subprocess.run(command, cwd=place, check=True)
    return folder


def environment(installed: Path) -> dict[str, str]:
    """The environment of kernels: this interpreter's programs first, the package from the wheel, no network.

    The variable of `plots.style.in_book` lets a cell know that its page will have no kernel to ask. One thread adds in
    one order, so that models and numbers do not hang on the number of cores. Figures come as vectors, of which
    `finish.figures` makes a light and a dark form; IPython writes into its folder, so the kernels get a copy.
    """
    drawing = shutil.copytree(IPYTHON, installed.with_name("ipython"), dirs_exist_ok=True)
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    own = {"PATH": programs, "PYTHONPATH": f"{installed}{os.pathsep}{OFFLINE}", "OMP_NUM_THREADS": "1"}
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}  # bars are widgets, which would stand frozen on the page
    backend = "module://matplotlib_inline.backend_inline"  # whatever the shell of this build draws with
    figures = {"IPYTHONDIR": str(drawing), "MATPLOTLIBRC": str(drawing), "MPLBACKEND": backend}
    offline = {"HF_HUB_OFFLINE": "1", "PLIP_TUTORIAL_BOOK_JS": "1", **slide()}
    return {**os.environ, **own, **quiet, **figures, **offline}


def slide() -> dict[str, str]:
    """Where kernels find the slide, which is fetched here, while there is a network; nothing where it cannot be had."""
    try:
        return {slides.OWN: str(slides.small_region())}
    except slides.SlideFetchError as error:
        print(f"the unit on a whole slide will fail: {error}")
        return {}
