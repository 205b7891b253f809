"""The doctor names what is there, what is missing, and the remedy; and it never hangs on the network."""

import ast
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from huggingface_hub import constants

from plip_tutorial import __main__, tracks
from plip_tutorial.commands import doctor
from plip_tutorial.storage import cache

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        status, drips = 200, False

        def do_GET(self):
            while self.drips:  # until the other side has gone
                self.wfile.write(b"H")
                time.sleep(0.02)
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running, Handler
        running.shutdown()


def found(name, **options):
    return next(finding for finding in doctor.examine(**options) if finding.name == name)


def test_a_healthy_installation_lists_all_its_packages_and_nothing_stops():
    findings = doctor.examine(hub=False)
    assert not [finding for finding in findings if finding.stops]
    packages = found("packages", hub=False).found
    assert all(f"{name} " in packages for name in ("torch", "transformers", "datasets", "scikit-learn"))
    assert "streamlit" not in packages  # an extra


def test_missing_and_old_packages_are_named_with_the_command_that_mends(monkeypatch, capsys):
    lines = ["no-such-package>=2", "numpy>=999", "torch>=2", 'absent; extra == "book"']
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    assert 'install "no-such-package>=2"' in found("no-such-package", hub=False).remedy
    assert "needs >=999" in found("numpy", hub=False).found
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SystemExit) as stop:
        __main__.main(["doctor"])
    assert stop.value.code == 1
    assert capsys.readouterr().out.count("MUST BE MENDED") == 2


def test_other_versions_than_the_tested_ones_are_named(monkeypatch):
    pins = Path(__file__).parents[2].joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {f"{name}=={version}" for name, version in doctor.tested().items()} <= {
        pin.replace("_", "-") for pin in pins
    }
    assert {"torch", "numpy", "transformers"} <= set(doctor.tested())
    monkeypatch.setattr(doctor, "version", lambda name: {"numpy": "2.0.2", "torch": "2.13.0+cu130"}.get(name, "99"))
    monkeypatch.setattr(doctor, "tested", lambda: {"numpy": "2.4.6", "torch": "2.13.0"})
    assert found("not the tested versions", hub=False).found == "numpy 2.0.2 (tested: 2.4.6)"
    monkeypatch.setattr(doctor, "PYTHONS", ((2, 7),))
    assert "Python 2.7" in found("Python", hub=False).remedy


def test_caches_are_measured_where_the_variables_say(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    (tmp_path / "thing").write_bytes(bytes(30_000_000))
    (tmp_path / "link").symlink_to(tmp_path / "thing")
    assert found("cache of the book", hub=False).found.startswith(f"0.03 GB in {tmp_path}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "not" / "yet"))
    assert found("cache of the hub", hub=False).found.startswith("0.00 GB")
    monkeypatch.setattr(doctor, "DISK", float("inf"))
    assert cache.VARIABLE in found("cache of the book", hub=False).remedy


def test_the_hub_is_there_refuses_is_absent_or_switched_off(monkeypatch, server):
    running, handler = server
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{running.server_port}")
    assert found("hub").found.endswith("answers")
    handler.status = 429
    assert found("hub").found.endswith("answers with 429")
    monkeypatch.setattr(doctor, "SECONDS", 0.3)
    handler.drips = True  # each single read is quick, and there is no end
    assert found("hub").found.endswith("cannot be reached: no whole answer within 0.3 s")
    handler.drips = False
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")
    for address in ("http://127.0.0.1:9", "hub.example", "http://[::1"):
        monkeypatch.setattr(constants, "ENDPOINT", address)
        assert f"{address} cannot be reached" in found("hub").found
        assert "HTTPS_PROXY: http://proxy.example:3128" in found("hub").remedy  # no password in what is passed on
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert found("hub").found == "switched off"


def test_the_report_is_readable_and_says_which_python():
    lines = doctor.text(doctor.examine(hub=False)).splitlines()
    assert sys.executable in lines[0]
    assert all(line.startswith("    ") or ": " in line for line in lines)


BARE = (
    "import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.argv = ['x', *sys.argv[2:]];"
    "runpy.run_module('plip_tutorial', run_name='__main__')"
)


def bare(place, *words):
    """A command in a Python that has nothing but its standard library, and the package's files in ``place``."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE, str(place), *words],
        capture_output=True, text=True, env=environment, timeout=120, check=False,
    )  # fmt: skip


def test_without_any_package_the_doctor_says_what_is_missing_and_how_to_get_it(tmp_path):
    place = tmp_path / "copy"  # beside the repository's own files there may be a note of what is installed
    shutil.copytree(ROOT / "plip_tutorial", place / "plip_tutorial", ignore=shutil.ignore_patterns("__pycache__"))
    ran = bare(place, "doctor")
    assert ran.stderr == ""
    assert ran.returncode == 1
    for name in doctor.tested():
        assert f"{name}: missing" in ran.stdout
        assert f'install "{name}"' in ran.stdout
    assert f"runs from {place}" in ran.stdout
    assert "GPU: cannot be told as long as torch cannot be imported" in ran.stdout
    assert "hub: switched off" in ran.stdout
    for words in ([], ["embed"], ["finetune"], ["demo"]):
        assert bare(place, *words, "--help").stdout.startswith("usage: python -m plip_tutorial")
    ran = bare(place, "embed", str(tmp_path), "--output", str(tmp_path / "a.parquet"))
    assert ran.returncode == 2
    assert "is missing. `python -m plip_tutorial doctor` says how to get it" in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("name", ["__init__", "__main__", "command_line", "doctor", "network"])
def test_an_old_python_can_at_least_run_the_doctor(name):
    source = (ROOT / "plip_tutorial" / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    modules = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in top if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= {"plip_tutorial", *sys.stdlib_module_names}


def test_what_is_there_and_cannot_be_imported_is_named(monkeypatch):
    def broken(name):
        if name in ("torch", "sklearn"):
            raise {"torch": OSError, "sklearn": ValueError}[name](f"{name} is of another kind\nand more")

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    findings = [finding for finding in doctor.examine(hub=False) if finding.stops]
    assert [finding.name for finding in findings] == ["sklearn", "torch"]
    assert findings[0].found == "is there and cannot be imported: sklearn is of another kind"
    assert '--force-reinstall "scikit-learn"' in findings[0].remedy


def test_a_look_that_fails_is_a_line_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: 1 / 0)
    assert found("GPU", hub=False).found == "cannot be looked at: ZeroDivisionError: division by zero"
    assert found("memory", hub=False).found.endswith("GB free")


def test_a_cache_that_cannot_be_made_or_written_must_be_mended(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing")):
        monkeypatch.setenv(cache.VARIABLE, str(place))
        finding = found("cache of the book", hub=False)
        assert finding.stops
        assert str(place) in finding.found
        assert cache.VARIABLE in finding.remedy
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    monkeypatch.setattr(doctor, "unwritable", lambda place: "Read-only file system")
    stops = [finding for finding in doctor.examine(hub=False) if finding.stops]
    assert [finding.found for finding in stops] == [f"{tmp_path} cannot be written: Read-only file system"]
    (tmp_path / "tiny-clip-1").mkdir()
    (tmp_path / "tiny-clip-1" / "built.json").write_text("{}")  # a teacher has filled it for all to read
    advice = [finding for finding in doctor.examine(hub=False) if "Read-only" in finding.found]
    assert [finding.stops for finding in advice] == [False]
    assert "what lies there is used" in advice[0].remedy


def test_an_unknown_track_must_be_mended(monkeypatch):
    monkeypatch.setenv(tracks.VARIABLE, "huge")
    assert found("track", hub=False).stops
    assert "'huge'" in found("track", hub=False).found
    monkeypatch.delenv(tracks.VARIABLE)
    assert not found("track", hub=False).stops


def test_where_the_package_is_not_installed_the_tested_names_are_looked_for(monkeypatch):
    def absent(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", absent)
    findings = doctor.examine(hub=False)
    assert "numpy " in next(finding for finding in findings if finding.name == "packages").found
    assert not [finding for finding in findings if finding.stops]
    monkeypatch.setattr(doctor, "version", absent)
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    together = found("all of these at once", hub=False)
    assert together.remedy.startswith('uv pip install "accelerate" ')  # no pip in this environment
    assert together.remedy.count('"') == 2 * len(doctor.tested())
