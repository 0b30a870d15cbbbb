"""From the settings to clients of Flodesk."""

from typing import Literal, NamedTuple

from httpx2 import AsyncBaseTransport, AsyncClient, InvalidURL, create_ssl_context
from pydantic import SecretStr

from flodesk_mcp.flodesk import ApiKey, BearerToken, Credential, FlodeskClient, open_http
from flodesk_mcp.quota import Quota, WindowQuota
from flodesk_mcp.settings import Settings, SettingsError

__all__ = [
    "KEYCHAIN",
    "FoundCredential",
    "client_for",
    "credential_from",
    "credential_of",
    "find_credential",
    "open_connections",
    "open_many_connections",
]

KEYCHAIN = "this computer's keychain (flodesk-mcp login)"
NO_CREDENTIAL = (
    "Set FLODESK_API_KEY to your Flodesk API key, or keep it in this computer's keychain with `flodesk-mcp login`, "
    "or set FLODESK_SANDBOX=1 to try everything without one."
)


class FoundCredential(NamedTuple):
    """What opens an account, and where it was found, in words for people."""

    credential: Credential
    source: str


def find_credential(settings: Settings) -> FoundCredential:
    """Return what opens the account of this computer's user: what `settings` name, or else what the keychain holds.

    Raises SettingsError when there is none.
    """
    if settings.names_account:
        return FoundCredential(credential_of(settings), settings.credential_source)
    from flodesk_mcp.callers.keychain import Keychain  # slow: only who set no variable pays

    try:
        found = Keychain(settings).credential()
    except (SettingsError, ValueError) as error:
        raise SettingsError(f"{NO_CREDENTIAL} ({error})") from error
    if found is None:
        raise SettingsError(NO_CREDENTIAL)
    return FoundCredential(found, KEYCHAIN)


def credential_of(settings: Settings) -> Credential:
    """Return what opens the account that `settings` name.

    Raises SettingsError when there is none.
    """
    if settings.sandbox:
        from flodesk_mcp.sandbox import SANDBOX_API_KEY

        return ApiKey(SANDBOX_API_KEY)
    if settings.access_token:
        return BearerToken(settings.access_token.get_secret_value().strip())
    if settings.api_key:
        return ApiKey(settings.api_key.get_secret_value().strip())
    raise SettingsError(NO_CREDENTIAL)


def credential_from(kind: Literal["api_key", "access_token"], secret: SecretStr) -> Credential:
    """Return the credential that a secret of that kind is.

    Raises ValueError, whose words do not show the secret, when it cannot be one.
    """
    opens = {"api_key": ApiKey, "access_token": BearerToken}[kind]
    return opens(secret.get_secret_value())


def client_for(
    identity: str, credential: Credential, settings: Settings, http: AsyncClient, quota: Quota | None = None
) -> FlodeskClient:
    """Return a client for the account `identity` that `credential` opens, by default with a quota of its own."""
    return FlodeskClient(
        credential,
        identity=identity,
        base_url=settings.base_url,
        http=http,
        quota=quota or WindowQuota(settings.requests_per_minute, settings.batches_per_minute),
        max_wait_seconds=settings.max_wait_seconds,
        timeout_seconds=settings.timeout_seconds,
    )


def open_connections(settings: Settings, transport: AsyncBaseTransport | None = None) -> AsyncClient:
    """Return the HTTP client that leads where `settings` say: to the network, or to the embedded Flodesk.

    `transport` leads elsewhere. Raises SettingsError for a proxy or certificates of the environment that do not work.
    """
    return open_many_connections(settings, transport, 1)[0]


def open_many_connections(settings: Settings, transport: AsyncBaseTransport | None, number: int) -> list[AsyncClient]:
    """Return so many HTTP clients that share nothing but the certificates that they trust.

    `transport` leads elsewhere. Raises SettingsError for a proxy or certificates of the environment that do not work.
    """
    if settings.sandbox and transport is None:
        from flodesk_mcp.sandbox import Sandbox  # only a server that runs on it pays for it

        transport = Sandbox().transport()
    try:
        certificates = None if transport else create_ssl_context()
        return [open_http(transport, certificates) for _ in range(number)]
    except (InvalidURL, ValueError, OSError, ImportError) as error:  # raised for variables that httpx2 reads
        raise SettingsError(
            "The environment's proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) or certificates (SSL_CERT_FILE, "
            f"SSL_CERT_DIR) cannot be used ({type(error).__name__}): correct or unset them."
        ) from None
