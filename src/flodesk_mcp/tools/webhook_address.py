"""Which addresses a webhook may have: https, in public, and read the same way by everybody.

Whoever posts there reads the address by rules of their own (browsers', curl's, a library's), so what some of them
would read as a host of their own network is refused in all its spellings.
"""

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from flodesk_mcp.tools.visible import visible

__all__ = ["HERE", "here_or_public_https", "public_https"]

HERE = "here"
HIDDEN = "/***"
"""What answers show in place of the secret in an address of this server."""

PRIVATE_ENDINGS = (
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
)
GLOBAL_UNICAST = IPv6Network("2000::/3")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_IN_PUBLIC = "must not lead into a private network or to this machine"


def public_https(value: str) -> str:
    """Return the address of a webhook.

    Raises ValueError for one that is not https, holds what nobody sees, or names a private host.
    """
    if visible(value) != value or not value.isprintable() or any(c.isspace() or c == "\\" for c in value):
        raise ValueError("must be an address without spaces, backslashes, control or invisible characters")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("must be a full https:// address") from None
    if parts.scheme != "https" or not host:
        raise ValueError("must be a full https:// address")
    if parts.username is not None:
        raise ValueError("must be an address without user name: what stands before the @ can pass for the host")
    _check(host)
    return value


def here_or_public_https(value: str) -> str:
    """Return the address of a webhook, or the word for this server's own. Raises ValueError as `public_https` does."""
    if value.casefold() == HERE:
        return HERE
    if value.endswith(HIDDEN):
        raise ValueError(f'is an address whose secret is hidden: leave it out, or give "{HERE}" for a new one')
    return public_https(value)


def _check(written: str) -> None:
    """Raise ValueError for a host that may be private. As browsers do, wide characters count as what they look like."""
    host = unicodedata.normalize("NFKC", written).replace("\u3002", ".").casefold().rstrip(".")
    if ":" in host:
        public = "%" not in host and _is_public(IPv6Address(host))
    elif _NUMBER.fullmatch(host.rpartition(".")[2]):
        public = _is_public(_ipv4(host))
    else:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", host):
            raise ValueError("must be a full https:// address")
        public = "." in host and not any(f".{host}".endswith(f".{ending}") for ending in PRIVATE_ENDINGS)
    if not public:
        raise ValueError(_IN_PUBLIC)


def _ipv4(host: str) -> IPv4Address:
    """Return what a host of numbers is to C libraries and browsers: 127.1, 0x7f.1 and 2130706433 are all 127.0.0.1."""
    numbers = host.split(".")
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        raise ValueError(_IN_PUBLIC)
    try:
        *first, last = map(_value, numbers)
        return IPv4Address(bytes(first) + last.to_bytes(4 - len(first)))
    except (ValueError, OverflowError):  # 09 and 256.1 are nothing, or whatever some library makes of them
        raise ValueError(_IN_PUBLIC) from None


def _value(number: str) -> int:
    if number.startswith("0x"):
        return int(number[2:] or "0", 16)
    return int(number, 8 if number.startswith("0") else 10)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return _is_public(address.ipv4_mapped)
        # All others are of special use, or carry an IPv4 address that a gateway unpacks.
        if address not in GLOBAL_UNICAST or address.sixtofour or address.teredo:
            return False
    return address.is_global and not address.is_multicast
