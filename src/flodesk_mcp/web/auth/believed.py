"""Stored tokens that were looked up: believed for a while, and checked once a second, all at once."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.freshness import Fresh, FreshMap
from flodesk_mcp.store import StoreError
from flodesk_mcp.web.auth.bearer import bearer_token
from flodesk_mcp.web.auth.errors import wrong_token
from flodesk_mcp.web.auth.principal import Principal

__all__ = ["BelievedTokens"]

CHECKED_EVERY_SECONDS = 1
BELIEVED_SECONDS = 300
"""Then a token is looked up whole again, which notes its use."""
MAX_BELIEVED = 1000
LOOKED_UP_WITHIN_SECONDS = 4


class _Found(Protocol):
    """What is known of a token. The mark changes whenever the credential of its account is replaced."""

    @property
    def id(self) -> str: ...

    @property
    def credential_mark(self) -> str | None: ...


Found = TypeVar("Found", bound=_Found)
Looked_co = TypeVar("Looked_co", bound=_Found, covariant=True)


class _Tokens(Protocol[Looked_co]):
    """Where tokens are stored."""

    @staticmethod
    def knows(token: str) -> bool: ...

    async def find(self, token: str, /) -> Looked_co | None: ...

    async def valid(self, ids: Collection[str], /) -> dict[str, str | None]: ...


@dataclass(frozen=True)
class _Believed:
    id: str
    credential_mark: str | None
    principal: Principal


class BelievedTokens(Generic[Found]):
    """One kind of stored token, and what each of them opens."""

    def __init__(
        self,
        tokens: _Tokens[Found],
        opened_by: Callable[[Found], Principal],
        clock: Callable[[], float],
        *,
        guessed: bool = True,
    ) -> None:
        """Take the tokens, what each opens, and whether those that open nothing count as guesses."""
        self._tokens = tokens
        self._opened_by = opened_by
        self._guessed = guessed
        self._believed = FreshMap[bytes, _Believed](BELIEVED_SECONDS, MAX_BELIEVED, clock)
        self._valid = Fresh(self._check, CHECKED_EVERY_SECONDS, clock)

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return what the token of a request opens, None when it is not of this kind.

        Raises AuthError for one that opens nothing, StoreError when none can be looked up.
        """
        token = bearer_token(connection)
        if token is None or not self._tokens.knows(token):
            return None
        try:
            with anyio.fail_after(LOOKED_UP_WITHIN_SECONDS):
                return await self._opened(token)
        except TimeoutError as error:
            raise StoreError("The database does not answer.") from error

    async def _opened(self, token: str) -> Principal:
        digest = hashlib.sha256(token.encode()).digest()
        believed = self._believed.get(digest)
        if believed and await self._still_holds(believed):
            return believed.principal
        self._believed.forget(digest)
        found = await self._tokens.find(token)
        if found is None:
            raise wrong_token(guessed=self._guessed)
        principal = self._opened_by(found)
        self._believed.set(digest, _Believed(found.id, found.credential_mark, principal))
        if (valid := self._valid.value) is not None:
            valid[found.id] = found.credential_mark
        return principal

    async def _check(self) -> dict[str, str | None]:
        return await self._tokens.valid([believed.id for believed in self._believed.values()])

    async def _still_holds(self, believed: _Believed) -> bool:
        valid = await self._valid.get()
        return believed.id in valid and valid[believed.id] == believed.credential_mark
