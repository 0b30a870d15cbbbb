"""Fifty calls at once with a stored login whose access token has ended, while Flodesk has trouble of every kind."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from flodesk_mcp.callers.logins import StoredCredentials, oauth_client
from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.flodesk import (
    BASE_URL,
    Credential,
    FlodeskClient,
    FlodeskError,
    open_http,
)
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.sandbox import SANDBOX_API_KEY, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import Store, StoredAccount, StoreError, new_key

pytestmark = pytest.mark.anyio

CALLS = 50
BACK = "https://mcp.example.com/back"
CONNECT = "https://mcp.example.com/connect"
TOKEN = "/oauth2/token"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(requests_per_minute=10_000)


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    async with open_http(sandbox.transport()) as http:
        yield http


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with Store(database_url, SecretStr(new_key())) as store:
        yield store


@dataclass
class Process:
    """What one process of a server has of the accounts."""

    store: Store
    oauth: OAuthClient
    credentials: StoredCredentials
    pool: ClientPool
    last: str = ""

    async def account(self) -> StoredAccount:
        return await self.store.accounts.account("Studio")

    async def calls(self, times: int = CALLS) -> Counter[str]:
        """Make so many calls at once, as so many requests do, and count what they came to."""
        outcomes: Counter[str] = Counter()

        async def call() -> None:
            stored = await self.account()
            flodesk = self.pool.client(stored.id, self.credentials.credential(stored))
            try:
                await flodesk.webhooks.list()
            except FlodeskError as error:
                outcomes[type(error).__name__] += 1
                self.last = str(error)
            else:
                outcomes["ok"] += 1

        async with anyio.create_task_group() as tasks:
            for _ in range(times):
                tasks.start_soon(call)
        return outcomes


Start = Callable[[], Process]


@pytest.fixture
def start(store: Store, http: httpx2.AsyncClient) -> Start:
    """Start a process of the server on the same database."""

    def start() -> Process:
        secret = SecretStr(SANDBOX_CLIENT_SECRET)
        oauth = OAuthClient(SANDBOX_CLIENT_ID, secret, http=http, base_url=BASE_URL, timeout_seconds=0.3)

        def open_client(identity: str, credential: Credential) -> FlodeskClient:
            return FlodeskClient(credential, identity=identity, http=http)

        pool = ClientPool(open_client, quota=100)
        return Process(store, oauth, StoredCredentials(store.logins, oauth, CONNECT), pool)

    return start


@pytest.fixture
async def process(start: Start, sandbox: Sandbox) -> Process:
    """A process in which somebody signed in to an account whose access token has just ended."""
    process = start()
    await sign_in(process, sandbox)
    sandbox.expire_tokens()
    return process


async def sign_in(process: Process, sandbox: Sandbox) -> None:
    pair = await process.oauth.exchange(sandbox.grant(BACK), BACK)
    profile = await process.oauth.userinfo(pair)
    await process.store.accounts.connect(profile.id, "Studio", "oauth", pair.secret())


def refreshes(sandbox: Sandbox) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in sandbox.requests) - 1


async def test_one_is_renewed_for_all(process: Process, sandbox: Sandbox) -> None:
    assert await process.calls() == {"ok": CALLS}
    assert refreshes(sandbox) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=500, path=TOKEN),
        Fault("html", path=TOKEN),
        Fault("hang", path=TOKEN),
        Fault("drop_before", path=TOKEN),
        Fault("refuse", path=TOKEN),
    ],
    ids=["500", "HTML", "hangs", "drops", "no connection"],
)
async def test_trouble_that_passes_is_not_noticed(process: Process, sandbox: Sandbox, fault: Fault) -> None:
    sandbox.fail(fault)
    assert await process.calls() == {"ok": CALLS}
    assert refreshes(sandbox) == 2 - (fault.kind == "refuse")


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (Fault("status", status=500, path=TOKEN, times=2), 2),
        (Fault("status", status=429, path=TOKEN), 1),
        (Fault("html", path=TOKEN, times=2), 2),
        (Fault("hang", path=TOKEN, times=2), 2),
    ],
    ids=["500", "429", "HTML", "hangs"],
)
async def test_trouble_that_lasts_fails_the_calls_that_are_there_and_not_the_next_start(
    process: Process, start: Start, sandbox: Sandbox, fault: Fault, asked: int
) -> None:
    sandbox.fail(fault)
    assert await process.calls() == {"NotRenewed": CALLS}
    assert refreshes(sandbox) == asked
    assert await start().calls() == {"ok": CALLS}
    assert refreshes(sandbox) == asked + 1


@pytest.mark.parametrize("fault", [None, Fault("drop_after", path=TOKEN)], ids=["refuses", "loses the answer"])
async def test_where_flodesk_refuses_every_process_says_where_to_sign_in_and_asks_nothing_more(
    process: Process, start: Start, sandbox: Sandbox, fault: Fault | None
) -> None:
    if fault:
        sandbox.fail(fault)
    else:
        sandbox.reset()
    assert await process.calls() == {"SignInAgain": CALLS}
    assert process.last.endswith(f"Sign in again: {CONNECT}")
    arrived = len(sandbox.requests)
    assert await process.calls(3) == {"SignInAgain": 3}
    assert await start().calls(3) == {"SignInAgain": 3}
    assert len(sandbox.requests) == arrived
    await sign_in(process, sandbox)
    assert await process.calls(3) == {"ok": 3}


async def test_a_database_that_fails_at_the_wrong_moment_loses_no_login(
    process: Process, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise StoreError("The database cannot grow: its disk is full.")

    monkeypatch.setattr("flodesk_mcp.flodesk.login.QUIET_SECONDS", 0)
    with monkeypatch.context() as broken:
        broken.setattr(process.store.logins, "replace", fail)
        assert await process.calls(3) == {"NotRenewed": 3}
    assert "its disk is full" in process.last
    assert await process.calls(3) == {"ok": 3}
    assert refreshes(sandbox) == 1


async def test_the_client_stays_the_same_when_its_login_is_renewed(process: Process) -> None:
    stored = await process.account()
    before = process.pool.client(stored.id, process.credentials.credential(stored))
    await process.calls(2)
    stored = await process.account()
    assert process.pool.client(stored.id, process.credentials.credential(stored)) is before
    assert before.identity == stored.id


async def test_other_kinds_of_credentials_open_as_before(start: Start, store: Store) -> None:
    process = start()
    await store.accounts.add("Studio", "api_key", SANDBOX_API_KEY)
    assert await process.calls(1) == {"ok": 1}


async def test_our_client_at_flodesk_is_what_the_settings_name(
    http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLODESK_CLIENT_ID", raising=False)
    assert oauth_client(load_settings(), http) is None
    monkeypatch.setenv("FLODESK_CLIENT_ID", "our-client")
    monkeypatch.setenv("FLODESK_CLIENT_SECRET", "secret")
    oauth = oauth_client(load_settings(), http)
    assert oauth is not None
    assert oauth.client_id == "our-client"
