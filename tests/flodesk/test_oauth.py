"""Our client at Flodesk's OAuth, against the sandbox that plays it."""

from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from flodesk_mcp.flodesk import (
    BASE_URL,
    BadRequest,
    FlodeskError,
    NoAnswer,
    ServerError,
    StatusError,
    TooManyRequests,
    Unauthorized,
    UnreadableAnswer,
)
from flodesk_mcp.flodesk.oauth import SHORTEST_SECONDS, OAuthClient
from flodesk_mcp.sandbox import SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Fault, Sandbox
from flodesk_mcp.token_pair import TokenPair

pytestmark = pytest.mark.anyio

BACK = "https://mcp.example.com/back"
NOW = 1_800_000_000
TOKEN = "/oauth2/token"


@pytest.fixture
def oauth(http: httpx2.AsyncClient) -> OAuthClient:
    return client(http, SANDBOX_CLIENT_SECRET)


def client(http: httpx2.AsyncClient, secret: str) -> OAuthClient:
    return OAuthClient(SANDBOX_CLIENT_ID, SecretStr(secret), http=http, base_url=BASE_URL, now=lambda: NOW)


async def signed_in(oauth: OAuthClient, sandbox: Sandbox) -> TokenPair:
    return await oauth.exchange(sandbox.grant(BACK), BACK)


def asked(sandbox: Sandbox) -> int:
    return sum(request.path == TOKEN for request in sandbox.requests)


async def test_a_person_is_sent_to_flodesk_with_who_asks_and_where_to_return(oauth: OAuthClient) -> None:
    address = urlsplit(oauth.authorize_url(BACK, "a state", code_challenge="c"))
    assert (address.scheme, address.netloc, address.path) == ("https", "api.flodesk.com", "/oauth2/authorize")
    assert dict(parse_qsl(address.query)) == {
        "client_id": SANDBOX_CLIENT_ID,
        "redirect_uri": BACK,
        "response_type": "code",
        "state": "a state",
        "code_challenge": "c",
        "code_challenge_method": "S256",
    }
    assert "code_challenge" not in oauth.authorize_url(BACK, "s")


async def test_the_endpoints_are_where_the_api_is(http: httpx2.AsyncClient) -> None:
    oauth = OAuthClient("id", SecretStr("s"), http=http, base_url="http://127.0.0.1:8765/v1/")
    assert oauth.authorize_url(BACK, "s").startswith("http://127.0.0.1:8765/oauth2/authorize?")


async def test_a_code_becomes_a_pair_that_ends_in_a_day_and_says_whose_it_is(
    oauth: OAuthClient, sandbox: Sandbox
) -> None:
    pair = await signed_in(oauth, sandbox)
    assert pair.expires_at == NOW + 86_400
    assert (await oauth.userinfo(pair)).email == "rowan@example.com"


async def test_a_refresh_replaces_the_pair(oauth: OAuthClient, sandbox: Sandbox) -> None:
    first = await signed_in(oauth, sandbox)
    second = await oauth.refresh(first)
    assert (await oauth.userinfo(second)).id
    with pytest.raises(Unauthorized):
        await oauth.userinfo(first)
    with pytest.raises(BadRequest):
        await oauth.refresh(first)


async def test_a_wrong_code_is_a_bad_request_and_a_wrong_client_unauthorized(
    oauth: OAuthClient, http: httpx2.AsyncClient, sandbox: Sandbox
) -> None:
    with pytest.raises(BadRequest):
        await oauth.exchange("no code", BACK)
    with pytest.raises(Unauthorized):
        await client(http, "another secret").exchange(sandbox.grant(BACK), BACK)


async def test_a_code_is_never_sent_twice(oauth: OAuthClient, sandbox: Sandbox) -> None:
    sandbox.fail(Fault("drop_before", path=TOKEN))
    with pytest.raises(NoAnswer):
        await signed_in(oauth, sandbox)
    assert asked(sandbox) == 1


@pytest.mark.parametrize("kind", ["status", "html", "hang", "refuse", "drop_before"])
async def test_a_refresh_that_came_to_nothing_is_tried_once_more(
    oauth: OAuthClient, sandbox: Sandbox, kind: str
) -> None:
    pair = await signed_in(oauth, sandbox)
    sandbox.fail(Fault(kind, path=TOKEN))  # type: ignore[arg-type] # they are kinds
    assert (await oauth.refresh(pair)) != pair


@pytest.mark.parametrize("kind", ["drop_after", "hang_after", "malformed", "huge"])
async def test_a_refresh_whose_answer_is_lost_is_refused_the_second_time(
    oauth: OAuthClient, sandbox: Sandbox, kind: str
) -> None:
    pair = await signed_in(oauth, sandbox)
    sandbox.fail(Fault(kind, path=TOKEN))  # type: ignore[arg-type]
    with pytest.raises(BadRequest):
        await oauth.refresh(pair)
    assert asked(sandbox) == 3


@pytest.mark.parametrize(
    ("fault", "error", "times"),
    [
        (Fault("status", status=500, times=9), ServerError, 2),
        (Fault("html", times=9), ServerError, 2),
        (Fault("hang", times=9), NoAnswer, 2),
        (Fault("status", status=200, body="{}", times=9), UnreadableAnswer, 2),
        (Fault("status", status=200, body="<html>", times=9), UnreadableAnswer, 2),
        (Fault("status", status=429, retry_after=7, times=9), TooManyRequests, 1),
        (Fault("status", status=403, times=9), StatusError, 1),
        (Fault("status", status=302, times=9), StatusError, 1),
    ],
    ids=str,
)
async def test_trouble_that_lasts_is_told_after_one_repeat_at_most(
    oauth: OAuthClient, sandbox: Sandbox, fault: Fault, error: type[FlodeskError], times: int
) -> None:
    pair = await signed_in(oauth, sandbox)
    sandbox.fail(fault)
    with pytest.raises(error):
        await oauth.refresh(pair)
    assert asked(sandbox) == 1 + times


@pytest.mark.parametrize("token", ["two words", "colour\n", "ñ", "", 7, None])
async def test_a_token_that_cannot_be_sent_is_unreadable_and_not_shown(
    oauth: OAuthClient, sandbox: Sandbox, token: object
) -> None:
    import json

    answer = json.dumps({"access_token": token, "refresh_token": "in-plain-sight", "expires_in": 86400})
    sandbox.fail(Fault("status", status=200, body=answer))
    with pytest.raises(UnreadableAnswer) as raised:
        await signed_in(oauth, sandbox)
    assert "in-plain-sight" not in str(raised.value)


@pytest.mark.parametrize(("expires_in", "seconds"), [("", 86_400), (', "expires_in": 1', SHORTEST_SECONDS)])
async def test_a_token_counts_for_a_day_unless_flodesk_says_otherwise(
    oauth: OAuthClient, sandbox: Sandbox, expires_in: str, seconds: int
) -> None:
    body = '{"access_token": "token-a", "refresh_token": "r"' + expires_in + "}"
    sandbox.fail(Fault("status", status=200, body=body))
    assert (await signed_in(oauth, sandbox)).expires_at == NOW + seconds


async def test_no_secret_is_in_a_repr_or_an_error(http: httpx2.AsyncClient, sandbox: Sandbox) -> None:
    oauth = client(http, SANDBOX_CLIENT_SECRET)
    pair = await signed_in(oauth, sandbox)
    shown = repr((oauth, vars(oauth), pair))
    with pytest.raises(StatusError) as raised:
        await client(http, "hidden-in-the-error").refresh(pair)
    shown += str(raised.value) + repr(raised.value)
    for secret in (
        SANDBOX_CLIENT_SECRET,
        "hidden-in-the-error",
        pair.access_token.get_secret_value(),
        pair.refresh_token.get_secret_value(),
    ):
        assert secret not in shown


def test_a_pair_goes_through_text_and_nothing_else_is_one() -> None:
    pair = TokenPair(SecretStr("a"), SecretStr("r"), NOW)
    assert TokenPair.of(pair.secret()) == pair
    for wrong in ("", "[]", "{}", "7", '{"access_token": "a", "refresh_token": "r", "expires_at": "never"}'):
        with pytest.raises(ValueError, match="no pair"):
            TokenPair.of(wrong)
