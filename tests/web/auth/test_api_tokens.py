"""The mode `tokens`: access tokens of this server's own."""

import sqlite3
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.flodesk import ApiKey, identity_of
from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import FoundToken, StoredAccounts, StoredLogins, StoredTokens, TokenLimits
from flodesk_mcp.web.auth import believed
from flodesk_mcp.web.auth.api_tokens import ApiTokens
from flodesk_mcp.web.auth.errors import AuthError

from ..calls import ANN, LIST_SEGMENTS, Hosted, ReplaceCredential, result_of, segments_of, tools_of

pytestmark = pytest.mark.anyio

NO_LOGINS = StoredCredentials(cast("StoredLogins", None), None, "nowhere")
"""Opens what holds an API key, which is all that is stored here."""

State = tuple[StoredAccounts, StoredTokens]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def showing(token: str) -> HTTPConnection:
    """A request that shows `token`."""
    return HTTPConnection({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})


async def test_a_token_opens_its_account_and_no_other(hosted: Hosted, state: State) -> None:
    _, tokens = state
    ann = await tokens.create("for ann", "ann", TokenLimits())
    ben = await tokens.create("for ben", "ben", TokenLimits())
    async with hosted(auth="tokens") as client:
        assert await segments_of(client, bearer(ann)) == ["Friends of ann"]
        assert await segments_of(client, bearer(ben)) == ["Friends of ben"]


async def test_a_token_without_account_opens_that_of_the_environment(
    hosted: Hosted, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLODESK_API_KEY", "key-ben")
    token = await state[1].create("own", None, TokenLimits())
    async with hosted(auth="tokens") as client:
        assert await segments_of(client, bearer(token)) == ["Friends of ben"]


async def test_without_an_account_in_the_environment_such_a_token_is_forbidden(hosted: Hosted, state: State) -> None:
    token = await state[1].create("own", None, TokenLimits())
    async with hosted(auth="tokens") as client:
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))).status_code == 403


async def test_a_token_has_limits_of_its_own(hosted: Hosted, state: State) -> None:
    token = await state[1].create("reader", "ann", TokenLimits(read_only=True, toolsets="segments"))
    async with hosted(auth="tokens") as client:
        tools = await tools_of(client, bearer(token), "/mcp?toolsets=all")
    assert "list_all_flodesk_segments" in tools
    assert not {name for name in tools if "create" in name or "subscriber" in name}


async def test_wrong_expired_revoked_and_removed_tokens_get_the_same_401(hosted: Hosted, state: State) -> None:
    accounts, tokens = state
    good = await tokens.create("good", "ann", TokenLimits())
    expired = await tokens.create("expired", "ann", TokenLimits(), valid_seconds=0)
    revoked = await tokens.create("revoked", "ann", TokenLimits())
    removed = await tokens.create("removed", "ben", TokenLimits())
    await tokens.revoke("revoked")
    await accounts.remove("ben")
    wrong = [good[:-1] + ("A" if good[-1] != "A" else "B"), "fmcp_0000000000000000_" + "x" * 43, "key-ann", "x" * 5000]
    async with hosted(auth="tokens") as client:
        assert await segments_of(client, bearer(good)) == ["Friends of ann"]
        answers = [
            await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
            for token in (expired, revoked, removed, *wrong)
        ]
    assert {(answer.status_code, answer.headers["WWW-Authenticate"]) for answer in answers} == {
        (
            401,
            'Bearer realm="flodesk-mcp", error="invalid_token", '
            'error_description="The access token is wrong, expired or revoked."',
        )
    }


async def test_a_missing_token_gets_a_401_without_an_error(hosted: Hosted, state: State) -> None:
    async with hosted(auth="tokens") as client:
        answer = await client.post("/mcp", json=LIST_SEGMENTS)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="flodesk-mcp"')


async def test_a_revoked_token_opens_nothing_after_a_second(state: State) -> None:
    now = 0.0
    token = await state[1].create("short", "ann", TokenLimits())
    proof = ApiTokens(state[1], None, NO_LOGINS, clock=lambda: now)
    assert await proof.principal(showing(token)) is not None
    await state[1].revoke("short")
    now = 1.0
    with pytest.raises(AuthError):
        await proof.principal(showing(token))


async def test_a_token_that_expires_opens_nothing_after_a_second(state: State) -> None:
    now = 0.0
    token = await state[1].create("short", "ann", TokenLimits(), valid_seconds=3600)
    proof = ApiTokens(state[1], None, NO_LOGINS, clock=lambda: now)
    assert await proof.principal(showing(token)) is not None
    state[1]._now = lambda: time.time() + 3601  # the wall clock of the database's times
    now = 1.0
    with pytest.raises(AuthError):
        await proof.principal(showing(token))


async def test_a_valid_token_stays_so_from_check_to_check(state: State) -> None:
    now = 0.0
    tokens = [await state[1].create(name, "ann", TokenLimits()) for name in ("first", "second")]
    proof = ApiTokens(state[1], None, NO_LOGINS, clock=lambda: now)
    for seconds in (0.0, 0.5, 1.0, 30.0, 301.0):
        now = seconds
        for token in tokens:
            principal = await proof.principal(showing(token))
            assert principal is not None
            assert principal.account.source == "the stored account 'ann'"


class Counted(StoredTokens):
    """Counts the tokens that are looked up."""

    looked_up = 0
    checked = 0

    async def find(self, text: str) -> FoundToken | None:
        self.looked_up += 1
        return await super().find(text)

    async def valid(self, ids: Collection[str]) -> dict[str, str | None]:
        self.checked += len(ids)
        return await super().valid(ids)


@pytest.fixture
def counted(state: State) -> Counted:
    return Counted(state[1]._database, state[1]._sealer)


async def test_a_token_is_looked_up_whole_again_after_five_minutes(counted: Counted) -> None:
    now = 0.0
    token = await counted.create("ci", "ann", TokenLimits())
    proof = ApiTokens(counted, None, NO_LOGINS, clock=lambda: now)
    for seconds, looked_up in ((0.0, 1), (299.0, 1), (300.0, 2), (301.0, 2)):
        now = seconds
        await proof.principal(showing(token))
        assert counted.looked_up == looked_up, seconds


async def test_the_check_looks_at_no_more_tokens_than_are_in_use(counted: Counted) -> None:
    now = 0.0
    tokens = [await counted.create(f"{number}", "ann", TokenLimits()) for number in range(20)]
    proof = ApiTokens(counted, None, NO_LOGINS, clock=lambda: now)
    for token in tokens[:2]:
        await proof.principal(showing(token))
    for seconds in (1.0, 2.0, 2.5):
        now = seconds
        for token in tokens[:2]:
            await proof.principal(showing(token))
    assert (counted.looked_up, counted.checked) == (2, 4)


async def test_of_too_many_believed_tokens_the_oldest_are_forgotten(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(believed, "MAX_BELIEVED", 2)
    first, second, third = [await counted.create(name, "ann", TokenLimits()) for name in ("1", "2", "3")]
    proof = ApiTokens(counted, None, NO_LOGINS, clock=lambda: 0.0)
    for token in (first, second, third):
        await proof.principal(showing(token))
    for token, looked_up in ((third, 3), (second, 3), (first, 4), (third, 4), (second, 5)):
        await proof.principal(showing(token))
        assert counted.looked_up == looked_up


async def test_a_token_that_is_made_just_now_is_believed_at_once(counted: Counted) -> None:
    proof = ApiTokens(counted, None, NO_LOGINS, clock=lambda: 0.0)
    for looked_up, name in enumerate(("first", "second"), 1):
        token = await counted.create(name, "ann", TokenLimits())
        for _ in range(2):
            await proof.principal(showing(token))
            assert counted.looked_up == looked_up


async def test_a_replaced_credential_counts_after_a_second_and_is_of_the_same_account(
    state: State, replace_credential: ReplaceCredential
) -> None:
    now = 0.0
    token = await state[1].create("ci", "ann", TokenLimits())
    proof = ApiTokens(state[1], None, NO_LOGINS, clock=lambda: now)
    before = await proof.principal(showing(token))
    assert await proof.principal(showing(token)) is before
    await replace_credential("ann", "key-ann-2")
    now = 1.0
    after = await proof.principal(showing(token))
    assert before is not None
    assert after is not None
    assert after.account.identity == before.account.identity
    assert identity_of(after.account.credential, b"") == identity_of(ApiKey("key-ann-2"), b"")


async def test_a_replaced_credential_keeps_the_quota_of_its_account(
    hosted: Hosted, state: State, flodesk: Sandbox, replace_credential: ReplaceCredential
) -> None:
    flodesk.accounts["key-ann-2"] = flodesk.accounts["key-ann"]
    async with hosted(auth="tokens", requests_per_minute=5, max_wait_seconds=0) as client:
        before = bearer(await state[1].create("before", "ann", TokenLimits()))
        for _ in range(3):
            assert await segments_of(client, before) == ["Friends of ann"]
        await replace_credential("ann", "key-ann-2")
        after = bearer(await state[1].create("after", "ann", TokenLimits()))  # looked up at once
        for _ in range(2):
            assert await segments_of(client, after) == ["Friends of ann"]
        spent = result_of(await client.post("/mcp", json=LIST_SEGMENTS, headers=after))
    assert spent["isError"]
    assert "quota" in spent["content"][0]["text"]
    used = [request.credential for request in flodesk.requests]
    assert len(used) == 5
    assert used[0] == used[2] != used[3] == used[4]


async def test_two_ways_of_proof_in_one_request_are_refused(hosted: Hosted, state: State) -> None:
    token = await state[1].create("good", "ben", TokenLimits())
    async with hosted(auth="tokens,headers") as client:
        assert await segments_of(client, ANN) == ["Friends of ann"]
        assert await segments_of(client, bearer(token)) == ["Friends of ben"]
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token) | ANN)).status_code == 400


async def test_in_tokens_mode_a_callers_credential_counts_for_nothing(hosted: Hosted, state: State) -> None:
    async with hosted(auth="tokens") as client:
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=ANN)).status_code == 401


async def test_the_last_use_is_noted(hosted: Hosted, state: State) -> None:
    token = await state[1].create("used", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        await segments_of(client, bearer(token))
    (info,) = await state[1].list()
    assert info.last_used_at is not None


async def test_ten_thousand_wrong_tokens_leave_a_line_in_the_log_and_nothing_in_memory(
    hosted: Hosted, state: State, capsys: pytest.CaptureFixture[str], flodesk: Sandbox
) -> None:
    import gc

    def objects() -> int:
        gc.collect()
        return len(gc.get_objects())

    async def knock(client: Any, times: int) -> None:
        for number in range(times):
            wrong = f"fmcp_{number:016x}_" + "x" * 43 if number % 100 == 0 else f"wrong-{number}"
            answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(wrong))
            assert answer.status_code in {401, 429}

    async with hosted(auth="tokens") as client:
        await knock(client, 500)
        before = objects()
        await knock(client, 9500)
        assert objects() - before < 1000
    assert not flodesk.requests
    log = capsys.readouterr().err
    assert 1 <= log.count("\n") == log.count("Turned away") <= 5
    assert "wrong-" not in log


async def test_a_database_that_is_broken_is_not_the_callers_fault(
    hosted: Hosted, state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = await state[1].create("good", "ann", TokenLimits())
    async with hosted(auth="tokens") as client:
        with sqlite3.connect(tmp_path / "state.sqlite3") as connection:
            connection.execute("DROP TABLE tokens")
        connection.close()
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
    assert answer.status_code == 503
    assert "The database lacks something" in capsys.readouterr().err


async def test_limits_that_no_longer_fit_close_the_token(hosted: Hosted, state: State) -> None:
    token = await state[1].create("old", "ann", TokenLimits(tools="a_tool_of_the_past"))
    async with hosted(auth="tokens") as client:
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))).status_code == 503
