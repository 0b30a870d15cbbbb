"""Stored accounts, and the keys that they are sealed with."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text, update

from flodesk_mcp.store import (
    Database,
    SealedSecret,
    Sealer,
    StoredAccounts,
    StoredSubjects,
    StoredTokens,
    StoreError,
    TokenLimits,
    new_key,
)
from flodesk_mcp.store.models import AccountRow

from .conftest import Clock

pytestmark = pytest.mark.anyio


def api_key(key: str) -> SealedSecret:
    return SealedSecret("api_key", SecretStr(key))


async def test_a_credential_comes_back_as_it_was(accounts: StoredAccounts) -> None:
    await accounts.add("studio", "api_key", "key-1")
    await accounts.add("shop", "access_token", "token-1")
    assert (await accounts.account("studio")).credential == api_key("key-1")
    assert (await accounts.account("shop")).credential == SealedSecret("access_token", SecretStr("token-1"))


async def test_an_opened_account_shows_no_secret(accounts: StoredAccounts) -> None:
    await accounts.add("studio", "api_key", "key-in-plain-sight")
    assert "key-in-plain-sight" not in repr(await accounts.account("studio"))


async def test_the_database_holds_no_credential(accounts: StoredAccounts, database: Database) -> None:
    await accounts.add("studio", "api_key", "key-in-plain-sight")
    async with database.sessions() as session:
        rows = (await session.execute(text("SELECT * FROM accounts"))).all()
    assert "key-in-plain-sight" not in repr(rows)


async def test_a_name_is_taken_once(accounts: StoredAccounts) -> None:
    await accounts.add("studio", "api_key", "key-1")
    with pytest.raises(StoreError, match="already"):
        await accounts.add("studio", "api_key", "key-2")


async def test_without_a_key_nothing_is_stored_or_read(
    accounts: StoredAccounts, database: Database, clock: Clock
) -> None:
    await accounts.add("studio", "api_key", "key-1")
    without = StoredAccounts(database, Sealer(None), clock)
    with pytest.raises(StoreError, match="FLODESK_ENCRYPTION_KEYS is not set"):
        await without.add("shop", "api_key", "key-2")
    with pytest.raises(StoreError, match="FLODESK_ENCRYPTION_KEYS is not set"):
        await without.account("studio")
    assert [account.name for account in await without.list()] == ["studio"]


async def test_keys_rotate(database: Database, clock: Clock) -> None:
    old, new = new_key(), new_key()
    await StoredAccounts(database, Sealer(SecretStr(old)), clock).add("studio", "api_key", "key-1")
    both = StoredAccounts(database, Sealer(SecretStr(f"{new}, {old}")), clock)
    await both.check()
    assert await both.reseal() == 1
    only_new = StoredAccounts(database, Sealer(SecretStr(new)), clock)
    assert (await only_new.account("studio")).credential == api_key("key-1")
    only_old = StoredAccounts(database, Sealer(SecretStr(old)), clock)
    for read in (only_old.check, only_old.reseal):
        with pytest.raises(StoreError, match="None of FLODESK_ENCRYPTION_KEYS"):
            await read()


async def test_a_sealed_credential_opens_for_its_own_account_alone(
    accounts: StoredAccounts, database: Database
) -> None:
    await accounts.add("mine", "api_key", "key-1")
    await accounts.add("yours", "api_key", "key-2")
    async with database.sessions.begin() as session:
        stolen = (await session.execute(text("SELECT sealed_credential FROM accounts WHERE name = 'yours'"))).scalar()
        await session.execute(update(AccountRow).where(AccountRow.name == "mine").values(sealed_credential=stolen))
    with pytest.raises(StoreError, match="tampered"):
        await accounts.account("mine")


def test_a_key_that_is_none_is_explained_and_not_shown() -> None:
    with pytest.raises(StoreError, match="is no key") as caught:
        Sealer(SecretStr(f"{Fernet.generate_key().decode()},not-a-key"))
    assert "not-a-key" not in str(caught.value)


async def test_a_removed_account_takes_its_tokens_and_links_along(
    accounts: StoredAccounts, tokens: StoredTokens, subjects: StoredSubjects
) -> None:
    await accounts.add("studio", "api_key", "key-1")
    token = await tokens.create("ci", "studio", TokenLimits())
    await subjects.link("studio", "https://login.example.com", "person-1")
    await accounts.remove("studio")
    assert await tokens.find(token) is None
    assert await subjects.account_of("https://login.example.com", "person-1") is None
    with pytest.raises(StoreError, match="no account 'studio'"):
        await accounts.remove("studio")


async def test_the_list_tells_all_but_secrets(
    accounts: StoredAccounts, tokens: StoredTokens, subjects: StoredSubjects, clock: Clock
) -> None:
    await accounts.add("studio", "api_key", "key-1")
    await tokens.create("one", "studio", TokenLimits())
    await tokens.create("two", "studio", TokenLimits())
    await tokens.revoke("two")
    await subjects.link("studio", "https://login.example.com", "person-1")
    (info,) = await accounts.list()
    assert (info.name, info.created_at, info.tokens, info.subjects) == ("studio", int(clock.now), 1, ("person-1",))


async def test_a_new_credential_keeps_the_account(accounts: StoredAccounts, tokens: StoredTokens) -> None:
    await accounts.add("studio", "api_key", "key-1", ["by key-1"])
    token = await tokens.create("ci", "studio", TokenLimits())
    before = await accounts.account("studio")
    await accounts.update("studio", "api_key", "key-2", ["by key-2"])
    after = await accounts.account("studio")
    assert (after.id, after.credential) == (before.id, api_key("key-2"))
    found = await tokens.find(token)
    assert found is not None
    assert found.account == after
    assert await accounts.connected_as(["by key-2"]) == before.id
    assert await accounts.connected_as(["by key-1"]) is None


async def test_one_key_opens_one_account(accounts: StoredAccounts) -> None:
    await accounts.add("studio", "api_key", "key-1", ["by key-1"])
    await accounts.add("shop", "api_key", "key-2", ["by key-2"])
    with pytest.raises(StoreError, match="already: 'studio'"):
        await accounts.add("again", "api_key", "key-1", ["by key-1"])
    with pytest.raises(StoreError, match="already: 'studio'"):
        await accounts.update("shop", "api_key", "key-1", ["by key-1"])
    assert (await accounts.account("shop")).credential == api_key("key-2")


async def test_accounts_from_before_get_to_be_known_by_their_keys(accounts: StoredAccounts) -> None:
    await accounts.add("studio", "api_key", "key-1")
    await accounts.add("twin", "api_key", "key-1")
    await accounts.add("shop", "access_token", "token-1")
    await accounts.know_keys(lambda key: [f"by {key}"])
    studio = (await accounts.account("studio")).id
    assert await accounts.connected_as(["by key-1"]) == studio
    assert await accounts.connected_as(["by token-1"]) is None
