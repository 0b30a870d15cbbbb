"""As many attempts as it takes: what may be repeated, and when."""

import gc
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from traceback import clear_frames
from typing import Any, TypeVar

import anyio
from pydantic import TypeAdapter

from flodesk_mcp.api.errors import (
    BrokenAnswer,
    FlodeskError,
    NoAnswer,
    NotFound,
    NotRenewed,
    QuotaExhausted,
    QuotaNotKnown,
    ServerError,
    StatusError,
    TooManyRequests,
    UnreadableAnswer,
)
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.response import Answer, decoded, failure, shaped
from flodesk_mcp.api.transport import Transport
from flodesk_mcp.deadline import current_deadline, wait_deadline
from flodesk_mcp.quota import QuotaSpent, QuotaUnknown

__all__ = ["Sender"]

Result = TypeVar("Result")

MAX_ATTEMPTS = 6
_RETRIED = (TooManyRequests, NoAnswer, ServerError, BrokenAnswer)


class Sender:
    """What every resource sends with: one request, as many attempts as it takes, one answer or error."""

    def __init__(self, transport: Transport, max_wait_seconds: float) -> None:
        self._transport = transport
        self._max_wait_seconds = max_wait_seconds

    async def send(self, form: TypeAdapter[Result], request: Request) -> Result:
        """Return the answer to `request`, in its documented form.

        Raises FlodeskError: QuotaExhausted, NoAnswer, UnreadableAnswer or a StatusError.
        """
        with self._errors_of(request):
            answer, data = await self._answered(request)
            return await _in_turn(answer, lambda: shaped(data, form, answer.status))

    async def command(self, request: Request) -> None:
        """Send a `request` that is answered with 204, or whatever success comes instead. Raises FlodeskError."""
        with self._errors_of(request):
            await self._answered(request)

    def one_deadline(self) -> AbstractContextManager[None]:
        """Let the requests within the block share what one call may wait."""
        return wait_deadline(self._max_wait_seconds)

    async def _answered(self, request: Request) -> tuple[Answer, Any]:
        """Return the answer that settles `request`, and its data where some are expected."""
        paths = iter(request.paths)
        path = next(paths)
        doubt: FlodeskError | None = None  # the last failure after which a write may have happened
        failures = 0
        with self.one_deadline():
            while True:
                try:
                    answer = await self._transport.attempt(path, request)
                    return answer, await self._data(answer, request)
                except NotFound as missing:
                    if other := next(paths, None):
                        path = other
                        continue
                    if request.removes and doubt:
                        return Answer(missing.status, {}, b""), None
                    raise
                except NotRenewed as error:
                    raise doubt or error from error
                except QuotaUnknown as unknown:
                    raise doubt or QuotaNotKnown(unknown.seconds) from unknown
                except QuotaSpent as spent:
                    failed: FlodeskError = QuotaExhausted(spent.seconds)
                except _RETRIED as error:
                    failed = error
                failures += 1
                if not (request.reads or _did_nothing(failed)):
                    doubt = failed
                if failures == MAX_ATTEMPTS or not await self._waited(failed, failures, request):
                    raise doubt or failed

    async def _waited(self, failed: FlodeskError, failures: int, request: Request) -> bool:
        """Wait as long as a failure demands, or return False if the request must not be repeated."""
        deadline = current_deadline().of(self._transport.service.name)
        known_wait = failed.known_wait if isinstance(failed, TooManyRequests) else 0
        seconds = known_wait or _delay(failures)
        repeats = isinstance(failed, _RETRIED) and (request.repeatable or _did_nothing(failed))
        if not repeats or not deadline.allows(seconds):
            return False
        if not known_wait:  # a known wait is the quota's, where all wait in order of arrival
            async with deadline.waiting(seconds):
                await anyio.sleep(seconds)
        return True

    @contextmanager
    def _errors_of(self, request: Request) -> Iterator[None]:
        """Mark errors with who was asked, and those after which a write may have happened."""
        try:
            yield
        except FlodeskError as error:
            error.service = self._transport.service.name
            error.in_doubt = not request.reads and _may_have_worked(error)
            clear_frames(error.__traceback__)  # some hold the error itself, and the answer with it: a circle
            raise

    async def _data(self, answer: Answer, request: Request) -> Any:
        """Return the data of an answer, or raise the error that it is."""
        if answer.is_over_quota:
            raise TooManyRequests(self._transport.quota.seconds_until_free(batch=request.batch))
        if not answer.is_success:
            raise failure(answer, self._transport.service, repeatable=request.repeatable)
        return await _in_turn(answer, lambda: decoded(answer)) if request.answered else None


async def _in_turn(answer: Answer, read: Callable[[], Result]) -> Result:
    """Return what `read` makes of the answer. For a large one others get their turn meanwhile."""
    if not answer.is_large:
        return read()
    with _without_gc(answer):
        return await anyio.to_thread.run_sync(read)


@contextmanager
def _without_gc(answer: Answer) -> Iterator[None]:
    """Search for no garbage in what a huge answer becomes: among a million objects that alone would hold everybody up.

    There are no circles in it, so it goes when it is no longer used.
    """
    was_on = gc.isenabled()
    if not answer.is_huge or not was_on:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()  # now it is among the old objects, which are searched seldom
        gc.enable()


def _may_have_worked(error: FlodeskError) -> bool:
    if isinstance(error, StatusError):
        return not 400 <= error.status < 500  # noqa: PLR2004
    return isinstance(error, UnreadableAnswer) or (isinstance(error, NoAnswer) and error.sent)


def _did_nothing(failed: FlodeskError) -> bool:
    """Tell whether a request surely had no effect."""
    return isinstance(failed, QuotaExhausted) or (isinstance(failed, NoAnswer) and not failed.sent)


def _delay(failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return float(2 ** (failures - 2) * random.uniform(0.75, 1.25))  # noqa: S311 - spreads retries, no secret
