"""A database that is locked, or hangs, while the server runs."""

import os
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import asyncpg  # type: ignore[import-untyped] # it has no types
import httpx2
import pytest
from pydantic import SecretStr

from flodesk_mcp.sandbox import SANDBOX_API_KEY
from flodesk_mcp.store import Store, StoredAccounts, StoredTokens, TokenLimits, new_key
from flodesk_mcp.web.auth import background

from .calls import JSON, LIST_SEGMENTS, Hosted, segments_of
from .serving import serve

pytestmark = pytest.mark.anyio

State = tuple[StoredAccounts, StoredTokens]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def soon(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds, at most 20 seconds."""
    for _ in range(200):
        if await holds():
            return
        await anyio.sleep(0.1)
    raise AssertionError("it never did")


async def last_use(tokens: StoredTokens) -> int | None:
    (info,) = await tokens.list()
    return info.last_used_at


async def noted(tokens: StoredTokens) -> bool:
    return await last_use(tokens) is not None


async def test_the_use_of_a_token_is_noted_beside_the_requests(
    hosted: Hosted, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "NOTED_EVERY_SECONDS", 0.05)
    token = await state[1].create("ci", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        await segments_of(client, bearer(token))
        await soon(lambda: noted(state[1]))


async def test_the_last_uses_are_noted_when_the_server_ends(hosted: Hosted, state: State) -> None:
    token = await state[1].create("ci", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        await segments_of(client, bearer(token))
        assert await last_use(state[1]) is None
    assert await last_use(state[1]) is not None


async def test_a_locked_database_costs_nobody_a_request(
    hosted: Hosted, state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(background, "NOTED_EVERY_SECONDS", 0.05)
    monkeypatch.setattr("flodesk_mcp.store.database.BUSY_SECONDS", 0.1)
    token = await state[1].create("ci", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        lock = sqlite3.connect(tmp_path / "state.sqlite3")
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for _ in range(20):
            assert await segments_of(client, bearer(token)) == ["Friends of ann"]
        await anyio.sleep(1)
        assert (await client.get("/readyz")).json()["checks"]["database"] == "ok"
        assert time.monotonic() - began < 5
        assert await last_use(state[1]) is None
        lock.close()
        await soon(lambda: noted(state[1]))
    assert capsys.readouterr().err.count("The database is locked") == 1


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


async def database_of(postgresql: str) -> tuple[str, int]:
    """Return the address of an empty database, and the process that all others of the cluster are children of."""
    name = f"test_{os.urandom(4).hex()}"
    connection = await asyncpg.connect(postgresql)
    await connection.execute(f"CREATE DATABASE {name}")
    parent = parent_of(await connection.fetchval("SELECT pg_backend_pid()"))
    await connection.close()
    return postgresql.replace("/postgres", f"/{name}"), parent


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def family(parent: int) -> list[int]:
    """All processes of the cluster as they are now."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


async def test_a_postgresql_that_hangs_is_a_503_in_time_and_one_line_of_log(postgresql: str, tmp_path: Path) -> None:
    url, parent = await database_of(postgresql)
    key = new_key()
    async with Store(url, SecretStr(key)) as store:
        await store.accounts.add("studio", "api_key", SANDBOX_API_KEY)
        tokens = [await store.tokens.create(f"{number}", "studio", TokenLimits()) for number in range(10)]
    environment = {"FLODESK_DATABASE_URL": url, "FLODESK_ENCRYPTION_KEYS": key}
    log = tmp_path / "log"
    slowest = 0.0

    async def hangs(client: httpx2.AsyncClient, token: str) -> None:
        nonlocal slowest
        began = time.monotonic()
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
        slowest = max(slowest, time.monotonic() - began)
        assert answer.status_code == 503

    async def answers(client: httpx2.AsyncClient, token: str) -> bool:
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
        return answer.status_code == 200

    async def is_not_ready(client: httpx2.AsyncClient) -> None:
        nonlocal slowest
        began = time.monotonic()
        answer = await client.get("/readyz")
        slowest = max(slowest, time.monotonic() - began)
        assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unavailable")

    with serve(log, "--sandbox", "--auth=tokens", **environment) as served:
        async with httpx2.AsyncClient(base_url=served.url, headers=JSON, timeout=30) as client:
            for token in tokens[:5]:  # the others have never been looked up
                assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))).status_code == 200
            await anyio.sleep(1)
            with stopped(family(parent)):
                async with anyio.create_task_group() as group:
                    group.start_soon(is_not_ready, client)
                    for token in tokens * 3:
                        group.start_soon(hangs, client, token)
                        await anyio.sleep(0.1)
                await hangs(client, tokens[0])
            assert slowest < 5
            await soon(lambda: answers(client, tokens[0]))
    lines = [line for line in log.read_text().splitlines() if "atabase" in line or "Turned away" in line]
    assert len(lines) == 1, lines


async def test_a_server_whose_postgresql_hangs_can_be_ended(postgresql: str, tmp_path: Path) -> None:
    url, parent = await database_of(postgresql)
    with serve(tmp_path / "log", "--sandbox", "--auth=tokens", FLODESK_DATABASE_URL=url) as served:
        token = "fmcp_0000000000000000_" + "x" * 43
        answer = await anyio.to_thread.run_sync(
            lambda: httpx2.post(f"{served.url}/mcp", json=LIST_SEGMENTS, headers=JSON | bearer(token))
        )
        assert answer.status_code == 401
        with stopped(family(parent)):
            served.process.terminate()
            assert served.process.wait(15) is not None
