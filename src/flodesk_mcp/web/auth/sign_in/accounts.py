"""From what a person brings to the account that is theirs: the same one each time."""

from collections.abc import Sequence

from starlette.requests import Request

from flodesk_mcp.flodesk import ApiKey, identity_of
from flodesk_mcp.store import Allowance, StoredIdentities
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.principal import OpenedAccount
from flodesk_mcp.web.auth.sign_in.problem import Problem
from flodesk_mcp.web.auth.sign_in.strangers import Strangers

__all__ = ["BroughtAccounts"]

GUESSES = Allowance("key", 10, 60)
BY_KEY = "flodesk-mcp:api-key"
"""Stands where an identity provider would: who is known there is known by the keyed hash of an API key."""

MISSING = "Enter your Flodesk API key."
NO_KEY = "That is no Flodesk API key: it is one word, without spaces. Copy it again."
WRONG = "Flodesk does not accept this key. Copy it again from Flodesk, or make a new one there."
NOTHING = "Nothing is connected with this key, or it is not right."
TOO_MANY = "There were too many tries from your address. Wait a minute, then try again."
BUSY = "Flodesk cannot be asked about the key now. Try again in a few seconds."
UNAUTHORIZED = 401


class BroughtAccounts:
    """Asks Flodesk about what a person brings, and stores it sealed."""

    def __init__(
        self, identities: StoredIdentities, check: CredentialCheck, strangers: Strangers, keys: Sequence[bytes]
    ) -> None:
        """Take the keys that API keys are hashed with, the newest first."""
        self._identities = identities
        self._check = check
        self._strangers = strangers
        self._keys = keys

    async def by_key(self, key: str | None, request: Request) -> str:
        """Return the id of the account that an API key opens: a new one, if nobody has brought that key before.

        Raises Problem, StoreError.
        """
        credential, subjects = self._read(key)
        attempt = await self._guess(request)
        known = await self._identities.account_id(BY_KEY, subjects)
        account_id = known or self._identities.new_account_id()
        try:
            await self._check.accept(OpenedAccount(account_id, credential, "the page"), request, anew=True)
        except AuthError as error:
            if error.status == UNAUTHORIZED:
                raise Problem(WRONG) from None
            raise Problem(BUSY, error.status, error.retry_after) from None
        await self._strangers.forgive(attempt)
        return await self._identities.bring(BY_KEY, subjects, account_id, "api_key", str(key).strip())

    async def known_by_key(self, key: str | None, request: Request) -> str:
        """Return the id of the account that somebody connected with an API key: who has the key need not ask Flodesk.

        Raises Problem, StoreError.
        """
        _, subjects = self._read(key)
        attempt = await self._guess(request)
        known = await self._identities.account_id(BY_KEY, subjects)
        if known is None:
            raise Problem(NOTHING)
        await self._strangers.forgive(attempt)
        return known

    async def _guess(self, request: Request) -> int:
        attempt = await self._strangers.attempt(GUESSES, request)
        if attempt is None:
            raise Problem(TOO_MANY, 429, GUESSES.seconds)
        return attempt

    def _read(self, key: str | None) -> tuple[ApiKey, list[str]]:
        if key is None:
            raise Problem(MISSING)
        try:
            credential = ApiKey(key.strip())
        except ValueError:
            raise Problem(NO_KEY) from None
        return credential, [identity_of(credential, hashed_with) for hashed_with in self._keys]
