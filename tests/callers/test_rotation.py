"""Real processes that renew one login, killed wherever it hurts, and a Flodesk in trouble."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
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
            return said(process)


def said(process: "subprocess.Popen[str]") -> list[str]:
    """Let a process go on, and return what its calls came to: nothing, if it was killed."""
    out, _ = process.communicate("\n", timeout=60)
    return out.splitlines()


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
    for _ in range(2):
        (outcome,) = login.run()
        assert outcome.startswith(next_start)
    assert refreshes(flodesk) == asked


async def test_who_waits_for_a_process_that_is_killed_goes_on_at_once(login: Login, flodesk: Sandbox) -> None:
    flodesk.fail(Fault("hang", path=TOKEN))
    with ExitStack() as ending:
        holding, waiting = (ending.enter_context(login.start()) for _ in range(2))
        assert holding.stdin is not None
        holding.stdin.write("\n")
        holding.stdin.flush()
        while refreshes(flodesk) < 1:
            pass
        assert waiting.stdin is not None
        waiting.stdin.write("\n")
        waiting.stdin.flush()
        while sum(request.path == "/v1/segments" for request in list(flodesk.requests)) < 2:
            pass
        holding.kill()
        began = time.monotonic()
        assert said(waiting) == ["ok"]
    assert time.monotonic() - began < 5
    assert refreshes(flodesk) == 2


@pytest.mark.parametrize(
    ("fault", "first", "asked"),
    [
        (Fault("status", status=500, path=TOKEN, times=2), "NotRenewed: ", 2),
        (Fault("status", status=429, path=TOKEN), "NotRenewed: ", 1),
        (Fault("html", path=TOKEN, times=2), "NotRenewed: ", 2),
        (Fault("hang", path=TOKEN, times=2), "NotRenewed: ", 2),
    ],
    ids=["500", "429", "HTML", "hangs"],
)
async def test_trouble_at_flodesk_fails_the_calls_that_are_there_and_not_the_next_start(
    login: Login, flodesk: Sandbox, fault: Fault, first: str, asked: int
) -> None:
    flodesk.fail(fault)
    outcomes = login.run(calls=50)
    assert len(outcomes) == 50
    assert {outcome.startswith(first) for outcome in outcomes} == {True}
    assert refreshes(flodesk) == asked
    assert login.run(calls=50) == ["ok"] * 50
    assert refreshes(flodesk) == asked + 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=500, path=TOKEN),
        Fault("html", path=TOKEN),
        Fault("hang", path=TOKEN),
        Fault("drop_before", path=TOKEN),
    ],
    ids=["500", "HTML", "hangs", "drops"],
)
async def test_trouble_that_passes_is_not_noticed(login: Login, flodesk: Sandbox, fault: Fault) -> None:
    flodesk.fail(fault)
    assert login.run(calls=50) == ["ok"] * 50
    assert refreshes(flodesk) == 2


@pytest.mark.parametrize("kind", ["refused", "lost"])
async def test_where_flodesk_refuses_every_start_says_where_to_sign_in_and_asks_nothing_more(
    login: Login, flodesk: Sandbox, kind: str
) -> None:
    if kind == "lost":
        flodesk.fail(Fault("drop_after", path=TOKEN))
    else:
        flodesk.reset()
    outcomes = login.run(calls=50)
    assert {outcome.startswith(SIGN_IN) for outcome in outcomes} == {True}
    arrived = len(flodesk.requests)
    assert login.run() == [f"{SIGN_IN}https://mcp.example.com/connect"]
    assert len(flodesk.requests) == arrived
