"""For whoever watches over the server: it lives, and can reach what it needs."""

import logging
from collections.abc import Awaitable, Callable, Mapping

import anyio
import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse

from flodesk_mcp.freshness import Fresh

__all__ = ["Readiness", "healthz", "reach"]

CHECKED_EVERY_SECONDS = 15
TIMEOUT_SECONDS = 4

Check = Callable[[], Awaitable[None]]

logger = logging.getLogger(__name__)


async def healthz(request: Request) -> JSONResponse:
    """Answer while the process lives."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Looks, at most every 15 seconds, whether each thing that the server needs is there.

    What is `known` at any time needs no look: each tells what is wrong, or nothing.
    """

    def __init__(self, checks: Mapping[str, Check], known: Mapping[str, Callable[[], str]]) -> None:
        self._checks = checks
        self._known = known
        self._found = Fresh(self._look, CHECKED_EVERY_SECONDS)

    async def answer(self, request: Request) -> JSONResponse:
        """Answer 200 with what was checked, 503 when something is missing."""
        problems = {name: problem() for name, problem in self._known.items()}
        now = {name: "unavailable" if problem else "ok" for name, problem in problems.items()}
        found = now if any(problems.values()) else await self._found.get() | now
        ready = all(state == "ok" for state in found.values())
        return JSONResponse({"status": "ok" if ready else "unavailable", "checks": found}, 200 if ready else 503)

    async def _look(self) -> dict[str, str]:
        found = dict.fromkeys(self._checks, "unavailable")

        async def look(name: str, check: Check) -> None:
            found[name] = await _looked(name, check)

        async with anyio.create_task_group() as group:
            for name, check in self._checks.items():
                group.start_soon(look, name, check)
        return found


def reach(http: httpx2.AsyncClient, url: str) -> Check:
    """Return a check that something answers at `url`, whatever it says: no credential is shown."""

    async def check() -> None:
        await http.head(url)

    return check


async def _looked(name: str, check: Check) -> str:
    try:
        with anyio.fail_after(TIMEOUT_SECONDS):
            await check()
    except Exception as error:
        logger.warning("%s cannot be reached (%s)", name, type(error).__name__, extra={"repeats": name})
        return "unavailable"
    return "ok"
