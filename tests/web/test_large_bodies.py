"""Large bodies, on virtual time."""

import json
from collections import Counter
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from flodesk_mcp.web.large_bodies import MAX_BODY_BYTES, MAX_HELD_EACH, MAX_VALUES, LargeBodies, Turns

from .calls import Backend, call

pytestmark = pytest.mark.anyio

TOOL = "list_all_flodesk_segments"
HTML = '<p style="color: red, margin: 0, font: a, b, c">Hello, [you] {there}</p>\\'


@pytest.fixture
def anyio_backend(virtual_time: Backend) -> Backend:
    return virtual_time


class Site:
    """An application behind the limits, and when it was reached."""

    def __init__(self) -> None:
        self.reached: list[float] = []
        self._app = LargeBodies(self._echo, Turns())

    async def _echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.reached.append(anyio.current_time())
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    async def post(self, body: bytes, *, declared: bool = True) -> tuple[int, str]:
        """Post `body` in several parts and return what is answered."""
        parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"content-length", str(len(body)).encode())] if declared else []
        await self._app({"type": "http", "method": "POST", "path": "/mcp", "headers": headers}, receive, send)
        return sent[0]["status"], sent[1]["body"].decode()


def body_of(**arguments: Any) -> bytes:
    return json.dumps(call(TOOL, **arguments), ensure_ascii=False).encode()


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        body_of(html=HTML * 10_000),
        body_of(rows=[{"email": f"{number}@example.com", "note": 'say "x"\\'} for number in range(5000)]),
        body_of(ids=list(range(MAX_VALUES - 100))),
    ],
)
async def test_what_somebody_may_need_arrives_whole(body: bytes, declared: bool) -> None:
    assert len(body) < MAX_BODY_BYTES
    assert await Site().post(body, declared=declared) == (200, str(len(body)))


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        b"x" * (MAX_BODY_BYTES + 1),
        body_of(**{f"unknown_{number}": number for number in range(40_000)}),
        body_of(**{f'\\"{number}\\': "" for number in range(45_000)}),
        body_of(x=[1] * 300_000),
        body_of(x=[[]] * 200_000),
        body_of(x=["\\"] * 100_000),
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
async def test_what_nobody_needs_is_refused_after_a_while(body: bytes, declared: bool) -> None:
    site = Site()
    began = anyio.current_time()
    assert (await site.post(body, declared=declared))[0] == 413
    assert not site.reached
    assert anyio.current_time() - began >= 1


async def test_large_bodies_come_one_after_the_other_and_small_ones_at_once() -> None:
    site = Site()
    large, small = body_of(html="x" * 100_000), body_of()
    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(site.post, large)
        await anyio.sleep(0.5)
        before = anyio.current_time()
        await site.post(small)
        assert anyio.current_time() == before
    reached = sorted(site.reached)
    assert reached[-1] - reached[0] > 0.8


async def test_a_caller_has_only_so_many_large_bodies_in_memory() -> None:
    site, statuses = Site(), Counter[int]()

    async def post() -> None:
        statuses[(await site.post(body_of(html="x" * 100_000)))[0]] += 1

    async with anyio.create_task_group() as group:
        for _ in range(2 * MAX_HELD_EACH):
            group.start_soon(post)
    assert statuses == {200: MAX_HELD_EACH, 429: MAX_HELD_EACH}
    assert (await site.post(body_of(html="x" * 100_000)))[0] == 200
