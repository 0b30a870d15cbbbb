"""Many calls at once, and what a sandbox saw of them."""

from collections.abc import Callable, Coroutine, Iterable
from functools import partial
from typing import Any

import anyio
import httpx2

from flodesk_mcp.flodesk import BearerToken, FlodeskClient, FlodeskError, open_http
from flodesk_mcp.quota import Quota
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, RecordedRequest, Sandbox

HOUR = 3600.0
Call = Callable[[], Coroutine[Any, Any, object]]


class SlowNetwork(httpx2.AsyncBaseTransport):
    """Delays what it carries, each way; knows the order of what left, and how much was under way at once."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, seconds: Callable[[], float]) -> None:
        self._inner = inner
        self._seconds = seconds
        self._under_way = 0
        self.most_under_way = 0
        self.left: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.left.append(request.url.query.decode())
        self._under_way += 1
        self.most_under_way = max(self.most_under_way, self._under_way)
        try:
            await anyio.sleep(self._seconds())
            answer = await self._inner.handle_async_request(request)
            await anyio.sleep(self._seconds())
            return answer
        finally:
            self._under_way -= 1


def most_in_a_minute(requests: Iterable[RecordedRequest]) -> int:
    times = [request.at for request in requests]
    return max(sum(start <= at < start + 60 for at in times) for start in times)


def client_of(sandbox: Sandbox, *, max_wait: float = HOUR, quota: Quota | None = None) -> FlodeskClient:
    return FlodeskClient(
        BearerToken(SANDBOX_ACCESS_TOKEN), http=open_http(sandbox.transport()), max_wait_seconds=max_wait, quota=quota
    )


async def at_once(calls: Iterable[Call]) -> list[FlodeskError]:
    """Make all calls at once, and return the errors in the order in which they came."""
    errors: list[FlodeskError] = []

    async def make(call: Call) -> None:
        try:
            await call()
        except FlodeskError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for call in calls:
            tasks.start_soon(make, call)
    return errors


def listings(flodesk: FlodeskClient, number: int) -> list[Call]:
    return [partial(flodesk.segments.list, page=page) for page in range(1, number + 1)]


def statuses(sandbox: Sandbox) -> set[int | None]:
    return {request.status for request in sandbox.requests}
