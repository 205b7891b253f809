"""The script that readers with a GPU run: what it notes about a notebook, and what it refuses."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from plip_tutorial.studies import provenance
from plip_tutorial.studies.provenance import Provenance

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.once
sys.path.insert(0, str(ROOT / "benchmarks"))


def notebook(path: Path, *sources: str) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources]), path)
    return path


def test_a_notebook_is_timed_in_an_empty_folder_with_caches_of_its_own(tmp_path):
    import measure_gpu

    environment = measure_gpu.own_caches(tmp_path / "own", "full")
    looks = "import os; assert os.listdir() == [] and os.environ['PLIP_TUTORIAL_TRACK'] == 'full'"
    caches = "from plip_tutorial.storage.cache import cache_dir; assert list(cache_dir().iterdir()) == []"
    hub = "from huggingface_hub import constants; assert not os.path.exists(constants.HF_HUB_CACHE)"
    found = measure_gpu.run(
        notebook(tmp_path / "good.ipynb", looks, caches, hub, "import time; time.sleep(1)"), environment
    )
    assert found["failed"] == []
    assert found["complete"]
    assert found["seconds"] >= 1
    assert found["peak_bytes"] >= 0


def test_a_notebook_that_fails_is_not_complete(tmp_path):
    import measure_gpu

    found = measure_gpu.run(notebook(tmp_path / "bad.ipynb", "1 / 0", "print('later')"), dict(os.environ))
    assert found["complete"] is False
    assert found["failed"] == ["ZeroDivisionError: division by zero"]


def test_what_was_measured_becomes_lines_of_the_table_but_for_a_unit_that_failed(tmp_path):
    import measure_gpu

    origin = replace(Provenance.now(seconds=100.0), machine="Tesla T4", date="2026-12-01", commit="abc1234")
    results = {"11_zero_shot": {"seconds": 90.0, "peak_bytes": 2.46e9, "complete": True}}
    failed = {"13_retrieval": {"seconds": 9.0, "peak_bytes": 0, "complete": False}}
    told = measure_gpu.rows(provenance.save(measure_gpu.NAME, results | failed, origin, folder=tmp_path))
    versions = f"torch {origin.versions['torch']}, commit abc1234"
    assert told == f"| {{doc}}`11_zero_shot` | 1.5 | 2.5 | Tesla T4, 2026-12-01, {versions} |"
    page = (ROOT / "book" / "run_times.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \{doc\}`(\w+)`", page, re.MULTILINE)) <= set(measure_gpu.UNITS)


@pytest.mark.parametrize(
    ("words", "answer"), [([], "no GPU here"), (["--trial", "tiny", "12_x"], "no such unit: 12_x")]
)
def test_it_refuses_a_machine_without_a_gpu_and_unknown_units(words, answer):
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, str(ROOT / "benchmarks" / "measure_gpu.py"), *words]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 2
    assert answer in said.stderr
