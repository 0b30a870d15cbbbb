"""Which Host and Origin a request may name: a page on the web must not reach a server on somebody's machine."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

__all__ = ["AllowedHosts", "is_loopback"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{1,5}))?", re.ASCII)
_ORIGIN = re.compile(r"https?://(.+)", re.ASCII)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AllowedHosts:
    """Host names, each with a port or with any."""

    def __init__(self, host: str, allowed: str | None, public_url: str | None = None) -> None:
        """Take the names of the setting, or those that fit the address `host`; and that of the public address."""
        names = [*(allowed.split(",") if allowed else _names_of(host)), urlsplit(public_url or "").netloc]
        self._names = frozenset(name for name in (_unbracketed(name.strip().lower()) for name in names) if name)

    def __contains__(self, authority: str) -> bool:
        """Tell whether `authority` (a name, maybe a port) is allowed."""
        parts = _AUTHORITY.fullmatch(authority.lower())
        if not parts:
            return False
        name = parts[1].strip("[]")
        return name in self._names or f"{name}:{parts[2]}" in self._names

    def allows_origin(self, origin: str) -> bool:
        """Tell whether a page of `origin` may call."""
        parts = _ORIGIN.fullmatch(origin.lower())
        return parts is not None and parts[1] in self


def _unbracketed(name: str) -> str:
    parts = _AUTHORITY.fullmatch(name)
    if not parts:
        return name if name.count(":") > 1 else ""
    bare = parts[1].strip("[]")
    return f"{bare}:{parts[2]}" if parts[2] else bare


def _names_of(host: str) -> frozenset[str]:
    if is_loopback(host):
        return LOOPBACK
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return LOOPBACK | {socket.gethostname()}
    return frozenset({host})
