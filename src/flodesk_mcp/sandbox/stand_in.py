"""Another service's API, embedded like Flodesk's: the same records, faults and ways in, behind a door of its own."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, cast
from urllib.parse import unquote

import httpx2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import TypeVar

from flodesk_mcp.sandbox.answers import Refused
from flodesk_mcp.sandbox.door import Door
from flodesk_mcp.sandbox.faults import Fault, FaultQueue
from flodesk_mcp.sandbox.gate import Gate
from flodesk_mcp.sandbox.operation import Call, Operation
from flodesk_mcp.sandbox.recorded import RecordedRequest
from flodesk_mcp.sandbox.transport import InProcessTransport

__all__ = ["StandIn"]

Held = TypeVar("Held")
RECORDED_REQUESTS = 10_000


class StandIn(Generic[Held]):
    """A service with one `account`: `app` over HTTP, `transport()` in process, `requests` for what has arrived."""

    def __init__(self, account: Held, door: Door, operations: Sequence[Operation], now: Callable[[], datetime]) -> None:
        self.account = account
        self.requests: deque[RecordedRequest] = deque(maxlen=RECORDED_REQUESTS)
        self._door = door
        self._faults = FaultQueue()
        self._now = now
        self.app = Starlette(
            routes=[self._route(operation) for operation in operations],
            middleware=[Middleware(Gate, door=door, faults=self._faults, requests=self.requests)],
            exception_handlers={Refused: self._refusal, HTTPException: self._unrouted},
        )
        self.app.router.redirect_slashes = False

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Return a way in without a network."""
        return InProcessTransport(self.app, self._faults)

    def fail(self, fault: Fault) -> None:
        """Let something go wrong for the next matching requests."""
        self._faults.add(fault)

    def _route(self, operation: Operation) -> Route:
        async def endpoint(request: Request) -> Response:
            return operation.perform(
                Call(
                    account=request.state.account,
                    parameters={name: unquote(raw) for name, raw in request.path_params.items()},
                    query=request.query_params,
                    content_type=request.headers.get("content-type", ""),
                    body=await request.body(),
                    now=self._now(),
                )
            )

        return Route(operation.path, endpoint, methods=[operation.method])

    async def _refusal(self, _: Request, error: Exception) -> Response:
        refused = cast("Refused", error)
        return self._door.refuse(refused.status, refused.message)

    async def _unrouted(self, request: Request, error: Exception) -> Response:
        status = cast("HTTPException", error).status_code
        return self._door.refuse(status, f"Cannot {request.method} {request.url.path}")
