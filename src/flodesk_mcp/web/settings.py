"""The settings that only hosting needs."""

import base64
import ipaddress
from dataclasses import dataclass
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from flodesk_mcp.settings import DatabaseUrl, Settings, SettingsError
from flodesk_mcp.web.host_check import is_loopback

__all__ = ["MODES", "HostedSettings", "IdentityProvider"]

LEAST_KEY_BYTES, MOST_KEY_BYTES = 24, 64
"""What Standard Webhooks allows."""

MODES = ("tokens", "headers", "oauth", "sign-in")


def _modes(value: str) -> str:
    for name in filter(None, (name.strip() for name in value.split(","))):
        if name not in MODES:
            raise ValueError(f"{name!r} is none of {', '.join(MODES)}.")
    return value


def _address(value: str) -> str:
    url = urlsplit(value)
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname or "")):
        raise ValueError("must be https (http only on this machine).")
    if not url.hostname or url.username or url.fragment:
        raise ValueError("must be an address without user name or fragment.")
    return value


def _root(value: str) -> str:
    url = urlsplit(_address(value.rstrip("/")))
    if url.path or url.query:
        raise ValueError("must be an address without a path, such as https://flodesk.example.com.")
    return f"{url.scheme}://{url.netloc.lower()}"


def _networks(value: str) -> str:
    for name in filter(None, (name.strip() for name in value.split(","))):
        try:
            ipaddress.ip_network(name)
        except ValueError:
            raise ValueError(f"{name[:80]!r} is no address and no network, such as 10.0.0.0/8.") from None
    return value


def _signing_secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        raise ValueError("must be whsec_ and 24 to 64 bytes in Base64: make one with `flodesk-mcp events new-secret`.")
    return SecretStr(text)


def _redis(value: DatabaseUrl) -> DatabaseUrl:
    if not value.whole().startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must look like redis://host:6379/0, or rediss://... with TLS.")
    return value


@dataclass(frozen=True)
class IdentityProvider:
    """Whose tokens are accepted, how they name this server, and where the keys are."""

    issuer: str
    audience: str
    jwks_url: str


Address = Annotated[str, AfterValidator(_address)]


class HostedSettings(Settings):
    """What an operator of a hosted server can set."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on")
    auth: Annotated[str, AfterValidator(_modes)] = Field(
        "", description="Who gets in: tokens, headers, oauth, sign-in, or several, separated by commas"
    )
    public_url: Annotated[str, AfterValidator(_root)] | None = Field(
        None, description="Where others reach this server (https, or http on this machine), without a path"
    )
    allowed_hosts: str | None = Field(
        None, description="Host names that clients may use, separated by commas (default: those of the address)"
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "127.0.0.1",
        description="Reverse proxies that say where requests come from: addresses or networks, separated by commas",
    )
    database_url: DatabaseUrl | None = Field(None, description="SQLite or PostgreSQL (default: a file of this user)")
    redis_url: Annotated[DatabaseUrl, AfterValidator(_redis)] | None = Field(
        None, description="Redis or Valkey, through which replicas share quotas and messages (default: one process)"
    )
    encryption_keys: SecretStr | None = Field(
        None, description="Keys that stored credentials are encrypted with, the newest first, separated by commas"
    )
    events_days: int = Field(90, ge=1, le=3650, description="Days after which events of webhooks are forgotten")
    forward_url: Address | None = Field(
        None, description="Where events of webhooks go on to (https, or http on this machine)"
    )
    forward_secret: Annotated[SecretStr, AfterValidator(_signing_secret)] | None = Field(
        None, description="Secret that they are signed with, as Standard Webhooks has it: whsec_..."
    )
    oauth_issuer: Address | None = Field(None, description="Identity provider whose tokens are accepted")
    oauth_audience: Address | None = Field(None, description="This server in those tokens: the public address of /mcp")
    oauth_jwks_url: Address | None = Field(None, description="Where the identity provider publishes its keys")
    log_format: Literal["text", "json"] = Field("text", description="Form of the log")
    metrics_host: str = Field("127.0.0.1", description="Address that /metrics is served on, apart from all else")
    metrics_port: int | None = Field(
        None, ge=0, le=65535, description="Port that /metrics is served on (default: it is not)"
    )
    audit: Literal["all", "writes"] = Field("all", description="Calls that the audit holds: all, or only writes")

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if bool(self.forward_url) != bool(self.forward_secret):
            raise ValueError("FLODESK_FORWARD_URL and FLODESK_FORWARD_SECRET belong together: set both, or neither.")
        if "oauth" in self.modes:
            for name in ("oauth_issuer", "oauth_audience", "oauth_jwks_url"):
                if getattr(self, name) is None:
                    raise ValueError(f"FLODESK_AUTH names oauth: set FLODESK_{name.upper()}, too.")
        if self.redis_url and not self.encryption_keys:
            raise ValueError(
                "FLODESK_REDIS_URL is for replicas, which share their keys, too: set FLODESK_ENCRYPTION_KEYS."
            )
        if "sign-in" in self.modes:
            for name in ("public_url", "encryption_keys"):
                if getattr(self, name) is None:
                    raise ValueError(f"FLODESK_AUTH names sign-in: set FLODESK_{name.upper()}, too.")
            if "oauth" in self.modes and self.oauth_audience != f"{self.public_url}/mcp":
                raise ValueError(
                    "FLODESK_AUTH names sign-in and oauth: FLODESK_OAUTH_AUDIENCE must be FLODESK_PUBLIC_URL and /mcp."
                )
        return self

    @property
    def modes(self) -> frozenset[str]:
        """The ways to get in. With none, everybody on this machine is let in."""
        return frozenset(name.strip() for name in self.auth.split(",")) - {""}

    @property
    def database_address(self) -> str | None:
        """Where the database is, with its password; None means the file of this user."""
        return self.database_url.whole() if self.database_url else None

    @property
    def redis_address(self) -> str | None:
        """Where Redis is, with its password; None where this process is the only one."""
        return self.redis_url.whole() if self.redis_url else None

    @property
    def keeps_state(self) -> bool:
        """Whether a database is needed."""
        return bool(self.modes & {"tokens", "oauth", "sign-in"})

    @property
    def sign_in_address(self) -> str | None:
        """The public address of this server, in mode `sign-in`."""
        return self.public_url if "sign-in" in self.modes else None

    @property
    def token_issuers(self) -> list[str]:
        """Who gives clients tokens for this server that they fetch by themselves."""
        known = (self.sign_in_address, self.oauth_issuer if "oauth" in self.modes else None)
        return [issuer for issuer in known if issuer]

    @property
    def resource(self) -> str | None:
        """What those tokens are for: the address of `/mcp`."""
        if self.sign_in_address:
            return f"{self.sign_in_address}/mcp"
        return self.oauth_audience if "oauth" in self.modes else None

    @property
    def identity_provider(self) -> IdentityProvider | None:
        """The identity provider, in mode `oauth`."""
        if "oauth" not in self.modes or not (self.oauth_issuer and self.oauth_audience and self.oauth_jwks_url):
            return None
        return IdentityProvider(self.oauth_issuer, self.oauth_audience, self.oauth_jwks_url)

    def check(self) -> None:
        """Refuse what would be unsafe to serve.

        Raises SettingsError.
        """
        if self.folders:
            raise SettingsError(
                "FLODESK_FOLDERS is for the server on a person's own machine: hosted there are no paths."
            )
        if self.forward_url and not self.keeps_state:
            raise SettingsError("FLODESK_FORWARD_URL needs a database: set FLODESK_AUTH to tokens, oauth or sign-in.")
        if not self.modes and not is_loopback(self.host):
            raise SettingsError(
                f"FLODESK_HOST is {self.host}, which others can reach: "
                "set FLODESK_AUTH to tokens, headers, oauth or sign-in first."
            )
