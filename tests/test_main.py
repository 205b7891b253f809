"""The command line: what it prints, and what it says to a wrong word."""

from pathlib import Path

import pandas as pd
import pytest

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
