"""One small question to an address, answered within so many seconds whatever the other side does.

A server that sends a byte every two seconds never meets a limit on a single read. So the question is asked in a thread
of its own, and that thread is left behind when the time is up. Only the standard library is used: `doctor` asks, too,
where nothing else is installed.

>>> fetch("ftp://127.0.0.1", 5.0)
Traceback (most recent call last):
plip_tutorial.sources.network.NoAnswerError: 'ftp://127.0.0.1' does not begin with http:// or https://
"""

from __future__ import annotations

import os
import ssl
import threading
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

MOST = 8 * 1024**2  # bytes of an answer that are read


class NoAnswerError(OSError):
    """Nothing came back, or not in time; the message says why."""


def fetch(address: str, seconds: float) -> tuple[int, bytes]:
    """Status and beginning of what an address answers.

    Args:
        address: with ``http://`` or ``https://``; proxies are taken from the environment. No token is sent.
        seconds: for everything together: the name, the connection, the headers and the content.

    Raises:
        NoAnswerError: if there is none.
    """
    outcome: list[Any] = []
    # A daemon does not keep Python from ending.
    thread = threading.Thread(target=lambda: outcome.append(_attempt(address, seconds)), daemon=True)
    thread.start()
    thread.join(seconds)
    if not outcome:
        raise NoAnswerError(f"no whole answer within {seconds:g} s")
    if isinstance(outcome[0], Exception):
        raise NoAnswerError(str(getattr(outcome[0], "reason", "") or outcome[0])) from outcome[0]
    status, content = outcome[0]
    return status, content


def _attempt(address: str, seconds: float) -> tuple[int, bytes] | Exception:
    try:
        if urlsplit(address).scheme not in ("http", "https"):
            return ValueError(f"{address!r} does not begin with http:// or https://")
        request = urllib.request.Request(address, headers={"User-Agent": "plip-tutorial"})
        context = _certificates() if address.startswith("https:") else None
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            return answer.status, answer.read(MOST)
    except urllib.error.HTTPError as error:
        return error.code, b""
    except Exception as error:  # of sockets, of the protocol, of an odd address: it is all the same to who asks
        return error


def _certificates() -> ssl.SSLContext:
    """Those that the hub's own client trusts."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return ssl.create_default_context()
    return ssl.create_default_context(cafile=certifi.where())


def proxy() -> str:
    """The proxy that the environment names, without the password that may stand in it; "none" if there is none."""
    found = urllib.request.getproxies().get("https", "")
    if not found:
        return "none"
    scheme, _, rest = found.rpartition("://")
    return f"{scheme or 'http'}://{rest.rpartition('@')[2]}"
