"""JWTs and keys as no identity provider should make them: refused like any other wrong token, and nothing breaks."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from flodesk_mcp.flodesk import open_http
from flodesk_mcp.store import StoredAccounts, StoredSubjects, StoredTokens
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.jwt_bearer import Keys

from ..calls import LIST_SEGMENTS, Hosted, segments_of
from ..serving import serve_in_thread
from .identity_provider import AUDIENCE, ISSUER, LINKED, IdentityProvider

pytestmark = pytest.mark.anyio

DEEP = "[" * 20_000


@pytest.fixture(autouse=True)
def _any_number_of_wrong_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flodesk_mcp.web.auth.wrong_proofs.MAX_WRONG", 1000)


@pytest.fixture
async def client(hosted: Hosted, subjects: StoredSubjects, jwks_url: str) -> AsyncIterator[httpx2.AsyncClient]:
    await subjects.link("ann", ISSUER, LINKED)
    async with hosted(auth="oauth", oauth_issuer=ISSUER, oauth_audience=AUDIENCE, oauth_jwks_url=jwks_url) as running:
        yield running


def signed(provider: IdentityProvider, claims: str, header: str = '{"alg": "RS256", "kid": "first"}') -> str:
    """Sign texts as they are: no library writes such tokens."""
    parts = [base64.urlsafe_b64encode(text.encode()).rstrip(b"=") for text in (header, claims)]
    content = b".".join(parts)
    signature = provider.private("first").sign(content, padding.PKCS1v15(), hashes.SHA256())
    return (content + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def claims(**given: str) -> str:
    """Return claims that are right but for those that are given as JSON."""
    right = {"iss": ISSUER, "aud": AUDIENCE, "sub": LINKED, "exp": int(time.time()) + 300, "scope": "flodesk:write"}
    told = {name: json.dumps(value) for name, value in right.items()} | given
    return "{" + ", ".join(f'"{name}": {value}' for name, value in told.items()) + "}"


ODD_CLAIMS = {
    "exp as text": claims(exp='"99999999999"'),
    "exp as a list": claims(exp="[99999999999]"),
    "exp as yes": claims(exp="true"),
    "exp without end": claims(exp="1e999"),
    "exp that is no number": claims(exp="NaN"),
    "a huge exp": claims(exp="9" * 400),
    "an exp of too many digits": claims(exp="9" * 5000),
    "a negative exp": claims(exp="-1"),
    "nbf as text": claims(nbf='"1"'),
    "nbf as an object": claims(nbf="{}"),
    "iat without end": claims(iat="1e999"),
    "iat as a list": claims(iat="[]"),
    "aud nested": claims(aud=f'[["{AUDIENCE}"]]'),
    "aud as an object": claims(aud=f'{{"{AUDIENCE}": 1}}'),
    "aud as a number": claims(aud="1"),
    "iss as a list": claims(iss=f'["{ISSUER}"]'),
    "sub as a number": claims(sub="1"),
    "sub as a list": claims(sub=f'["{LINKED}"]'),
    "sub as an object": claims(sub="{}"),
    "an empty sub": claims(sub='""'),
    "a blank sub": claims(sub='" "'),
    "a sub of megabytes": claims(sub=json.dumps("x" * 2_000_000)),
    "a sub with a zero byte": claims(sub=r'"person-1\u0000"'),
    "a sub with half a character": claims(sub=r'"\ud800"'),
    "scope as an object": claims(scope='{"flodesk:write": true}'),
    "scope as a number": claims(scope="1"),
    "scope as yes": claims(scope="true"),
    "scope nested": claims(scope='[["flodesk:write"]]'),
    "client_id as an object": claims(client_id='{"a": 1}'),
    "client_id of megabytes": claims(client_id=json.dumps("x" * 2_000_000)),
    "azp as a list": claims(azp='["a"]'),
    "jti as a list": claims(jti="[]"),
    "deep": claims(deep=DEEP),
    "a list": "[]",
    "a text": '"text"',
    "nothing": "null",
    "no JSON": "{",
}

ODD_HEADERS = {
    "alg as a list": '{"alg": ["RS256"], "kid": "first"}',
    "alg as an object": '{"alg": {}, "kid": "first"}',
    "kid as an object": '{"alg": "RS256", "kid": {}}',
    "kid as a list": '{"alg": "RS256", "kid": ["first"]}',
    "another algorithm": '{"alg": "ES256", "kid": "first"}',
    "crit": '{"alg": "RS256", "kid": "first", "crit": ["exp"]}',
    "crit as a number": '{"alg": "RS256", "kid": "first", "crit": 1}',
    "b64": '{"alg": "RS256", "kid": "first", "b64": false}',
    "a list": "[]",
    "nothing": "null",
    "no JSON": "{",
    "deep": DEEP,
    "deep within": '{"alg": "RS256", "kid": "first", "deep": ' + DEEP,
}


async def refused(client: httpx2.AsyncClient, token: str) -> bool:
    answer = await client.post("/mcp", json=LIST_SEGMENTS, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_odd_claims_are_a_wrong_token(client: httpx2.AsyncClient, provider: IdentityProvider) -> None:
    taken = [what for what, odd in ODD_CLAIMS.items() if not await refused(client, signed(provider, odd))]
    assert taken == []
    assert await segments_of(client, {"Authorization": f"Bearer {signed(provider, claims())}"}) == ["Friends of ann"]


async def test_odd_headers_are_a_wrong_token(client: httpx2.AsyncClient, provider: IdentityProvider) -> None:
    taken = [what for what, odd in ODD_HEADERS.items() if not await refused(client, signed(provider, claims(), odd))]
    assert taken == []


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8 or 1)).rstrip(b"=").decode()


ODD_KEYS: list[Any] = [
    None,
    1,
    "key",
    [],
    {},
    {"kty": []},
    {"kty": "RSA"},
    {"kty": "RSA", "kid": "odd", "n": 5, "e": 3},
    {"kty": "RSA", "kid": "odd", "n": "", "e": ""},
    {"kty": "RSA", "kid": "odd", "n": "é", "e": "AQAB"},
    {"kty": "RSA", "kid": "odd", "n": number(0), "e": number(0)},
    {"kty": "RSA", "kid": "tiny", "n": number(15), "e": number(3)},
    {"kty": "RSA", "kid": "short", "n": number((1 << 511) + 1), "e": number(3)},
    {"kty": "RSA", "kid": "even", "n": number(1 << 2047), "e": number(65537)},
    {"kty": "RSA", "kid": "large", "n": number((1 << 200_000) + 1), "e": number(65537)},
    {"kty": "RSA", "kid": "all of it", "n": number((1 << 4095) + 1), "e": number((1 << 4090) + 1)},
    {"kty": "RSA", "kid": {"a": 1}, "n": number((1 << 2047) + 1), "e": number(3)},
    {"kty": "RSA", "kid": "alg", "alg": ["RS256"], "n": number((1 << 2047) + 1), "e": number(3)},
    {"kty": "RSA", "kid": "none", "alg": "none", "n": number((1 << 2047) + 1), "e": number(3)},
    {"kty": "EC", "kid": "no point", "crv": "P-256", "x": number(1), "y": number(1)},
    {"kty": "EC", "kid": "curve", "crv": [], "x": "", "y": ""},
    {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "AA"},
    {"kty": "oct", "kid": "secret", "k": number(1 << 300)},
]


class Provider(httpx2.AsyncBaseTransport):
    """Answers every request with some keys."""

    def __init__(self, keys: list[Any]) -> None:
        self._keys = keys

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"keys": self._keys})


async def test_absurd_keys_are_passed_over_and_the_others_count(provider: IdentityProvider) -> None:
    async with open_http(Provider([*ODD_KEYS, *provider.jwks()])) as http:
        keys = Keys(http, "https://login.example.com/jwks")
        assert await keys.key("first") is not None
        assert await keys.key("secret") is None


async def test_a_token_of_an_absurd_key_is_a_wrong_token(
    hosted: Hosted, state: tuple[StoredAccounts, StoredTokens], provider: IdentityProvider
) -> None:
    absurd = IdentityProvider()
    absurd.published = [*ODD_KEYS, *provider.jwks()]
    with serve_in_thread(absurd.app) as url:
        async with hosted(
            auth="oauth", oauth_issuer=ISSUER, oauth_audience=AUDIENCE, oauth_jwks_url=f"{url}/jwks"
        ) as client:
            for key in ("odd", "tiny", "short", "even", "large", "all of it", "none", "no point", "ed", "secret"):
                for algorithm in ("RS256", "ES256", "EdDSA"):
                    header = json.dumps({"alg": algorithm, "kid": key})
                    assert await refused(client, signed(provider, claims(), header)), (key, algorithm)


class Drip(httpx2.AsyncByteStream):
    """One byte a second."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(1)


class Dripping(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=Drip())


class TestDripping:
    @pytest.fixture
    def anyio_backend(
        self, virtual_time: tuple[str, dict[str, Callable[[], Any]]]
    ) -> tuple[str, dict[str, Callable[[], Any]]]:
        return virtual_time

    async def test_keys_that_drip_end_within_ten_seconds_for_all_who_wait(self) -> None:
        async with open_http(Dripping()) as http, anyio.create_task_group() as group:
            keys = Keys(http, "https://login.example.com/jwks")
            waited = []

            async def wait() -> None:
                began = anyio.current_time()
                with pytest.raises(AuthError) as caught:
                    await keys.key("first")
                assert caught.value.status == 503
                waited.append(anyio.current_time() - began)

            for _ in range(20):
                group.start_soon(wait)
                await anyio.sleep(1)
        assert len(waited) == 20
        assert max(waited) <= 10
