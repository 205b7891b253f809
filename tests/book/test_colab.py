"""What a reader in Colab relies on, for every page with a button: the notebook and its set-up cell.

That both work is the matter of `test_colab_run.py`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml

ROOT = Path(__file__).parents[2]
BOOK, HTML = ROOT / "book", ROOT / "_build" / "html"
NOTEBOOKS = sorted((ROOT / "notebooks" / "student").glob("*.ipynb"))
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY = CONFIG["repository"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = PROJECT["version"]
KEPT = ("torch", "numpy", "transformers", "pyarrow")
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
    wanted = (
        f"https://colab.research.google.com/github/{slug}/blob/{REPOSITORY['branch']}/notebooks/student/{path.name}"
    )
    links = [str(link["href"]) for link in page.find_all("a", href=re.compile("colab"))]
    assert wanted in links
    assert [link for link in links if "/github/" in link and link != wanted] == []
    assert (HTML / "_sources" / "book" / path.name).read_bytes() == path.read_bytes()  # what "download" gives
    assert "find_spec" not in page.select_one("main").get_text()


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
def test_each_unit_prints_its_times_and_says_where_all_stand() -> None:
    from check import soup

    for path in (path for path in NOTEBOOKS if path.name[:2].isdigit()):
        said = " ".join(soup(HTML / "book" / f"{path.stem}.html").select_one("main").get_text().split())
        told = r"Time: about \d+ minutes of yours, \d+\.\d minutes of a computer.s, on one core"
        assert re.search(told, said), path.name
        assert "all pages" in said, path.name


def test_colab_can_open_the_repository() -> None:
    assert REPOSITORY["url"].startswith("https://github.com/")  # Colab reads from there and from nowhere else
    assert REPOSITORY["path_to_book"] == ""
    assert CONFIG["launch_buttons"]["colab_url"] == "https://colab.research.google.com"
