"""Credentials: on the wire as documented, nowhere else, and never mixed."""

import base64
import logging
import traceback

import httpx2
import pytest

from flodesk_mcp import __version__
from flodesk_mcp.flodesk import (
    ApiKey,
    BearerToken,
    Credential,
    FlodeskClient,
    FlodeskError,
    Unauthorized,
    identity_of,
    open_http,
)
from flodesk_mcp.sandbox import Fault, Sandbox, sample_account

from .operations import OPERATIONS, Operation, outcome

pytestmark = pytest.mark.anyio

SECRET = "fd_key_9f8e7d6c5b4a"
FAULTS = [
    Fault("status", status=403),
    Fault("refuse", times=9),
    Fault("drop_after", times=9),
    Fault("malformed", times=9),
]
SHOWN = (SECRET, base64.b64encode(f"{SECRET}:".encode()).decode())


class CookieSetting(httpx2.AsyncBaseTransport):
    """Keeps what arrives, and sets cookies in each answer."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        cookies = [
            ("Set-Cookie", f"session{number}=x; Path=/; Domain={domain}")
            for number, domain in enumerate(("api.flodesk.com", ".flodesk.com", "flodesk.com"))
        ]
        return httpx2.Response(200, headers=[*cookies, ("Set-Cookie", "plain=1")], json=[])


async def test_a_key_is_the_user_name_and_a_token_the_bearer() -> None:
    network = CookieSetting()
    async with open_http(network) as http:
        await FlodeskClient(ApiKey("key-1"), http=http).segments.colors()
        await FlodeskClient(BearerToken("token-1"), http=http).segments.colors()
    assert [request.headers["Authorization"] for request in network.requests] == [
        "Basic " + base64.b64encode(b"key-1:").decode(),
        "Bearer token-1",
    ]


async def test_a_cookie_is_never_sent_back() -> None:
    network = CookieSetting()
    async with open_http(network) as http:
        for credential in (ApiKey("one"), ApiKey("one"), ApiKey("two")):
            await FlodeskClient(credential, http=http).segments.colors()
    assert all("Cookie" not in request.headers for request in network.requests)
    assert len(network.requests) == 3


async def test_two_credentials_that_share_connections_never_mix() -> None:
    sandbox = Sandbox({"one": sample_account(), "two": sample_account()})
    async with open_http(sandbox.transport()) as http:
        one, two = (FlodeskClient(ApiKey(key), http=http) for key in ("one", "two"))
        await one.custom_fields.create("Only here")
        assert await one.custom_fields.resolve({"Only here": "x"}) == {"onlyHere": "x"}
        with pytest.raises(FlodeskError):
            await two.custom_fields.resolve({"Only here": "x"})
    assert [request.credential for request in sandbox.requests] == ["one", "one", "two"]


async def test_every_request_says_who_asks() -> None:
    network = CookieSetting()
    async with httpx2.AsyncClient(transport=network) as http:  # of a caller's own making
        await FlodeskClient(ApiKey("key"), http=http).segments.colors()
    (request,) = network.requests
    assert request.headers["User-Agent"] == f"flodesk-mcp/{__version__} (https://github.com/flodesk-mcp/flodesk-mcp)"
    assert request.headers["Accept"] == "application/json"


async def test_a_body_is_json_also_on_delete(flodesk: FlodeskClient, sandbox: Sandbox) -> None:
    with pytest.raises(FlodeskError):
        await flodesk.subscribers.remove_from_segments("nobody@example.com", ["s"])
    assert sandbox.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", [ApiKey, BearerToken])
@pytest.mark.parametrize("secret", ["", " ", "a b", "a\nb", "key\n", "kéy", "a\x00", "a\tb", "\ud800"])
def test_a_secret_that_is_no_single_word_is_refused_without_showing_it(kind: type[ApiKey], secret: str) -> None:
    with pytest.raises(ValueError, match="one word of printable ASCII") as refused:
        kind(secret)
    assert not secret.strip() or secret not in str(refused.value)


def test_a_key_with_a_colon_is_refused_because_only_its_first_half_would_count() -> None:
    with pytest.raises(ValueError, match="has no colon"):
        ApiKey("user:password")
    BearerToken("a:b")


@pytest.mark.parametrize("credential", [ApiKey(SECRET), BearerToken(SECRET)], ids=["key", "token"])
def test_a_repr_tells_credentials_apart_and_hides_them(credential: Credential) -> None:
    assert repr(credential) == str(credential) == f"{type(credential).__name__}({identity_of(credential)[:8]})"
    assert not any(shown in repr(credential) for shown in SHOWN)
    assert identity_of(ApiKey(SECRET)) == identity_of(ApiKey(SECRET)) != identity_of(BearerToken(SECRET))


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.kind)
async def test_no_log_error_or_traceback_shows_the_secret(
    operation: Operation, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox = Sandbox({SECRET: sample_account()})
    sandbox.fail(fault)
    async with open_http(sandbox.transport()) as http:
        flodesk = FlodeskClient(ApiKey(SECRET), http=http)
        error = await outcome(operation, flodesk)
    if error is None:
        assert operation.kind is None
        return
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()) + caplog.text
    told += repr(error) + repr(flodesk) + str(vars(flodesk))
    assert operation.name in told or operation.path in told
    assert not any(shown in told for shown in SHOWN)


async def test_a_wrong_credential_is_unauthorized(sandbox: Sandbox) -> None:
    async with open_http(sandbox.transport()) as http:
        with pytest.raises(Unauthorized) as refused:
            await FlodeskClient(ApiKey("wrong"), http=http).segments.list()
    assert refused.value.message == "Unauthorized access is denied!"
    assert len(sandbox.requests) == 1
