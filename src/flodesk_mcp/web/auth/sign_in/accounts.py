"""From what a person brings to the account that is theirs: the same one each time."""

import uuid
from collections.abc import Callable, Sequence

from starlette.requests import Request

from flodesk_mcp.flodesk import ApiKey, Profile
from flodesk_mcp.store import Allowance, CredentialKind, StoredAccounts, digest_of
from flodesk_mcp.token_pair import TokenPair
from flodesk_mcp.web.auth.credential_check import CredentialCheck
from flodesk_mcp.web.auth.errors import AuthError
from flodesk_mcp.web.auth.principal import OpenedAccount
from flodesk_mcp.web.problem import Problem
from flodesk_mcp.web.strangers import Strangers

__all__ = ["BroughtAccounts"]

GUESSES = Allowance("key", 10, 60)
BY_LOGIN = "login"
"""By what somebody is found again who brings no key: the id that Flodesk's own login gives."""

MISSING = "Enter your Flodesk API key."
NO_KEY = "That is no Flodesk API key: it is one word, without spaces. Copy it again."
WRONG = "Flodesk does not accept this key. Copy it again from Flodesk, or make a new one there."
NOTHING = "Nothing is connected with that."
TOO_MANY = "There were too many tries from your address. Wait a minute, then try again."
BUSY = "Flodesk cannot be asked about the key now. Try again in a few seconds."
UNAUTHORIZED = 401


class BroughtAccounts:
    """Asks Flodesk about what a person brings, and stores it sealed."""

    def __init__(
        self,
        stored: StoredAccounts,
        check: CredentialCheck,
        strangers: Strangers,
        identities_of: Callable[[str], list[str]],
    ) -> None:
        """Take what makes the identities of an API key, the newest first."""
        self._stored = stored
        self._check = check
        self._strangers = strangers
        self._identities_of = identities_of

    async def by_key(self, key: str | None, request: Request) -> str:
        """Return the id of the account that an API key opens: a new one, if nobody has brought that key before.

        Raises Problem, StoreError.
        """
        credential, identities = self._read(key)
        attempt = await self._guess(request)
        known = await self._stored.connected_as(identities)
        account_id = known or uuid.uuid4().hex
        try:
            await self._check.accept(OpenedAccount(account_id, credential, "the page"), request, anew=True)
        except AuthError as error:
            if error.status == UNAUTHORIZED:
                raise Problem(WRONG) from None
            raise Problem(BUSY, error.status, error.retry_after) from None
        await self._strangers.forgive(attempt)
        return await self._keep(identities, "api_key", str(key).strip(), account_id)

    async def by_login(self, person: Profile, pair: TokenPair, *, new: bool = True) -> str:
        """Return the id of the account that a login at Flodesk opened, and keep what opens it from now on.

        A person who was not here before gets a `new` one. Raises Problem, StoreError.
        """
        identities = [f"{BY_LOGIN} {digest_of(person.id)}"]
        if not new and await self._stored.connected_as(identities) is None:
            raise Problem(NOTHING)
        return await self._keep(identities, "oauth", pair.secret(), uuid.uuid4().hex)

    async def known_by_key(self, key: str | None, request: Request) -> str:
        """Return the id of the account that somebody connected with an API key: who has the key need not ask Flodesk.

        Raises Problem, StoreError.
        """
        _, identities = self._read(key)
        attempt = await self._guess(request)
        known = await self._stored.connected_as(identities)
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
        return credential, self._identities_of(key.strip())

    async def _keep(self, identities: Sequence[str], kind: CredentialKind, secret: str, new_id: str) -> str:
        name = f"signed-in-{new_id[:12]}"
        identity, *formerly = identities
        return (await self._stored.connect(identity, name, kind, secret, formerly=formerly, new_id=new_id)).id
