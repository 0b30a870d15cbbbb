"""Which client a request of the token endpoint comes from, as it proves: by a secret, a signed text, or not at all."""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import jwt
from starlette.requests import Request

from flodesk_mcp.freshness import FreshMap
from flodesk_mcp.store import Allowance, StoredAttempts, digest_of
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.clients import SignInClient, SignInClients
from flodesk_mcp.web.auth.sign_in.documents import Documents, NoDocument, NotReached
from flodesk_mcp.web.auth.sign_in.metadata import ASSERTION_ALGORITHMS
from flodesk_mcp.web.forms import Form

__all__ = ["ClientProof", "NotProved", "ProofDelayed"]

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_VALID_SECONDS = 3600
LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 300
MAX_KEY_SETS = 1000
MAX_KEYS = 20
ONCE = Allowance("assertion", 1, MOST_VALID_SECONDS + LEEWAY_SECONDS)

_WRONG = (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError)


class NotProved(Exception):
    """The client is unknown, or what it shows is wrong: one error for all, so that nobody learns which."""


class ProofDelayed(Exception):
    """What is needed to tell cannot be read now."""


class ClientProof:
    """Finds out which client asks."""

    def __init__(
        self, clients: SignInClients, documents: Documents, attempts: StoredAttempts, addresses: Addresses
    ) -> None:
        self._clients = clients
        self._documents = documents
        self._attempts = attempts
        self._audiences = [addresses.token, addresses.issuer]
        self._keys: FreshMap[str, Sequence[jwt.PyJWK]] = FreshMap(KEYS_FRESH_SECONDS, MAX_KEY_SETS)

    async def client(self, request: Request, form: Form) -> SignInClient:
        """Return the client that a request comes from.

        Raises NotProved, ProofDelayed, StoreError.
        """
        shown_id, secret = _basic(request)
        client_id = form.get("client_id") or shown_id
        if client_id is None or (shown_id is not None and shown_id != client_id):
            raise NotProved
        try:
            client = await self._clients.get(client_id)
        except NotReached:
            raise ProofDelayed from None
        except NoDocument:
            raise NotProved from None
        if client is None:
            raise NotProved
        if client.secret_digest is not None:
            given = secret or form.get("client_secret") or ""
            if not hmac.compare_digest(client.secret_digest, digest_of(given)):
                raise NotProved
        elif (assertion := form.get("client_assertion")) is not None:
            if form.get("client_assertion_type") != ASSERTION_TYPE or not await self._is_signed(client, assertion):
                raise NotProved
        elif client.proves_itself:
            raise NotProved
        return client

    async def _is_signed(self, client: SignInClient, assertion: str) -> bool:
        """Tell whether a client signed a text that is for this server, now, and for the first time (RFC 7523, 3)."""
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("alg") not in ASSERTION_ALGORITHMS:
                return False
            key = await self._key(client, header.get("kid"), header["alg"])
            if key is None:
                return False
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key,
                algorithms=[header["alg"]],
                audience=self._audiences,
                issuer=client.client_id,
                subject=client.client_id,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "sub", "aud", "jti"], "enforce_minimum_key_length": True},
            )
        except _WRONG:
            return False
        if claims["exp"] > time.time() + MOST_VALID_SECONDS:
            return False
        name = digest_of(json.dumps([client.client_id, str(claims["jti"])]))
        return await self._attempts.begin(ONCE, name) is not None

    async def _key(self, client: SignInClient, key_id: str | None, algorithm: str) -> jwt.PyJWK | None:
        if client.jwks_uri is None:
            return None
        address = str(client.jwks_uri)
        keys = self._keys.get(address)
        if keys is None or not _fitting(keys, key_id, algorithm):
            try:
                document = await self._documents.read(address)
            except NotReached:
                raise ProofDelayed from None
            except NoDocument:
                return None
            keys = _usable(document.content.get("keys"))
            self._keys.set(address, keys)
        return next(iter(_fitting(keys, key_id, algorithm)), None)


def _fitting(keys: Sequence[jwt.PyJWK], key_id: str | None, algorithm: str) -> list[jwt.PyJWK]:
    return [key for key in keys if key.algorithm_name == algorithm and (key_id is None or key.key_id == key_id)]


def _usable(entries: Any) -> list[jwt.PyJWK]:
    keys = []
    for entry in entries[:MAX_KEYS] if isinstance(entries, list) else []:
        try:
            keys.append(jwt.PyJWK(entry))
        except Exception:  # noqa: S112 - whatever an absurd key breaks, the others count
            continue
    return keys


def _basic(request: Request) -> tuple[str | None, str | None]:
    """Return the id and the secret in the header Authorization (RFC 6749, 2.3.1).

    Raises NotProved when it cannot be read.
    """
    header = request.headers.get("authorization", "")
    scheme, _, shown = header.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        client_id, colon, secret = base64.b64decode(shown, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise NotProved from None
    if not colon:
        raise NotProved
    return unquote(client_id), unquote(secret)
