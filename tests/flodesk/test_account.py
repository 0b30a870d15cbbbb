"""What is looked up in several requests: the account, and names."""

import anyio
import httpx2
import pytest

from flodesk_mcp.flodesk import ApiKey, FlodeskClient, UnknownName
from flodesk_mcp.sandbox import SANDBOX_API_KEY, Account, Fault, Sandbox

from .operations import COLOR, SEGMENT

pytestmark = pytest.mark.anyio


async def test_a_token_tells_whose_the_account_is(flodesk: FlodeskClient) -> None:
    assert (await flodesk.account.summary()).model_dump() == {
        "credential": "access token",
        "email": "rowan@example.com",
        "full_name": "Rowan Ashdown, Wild Fern Floral Studio",
        "requests_left": 96,
        "subscribers": 420,
        "active_subscribers": 357,
        "segments": 12,
    }


async def test_a_key_tells_what_is_in_the_account(http: httpx2.AsyncClient) -> None:
    account = await FlodeskClient(ApiKey(SANDBOX_API_KEY), http=http).account.summary()
    assert (account.credential, account.email, account.segments) == ("API key", None, 12)
    assert account.requests_left == 97


async def test_a_name_is_looked_up_once_in_five_minutes(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    assert await flodesk.segments.names.id_of(" newsletter ") == SEGMENT
    assert await flodesk.segments.names.id_of("NEWSLETTER") == SEGMENT
    assert (await flodesk.segments.names.by_id())[SEGMENT] == "Newsletter"
    assert len(sandbox.requests) == 1
    await anyio.sleep(300)
    assert len(await flodesk.segments.names.by_id()) == 12
    assert len(sandbox.requests) == 2


async def test_ten_calls_that_name_a_cold_segment_list_the_segments_once(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    ids: list[str] = []

    async def name_it() -> None:
        ids.append(await flodesk.segments.names.id_of("Newsletter"))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(name_it)
    assert ids == [SEGMENT] * 10
    assert [request.path for request in sandbox.requests] == ["/v1/segments"]


async def test_what_looks_like_an_id_costs_no_request(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    assert await flodesk.segments.names.id_of(SEGMENT) == SEGMENT
    assert not sandbox.requests


async def test_a_name_just_created_is_found(flodesk: FlodeskClient) -> None:
    await flodesk.segments.names.by_id()
    segment = await flodesk.segments.create("Autumn", COLOR)
    assert await flodesk.segments.names.id_of("Autumn") == segment.id


async def test_a_name_that_fits_nothing_or_several_lists_the_candidates(
    flodesk: FlodeskClient, account: Account
) -> None:
    with pytest.raises(UnknownName) as unknown:
        await flodesk.workflows.names.id_of("Autumn")
    assert unknown.value.candidates == {flow.id: flow.name for flow in account.workflows.values()}
    twins = [await flodesk.segments.create(name, COLOR) for name in ("Twin", "twin")]
    with pytest.raises(UnknownName) as ambiguous:
        await flodesk.segments.names.id_of("TWIN")
    assert ambiguous.value.candidates == {twin.id: twin.name for twin in twins}


async def test_a_segment_created_while_the_names_are_looked_up_is_found(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.fail(Fault("status", status=503, method="GET"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.segments.names.by_id)
        await anyio.lowlevel.checkpoint()
        segment = await flodesk.segments.create("Autumn", COLOR)
    assert (await flodesk.segments.names.by_id())[segment.id] == "Autumn"


async def test_a_short_id_is_its_own_name(flodesk: FlodeskClient, account: Account) -> None:
    account.segments["vip"] = account.segments[SEGMENT]
    account.segments["vip"].id = "vip"
    assert await flodesk.segments.names.id_of("vip") == "vip"
