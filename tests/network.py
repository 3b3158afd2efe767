"""Tests reach this machine only. Anything else fails the test at once, in words."""

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


class ReachedOutside(AssertionError):
    """A test tried to reach another machine. Not an OSError: code that expects a network to fail must not hide it."""


def _is_here(host: object) -> bool:
    if host in (None, "", "localhost", b"localhost"):
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(text.split("%")[0]).is_loopback
    except ValueError:
        return False


def _check(family: int, address: Any) -> None:
    if family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
        raise ReachedOutside(f"a test tried to reach {address[0]}")


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(self.family, address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(self.family, address)
    return _connect_ex(self, address)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    text = host.decode() if isinstance(host, bytes) else host
    try:
        ipaddress.ip_address(text or "")
    except ValueError:
        if not _is_here(text):
            raise ReachedOutside(f"a test tried to look up {text}") from None
    return _getaddrinfo(host, *args, **kwargs)


def stay_here() -> None:
    """From now on this process connects to loopback addresses and sockets in the file system only."""
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = _guarded_getaddrinfo
