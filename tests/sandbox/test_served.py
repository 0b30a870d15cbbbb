"""The same over a real connection: a real server and real sockets, so real time."""

import threading
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx2
import pytest
import uvicorn

from flodesk_mcp.sandbox import SANDBOX_API_KEY, Fault, Sandbox
from flodesk_mcp.sandbox.faults import FaultKind

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def url(sandbox: Sandbox) -> Iterator[str]:
    """The address of a sandbox that is served on a free port."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
            await super().startup()
            started.set()

    server = Server(
        uvicorn.Config(sandbox.app, port=0, log_config=None, log_level="critical", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(10)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
async def served(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{url}/v1", auth=(SANDBOX_API_KEY, "")) as client:
        yield client


async def test_the_raw_path_reaches_the_sandbox(served: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    await served.post("/subscribers", json={"email": "jane+vip@example.com"})
    found = await served.get("/subscribers/jane+vip@example.com")
    lost = await served.get("/subscribers/jane+vip%40example.com")
    assert (found.status_code, lost.status_code) == (200, 404)
    assert sandbox.requests[2].path == "/v1/subscribers/jane+vip%40example.com"


@pytest.mark.parametrize(("kind", "done"), [("drop_before", 404), ("drop_after", 200), ("refuse", 404)])
async def test_a_connection_breaks(served: httpx2.AsyncClient, url: str, kind: FaultKind, done: int) -> None:
    await served.post(f"{url}/_sandbox/faults", json={"kind": kind})
    with anyio.fail_after(5), pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        await served.post("/subscribers", json={"email": "jane@example.com"})
    assert (await served.get("/subscribers/jane@example.com")).status_code == done


async def test_a_hanging_request_leaves_nothing_behind(served: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("hang"))
    with anyio.fail_after(5), pytest.raises(httpx2.ReadTimeout):
        await served.get("/segments", timeout=0.05)
    assert (await served.get("/segments")).status_code == 200


async def test_a_huge_answer_is_streamed(served: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("huge"))
    with anyio.fail_after(5):
        async with served.stream("GET", "/segments") as answer:
            async for _ in answer.aiter_raw():
                if answer.num_bytes_downloaded > 2**20:
                    break
    assert answer.num_bytes_downloaded < 10 * 2**20
