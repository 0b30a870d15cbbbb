"""What people granted, over time: on both kinds of database."""

import pytest
from sqlalchemy import func, select

from flodesk_mcp.store import (
    Allowance,
    Asked,
    Database,
    EndedGrant,
    Granted,
    IssuedTokens,
    Sealer,
    StoredAccounts,
    StoredAttempts,
    StoredClients,
    StoredGrants,
    StoredGrantTokens,
    StoredSignIns,
)
from flodesk_mcp.store.models import AttemptRow, Base, ClientRow, CodeRow, GrantRow, GrantTokenRow, SignInRow

from .conftest import Clock

pytestmark = pytest.mark.anyio

DAY = 86_400
ASKED = Asked("client", "Agent", "https://agent.example.com/x", True, None, "flodesk:read", "c" * 43)


class Granting:
    """A person who connects clients."""

    def __init__(self, database: Database, sealer: Sealer, accounts: StoredAccounts, clock: Clock) -> None:
        self.database, self.clock, self.accounts = database, clock, accounts
        self.sign_ins = StoredSignIns(database, clock)
        self.tokens = StoredGrantTokens(database, clock)
        self.grants = StoredGrants(database, sealer, clock)

    async def code(self) -> str:
        account = await self.accounts.connect("key 1", "Studio", "api_key", "key-1")
        granted = Granted(account.id, "agent.example.com", "flodesk:read", "segments", "shown")
        code = await self.sign_ins.approve(await self.sign_ins.begin(ASKED), granted)
        assert code
        return code

    async def connect(self) -> IssuedTokens:
        issued = await self.tokens.redeem(await self.code())
        assert isinstance(issued, IssuedTokens)
        return issued

    async def refresh(self, token: str) -> IssuedTokens | EndedGrant | None:
        return await self.tokens.refresh(token, "client", None)

    async def rows(self, table: type[Base]) -> int:
        async with self.database.reading() as session:
            return (await session.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.fixture
def granting(database: Database, sealer: Sealer, accounts: StoredAccounts, clock: Clock) -> Granting:
    return Granting(database, sealer, accounts, clock)


async def test_within_the_grace_the_same_tokens_come_again_and_then_the_family_ends(
    granting: Granting, clock: Clock
) -> None:
    first = await granting.connect()
    second = await granting.refresh(first.refresh_token)
    assert isinstance(second, IssuedTokens)
    third = await granting.refresh(second.refresh_token)
    assert isinstance(third, IssuedTokens)
    clock.now += 30
    again = await granting.refresh(first.refresh_token)
    assert isinstance(again, IssuedTokens)
    assert (again.access_token, again.refresh_token) == (second.access_token, second.refresh_token)
    assert again.expires_in == 3570
    assert await granting.grants.find(third.access_token) is not None
    clock.now += 1
    assert await granting.refresh(first.refresh_token) == EndedGrant(first.grant_id)
    assert await granting.refresh(third.refresh_token) is None
    assert await granting.grants.find(third.access_token) is None


async def test_an_access_token_opens_its_account_for_an_hour(granting: Granting, clock: Clock) -> None:
    tokens = await granting.connect()
    found = await granting.grants.find(tokens.access_token)
    assert found is not None
    assert found.account.credential.secret.get_secret_value() == "key-1"
    assert await granting.grants.valid([found.id]) == {found.id: found.credential_mark}
    assert await granting.grants.find(tokens.refresh_token) is None
    clock.now += 3600
    assert await granting.grants.find(tokens.access_token) is None
    assert await granting.grants.valid([found.id]) == {}


async def test_the_last_use_is_noted(granting: Granting, clock: Clock) -> None:
    tokens = await granting.connect()
    clock.now += 100
    await granting.grants.find(tokens.access_token)
    await granting.grants.uses.store()
    (info,) = await granting.grants.list()
    assert (info.connected_at, info.last_used_at) == (int(clock.now) - 100, int(clock.now))


async def test_what_is_over_is_forgotten_in_its_time(granting: Granting, clock: Clock) -> None:
    await granting.code()  # which nobody fetches
    tokens = await granting.connect()
    for seconds, grants, codes in ((0, 2, 2), (3601, 1, 1)):
        clock.now += seconds
        await granting.grants.sweep()
        assert (await granting.rows(GrantRow), await granting.rows(CodeRow)) == (grants, codes)
    assert isinstance(await granting.refresh(tokens.refresh_token), IssuedTokens)
    assert await granting.rows(GrantTokenRow) == 3  # the first access token is over
    clock.now += 91 * DAY
    await granting.grants.sweep()
    assert await granting.rows(GrantTokenRow) == 0
    assert await granting.rows(GrantRow) == 0


async def test_a_grant_that_was_cut_off_is_listed_for_a_month(granting: Granting, clock: Clock) -> None:
    tokens = await granting.connect()
    await granting.grants.revoke(tokens.grant_id)
    for days, listed in ((29, 1), (2, 0)):
        clock.now += days * DAY
        await granting.grants.sweep()
        assert len(await granting.grants.list()) == listed
    assert await granting.rows(GrantTokenRow) == 0


async def test_an_account_that_is_removed_takes_its_clients_along(granting: Granting) -> None:
    tokens = await granting.connect()
    await granting.code()
    await granting.accounts.remove("Studio")
    assert await granting.grants.find(tokens.access_token) is None
    for table in (GrantRow, GrantTokenRow, CodeRow):
        assert await granting.rows(table) == 0


async def test_a_key_is_found_again_when_encryption_keys_are_rotated(accounts: StoredAccounts) -> None:
    first = await accounts.connect("old hash", "Studio", "api_key", "key-1")
    second = await accounts.connect("new hash", "Studio", "api_key", "key-1", formerly=["old hash"])
    third = await accounts.connect("new hash", "Studio", "api_key", "key-1")
    assert first.id == second.id == third.id
    assert await accounts.connected_as(["old hash"]) is None


async def test_clients_and_requests_are_forgotten_in_their_time(
    database: Database, clock: Clock, granting: Granting
) -> None:
    clients, sign_ins = StoredClients(database, clock), granting.sign_ins
    for name in ("used", "unused"):
        await clients.register(name, "{}", None)
    await clients.note_use("used")
    await sign_ins.begin(ASKED)
    clock.now += DAY
    await clients.sweep()
    await sign_ins.sweep()
    assert await granting.rows(SignInRow) == 0
    assert await clients.get("unused") is None
    assert await clients.get("used") is not None
    clock.now += 180 * DAY
    await clients.sweep()
    assert await granting.rows(ClientRow) == 0


async def test_attempts_count_for_their_time_and_address(database: Database, clock: Clock, granting: Granting) -> None:
    attempts, twice = StoredAttempts(database, clock), Allowance("key", 2, 60)
    first = await attempts.begin(twice, "a")
    assert first is not None
    assert await attempts.begin(twice, "a") is not None
    assert await attempts.begin(twice, "a") is None
    assert await attempts.begin(twice, "b") is not None
    await attempts.forgive(first)
    assert await attempts.begin(twice, "a") is not None
    clock.now += 60
    assert await attempts.begin(twice, "a") is not None
    await attempts.sweep(60)
    assert await granting.rows(AttemptRow) == 1
