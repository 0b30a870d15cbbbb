"""Who shows one wrong token or credential after the other."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from starlette.requests import HTTPConnection

from flodesk_mcp.messages import Messages

__all__ = ["MAX_WRONG", "WrongProofs", "address_of"]

MINUTE = 60.0
MAX_WRONG = 20
MAX_ADDRESSES = 10_000
TOPIC = "wrong proofs"


class WrongProofs:
    """Counts the wrong proofs of the last minute for each address: 20 are forgiven, then there is a time to wait.

    All replicas hear of each, so that an address has no more of them by asking all.
    """

    def __init__(self, messages: Messages, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._messages = messages
        messages.listen(TOPIC, self._heard)
        self._shown_at: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._shown_at)

    def note(self, connection: HTTPConnection) -> None:
        """Count one more."""
        self._messages.publish(TOPIC, address_of(connection).encode())

    def _heard(self, message: bytes) -> None:
        address = message.decode()
        self._shown_at.setdefault(address, deque(maxlen=MAX_WRONG)).append(self._clock())
        self._shown_at.move_to_end(address)
        if len(self._shown_at) > MAX_ADDRESSES:
            self._shown_at.popitem(last=False)

    def seconds_to_wait(self, connection: HTTPConnection) -> float:
        """Return how long the address of a request must wait until another wrong proof would be forgiven, or 0."""
        shown_at = self._shown_at.get(address_of(connection))
        if shown_at is None or len(shown_at) < MAX_WRONG:
            return 0.0
        return max(shown_at[0] + MINUTE - self._clock(), 0.0)


def address_of(connection: HTTPConnection) -> str:
    """Return where a request comes from: of IPv6 the network, in which one host has all the addresses it wants."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if address.version == 6:  # noqa: PLR2004
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return host
