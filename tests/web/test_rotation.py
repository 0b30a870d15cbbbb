"""The moment at which an access token of Flodesk ends, in four processes of the hosted server with one database."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from flodesk_mcp.flodesk import open_http
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox
from flodesk_mcp.store import Store, TokenLimits, new_key
from flodesk_mcp.token_pair import TokenPair

from .calls import call, result_of
from .serving import Served, serve, serve_in_thread

pytestmark = pytest.mark.anyio

PROCESSES, CALLS = 4, 50
PLENTY = 10_000
TOKEN = "/oauth2/token"
BACK = "https://mcp.example.com/back"
LIST = call("list_all_flodesk_webhooks")


@pytest.fixture
def flodesk() -> Sandbox:
    return Sandbox(requests_per_minute=PLENTY)


@contextmanager
def processes(number: int, folder: Path, flodesk_url: str, database_url: str, key: str) -> Iterator[list[Served]]:
    with ExitStack() as running:
        yield [
            running.enter_context(
                serve(
                    folder / f"log {one}",
                    "--auth=tokens",
                    f"--requests-per-minute={PLENTY}",
                    FLODESK_BASE_URL=f"{flodesk_url}/v1",
                    FLODESK_DATABASE_URL=database_url,
                    FLODESK_ENCRYPTION_KEYS=key,
                    FLODESK_CLIENT_ID=SANDBOX_CLIENT_ID,
                    FLODESK_CLIENT_SECRET=SANDBOX_CLIENT_SECRET,
                )
            )
            for one in range(number)
        ]


async def sign_in(flodesk: Sandbox, flodesk_url: str, store: Store, seconds: int = 86_400) -> str:
    """Sign in to Flodesk, as far as we know for `seconds`, and return the name of the account."""
    async with open_http() as http:
        secret = SecretStr(SANDBOX_CLIENT_SECRET)
        oauth = OAuthClient(SANDBOX_CLIENT_ID, secret, http=http, base_url=f"{flodesk_url}/v1")
        pair = await oauth.exchange(flodesk.grant(BACK), BACK)
        profile = await oauth.userinfo(pair)
    pair = TokenPair(pair.access_token, pair.refresh_token, int(time.time()) + seconds)
    return (await store.accounts.connect(profile.id, "Studio", "oauth", pair.secret())).name


async def answers(served: list[Served], token: str, times: int = CALLS) -> list[str]:
    """Make so many calls in each process at once, and return what the tools said, or nothing of those that worked."""
    said: list[str] = []

    async def ask(client: httpx2.AsyncClient, url: str) -> None:
        answer = await client.post(f"{url}/mcp", json=LIST, headers={"Authorization": f"Bearer {token}"})
        result: dict[str, Any] = result_of(answer)
        said.append(result["content"][0]["text"] if result["isError"] else "")

    limits = httpx2.Limits(max_connections=None)
    headers = {"Accept": "application/json, text/event-stream"}
    async with (
        httpx2.AsyncClient(timeout=60, limits=limits, headers=headers) as client,
        anyio.create_task_group() as tasks,
    ):
        for process in served:
            for _ in range(times):
                tasks.start_soon(ask, client, process.url)
    return said


def refreshes(flodesk: Sandbox) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in list(flodesk.requests)) - 1


@pytest.mark.parametrize("by_the_clock", [True, False], ids=["by the clock", "by a 401"])
async def test_when_a_token_ends_under_200_calls_in_four_processes_it_is_renewed_once_and_all_succeed(
    flodesk: Sandbox, database_url: str, tmp_path: Path, by_the_clock: bool
) -> None:
    key = new_key()
    with serve_in_thread(flodesk.app) as flodesk_url:
        async with Store(database_url, SecretStr(key)) as store:
            name = await sign_in(flodesk, flodesk_url, store, seconds=0 if by_the_clock else 86_400)
            token = await store.tokens.create("agent", name, TokenLimits())
            with processes(PROCESSES, tmp_path, flodesk_url, database_url, key) as served:
                if not by_the_clock:
                    assert await answers(served, token, 1) == [""] * PROCESSES
                    flodesk.expire_tokens()
                said = await answers(served, token)
    assert Counter(said) == {"": PROCESSES * CALLS}
    assert refreshes(flodesk) == 1


async def test_a_login_that_flodesk_ended_says_where_to_sign_in_in_every_process(
    flodesk: Sandbox, database_url: str, tmp_path: Path
) -> None:
    key = new_key()
    with serve_in_thread(flodesk.app) as flodesk_url:
        async with Store(database_url, SecretStr(key)) as store:
            name = await sign_in(flodesk, flodesk_url, store)
            token = await store.tokens.create("agent", name, TokenLimits())
            with processes(2, tmp_path, flodesk_url, database_url, key) as served:
                flodesk.expire_tokens()
                flodesk.fail(Fault("drop_after", path=TOKEN))
                said = await answers(served, token, 20)
                arrived = len(flodesk.requests)
                said += await answers(served, token, 2)
                assert len(flodesk.requests) == arrived
                assert refreshes(flodesk) == 2
                assert await sign_in(flodesk, flodesk_url, store) == name
                assert Counter(await answers(served, token, 2)) == {"": 4}
    assert len(set(said)) == 1
    assert "Sign in again: " in said[0]
