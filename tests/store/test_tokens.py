"""Stored access tokens."""

import pytest
from sqlalchemy import text

from flodesk_mcp.store import Database, StoredAccounts, StoredTokens, StoreError, TokenLimits

from .conftest import Clock

pytestmark = pytest.mark.anyio


async def test_a_token_is_found_with_its_account_and_limits(accounts: StoredAccounts, tokens: StoredTokens) -> None:
    await accounts.add("studio", "api_key", "key-1")
    limits = TokenLimits(
        read_only=True, toolsets="segments", exclude_tools="get_a_flodesk_account", personal_data="masked"
    )
    found = await tokens.find(await tokens.create("ci", "studio", limits))
    assert found is not None
    assert (found.name, found.limits) == ("ci", limits)
    assert found.account == await accounts.account("studio")


async def test_a_token_of_the_environment_has_no_account(tokens: StoredTokens) -> None:
    found = await tokens.find(await tokens.create("own", None, TokenLimits()))
    assert found is not None
    assert found.account is None


async def test_the_database_holds_no_token(tokens: StoredTokens, database: Database) -> None:
    token = await tokens.create("ci", None, TokenLimits())
    async with database.sessions() as session:
        rows = (await session.execute(text("SELECT * FROM tokens"))).all()
    assert token[-20:] not in repr(rows)


async def test_a_token_expires(tokens: StoredTokens, clock: Clock) -> None:
    token = await tokens.create("ci", None, TokenLimits(), valid_seconds=60)
    clock.now += 59
    assert await tokens.find(token) is not None
    clock.now += 1
    assert await tokens.find(token) is None


async def test_a_revoked_token_is_not_found_and_frees_its_name(tokens: StoredTokens) -> None:
    first = await tokens.create("ci", None, TokenLimits())
    with pytest.raises(StoreError, match="already"):
        await tokens.create("ci", None, TokenLimits())
    await tokens.revoke("ci")
    assert await tokens.find(first) is None
    with pytest.raises(StoreError, match="no valid token"):
        await tokens.revoke("ci")
    second = await tokens.create("ci", None, TokenLimits())
    assert await tokens.find(first) is None
    assert await tokens.find(second) is not None


async def test_the_public_part_alone_opens_nothing(tokens: StoredTokens) -> None:
    public, _, secret = (await tokens.create("ci", None, TokenLimits())).rpartition("_")
    other = (await tokens.create("other", None, TokenLimits())).rpartition("_")[2]
    for wrong in (f"{public}_{other}", f"{public}_{secret[:-1]}", f"{public}_", public, secret, "", "fmcp__"):
        assert await tokens.find(wrong) is None


async def test_use_is_noted_once_a_minute(tokens: StoredTokens, clock: Clock) -> None:
    token = await tokens.create("ci", None, TokenLimits())
    began = clock.now
    for wait, noted in ((0, began), (59, began), (1, began + 60)):
        clock.now += wait
        await tokens.find(token)
        await tokens.uses.store()
        (info,) = await tokens.list()
        assert info.last_used_at == noted


async def test_a_word_of_another_version_for_personal_data_is_not_taken_for_shown(
    tokens: StoredTokens, database: Database
) -> None:
    token = await tokens.create("ci", None, TokenLimits())
    async with database.sessions.begin() as session:
        await session.execute(text("UPDATE tokens SET personal_data = 'hashed'"))
    found = await tokens.find(token)
    assert found is not None
    assert found.limits.personal_data == "masked"


async def test_uses_of_many_tokens_are_noted_at_once(tokens: StoredTokens, clock: Clock) -> None:
    made = [await tokens.create(name, None, TokenLimits()) for name in ("one", "two", "three")]
    for token in made[:2]:
        await tokens.find(token)
    assert [info.last_used_at for info in await tokens.list()] == [None, None, None]
    await tokens.uses.store()
    noted = {info.name: info.last_used_at for info in await tokens.list()}
    assert noted == {"one": clock.now, "two": clock.now, "three": None}


async def test_a_use_that_cannot_be_noted_is_noted_later(
    tokens: StoredTokens, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tokens.find(await tokens.create("ci", None, TokenLimits()))
    with monkeypatch.context() as broken:
        broken.setattr(database, "sessions", Database("postgresql://nobody@127.0.0.1:9/nothing").sessions)
        with pytest.raises(StoreError):
            await tokens.uses.store()
    await tokens.uses.store()
    (info,) = await tokens.list()
    assert info.last_used_at == clock.now


async def test_only_the_tokens_that_are_asked_for_are_looked_at(tokens: StoredTokens, database: Database) -> None:
    made = [await tokens.find(await tokens.create(name, None, TokenLimits())) for name in ("one", "two", "three")]
    ids = [found.id for found in made if found]
    await tokens.revoke("two")
    assert await tokens.valid(ids[:2]) == {ids[0]: None}
    assert await tokens.valid([]) == {}


async def test_a_token_for_an_unknown_account_is_not_made(tokens: StoredTokens) -> None:
    with pytest.raises(StoreError, match="no account 'nothing'"):
        await tokens.create("ci", "nothing", TokenLimits())
    assert await tokens.list() == []


async def test_a_rotated_token_has_two_secrets_until_the_overlap_ends(tokens: StoredTokens, clock: Clock) -> None:
    before = await tokens.create("ci", None, TokenLimits(read_only=True))
    after = await tokens.rotate("ci", overlap_seconds=3600)
    first, second = await tokens.find(before), await tokens.find(after)
    assert first is not None
    assert second is not None
    assert first.token_id == second.token_id
    assert second.limits == TokenLimits(read_only=True)
    assert (await tokens.valid([first.id, second.id])).keys() == {first.id, second.id}
    clock.now += 3601
    assert await tokens.find(before) is None
    assert await tokens.find(after) is not None
    assert (await tokens.valid([first.id, second.id])).keys() == {second.id}


async def test_a_second_rotation_ends_the_secret_before_the_last(tokens: StoredTokens) -> None:
    oldest = await tokens.create("ci", None, TokenLimits())
    older = await tokens.rotate("ci", overlap_seconds=3600)
    await tokens.rotate("ci", overlap_seconds=3600)
    assert await tokens.find(oldest) is None
    assert await tokens.find(older) is not None


async def test_a_revoked_token_is_not_rotated(tokens: StoredTokens) -> None:
    before = await tokens.create("ci", None, TokenLimits())
    after = await tokens.rotate("ci", overlap_seconds=3600)
    await tokens.revoke("ci")
    assert await tokens.find(before) is None
    assert await tokens.find(after) is None
    with pytest.raises(StoreError, match="no valid token"):
        await tokens.rotate("ci", overlap_seconds=3600)


async def test_how_often_a_token_may_be_used_comes_back(tokens: StoredTokens) -> None:
    limits = TokenLimits(requests_per_minute=30, calls_at_once=2)
    found = await tokens.find(await tokens.create("ci", None, limits))
    assert found is not None
    assert found.limits == limits
