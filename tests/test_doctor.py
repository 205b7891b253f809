"""The doctor names what is there, what is missing, and the remedy; and it never hangs on the network."""

import http.server
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub import constants

from plip_tutorial import __main__, cache, doctor


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
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
    pins = Path(__file__).parents[1].joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
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
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in found("hub").found
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert found("hub").found == "switched off"


def test_the_report_is_readable_and_says_which_python():
    lines = doctor.text(doctor.examine(hub=False)).splitlines()
    assert sys.executable in lines[0]
    assert all(line.startswith("    ") or ": " in line for line in lines)
