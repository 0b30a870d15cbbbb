"""Flodesk's OAuth: a page where the account's owner allows it, codes and refresh tokens that work once, expiry.

Flodesk documents no PKCE: a challenge is held to here, so that a client which sends one sends the right one.
"""

import base64
import hashlib
import hmac
import html
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.answers import Refused
from flodesk_mcp.sandbox.credentials import ACCESS_TOKEN_PREFIX, basic_pair

AUTHORIZE_PATH = "/oauth2/authorize"
TOKEN_PATH = "/oauth2/token"  # noqa: S105  a path
OPEN_PATHS = frozenset({AUTHORIZE_PATH, TOKEN_PATH})
"""Where no access to an account is needed."""

CODE_SECONDS = 1800
TOKEN_SECONDS = 86_400

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Flodesk sandbox</title>
<h1>Allow access?</h1>
<p>{client} asks for access to a Flodesk account of the sandbox. You return to {host}.</p>
<form method="post">{choices}
<button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button>
</form></html>"""


@dataclass(frozen=True)
class _Grant:
    account: Account
    redirect_uri: str
    challenge: str
    until: float


@dataclass
class _Login:
    account: Account
    access_token: str
    refresh_token: str
    until: float


class Logins:
    """Who granted access, and the tokens that open it now. Times are the event loop's."""

    def __init__(self, client_id: str, client_secret: str, token_seconds: float) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._token_seconds = token_seconds
        self._grants: dict[str, _Grant] = {}
        self._logins: list[_Login] = []

    def account(self, access_token: str) -> Account | None:
        """Return what an access token opens now."""
        now = anyio.current_time()
        return next((one.account for one in self._logins if one.access_token == access_token and now < one.until), None)

    def grant(self, account: Account, redirect_uri: str, challenge: str = "") -> str:
        """Return a code, as the owner of the account would cause one."""
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(account, redirect_uri, challenge, anyio.current_time() + CODE_SECONDS)
        return code

    def exchange(self, form: Mapping[str, str]) -> dict[str, object] | None:
        """Return the answer to a code, which works once."""
        grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.until <= anyio.current_time() or grant.redirect_uri != form.get("redirect_uri"):
            return None
        if grant.challenge and grant.challenge != _s256(form.get("code_verifier", "")):
            return None
        login = _Login(grant.account, "", "", 0)
        self._logins.append(login)
        return self._new_pair(login)

    def refresh(self, form: Mapping[str, str]) -> dict[str, object] | None:
        """Return the answer to a refresh token, which works once: the pair that it belonged to ends."""
        token = form.get("refresh_token", "")
        login = next((one for one in self._logins if token and one.refresh_token == token), None)
        return self._new_pair(login) if login else None

    def expire(self) -> None:
        """Let all access tokens end now; the refresh tokens go on."""
        for login in self._logins:
            login.until = anyio.current_time()

    def clear(self) -> None:
        """Forget all logins."""
        self._grants.clear()
        self._logins.clear()

    def knows(self, authorization: str) -> bool:
        """Tell whether a request is our client's."""
        client_id, client_secret = basic_pair(authorization)
        return hmac.compare_digest(client_id.encode(), self.client_id.encode()) and hmac.compare_digest(
            client_secret.encode(), self._client_secret.encode()
        )

    def _new_pair(self, login: _Login) -> dict[str, object]:
        login.access_token = ACCESS_TOKEN_PREFIX + secrets.token_urlsafe(24)
        login.refresh_token = "refresh-" + secrets.token_urlsafe(24)
        login.until = anyio.current_time() + self._token_seconds
        return {
            "access_token": login.access_token,
            "token_type": "Bearer",
            "expires_in": int(self._token_seconds),
            "scopes": "all",
            "refresh_token": login.refresh_token,
        }


def oauth_routes(logins: Logins, accounts: Callable[[], list[Account]]) -> list[Route]:
    """Return the page and the token endpoint."""

    async def authorize(request: Request) -> Response:
        query = request.query_params
        redirect_uri = query.get("redirect_uri", "")
        host = urlsplit(redirect_uri).netloc
        if query.get("client_id") != logins.client_id or not host:
            raise Refused(400, "client_id or redirect_uri is wrong.")
        if query.get("response_type") != "code":
            return _back(redirect_uri, query, error="unsupported_response_type")
        if request.method == "GET":
            choices = "".join(map(_choice, accounts()))
            return HTMLResponse(
                PAGE.format(client=html.escape(logins.client_id), host=html.escape(host), choices=choices)
            )
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("answer") != "allow":
            return _back(redirect_uri, query, error="access_denied")
        chosen = [one for one in accounts() if form.get("account", one.profile.id) == one.profile.id]
        if not chosen:
            raise Refused(400, "There is no such account.")
        return _back(redirect_uri, query, code=logins.grant(chosen[0], redirect_uri, query.get("code_challenge", "")))

    async def token(request: Request) -> Response:
        if not logins.knows(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        form = dict(parse_qsl((await request.body()).decode()))
        match form.get("grant_type"):
            case "authorization_code":
                answer = logins.exchange(form)
            case "refresh_token":
                answer = logins.refresh(form)
            case _:
                return JSONResponse({"error": "unsupported_grant_type"}, 400)
        headers = {"Cache-Control": "no-store"}
        return JSONResponse(answer or {"error": "invalid_grant"}, 200 if answer else 400, headers)

    return [
        Route(AUTHORIZE_PATH, authorize, methods=["GET", "POST"]),
        Route(TOKEN_PATH, token, methods=["POST"]),
    ]


def _back(redirect_uri: str, query: Mapping[str, str], **parameters: str) -> Response:
    if state := query.get("state"):
        parameters["state"] = state
    separator = "&" if urlsplit(redirect_uri).query else "?"
    return RedirectResponse(f"{redirect_uri}{separator}{urlencode(parameters)}", 302)


def _choice(account: Account) -> str:
    profile = account.profile
    name, value = html.escape(profile.full_name), html.escape(profile.id)
    return f'<p><label><input type="radio" name="account" value="{value}" required> {name}</label></p>'


def _s256(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
