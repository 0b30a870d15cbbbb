"""The Flodesk clients of all accounts: one for each, so that quotas and caches never cross."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from flodesk_mcp.flodesk import Credential, FlodeskClient

__all__ = ["ClientPool"]

MAX_CLIENTS = 1000
MINUTE = 60
IDLE_SECONDS = 600
"""Long after its quota's minute is over, so that forgetting a client forgets nothing that still counts."""


@dataclass
class _Pooled:
    client: FlodeskClient
    used_at: float


class ClientPool:
    """The clients of the accounts that are in use; above `most`, the least recently used are forgotten first.

    A client is never forgotten while one of its requests counts at Flodesk: the next one would begin a new minute. So
    there may be more than `most`, all of them in use.
    """

    def __init__(
        self, open_client: Callable[[str, Credential], FlodeskClient], quota: int, most: int = MAX_CLIENTS
    ) -> None:
        """Take what opens a client that is not in the pool, and how many requests a minute each of them has."""
        self.open = open_client
        self._quota = quota
        self._most = most
        self._clients: OrderedDict[str, _Pooled] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._clients)

    def used(self) -> list[tuple[str, int]]:
        """Return every account, by its identity, and how many of its requests count in this minute."""
        return [(identity, self._quota - pooled.client.requests_left) for identity, pooled in [*self._clients.items()]]

    def holds(self, identity: str) -> bool:
        """Tell whether the account `identity` has a client here, which counts as a use of it."""
        if identity in self._clients:
            self._used(identity)
        return identity in self._clients

    def add(self, identity: str, client: FlodeskClient) -> None:
        """Take in a client of the account `identity`, with the quota that it has used. One that is here stays."""
        self._clients.setdefault(identity, _Pooled(client, anyio.current_time()))
        self._used(identity)

    def client(self, identity: str, credential: Credential) -> FlodeskClient:
        """Return the client of the account `identity`, which uses `credential` from now on."""
        if identity not in self._clients:
            self.add(identity, self.open(identity, credential))
        client = self._clients[identity].client
        client.credential = credential
        self._used(identity)
        return client

    def _used(self, identity: str) -> None:
        now = anyio.current_time()
        self._clients[identity].used_at = now
        self._clients.move_to_end(identity)
        while self._may_forget(next(iter(self._clients.values())), now):
            self._clients.popitem(last=False)

    def _may_forget(self, oldest: _Pooled, now: float) -> bool:
        idle = now - oldest.used_at
        if idle < (MINUTE if len(self._clients) > self._most else IDLE_SECONDS):
            return False
        return oldest.client.requests_left >= self._quota  # else it still reads a whole list
