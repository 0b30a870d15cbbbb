"""Slow senders and health, on virtual time."""

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from flodesk_mcp.web.health import CHECKED_EVERY_SECONDS, Readiness
from flodesk_mcp.web.middleware import BodyDeadline

from .calls import Backend

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


SCOPE: Scope = {"type": "http", "method": "POST", "path": "/mcp", "headers": [], "query_string": b""}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, take an hour, answer."""
    await PlainTextResponse(await _later(await Request(scope, receive).body()))(scope, receive, send)


async def _later(body: bytes) -> bytes:
    await anyio.sleep(3600)
    return body


async def status_of(*pauses: float) -> int:
    """Return the answer to a body that comes in parts, after each of `pauses`."""
    waiting = list(pauses)
    sent: list[Message] = []

    async def receive() -> Message:
        await anyio.sleep(waiting.pop(0))
        return {"type": "http.request", "body": b"x", "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        sent.append(message)

    await BodyDeadline(echo)(SCOPE, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_a_body_that_trickles_in_for_too_long_is_refused() -> None:
    assert await status_of(*[1.0] * 40) == 408


async def test_a_body_in_time_may_be_followed_by_any_amount_of_work() -> None:
    assert await status_of(*[1.0] * 20) == 200


class Needed:
    """Something that a server needs, and that can be looked at."""

    def __init__(self) -> None:
        self.looked = 0
        self.failure: Exception | None = None
        self.seconds = 0.0

    async def check(self) -> None:
        self.looked += 1
        await anyio.sleep(self.seconds)
        if self.failure:
            raise self.failure


async def ready(readiness: Readiness) -> int:
    return (await readiness.answer(Request(SCOPE))).status_code


async def test_readiness_is_looked_up_now_and_then_however_often_it_is_asked() -> None:
    needed = Needed()
    readiness = Readiness({"it": needed.check}, {})
    assert [await ready(readiness) for _ in range(10)] == [200] * 10
    assert needed.looked == 1
    needed.failure = ConnectionError("with words that nobody needs")
    await anyio.sleep(CHECKED_EVERY_SECONDS)
    assert await ready(readiness) == 503
    assert needed.looked == 2


async def test_what_does_not_answer_is_not_there() -> None:
    needed = Needed()
    needed.seconds = 3600
    assert await ready(Readiness({"it": needed.check}, {})) == 503
