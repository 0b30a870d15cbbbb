"""The token endpoint, and the one that takes tokens back.

They are not the SDK's: that keeps secrets as they are, does not look at `resource`, answers another redirect URI with
another error than RFC 6749 has, knows no signed assertions, and answers some requests in plain text.
"""

import hmac

from mcp.shared.auth import InvalidRedirectUriError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from flodesk_mcp.observability.audit import record
from flodesk_mcp.store import EndedGrant, FoundCode, IssuedTokens, StoredClients, StoredGrants, StoredGrantTokens
from flodesk_mcp.web.auth.scopes import OFFLINE_SCOPE
from flodesk_mcp.web.auth.sign_in.addresses import Addresses
from flodesk_mcp.web.auth.sign_in.client_proof import ClientProof, NotProved, ProofDelayed
from flodesk_mcp.web.auth.sign_in.clients import SignInClient
from flodesk_mcp.web.auth.sign_in.json_answers import NO_STORE, Refusal, unavailable
from flodesk_mcp.web.auth.sign_in.pkce import challenge_of
from flodesk_mcp.web.forms import Form, read_form

__all__ = ["RevocationEndpoint", "TokenEndpoint"]

ONCE = ("grant_type", "code", "redirect_uri", "client_id", "client_secret", "code_verifier", "refresh_token", "scope")


async def _proved(proof: ClientProof, request: Request, form: Form) -> SignInClient:
    try:
        return await proof.client(request, form)
    except NotProved:
        basic = "authorization" in request.headers
        raise Refusal(
            "invalid_client", "The client is unknown, or does not prove who it is.", 401, basic=basic
        ) from None
    except ProofDelayed:
        raise unavailable() from None


class TokenEndpoint:
    """Exchanges codes and refresh tokens (RFC 6749, 4.1.3 and 6)."""

    def __init__(
        self, proof: ClientProof, tokens: StoredGrantTokens, clients: StoredClients, addresses: Addresses
    ) -> None:
        self._proof = proof
        self._tokens = tokens
        self._clients = clients
        self._addresses = addresses

    async def answer(self, request: Request) -> Response:
        """Answer with tokens.

        Raises Refusal, FormError, StoreError.
        """
        form = await read_form(request)
        form.check_once(*ONCE)
        client = await _proved(self._proof, request, form)
        match form.get("grant_type"):
            case "authorization_code":
                issued = await self._redeemed(client, form)
                await self._clients.note_use(client.client_id)
            case "refresh_token":
                issued = await self._refreshed(client, form)
                await self._clients.note_use(client.client_id)
            case None:
                raise Refusal("invalid_request", "grant_type is missing.")
            case _:
                raise Refusal("unsupported_grant_type", "grant_type is authorization_code or refresh_token.")
        body = {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "refresh_token": issued.refresh_token,
            "scope": issued.scopes,
        }
        return JSONResponse(body, headers=NO_STORE)

    async def _redeemed(self, client: SignInClient, form: Form) -> IssuedTokens:
        code, verifier = form.get("code"), form.get("code_verifier")
        if code is None or verifier is None:
            raise Refusal("invalid_request", "code and code_verifier are needed.")
        found = await self._tokens.find_code(code)
        if not isinstance(found, FoundCode):
            _record_end(found)
            raise _invalid_code()
        if found.client_id != client.client_id:
            raise _invalid_code()
        if found.redirect_uri is not None and not _same_address(client, form.get("redirect_uri"), found.redirect_uri):
            raise _invalid_code()
        if not hmac.compare_digest(challenge_of(verifier), found.code_challenge):
            raise _invalid_code()
        self._check_resource(form)
        issued = await self._tokens.redeem(code)
        if not isinstance(issued, IssuedTokens):
            _record_end(issued)
            raise _invalid_code()
        record("Client %(who)s: %(outcome)s", who=issued.grant_id, outcome="connected")
        return issued

    async def _refreshed(self, client: SignInClient, form: Form) -> IssuedTokens:
        token = form.get("refresh_token")
        if token is None:
            raise Refusal("invalid_request", "refresh_token is needed.")
        self._check_resource(form)
        scopes = form.get("scope")
        granted = await self._tokens.scopes_of(token)
        if scopes is not None and granted is not None and not set(scopes.split()) <= {*granted.split(), OFFLINE_SCOPE}:
            raise Refusal("invalid_scope", "The refresh token is for fewer scopes.")
        issued = await self._tokens.refresh(token, client.client_id, scopes)
        if not isinstance(issued, IssuedTokens):
            _record_end(issued)
            raise Refusal("invalid_grant", "The refresh token is wrong, expired, used or revoked.")
        return issued

    def _check_resource(self, form: Form) -> None:
        if not all(map(self._addresses.is_here, form.all("resource"))):
            raise Refusal("invalid_target", f"Tokens of this server are for {self._addresses.resource}.")


class RevocationEndpoint:
    """Takes tokens back (RFC 7009): the whole family of one, and nobody learns whether there was any."""

    def __init__(self, proof: ClientProof, grants: StoredGrants) -> None:
        self._proof = proof
        self._grants = grants

    async def answer(self, request: Request) -> Response:
        """Answer 200 to every client that proves who it is.

        Raises Refusal, FormError, StoreError.
        """
        form = await read_form(request)
        form.check_once("token", "client_id", "client_secret")
        client = await _proved(self._proof, request, form)
        token = form.get("token")
        if token is None:
            raise Refusal("invalid_request", "token is needed.")
        await self._grants.revoke_token(token, client.client_id)
        return Response(headers=NO_STORE)


def _record_end(ended: EndedGrant | None) -> None:
    if ended:
        words = "Client %(who)s was cut off, as its code or refresh token was used for a second time: %(outcome)s"
        record(words, who=ended.grant_id, outcome="ended")


def _invalid_code() -> Refusal:
    return Refusal("invalid_grant", "The code is wrong, expired or used, or is for another request.")


def _same_address(client: SignInClient, given: str | None, asked: str) -> bool:
    if given is None:
        return False
    try:
        return client.redirect_to(given) == asked
    except InvalidRedirectUriError:
        return False
