"""The command line: what it prints, and what it says to a wrong word."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_clip import small_clip
from transformers import CLIPModel

from plip_tutorial import __main__, report


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Replaces the hour of measuring by its arguments."""
    asked: list[object] = []

    def noted(name: str) -> object:
        return lambda *arguments: (asked.append((name, *arguments)), pd.DataFrame({name: [0.5]}))[1]

    for name in ("building", "benchmarks", "real_tiles"):
        monkeypatch.setattr(report, name, noted(name))
    return asked


def test_report_prints_tables(tables: list[object], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    __main__.main(["report", "--seeds", "2", "--real", str(tmp_path)])
    assert tables == [("building",), ("benchmarks", 2), ("real_tiles", [tmp_path], 2)]
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("building", "benchmarks", "real_tiles"))


def test_real_tiles_only_where_they_are_given(tables: list[object]) -> None:
    __main__.main(["report"])
    assert tables == [("building",), ("benchmarks", 3)]


@pytest.mark.parametrize("words", [[], ["reprot"], ["report", "--seeds", "three"]])
def test_wrong_words_end_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        __main__.main(words)
    assert "usage: python -m plip_tutorial" in capsys.readouterr().err


def test_a_model_is_trained_on_a_list_of_pairs_and_can_be_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for i in range(20):
        Image.fromarray(np.full((40, 40, 3), 12 * i, np.uint8)).save(tmp_path / f"{i}.png")
        rows.append(f"{i}.png,picture number {i}")
    (tmp_path / "pairs.csv").write_text("\n".join(["file,says", *rows]))
    base, output = small_clip(tmp_path / "base"), tmp_path / "run"
    words = f"finetune --pairs {tmp_path}/pairs.csv --image-column file --caption-column says --base {base}"
    numbers = "--epochs 2 --batch-size 6 --validate-every 2 --warmup-steps 1 --learning-rate 1e-3"
    __main__.main([*words.split(), *numbers.split(), "--output", str(output)])
    printed = capsys.readouterr().out
    assert "18 pairs to learn from, 2 held out" in printed
    assert "in 6 steps" in printed
    assert CLIPModel.from_pretrained(output / "model").num_parameters() > 0


def test_a_list_with_faults_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("image,caption\ngone.png,mucus\n")
    with pytest.raises(ValueError, match=r"gone\.png: no such file"):
        __main__.main(["finetune", "--pairs", str(tmp_path / "pairs.csv"), "--output", str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()
