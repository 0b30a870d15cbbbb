"""Who gets in, as the settings say: the kinds of proof, what they need, and what a client is told of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from flodesk_mcp.callers.clients import credential_of
from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.flodesk import identity_of, open_http
from flodesk_mcp.store import Store
from flodesk_mcp.web.auth.api_tokens import ApiTokens
from flodesk_mcp.web.auth.backend import AuthBackend, Proof
from flodesk_mcp.web.auth.background import noting_uses
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.credential_headers import CredentialHeaders
from flodesk_mcp.web.auth.errors import AuthErrors
from flodesk_mcp.web.auth.jwt_bearer import JwtBearer, Keys
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal
from flodesk_mcp.web.auth.protected_resource import resource_metadata_routes, resource_metadata_url
from flodesk_mcp.web.auth.scopes import SCOPES
from flodesk_mcp.web.auth.sign_in_tokens import SignInTokens
from flodesk_mcp.web.auth.wrong_proofs import WrongProofs
from flodesk_mcp.web.health import Check
from flodesk_mcp.web.keys import derived_key
from flodesk_mcp.web.large_bodies import LargeBodies, Turns
from flodesk_mcp.web.middleware import BodyDeadline
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["Authentication"]

CREDENTIAL_CHALLENGE = 'Flodesk-Credential realm="flodesk-mcp", headers="X-Flodesk-Api-Key X-Flodesk-Access-Token"'
"""No registered scheme carries a credential in a header of its own; Bearer would make clients look for a login."""

BEARER_CHALLENGE = 'Bearer realm="flodesk-mcp"'


class Authentication:
    """Asks for proof in front of an application. What that needs is open while `running()` is."""

    def __init__(self, settings: HostedSettings, pool: ClientPool) -> None:
        """Raise SettingsError or StoreError for what cannot work. Only callers that are let in get into `pool`."""
        self._http = open_http()
        self._provider = settings.identity_provider
        self.store: Store | None = None
        self._keys: Keys | None = None
        tokens: list[Proof] = []
        if settings.keeps_state:
            self.store = Store(settings.database_address, settings.encryption_keys)
            if "tokens" in settings.modes:
                tokens.append(
                    ApiTokens(self.store.tokens, _environment(settings) if _names_account(settings) else None)
                )
            if settings.sign_in_address:
                tokens.append(SignInTokens(self.store.grants, settings.sign_in_address))
            if self._provider:
                self._keys = Keys(self._http, self._provider.jwks_url)
                tokens.append(
                    JwtBearer(self._keys, self.store.accounts, self._provider.issuer, self._provider.audience)
                )
        wrong = WrongProofs()
        self.credential_check = CredentialCheck(pool, wrong)
        self._backend = AuthBackend(
            CredentialHeaders(_identity_key(settings), self.credential_check) if "headers" in settings.modes else None,
            tokens,
            None if settings.modes else _everybody(settings),
            wrong,
        )
        self._turns = Turns()
        self._resource = settings.resource
        self._issuers = settings.token_issuers
        scope = " ".join(SCOPES) if settings.sign_in_address else None
        self._errors = AuthErrors(self._challenge(settings), scope)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bring the database up to date, and keep open what the proofs are looked up in."""
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self._http)
            if self.store:
                await opened.enter_async_context(self.store)
                await self.store.accounts.check()
                await self.store.accounts.note_keys()
                await opened.enter_async_context(noting_uses(self.store.tokens.uses, self.store.grants.uses))
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
        return resource_metadata_routes(self._resource, self._issuers) if self._resource else []

    def checks(self) -> Mapping[str, Check]:
        """Return what must be there for proofs to be looked up."""
        checks: dict[str, Check] = {}
        if self.store:
            checks["database"] = self.store.ping
        if self._keys:
            checks["identity_provider"] = self._keys.check
        return checks

    def _challenge(self, settings: HostedSettings) -> str:
        if self._resource:
            return f'{BEARER_CHALLENGE}, resource_metadata="{resource_metadata_url(self._resource)}"'
        return BEARER_CHALLENGE if "tokens" in settings.modes else CREDENTIAL_CHALLENGE


def _names_account(settings: HostedSettings) -> bool:
    return bool(settings.api_key or settings.access_token or settings.sandbox)


def _environment(settings: HostedSettings) -> OpenedAccount:
    credential = credential_of(settings)
    return OpenedAccount(identity_of(credential, _identity_key(settings)), credential, settings.credential_source)


def _everybody(settings: HostedSettings) -> Principal:
    return Principal(name="anybody on this machine", account=_environment(settings), client_id="local")


def _identity_key(settings: HostedSettings) -> bytes:
    return derived_key(settings.encryption_keys, "identity of credentials")
