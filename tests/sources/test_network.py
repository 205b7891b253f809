"""One question to an address has an end, whatever the other side sends; and no password is shown."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from plip_tutorial.sources import network


@pytest.fixture
def server() -> Iterator[str]:
    """``/endless`` never stops sending, other addresses answer with their own name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/gone" else 200)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(self.path.encode())
                while self.path == "/endless":
                    self.wfile.write(bytes(2**20))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_an_answer_is_read_and_one_without_end_only_in_part(server: str) -> None:
    assert network.fetch(f"{server}/name", 60.0) == (200, b"/name")
    assert network.fetch(f"{server}/gone", 60.0) == (404, b"")
    status, content = network.fetch(f"{server}/endless", 60.0)
    assert (status, len(content)) == (200, network.MOST)


@pytest.mark.parametrize("address", ["", "hub.example", "file:///etc/passwd", "http://[::1", "http://127.0.0.1:9"])
def test_what_is_no_answer_is_one_error(address: str) -> None:
    with pytest.raises(network.NoAnswerError, match=r"\w"):
        network.fetch(address, 60.0)


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("", "none"),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://me:se@cret@proxy.example:3128", "http://proxy.example:3128"),
        ("me:secret@proxy.example:3128", "http://proxy.example:3128"),
        ("socks5://me:secret@127.0.0.1:1080", "socks5://127.0.0.1:1080"),
    ],
)
def test_a_proxy_is_shown_without_its_password(named: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", named)
    assert network.proxy() == shown
