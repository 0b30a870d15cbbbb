"""The connections of a process: a limit on their number, in which those that ask for nothing give way."""

from typing import Protocol

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from flodesk_mcp.web.middleware import PROBES
from flodesk_mcp.web.open_files import FOR_PROBES

__all__ = ["Connection", "Connections", "probes_only"]


class Connection(Protocol):
    """What can be cut off."""

    def cut(self) -> None:
        """Close at once, whatever is under way."""


class Connections:
    """At most `most` connections. For one more, the one goes that has been asking for nothing for the longest time.

    Those that have never asked for anything go first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.closing = False  # whether each ends with its next answer
        self._silent: dict[Connection, None] = {}
        self._resting: dict[Connection, None] = {}
        self._busy: dict[Connection, None] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._silent) + len(self._resting) + len(self._busy)

    def enter(self, connection: Connection) -> bool:
        """Take a new connection in; return whether there is room for more than a health check on it."""
        while len(self) >= self._most and self._make_room():
            pass
        room = len(self) < self._most
        if room or len(self) < self._most + FOR_PROBES:
            self._silent[connection] = None
        else:
            connection.cut()
        return room

    def busy(self, connection: Connection) -> None:
        """Keep a connection while its request is answered."""
        self._move(connection, self._busy)

    def resting(self, connection: Connection) -> None:
        """Know that a request of a connection is answered."""
        self._move(connection, self._resting)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        for state in (self._silent, self._resting, self._busy):
            state.pop(connection, None)

    def _move(self, connection: Connection, state: dict[Connection, None]) -> None:
        known = len(self)
        self.leave(connection)
        if len(self) < known:  # one that was cut may still be ending its last request
            state[connection] = None

    def _make_room(self) -> bool:
        oldest = next(iter(self._silent or self._resting), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.cut()
        return True


def probes_only(app: ASGIApp) -> ASGIApp:
    """Return what answers the health checks of `app`, and refuses everything else for want of room."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PROBES:
            headers = {"Connection": "close", "Retry-After": "5"}
            return await PlainTextResponse("Too many connections.\n", 503, headers)(scope, receive, send)
        return await app(scope, receive, send)

    return answer
