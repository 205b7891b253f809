"""The set-up cell succeeds, or stops with one sentence that says what to do. pip and git are real, no network is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import addresses  # noqa: E402
from fill import setup_cell  # noqa: E402

ABSENT = "import sys; sys.modules['plip_tutorial'] = None  # as if it were not installed\n"
NO_GPU = """
import sys, types
sys.modules["torch"] = types.SimpleNamespace(cuda=types.SimpleNamespace(is_available=lambda: False))
"""
# A package that needs nothing to be built and asks for a transformers that nobody has.
BACKEND = """
import zipfile
def get_requires_for_build_wheel(settings=None): return []
def prepare_metadata_for_build_wheel(folder, settings=None):
    import pathlib
    place = pathlib.Path(folder, "plip_tutorial-0.1.0.dist-info"); place.mkdir()
    place.joinpath("METADATA").write_text("Metadata-Version: 2.1\\nName: plip-tutorial\\nVersion: 0.1.0\\n@NEEDS@")
    return place.name
"""


def release(folder: Path, needs: str = "", tag: str = addresses.tag()) -> Path:
    """A repository with a package that needs ``needs``, tagged."""
    folder.mkdir()
    (folder / "backend.py").write_text(BACKEND.replace("@NEEDS@", needs), encoding="utf-8")
    built = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(built, encoding="utf-8")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "release"), ("tag", tag)):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def environment(repository: str, **more: str) -> dict[str, str]:
    """Git finds the repository there; pip asks no index and installs nothing."""
    git = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf"}
    pip = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1", "PIP_CONFIG_FILE": os.devnull}
    own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return {**own, **git, "GIT_CONFIG_VALUE_0": addresses.repository(), **pip, **more}


def shown(folder: Path, env: dict[str, str], before: str) -> list[str]:
    """The lines that IPython shows when ``before`` and the cell run in it."""
    shell = (
        "from IPython.core.interactiveshell import InteractiveShell as Shell\nshell = Shell.instance(colors='NoColor')"
    )
    run = "\n".join(f"shell.run_cell({source!r})" for source in (before, setup_cell()))
    command = [sys.executable, "-c", f"{shell}\n{run}"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()


def stopped(folder: Path, env: dict[str, str], before: str = ABSENT) -> str:
    """What a student reads when the cell stops: one line, and neither pip's words nor a traceback."""
    (line,) = shown(folder, env, before)
    assert line.startswith("The set-up has stopped. ")
    assert line.endswith(" Then run this cell again.")
    return line


def test_no_later_cell_runs(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in (ABSENT, setup_cell(), "print('never')")]
    page = nbformat.v4.new_notebook(cells=cells)
    client = NotebookClient(page, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError, match="The repository cannot be reached"):
        client.execute(env=environment("/no/such/folder"))
    assert page.cells[2].outputs == []


def test_a_version_that_does_not_exist(tmp_path: Path) -> None:
    said = stopped(tmp_path, environment(release(tmp_path / "repository", tag="v99").as_uri()))
    assert f"There is no version {addresses.tag()}" in said


@pytest.mark.parametrize("address", ["https://nowhere.invalid/a/b", "/no/such/folder"])
def test_a_repository_out_of_reach(tmp_path: Path, address: str) -> None:
    assert "The repository cannot be reached. Look at the network." in stopped(tmp_path, environment(address))


def test_an_index_out_of_reach(tmp_path: Path) -> None:
    place = release(tmp_path / "repository", needs="Requires-Dist: a-package-that-is-nowhere\\n")
    deaf = {"PIP_NO_INDEX": "", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    assert "No package index can be reached." in stopped(tmp_path, environment(place.as_uri(), **deaf))


def test_a_runtime_with_an_older_library(tmp_path: Path) -> None:
    place = release(tmp_path / "repository", needs="Requires-Dist: transformers>=9999\\n")
    said = stopped(tmp_path, environment(place.as_uri()))
    assert "too old" in said
    assert "Runtime > Change runtime type > Runtime version: Latest" in said


def test_an_older_python(tmp_path: Path) -> None:
    env = environment("/no/such/folder")
    said = stopped(tmp_path, env, f"{ABSENT}sys.version_info = (3, 10, 12)\n")
    assert "too old" in said


def test_the_full_track_by_name_without_a_gpu(tmp_path: Path) -> None:
    env = environment("/no/such/folder", PLIP_TUTORIAL_TRACK=" Full ", COLAB_RELEASE_TAG="x")
    said = stopped(tmp_path, env, NO_GPU)
    assert "PLIP_TUTORIAL_TRACK=full needs a GPU, and here is none" in said
    assert "Runtime > Change runtime type > T4 GPU" in said


def test_what_was_installed_is_imported(tmp_path: Path) -> None:
    """Pip says that all is well, and yet the import fails; so it does after a restart, when the package is there."""
    said = stopped(tmp_path, environment(release(tmp_path / "repository").as_uri()))
    assert "plip_tutorial" in said
    assert "Runtime > Restart session" in said
    broken = "import sys; sys.modules['plip_tutorial.artifacts'] = None\n"
    assert "plip_tutorial.artifacts" in stopped(tmp_path, environment("/no/such/folder", COLAB_RELEASE_TAG="x"), broken)


def test_a_fault_that_nobody_knows_is_told_in_the_words_of_pip(tmp_path: Path) -> None:
    lines = shown(tmp_path, environment("/no/such/folder", PATH=""), ABSENT)
    assert lines[0].startswith("The set-up has stopped. pip failed: ")
    assert "Cannot find command 'git'" in lines[-1]
    assert "Runtime > Restart session" in lines[-1]


def test_where_the_package_is_nothing_happens(tmp_path: Path) -> None:
    asked = f"{setup_cell()}\nprint({{'torch', 'faiss', 'pip'}} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, env=environment("/no"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "set()\n", "")
    assert list(tmp_path.iterdir()) == []


def test_the_cell_is_short_and_installs_this_version() -> None:
    lines = setup_cell().splitlines()
    assert lines[0].startswith("#@title ")
    assert len([line for line in lines if line and not line.startswith("#")]) <= 45
    assert max(len(line) for line in lines if addresses.repository() not in line) <= 96
    assert re.findall(r"@(?:PACKAGE|TAG|PYTHON)@", setup_cell()) == []
    assert f"plip-tutorial[colab] @ git+{addresses.repository()}@{addresses.tag()}" in setup_cell()
