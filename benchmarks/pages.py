"""Run a page as a reader does, and note what each cell took: shared by the scripts that measure or compare pages."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

BOOK = Path(__file__).parents[1] / "book"


def chosen(words: list[str]) -> list[Path]:
    """The notebooks of the pages that are named, or all of them."""
    found = {path.stem: path for path in sorted(BOOK.glob("*.ipynb"))}
    if unknown := sorted({Path(word).stem for word in words} - set(found)):
        raise SystemExit(f"no such page: {', '.join(unknown)}. There are: {', '.join(found)}")
    return [found[Path(word).stem] for word in words] or list(found.values())


@dataclass(frozen=True)
class Ran:
    """A page that has run: its cells with their outputs, when it began, the seconds of all of it, and what failed."""

    page: NotebookNode
    began: datetime
    seconds: float

    def first_figure(self) -> float | None:
        """Seconds until the first cell that shows a picture had run; None if no cell does."""
        for cell in self.page.cells:
            shown = [kind for output in cell.get("outputs", ()) for kind in output.get("data", ())]
            if any(kind.startswith("image/") for kind in shown):
                return (_times(cell)[1] - self.began).total_seconds()
        return None

    @property
    def failed(self) -> list[str]:
        outputs = [output for cell in self.page.cells for output in cell.get("outputs", ())]
        return [f"{output.ename}: {output.evalue}" for output in outputs if output.output_type == "error"]


def run(notebook: Path, environment: dict[str, str], *last: str, timeout: int = 3600) -> Ran:
    """Run a notebook and its ``last`` cells in a fresh kernel and an empty folder; a cell that fails stops nothing."""
    page = nbformat.read(notebook, as_version=4)
    page.cells += [nbformat.v4.new_code_cell(source) for source in last]
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(page, timeout=timeout, kernel_name="python3", allow_errors=True, resources=resources)
        began = datetime.now(UTC)
        client.execute(env=environment)
    return Ran(page, began, (datetime.now(UTC) - began).total_seconds())


def seconds(cell: NotebookNode) -> float:
    """How long a cell ran; 0 for one that did not."""
    if "shell.execute_reply" not in cell.metadata.get("execution", {}):
        return 0.0
    begin, end = _times(cell)
    return (end - begin).total_seconds()


def _times(cell: NotebookNode) -> list[datetime]:
    """When a cell began and ended."""
    times = cell.metadata["execution"]
    return [datetime.fromisoformat(times[name]) for name in ("iopub.execute_input", "shell.execute_reply")]
