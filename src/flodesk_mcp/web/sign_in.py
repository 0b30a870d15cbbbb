"""Sign-in, put together: the endpoints for clients and the pages for people, on what is stored."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import httpx2
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response

from flodesk_mcp.callers.tool_filter import ToolFilter
from flodesk_mcp.flodesk.oauth import OAuthClient
from flodesk_mcp.store import Store
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.auth.background import repeating
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.known_keys import key_identities
from flodesk_mcp.web.auth.sign_in.accounts import BroughtAccounts
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.authorize import AuthorizeEndpoint
from flodesk_mcp.web.auth.sign_in.client_proof import ClientProof
from flodesk_mcp.web.auth.sign_in.clients import SignInClients
from flodesk_mcp.web.auth.sign_in.documents import Documents
from flodesk_mcp.web.auth.sign_in.flodesk_login import FlodeskLogin
from flodesk_mcp.web.auth.sign_in.json_answers import answering_json
from flodesk_mcp.web.auth.sign_in.metadata import metadata_routes
from flodesk_mcp.web.auth.sign_in.public_hosts import PublicHosts
from flodesk_mcp.web.auth.sign_in.register import RegistrationEndpoint
from flodesk_mcp.web.auth.sign_in.token import RevocationEndpoint, TokenEndpoint
from flodesk_mcp.web.browser import Browsers
from flodesk_mcp.web.connect import ConnectPage
from flodesk_mcp.web.connected import PURPOSE, ConnectedPage
from flodesk_mcp.web.erasing import erase_account
from flodesk_mcp.web.forms import read_query
from flodesk_mcp.web.keys import derived_key, derived_keys
from flodesk_mcp.web.middleware import BodyDeadline
from flodesk_mcp.web.notice import Notices
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.strangers import Strangers

__all__ = ["SignIn"]

SWEPT_EVERY_SECONDS = 600
ATTEMPTS_KEPT_SECONDS = 4000
"""A little longer than the longest time that any are counted for."""

Answer = Callable[[Request], Awaitable[Response]]


class SignIn:
    """The authorization server at `address`. What it needs is open while `running()` is."""

    def __init__(
        self,
        settings: HostedSettings,
        address: str,
        store: Store,
        check: CredentialCheck,
        operator: ToolFilter,
        oauth: OAuthClient | None,
        audiences: Audiences,
        documents: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """Take our client at Flodesk's OAuth, where there is one, and a way to documents of clients.

        By default that way leads to public hosts alone.
        """
        keys = settings.encryption_keys
        self._store = store
        self._addresses = addresses = Addresses(address)
        self._documents = Documents(documents or PublicHosts())
        clients = SignInClients(store.clients, self._documents)
        strangers = Strangers(store.attempts, derived_key(keys, "addresses of strangers"))
        proof = ClientProof(clients, self._documents, store.attempts, addresses)
        accounts = BroughtAccounts(store.accounts, check, strangers, key_identities(keys))
        browsers = Browsers(derived_keys(keys, "browsers"), secure=address.startswith("https:"))
        self._browsers = browsers
        self._notices = notices = Notices()
        self._login = login = FlodeskLogin(oauth, browsers, addresses) if oauth else None
        self._authorize = AuthorizeEndpoint(clients, store.sign_ins, strangers, addresses)
        self._register = RegistrationEndpoint(store.clients, strangers)
        self._token = TokenEndpoint(proof, store.grant_tokens, store.clients, addresses)
        self._revocation = RevocationEndpoint(proof, store.grants)
        self._connect = ConnectPage(store.sign_ins, accounts, browsers, notices, login, operator, addresses)
        erase = partial(erase_account, store.accounts, audiences)
        self._connected = ConnectedPage(store.grants, erase, accounts, browsers, notices, login, addresses)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Forget what is over from time to time."""
        async with repeating(self._sweep, SWEPT_EVERY_SECONDS, "What is over cannot be forgotten: %s"):
            try:
                yield
            finally:
                await self._documents.aclose()

    def routes(self) -> Iterator[Route]:
        """Return the paths of sign-in."""
        yield from metadata_routes(self._addresses)
        for path, program in (
            ("/register", self._register.answer),
            ("/token", self._token.answer),
            ("/revoke", self._revocation.answer),
        ):
            yield Route(path, _for_programs(program), methods=["POST", "OPTIONS"])
        for path, methods, person in (
            ("/authorize", ["GET", "POST"], self._authorize.answer),
            ("/connect", ["GET"], self._connect.show),
            ("/connect", ["POST"], self._connect.answer),
            ("/connect/flodesk", ["GET"], self._come_back),
            ("/connected", ["GET"], self._connected.show),
            ("/connected", ["POST"], self._connected.answer),
        ):
            yield Route(path, BodyDeadline(request_response(self._notices.around(person))), methods=methods)

    async def _come_back(self, request: Request) -> Response:
        form = read_query(request)
        form.check_once("code", "state")
        errand = self._login.errand(request, form) if self._login else None
        if self._login is None or errand is None:
            return self._notices.forged()
        if errand == PURPOSE:
            return await self._connected.come_back(request, form, self._login)
        return await self._connect.come_back(request, errand, form, self._login)

    async def _sweep(self) -> None:
        await self._store.sign_ins.sweep()
        await self._store.clients.sweep()
        await self._store.grants.sweep()
        await self._store.attempts.sweep(ATTEMPTS_KEPT_SECONDS)


def _for_programs(answer: Answer) -> BodyDeadline:
    endpoint = request_response(answering_json(answer))
    # Any header: a client in a browser may show its secret in Authorization, which the SDK's own would not allow.
    return BodyDeadline(CORSMiddleware(endpoint, allow_origins="*", allow_methods=["POST"], allow_headers=["*"]))
