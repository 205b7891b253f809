"""What a reader in Colab relies on, for every page with a button: the notebook, the set-up cell, and that both work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BOOK, HTML = ROOT / "book", ROOT / "_build" / "html"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY = CONFIG["repository"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
KEPT = ("torch", "numpy", "transformers", "pyarrow")
ABSENT = {"py3langid", "ftfy"}  # of what the package needs, what Colab does not have
sys.path.insert(0, str(BOOK / "_tools"))
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def cells(path: Path, kind: str = "code") -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


@each_notebook
def test_the_first_cell_installs_this_version_and_is_the_same_everywhere(path: Path) -> None:
    from fill import setup_cell

    first, *others = cells(path)
    assert first.source == cells(BOOK / path.name)[0].source == setup_cell()
    assert first.metadata == {"cellView": "form", "jupyter": {"source_hidden": True}}
    assert cells(BOOK / path.name)[0].metadata["tags"] == ["remove-cell"]
    assert f'git+{REPOSITORY["url"]}@v{VERSION}"' in first.source
    assert all(f'"{name}"' in first.source for name in KEPT)
    assert not any("SetUpError" in cell.source for cell in others)


@each_notebook
def test_the_address_stands_in_the_set_up_cell_only(path: Path) -> None:
    """The other addresses of a plain notebook: `test_plain_notebooks`."""
    slug = REPOSITORY["url"].split("//", 1)[1].split("/", 1)[1]
    pair = BOOK / path.name
    assert pair.read_text(encoding="utf-8").count(slug) == cells(pair)[0].source.count(slug)


@each_notebook
@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
def test_the_button_leads_to_the_notebook_and_the_cell_is_hidden(path: Path) -> None:
    from check import soup

    page = soup(HTML / "book" / f"{path.stem}.html")
    slug = REPOSITORY["url"].removeprefix("https://github.com/")
    wanted = f"https://colab.research.google.com/github/{slug}/blob/{REPOSITORY['branch']}/notebooks/{path.name}"
    links = [str(link["href"]) for link in page.find_all("a", href=re.compile("colab"))]
    assert wanted in links
    assert [link for link in links if "/github/" in link and link != wanted] == []
    assert (HTML / "_sources" / "book" / path.name).read_bytes() == path.read_bytes()  # what "download" gives
    assert "find_spec" not in page.select_one("main").get_text()


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
def test_each_chapter_prints_both_budgets() -> None:
    from check import soup

    for path in (path for path in NOTEBOOKS if path.name[:2].isdigit()):
        said = " ".join(soup(HTML / "book" / f"{path.stem}.html").select_one("main").get_text().split())
        assert re.search(r"Time: \d+\.\d minutes \(measured when this page was built", said), path.name
        assert re.search(r"GPU gains little|On a T4, full track: about \d+ min|With a GPU, full track: \d", said), (
            path.name
        )


def test_colab_can_open_the_repository() -> None:
    assert REPOSITORY["url"].startswith("https://github.com/")  # Colab reads from there and from nowhere else
    assert REPOSITORY["path_to_book"] == ""
    assert CONFIG["launch_buttons"]["colab_url"] == "https://colab.research.google.com"


def needed(names: list[str]) -> set[str]:
    """Installed distributions that these need, themselves included."""
    found, queue = set(), [Requirement(name) for name in names]
    while queue:
        wanted = queue.pop()
        known = f"{wanted.name.lower()}{sorted(wanted.extras)}"
        try:
            lines = distribution(wanted.name).requires or []
        except PackageNotFoundError:
            continue
        if known in found:
            continue
        found.add(known)
        for line in map(Requirement, lines):
            extras = [*wanted.extras, ""]
            if line.marker is None or any(line.marker.evaluate({"extra": extra}) for extra in extras):
                queue.append(line)
    return {known.split("[")[0] for known in found}


@pytest.fixture(scope="module")
def colab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a kernel "colab" on a machine like Colab's: torch, numpy and so on are there, we are not.

    An environment of its own sees the libraries of this one through links. Git finds what
    lies at the repository's address on disk, with this version's tag.
    """
    place = tmp_path_factory.mktemp("colab")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place / "venv")], check=True)
    own = next((place / "venv" / "lib").glob("python*")) / "site-packages"
    shared = place / "shared" / "site-packages"  # by this name dill knows a library, which it need not look into
    shared.mkdir(parents=True)
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["colab"]]
    for name in needed([*wanted, "ipykernel", "ipywidgets", "pip"]) - ABSENT:
        for top in {Path(file).parts[0] for file in distribution(name).files or ()} - {".."}:
            link = shared / top
            if not link.exists():
                link.symlink_to(distribution(name).locate_file(top))
    (own / "shared.pth").write_text(f"{shared}\n", encoding="utf-8")
    kernel = place / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    command = [str(place / "venv" / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "Colab", "language": "python"}), encoding="utf-8"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")},
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tagged(place / 'repository').as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": REPOSITORY["url"],
        "PLIP_TUTORIAL_TRACK": "tiny",
        "COLAB": str(own),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(place / "jupyter"))
        yield environment


def tagged(folder: Path) -> Path:
    """A repository with this working tree, committed and tagged as the release would be."""
    import kernels

    kernels.copy(folder)
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "release"), ("tag", f"v{VERSION}")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


BEFORE = f"""
from importlib import metadata
import matplotlib.pyplot, numpy, pandas, torch, transformers  # a kernel of Colab has some of them loaded
KEPT = {KEPT}
before = [metadata.version(name) for name in KEPT]
"""
AFTER = """
import json
from importlib import metadata
import plip_tutorial
print(json.dumps([plip_tutorial.__file__, before, [metadata.version(name) for name in KEPT]]))
"""


@pytest.mark.parametrize("name", ["03_expanding_with_knn", "09_retrieval", "11_auditing_plip"])
def test_a_chapter_runs_from_top_to_bottom_where_only_colab_is(
    name: str, colab: dict[str, str], tmp_path: Path
) -> None:
    page = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    extra = [nbformat.v4.new_code_cell(source) for source in (BEFORE, AFTER)]
    page.cells = [extra[0], *page.cells, extra[1]]
    client = NotebookClient(page, timeout=900, kernel_name="colab", resources={"metadata": {"path": str(tmp_path)}})
    try:
        client.execute(env=colab)
    except CellExecutionError as error:
        if re.search("No matching distribution|No package index", str(error)) and not os.environ.get("CI"):
            pytest.skip("no package index")
        raise
    package, before, after = json.loads(page.cells[-1].outputs[0].text)
    assert Path(package).is_relative_to(colab["COLAB"])
    assert [v.split("+")[0] for v in after] == [v.split("+")[0] for v in before]
    assert [v.split("+")[0] for v in after] == [version(kept).split("+")[0] for kept in KEPT]
