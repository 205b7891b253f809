"""Each student's notebook, as it is handed out: only the checks of its stubs say that something is missing.

It runs from the wheel, in an empty folder, without a network. The teachers' run in `test_full_track`, and with their
checks, as the pages do, in the build of the book.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_tools"))
import course  # noqa: E402


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    import kernels

    return kernels.environment(kernels.install(tmp_path_factory.mktemp("wheel") / "package"))


@pytest.mark.parametrize("unit", course.units())
def test_stubs_fail_in_their_checks_and_nothing_else_does(
    unit: str, environment: dict[str, str], tmp_path: Path
) -> None:
    page = nbformat.read(ROOT / "notebooks" / "student" / f"{unit}.ipynb", as_version=4)
    client = NotebookClient(page, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    checks = [cell for cell in page.cells if cell.cell_type == "code" and "exercises.check(" in cell.source]
    assert len(checks) == len(course.labels(unit))
    for cell in checks:
        assert cell.outputs[-1].data["text/plain"].startswith("Not yet. There is no answer yet. Asked for: ")
