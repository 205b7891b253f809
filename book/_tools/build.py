"""Build the book into ``_build/html`` and refuse to call it done when anything in it is broken.

Every notebook runs, with the package from a wheel and the network blocked (`kernels`). A failed cell, a warning of
Sphinx, a missing page, a dead link inside the book, a dead anchor or a picture without a description fails the build.
What ran before is taken from the cache, unless the package, its data or the pinned versions have changed since:
jupyter-cache itself looks at the notebooks only.

    python book/_tools/build.py                  # as fast as the cache allows
    python book/_tools/build.py --from-nothing   # every cell runs again
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import kernels
from check import problems
from finish import finish
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from sync import main as sync

from plip_tutorial.storage.cache import cache_dir

ROOT = Path(__file__).parents[2]
BUILD, HTML, CACHE = ROOT / "_build", ROOT / "_build" / "html", ROOT / "_build" / ".jupyter_cache"
KEY = CACHE / "package.sha256"
PACKAGE = BUILD / "package"  # unpacked from the wheel
LONGEST = (
    "09_many_models",
    "07_fine_tuning",
    "02_temperature_and_batches",
    "12_linear_probing",
    "16_another_laboratory",
)


def package_key() -> str:
    """Fingerprint of everything besides the notebooks that their outputs depend on."""
    digest = hashlib.sha256()
    files = [p for p in (ROOT / "plip_tutorial").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    for path in sorted([*files, ROOT / "constraints.txt"]):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def clear(*, everything: bool) -> None:
    """Remove what would hide a warning or an outdated output."""
    stale = everything or not KEY.exists() or KEY.read_text(encoding="utf-8") != package_key()
    for folder in (BUILD / ".doctrees", BUILD / "_doctrees", HTML, *([CACHE] if stale else [])):
        shutil.rmtree(folder, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    KEY.write_text(package_key(), encoding="utf-8")


def prepare(environment: dict[str, str]) -> None:
    """Compute before the first page what pages share, so that none waits for it: two processes, one from each end."""
    command = [sys.executable, "-m", "plip_tutorial", "prepare"]
    both = [subprocess.Popen([*command, *way], cwd=BUILD, env=environment) for way in ([], ["--backwards"])]
    if any([one.wait() for one in both]):
        raise SystemExit("what pages share could not be prepared")


def run_page(page: Path) -> None:
    """Run one page, in an empty folder, if the cache lacks it. One that fails, `build` runs again, and reports."""
    load_executor("temp-serial", get_cache(CACHE)).run_and_cache(filter_uris=[str(page)], timeout=900)


def run_pages(environment: dict[str, str]) -> None:
    """Run what the cache lacks, a page on each core at a time, the longest first so that the cores end together."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    pages = sorted((ROOT / "book").glob("*.ipynb"), key=lambda page: (rank.get(page.stem, len(rank)), page.stem))
    for page in pages:
        get_cache(CACHE).add_nb_to_project(str(page))
    with ProcessPoolExecutor(os.cpu_count(), initializer=os.environ.update, initargs=[environment]) as cores:
        list(cores.map(run_page, pages))


def build(environment: dict[str, str]) -> int:
    """Run jupyter-book; returns its exit code.

    Without the garbage collector, which walks through all trees of all pages again and again and finds nothing.
    """
    program = "import gc, sys; gc.disable(); from jupyter_book.cli.main import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "build", str(ROOT), "-W", "-n", "--keep-going"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def built() -> set[str]:
    """Names of what lies in the cache of the package."""
    return {path.name for path in cache_dir().iterdir() if not path.name.startswith(".")}


def main() -> int:
    """Sync, install, prepare, build, finish, check; returns the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--from-nothing", action="store_true", help="run every cell again")
    sync()
    clear(everything=options.parse_args().from_nothing)
    environment = kernels.environment(kernels.install(PACKAGE))
    prepare(environment)
    before = built()
    run_pages(environment)
    code = build(environment)
    finish(HTML)
    for name in sorted(built() - before):
        print(f"built by a page and not by `plip_tutorial prepare`, so a class would wait for it: {name}")
    for report in sorted((HTML / "reports").rglob("*.err.log")):
        print(f"\n--- {report.relative_to(ROOT)}\n{report.read_text(encoding='utf-8')}")
    found = problems(HTML, ROOT / "_toc.yml")
    for problem in found:
        print(f"broken: {problem}")
    if code or found:
        print(f"The book is broken: jupyter-book gave {code}, and {len(found)} things do not hold.")
        KEY.unlink(missing_ok=True)
        return 1
    print(f"The book is in {(HTML / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
