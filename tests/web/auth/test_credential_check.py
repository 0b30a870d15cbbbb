"""Invented credentials: none gets a place, and Flodesk hears of few."""

import anyio
import httpx2
import pytest

from flodesk_mcp.sandbox import Fault, Sandbox

from ..calls import ANN, BEN, LIST_TOOLS, Hosted, call, segments_of, tools_of

pytestmark = pytest.mark.anyio


def invented(number: int) -> dict[str, str]:
    return {"X-Flodesk-Api-Key": f"invented-{number}"}


async def status_of(client: httpx2.AsyncClient, headers: dict[str, str]) -> int:
    return (await client.post("/mcp", json=LIST_TOOLS, headers=headers)).status_code


async def test_an_invented_key_opens_nothing_not_even_the_list_of_tools(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        for request in (
            client.post("/mcp", json=LIST_TOOLS, headers=invented(1)),
            client.get("/sse", headers=invented(2)),
            client.post("/messages/?session_id=0", json=LIST_TOOLS, headers=invented(3)),
        ):
            assert (await request).status_code == 401


async def test_a_key_is_checked_once_however_many_of_its_requests_come_together(
    hosted: Hosted, flodesk: Sandbox
) -> None:
    async with hosted(auth="headers") as client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(tools_of, client, ANN)
    assert len(flodesk.requests) == 1


async def test_the_check_is_one_of_the_requests_that_the_quota_of_the_key_allows(
    hosted: Hosted, flodesk: Sandbox
) -> None:
    async with hosted(auth="headers", requests_per_minute=3, max_wait_seconds=0) as client:
        answers = [
            (await client.post("/mcp", json=call("list_all_flodesk_segments"), headers=ANN)).text for _ in range(4)
        ]
    assert len(flodesk.requests) == 3
    assert ["Friends of ann" in answer for answer in answers] == [True, True, False, False]


async def test_a_flood_of_invented_keys_is_none_at_flodesk_and_harms_no_right_one(
    hosted: Hosted, flodesk: Sandbox
) -> None:
    async with hosted(auth="headers") as client:
        assert await segments_of(client, ANN) == ["Friends of ann"]
        before = len(flodesk.requests)
        statuses: list[int] = []

        async def knock(number: int) -> None:
            statuses.append(await status_of(client, invented(number)))

        async with anyio.create_task_group() as group:
            for number in range(500):
                group.start_soon(knock, number)
        assert set(statuses) <= {401, 429, 503}
        assert 429 in statuses
        assert len(flodesk.requests) - before < 100
        assert await segments_of(client, ANN) == ["Friends of ann"]
        assert await segments_of(client, BEN) == ["Friends of ben"]


async def test_a_key_that_was_refused_is_not_asked_about_again_at_once(hosted: Hosted, flodesk: Sandbox) -> None:
    async with hosted(auth="headers") as client:
        assert [await status_of(client, invented(1)) for _ in range(5)] == [401] * 5
    assert len(flodesk.requests) == 1


@pytest.mark.parametrize("fault", [Fault("html"), Fault("malformed"), Fault("refuse"), Fault("status", status=500)])
async def test_a_key_that_flodesk_says_nothing_about_may_be_tried_again(
    hosted: Hosted, flodesk: Sandbox, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flodesk_mcp.web.auth.credential_check.MAX_WAIT_SECONDS", 0)
    flodesk.fail(fault)
    async with hosted(auth="headers") as client:
        refused = await client.post("/mcp", json=LIST_TOOLS, headers=ANN)
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
        assert await status_of(client, ANN) == 200


async def test_a_key_that_may_do_little_is_a_key(hosted: Hosted, flodesk: Sandbox) -> None:
    flodesk.fail(Fault("status", status=403))
    async with hosted(auth="headers") as client:
        assert await status_of(client, ANN) == 200
