"""How often a token may be used."""

import anyio
import pytest

from flodesk_mcp.sandbox import Fault, Sandbox
from flodesk_mcp.store import StoredAccounts, StoredTokens, TokenLimits
from flodesk_mcp.web.auth import paces

from ..calls import LIST_SEGMENTS, LIST_TOOLS, Hosted, segments_of
from .test_api_tokens import bearer

pytestmark = pytest.mark.anyio

State = tuple[StoredAccounts, StoredTokens]


async def test_a_token_has_its_own_requests_a_minute(
    hosted: Hosted, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = await state[1].create("slow", "ann", TokenLimits(requests_per_minute=2))
    other = await state[1].create("other", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        answers = [await client.post("/mcp", json=LIST_TOOLS, headers=bearer(slow)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 0 < int(answers[2].headers["Retry-After"]) <= 60
        assert "2 requests a minute" in answers[2].text
        assert await segments_of(client, bearer(other)) == ["Friends of ann"]
        monkeypatch.setattr(paces, "MINUTE", 0)
        assert await segments_of(client, bearer(slow)) == ["Friends of ann"]


async def test_both_secrets_of_a_rotated_token_share_its_pace(hosted: Hosted, state: State) -> None:
    before = await state[1].create("slow", "ann", TokenLimits(requests_per_minute=2))
    after = await state[1].rotate("slow", 3600)
    async with hosted(auth="tokens") as client:
        answers = [
            await client.post(path, json=LIST_TOOLS, headers=bearer(token))
            for token, path in ((before, "/mcp"), (after, "/mcp/readonly"), (before, "/mcp"))
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_token_has_its_own_calls_at_once(hosted: Hosted, state: State, flodesk: Sandbox) -> None:
    token = await state[1].create("one", "ann", TokenLimits(calls_at_once=1))
    async with hosted(auth="tokens") as client:
        flodesk.fail(Fault("hang"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(segments_of, client, bearer(token))
            with anyio.fail_after(5):
                while not flodesk.requests:  # noqa: ASYNC110 - the sandbox tells nobody
                    await anyio.sleep(0.01)
            refused = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
            tasks.cancel_scope.cancel()
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert await segments_of(client, bearer(token)) == ["Friends of ann"]
