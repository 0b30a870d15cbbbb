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
from flodesk_mcp.flodesk import identity_of, open_http
from flodesk_mcp.messages import Messages
from flodesk_mcp.store import Store, StoreError
from flodesk_mcp.web.auth.api_tokens import ApiTokens
from flodesk_mcp.web.auth.backend import AuthBackend, Proof
from flodesk_mcp.web.auth.background import noting_uses
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.credential_headers import CredentialHeaders
from flodesk_mcp.web.auth.errors import AuthErrors
from flodesk_mcp.web.auth.jwt_bearer import JwtBearer, Keys
from flodesk_mcp.web.auth.known_keys import key_identities
from flodesk_mcp.web.auth.paces import Pace, Paces
from flodesk_mcp.web.auth.principal import OpenedAccount, Principal
from flodesk_mcp.web.auth.protected_resource import resource_metadata_routes, resource_metadata_url
from flodesk_mcp.web.auth.scopes import SCOPES
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in_tokens import SignInTokens
from flodesk_mcp.web.auth.wrong_proofs import WrongProofs
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.health import Check
from flodesk_mcp.web.keys import derived_key
from flodesk_mcp.web.large_bodies import LargeBodies, Turns
from flodesk_mcp.web.middleware import BodyDeadline
from flodesk_mcp.web.settings import HostedSettings
from flodesk_mcp.web.sign_in import SignIn

__all__ = ["Authentication"]

CREDENTIAL_CHALLENGE = 'Flodesk-Credential realm="flodesk-mcp", headers="X-Flodesk-Api-Key X-Flodesk-Access-Token"'
"""No registered scheme carries a credential in a header of its own; Bearer would make clients look for a login."""

BEARER_CHALLENGE = 'Bearer realm="flodesk-mcp"'


class Authentication:
    """Asks for proof in front of an application. What that needs is open while `running()` is."""

    def __init__(
        self,
        settings: HostedSettings,
        callers: WebCallers,
        flodesk: httpx2.AsyncClient,
        documents: httpx2.AsyncBaseTransport | None,
        messages: Messages,
    ) -> None:
        """Raise SettingsError or StoreError for what cannot work.

        Only those that are let in get into the pool of `callers`. `flodesk` leads to Flodesk, `documents` to what
        clients publish about themselves, `messages` to the other replicas.
        """
        self._http = open_http()
        self._provider = settings.identity_provider
        self._store: Store | None = None
        self._keys: Keys | None = None
        self._sign_in: SignIn | None = None
        self._wrong = wrong = WrongProofs(messages)
        check = CredentialCheck(callers.pool, wrong)
        tokens: list[Proof] = []
        self._credentials: StoredCredentials | None = None
        everybody = None if settings.modes else _everybody(settings)
        self._here = [everybody.account] if everybody else []
        if settings.keeps_state:
            self._store = store = Store(settings.database_address, settings.encryption_keys)
            oauth = oauth_client(settings, flodesk)
            self._credentials = credentials = StoredCredentials(store.logins, oauth, _sign_in_at(settings))
            if "tokens" in settings.modes:
                environment = _environment(settings) if settings.names_account else None
                self._here += [environment] if environment else []
                tokens.append(ApiTokens(store.tokens, environment, credentials))
            if address := settings.sign_in_address:
                tokens.append(SignInTokens(store.grants, credentials, address))
                self._sign_in = SignIn(
                    settings, address, store, check, callers.operator, oauth, callers.audiences, documents
                )
            if self._provider:
                self._keys = Keys(self._http, self._provider.jwks_url)
                issuer, audience = self._provider.issuer, self._provider.audience
                tokens.append(JwtBearer(self._keys, store.subjects, credentials, issuer, audience))
        self._backend = AuthBackend(
            CredentialHeaders(_identity_key(settings), check) if "headers" in settings.modes else None,
            tokens,
            everybody,
            wrong,
        )
        self._turns = Turns()
        self._paces: dict[str, Pace] = {}
        self._identities_of = key_identities(settings.encryption_keys)
        self._resource = settings.resource
        self._issuers = settings.token_issuers
        scope = " ".join(SCOPES) if settings.sign_in_address else None
        self._errors = AuthErrors(self._challenge(settings), scope)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bring the database up to date, and keep open what the proofs are looked up in."""
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(self._http)
            if self._store:
                await opened.enter_async_context(self._store)
                await self._store.accounts.check()
                await self._store.accounts.know_keys(self._identities_of)
                await self._store.serving_keys.note()
                await opened.enter_async_context(noting_uses(self._store.tokens.uses, self._store.grants.uses))
            if self._sign_in:
                await opened.enter_async_context(self._sign_in.running())
            yield

    async def known_accounts(self) -> list[OpenedAccount]:
        """Return the accounts that can be opened without a request that brings their credential.

        Raises StoreError.
        """
        if not (self._store and self._credentials):
            return self._here
        stored = [account for account in await self._store.accounts.all() if not account.signed_out]
        return [*self._here, *(OpenedAccount.of(account, self._credentials) for account in stored)]

    async def account(self, identity: str) -> OpenedAccount | None:
        """Return one of them, None for any other and for one that somebody must sign in to again.

        Raises StoreError.
        """
        if not (self._store and self._credentials):
            return None
        here = next((account for account in self._here if account.identity == identity), None)
        stored = None if here else await self._store.accounts.known_by(identity)
        if stored is None or stored.signed_out:
            return here
        try:
            return OpenedAccount.of(stored, self._credentials)
        except ValueError as error:
            raise StoreError(f"The credential of account {stored.name!r} cannot be one: {error}") from None

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Let only those in who prove something, and read nothing of what others send."""
        return AuthenticationMiddleware(
            AuthContextMiddleware(Paces(BodyDeadline(LargeBodies(app, self._turns)), self._paces)),
            backend=self._backend,
            on_error=self._errors.answer,
        )

    def public_routes(self) -> list[Route]:
        """Return the paths that tell a client where to get a token, and those where it gets one."""
        metadata = resource_metadata_routes(self._resource, self._issuers) if self._resource else []
        return [*metadata, *(self._sign_in.routes() if self._sign_in else ())]

    def checks(self) -> Mapping[str, Check]:
        """Return what must be there for proofs to be looked up."""
        checks: dict[str, Check] = {}
        if self._store:
            checks["database"] = self._store.ping
        if self._keys:
            checks["identity_provider"] = self._keys.check
        return checks

    def _challenge(self, settings: HostedSettings) -> str:
        if self._resource:
            return f'{BEARER_CHALLENGE}, resource_metadata="{resource_metadata_url(self._resource)}"'
        return BEARER_CHALLENGE if "tokens" in settings.modes else CREDENTIAL_CHALLENGE


def _sign_in_at(settings: HostedSettings) -> str:
    if settings.sign_in_address:
        return Addresses(settings.sign_in_address).connected
    return "the page where the account was connected."


def _environment(settings: HostedSettings) -> OpenedAccount:
    credential = credential_of(settings)
    return OpenedAccount(identity_of(credential, _identity_key(settings)), credential, settings.credential_source)


def _everybody(settings: HostedSettings) -> Principal:
    credential, source = find_credential(settings)
    account = OpenedAccount(identity_of(credential, _identity_key(settings)), credential, source)
    return Principal(name="anybody on this machine", account=account, client_id="local")


def _identity_key(settings: HostedSettings) -> bytes:
    return derived_key(settings.encryption_keys, "identity of credentials")
