"""Accounts that somebody signed in to, and their tokens."""

import anyio
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredLogins, StoreError, new_key
from flodesk_mcp.token_pair import TokenPair

from .conftest import Clock

pytestmark = pytest.mark.anyio


def pair(name: str) -> TokenPair:
    return TokenPair(SecretStr(f"access-{name}"), SecretStr(f"refresh-{name}"), 1_800_086_400)


FIRST, SECOND, THIRD = pair("first"), pair("second"), pair("third")


@pytest.fixture
def logins(database: Database, sealer: Sealer, clock: Clock) -> StoredLogins:
    return StoredLogins(database, sealer, clock)


async def signed_in(accounts: StoredAccounts, identity: str = "flodesk 1", tokens: TokenPair = FIRST) -> str:
    return (await accounts.connect(identity, "Studio", "oauth", tokens.secret())).id


async def test_who_signs_in_again_finds_the_same_account(accounts: StoredAccounts, logins: StoredLogins) -> None:
    first = await signed_in(accounts)
    assert await signed_in(accounts, tokens=SECOND) == first
    assert await logins.read(first) == SECOND
    assert [account.name for account in await accounts.list()] == ["Studio"]


async def test_somebody_else_gets_an_account_of_their_own_whatever_its_name(accounts: StoredAccounts) -> None:
    first, other = await signed_in(accounts), await signed_in(accounts, "flodesk 2", SECOND)
    assert first != other
    assert [account.name for account in await accounts.list()] == ["Studio", f"Studio {other[:8]}"]


async def test_the_same_person_twice_at_once_is_one_account(accounts: StoredAccounts) -> None:
    found: set[str] = set()

    async def sign_in() -> None:
        found.add(await signed_in(accounts))

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(sign_in)
    assert len(found) == 1


async def test_an_api_key_is_connected_in_the_same_way(accounts: StoredAccounts) -> None:
    first = await accounts.connect("key 1", "Studio", "api_key", "key-1")
    again = await accounts.connect("key 1", "Studio", "api_key", "key-1")
    assert (again.id, again.credential) == (first.id, first.credential)


async def test_tokens_are_replaced_and_only_those_that_were_used(
    accounts: StoredAccounts, logins: StoredLogins
) -> None:
    account = await signed_in(accounts)
    assert await logins.replace(account, FIRST, SECOND) == SECOND
    assert await logins.replace(account, FIRST, THIRD) == SECOND
    assert await logins.read(account) == SECOND


async def test_an_ended_sign_in_is_marked_until_somebody_signs_in_again(
    accounts: StoredAccounts, logins: StoredLogins
) -> None:
    account = await signed_in(accounts)
    await logins.give_up(account, SECOND)
    assert await logins.read(account) == FIRST
    await logins.give_up(account, FIRST)
    assert await logins.read(account) is None
    assert (await accounts.account("Studio")).signed_out
    await signed_in(accounts, tokens=SECOND)
    assert await logins.read(account) == SECOND
    assert not (await accounts.account("Studio")).signed_out


async def test_an_account_that_is_gone_says_so(accounts: StoredAccounts, logins: StoredLogins) -> None:
    account = await signed_in(accounts)
    await accounts.remove("Studio")
    for doing in (logins.read(account), logins.replace(account, FIRST, SECOND), logins.give_up(account, FIRST)):
        with pytest.raises(StoreError, match="no longer stored"):
            await doing


async def test_no_token_is_in_the_database_in_plain_sight(accounts: StoredAccounts, database: Database) -> None:
    await signed_in(accounts)
    async with database.sessions() as session:
        rows = (await session.execute(text("SELECT * FROM accounts"))).all()
    assert "access-first" not in repr(rows)
    assert "refresh-first" not in repr(rows)


async def test_resealing_keeps_what_a_renewal_has_just_stored(accounts: StoredAccounts, logins: StoredLogins) -> None:
    account = await signed_in(accounts)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(accounts.reseal)
        tasks.start_soon(logins.replace, account, FIRST, SECOND)
    assert await logins.read(account) == SECOND


async def test_without_the_key_a_login_is_not_read(database: Database, accounts: StoredAccounts, clock: Clock) -> None:
    account = await signed_in(accounts)
    stranger = StoredLogins(database, Sealer(SecretStr(new_key())), clock)
    with pytest.raises(StoreError, match="None of FLODESK_ENCRYPTION_KEYS"):
        await stranger.read(account)


async def test_one_at_a_time_and_each_account_for_itself(url: str, logins: StoredLogins, sealer: Sealer) -> None:
    other = Database(url)  # as another process would have it
    others = StoredLogins(other, sealer)
    order: list[str] = []

    async def second() -> None:
        async with others.alone("one"):
            order.append("second")

    async with anyio.create_task_group() as tasks, logins.alone("one"):
        tasks.start_soon(second)
        async with others.alone("another"):
            await anyio.sleep(0.2)
        order.append("first")
    await other.aclose()
    assert order == ["first", "second"]


async def test_who_waits_too_long_for_another_is_told(
    url: str, logins: StoredLogins, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flodesk_mcp.store.database.ALONE_WITHIN_SECONDS", 0.1)
    other = Database(url)
    async with logins.alone("one"):
        with pytest.raises(StoreError, match="does not answer"):
            async with StoredLogins(other, sealer).alone("one"):
                pass
    async with StoredLogins(other, sealer).alone("one"):
        pass
    await other.aclose()
