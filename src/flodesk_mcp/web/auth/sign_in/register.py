"""Where clients register themselves (RFC 7591): what the SDK checks, plus where answers may go, and how often."""

import json
from typing import Any, cast

from mcp.server.auth.handlers.register import RegistrationHandler
from mcp.server.auth.provider import RegistrationError
from mcp.shared.auth import OAuthClientInformationFull
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.store import Allowance, StoredClients
from flodesk_mcp.web.auth.sign_in.clients import MAX_REDIRECT_URIS, check_redirect_uri
from flodesk_mcp.web.auth.sign_in.json_answers import NO_STORE, Refusal
from flodesk_mcp.web.auth.sign_in.metadata import REGISTRATION
from flodesk_mcp.web.strangers import Strangers

__all__ = ["RegistrationEndpoint"]

REGISTERED = Allowance("register", 30, 600)
"""claude.ai registers twice for each try, and from few addresses."""

MAX_BYTES = 16 * 1024


class RegistrationEndpoint:
    """Registers clients, which are forgotten after a day unless a person connects them."""

    def __init__(self, stored: StoredClients, strangers: Strangers) -> None:
        self._stored = stored
        self._strangers = strangers
        self._handler = RegistrationHandler(cast("Any", self), REGISTRATION)

    async def answer(self, request: Request) -> Response:
        """Answer with what the client is known by from now on.

        Raises Refusal, StoreError.
        """
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                raise Refusal("invalid_client_metadata", "The description is too long.", 413)
        if await self._strangers.attempt(REGISTERED, request) is None:
            seconds = REGISTERED.seconds
            raise Refusal("temporarily_unavailable", "Too many registrations.", 429, retry_after=seconds)
        request._body = bytes(body)  # what Request.body() keeps: the SDK's handler reads it again
        answered = await self._handler.handle(request)
        return JSONResponse(json.loads(bytes(answered.body)), answered.status_code, NO_STORE)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Store a client that the SDK's handler has checked.

        Raises RegistrationError, StoreError.
        """
        uris = client_info.redirect_uris or []
        if len(uris) > MAX_REDIRECT_URIS:
            raise RegistrationError("invalid_redirect_uri", "There are too many redirect URIs.")
        for uri in uris:
            try:
                check_redirect_uri(uri)
            except ValueError as error:
                raise RegistrationError("invalid_redirect_uri", str(error)) from None
        description = client_info.model_dump_json(exclude={"client_secret"}, exclude_none=True)
        await self._stored.register(client_info.client_id, description, client_info.client_secret)
