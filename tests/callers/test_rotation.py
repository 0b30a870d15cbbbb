"""Real processes that renew one login, killed wherever it hurts."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr

from flodesk_mcp.flodesk import open_http
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox
from flodesk_mcp.store import Store, new_key

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).with_name("renewing.py")
BACK = "https://mcp.example.com/back"
TOKEN = "/oauth2/token"
NOWHERE = "nowhere"
SIGN_IN = "SignInAgain: Flodesk no longer accepts the sign-in to this account, so nothing was sent. Sign in again: "


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def flodesk() -> Sandbox:
    return Sandbox(requests_per_minute=10_000)


@pytest.fixture
def flodesk_url(flodesk: Sandbox) -> Iterator[str]:
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
            await super().startup()
            started.set()

    config = uvicorn.Config(flodesk.app, port=0, log_config=None, log_level="critical", lifespan="off", ws="none")
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert started.wait(10)
    host, port = server.servers[0].sockets[0].getsockname()
    yield f"http://{host}:{port}/v1"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


class Login:
    """A login that Flodesk has ended the access token of, and the processes that use it."""

    def __init__(self, database_url: str, key: str, flodesk_url: str) -> None:
        self._arguments = [database_url, key, flodesk_url]

    def start(self, dies: str = NOWHERE, calls: int = 1) -> "subprocess.Popen[str]":
        command = [sys.executable, str(PROGRAM), *self._arguments, dies, str(calls)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def run(self, dies: str = NOWHERE, calls: int = 1) -> list[str]:
        with self.start(dies, calls) as process:
            go_on(process)
            return said(process)


def go_on(process: "subprocess.Popen[str]") -> None:
    """Let a process make its calls."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def said(process: "subprocess.Popen[str]") -> list[str]:
    """Return what the calls of a process came to: nothing, if it was killed."""
    out, _ = process.communicate(timeout=60)
    return out.splitlines()


def wait_until(it_is_so: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    until = time.monotonic() + 30
    while not it_is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
async def login(database_url: str, flodesk: Sandbox, flodesk_url: str) -> Login:
    key = new_key()
    async with Store(database_url, SecretStr(key)) as store, open_http() as http:
        oauth = OAuthClient(SANDBOX_CLIENT_ID, SecretStr(SANDBOX_CLIENT_SECRET), http=http, base_url=flodesk_url)
        pair = await oauth.exchange(flodesk.grant(BACK), BACK)
        await store.accounts.connect("flodesk 1", "Studio", "oauth", pair.secret())
    flodesk.expire_tokens()
    return Login(database_url, key, flodesk_url)


def refreshes(flodesk: Sandbox) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in list(flodesk.requests)) - 1


@pytest.mark.parametrize(
    ("dies", "asked", "next_start"),
    [
        ("before the request", 1, "ok"),
        ("after the answer", 2, SIGN_IN),
        ("before the commit", 2, SIGN_IN),
        ("after the commit", 1, "ok"),
    ],
)
async def test_after_a_kill_the_next_start_works_or_says_sign_in_where_the_answer_was_lost(
    login: Login, flodesk: Sandbox, dies: str, asked: int, next_start: str
) -> None:
    assert login.run(dies) == []
    (outcome,) = login.run()
    assert outcome.startswith(next_start)
    assert refreshes(flodesk) == asked


async def test_who_waits_for_a_process_that_is_killed_goes_on_at_once(login: Login, flodesk: Sandbox) -> None:
    flodesk.fail(Fault("hang", path=TOKEN))
    with ExitStack() as ending:
        holding, waiting = (ending.enter_context(login.start()) for _ in range(2))
        go_on(holding)
        wait_until(lambda: refreshes(flodesk) == 1)
        go_on(waiting)
        wait_until(lambda: sum(request.path == "/v1/segments" for request in list(flodesk.requests)) == 2)
        holding.kill()
        began = time.monotonic()
        assert said(waiting) == ["ok"]
    assert time.monotonic() - began < 5
    assert refreshes(flodesk) == 2
