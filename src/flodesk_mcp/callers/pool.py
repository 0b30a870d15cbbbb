"""The Flodesk clients of all accounts: one for each credential, so that quotas and caches never cross."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from flodesk_mcp.flodesk import Credential, FlodeskClient, identity_of

__all__ = ["ClientPool"]

MAX_CLIENTS = 1000
IDLE_SECONDS = 600
"""Long after its quota's minute is over, so that forgetting a client forgets nothing that still counts."""


@dataclass
class _Pooled:
    client: FlodeskClient
    used_at: float


class ClientPool:
    """At most `most` clients, the least recently used forgotten first. They share an HTTP client.

    A call that is under way keeps its client, even one that the pool forgets.
    """

    def __init__(self, open_client: Callable[[Credential], FlodeskClient], most: int = MAX_CLIENTS) -> None:
        self._open = open_client
        self._most = most
        self._clients: OrderedDict[str, _Pooled] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._clients)

    def client(self, credential: Credential) -> FlodeskClient:
        """Return the client of `credential`."""
        now = anyio.current_time()
        identity = identity_of(credential)
        pooled = self._clients.get(identity)
        if pooled is None:
            pooled = self._clients[identity] = _Pooled(self._open(credential), now)
        pooled.used_at = now
        self._clients.move_to_end(identity)
        self._forget_the_idle(now)
        return pooled.client

    def _forget_the_idle(self, now: float) -> None:
        while self._clients:
            oldest = next(iter(self._clients.values()))
            if len(self._clients) <= self._most and now - oldest.used_at < IDLE_SECONDS:
                return
            self._clients.popitem(last=False)
