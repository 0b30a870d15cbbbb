"""What every client of an account is made of."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import httpx2

from flodesk_mcp.api.credentials import Credential, identity_of
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.api.service import Service
from flodesk_mcp.api.transport import Transport, open_http
from flodesk_mcp.quota import Quota

__all__ = ["ApiClient"]


class ApiClient:
    """One account of a service: requests within its quota, with safe repeats.

    `identity` is what the account is known by, whatever its credential is at the moment; without one, it is made from
    the credential. `http` shares one HTTP client among many accounts, and is then the caller's to close.
    """

    def __init__(
        self,
        service: Service,
        credential: Credential,
        *,
        identity: str | None,
        base_url: str,
        http: httpx2.AsyncClient | None,
        quota: Quota,
        max_wait_seconds: float,
        timeout_seconds: float,
    ) -> None:
        self.identity = identity or identity_of(credential)
        self._http = http or open_http()
        self._owns_http = http is None
        self._transport = Transport(
            self._http, credential, service, base_url=base_url, quota=quota, timeout_seconds=timeout_seconds
        )
        self._sender = Sender(self._transport, max_wait_seconds)

    @property
    def credential(self) -> Credential:
        """What opens the account. A new one keeps quota, queue and caches; what is under way ends with the old one."""
        return self._transport.credential

    @credential.setter
    def credential(self, credential: Credential) -> None:
        self._transport.credential = credential

    def measure(self, measured: Callable[[Quota], Quota]) -> None:
        """Wait from now on in what `measured` makes of the quota."""
        self._transport.quota = measured(self._transport.quota)

    @property
    def requests_left(self) -> int:
        """How many requests may leave now."""
        return self._transport.quota.free()

    async def aclose(self) -> None:
        """Close the connections, unless they belong to the caller."""
        if self._owns_http:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
