"""The mode `oauth`: this server as a resource server for tokens of an identity provider."""

import json
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import anyio
import httpx2
import jwt
from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.logins import StoredCredentials
from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.freshness import Fresh
from flodesk_mcp.store import StoredSubjects, is_name
from flodesk_mcp.web.auth.bearer import bearer_token
from flodesk_mcp.web.auth.errors import AuthError, wrong_token
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal, shown_subject
from flodesk_mcp.web.auth.scopes import READ_SCOPE, WRITE_SCOPE

__all__ = ["JwtBearer", "Keys"]

READING = ToolFilter.reading_only("your access token", f"your access token, without {WRITE_SCOPE},")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Asymmetric alone: with HS256 a public key would sign, and `none` is no signature."""

DOTS = 2
"""Between header, claims and signature."""

LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 3600
KEYS_ASKED_EVERY_SECONDS = 60
KEYS_MAY_TAKE_SECONDS = 8
MAX_KEYS_BYTES = 256 * 1024
MAX_KEYS = 100
MAX_CLIENT_ID = 1000
LATEST_TIME = 2**53
"""More seconds or milliseconds than anybody means."""

_UNREADABLE = (httpx2.HTTPError, ValueError, RecursionError, LookupError, TypeError, TimeoutError)
_WRONG = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError, UnsupportedAlgorithm, InternalError)

logger = logging.getLogger(__name__)


class Keys:
    """The identity provider's keys. A token with an unknown one asks for them anew, but only once a minute.

    When they cannot be had, those that are known stay good.
    """

    def __init__(self, http: httpx2.AsyncClient, url: str, clock: Callable[[], float] = anyio.current_time) -> None:
        self._http = http
        self._url = url
        self._last: Mapping[str | None, jwt.PyJWK] = {}
        self._newest = Fresh(self._ask, KEYS_ASKED_EVERY_SECONDS, clock)
        self._keys = Fresh(self._newest.get, KEYS_FRESH_SECONDS, clock)

    async def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """Return the key of that id, None when there is none.

        Raises AuthError when no keys could be had at all.
        """
        keys = await self._keys.get()
        if key_id not in keys:
            keys = await self._newest.get()
            self._keys.set(keys)
        if not keys:
            raise AuthError(503, "The identity provider's keys cannot be had now.")
        return keys.get(key_id)

    async def check(self) -> None:
        """Raise unless keys are known."""
        await self.key(None)

    async def _ask(self) -> Mapping[str | None, jwt.PyJWK]:
        try:
            with anyio.fail_after(KEYS_MAY_TAKE_SECONDS):
                content = await self._read()
            self._last = _usable(json.loads(content)["keys"])
        except _UNREADABLE as error:
            logger.warning("The identity provider's keys cannot be read (%s)", type(error).__name__)
        return self._last

    async def _read(self) -> bytes:
        content = bytearray()
        async with self._http.stream("GET", self._url, timeout=10) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MAX_KEYS_BYTES:
                    raise ValueError("more than a provider's keys can be")
        return bytes(content)


class JwtBearer:
    """Lets in who shows a token that the identity provider signed for this server, to an account that is linked."""

    def __init__(
        self, keys: Keys, subjects: StoredSubjects, credentials: StoredCredentials, issuer: str, audience: str
    ) -> None:
        self._keys = keys
        self._subjects = subjects
        self._credentials = credentials
        self._issuer = issuer
        self._audience = audience

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the token of a request opens, None when it has not the form of a JWT.

        Raises AuthError unless it is signed, current, for this server, of enough scope and of a person with an account,
        StoreError when that cannot be looked up.
        """
        token = bearer_token(connection)
        if token is None or token.count(".") != DOTS:
            return None
        claims = await self._claims(token)
        if claims is None:
            raise wrong_token()
        scopes = _scopes(claims) or set()
        if not scopes & {READ_SCOPE, WRITE_SCOPE}:
            raise AuthError(403, f"Required scope: {READ_SCOPE}", "insufficient_scope", scope=READ_SCOPE)
        subject = claims["sub"]
        found = await self._subjects.account_of(self._issuer, subject)
        if found is None:
            raise AuthError(403, "No Flodesk account is linked to you on this server.", "access_denied")
        return Principal(
            name=f"{shown_subject(subject)} of account {found.name}",
            client_id=_client_id(claims),
            issuer=self._issuer,
            subject=subject,
            scopes=tuple(sorted(scopes)),
            account=OpenedAccount.of(found, self._credentials),
            tool_filter=ToolFilter() if WRITE_SCOPE in scopes else READING,
        )

    async def _claims(self, token: str) -> Mapping[str, Any] | None:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                return None
            key = await self._keys.key(header.get("kid"))
            if key is None:
                return None
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[header["alg"]],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True},
            )
        except _WRONG:
            return None
        return claims if _is_sound(claims) else None


def _usable(entries: Any) -> Mapping[str | None, jwt.PyJWK]:
    """Return those of a provider's keys that can verify a token, by their ids.

    Raises ValueError when there is none.
    """
    keys = {}
    for entry in list(entries)[:MAX_KEYS]:
        with suppress(Exception):  # whatever an absurd key breaks, the others count
            key = jwt.PyJWK(entry)
            if key.algorithm_name in ALGORITHMS and isinstance(key.key_id, str | None):
                keys[key.key_id] = key
    if not keys:
        raise ValueError("no usable key")
    return keys


def _is_sound(claims: Mapping[str, Any]) -> bool:
    """Tell whether claims have their documented forms: a library reads numbers out of texts, and leaves some unread."""
    times = (claims[name] for name in ("exp", "nbf", "iat") if name in claims)
    client_id = _client_id(claims)
    return (
        all(type(time) in {int, float} and 0 <= time <= LATEST_TIME for time in times)
        and is_name(claims["sub"])
        and (isinstance(client_id, str) and len(client_id) <= MAX_CLIENT_ID and client_id.isprintable())
        and _scopes(claims) is not None
    )


def _client_id(claims: Mapping[str, Any]) -> Any:
    return claims.get("client_id") or claims.get("azp") or "oauth"


def _scopes(claims: Mapping[str, Any]) -> set[str] | None:
    """Return what a token is for, or None when that is told in no form that is known."""
    granted = claims.get("scope", claims.get("scp"))
    if granted is None:
        return set()
    if isinstance(granted, str):
        return set(granted.split())
    if isinstance(granted, list) and all(isinstance(scope, str) for scope in granted):
        return set(granted)
    return None
