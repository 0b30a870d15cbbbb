"""Every path tried without a key."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from flodesk_mcp.sandbox import Sandbox

from ..calls import ANN, LIST_SEGMENTS, Hosted, segments_of

pytestmark = pytest.mark.anyio

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
MCP = {"GET", "HEAD", "POST", "DELETE"}
GUARDED = {
    "/mcp": MCP,
    "/mcp/": MCP,
    "/mcp/readonly": MCP,
    "/mcp/readonly/": MCP,
    "/sse": {"GET", "HEAD"},
    "/sse/readonly": {"GET", "HEAD"},
    "/messages/": {"POST"},
}
PUBLIC = ("/", "/healthz", "/readyz")
NOWHERE = (
    "/mcp//",
    "/mcp/all",
    "/MCP",
    "/mcp%00",
    "/messages",
    "/docs",
    "/.env",
    "/readonly",
    "/metrics",
)


@pytest.mark.parametrize("path", [*GUARDED, *NOWHERE])
async def test_without_a_key_no_path_answers_anything_but_a_refusal(
    hosted: Hosted, flodesk: Sandbox, path: str
) -> None:
    guarded = GUARDED.get(path)
    async with hosted(auth="tokens,headers") as client:
        for method in METHODS:
            answer = await client.request(method, path, json=LIST_SEGMENTS)
            expected = 404 if guarded is None else 401 if method in guarded else 405
            assert answer.status_code == expected, method
            assert ("WWW-Authenticate" in answer.headers) == (expected == 401)
    assert not flodesk.requests


@pytest.mark.parametrize("path", PUBLIC)
async def test_what_is_public_shows_no_account(hosted: Hosted, path: str) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert "Friends" not in answer.text


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Host", "evil.example.com", 421),
        ("Host", "127.0.0.1.evil.example.com", 421),
        ("Host", "localhost:8000.evil.example.com", 421),
        ("Host", "localhost@evil.example.com", 421),
        ("Host", "", 421),
        ("Origin", "https://evil.example.com", 403),
        ("Origin", "null", 403),
        ("Origin", "http://localhost.evil.example.com", 403),
        ("Origin", "file://localhost", 403),
        ("Host", "localhost", 200),
        ("Host", "LOCALHOST:9999", 200),
        ("Host", "[::1]:8000", 200),
        ("Origin", "http://localhost:6274", 200),
    ],
)
async def test_a_page_of_another_site_gets_nowhere(hosted: Hosted, header: str, value: str, status: int) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=ANN | {header: value})
        page = await client.get("/", headers={header: value})
    assert (answer.status_code, page.status_code) == (status, status)


async def test_two_hosts_in_one_request_are_refused(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.get("/", headers=httpx2.Headers([("Host", "localhost"), ("Host", "evil.example.com")]))
    assert answer.status_code == 421


async def test_the_operator_names_the_hosts(hosted: Hosted) -> None:
    async with hosted(
        auth="headers", host="0.0.0.0", allowed_hosts="flodesk.example.com, mcp.example.com:8443"
    ) as client:
        for host, status in (
            ("flodesk.example.com", 200),
            ("mcp.example.com:8443", 200),
            ("mcp.example.com", 421),
            ("127.0.0.1:8000", 421),
        ):
            assert (await client.get("/", headers={"Host": host})).status_code == status
        assert (await client.get("/healthz", headers={"Host": "10.0.0.7:8000"})).status_code == 200


async def test_a_body_that_is_too_large_is_refused_even_when_it_hides_its_length(hosted: Hosted) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield b"x" * 1024

    async with hosted(auth="headers") as client:
        declared = await client.post("/mcp", content=b"x" * 2_000_000, headers=ANN)
        hidden = await client.post("/mcp", content=chunks(), headers=ANN)
    assert (declared.status_code, hidden.status_code) == (413, 413)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}',
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}',
        b"[" * 100_000,
        b'[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]',
    ],
)
async def test_a_malformed_body_is_a_bad_request_and_nothing_worse(hosted: Hosted, body: bytes) -> None:
    async with hosted(auth="headers") as client:
        for version in ({}, {"MCP-Protocol-Version": "2026-07-28"}, {"MCP-Protocol-Version": "1999-01-01"}):
            answer = await client.post("/mcp", content=body, headers=ANN | version)
            assert 400 <= answer.status_code < 500 or '"error"' in answer.text
        assert await segments_of(client, ANN) == ["Friends of ann"]


async def test_a_message_for_a_connection_that_is_not_there_is_refused(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        for query in ("", "?session_id=x", "?session_id=" + "0" * 32):
            answer = await client.post(f"/messages/{query}", json=LIST_SEGMENTS, headers=ANN)
            assert answer.status_code in {400, 404}


async def test_every_answer_has_an_id_that_the_client_did_not_choose(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        first = await client.get("/", headers={"X-Request-Id": "mine"})
        second = await client.get("/mcp")
    assert len({first.headers["X-Request-Id"], second.headers["X-Request-Id"], "mine"}) == 3


async def test_without_a_mode_everybody_on_this_machine_is_let_in(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key-ann")
    async with hosted() as client:
        assert await segments_of(client, {}) == ["Friends of ann"]
