"""The entrance that the settings ask for: its doors, what they need, and what they tell clients of themselves."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
from mcp.server.auth.settings import AuthSettings
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from flodesk_mcp.callers.clients import credential_of
from flodesk_mcp.flodesk import Credential, open_http
from flodesk_mcp.store import Database, Sealer, StoredAccounts, StoredTokens
from flodesk_mcp.web.auth.access import Access
from flodesk_mcp.web.auth.api_tokens import TokenVerifier
from flodesk_mcp.web.auth.backend import AuthBackend, Verifier
from flodesk_mcp.web.auth.errors import AuthErrors
from flodesk_mcp.web.auth.jwt_bearer import READ_SCOPE, WRITE_SCOPE, JwtVerifier, Keys
from flodesk_mcp.web.health import Check
from flodesk_mcp.web.middleware import LimitSendingTime
from flodesk_mcp.web.settings import HostedSettings

__all__ = ["Authentication"]

CREDENTIAL_CHALLENGE = 'Flodesk-Credential realm="flodesk-mcp", headers="X-Flodesk-Api-Key X-Flodesk-Access-Token"'
"""No registered scheme carries a credential in a header of its own; Bearer would make clients look for a login."""

METADATA_PATH = "/.well-known/oauth-protected-resource"
BEARER_CHALLENGE = 'Bearer realm="flodesk-mcp"'


class Authentication:
    """Guards applications by the modes of the settings. What it needs is open while `open()` is."""

    def __init__(self, settings: HostedSettings) -> None:
        """Raise SettingsError or StoreError for what cannot work."""
        self._http = open_http()
        self._auth = _oauth_settings(settings)
        self._database = _database(settings)
        self._stored: StoredAccounts | None = None
        self._keys: Keys | None = None
        verifiers: list[Verifier] = []
        if self._database:
            sealer = Sealer(settings.encryption_keys)
            self._stored = StoredAccounts(self._database, sealer)
            if "tokens" in settings.modes:
                tokens = StoredTokens(self._database, sealer)
                verifiers.append(TokenVerifier(tokens, _environment(settings), settings.credential_source))
            if provider := settings.identity_provider:
                self._keys = Keys(self._http, provider.jwks_url)
                verifiers.append(JwtVerifier(self._keys, self._stored, provider.issuer, provider.audience))
        self._doors = AuthBackend(
            verifiers,
            headers="headers" in settings.modes,
            everybody=None if settings.modes else _everybody(settings),
        )
        self._refusals = AuthErrors(_challenge(settings, self._auth))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Bring the database up to date, and keep what the doors need open."""
        async with self._http:
            if self._database is None or self._stored is None:
                yield
                return
            try:
                await self._database.migrate()
                await self._stored.check()
                yield
            finally:
                await self._database.aclose()

    def guard(self, app: ASGIApp) -> ASGIApp:
        """Let only those in whom the doors let in, and read nothing of what others send."""
        return AuthenticationMiddleware(
            AuthContextMiddleware(LimitSendingTime(app)), backend=self._doors, on_error=self._refusals.answer
        )

    def public_routes(self) -> list[Route]:
        """Return the paths that tell a client where to get a token (RFC 9728)."""
        if self._auth is None or self._auth.resource_server_url is None:
            return []
        at_its_path = create_protected_resource_routes(
            self._auth.resource_server_url, [self._auth.issuer_url], self._auth.required_scopes, "Flodesk"
        )
        return [*at_its_path, *(Route(METADATA_PATH, route.endpoint, methods=route.methods) for route in at_its_path)]

    def checks(self) -> Mapping[str, Check]:
        """Return what must be there for the doors to open."""
        checks: dict[str, Check] = {}
        if self._database:
            checks["database"] = self._database.ping
        if self._keys:
            checks["identity_provider"] = self._keys.check
        return checks


def _challenge(settings: HostedSettings, auth: AuthSettings | None) -> str:
    if auth and auth.resource_server_url:
        return f'{BEARER_CHALLENGE}, resource_metadata="{build_resource_metadata_url(auth.resource_server_url)}"'
    return BEARER_CHALLENGE if "tokens" in settings.modes else CREDENTIAL_CHALLENGE


def _oauth_settings(settings: HostedSettings) -> AuthSettings | None:
    provider = settings.identity_provider
    if provider is None:
        return None
    return AuthSettings.model_validate(
        {
            "issuer_url": provider.issuer,
            "resource_server_url": provider.audience,
            "required_scopes": [READ_SCOPE, WRITE_SCOPE],
            "validate_token_resource": False,  # the verifier does
        }
    )


def _database(settings: HostedSettings) -> Database | None:
    if not settings.keeps_state:
        return None
    return Database(settings.database_url.get_secret_value() if settings.database_url else None)


def _environment(settings: HostedSettings) -> Credential | None:
    return credential_of(settings) if settings.api_key or settings.access_token or settings.sandbox else None


def _everybody(settings: HostedSettings) -> Access:
    return Access(
        who="anybody on this machine",
        client_id="local",
        credential=credential_of(settings),
        credential_source=settings.credential_source,
    )
