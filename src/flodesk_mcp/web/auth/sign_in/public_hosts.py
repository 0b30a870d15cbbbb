"""A way to hosts of the public internet alone: what a stranger names must not lead into the operator's network."""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import anyio
import httpx2

__all__ = ["NotPublic", "PublicHosts", "is_public"]

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class NotPublic(httpx2.RequestError):
    """The name leads to an address that is not of the public internet, or to none."""


def is_public(address: str) -> bool:
    """Tell whether anybody could reach `address`."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inside = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if inside or parsed in _TRANSLATED:  # an address of the old kind in one of the new
            inside = inside or ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
            return is_public(str(inside))
    return parsed.is_global and not parsed.is_multicast


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PublicHosts(httpx2.AsyncBaseTransport):
    """Connects to the very address that was checked, so that a name cannot mean another one a moment later."""

    def __init__(self, inner: httpx2.AsyncBaseTransport | None = None, resolve: Resolve = _resolve) -> None:
        # No proxy of the environment: it would look the name up again.
        self._inner = inner or httpx2.AsyncHTTPTransport(retries=0)
        self._resolve = resolve

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to the first address of its host, if all of them are public.

        Raises NotPublic.
        """
        host = request.url.host
        try:
            found = await self._resolve(host, request.url.port or 443)
        except OSError as error:
            raise NotPublic(f"There is no host {host!r}.", request=request) from error
        if not found or not all(map(is_public, found)):
            raise NotPublic(f"{host!r} is not a public host.", request=request)
        pinned = httpx2.Request(
            request.method,
            request.url.copy_with(host=found[0]),
            headers=request.headers,  # Host among them, as it was
            extensions={**request.extensions, "sni_hostname": host},
        )
        return await self._inner.handle_async_request(pinned)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()
