"""Making plans beside the calls that ask for them: a call waits only so long, and the same call again gets the plan."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from math import inf

import anyio

from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.errors import StillPlanning
from flodesk_mcp.audience.garbage import seldom_searched_for
from flodesk_mcp.audience.jobs import Spawn
from flodesk_mcp.audience.plan import BEATS_SECONDS, FRESH_SECONDS, Plan, Plans
from flodesk_mcp.audience.upkeep import MOST_SECONDS, Upkeep
from flodesk_mcp.deadline import patience, waiting
from flodesk_mcp.flodesk import FlodeskError

__all__ = ["Make", "Planning"]

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
AGAIN_SECONDS = 15
"""When to ask again for a plan that reads its rows."""

OBJECTS = 500_000
"""What planning makes for some thousand rows is less, and has no cycles."""

Make = Callable[[Draft], Awaitable[Plan]]
"""Makes a plan of a draft, beside a mirror that is fresh."""


@dataclass(eq=False)
class _Making:
    draft: Draft
    ended: anyio.Event = field(default_factory=anyio.Event)
    ended_at: float = inf
    plan: Plan | None = None
    error: Exception | None = None


class Planning:
    """The plans of one account that are being made. `spawn` runs what outlives a call; without it, calls wait."""

    def __init__(self, plans: Plans, upkeep: Upkeep, spawn: Spawn | None) -> None:
        self._plans = plans
        self._upkeep = upkeep
        self._spawn = spawn
        self._making: dict[str, _Making] = {}

    async def plan(self, kind: str, make: Make, asked: str | None = None) -> Plan:
        """Return the plan that `make` makes, in the place of an earlier call that `asked` the same and did not wait.

        What takes longer than the call may wait goes on beside it, and StillPlanning is raised. `asked` is a hash of
        the call. Raises what `make` raises, FlodeskError.
        """
        if asked is None or self._spawn is None:
            draft = Draft(self._plans, await self._plans.begin(kind))
            await self._upkeep.refresh()
            with seldom_searched_for(OBJECTS):
                return await make(draft)
        self._forget_the_old()
        seconds = min(patience(), MOST_SECONDS)
        until = anyio.current_time() + seconds
        async with waiting(seconds):
            while (making := self._making.get(asked)) is None:
                if plan := await self._plans.hand_over(asked):
                    return plan  # which another process made
                rows = await self._plans.being_made(asked)
                if rows is None:
                    making = await self._begun(kind, make, asked, self._spawn)
                    break
                if anyio.current_time() >= until:
                    raise StillPlanning(rows, AGAIN_SECONDS)
                await anyio.sleep(POLL_SECONDS)
            with anyio.move_on_after(until - anyio.current_time()):
                await making.ended.wait()
        return await self._outcome(making, asked)

    def _forget_the_old(self) -> None:
        """Forget what ended long ago, and whose call never came back: it was cancelled."""
        since = anyio.current_time() - FRESH_SECONDS
        self._making = {asked: making for asked, making in self._making.items() if making.ended_at > since}

    async def _begun(self, kind: str, make: Make, asked: str, spawn: Spawn) -> _Making:
        making = _Making(Draft(self._plans, await self._plans.begin(kind, asked)))
        if (other := self._making.setdefault(asked, making)) is making:
            spawn(partial(self._run, making, make))
        return other

    async def _outcome(self, making: _Making, asked: str) -> Plan:
        if not making.ended.is_set():
            rows = making.draft.counts["rows"]
            reading = None if rows else await self._upkeep.reading()
            raise reading or StillPlanning(rows, AGAIN_SECONDS)
        self._making.pop(asked, None)
        if making.plan is None:
            raise making.error or FlodeskError("The plan was not finished: make it again.")
        await self._plans.hand_over(asked)  # so that the next call of this kind makes a new one
        return making.plan

    async def _run(self, making: _Making, make: Make) -> None:
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(self._beat, making.draft)
                await self._make(making, make)
                beside.cancel_scope.cancel()
        finally:
            making.ended_at = anyio.current_time()
            making.ended.set()

    async def _make(self, making: _Making, make: Make) -> None:
        try:
            await self._upkeep.refresh(seconds=inf)
            with seldom_searched_for(OBJECTS):
                making.plan = await make(making.draft)
        except FlodeskError as error:
            making.error = error
        except Exception as error:
            logger.exception("A plan could not be made")
            making.error = FlodeskError(f"The plan could not be made ({type(error).__name__}): see the server's log.")

    async def _beat(self, draft: Draft) -> None:
        """Tell other processes that the plan is being made, and how far it is."""
        while True:
            await anyio.sleep(BEATS_SECONDS)
            try:
                with anyio.CancelScope(shield=True):  # cut off, it would leave a connection in an unknown state
                    await self._plans.renew(draft.id, draft.counts["rows"])
            except FlodeskError as error:
                logger.warning("A plan that is being made could not be renewed: %s", error)
