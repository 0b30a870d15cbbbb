"""A login by OAuth, whose refresh token works once: renewed by one at a time, and stored before it is used."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import anyio

from flodesk_mcp.api.credentials import BearerToken, Credential, identity_of
from flodesk_mcp.api.errors import BadRequest, FlodeskError, NotRenewed, SignInAgain, TooManyRequests, Unauthorized
from flodesk_mcp.token_pair import TokenPair

__all__ = ["KeptPair", "OAuthLogin", "renewing"]

EARLY_SECONDS = 60
"""So long before its end a token is replaced: what is on its way must still arrive in time."""

QUIET_SECONDS = 5
"""So long after a failure Flodesk is not asked again, unless it says how long itself."""

_RENEWED_NOW: set["OAuthLogin"] = set()


def renewing() -> bool:
    """Tell whether this process has asked for new tokens that are not stored yet: if it ends now, they are lost."""
    return bool(_RENEWED_NOW)


class KeptPair(Protocol):
    """Where the tokens of one login are kept, for all processes that use it. Every method may raise NotRenewed."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Keep all others out, in this process and in every other, for as long as the block lasts."""

    async def read(self) -> TokenPair | None:
        """Return the tokens that are kept now; None if the person must sign in again."""

    async def replace(self, used: TokenPair, new: TokenPair) -> TokenPair:
        """Keep `new`, unless something else than `used` is kept by now; return what is kept."""

    async def give_up(self, used: TokenPair) -> None:
        """Keep that the person must sign in again, unless something else than `used` is kept by now."""


class OAuthLogin(Credential):
    """What opens an account that somebody signed in to. All clients of the account in a process share one."""

    kind = "access token"

    def __init__(
        self,
        known_by: str,
        pair: TokenPair,
        kept: KeptPair,
        refresh: Callable[[TokenPair], Awaitable[TokenPair]] | None,
        *,
        sign_in_at: str,
        ended: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take what the account is known by, its tokens, where they are kept, and OAuthClient.refresh.

        `sign_in_at` is where a person signs in again, `ended` says that they must.
        """
        super().__init__("", known_by)
        self._pair = pair
        self._kept = kept
        self._refresh = refresh
        self._sign_in_at = sign_in_at
        self._now = now
        self._one_at_a_time = anyio.Lock()
        self._failures = 0
        self._failure: FlodeskError | None = None
        self._quiet_until = float("-inf")
        self._unsaved: tuple[TokenPair, TokenPair] | None = None
        self._ended = ended

    async def proof(self) -> Credential:
        """Return the access token, renewed if it is about to end.

        Raises NotRenewed when it has ended and cannot be renewed.
        """
        pair = self._pair
        left = pair.expires_at - self._now()
        if left < EARLY_SECONDS or self._ended:
            try:
                pair = await self._newer_than(pair)
            except NotRenewed:
                if left <= 0 or self._ended:
                    raise
        return _token(pair)

    async def replaces(self, proof: Credential) -> bool:
        """Tell whether there are other tokens by now, or get them. Raises NotRenewed."""
        pair = self._pair
        if identity_of(proof) == identity_of(_token(pair)):
            await self._newer_than(pair)
        return True

    async def _newer_than(self, used: TokenPair) -> TokenPair:
        """Return the tokens that came after `used`. Those who ask at the same time share what comes of it."""
        failures = self._failures
        async with self._one_at_a_time:
            if self._pair != used:
                return self._pair
            if self._failure and (self._failures > failures or anyio.current_time() < self._quiet_until):
                raise self._failure
            try:
                self._pair = await self._renewed(used)
                self._ended = False
            except FlodeskError as error:
                self._failure, self._failures = error, self._failures + 1
                self._ended = isinstance(error, SignInAgain)
                if not self._ended:
                    told = error.__cause__
                    seconds = told.known_wait if isinstance(told, TooManyRequests) else 0
                    self._quiet_until = anyio.current_time() + (seconds or QUIET_SECONDS)
                raise
            return self._pair

    async def _renewed(self, used: TokenPair) -> TokenPair:
        async with self._kept.alone():
            if self._unsaved:  # there was no keeping them the last time
                await self._save(*self._unsaved)
            kept = await self._kept.read()
            if kept is None:
                raise SignInAgain(self._sign_in_at)
            if kept.access_token != used.access_token:  # another process was faster, or the person signed in again
                return kept
            _RENEWED_NOW.add(self)
            try:
                with anyio.CancelScope(shield=True):  # nobody who goes away takes with them what works only once
                    kept = await self._save(kept, await self._refreshed(kept))
            finally:
                _RENEWED_NOW.discard(self)
        return kept

    async def _save(self, used: TokenPair, new: TokenPair) -> TokenPair:
        self._unsaved = used, new
        kept = await self._kept.replace(used, new)
        self._unsaved = None
        return kept

    async def _refreshed(self, pair: TokenPair) -> TokenPair:
        if self._refresh is None:
            raise NotRenewed("The access token has ended: set FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET to renew it.")
        try:
            return await self._refresh(pair)
        except BadRequest:
            await self._kept.give_up(pair)
            raise SignInAgain(self._sign_in_at) from None
        except Unauthorized as error:
            raise NotRenewed(
                "Flodesk refuses to renew the access token (401): check FLODESK_CLIENT_ID and FLODESK_CLIENT_SECRET, "
                f"then sign in again: {self._sign_in_at}"
            ) from error
        except FlodeskError as error:
            raise NotRenewed(
                f"The access token has ended, and is not renewed yet: {error} Nothing was sent."
            ) from error


def _token(pair: TokenPair) -> BearerToken:
    return BearerToken(pair.access_token.get_secret_value())
