"""Which program it is that asks: one that registered here, or one whose id is the address of its description."""

import re
import time
from typing import Any
from urllib.parse import urlsplit

from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull
from pydantic import AnyUrl, TypeAdapter, ValidationError

from flodesk_mcp.store import StoredClient, StoredClients
from flodesk_mcp.web.auth.scopes import OFFLINE_SCOPE, SCOPES
from flodesk_mcp.web.auth.sign_in.documents import MAX_ADDRESS, Documents, NoDocument, NotReached, is_document_address
from flodesk_mcp.web.host_check import is_loopback

__all__ = ["SignInClient", "SignInClients", "check_redirect_uri"]

MAX_NAME = 100
MAX_REDIRECT_URI = 2000
MAX_REDIRECT_URIS = 20

DANGEROUS = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source", "ws"})
"""Schemes that a browser acts on itself, where others lead to a program on the person's device."""

_URI = TypeAdapter(AnyUrl)
_UNSHOWN = re.compile(r"[^\w\s.,:;!?&'()/+@#-]|[\r\n\t\v\f]")


class SignInClient(OAuthClientInformationFull):
    """A client, as it described itself. `secret_digest` is the hash of its secret, if it has one."""

    secret_digest: str | None = None

    @property
    def shown_name(self) -> str:
        """What it calls itself, without anything that could look like more than a name."""
        name = " ".join(_UNSHOWN.sub("", self.client_name or "").split())
        return name[:MAX_NAME] or "A program without a name"

    @property
    def published_at(self) -> str | None:
        """The host that its description comes from, which nobody else can use."""
        return urlsplit(self.client_id).hostname if is_document_address(self.client_id) else None

    @property
    def proves_itself(self) -> bool:
        """Whether it must show more than its id."""
        return self.token_endpoint_auth_method not in {None, "none"}

    def redirect_to(self, given: str | None) -> str:
        """Return where the answer goes.

        Raises InvalidRedirectUriError unless that is an address which the client itself named before.
        """
        try:
            uri = None if given is None else _URI.validate_python(given)
        except ValidationError:
            raise InvalidRedirectUriError("It is no address.") from None
        return str(self.validate_redirect_uri(uri))

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """Return the address if it is known; on the person's own machine any port counts (RFC 8252, 7.3)."""
        if redirect_uri is not None and _on_this_machine(redirect_uri):
            for known in self.redirect_uris or []:
                if _without_port(known) == _without_port(redirect_uri):
                    return redirect_uri
        return super().validate_redirect_uri(redirect_uri)


def check_redirect_uri(uri: AnyUrl) -> None:
    """Raise ValueError for an address that no code may be sent to."""
    if len(str(uri)) > MAX_REDIRECT_URI:
        raise ValueError("A redirect URI is too long.")
    if uri.fragment is not None or uri.username or uri.password:
        raise ValueError("A redirect URI has no fragment and no user name.")
    if uri.scheme in DANGEROUS or (uri.scheme == "http" and not _on_this_machine(uri)):
        raise ValueError("A redirect URI is https, http on this machine, or a program's own scheme.")
    if uri.scheme == "https" and not uri.host:
        raise ValueError("A redirect URI names a host.")


def _on_this_machine(uri: AnyUrl) -> bool:
    return uri.scheme == "http" and is_loopback((uri.host or "").strip("[]"))


def _without_port(uri: AnyUrl) -> tuple[Any, ...]:
    return uri.scheme, uri.username, uri.password, uri.host, uri.path, uri.query, uri.fragment


class SignInClients:
    """Finds clients. A description is read anew when it is out of date; at worst the last one counts a while longer."""

    def __init__(self, stored: StoredClients, documents: Documents) -> None:
        self._stored = stored
        self._documents = documents

    async def is_known(self, client_id: str) -> bool:
        """Tell whether a client can be found without reading anything from elsewhere."""
        if not is_document_address(client_id):
            return True
        known = await self._stored.get(client_id)
        return known is not None and known.fresh

    async def get(self, client_id: str) -> SignInClient | None:
        """Return a client, None for one that is not registered, or whose registration is forgotten.

        Raises NoDocument for one without a usable description, StoreError.
        """
        if len(client_id) > MAX_ADDRESS or not client_id.isprintable():
            return None
        known = await self._stored.get(client_id)
        if not is_document_address(client_id):
            return _client_of(known) if known else None
        if known and known.fresh:
            return _client_of(known)
        try:
            document = await self._documents.read(client_id)
        except NotReached:
            if known is None:
                raise
            return _client_of(known)  # a sign-in must not end because somebody's web server rests
        try:
            client = _described(client_id, document.content)
        except NoDocument as error:
            self._documents.refuse(client_id, error)
            raise
        await self._stored.keep_document(client_id, client.model_dump_json(exclude_none=True), document.seconds)
        return client


def _client_of(stored: StoredClient) -> SignInClient:
    client = SignInClient.model_validate_json(stored.description)
    client.secret_digest = stored.secret_digest
    return client


def _described(client_id: str, content: dict[str, Any]) -> SignInClient:
    """Return the client that a document describes.

    Raises NoDocument.
    """
    if content.get("client_id") != client_id:
        raise NoDocument("Its description names another client.")
    if "client_secret" in content:
        raise NoDocument("Its description holds a secret.")
    one = content.get("token_endpoint_auth_method") or "none"
    several = content.get("token_endpoint_auth_methods_supported")
    offered = several if isinstance(several, list) and several else [one]
    method = next((known for known in ("none", "private_key_jwt") if known in offered), None)
    described = {
        **content,
        "token_endpoint_auth_method": method,
        "scope": " ".join((*SCOPES, OFFLINE_SCOPE)),
        "client_id_issued_at": int(time.time()),
        "secret_digest": None,
    }
    try:
        client = SignInClient.model_validate(described)
        for uri in client.redirect_uris or []:
            check_redirect_uri(uri)
    except (ValueError, RecursionError):
        raise NoDocument("Its description is not one of a client.") from None
    if not client.redirect_uris or len(client.redirect_uris) > MAX_REDIRECT_URIS:
        raise NoDocument("Its description does not say where answers go.")
    if method is None or (method == "private_key_jwt" and client.jwks_uri is None):
        raise NoDocument("Its description offers no way to prove who it is that this server knows.")
    return client
