"""Built once: also for two processes at once, after a crash in the middle, and on a full disk."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import plip_tutorial
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import DamagedError

BUILDER = """
import os, sys, time
from pathlib import Path
from plip_tutorial.storage import cache

def make(path):
    (path / "half").write_text("half")
    with open(sys.argv[1], "a") as log:
        log.write("built\\n")
    Path(sys.argv[1] + ".started").touch()
    if sys.argv[2] == "crash":
        os._exit(9)
    while sys.argv[2] == "wait" and not os.path.exists(sys.argv[1] + ".go"):
        time.sleep(0.01)
    (path / "whole").write_text("whole")

print("ready", flush=True)
print(cache.build("thing", {"seed": 1}, make))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def start(log: Path, mode: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(Path(cache.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(log), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


def results(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks")


def fill(path: Path) -> None:
    (path / "whole").write_text("whole")


def test_built_once_and_found_again(folder: Path) -> None:
    calls = []
    paths = {cache.build("thing", {"seed": 1}, lambda path: (calls.append(path), fill(path))) for _ in range(3)}
    assert len(calls) == len(paths) == 1
    path = paths.pop()
    assert path.parent == folder
    assert sorted(file.name for file in path.iterdir()) == ["built.json", "cache_key.json", "whole"]
    assert (path / "cache_key.json").read_text() == '{"seed": 1}\n'
    assert cache.build("thing", {"seed": 2}, fill) != path


def test_processes_at_once_build_one(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [start(log, "wait") for _ in range(3)]
    assert {process.stdout.readline() for process in processes} == {"ready\n"}  # type: ignore[union-attr]
    (tmp_path / "log.go").touch()
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert log.read_text() == "built\n"
    (path,) = {Path(out.strip()) for out, _ in outputs}
    assert (path / "whole").exists()
    assert results(folder) == [path.name]


def test_who_waits_is_told(tmp_path: Path) -> None:
    first = start(tmp_path / "log", "wait")
    while not (tmp_path / "log.started").exists() and first.poll() is None:
        time.sleep(0.01)
    second = start(tmp_path / "log", "wait")
    assert "Waiting for another process that is building thing-" in second.stderr.readline()  # type: ignore[union-attr]
    (tmp_path / "log.go").touch()
    assert first.communicate(timeout=60)[0] == second.communicate(timeout=60)[0]


def test_a_crash_in_the_middle_leaves_nothing_that_counts(folder: Path, tmp_path: Path) -> None:
    crashed = start(tmp_path / "log", "crash")
    crashed.communicate(timeout=60)
    assert crashed.returncode == 9
    (leftover,) = results(folder)
    assert leftover.startswith(".thing-")
    (folder / ".thing-v1.0-0123456789abcdef.7-89abcdef").mkdir()  # of older code
    path = cache.build("thing", {"seed": 1}, fill)
    assert not (path / "half").exists()
    assert results(folder) == [path.name]


def test_hidden_folders_of_others_are_left_alone(folder: Path) -> None:
    theirs = [".config.old", ".git", ".cache.backup", ".thing-0123456789abcdef.before", ".notes.1-0123abcd"]
    for name in theirs:
        (folder / name).mkdir(parents=True)
    path = cache.build("thing", {}, fill)
    assert results(folder) == sorted([*theirs, path.name])


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_whoever_may_use_the_cache_may_read_its_results_and_lock(folder: Path) -> None:
    def private(path: Path) -> None:
        (path / "model").mkdir(mode=0o700)
        (path / "model" / "model.safetensors").touch(mode=0o600)

    def modes(*paths: Path) -> list[int]:
        return [stat.S_IMODE(path.stat().st_mode) for path in paths]

    folder.mkdir()
    folder.chmod(0o2775)  # a class: the group may write
    path = cache.build("thing", {}, private)
    assert modes(path / "model" / "model.safetensors", path / "built.json") == [0o644, 0o644]
    assert [mode & 0o777 for mode in modes(path, path / "model")] == [0o755, 0o755]
    locks = folder / ".locks"
    assert modes(locks, locks / f"{path.name}.lock") == [0o2775, 0o666]


def damage(path: Path, how: str) -> None:
    if how == "half":
        path.write_bytes(path.read_bytes()[:2])
    elif how == "longer":
        path.write_bytes(path.read_bytes() * 2)
    else:
        path.unlink()


@pytest.mark.parametrize("how", ["half", "longer", "gone"])
@pytest.mark.parametrize("name", ["whole", "deep/er", "built.json"])
def test_a_damaged_result_is_named_and_made_anew_when_it_is_removed(how: str, name: str) -> None:
    def two(path: Path) -> None:
        fill(path)
        (path / "deep").mkdir()
        (path / "deep" / "er").write_text("deeper")

    path = cache.build("thing", {}, two)
    damage(path / name, how)
    with pytest.raises(DamagedError, match=rf"{path.name} is damaged: .*Remove it and call again"):
        cache.build("thing", {}, two)
    shutil.rmtree(path)
    assert (cache.build("thing", {}, two) / "whole").read_text() == "whole"


def test_what_another_process_is_building_is_left_alone(folder: Path, tmp_path: Path) -> None:
    other = start(tmp_path / "log", "wait")
    while not (tmp_path / "log.started").exists() and other.poll() is None:
        time.sleep(0.01)
    cache.build("other thing", {}, fill)
    (tmp_path / "log.go").touch()
    out, told = other.communicate(timeout=60)
    assert other.returncode == 0, told
    assert (Path(out.split()[-1]) / "half").exists()


def test_a_result_may_need_another(folder: Path) -> None:
    def outer(path: Path) -> None:
        fill(cache.build("inner", {}, fill))
        fill(path)

    path = cache.build("outer", {}, outer)
    assert (path / "whole").exists()
    assert len(results(folder)) == 2


def test_an_error_leaves_nothing(folder: Path) -> None:
    def fail(path: Path) -> None:
        fill(path)
        raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"):
        cache.build("thing", {}, fail)
    assert results(folder) == []
    assert cache.build("thing", {}, fill).is_dir()


def test_a_full_disk_names_the_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def overflow(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(cache.CacheError, match=r"No space left.*PLIP_TUTORIAL_CACHE"):
        cache.build("thing", {}, overflow)
    assert results(folder) == []

    def hidden(path: Path) -> None:
        raise RuntimeError("the writer failed")  # as torch and safetensors put it

    monkeypatch.setattr(cache.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=10))
    with pytest.raises(cache.CacheError, match=r"No space left.*PLIP_TUTORIAL_CACHE"):
        cache.build("thing", {}, hidden)


def test_a_place_that_cannot_be_written_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no directory")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv(cache.VARIABLE, str(place))
        with pytest.raises(cache.CacheError, match="PLIP_TUTORIAL_CACHE"):
            cache.cache_dir()


@contextmanager
def no_superuser() -> Iterator[None]:
    """The superuser may write everywhere, so it acts for nobody."""
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(65534)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="rights of POSIX")
def test_a_read_only_cache_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own places are closed to everybody else
        Path(place).chmod(0o755)
        monkeypatch.setenv(cache.VARIABLE, f"{place}/cache")
        cache.build("another thing", {}, fill)  # what is imported late is imported now
        for folder in (Path(place, "cache", ".locks"), Path(place, "cache")):
            folder.chmod(0o555)
        with no_superuser(), pytest.raises(cache.CacheError, match="PLIP_TUTORIAL_CACHE"):
            cache.build("thing", {}, fill)
        Path(place, "cache").chmod(0o755)


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    def elsewhere(path: Path) -> None:
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / "input.csv"))

    absent = (tmp_path / "absent").read_text
    for error, make in ((FileNotFoundError, lambda path: absent()), (PermissionError, elsewhere)):
        with pytest.raises(error) as caught:
            cache.build("thing", {}, make)
        assert not isinstance(caught.value, cache.CacheError)


def test_the_user_directory_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    monkeypatch.setattr(cache, "user_cache_path", lambda name, **options: tmp_path / name)
    assert cache.cache_dir() == tmp_path / "plip_tutorial"
    assert cache.cache_dir().is_dir()


@dataclass(frozen=True)
class Settings:
    steps: int = 3
    rates: tuple[float, ...] = (0.1, 0.2)
    place: Path = Path("a/b")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
keys = st.dictionaries(st.text(), plain, max_size=4)


@given(keys, keys)
def test_fingerprints_differ_exactly_when_settings_do(one: dict[str, object], other: dict[str, object]) -> None:
    assert (cache.fingerprint(one) == cache.fingerprint(other)) == (repr_sorted(one) == repr_sorted(other))
    assert cache.fingerprint(one) == cache.fingerprint(dict(reversed(one.items())))


def repr_sorted(value: object) -> object:
    """The obvious canonical form: 1, 1.0 and True are three values, [] and {} are two."""
    if isinstance(value, dict):
        return f"dict of {sorted((key, repr_sorted(item)) for key, item in value.items())}"
    return [repr_sorted(item) for item in value].__repr__() if isinstance(value, list) else repr(value)


def test_fingerprints_of_dataclasses_and_numpy() -> None:
    fields = {"steps": 3, "rates": [0.1, 0.2], "place": "a/b"}
    assert cache.fingerprint(Settings()) == cache.fingerprint(fields)
    assert cache.fingerprint({"config": Settings()}) == cache.fingerprint({"config": fields})
    assert cache.fingerprint({"n": np.int64(3)}) == cache.fingerprint({"n": 3})
    assert cache.fingerprint(Settings(steps=4)) != cache.fingerprint(Settings())
    with pytest.raises(TypeError, match="cannot hold <function"):
        cache.fingerprint({"make": fill})


BEFORE = {
    "one.py": '''"""Two functions."""
from package.two import RATE, scaled

def loss(x):
    """What is minimised."""
    return scaled(x) * RATE  # times the rate

def other(x):
    return x - 1
''',
    "two.py": """
RATE = 0.5

def scaled(x):
    return x * 2
""",
}
MOVED = {
    "one.py": "from package import deep\n\ndef other(x):\n    return x - 1\n",
    "deep.py": "from package import two\n\ndef loss(x):\n    return two.scaled(x) * two.RATE\n",
    "two.py": BEFORE["two.py"],
}


def replaced(name: str, old: str, new: str) -> dict[str, str]:
    assert old in BEFORE[name]
    return BEFORE | {name: BEFORE[name].replace(old, new)}


SAME = {
    "a comment": replaced("one.py", "# times the rate", "# as (Adam 2015) has it"),
    "a docstring": replaced("one.py", "What is minimised.", "It is minimised."),
    "no docstring": replaced("one.py", '    """What is minimised."""\n', ""),
    "ends of lines": replaced("two.py", "\n", "\r\n"),
    "a function's name": {name: text.replace("scaled", "doubled") for name, text in BEFORE.items()},
    "a module's name": {"one.py": BEFORE["one.py"].replace(".two", ".three"), "three.py": BEFORE["two.py"]},
    "a function's module": MOVED,
}
OTHER = {
    "a number": replaced("two.py", "0.5", "0.6"),
    "an operation": replaced("two.py", "x * 2", "x + 2"),
    "a call of another function": replaced("one.py", "return scaled(x)", "return other(x)"),
    "a function more": replaced("two.py", "RATE = 0.5", "RATE = 0.5\n\ndef more(x):\n    return x"),
}


@pytest.mark.parametrize("change", [*SAME, *OTHER])
def test_the_code_of_a_working_copy_counts_by_what_it_does(change: str, tmp_path: Path) -> None:
    def key(files: dict[str, str]) -> str:
        folder = Path(tempfile.mkdtemp(dir=tmp_path)) / "package"
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
        return cache.code_fingerprint(sorted(folder.glob("*.py")))

    assert (key({**SAME, **OTHER}[change]) == key(BEFORE)) == (change in SAME)


def test_an_installed_package_counts_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(cache.code_key()) == 16
    assert cache.code_key(cache.__name__) not in ("", cache.code_key())
    cache.code_key.cache_clear()
    monkeypatch.setattr(plip_tutorial, "__file__", str(tmp_path / "site-packages" / "plip_tutorial" / "__init__.py"))
    assert cache.code_key() == cache.code_key("plip_tutorial.storage.cache") == plip_tutorial.__version__
    cache.code_key.cache_clear()


def test_a_cache_where_no_folder_can_be_made_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.VARIABLE, "/proc/nowhere")
    with pytest.raises(cache.CacheError, match=rf"the cache in /proc/nowhere cannot be written: .*{cache.VARIABLE}"):
        cache.cache_dir()
