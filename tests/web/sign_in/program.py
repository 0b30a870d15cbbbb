"""A program that wants to be connected, step by step, so that each step can be done wrong."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import httpx2

from .person import CALLBACK, Person

PUBLIC_URL = "http://127.0.0.1:8000"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")

Fields = dict[str, Any]


class Program:
    """Makes the requests of a client by hand. A field that is None is left out."""

    def __init__(self, server: httpx2.AsyncClient) -> None:
        self.server = server
        self.client_id = ""
        self.secret: str | None = None

    async def register(self, **described: Any) -> httpx2.Response:
        """Register as a public client, unless `described` says otherwise."""
        asked = {"redirect_uris": [CALLBACK], "client_name": "Agent", "token_endpoint_auth_method": "none", **described}
        answer = await self.server.post("/register", json=asked)
        if answer.status_code == 201:
            self.client_id, self.secret = answer.json()["client_id"], answer.json().get("client_secret")
        return answer

    def authorization(self, **changed: Any) -> str:
        """Return the address that the program sends a person to."""
        fields: Fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "state": "state-1",
            "scope": "flodesk:read flodesk:write",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": f"{PUBLIC_URL}/mcp",
            **changed,
        }
        return f"/authorize?{urlencode(_given(fields))}"

    async def code(self, person: Person | None = None, **changed: Any) -> str:
        """Let a person connect this program, and return the code that it gets."""
        person = person or Person(self.server)
        await person.connect(self.authorization(**changed))
        return person.answer["code"]

    async def exchange(self, code: str, **changed: Any) -> httpx2.Response:
        """Exchange a code."""
        fields: Fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": self.client_id,
            "code_verifier": VERIFIER,
            "resource": f"{PUBLIC_URL}/mcp",
            **changed,
        }
        return await self.server.post("/token", data=_given(fields), headers=FORM)

    async def refresh(self, token: str, **changed: Any) -> httpx2.Response:
        """Exchange a refresh token."""
        fields: Fields = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": self.client_id,
            **changed,
        }
        return await self.server.post("/token", data=_given(fields), headers=FORM)

    async def tokens(self, person: Person | None = None, **changed: Any) -> dict[str, Any]:
        """Let a person connect this program, and return the tokens that it gets."""
        answer = await self.exchange(await self.code(person, **changed))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """Return the header that shows an access token."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def _given(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
