"""The pages run with the package from a wheel and without a network; both are tried out in a kernel of that kind."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
sys.path.insert(0, str(ROOT / "book" / "_tools"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import kernels

    return kernels.install(tmp_path_factory.mktemp("installed") / "package")


def said(cells: list[str], folder: Path, environment: dict[str, str]) -> list[str]:
    """What cells print, run by a fresh kernel in ``folder``."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(page, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return ["".join(output.get("text", "") for output in cell.outputs).strip() for cell in page.cells]


ASK = """
import socket, subprocess, sys, urllib.request
def ask(what, *arguments):
    try:
        what(*arguments)
        return "went through"
    except OSError as error:
        return str(error)
"""
CHILD = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"


def test_a_page_gets_the_package_from_the_wheel_and_nothing_from_the_network(installed: Path, tmp_path: Path) -> None:
    import kernels

    server = "server = socket.create_server(('127.0.0.1', 0))"
    cells = [
        "import plip_tutorial; print(plip_tutorial.__file__)",
        ASK,
        "print(ask(urllib.request.urlopen, 'https://huggingface.co'))",
        "print(ask(socket.create_connection, ('192.0.2.1', 80), 1))",
        "print(ask(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b'', ('192.0.2.1', 53)))",
        f"print(subprocess.run([sys.executable, '-c', {CHILD!r}], capture_output=True, text=True).stderr)",
        f"{server}; print(ask(socket.create_connection, server.getsockname()))",
    ]
    package, _, name, number, datagram, child, own = said(cells, tmp_path, kernels.environment(installed))
    assert Path(package).is_relative_to(installed)
    assert "without a network, and something asked for huggingface.co" in name
    assert all("something asked for 192.0.2.1" in answer for answer in (number, datagram, child))
    assert own == "went through"  # a kernel talks to its notebook like this


def test_a_page_knows_that_it_will_have_no_kernel(installed: Path, tmp_path: Path) -> None:
    import kernels

    ask = "from plip_tutorial import plots; print(plots.in_book())"
    assert said([ask], tmp_path, kernels.environment(installed)) == ["True"]


def test_figures_of_a_page_are_drawings_and_the_same_ones_each_time(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import kernels

    monkeypatch.setenv("MPLBACKEND", "agg")  # as in the shell of a server
    own = "import matplotlib.pyplot as plt; plt.figure(figsize=(2, 1)).supxlabel('log', color='black')"
    ours = "from plip_tutorial import plots; plots.lines({'one': {1: 2.0, 2: 3.0}})"
    page = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"{own}; plt.plot([1]);"), nbformat.v4.new_code_cell(ours)]
    )
    shown = []
    for _ in range(2):
        client = NotebookClient(
            page, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
        )
        client.execute(env=kernels.environment(installed))
        data = [output.data for cell in page.cells for output in cell.outputs if "data" in output]
        shown.append([one["image/svg+xml"] for one in data if "image/svg+xml" in one])
        assert not any("image/png" in one for one in data)
    assert len(shown[0]) == 2
    assert shown[0] == shown[1]
    assert all("</text>" in figure for figure in shown[0])


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
def test_the_built_page_of_retrieval_holds_its_searches() -> None:
    page = (HTML / "book" / "13_retrieval.html").read_text(encoding="utf-8")
    assert 'data-live="search"' in page
    assert '"vectors":{"plip":"' in page


def test_the_set_up_cell_does_nothing_where_the_package_is_installed(installed: Path, tmp_path: Path) -> None:
    import kernels
    from fill import setup_cell

    assert said([setup_cell()], tmp_path, kernels.environment(installed)) == [""]
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_holds_every_file_of_the_package(installed: Path) -> None:
    source = ROOT / "plip_tutorial"
    files = {p.relative_to(source) for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    there = installed / "plip_tutorial"
    assert {file for file in files if not (there / file).exists()} == set()
    assert all((there / file).read_bytes() == (source / file).read_bytes() for file in files)


def test_the_wheel_brings_the_package_and_nothing_else(tmp_path: Path) -> None:
    import kernels

    with zipfile.ZipFile(kernels.wheel(tmp_path)) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"plip_tutorial"}


@pytest.mark.skipif(not (HTML / "index.html").exists(), reason="no built book; run: make book")
def test_the_book_was_built_in_that_way() -> None:
    from build import PACKAGE

    for file in (ROOT / "plip_tutorial").rglob("*.py"):
        assert (PACKAGE / "plip_tutorial" / file.relative_to(ROOT / "plip_tutorial")).exists()
