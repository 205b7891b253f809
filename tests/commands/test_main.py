"""The command line: what it prints, and what it says to a wrong word."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from small_clip import small_clip
from transformers import CLIPModel

from plip_tutorial import __main__, artifacts, tracks
from plip_tutorial.commands import command_line
from plip_tutorial.finetune.checkpoints import CheckpointError
from plip_tutorial.plip import devices
from plip_tutorial.sources.asking import HubError
from plip_tutorial.storage import cache
from plip_tutorial.storage.cache import CacheError
from plip_tutorial.storage.files import DamagedError, InUseError
from plip_tutorial.studies import provenance, report


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Replaces the hour of measuring by its arguments."""
    asked: list[object] = []
    rows = [[report.Row("micro-kather", "smallest recall", "tiny PLIP", (0.625,))], [report.Row("a", "b", "c", (0.5,))]]
    monkeypatch.setattr(report, "measure", lambda *arguments: (asked.append(arguments), rows)[1])
    return asked


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    """Two classes of five pictures in a folder whose name has a space."""
    for name in ("TUM", "STR"):
        (tmp_path / "my tiles" / name).mkdir(parents=True)
        for i in range(5):
            Image.new("RGB", (40, 40), (20 * i,) * 3).save(tmp_path / "my tiles" / name / f"{i}.png")
    return tmp_path / "my tiles"


def said(words: list[str], capsys: pytest.CaptureFixture[str], code: int = 2) -> str:
    """The last line on the error stream of a command that ends with ``code``."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        __main__.main(words)
    assert stop.value.code == code
    err = capsys.readouterr().err
    assert "Traceback" not in err
    return err.strip().splitlines()[-1]


def test_report_prints_tables(tables: list[object], capsys: pytest.CaptureFixture[str], tiles: Path) -> None:
    __main__.main(["report", "--seeds", "2", "--real", str(tiles), "--negatives", str(tiles)])
    assert tables == [(2, [tiles], tiles)]
    printed = capsys.readouterr().out
    assert re.search(r"micro-kather: smallest recall +0.625\n", printed)
    assert re.search(r"micro-kather +smallest recall +tiny PLIP +>= 0.5 +0.625 +0.625 +met\n", printed)
    assert re.search(r"histogram +<= 0.7 +not measured\n", printed)


def test_real_tiles_only_where_they_are_given(tables: list[object]) -> None:
    __main__.main(["report"])
    assert tables == [(3, [], None)]


def test_the_report_is_kept_where_pages_read_it(
    tables: list[object], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(report, "watched", dict)
    save = provenance.save
    monkeypatch.setattr(provenance, "save", lambda *arguments: save(*arguments, folder=tmp_path))
    __main__.main(["report", "--seeds", "1", "--save"])
    stored = provenance.load("report", folder=tmp_path).results
    assert stored["seeds"] == 1
    assert report.Row(**stored["rows"][1]).mean == 0.5


@pytest.mark.parametrize("words", [[], ["reprot"], ["report", "--seeds", "three"], ["report", "--real"]])
def test_wrong_words_end_with_the_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        __main__.main(words)
    assert "usage: python -m plip_tutorial" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("report --seeds 0", "argument --seeds: '0' is no number of 1 or more"),
        ("report --real {here}/gone", "there is no folder '{here}/gone'"),
        ("report --real {here}/gone/../file.txt", "'{here}/gone/../file.txt'"),
        ("embed {here} --output {here}/a.parquet --batch-size 0", "--batch-size: '0' is no number of 1 or more"),
        ("embed {here} --output {here}/a.parquet --batch-size 1.5", "--batch-size: '1.5' is no number"),
        ("embed {here} --output {here}/a.parquet --precision int8", "'int8' (choose from"),
        ("embed {here}/gone --output {here}/a.parquet", "there is no folder '{here}/gone'"),
        ("embed gone --output {here}/a.parquet", "there is no folder 'gone' in "),
        ("embed ~gone/x --output {here}/a.parquet", "'~gone/x'"),
        ("embed {here}/file.txt --output {here}/a.parquet", "is a file; give the folder that it lies in: '{here}'"),
        ("embed {here} --output {here}/sub", "is a folder; name a file in it: '{here}/sub/tiles.parquet'"),
        ("embed {here} --output {here}/a.csv", "does not end in .parquet"),
        ("embed {here} --output {here}/file.txt/a.parquet", "cannot be written: '{here}/file.txt' is a file"),
        ("embed {here} --output /proc/a/a.parquet", "'/proc/a/a.parquet' cannot be written: '/proc': "),
        ("demo {here}/gone", "there is no folder '{here}/gone'"),
        ("finetune --pairs p --output {here}/file.txt", "is a file; name a folder, a new one or that of an earlier"),
        ("finetune --pairs p --output o --images {here}/gone", "argument --images: there is no folder '{here}/gone'"),
        ("finetune --pairs p --output o --learning-rate high", "'high' is neither a number nor auto"),
        ("prepare --track huge", "'huge' (choose from"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_done(
    words: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "sub").mkdir()
    monkeypatch.setattr(command_line, "plainly", lambda *_: pytest.fail("the command was begun"))
    assert says.format(here=tmp_path) in said([word.format(here=tmp_path) for word in words.split()], capsys)


@pytest.mark.parametrize(
    "words",
    [
        ["embed", "", "--output", "a.parquet"],
        ["embed", ".", "--output", " "],
        ["embed", ".", "--output", "a.parquet", "--model", ""],
        ["finetune", "--pairs", "p.csv", "--output", ""],
        ["finetune", "--pairs", "", "--output", "a"],
        ["finetune", "--pairs", "p.csv", "--images", "", "--output", "a"],
    ],
)
def test_an_empty_name_is_not_the_current_folder(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "the name is empty" in said(words, capsys)


def test_no_model_is_built_for_pictures_or_an_output_that_cannot_be_used(
    tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "checkpoint", lambda _: pytest.fail("a model was asked for"))
    (tmp_path / "none").mkdir()
    assert "none holds no picture" in said(["embed", str(tmp_path / "none"), "--output", "a.parquet"], capsys)
    pairs, other = tmp_path / "pairs.parquet", tmp_path / "other.parquet"
    pd.DataFrame({"image": ["a.png"], "caption": ["mucus"]}).to_parquet(pairs)
    other.write_text("no Parquet at all")
    for file in (pairs, other):
        before = file.read_bytes()
        assert "holds no embeddings, so it is not replaced" in said(
            ["embed", str(tiles), "--output", str(file)], capsys
        )
        assert file.read_bytes() == before
    old = pd.DataFrame({"file": ["0.png"], "embedding": [[0.6, 0.8]], "problem": [None]})
    for table, says in (
        (old.assign(grade=2), r"columns that would be lost (grade)"),
        (old, "embeddings of other files"),
    ):
        table.to_parquet(pairs)
        assert says in said(["embed", str(tiles), "--output", str(pairs)], capsys)


def test_tiles_are_embedded_from_a_name_with_a_space_into_a_folder_that_is_made(
    tiles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    model, words = small_clip(tmp_path / "small"), ["embed", "~/my tiles", "--output", "~/new/tiles.parquet"]
    for _ in range(2):  # embeddings of before are replaced
        __main__.main([*words, "--model", str(model), "--batch-size", "3"])
        table = pd.read_parquet(tmp_path / "new" / "tiles.parquet")
        assert len(table) == 10
        assert table["problem"].isna().all()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("this is wrong: 7"), "this is wrong: 7"),
        (CacheError(28, "the cache in /c is full"), "the cache in /c is full"),
        (HubError("vinid/plip: away"), "vinid/plip: away"),
        (CheckpointError("/m is none"), "/m is none"),
        (InUseError("another has it"), "another has it"),
        (DamagedError("/m/x", "it is short"), "/m/x is damaged: it is short. Remove it"),
        (OSError(28, "No space left on device", "/d/x"), "/d/x: No space left on device. Free some space, or name"),
        (PermissionError(13, "Permission denied", "/secret/x"), "/secret/x: Permission denied"),
        (
            ModuleNotFoundError("No module named 'numpy'", name="numpy"),
            "numpy is missing. `python -m plip_tutorial doc",
        ),
        (ImportError("cannot import name 'x'", name="transformers"), "cannot import name 'x'. The installed versions"),
        (ImportError('the demo needs Streamlit: pip install "x"'), 'the demo needs Streamlit: pip install "x"'),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to ..."), "the memory is full."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_a_user_can_mend_is_one_line(
    error: Exception, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(report, "measure", fails)
    line = said(["report"], capsys)
    assert line.startswith("python -m plip_tutorial report: error: ")
    assert says in line
    monkeypatch.setenv(command_line.TRACEBACK, "1")
    with pytest.raises(type(error)):
        __main__.main(["report"])


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "measure", lambda *_: {}["gone"])
    with pytest.raises(KeyError):
        __main__.main(["report"])


@pytest.mark.parametrize("command", list(__main__.KEPT))
def test_after_ctrl_c_one_line_says_what_is_kept(
    command: str, tiles: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, f"_{command}", pressed)
    out = str(tmp_path / "out.parquet")
    rest = {"embed": [str(tiles), "--output", out], "finetune": ["--pairs", "a.csv", "--output", out]}
    line = said([command, *rest.get(command, [])], capsys, 130)
    assert line.startswith(f"python -m plip_tutorial {command}: stopped. ")
    assert command not in rest or out in line


def test_every_command_has_a_help_that_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for command in __main__.KEPT:
        with pytest.raises(SystemExit, match="0"):
            __main__.main([command, "--help"])
        text = capsys.readouterr().out
        assert f"usage: python -m plip_tutorial {command}" in text
        assert len(text.splitlines()) > 4


def test_the_precisions_stand_here_to_spare_an_import_and_are_those_of_the_devices() -> None:
    assert set(__main__.PRECISIONS) == {"auto", *devices.PRECISIONS}


def test_a_place_that_nobody_may_write_is_refused_by_the_sweep(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "FOLDER", Path("/proc/sys/kernel"))
    assert "the results belong into /proc/sys/kernel: " in said(["sweep"], capsys)


@pytest.mark.parametrize(("variable", "value"), [(tracks.VARIABLE, "huge"), (cache.VARIABLE, "{here}/file.txt")])
def test_a_wrong_variable_is_named(
    variable: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file.txt").write_text("x")
    monkeypatch.setenv(variable, value.format(here=tmp_path))
    line = said(["prepare"], capsys)
    assert variable in line
    assert value.format(here=tmp_path) in line


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


def test_a_list_with_faults_is_refused_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pairs.csv").write_text("image,caption\ngone.png,mucus\n")
    words = ["finetune", "--pairs", str(tmp_path / "pairs.csv"), "--output", str(tmp_path / "run")]
    assert "gone.png: no such file" in said(words, capsys)
    assert not (tmp_path / "run").exists()
