"""In a notebook, a reader's own figure is shown as well, also after one of ours was drawn first."""

import nbformat
from nbclient import NotebookClient

OURS = "from plip_tutorial import plots\nimport numpy as np\nplots.gallery([np.zeros((8, 8, 3), np.uint8)], ['ours'])"
THEIRS = "import matplotlib.pyplot as plt\n_, axis = plt.subplots()\naxis.plot([1, 2])\naxis.legend(['theirs']);"


def test_a_figure_of_pyplot_is_shown_after_one_of_ours(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a backend that other tests chose is none for a notebook
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (OURS, THEIRS)])
    done = NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in done.cells]
    assert shown == [1, 1]
