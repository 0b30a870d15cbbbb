"""Hosted: each account searches its own list, and where that is kept."""

import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest

from flodesk_mcp.http import create_app
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.account import Subscriber
from flodesk_mcp.settings import load_settings
from flodesk_mcp.store import TokenLimits
from flodesk_mcp.web.settings import HostedSettings

from .calls import ANN, BEN, JSON, Hosted, ReplaceCredential, call, result_of

pytestmark = pytest.mark.anyio

SEARCH = call("search_flodesk_subscribers", limit=100)


@pytest.fixture(autouse=True)
def _people(flodesk: Sandbox) -> None:
    for person, number in (("ann", 3), ("ben", 5)):
        for index in range(number):
            known = f"{person}-{index}"
            flodesk.accounts[f"key-{person}"].subscribers[known] = Subscriber(
                known, f"{known}@example.com", datetime(2026, 1, 1, index, tzinfo=UTC)
            )


async def _found(client: httpx2.AsyncClient, headers: dict[str, str], request: dict[str, Any] = SEARCH) -> set[str]:
    result = result_of(await client.post("/mcp", json=request, headers=headers))
    assert not result["isError"], result
    return {person["id"] for person in result["structuredContent"]["result"]}


def _mirrors(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("audience/*/mirror.sqlite3"))


async def test_each_account_finds_its_own_people(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all") as client:
        for _ in range(2):
            assert await _found(client, ANN) == {f"ann-{index}" for index in range(3)}
            assert await _found(client, BEN) == {f"ben-{index}" for index in range(5)}


async def test_a_cursor_of_one_account_finds_nobody_of_another(hosted: Hosted) -> None:
    async with hosted(auth="headers", toolsets="all") as client:
        first = result_of(await client.post("/mcp", json=call("search_flodesk_subscribers", limit=1), headers=BEN))
        cursor = first["structuredContent"]["next_cursor"]
        await _found(client, ANN)
        assert await _found(client, ANN, call("search_flodesk_subscribers", next_cursor=cursor)) <= {
            f"ann-{index}" for index in range(3)
        }


async def test_own_writes_are_found_at_once(hosted: Hosted, flodesk: Sandbox) -> None:
    async with hosted(auth="headers", toolsets="all") as client:
        await _found(client, ANN)
        made = call("create_a_flodesk_subscriber", email="new@example.com")
        result = result_of(await client.post("/mcp", json=made, headers=ANN))
        assert result["structuredContent"]["id"] in await _found(client, ANN)
        assert len(await _found(client, BEN)) == 5


async def test_without_an_identity_that_lasts_nothing_is_kept(hosted: Hosted, tmp_path: Path) -> None:
    async with hosted(auth="headers", toolsets="all", data_dir=tmp_path) as client:
        await _found(client, ANN)
    assert not list(tmp_path.rglob("mirror*"))


async def test_files_stand_beside_the_database_and_a_replaced_credential_finds_them_again(
    hosted: Hosted, state: Any, replace_credential: ReplaceCredential, flodesk: Sandbox, tmp_path: Path
) -> None:
    token = await state[1].create("anns", "ann", TokenLimits())
    headers = {"Authorization": f"Bearer {token}"}
    async with hosted(auth="tokens", toolsets="all") as client:
        assert len(await _found(client, headers)) == 3
        (mirror,) = _mirrors(tmp_path)
        assert mirror.stat().st_mode & 0o777 == 0o600
        flodesk.accounts["key-new"] = flodesk.accounts.pop("key-ann")
        await replace_credential("ann", "key-new")
        asked = len(flodesk.requests)
        assert len(await _found(client, headers)) == 3
        assert len(flodesk.requests) == asked
    assert _mirrors(tmp_path) == [mirror]


class Closed(httpx2.AsyncBaseTransport):
    """The way to a Flodesk that answers nothing about people before it is open."""

    def __init__(self, flodesk: Sandbox) -> None:
        self._transport = flodesk.transport()
        self.open = anyio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/subscribers"):
            await self.open.wait()
        return await self._transport.handle_async_request(request)


@asynccontextmanager
async def _client_of(transport: httpx2.AsyncBaseTransport) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(load_settings(HostedSettings, auth="tokens", toolsets="all"), transport)
    reaching = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=reaching, base_url="http://127.0.0.1:8000", headers=JSON) as client,
    ):
        yield client


async def _until_job_is(client: httpx2.AsyncClient, headers: dict[str, str], state: str) -> dict[str, Any]:
    """Return the one job of an account when it is in that state."""
    with anyio.fail_after(20):
        while True:
            found = result_of(await client.post("/mcp", json=call("get_flodesk_job"), headers=headers))
            jobs: list[dict[str, Any]] = found["structuredContent"].get("jobs", [])
            if [job["state"] for job in jobs] == [state]:
                return jobs[0]
            await anyio.sleep(0.01)


async def test_a_restarted_server_goes_on_with_jobs_of_stored_accounts_before_anybody_calls(
    hosted: Hosted, state: Any, flodesk: Sandbox
) -> None:
    headers = [
        {"Authorization": f"Bearer {await state[1].create(person, person, TokenLimits())}"} for person in ("ann", "ben")
    ]
    closed = Closed(flodesk)
    async with _client_of(closed) as client, anyio.create_task_group() as calls:
        for who in headers:
            calls.start_soon(partial(client.post, "/mcp", json=call("export_flodesk_subscribers"), headers=who))
            await _until_job_is(client, who, "running")
        calls.cancel_scope.cancel()
    assert not [seen for seen in flodesk.requests if seen.path == "/v1/subscribers"]
    async with hosted(auth="tokens", toolsets="all") as client:
        with anyio.fail_after(20):
            while len({seen.credential for seen in flodesk.requests if seen.path == "/v1/subscribers"}) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        written = [(await _until_job_is(client, who, "done"))["written"] for who in headers]
    assert written == [3, 5]


async def test_what_was_exported_unmasked_is_refused_to_a_masked_caller(hosted: Hosted) -> None:
    masked = ANN | {"X-Flodesk-Personal-Data": "masked"}

    async def read(uri: str, headers: dict[str, str]) -> str:
        request = {"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}}
        return (await client.post("/mcp", json=request, headers=headers)).text

    async with hosted(auth="headers", toolsets="all") as client:
        shown, hidden = [
            result_of(await client.post("/mcp", json=call("export_flodesk_subscribers"), headers=headers))
            for headers in (ANN, masked)
        ]
        address = shown["structuredContent"]["result"]["uri"]
        assert "ann-0@example.com" in await read(address, ANN)
        for uri in (address, address.removesuffix("1") + "manifest"):
            refused = await read(uri, masked)
            assert "FLODESK_PERSONAL_DATA" in refused
            assert "@example.com" not in refused
        open_to_all = await read(hidden["structuredContent"]["result"]["uri"], masked)
        assert "ann-0" in open_to_all
        assert "@example.com" not in open_to_all


async def test_mirrors_that_nobody_used_for_long_are_gone_when_the_server_runs(
    hosted: Hosted, encryption_key: str, tmp_path: Path
) -> None:
    folder = tmp_path / "audience" / hashlib.sha256(b"somebody").hexdigest()
    folder.mkdir(parents=True)
    for name in ("mirror.sqlite3", "used"):
        (folder / name).write_bytes(b"")
    os.utime(folder / "used", (time.time() - 8 * 86_400,) * 2)
    async with hosted(auth="tokens", toolsets="all", mirror_days=9) as client:
        await client.get("/healthz")
        assert _mirrors(tmp_path)
    async with hosted(auth="tokens", toolsets="all", mirror_days=7) as client:
        await client.get("/healthz")
        assert not _mirrors(tmp_path)
