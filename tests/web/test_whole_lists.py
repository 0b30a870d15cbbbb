"""Hosted: each account searches its own list, and where that is kept."""

import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.sandbox.account import Subscriber
from flodesk_mcp.store import TokenLimits

from .calls import ANN, BEN, Hosted, ReplaceCredential, call, result_of

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
