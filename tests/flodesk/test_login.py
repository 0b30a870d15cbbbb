"""A login whose tokens are renewed, against the sandbox, on virtual time. What is kept is kept in memory."""

import anyio
import httpx2
import pytest
from pydantic import SecretStr

from flodesk_mcp.flodesk import (
    BASE_URL,
    BearerToken,
    FlodeskClient,
    FlodeskError,
    NotRenewed,
    ServerError,
    SignInAgain,
    identity_of,
)
from flodesk_mcp.flodesk.login import QUIET_SECONDS, OAuthLogin
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox

from .kept import Kept

pytestmark = pytest.mark.anyio

BACK = "https://mcp.example.com/back"
TOKEN = "/oauth2/token"
DAY = 86_400
WHERE = "https://mcp.example.com/connect"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(requests_per_minute=10_000)


def oauth_at(http: httpx2.AsyncClient, secret: str = SANDBOX_CLIENT_SECRET) -> OAuthClient:
    return OAuthClient(SANDBOX_CLIENT_ID, SecretStr(secret), http=http, base_url=BASE_URL, now=anyio.current_time)


@pytest.fixture
def oauth(http: httpx2.AsyncClient) -> OAuthClient:
    return oauth_at(http)


@pytest.fixture
async def kept(oauth: OAuthClient, sandbox: Sandbox) -> Kept:
    return Kept(await oauth.exchange(sandbox.grant(BACK), BACK))


def process(kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient | None) -> FlodeskClient:
    """The account's client in a process of its own."""
    refresh = oauth.refresh if oauth else None
    login = OAuthLogin(
        "account-1", kept.pair, kept, refresh, sign_in_at=WHERE, ended=kept.ended, now=anyio.current_time
    )
    return FlodeskClient(login, identity="account-1", http=http)


@pytest.fixture
async def flodesk(kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient) -> FlodeskClient:
    return process(kept, http, oauth)


def refreshes(sandbox: Sandbox) -> int:
    """How often Flodesk was asked for tokens since somebody signed in."""
    return sum(request.path == TOKEN for request in sandbox.requests) - 1


def calls(sandbox: Sandbox) -> list[int | None]:
    return [request.status for request in sandbox.requests if request.path != TOKEN]


async def at_once(flodesk: FlodeskClient, times: int) -> list[FlodeskError]:
    errors: list[FlodeskError] = []

    async def call() -> None:
        try:
            await flodesk.webhooks.list()
        except FlodeskError as error:
            errors.append(error)

    async with anyio.create_task_group() as tasks:
        for _ in range(times):
            tasks.start_soon(call)
    return errors


async def test_shortly_before_its_end_a_token_is_renewed_once_for_all(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await anyio.sleep(DAY - 59)
    assert await at_once(flodesk, 50) == []
    assert (refreshes(sandbox), set(calls(sandbox))) == (1, {200})


async def test_a_token_that_ended_early_meets_a_401_is_renewed_once_and_every_call_goes_through(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    sandbox.expire_tokens()
    assert await at_once(flodesk, 50) == []
    assert refreshes(sandbox) == 1
    assert calls(sandbox).count(200) == 50


async def test_what_another_process_has_stored_is_taken_instead_of_a_refresh(
    flodesk: FlodeskClient, kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient, sandbox: Sandbox
) -> None:
    other = process(kept, http, oauth)
    sandbox.expire_tokens()
    assert await at_once(other, 1) == []
    assert await at_once(flodesk, 5) == []
    assert refreshes(sandbox) == 1


async def test_the_new_pair_is_stored_before_it_is_used(flodesk: FlodeskClient, kept: Kept, sandbox: Sandbox) -> None:
    await anyio.sleep(DAY)
    await flodesk.webhooks.list()
    request = sandbox.requests[-1]
    assert request.credential == kept.pair.access_token.get_secret_value()
    assert request.at >= DAY + 0.1  # which is what storing takes


async def test_a_401_of_a_new_token_is_told_and_not_tried_again(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("status", status=401, path="/webhooks", times=2))
    (error,) = await at_once(flodesk, 1)
    assert str(error).startswith("Flodesk answered 401.")
    assert refreshes(sandbox) == 1


async def test_a_refused_login_says_where_to_sign_in_and_asks_flodesk_nothing_more(
    flodesk: FlodeskClient, kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient, sandbox: Sandbox
) -> None:
    sandbox.reset()  # Flodesk forgets the login
    errors = await at_once(flodesk, 50)
    assert {type(error) for error in errors} == {SignInAgain}
    assert WHERE in str(errors[0])
    arrived = len(sandbox.requests)
    assert [type(error) for error in await at_once(flodesk, 3)] == [SignInAgain] * 3
    assert [type(error) for error in await at_once(process(kept, http, oauth), 3)] == [SignInAgain] * 3
    assert len(sandbox.requests) == arrived


async def test_who_signs_in_again_goes_on_with_the_same_client(
    flodesk: FlodeskClient, kept: Kept, oauth: OAuthClient, sandbox: Sandbox
) -> None:
    sandbox.reset()
    await at_once(flodesk, 1)
    kept.pair, kept.ended = await oauth.exchange(sandbox.grant(BACK), BACK), False
    assert await at_once(flodesk, 5) == []


@pytest.mark.parametrize("kind", ["drop_after", "hang_after", "malformed"])
async def test_a_lost_answer_is_asked_for_once_more_and_then_somebody_must_sign_in(
    flodesk: FlodeskClient, sandbox: Sandbox, kind: str
) -> None:
    sandbox.expire_tokens()
    sandbox.fail(Fault(kind, path=TOKEN))  # type: ignore[arg-type] # they are kinds
    errors = await at_once(flodesk, 10)
    assert {type(error) for error in errors} == {SignInAgain}
    assert refreshes(sandbox) == 2


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (Fault("status", status=500, times=2, path=TOKEN), 2),
        (Fault("status", status=429, path=TOKEN), 1),
        (Fault("html", times=2, path=TOKEN), 2),
        (Fault("hang", times=2, path=TOKEN), 2),
        (Fault("refuse", times=2, path=TOKEN), 0),
        (Fault("status", status=403, path=TOKEN), 1),
    ],
    ids=str,
)
async def test_trouble_fails_who_is_there_and_after_some_seconds_a_call_renews(
    flodesk: FlodeskClient, sandbox: Sandbox, fault: Fault, asked: int
) -> None:
    await anyio.sleep(DAY)
    sandbox.fail(fault)
    errors = await at_once(flodesk, 10)
    assert [type(error) for error in errors] == [NotRenewed] * 10
    assert "Nothing was sent" in str(errors[0])
    assert refreshes(sandbox) == asked
    assert len(await at_once(flodesk, 10)) == 10
    assert refreshes(sandbox) == asked
    await anyio.sleep(QUIET_SECONDS)
    assert await at_once(flodesk, 10) == []
    assert refreshes(sandbox) == asked + 1


async def test_flodesk_is_not_asked_again_before_it_wants_to_be(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    await anyio.sleep(DAY)
    sandbox.fail(Fault("status", status=429, retry_after=40, path=TOKEN))
    (error,) = await at_once(flodesk, 1)
    assert "in 40 s" in str(error)
    await anyio.sleep(39)
    assert len(await at_once(flodesk, 1)) == 1
    await anyio.sleep(1)
    assert await at_once(flodesk, 1) == []
    assert refreshes(sandbox) == 2


async def test_a_token_that_has_not_ended_goes_on_while_flodesk_has_trouble(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    await anyio.sleep(DAY - 30)
    sandbox.fail(Fault("status", status=500, times=2, path=TOKEN))
    assert await at_once(flodesk, 1) == []
    assert await at_once(flodesk, 1) == []
    assert refreshes(sandbox) == 2
    await anyio.sleep(QUIET_SECONDS)
    assert await at_once(flodesk, 1) == []
    assert refreshes(sandbox) == 3


async def test_a_renewal_goes_on_when_who_began_it_goes_away(
    flodesk: FlodeskClient, kept: Kept, sandbox: Sandbox
) -> None:
    before = kept.pair
    await anyio.sleep(DAY)
    with anyio.move_on_after(0.05) as left:  # in the middle of storing
        await flodesk.webhooks.list()
    assert left.cancelled_caught
    assert kept.pair != before
    assert await at_once(flodesk, 5) == []
    assert refreshes(sandbox) == 1


async def test_a_pair_that_could_not_be_stored_is_not_used_and_stored_by_the_next_call(
    flodesk: FlodeskClient, kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient, sandbox: Sandbox
) -> None:
    await anyio.sleep(DAY)
    kept.fails = 1
    assert [type(error) for error in await at_once(flodesk, 3)] == [NotRenewed] * 3
    assert calls(sandbox) == []
    # Meanwhile another process finds out that the old pair is used up.
    assert [type(error) for error in await at_once(process(kept, http, oauth), 1)] == [SignInAgain]
    await anyio.sleep(QUIET_SECONDS)
    assert await at_once(flodesk, 3) == []
    assert refreshes(sandbox) == 2


async def test_a_wrong_client_is_the_operators_mistake_and_ends_no_login(
    kept: Kept, http: httpx2.AsyncClient, oauth: OAuthClient, sandbox: Sandbox
) -> None:
    await anyio.sleep(DAY)
    (error,) = await at_once(process(kept, http, oauth_at(http, "mistyped")), 1)
    assert "FLODESK_CLIENT_SECRET" in str(error)
    assert await at_once(process(kept, http, oauth), 1) == []


async def test_without_a_client_the_setting_is_named_once_the_token_has_ended(
    kept: Kept, http: httpx2.AsyncClient
) -> None:
    flodesk = process(kept, http, None)
    assert await at_once(flodesk, 1) == []
    await anyio.sleep(DAY)
    (error,) = await at_once(flodesk, 1)
    assert "FLODESK_CLIENT_ID" in str(error)


async def test_a_write_in_doubt_stays_so_when_the_token_ends_before_it_is_repeated(
    flodesk: FlodeskClient, sandbox: Sandbox
) -> None:
    await anyio.sleep(DAY - 60.2)
    sandbox.fail(Fault("status", status=500, method="PUT"))
    sandbox.fail(Fault("status", status=500, times=2, path=TOKEN))
    sandbox.fail(Fault("status", status=401, method="PUT"))
    sandbox.fail(Fault("status", status=500, times=2, path=TOKEN))
    with pytest.raises(ServerError) as raised:
        await flodesk.webhooks.update("none", name="Feed")
    assert raised.value.in_doubt


async def test_identity_and_quota_stay_with_a_new_token(flodesk: FlodeskClient, kept: Kept, sandbox: Sandbox) -> None:
    login, before = flodesk.credential, identity_of(flodesk.credential)
    await flodesk.webhooks.list()
    left = flodesk.requests_left
    sandbox.expire_tokens()
    await flodesk.webhooks.list()
    assert flodesk.credential is login
    assert (identity_of(login), flodesk.identity) == (before, "account-1")
    assert flodesk.requests_left == left - 2  # the one that met the 401 may have counted, too
    assert repr(login) == f"OAuthLogin({before[:8]})"


async def test_a_credential_that_was_replaced_under_way_is_tried_once_more(
    http: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    flodesk = FlodeskClient(BearerToken("token-old"), http=http)

    async def replace() -> None:
        flodesk.credential = BearerToken("sandbox-token")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(flodesk.webhooks.list)
        tasks.start_soon(replace)
    assert calls(sandbox) == [401, 200]
