"""Sessions of the older revisions: to whom they belong, how many there are, when they end, and what goes on without."""

from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits
from flodesk_mcp.tools import CARD_TYPE, CARDS
from flodesk_mcp.web import session_id as ids
from flodesk_mcp.web import sessions
from flodesk_mcp.web.session import Session
from flodesk_mcp.web.sessions import MAX_SESSIONS_EACH

from .calls import ANN, BEN, LIST_TOOLS, Hosted, call, result_of

pytestmark = pytest.mark.anyio

ASKING: dict[str, Any] = {"elicitation": {"form": {}}}
SESSION = "Mcp-Session-Id"
DELETE = call("delete_a_flodesk_webhook_by_id", id="0" * 24)


def opening(capabilities: dict[str, Any], revision: str = "2025-11-25") -> dict[str, Any]:
    client = {"name": "test", "version": "1"}
    params = {"protocolVersion": revision, "capabilities": capabilities, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


async def opened(client: httpx2.AsyncClient, headers: dict[str, str], capabilities: Any = None) -> dict[str, str]:
    """Open a session, and return the headers of its requests."""
    answer = await client.post("/mcp", json=opening(capabilities or {}), headers=headers)
    assert result_of(answer)["protocolVersion"] == "2025-11-25"
    return {**headers, SESSION: answer.headers[SESSION], "Mcp-Protocol-Version": "2025-11-25"}


def is_not_found(answer: httpx2.Response) -> bool:
    """Tell whether a client learns, as the specification says, that it must open another session."""
    return answer.status_code == 404 and answer.json()["error"]["message"].startswith("Session not found")


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_every_older_revision_gets_a_session(hosted: Hosted, revision: str) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.post("/mcp", json=opening({}, revision), headers=ANN)
        assert result_of(answer)["protocolVersion"] == revision
        assert answer.headers[SESSION].isascii()


async def test_what_does_not_open_a_session_gets_none(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        malformed = {**opening({}), "params": {"protocolVersion": "2025-11-25"}}
        for message in (LIST_TOOLS, malformed):
            assert SESSION not in (await client.post("/mcp", json=message, headers=ANN)).headers


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_without_a_session_there_is_no_stream_and_nothing_to_end(hosted: Hosted, method: str) -> None:
    async with hosted(auth="headers") as client:
        answer = await client.request(method, "/mcp", headers=ANN)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_a_session_belongs_to_who_opened_it(hosted: Hosted, state: tuple[StoredAccounts, StoredTokens]) -> None:
    tokens = [await state[1].create(name, "ann", TokenLimits()) for name in ("first", "second")]
    first, second = ({"Authorization": f"Bearer {token}"} for token in tokens)
    async with hosted(auth="headers,tokens") as client:
        for owner, others in (first, [second, ANN, BEN]), (ANN, [BEN, first]):
            session = await opened(client, owner)
            for other in others:
                theirs = {name: value for name, value in session.items() if name not in owner} | other
                for method, message in ("POST", LIST_TOOLS), ("GET", None), ("DELETE", None):
                    assert is_not_found(await client.request(method, "/mcp", json=message, headers=theirs))
            assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))


async def test_a_forged_id_is_not_found(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        session = await opened(client, ANN)
        said, _, mac = session[SESSION].partition(".")
        other = (await opened(client, ANN, ASKING))[SESSION].partition(".")[0]
        for forged in (f"{other}.{mac}", f"{said}.", said, "é", "0123456789abcdef", "." * 5000, f"{said}.{mac}A"):
            headers = httpx2.Headers({**session, SESSION: forged}, encoding="utf-8")
            assert is_not_found(await client.post("/mcp", json=LIST_TOOLS, headers=headers)), forged


async def test_an_expired_id_is_not_found(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "VALID_SECONDS", -1)
    async with hosted(auth="headers") as client:
        assert is_not_found(await client.post("/mcp", json=LIST_TOOLS, headers=await opened(client, ANN)))


async def test_a_session_that_its_client_ended_is_not_found(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        for use_it_before in (True, False):
            session = await opened(client, ANN)
            if use_it_before:
                assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))
            assert (await client.delete("/mcp", headers=session)).status_code == 200
            assert is_not_found(await client.post("/mcp", json=LIST_TOOLS, headers=session))
            assert is_not_found(await client.delete("/mcp", headers=session))


async def test_a_session_goes_on_after_a_restart_and_beside_a_new_key(
    hosted: Hosted, encryption_key: str, monkeypatch: pytest.MonkeyPatch, state: tuple[StoredAccounts, StoredTokens]
) -> None:
    token = {"Authorization": f"Bearer {await state[1].create('agent', 'ann', TokenLimits())}"}
    async with hosted(auth="tokens", confirm="always") as client:
        session = await opened(client, token, ASKING)
        assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))
    monkeypatch.setenv("FLODESK_ENCRYPTION_KEYS", f"{'A' * 43}=,{encryption_key}")
    async with hosted(auth="tokens", confirm="always") as client:
        assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))
        # Without what `initialize` said it would be refused, as it could not be asked.
        assert "(404)" in str(result_of(await client.post("/mcp", json=DELETE, headers=session)))


async def test_of_many_sessions_of_a_caller_each_goes_on_and_few_take_up_memory(
    hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Session] = []

    class Noted(Session):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            begun.append(self)

    monkeypatch.setattr(sessions, "Session", Noted)
    async with hosted(auth="headers") as client:
        for who in (ANN, BEN):
            opened_ = [await opened(client, who) for _ in range(MAX_SESSIONS_EACH + 5)]
            for _ in range(2):
                for session in opened_:
                    assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))
            owned = [session for session in begun if session.owner == begun[-1].owner and not session.has_ended]
            assert len(owned) == MAX_SESSIONS_EACH
            answer = await client.get("/mcp", headers=opened_[0])
            assert answer.status_code == 429
            assert answer.headers["Retry-After"]


async def test_megabytes_of_capabilities_are_trimmed_to_what_matters(hosted: Hosted) -> None:
    declared = {"experimental": {"x": {"y": "z" * 900_000}}, "sampling": {"more": "z" * 1000}, **ASKING}
    async with hosted(auth="headers", confirm="always") as client:
        session = await opened(client, ANN, declared)
        assert len(session[SESSION]) < 1000
        assert "(404)" in str(result_of(await client.post("/mcp", json=DELETE, headers=session)))


async def test_that_a_client_shows_cards_outlives_the_trimming(hosted: Hosted) -> None:
    cards = {"extensions": {CARDS: {"mimeTypes": [CARD_TYPE]}}}
    async with hosted(auth="headers", toolsets="audience") as client:
        for declared, shows in (
            ({}, False),
            (cards, True),
            (cards | {"experimental": {"x": {"y": "z" * 900_000}}}, True),
        ):
            session = await opened(client, ANN, declared)
            tools = result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))["tools"]
            assert ("press_flodesk_plan_button" in {tool["name"] for tool in tools}) == shows


async def test_a_name_of_any_length_makes_no_long_id(hosted: Hosted) -> None:
    message = opening({})
    message["params"]["clientInfo"] = {"name": "\U0001f600" * 100_000, "version": "\x00" * 100_000}
    async with hosted(auth="headers") as client:
        assert len((await client.post("/mcp", json=message, headers=ANN)).headers[SESSION]) < 2000


async def test_an_answer_that_nobody_waits_for_is_refused(hosted: Hosted) -> None:
    answer = {"jsonrpc": "2.0", "id": "ask-0", "result": {"action": "accept"}}
    async with hosted(auth="headers") as client:
        session = await opened(client, ANN)
        for _ in range(2):
            refused = await client.post("/mcp", json=answer, headers=session)
            assert refused.status_code == 400
            assert "No such question is open here" in refused.json()["error"]["message"]
            assert result_of(await client.post("/mcp", json=LIST_TOOLS, headers=session))


async def test_a_session_can_be_opened_again_by_a_client_that_still_shows_the_old_one(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        session = await opened(client, ANN)
        again = await opened(client, session, ASKING)
        assert again[SESSION] != session[SESSION]


async def test_a_call_without_a_session_is_not_taken_for_one_of_a_client_that_cannot_ask(hosted: Hosted) -> None:
    async with hosted(auth="headers") as client:
        text = str(result_of(await client.post("/mcp", json=DELETE, headers=ANN)))
        assert "initialize" in text
        assert "cannot ask" not in text


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_a_slash_at_the_end_changes_nothing(hosted: Hosted, path: str) -> None:
    async with AsyncExitStack() as opened_:
        client = await opened_.enter_async_context(hosted(auth="headers"))
        assert "create_a_flodesk_segment" in str(result_of(await client.post(path, json=LIST_TOOLS, headers=ANN)))
        reading = path.replace("/mcp", "/mcp/readonly")
        assert "create_a_flodesk" not in str(result_of(await client.post(reading, json=LIST_TOOLS, headers=ANN)))
