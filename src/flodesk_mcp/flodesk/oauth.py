"""Our client at Flodesk's OAuth: how somebody opens an account to us. Source: flodesk-api, Access."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

import httpx2
from pydantic import BaseModel, Field, SecretStr, TypeAdapter

from flodesk_mcp.api.credentials import BearerToken
from flodesk_mcp.api.errors import NoAnswer, ServerError, TooManyRequests, UnreadableAnswer
from flodesk_mcp.api.response import Answer, decoded, failure, retry_after, shaped
from flodesk_mcp.api.transport import USER_AGENT, answered_within, read_capped
from flodesk_mcp.flodesk.models import Profile
from flodesk_mcp.flodesk.service import FLODESK
from flodesk_mcp.token_pair import TokenPair

__all__ = ["OAuthClient"]

TIMEOUT_SECONDS = 10
"""Long, because who gives up on a refresh may lose the login; twice as long still fits into a call of a tool."""

ONE_DAY = 86_400
SHORTEST_SECONDS = 120
"""No token counts for less, or each call would begin with a refresh. One that ends sooner meets a 401."""

PKCE_METHOD = "S256"


class _Granted(BaseModel):
    access_token: Annotated[str, Field(min_length=1, max_length=4096)]
    refresh_token: Annotated[str, Field(min_length=1, max_length=4096)]
    expires_in: Annotated[int, Field(ge=0, le=10 * 365 * ONE_DAY)] = ONE_DAY


_GRANTED = TypeAdapter(_Granted)
_PROFILE = TypeAdapter(Profile)


class OAuthClient:
    """A partner integration that Flodesk has approved. No secret of it is in a repr or an error.

    Every method raises a FlodeskError and nothing else: BadRequest for a code or token that Flodesk does not take,
    Unauthorized for the client itself; NoAnswer, ServerError, TooManyRequests, UnreadableAnswer for trouble on the way.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr,
        *,
        http: httpx2.AsyncClient,
        base_url: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.client_id = client_id
        self._client_secret = client_secret
        self._http = http
        self._root = base_url.rstrip("/").removesuffix("/v1") + "/oauth2"
        self._host = httpx2.URL(base_url).netloc.decode()
        self._timeout_seconds = timeout_seconds
        self._now = now

    def authorize_url(self, redirect_uri: str, state: str, *, code_challenge: str | None = None) -> str:
        """Return where a person grants access; a browser comes back to `redirect_uri` with `code` and `state`.

        Flodesk documents no PKCE, and ignores what it does not know (RFC 6749, 3.1): a challenge does no harm.
        """
        query = {
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "state": state,
        }
        if code_challenge is not None:
            query |= {"code_challenge": code_challenge, "code_challenge_method": PKCE_METHOD}
        return f"{self._root}/authorize?{urlencode(query)}"

    async def exchange(self, code: str, redirect_uri: str, *, code_verifier: str | None = None) -> TokenPair:
        """Return the tokens for a code, which works once, within 30 minutes. Source: POST /oauth2/token."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if code_verifier is not None:
            form["code_verifier"] = code_verifier
        return await self._tokens(form)

    async def refresh(self, pair: TokenPair) -> TokenPair:
        """Return the pair that replaces `pair`, of which nothing works afterwards. Source: POST /oauth2/token.

        Where the answer is lost, it is asked once more with the same token. A BadRequest then
        says that Flodesk had done it, and nothing works any more.
        """
        form = {"grant_type": "refresh_token", "refresh_token": pair.refresh_token.get_secret_value()}
        try:
            return await self._tokens(form)
        except (NoAnswer, ServerError, UnreadableAnswer):
            return await self._tokens(form)

    async def userinfo(self, pair: TokenPair) -> Profile:
        """Return who granted access; `id` is the identity of the account. Source: GET /oauth2/userinfo."""
        credential = BearerToken(pair.access_token.get_secret_value())
        answer = await self._answer("GET", "userinfo", credential)
        return shaped(decoded(answer), _PROFILE, answer.status)

    async def _tokens(self, form: Mapping[str, str]) -> TokenPair:
        asked_at = self._now()
        client = httpx2.BasicAuth(self.client_id, self._client_secret.get_secret_value())
        answer = await self._answer("POST", "token", client, form)
        granted = shaped(decoded(answer), _GRANTED, answer.status)
        try:
            for token in (granted.access_token, granted.refresh_token):
                BearerToken(token)
        except ValueError:
            raise UnreadableAnswer(
                "Flodesk's answer holds a token that cannot be sent.", status=answer.status
            ) from None
        expires_at = int(asked_at) + max(granted.expires_in, SHORTEST_SECONDS)
        return TokenPair(SecretStr(granted.access_token), SecretStr(granted.refresh_token), expires_at)

    async def _answer(
        self, method: str, operation: str, auth: httpx2.Auth, form: Mapping[str, str] | None = None
    ) -> Answer:
        """Return a successful answer to one request; raise for every other. None of them is repeated here."""
        request = self._http.build_request(
            method,
            f"{self._root}/{operation}",
            data=form,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            timeout=httpx2.Timeout(None, connect=self._timeout_seconds / 2),
        )
        with answered_within(self._timeout_seconds, self._host):
            response = await self._http.send(request, auth=auth, follow_redirects=False, stream=True)
            try:
                answer = Answer(response.status_code, response.headers, await read_capped(response))
            finally:
                await response.aclose()
        if answer.is_over_quota:
            raise TooManyRequests(retry_after(answer.headers, datetime.now(UTC)) or 0)
        if not answer.is_success:
            raise failure(answer, FLODESK, repeatable=True)
        return answer
