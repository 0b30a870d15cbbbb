"""Webhooks that post to this server: made, changed and deleted through the tools; what becomes of their secret."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.store import Store, StoredReceivers

from ..calls import call, result_of
from .hooks import Receiving, receiving

pytestmark = pytest.mark.anyio

EVENTS = ["subscriber.unsubscribed"]
HERE = {"name": "Here", "post_url": "here", "events": EVENTS}
ELSEWHERE = "https://crm.example.com/hook"


@pytest.fixture
async def server(flodesk: Sandbox, store: Store) -> AsyncIterator[Receiving]:
    async with receiving(flodesk, store) as running:
        yield running


async def _made(server: Receiving) -> str:
    result = await server.call("ann", "create_a_flodesk_webhook", **HERE)
    assert not result["isError"], result
    made: str = result["structuredContent"]["id"]
    return made


async def _post(flodesk: Sandbox, server: Receiving, person: str) -> int:
    """Let somebody leave, and Flodesk's webhooks tell; return how many posts were taken."""
    async with httpx2.AsyncClient(transport=flodesk.transport(), auth=("key-ann", "")) as own:
        await own.post(f"https://api.flodesk.com/v1/subscribers/{person}/unsubscribe")
    return await flodesk.deliver_webhooks(server.client)


async def test_a_webhook_made_here_brings_events_to_the_list(flodesk: Sandbox, server: Receiving) -> None:
    await _made(server)
    assert await _post(flodesk, server, "person-0") == 1
    (event,) = await server.until(1)
    assert (event["type"], event["subscriber"]["status"]) == ("subscriber.unsubscribed", "unsubscribed")


async def test_the_secret_of_an_address_is_told_to_flodesk_alone(
    flodesk: Sandbox, store: Store, server: Receiving
) -> None:
    made = await _made(server)
    (hook,) = flodesk.accounts["key-ann"].webhooks.values()
    root, _, secret = hook.post_url.rpartition("/")
    assert StoredReceivers.knows(secret)
    for tool, arguments in (
        ("create_a_flodesk_webhook", HERE),
        ("list_all_flodesk_webhooks", {}),
        ("get_single_flodesk_webhook_by_id", {"id": made}),
        ("update_a_flodesk_webhook_by_id", {"id": made, "name": "New"}),
        ("update_a_flodesk_webhook_by_id", {"id": made, "post_url": "here"}),
    ):
        result = await server.call("ann", tool, **arguments)
        assert not result["isError"], result
        assert f"{root}/***" in result["content"][0]["text"]
        assert "fmcp_hook_" not in result["content"][0]["text"]


async def test_a_second_webhook_for_the_same_events_says_which_existed(server: Receiving) -> None:
    first = await _made(server)
    result = await server.call("ann", "create_a_flodesk_webhook", **HERE)
    assert first in result["structuredContent"]["notice"]


async def test_a_deleted_webhook_posts_here_no_more(flodesk: Sandbox, server: Receiving) -> None:
    made = await _made(server)
    hook = flodesk.accounts["key-ann"].webhooks[made]
    assert not (await server.call("ann", "delete_a_flodesk_webhook_by_id", id=made))["isError"]
    flodesk.accounts["key-ann"].webhooks[made] = hook
    assert await _post(flodesk, server, "person-0") == 0


async def test_a_webhook_that_posts_elsewhere_posts_here_no_more(flodesk: Sandbox, server: Receiving) -> None:
    made = await _made(server)
    hook = flodesk.accounts["key-ann"].webhooks[made]
    address = hook.post_url
    await server.call("ann", "update_a_flodesk_webhook_by_id", id=made, post_url=ELSEWHERE)
    assert hook.post_url == ELSEWHERE
    hook.post_url = address
    assert await _post(flodesk, server, "person-0") == 0


async def test_a_renamed_webhook_goes_on_posting_here(flodesk: Sandbox, server: Receiving) -> None:
    made = await _made(server)
    await server.call("ann", "update_a_flodesk_webhook_by_id", id=made, name="Renamed")
    assert await _post(flodesk, server, "person-0") == 1


async def test_a_webhook_pointed_here_again_gets_a_new_secret_and_the_old_one_ends(
    flodesk: Sandbox, server: Receiving
) -> None:
    made = await _made(server)
    hook = flodesk.accounts["key-ann"].webhooks[made]
    old = hook.post_url
    await server.call("ann", "update_a_flodesk_webhook_by_id", id=made, post_url="here")
    assert hook.post_url != old
    assert await _post(flodesk, server, "person-0") == 1
    hook.post_url = old
    assert await _post(flodesk, server, "person-1") == 0


async def test_a_refused_webhook_leaves_no_address_behind(flodesk: Sandbox, store: Store, server: Receiving) -> None:
    before = len(await store.receivers.list())
    flodesk.fail(Fault("status", status=400, path="/v1/webhooks"))
    assert (await server.call("ann", "create_a_flodesk_webhook", **HERE))["isError"]
    assert len(await store.receivers.list()) == before


async def test_an_address_whose_webhook_is_in_doubt_takes_its_events(flodesk: Sandbox, server: Receiving) -> None:
    flodesk.fail(Fault("drop_after", path="/v1/webhooks"))
    assert "may or may not" in (await server.call("ann", "create_a_flodesk_webhook", **HERE))["content"][0]["text"]
    assert await _post(flodesk, server, "person-0") == 1
    (hook,) = flodesk.accounts["key-ann"].webhooks.values()
    await server.until(1)
    await server.call("ann", "delete_a_flodesk_webhook_by_id", id=hook.id)
    flodesk.accounts["key-ann"].webhooks[hook.id] = hook
    assert await _post(flodesk, server, "person-1") == 0


async def test_a_hidden_address_is_no_address(server: Receiving) -> None:
    result = await server.call(
        "ann", "create_a_flodesk_webhook", **HERE | {"post_url": "https://flodesk.example.com/webhooks/1/***"}
    )
    assert "whose secret is hidden" in result["content"][0]["text"]


async def test_without_a_public_address_nothing_can_post_here(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store, public_url=None) as server:
        result = await server.call("ann", "create_a_flodesk_webhook", **HERE)
        assert "FLODESK_PUBLIC_URL" in result["content"][0]["text"]


async def test_an_account_that_is_not_stored_takes_no_events_here(flodesk: Sandbox, store: Store) -> None:
    async with receiving(flodesk, store, auth="tokens,headers") as server:
        headers = {"X-Flodesk-Api-Key": "key-ann"}
        request = call("create_a_flodesk_webhook", **HERE)
        result = result_of(await server.client.post("/mcp", json=request, headers=headers))
        assert "account add" in result["content"][0]["text"]
