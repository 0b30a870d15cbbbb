"""Clients that are pages in a browser: what they ask before a request, and what they may read of an answer."""

import pytest

from .calls import ANN, LIST_TOOLS, Hosted, result_of

pytestmark = pytest.mark.anyio

INSPECTOR = "http://localhost:6274"
ASKED = "content-type, mcp-protocol-version, mcp-session-id, x-flodesk-api-key, authorization, last-event-id"


def preflight(method: str, origin: str = INSPECTOR) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ASKED}


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/mcp/readonly", "/sse", "/messages/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_page_of_an_allowed_origin_may_send_what_clients_send(hosted: Hosted, path: str, method: str) -> None:
    async with hosted(auth="tokens,headers") as client:
        answer = await client.options(path, headers=preflight(method))
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == INSPECTOR
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == ASKED
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/mcp", "/healthz"])
async def test_a_page_of_another_origin_may_send_nothing(hosted: Hosted, path: str) -> None:
    async with hosted(auth="headers") as client:
        for origin in ("https://evil.example.com", "null", "http://localhost.evil.example.com"):
            answer = await client.options(path, headers=preflight("POST", origin))
            assert answer.status_code in {400, 403}
            assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_page_can_read_the_answers_and_the_id_of_its_session(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=LIST_TOOLS, headers={**ANN, "Origin": INSPECTOR})
        refused = await client.post("/mcp", json=LIST_TOOLS, headers={"Origin": INSPECTOR})
    assert result_of(answer)
    assert refused.status_code == 401
    for shown in (answer, refused):
        assert shown.headers["Access-Control-Allow-Origin"] == INSPECTOR
        assert "Mcp-Session-Id" in shown.headers["Access-Control-Expose-Headers"]
        assert shown.headers["Vary"] == "Origin"


async def test_who_names_no_origin_learns_of_none(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=LIST_TOOLS, headers=ANN)
    assert "Access-Control-Allow-Origin" not in answer.headers
