"""A person behind a client over HTTP is asked, whatever the mode, the era and the transport; and their no counts."""

from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from .calls import ANN, JSON, call, result_of
from .connecting import NO_TLS, Era, Transport, connected
from .deployment import Deployment, Mode
from .serving import serve

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


async def result(url: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool with nothing but HTTP."""
    async with httpx2.AsyncClient(verify=NO_TLS, headers={**ANN, **JSON}, timeout=30) as http:
        answered = result_of(await http.post(f"{url}/mcp", json=call(tool, **arguments)))
    assert not answered["isError"], answered
    told: dict[str, Any] = answered["structuredContent"]
    return told


async def made_webhook(url: str) -> str:
    """Return the id of a new webhook."""
    return str((await result(url, "create_a_flodesk_webhook", **WEBHOOK))["id"])


async def is_there(url: str, id_: str) -> bool:
    return id_ in {webhook["id"] for webhook in (await result(url, "list_all_flodesk_webhooks"))["result"]}


@every_mode
@every_transport
@every_era
async def test_who_declines_keeps_the_webhook(
    deployment: Deployment, mode: Mode, transport: Transport, era: Era
) -> None:
    person = Person("decline")
    url = deployment.served.url
    id_ = await made_webhook(url)
    async with connected(url, deployment.headers[mode], transport, era, person) as client:
        answer = await client.call_tool(DELETE, {"id": id_})
    assert isinstance(answer, CallToolResult)
    assert answer.is_error
    assert "the person declined, and nothing was changed." in str(answer.content)
    assert len(person.asked) == 1
    assert await is_there(url, id_)


@every_transport
@every_era
async def test_who_accepts_is_asked_once_and_has_it_done(
    deployment: Deployment, transport: Transport, era: Era
) -> None:
    person = Person("accept")
    url = deployment.served.url
    id_ = await made_webhook(url)
    async with connected(url, deployment.headers["headers"], transport, era, person) as client:
        answer = await client.call_tool(DELETE, {"id": id_})
    assert isinstance(answer, CallToolResult)
    assert not answer.is_error, answer
    assert len(person.asked) == 1
    assert not await is_there(url, id_)


@every_transport
@every_era
async def test_a_client_that_asks_nobody_proceeds_as_before(
    deployment: Deployment, transport: Transport, era: Era
) -> None:
    url = deployment.served.url
    id_ = await made_webhook(url)
    async with connected(url, deployment.headers["headers"], transport, era) as client:
        answer = await client.call_tool(DELETE, {"id": id_})
    assert isinstance(answer, CallToolResult)
    assert not answer.is_error, answer
    assert not await is_there(url, id_)


@every_era
async def test_without_a_mode_they_are_asked_as_well(deployment: Deployment, tmp_path: Path, era: Era) -> None:
    person = Person("decline")
    variables: dict[str, Any] = {"FLODESK_BASE_URL": deployment.flodesk_url, "FLODESK_API_KEY": "key-ann"}
    id_ = await made_webhook(deployment.served.url)
    with serve(tmp_path / "log", **variables) as served:
        async with connected(served.url, {}, "http", era, person) as client:
            assert "the person declined" in str(await client.call_tool(DELETE, {"id": id_}))
    assert len(person.asked) == 1
    assert await is_there(deployment.served.url, id_)


async def test_an_accepted_answer_that_is_sent_again_does_nothing(deployment: Deployment) -> None:
    sent: list[httpx2.Request] = []

    async def note(request: httpx2.Request) -> None:
        if b'"action"' in request.content:
            sent.append(request)

    url, person = deployment.served.url, Person("accept")
    id_ = await made_webhook(url)
    async with httpx2.AsyncClient(verify=NO_TLS, headers=ANN, timeout=30, event_hooks={"request": [note]}) as http:
        transport = streamable_http_client(f"{url}/mcp", http_client=http)
        async with Client(transport, mode="legacy", elicitation_callback=person) as client:
            await client.call_tool(DELETE, {"id": id_})
            (answer,) = sent
            again = await http.post(answer.url, content=answer.content, headers=answer.headers)
    assert again.status_code == 400
    assert "No such question is open here" in again.text
