"""From somebody who leaves at Flodesk to whoever must hear of it, through real processes."""

import base64
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import Subscription
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types import ResourceUpdatedNotification, TextResourceContents
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..serving import serve_in_thread
from .processes import Deployed, deployed

pytestmark = pytest.mark.anyio

SECRET = f"whsec_{base64.b64encode(b'a secret of thirty-two bytes ...').decode()}"
EVENTS = "flodesk://events"
ERAS = ("legacy", "2026-07-28")


@pytest.fixture
def forwarded() -> list[Any]:
    """What the operator's own system was told."""
    return []


@pytest.fixture
def server(tmp_path: Path, forwarded: list[Any]) -> Iterator[Deployed]:
    async def take(request: Request) -> Response:
        forwarded.append(Webhook(SECRET).verify(await request.body(), dict(request.headers)))
        return Response()

    with (
        serve_in_thread(Starlette(routes=[Route("/in", take, methods=["POST"])])) as crm,
        deployed(tmp_path, FLODESK_FORWARD_URL=f"{crm}/in", FLODESK_FORWARD_SECRET=SECRET) as running,
    ):
        yield running


async def _subscribed(server: Deployed, era: str, heard: list[str], opened: AsyncExitStack, group: Any) -> Client:
    """Open a client that hears of changes under `flodesk://events`, in the way of its era."""

    async def hear(message: object) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(f"{era} {message.params.uri}")

    async def listen(events: Subscription) -> None:
        async for event in events:
            assert isinstance(event, ResourceUpdated)
            heard.append(f"{era} {event.uri}")

    headers = {"Authorization": f"Bearer {server.token}"}
    http = await opened.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=30))
    way = streamable_http_client(f"{server.served.url}/mcp", http_client=http)
    client = await opened.enter_async_context(Client(way, mode=era, message_handler=hear))
    if era == "legacy":
        with pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource(EVENTS)
    else:
        group.start_soon(listen, await opened.enter_async_context(client.listen(resource_subscriptions=[EVENTS])))
    return client


async def test_who_leaves_is_told_to_agents_to_other_systems_and_at_the_command_line(
    server: Deployed, forwarded: list[Any]
) -> None:
    heard: list[str] = []
    made = await server.command("webhook", "receive", "studio")
    assert "fmcp_hook_" not in made
    assert "nothing came yet" in await server.command("webhook", "list")
    async with anyio.create_task_group() as group, AsyncExitStack() as opened:
        clients = [await _subscribed(server, era, heard, opened, group) for era in ERAS]
        person = server.flodesk.post("/subscribers", json={"email": "leaving@example.com"}).json()["id"]
        assert server.flodesk.post(f"/subscribers/{person}/unsubscribe").is_success
        with anyio.fail_after(30):
            while len(forwarded) < 2 or len(set(heard)) < 2:  # noqa: ASYNC110
                await anyio.sleep(0.05)
        for client in clients:
            page = (await client.read_resource(EVENTS)).contents[0]
            assert isinstance(page, TextResourceContents)
            assert "leaving@example.com" in page.text
            assert "subscriber.unsubscribed" in page.text
    assert set(heard) == {f"{era} {EVENTS}" for era in ERAS}
    kinds = {message["type"]: message["data"]["subscriber"]["id"] for message in forwarded}
    assert kinds == {"subscriber.created": person, "subscriber.unsubscribed": person}

    listed = await server.command("events", "list", "--account", "studio", "--state", "verified")
    assert listed.count(person) == 2
    assert "leaving@example.com" not in listed
    sent = await server.command("events", "deliveries")
    assert sent.count("delivered, 1 tries") == 2
    assert "1 events go on" in await server.command("events", "replay", listed.split()[0])
    with anyio.fail_after(30):
        while len(forwarded) < 3:  # noqa: ASYNC110
            await anyio.sleep(0.05)
    webhook_id = (await server.command("webhook", "list")).split()[0]
    assert "Deleted" in await server.command("webhook", "remove", "studio", webhook_id)
    assert not await server.command("webhook", "list")
    assert not [hook for hook in server.flodesk.get("/webhooks").json()["data"] if hook["id"] == webhook_id]
    assert "fmcp_hook_" not in server.served.log.read_text()
