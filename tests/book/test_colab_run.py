"""Pages run from top to bottom where there is what Colab has, at Colab's versions, and nothing else.

`.ci/environments.py` makes that environment once. Each page gets one of its own that lies over it, so that its set-up
cell has to install the package. Their cache holds the two trained models at first, so they make all else themselves.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from plip_tutorial import tracks
from plip_tutorial.storage import cache

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks" / "student"
COLAB = ROOT / ".venvs" / "colab"
ADDRESS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
KEPT = ["torch", "numpy", "transformers", "pyarrow"]
PAGES = [
    "07_fine_tuning",
    "05_what_does_not_belong",
    "04_neighbours",
    "11_zero_shot",
    "14_whole_slide",
]  # the longest first
sys.path.insert(0, str(ROOT / "book" / "_tools"))
pytestmark = pytest.mark.skipif(
    not (COLAB / ".installed").exists(), reason="no environment with Colab's versions; run: make test-colab"
)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with this working tree, committed and tagged as the release would be."""
    import kernels

    from plip_tutorial import __version__

    folder = kernels.copy(tmp_path_factory.mktemp("release") / "repository")
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "release"), ("tag", f"v{__version__}")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The folder of libraries of an environment that is empty and sees those of Colab."""
    venv.create(tmp_path / "venv", symlinks=True)
    (below,) = (COLAB / "lib").glob("python*/site-packages")
    (above,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (above / "colab.pth").write_text(f"import site; site.addsitedir({str(below)!r})\n", encoding="utf-8")
    return above


@pytest.fixture
def environment(own: Path, release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the kernel "colab" is started with. Git finds the release at the repository's address."""
    kernel = tmp_path / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    command = [str(tmp_path / "venv" / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    told = {"argv": command, "display_name": "Colab", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(told), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    changed = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{release.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        cache.VARIABLE: str(tmp_path / "cache"),
        tracks.VARIABLE: "tiny",
    }
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")} | changed


BEFORE = f"""
import matplotlib.pyplot, numpy, pandas, torch, transformers  # a kernel of Colab has some of them loaded
from importlib import metadata, util
versions_before_the_page = [metadata.version(name) for name in {KEPT}]  # a name that no page takes
assert util.find_spec("plip_tutorial") is None
"""
AFTER = f"""
import json
import plip_tutorial
print(json.dumps([plip_tutorial.__file__, versions_before_the_page, [metadata.version(name) for name in {KEPT}]]))
"""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_runs_from_top_to_bottom_where_only_colab_is(
    name: str, own: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    page = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    page.cells = [nbformat.v4.new_code_cell(BEFORE), *page.cells, nbformat.v4.new_code_cell(AFTER)]
    empty = tmp_path / "empty"
    empty.mkdir()
    client = NotebookClient(page, timeout=900, kernel_name="colab", resources={"metadata": {"path": str(empty)}})
    client.execute(env=environment)
    package, before, after = json.loads(page.cells[-1].outputs[0].text)
    assert Path(package).is_relative_to(own)  # the set-up cell has installed it
    assert after == before
    assert [version.split("+")[0] for version in after] == [_colab()[kept] for kept in KEPT]


def _colab() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("environments", ROOT / ".ci" / "environments.py")
    assert spec
    assert spec.loader
    environments = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(environments)
    return environments.listed()  # type: ignore[no-any-return]
