"""The script for machines with a GPU, here with tiny sizes: it runs, it notes, and it says when a check fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
pytestmark = pytest.mark.once
sys.path.insert(0, str(BENCHMARKS))


def test_every_check_runs_on_a_cpu_and_its_numbers_are_noted(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "gpu_check.py"), "--cpu", "--output", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    stored = json.loads((tmp_path / "gpu_check.json").read_text(encoding="utf-8"))
    assert stored["results"]["gpu"] is False
    assert stored["provenance"]["versions"]["torch"]
    found = {one["what"]: one for one in stored["results"]["findings"]}
    missing = {name for name, one in found.items() if one["good"] is None}
    assert missing == {"tiny CLIP embeds in float16", "training in fp16"}  # what no CPU does
    assert found["gradient cache"]["numbers"]["memory, as a ratio"] < 0.5
    assert found["killed and resumed"]["numbers"] == {"largest difference of a weight": 0.0}
    assert "in chunks of 8 pairs" in found["a batch that does not fit is halved"]["said"]
    assert ran.stdout.splitlines()[-1].startswith(f"{len(found)} of {len(found)} hold")


def test_a_check_that_fails_is_named_and_the_others_go_on(tmp_path, monkeypatch, capsys):
    import gpu_check

    def broken(bench):
        yield gpu_check.Finding("first", True, "fine")
        raise ZeroDivisionError("no pairs")

    monkeypatch.setattr(
        gpu_check, "CHECKS", {"broken": broken, "sound": lambda bench: [gpu_check.Finding("x", True, "")]}
    )
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", "--cpu", "--output", str(tmp_path)])
    assert gpu_check.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert "FAILS    broken: ZeroDivisionError: no pairs" in lines
    assert lines[-1].startswith("1 of 2 hold")


@pytest.mark.parametrize(
    ("words", "said"), [(["embeding"], "no such check: embeding"), (["--output", "x/y"], "no folder")]
)
def test_wrong_words_are_answered_before_any_work(words, said, monkeypatch, capsys):
    import gpu_check

    monkeypatch.setattr(sys, "argv", ["gpu_check.py", *words])
    with pytest.raises(SystemExit, match="2"):
        gpu_check.main()
    assert said in capsys.readouterr().err
