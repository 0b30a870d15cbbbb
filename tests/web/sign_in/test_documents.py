"""Clients whose id is the address of their description, and what is read of the web for them."""

from collections.abc import AsyncIterator

import anyio
import httpx2
import pytest

from flodesk_mcp.web.auth.sign_in import documents
from flodesk_mcp.web.auth.sign_in.documents import Documents, NotReached
from flodesk_mcp.web.auth.sign_in.public_hosts import NotPublic

from .conftest import PassTime
from .program import Program
from .published import (
    AGENT,
    AGENT_CALLBACK,
    CHATGPT,
    CHATGPT_CALLBACK,
    CLAUDE_CODE,
    DOCUMENTS,
    Published,
)

pytestmark = pytest.mark.anyio


def described(server: httpx2.AsyncClient, client_id: str) -> Program:
    program = Program(server)
    program.client_id = client_id
    return program


@pytest.mark.parametrize(
    ("client_id", "redirect_uri"),
    [
        (CLAUDE_CODE, "http://localhost:51763/callback"),
        (CLAUDE_CODE, "http://127.0.0.1:1024/callback"),
        (CHATGPT, CHATGPT_CALLBACK),
    ],
)
async def test_claude_code_and_chatgpt_take_their_way(
    server: httpx2.AsyncClient, client_id: str, redirect_uri: str
) -> None:
    program = described(server, client_id)
    page = await server.get((await server.get(program.authorization(redirect_uri=redirect_uri))).headers["location"])
    assert f"It is described at {httpx2.URL(client_id).host}" in page.text
    code = await program.code(redirect_uri=redirect_uri, scope="flodesk:read offline_access")
    tokens = (await program.exchange(code, redirect_uri=redirect_uri)).json()
    assert tokens["scope"] == "flodesk:read offline_access"
    assert (await program.refresh(tokens["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "client_id",
    [
        "https://claude.ai/oauth/other",  # nothing is there
        "https://agent.example.com/redirects",
        "https://agent.example.com/another-id",
        "https://agent.example.com/huge",
        "https://agent.example.com/list",
        "https://agent.example.com/no-json",
        "https://agent.example.com/nowhere-to-go",
        "https://agent.example.com/dangerous",
        "https://agent.example.com/secret",
        "https://agent.example.com/unprovable",
        "https://agent.example.com/slow",
        "https://agent.example.com/private",
        "https://user@agent.example.com/x",
        "https://agent.example.com/x#y",
        "https://agent.example.com/a/../client.json",
        "https://agent.example.com/" + "x" * 600,
    ],
)
async def test_a_document_that_does_not_do_is_told_to_the_person(
    server: httpx2.AsyncClient, published: Published, client_id: str
) -> None:
    root, good = "https://agent.example.com", {"redirect_uris": [AGENT_CALLBACK]}
    published.publish(f"{root}/redirects", b"", 302, {"location": AGENT})
    published.publish(f"{root}/another-id", {**good, "client_id": AGENT})
    published.publish(f"{root}/huge", {**good, "client_id": f"{root}/huge", "more": "x" * 70_000})
    published.publish(f"{root}/list", [1])
    published.publish(f"{root}/no-json", b"<html>")
    published.publish(f"{root}/nowhere-to-go", {"client_id": f"{root}/nowhere-to-go"})
    published.publish(f"{root}/dangerous", {"client_id": f"{root}/dangerous", "redirect_uris": ["javascript:x"]})
    published.publish(f"{root}/secret", {**good, "client_id": f"{root}/secret", "client_secret": "s"})
    unprovable = {**good, "client_id": f"{root}/unprovable", "token_endpoint_auth_method": "private_key_jwt"}
    published.publish(f"{root}/unprovable", unprovable)  # it has no keys
    published.fail(f"{root}/slow", httpx2.ReadTimeout("slow"))
    published.fail(f"{root}/private", NotPublic("private"))
    program = described(server, client_id)
    for redirect_uri in (AGENT_CALLBACK, "javascript:x", None):
        answer = await server.get(program.authorization(redirect_uri=redirect_uri))
        assert answer.status_code == 400
        assert "location" not in answer.headers
    assert len(published.read) <= 1  # what failed is not asked for again at once


async def test_a_document_counts_for_as_long_as_its_headers_say(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    published.publish(AGENT, DOCUMENTS[AGENT], headers={"cache-control": "public, max-age=600"})
    program = described(server, AGENT)
    for seconds, read in ((0, 1), (590, 1), (20, 2), (0, 2)):
        await pass_time(seconds)
        await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
        assert len(published.read) == read


async def test_no_document_counts_for_more_than_an_hour(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    published.publish(AGENT, DOCUMENTS[AGENT], headers={"cache-control": "max-age=31536000"})
    program = described(server, AGENT)
    await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
    await pass_time(3601)
    await server.get(program.authorization(redirect_uri=AGENT_CALLBACK))
    assert len(published.read) == 2


async def test_a_connection_outlives_the_web_server_of_its_client(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    program = described(server, AGENT)
    tokens = (
        await program.exchange(await program.code(redirect_uri=AGENT_CALLBACK), redirect_uri=AGENT_CALLBACK)
    ).json()
    await pass_time(3601)
    published.fail(AGENT, httpx2.ConnectError("down"))
    answer = await program.refresh(tokens["refresh_token"])
    assert answer.status_code == 200
    await pass_time(3601)
    published.publish(AGENT, b"", 503)
    assert (await program.refresh(answer.json()["refresh_token"])).status_code == 200


async def test_a_client_whose_document_is_gone_is_gone(
    server: httpx2.AsyncClient, published: Published, pass_time: PassTime
) -> None:
    program = described(server, AGENT)
    tokens = (
        await program.exchange(await program.code(redirect_uri=AGENT_CALLBACK), redirect_uri=AGENT_CALLBACK)
    ).json()
    await pass_time(3601)
    published.publish(AGENT, b"", 404)
    answer = await program.refresh(tokens["refresh_token"])
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_an_address_has_only_so_many_documents_read(server: httpx2.AsyncClient, published: Published) -> None:
    for number in range(21):
        answer = await server.get(described(server, f"https://agent.example.com/{number}").authorization())
    assert answer.status_code == 429
    assert len(published.read) == 20


async def test_a_document_that_comes_drop_by_drop_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAY_TAKE_SECONDS", 0.2)

    async def drops() -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(0.05)
            yield b" "

    slow = Documents(httpx2.MockTransport(lambda _: httpx2.Response(200, content=drops())))
    with anyio.fail_after(5), pytest.raises(NotReached):
        await slow.read(AGENT)
    await slow.aclose()
