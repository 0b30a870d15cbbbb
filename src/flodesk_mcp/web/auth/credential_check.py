"""Only a credential that Flodesk accepts gets a client of the pool, a stream or a session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.requests import HTTPConnection

from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.deadline import WaitDeadline, wait_deadline
from flodesk_mcp.flodesk import BrokenAnswer, FlodeskError, ServerError, StatusError, Unauthorized, UnreadableAnswer
from flodesk_mcp.freshness import Fresh, FreshMap
from flodesk_mcp.quota import QuotaSpent, Slot
from flodesk_mcp.quota.window import Window
from flodesk_mcp.web.auth.errors import AuthError, too_many_wrong
from flodesk_mcp.web.auth.principal import OpenedAccount
from flodesk_mcp.web.auth.wrong_proofs import WrongProofs

__all__ = ["CredentialCheck"]

REFUSED_SECONDS = 60
MAX_REMEMBERED = 5000
MAX_WAIT_SECONDS = 5
CHECK_SECONDS = 10


class _Lane:
    """A queue for questions to Flodesk, with a limit on those that it refuses in a minute: the others cost nothing."""

    def __init__(self, refused_a_minute: int, at_once: int, most: int) -> None:
        self._window = Window(refused_a_minute, at_once)
        self._most = most
        self._inside = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Hold a place during the block. Raises QuotaSpent when the wait for it would be long."""
        if self._inside >= self._most:
            raise QuotaSpent(1)
        self._inside += 1
        try:
            async with self._window.slot(WaitDeadline(anyio.current_time() + MAX_WAIT_SECONDS)) as slot:
                yield slot
        finally:
            self._inside -= 1


class _SlowLane:
    """A question a second for those that are probably refused. One that is not costs nobody that second."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._lock = anyio.Lock()
        self._free_at = float("-inf")

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Slot]:
        """Hold a place during the block. Raises QuotaSpent when the wait for it would be long."""
        if self._inside >= self._most:
            raise QuotaSpent(1)
        self._inside += 1
        try:
            async with self._lock:
                await anyio.sleep_until(self._free_at)
                slot = Slot(left_at=anyio.current_time())
                try:
                    yield slot
                finally:
                    self._free_at = anyio.current_time() + slot.sent
        finally:
            self._inside -= 1


class CredentialCheck:
    """Asks Flodesk about a credential that is new here, within the quota of that credential.

    Those who show the same one share the question, and a refusal is remembered for a minute. Of credentials that
    Flodesk refuses, it hears only so many a minute in all, whoever invents them.
    """

    def __init__(self, pool: ClientPool, wrong: WrongProofs) -> None:
        self._pool = pool
        self._wrong = wrong
        self._checks: FreshMap[str, Fresh[bool]] = FreshMap(REFUSED_SECONDS, MAX_REMEMBERED)
        self._ordinary = _Lane(refused_a_minute=300, at_once=8, most=500)
        # A right one from an address that showed many wrong ones is still found; the wrong ones cost Flodesk little.
        self._suspect = _SlowLane(most=4)

    async def accept(self, account: OpenedAccount, connection: HTTPConnection, *, anew: bool = False) -> None:
        """Return if Flodesk accepts what `connection` shows, asked `anew` even if it did before.

        Raises AuthError: 401 if it does not, 429 or 503 when it cannot be asked now.
        """
        if self._pool.holds(account.identity) and not anew:
            return
        check = self._checks.get(account.identity)
        if check is None:
            check = Fresh(lambda: self._asked_in_turn(account, connection), REFUSED_SECONDS)
            self._checks.set(account.identity, check)
        try:
            accepted = await check.get()
        except BaseException:
            self._checks.forget(account.identity)  # who asks next does so in its own turn
            raise
        if not accepted:
            raise AuthError(401, f"Flodesk does not accept the credential in {account.source}.", "invalid_token")
        self._checks.forget(account.identity)  # now the pool knows

    async def _asked_in_turn(self, account: OpenedAccount, connection: HTTPConnection) -> bool:
        try:
            if not self._wrong.seconds_to_wait(connection):
                async with self._ordinary.slot() as slot:
                    if not self._wrong.seconds_to_wait(connection):  # while it waited, others may have shown wrong ones
                        return await self._asked(account, slot)
                    slot.sent = False
            async with self._suspect.slot() as slot:
                return await self._asked(account, slot)
        except QuotaSpent as spent:
            seconds = self._wrong.seconds_to_wait(connection)
            raise too_many_wrong(seconds) if seconds else _busy(min(spent.seconds, MAX_WAIT_SECONDS)) from None

    async def _asked(self, account: OpenedAccount, slot: Slot) -> bool:
        """Ask with a client that the pool takes in if Flodesk knows the credential; then the slot costs nothing."""
        known = self._pool.holds(account.identity)
        client = (self._pool.client if known else self._pool.open)(account.identity, account.credential)
        try:
            with wait_deadline(MAX_WAIT_SECONDS), anyio.fail_after(CHECK_SECONDS):
                await client.segments.list(per_page=1)
        except Unauthorized:
            return False
        except (FlodeskError, TimeoutError) as error:
            if not _knows_it(error):
                raise _busy(MAX_WAIT_SECONDS) from error
        slot.sent = False
        self._pool.add(account.identity, client)
        return True


def _knows_it(error: Exception) -> bool:
    """Tell whether Flodesk answered in a way that shows that it knows the credential, which is all that is asked."""
    if isinstance(error, StatusError):
        return not isinstance(error, ServerError)
    return isinstance(error, UnreadableAnswer) and not isinstance(error, BrokenAnswer)


def _busy(seconds: float) -> AuthError:
    return AuthError(503, "Flodesk cannot be asked about this credential now.", retry_after=seconds)
