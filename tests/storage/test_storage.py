"""Files and folders are whole or absent, writers one at a time: also when they are killed."""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from plip_tutorial.storage import files as storage
from plip_tutorial.studies import provenance
from plip_tutorial.studies.provenance import Provenance

HOLD = """
import sys, time
from plip_tutorial import storage
with storage.held(sys.argv[1], "counting cells"):
    print("held", flush=True)
    sys.stdin.read()
"""
REPLACE = """
import os, signal, sys
from plip_tutorial import storage
with storage.whole_folder(sys.argv[1]) as place:
    (place / "new.txt").write_text("new")
    real = os.replace
    def replace(source, target):
        real(source, target)
        if str(target).endswith(".before"):
            os.kill(os.getpid(), signal.SIGKILL)
    os.replace = replace
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), storage.whole_file(target) as place:
        place.write_text(str(1 / 0))
    assert (names(tmp_path), target.read_text()) == (["a.txt"], "old")


def test_an_error_leaves_the_old_folder_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with storage.whole_folder(target) as place:
        (place / "old.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), storage.whole_folder(target) as place:
        (place / "half.txt").write_text(str(1 / 0))
    assert (names(tmp_path), names(target)) == (["model"], ["old.txt"])
    with storage.whole_folder(target) as place:
        (place / "new.txt").write_text("new")
    assert (names(tmp_path), names(target)) == (["model"], ["new.txt"])


def test_a_kill_between_two_moves_loses_no_folder(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with storage.whole_folder(target) as place:
        (place / "old.txt").write_text("old")
    killed = subprocess.run([sys.executable, "-c", REPLACE, str(target)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not target.exists()
    storage.recover(target)
    assert names(target) == ["old.txt"]


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_what_a_library_wrote_for_its_maker_only_can_be_read_by_all_who_read_the_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with storage.whole_folder(tmp_path / "model") as place:
        (place / "secret").write_text("")
        (place / "secret").chmod(0o600)
    with storage.whole_file(tmp_path / "file") as path:
        path.chmod(0o600)
    found = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "model" / "secret", tmp_path / "file")]
    assert found == [0o644, 0o644]
    tmp_path.chmod(0o700)  # a private folder keeps its files private
    with storage.whole_file(tmp_path / "mine") as path:
        path.chmod(0o600)
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o600


def test_the_second_writer_is_told_who_the_first_is_and_a_kill_frees_the_place(tmp_path: Path) -> None:
    place = tmp_path / "pool"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    said = rf"pool is being written by process {first.pid} on .+ since .+ UTC \(counting cells\)"
    with pytest.raises(storage.InUseError, match=said), storage.held(place, "mine"):
        pass
    first.kill()
    first.wait()
    with storage.held(place, "mine"):
        pass
    assert names(tmp_path) == [".pool.lock"]


def test_the_lock_is_free_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), storage.held(tmp_path / "a", "x"):
            raise ZeroDivisionError


def test_what_is_not_damage_stays_what_it_is(tmp_path: Path) -> None:
    for error in (PermissionError(errno.EACCES, "denied"), OSError(errno.EMFILE, "too many open files")):
        with pytest.raises(type(error)) as caught, storage.readable(tmp_path):
            raise error
        assert not isinstance(caught.value, storage.DamagedError)
    with pytest.raises(FileNotFoundError), storage.readable(tmp_path / "absent"):
        (tmp_path / "absent").read_text()
    with pytest.raises(storage.DamagedError, match="outer is damaged: half a file"), storage.readable("outer"):
        raise storage.DamagedError("inner", "half a file")


def test_a_results_file_that_is_cut_is_named(tmp_path: Path) -> None:
    note = Provenance.now(canary={"loss": 0.5}, seconds=1.0)
    path = provenance.save("table", [1, 2], note, folder=tmp_path)
    assert provenance.load("table", folder=tmp_path) == (note, [1, 2])
    for content in (path.read_text()[:-9], "[]", '{"provenance": {"date": ""}, "results": []}'):
        path.write_text(content)
        with pytest.raises(storage.DamagedError, match=r"table\.json is damaged"):
            provenance.load("table", folder=tmp_path)
    assert names(tmp_path) == ["table.json"]


def test_a_folder_that_is_not_there_is_named_and_not_the_private_place(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError, match=r"no such folder; make it first: .*absent'$"),
        storage.whole_file(tmp_path / "absent" / "a.npy"),
    ):
        pass
