"""Python loads this first, because `kernels` puts its folder on the path: no connection leaves the machine.

A page of the tiny track that needs the network fails at once and says which address it asked for.
"""

import errno
import socket
from collections.abc import Callable
from functools import wraps
from typing import Any

LOCAL = {"localhost", "127.0.0.1", "::1", "", None}


def _refuse(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOCAL:
        raise OSError(errno.ENETUNREACH, f"the book is built without a network, and something asked for {name}")


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a socket whose last argument is an address."""

    @wraps(method)
    def checked(self: socket.socket, *arguments: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(arguments[-1][0])
        return method(self, *arguments)

    return checked


def _asked(host: Any, *rest: Any, _find: Callable[..., Any] = socket.getaddrinfo, **options: Any) -> Any:
    _refuse(host)
    return _find(host, *rest, **options)


for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _guarded(getattr(socket.socket, _name)))
socket.getaddrinfo = _asked
