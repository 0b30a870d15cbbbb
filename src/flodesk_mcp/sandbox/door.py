"""Who is let in to a service: by credential and quota."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from flodesk_mcp.sandbox.account import Account
from flodesk_mcp.sandbox.answers import UNAUTHORIZED, Refused
from flodesk_mcp.sandbox.credentials import credential_of
from flodesk_mcp.sandbox.oauth import OPEN_PATHS, Logins
from flodesk_mcp.sandbox.quota import Quotas


class Door(Protocol):
    """How a service decides whose a request is, and what it says of that."""

    def admit(self, request: Request, path: str) -> tuple[Any, Response | None]:
        """Return whose request it is, and the answer if it is refused at once."""

    def headers(self, account: Any) -> Mapping[str, str]:
        """Return what every answer to somebody tells beside."""

    def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return an error in the service's own envelope."""


class FlodeskDoor:
    """Flodesk's: an API key or an access token, and a quota of the account."""

    def __init__(self, accounts: Mapping[str, Account], logins: Logins, quotas: Quotas) -> None:
        self._accounts = accounts
        self._logins = logins
        self._quotas = quotas

    def admit(self, request: Request, path: str) -> tuple[Account | None, Response | None]:
        """Return whose request it is, and the answer if it is refused at once."""
        if path in OPEN_PATHS:
            return None, None
        caller = self._authenticate(request.headers, path)
        if isinstance(caller, Response):
            return None, caller
        batch = (request.method, path) == ("POST", "/v1/subscribers/batch")
        fits = self._quotas.admit(caller, batch=batch)
        return caller, None if fits else self.refuse(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests.")

    def headers(self, account: Account | None) -> Mapping[str, str]:
        """Return the quota headers; to a stranger, those of an untouched quota."""
        return self._quotas.headers(account)

    def refuse(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
        """Return an error in Flodesk's envelope."""
        return Refused(status, message).answer(headers)

    def _authenticate(self, headers: Headers, path: str) -> Account | Response:
        if not headers.get("user-agent"):
            return self.refuse(HTTPStatus.FORBIDDEN, "A User-Agent is required.")
        credential = credential_of(headers.get("authorization", ""))
        if credential is None:
            return UNAUTHORIZED.answer()
        if credential.kind == "bearer" and not credential.is_access_token:
            return Response(status_code=HTTPStatus.UNAUTHORIZED)
        if credential.kind == "basic" and (credential.is_access_token or path.startswith("/oauth2/")):
            return UNAUTHORIZED.answer()
        account = self._accounts.get(credential.value) or self._logins.account(credential.value)
        return account or UNAUTHORIZED.answer()
