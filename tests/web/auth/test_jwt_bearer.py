"""The mode `oauth`: tokens of an identity provider."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.responses import Response

from flodesk_mcp.flodesk import open_http
from flodesk_mcp.store import StoredAccounts, StoredSubjects, StoredTokens
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.jwt_bearer import Keys

from ..calls import LIST_SEGMENTS, Hosted, segments_of, tools_of
from .identity_provider import AUDIENCE, ISSUER, LINKED, IdentityProvider

pytestmark = pytest.mark.anyio

State = tuple[StoredAccounts, StoredTokens]


@pytest.fixture
async def client(hosted: Hosted, subjects: StoredSubjects, jwks_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    await subjects.link("ann", ISSUER, LINKED)
    async with hosted(auth="oauth", oauth_issuer=ISSUER, oauth_audience=AUDIENCE, oauth_jwks_url=jwks_url) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_person_gets_to_the_account_that_is_linked(
    client: httpx2.AsyncClient, provider: IdentityProvider
) -> None:
    assert await segments_of(client, bearer(provider.token())) == ["Friends of ann"]


async def test_what_is_not_signed_current_and_for_this_server_is_a_401(
    client: httpx2.AsyncClient, provider: IdentityProvider
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header, claims, _ = provider.token().split(".")
    unsigned = jwt.encode({"sub": LINKED}, "", algorithm="none")
    wrong = {
        "another audience": provider.token(aud="https://other.example.com/mcp"),
        "no audience": provider.token(aud=None),
        "another issuer": provider.token(iss="https://evil.example.com"),
        "expired": provider.token(exp=int(time.time()) - 3600),
        "without end": provider.token(exp=None),
        "not yet": provider.token(nbf=int(time.time()) + 3600),
        "nobody's": provider.token(sub=None),
        "a stranger's signature": provider.token(private=stranger),
        "no signature": f"{header}.{claims}.",
        "algorithm none": unsigned,
        "the public key as a secret": hmac_signed(provider),
        "no JWT": "a.b.c",
    }
    for what, token in wrong.items():
        answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))
        assert answer.status_code == 401, what
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"], what


def hmac_signed(provider: IdentityProvider) -> str:
    """Sign with HS256 and the public key, as a server falls for that believes the token's own algorithm."""
    import base64
    import hashlib
    import hmac

    def part(content: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=")

    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": LINKED, "exp": int(time.time()) + 300, "scope": "flodesk:read"}
    signed = part({"alg": "HS256", "kid": "first"}) + b"." + part(claims)
    signature = hmac.digest(provider.public_pem(), signed, hashlib.sha256)
    return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


async def test_a_token_without_scope_is_forbidden_and_told_which_one_is_missing(
    client: httpx2.AsyncClient, provider: IdentityProvider
) -> None:
    answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(provider.token(scope="openid")))
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert 'scope="flodesk:read"' in answer.headers["WWW-Authenticate"]


async def test_without_the_scope_to_write_only_reading_is_open(
    client: httpx2.AsyncClient, provider: IdentityProvider
) -> None:
    tools = await tools_of(client, bearer(provider.token(scope="flodesk:read")))
    assert "list_all_flodesk_segments" in tools
    assert "create_a_flodesk_segment" not in tools


async def test_a_person_without_an_account_is_forbidden(
    client: httpx2.AsyncClient, provider: IdentityProvider, subjects: StoredSubjects
) -> None:
    await subjects.link("ben", "https://other.example.com", "person-2")
    answer = await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(provider.token(sub="person-2")))
    assert answer.status_code == 403


async def test_a_client_learns_where_to_get_a_token(client: httpx2.AsyncClient) -> None:
    refused = await client.post("/mcp", json=LIST_SEGMENTS)
    where = "https://flodesk.example.com/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{where}"' in refused.headers["WWW-Authenticate"]
    for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
        metadata = (await client.get(path)).json()
        assert metadata["resource"] == AUDIENCE
        assert metadata["authorization_servers"] == [ISSUER]
        assert metadata["scopes_supported"] == ["flodesk:read", "flodesk:write"]


async def test_tokens_with_unknown_keys_ask_the_provider_once(
    client: httpx2.AsyncClient, provider: IdentityProvider
) -> None:
    await segments_of(client, bearer(provider.token()))
    asked = provider.asked
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for number in range(20):
        token = provider.token(private=stranger, key=f"unknown-{number}")
        assert (await client.post("/mcp", json=LIST_SEGMENTS, headers=bearer(token))).status_code == 401
    assert provider.asked == asked


async def test_a_provider_that_is_not_there_is_not_the_callers_fault(
    hosted: Hosted, state: State, provider: IdentityProvider
) -> None:
    gone = "http://127.0.0.1:9/jwks"
    async with hosted(auth="oauth", oauth_issuer=ISSUER, oauth_audience=AUDIENCE, oauth_jwks_url=gone) as running:
        answer = await running.post("/mcp", json=LIST_SEGMENTS, headers=bearer(provider.token()))
        ready = await running.get("/readyz")
    assert (answer.status_code, ready.status_code) == (503, 503)
    assert ready.json()["checks"]["identity_provider"] == "unavailable"


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"{}", b"null", b"too long"])
async def test_what_cannot_be_a_providers_keys_is_not_taken_for_them(provider: IdentityProvider, body: bytes) -> None:
    if body == b"too long":
        keys = json.loads(bytes((await provider._jwks(None)).body))
        body = json.dumps(keys | {"padding": "x" * 300_000}).encode()
    async with open_http(httpx2.ASGITransport(Response(body))) as http:
        with pytest.raises(AuthError) as refused:
            await Keys(http, "https://login.example.com/jwks").key("first")
    assert refused.value.status == 503


class Clock:
    """The time that keys go by."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rotating() -> IdentityProvider:
    return IdentityProvider()


@pytest.fixture
async def keys(rotating: IdentityProvider, clock: Clock) -> AsyncIterator[Keys]:
    async with open_http(httpx2.ASGITransport(rotating.app)) as http:
        yield Keys(http, "https://login.example.com/jwks", clock)


def new_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


async def test_a_new_key_is_fetched_once_a_minute_has_passed(
    keys: Keys, rotating: IdentityProvider, clock: Clock
) -> None:
    assert await keys.key("first") is not None
    rotating.rotate(first=new_key(), second=new_key())
    clock.now += 59
    assert await keys.key("second") is None
    clock.now += 1
    assert await keys.key("second") is not None
    assert rotating.asked == 2


async def test_an_old_key_is_forgotten_when_a_new_one_is_fetched(
    keys: Keys, rotating: IdentityProvider, clock: Clock
) -> None:
    assert await keys.key("first") is not None
    rotating.rotate(second=new_key())
    clock.now += 61
    assert await keys.key("second") is not None
    assert await keys.key("first") is None


async def test_an_old_key_is_forgotten_within_an_hour_even_if_nobody_uses_a_new_one(
    keys: Keys, rotating: IdentityProvider, clock: Clock
) -> None:
    assert await keys.key("first") is not None
    rotating.rotate(second=new_key())
    clock.now += 3599
    assert await keys.key("first") is not None
    assert rotating.asked == 1
    clock.now += 1
    assert await keys.key("first") is None


async def test_known_keys_stay_good_while_the_provider_is_away(
    keys: Keys, rotating: IdentityProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await keys.key("first") is not None
    monkeypatch.setattr(rotating.app.router, "routes", [])
    for _ in range(3):
        clock.now += 3601
        assert await keys.key("first") is not None
        assert await keys.key("second") is None


async def test_the_provider_is_asked_once_for_all_who_wait(keys: Keys, rotating: IdentityProvider) -> None:
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(keys.key, "first")
    assert rotating.asked == 1
