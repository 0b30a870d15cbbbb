"""Who gets in, as the settings say: the kinds of proof, what they need, and what a client is told of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from flodesk_mcp.callers.clients import credential_of, find_credential
from flodesk_mcp.callers.logins import StoredCredentials, oauth_client
from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.flodesk import identity_of, open_http
from flodesk_mcp.store import Store
from flodesk_mcp.web.auth.api_tokens import ApiTokens
from flodesk_mcp.web.auth.backend import AuthBackend, Proof
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.credential_headers import CredentialHeaders
from flodesk_mcp.web.auth.errors import AuthErrors
from flodesk_mcp.web.auth.jwt_bearer import JwtBearer, Keys
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal
from flodesk_mcp.web.auth.protected_resource import metadata_routes, metadata_url
from flodesk_mcp.web.auth.token_uses import noting_uses
from flodesk_mcp.web.auth.wrong_proofs import WrongProofs
from flodesk_mcp.web.health import Check
from flodesk_mcp.web.keys import derived_key
from flodesk_mcp.web.large_bodies import LargeBodies, Turns
from flodesk_mcp.web.middleware import BodyDeadline
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["Authentication"]

CREDENTIAL_CHALLENGE = 'Flodesk-Credential realm="flodesk-mcp", headers="X-Flodesk-Api-Key X-Flodesk-Access-Token"'
"""No registered scheme carries a credential in a header of its own; Bearer would make clients look for a login."""

SIGN_IN_AT = "the page /connect of this server."

BEARER_CHALLENGE = 'Bearer realm="flodesk-mcp"'


class Authentication:
    """Asks for proof in front of an application. What that needs is open while `running()` is."""

    def __init__(self, settings: HostedSettings, pool: ClientPool, flodesk: httpx2.AsyncClient) -> None:
        """Raise SettingsError or StoreError for what cannot work.

        Only callers that are let in get into `pool`. `flodesk` leads to Flodesk.
        """
        self._http = open_http()
        self._provider = settings.identity_provider
        self._store: Store | None = None
        self._keys: Keys | None = None
        tokens: list[Proof] = []
        if settings.keeps_state:
            self._store = Store(settings.database_address, settings.encryption_keys)
            credentials = StoredCredentials(self._store.logins, oauth_client(settings, flodesk), SIGN_IN_AT)
            if "tokens" in settings.modes:
                environment = _environment(settings) if settings.names_account else None
                tokens.append(ApiTokens(self._store.tokens, environment, credentials))
            if self._provider:
                self._keys = Keys(self._http, self._provider.jwks_url)
                issuer, audience = self._provider.issuer, self._provider.audience
                tokens.append(JwtBearer(self._keys, self._store.accounts, credentials, issuer, audience))
        wrong = WrongProofs()
        check = CredentialCheck(pool, wrong)
        self._backend = AuthBackend(
            CredentialHeaders(_identity_key(settings), check) if "headers" in settings.modes else None,
            tokens,
            None if settings.modes else _everybody(settings),
            wrong,
        )
        self._turns = Turns()
        self._errors = AuthErrors(self._challenge(settings))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bring the database up to date, and keep open what the proofs are looked up in."""
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self._http)
            if self._store:
                await opened.enter_async_context(self._store)
                await self._store.accounts.check()
                await self._store.accounts.note_keys()
                await opened.enter_async_context(noting_uses(self._store.tokens))
            yield

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Let only those in who prove something, and read nothing of what others send."""
        return AuthenticationMiddleware(
            AuthContextMiddleware(BodyDeadline(LargeBodies(app, self._turns))),
            backend=self._backend,
            on_error=self._errors.answer,
        )

    def public_routes(self) -> list[Route]:
        """Return the paths that tell a client where to get a token."""
        return metadata_routes(self._provider) if self._provider else []

    def checks(self) -> Mapping[str, Check]:
        """Return what must be there for proofs to be looked up."""
        checks: dict[str, Check] = {}
        if self._store:
            checks["database"] = self._store.ping
        if self._keys:
            checks["identity_provider"] = self._keys.check
        return checks

    def _challenge(self, settings: HostedSettings) -> str:
        if self._provider:
            return f'{BEARER_CHALLENGE}, resource_metadata="{metadata_url(self._provider)}"'
        return BEARER_CHALLENGE if "tokens" in settings.modes else CREDENTIAL_CHALLENGE


def _environment(settings: HostedSettings) -> OpenedAccount:
    credential = credential_of(settings)
    return OpenedAccount(identity_of(credential, _identity_key(settings)), credential, settings.credential_source)


def _everybody(settings: HostedSettings) -> Principal:
    credential, source = find_credential(settings)
    account = OpenedAccount(identity_of(credential, _identity_key(settings)), credential, source)
    return Principal(name="anybody on this machine", account=account, client_id="local")


def _identity_key(settings: HostedSettings) -> bytes:
    return derived_key(settings.encryption_keys, "identity of credentials")
