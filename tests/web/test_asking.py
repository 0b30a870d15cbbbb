"""A person behind a client over HTTP is asked, whatever the mode, the era and the transport; and their no counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from .connecting import Era, Transport, connected
from .deployment import Deployment, Mode

pytestmark = pytest.mark.anyio

WEBHOOK = {"name": "Feed", "post_url": "https://example.com/feed", "events": ["subscriber.created"]}
DELETE = "delete_a_flodesk_webhook_by_id"

every_mode = pytest.mark.parametrize("mode", ["headers", "tokens", "oauth"])
every_transport = pytest.mark.parametrize("transport", ["http", "sse"])
every_era = pytest.mark.parametrize("era", ["auto", "legacy"])


class Person:
    """Answers always the same, and remembers the questions."""

    def __init__(self, action: str) -> None:
        self.action = action
        self.asked: list[str] = []

    async def __call__(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        return ElicitResult.model_validate({"action": self.action, "content": {} if self.action == "accept" else None})


@asynccontextmanager
async def webhook(deployment: Deployment) -> AsyncIterator[str]:
    """The id of a webhook that is there."""
    async with connected(deployment.served.url, deployment.headers["headers"], "http", "auto") as client:
        made = await client.call_tool("create_a_flodesk_webhook", WEBHOOK)
        assert isinstance(made, CallToolResult)
        assert made.structured_content is not None, made
        yield made.structured_content["id"]
        await client.call_tool(DELETE, {"id": made.structured_content["id"]})


async def is_there(deployment: Deployment, id_: str) -> bool:
    async with connected(deployment.served.url, deployment.headers["headers"], "http", "auto") as client:
        listed = await client.call_tool("list_all_flodesk_webhooks", {})
        assert isinstance(listed, CallToolResult)
        assert listed.structured_content is not None
        return any(webhook["id"] == id_ for webhook in listed.structured_content["result"])


@every_mode
@every_transport
@every_era
async def test_who_declines_keeps_the_webhook(
    deployment: Deployment, mode: Mode, transport: Transport, era: Era
) -> None:
    person = Person("decline")
    async with webhook(deployment) as id_:
        async with connected(deployment.served.url, deployment.headers[mode], transport, era, person) as client:
            answer = await client.call_tool(DELETE, {"id": id_})
        assert isinstance(answer, CallToolResult)
        assert answer.is_error
        assert "the person declined, and nothing was changed." in str(answer.content)
        assert len(person.asked) == 1
        assert await is_there(deployment, id_)


@every_transport
@every_era
async def test_who_accepts_is_asked_once_and_has_it_done(
    deployment: Deployment, transport: Transport, era: Era
) -> None:
    person = Person("accept")
    async with webhook(deployment) as id_:
        async with connected(deployment.served.url, deployment.headers["headers"], transport, era, person) as client:
            answer = await client.call_tool(DELETE, {"id": id_})
        assert isinstance(answer, CallToolResult)
        assert not answer.is_error, answer
        assert len(person.asked) == 1
        assert not await is_there(deployment, id_)


@every_transport
@every_era
async def test_a_client_that_asks_nobody_proceeds_as_before(
    deployment: Deployment, transport: Transport, era: Era
) -> None:
    async with webhook(deployment) as id_:
        async with connected(deployment.served.url, deployment.headers["headers"], transport, era) as client:
            answer = await client.call_tool(DELETE, {"id": id_})
        assert isinstance(answer, CallToolResult)
        assert not answer.is_error, answer
        assert not await is_there(deployment, id_)
