"""A real process that knows all modes, in front of a real Flodesk and a real identity provider."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import anyio
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from flodesk_mcp.sandbox import Sandbox
from flodesk_mcp.store import Store, TokenLimits, new_key

from .calls import ANN, account_of
from .serving import Served, serve, serve_in_thread

PLENTY = 10_000
"""Requests a minute: many tests share the account."""

Mode = Literal["headers", "tokens", "oauth"]
ISSUER = "https://login.example.com"
AUDIENCE = "https://flodesk.example.com/mcp"
SIGNING_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def _flodesk() -> Iterator[str]:
    with serve_in_thread(Sandbox(accounts={"key-ann": account_of("ann")}, requests_per_minute=PLENTY).app) as url:
        yield f"{url}/v1"


@contextmanager
def _identity_provider() -> Iterator[str]:
    async def jwks(_: Request) -> JSONResponse:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(SIGNING_KEY.public_key()))
        return JSONResponse({"keys": [{**public, "kid": "first"}]})

    with serve_in_thread(Starlette(routes=[Route("/jwks", jwks)])) as url:
        yield f"{url}/jwks"


class Deployment:
    """One process that knows all modes, and the headers that open it in each."""

    def __init__(self, served: Served, flodesk_url: str, token: str) -> None:
        self.served = served
        self.flodesk_url = flodesk_url
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ann", "scope": "flodesk:write", "exp": time.time() + 600}
        signed = jwt.encode(claims, SIGNING_KEY, algorithm="RS256", headers={"kid": "first"})
        self.headers: dict[Mode, dict[str, str]] = {
            "headers": ANN,
            "tokens": {"Authorization": f"Bearer {token}"},
            "oauth": {"Authorization": f"Bearer {signed}"},
        }


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Run the process, with its state in `folder`."""
    url, key = f"sqlite:///{folder}/state.sqlite3", new_key()

    async def prepare() -> str:
        async with Store(url, SecretStr(key)) as store:
            await store.accounts.add("ann", "api_key", "key-ann")
            await store.subjects.link("ann", ISSUER, "ann")
            return await store.tokens.create("ann", "ann", TokenLimits())

    token = anyio.run(prepare)
    with (
        _flodesk() as flodesk_url,
        _identity_provider() as jwks_url,
        serve(
            folder / "log",
            "--auth=headers,tokens,oauth",
            f"--requests-per-minute={PLENTY}",
            FLODESK_BASE_URL=flodesk_url,
            FLODESK_DATABASE_URL=url,
            FLODESK_ENCRYPTION_KEYS=key,
            FLODESK_OAUTH_ISSUER=ISSUER,
            FLODESK_OAUTH_AUDIENCE=AUDIENCE,
            FLODESK_OAUTH_JWKS_URL=jwks_url,
        ) as served,
    ):
        yield Deployment(served, flodesk_url, token)
