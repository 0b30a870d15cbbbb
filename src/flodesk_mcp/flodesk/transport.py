"""One request: authenticate, wait for quota, send, retry or raise."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import anyio
import httpx2

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.deadline import current_deadline, wait_deadline
from flodesk_mcp.flodesk.credentials import Credential
from flodesk_mcp.flodesk.errors import (
    FlodeskError,
    InvalidArgument,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    status_error,
)
from flodesk_mcp.flodesk.response import MAX_ANSWER_BYTES, Answer, decoded, words
from flodesk_mcp.flodesk.retry import (
    MAX_ATTEMPTS,
    RETRIED,
    TooManyRequests,
    delay,
    did_nothing,
    may_repeat,
    retry_after,
)
from flodesk_mcp.quota.quota import Quota
from flodesk_mcp.quota.window import Slot

__all__ = ["Received", "Request", "Transport", "open_http"]

USER_AGENT = f"flodesk-mcp/{__version__} ({HOMEPAGE})"
MAX_REASON = 300
TOO_MANY_REQUESTS = 429

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)


@dataclass(frozen=True)
class Request:
    """What to send. `paths` holds a second one to try on a 404.

    `repeatable` says that sending it twice does no more than sending it once, `answered` that a body is expected
    in answer, `versioned` that its paths are below the base URL's `/v1` and not beside it.
    """

    method: str
    paths: tuple[str, ...]
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = True
    batch: bool = False
    versioned: bool = True
    answered: bool = True

    @property
    def removes(self) -> bool:
        """Whether it takes away what its path names: then a 404 to a repeat says that it is gone."""
        return self.method == "DELETE" and not self.answered


@dataclass(frozen=True)
class Received:
    """The status of a success, and the decoded body if one was expected."""

    status: int
    data: Any = None


def open_http(transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """Return the process's one HTTP client: connections are reused, no redirect is followed, no cookie is kept.

    Close it with `aclose()` or `async with`.
    """
    http = httpx2.AsyncClient(
        transport=transport,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30),
        follow_redirects=False,
    )
    # Credentials share this client, so a cookie set for one must never be sent for another.
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


class Transport:
    """Sends requests for one credential."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        credential: Credential,
        *,
        base_url: str,
        quota: Quota,
        max_wait_seconds: float,
        timeout_seconds: float,
    ) -> None:
        self._http = http
        self._credential = credential
        self._base_url = base_url.rstrip("/")
        self._host = httpx2.URL(base_url).netloc.decode()
        self._quota = quota
        self._max_wait_seconds = max_wait_seconds
        self._timeout_seconds = timeout_seconds

    async def send(self, request: Request) -> Received:
        """Send `request` as often as it takes and return what came back.

        Raises FlodeskError: InvalidArgument, QuotaExhausted, NoAnswer, UnreadableAnswer or a StatusError.
        """
        paths = iter(request.paths)
        path = next(paths)
        doubt: FlodeskError | None = None  # the last failure after which a write may have happened
        failures = 0
        with self.one_deadline():
            while True:
                try:
                    return await self._attempt(path, request)
                except NotFound as missing:
                    if other := next(paths, None):
                        path = other
                        continue
                    if request.removes and doubt:
                        return Received(missing.status)
                    raise
                except (*RETRIED, QuotaExhausted) as error:
                    failure = error
                failures += 1
                if request.method != "GET" and not did_nothing(failure):
                    doubt = failure
                if failures == MAX_ATTEMPTS or not await self._waited(failure, failures, request):
                    raise doubt or failure

    def one_deadline(self) -> AbstractContextManager[None]:
        """Let the requests within the block share what one call may wait."""
        return wait_deadline(self._max_wait_seconds)

    async def _waited(self, failure: FlodeskError, failures: int, request: Request) -> bool:
        """Wait as long as `failure` demands, or return False if the request must not be repeated."""
        budget = current_deadline()
        known_wait = failure.known_wait if isinstance(failure, TooManyRequests) else 0
        seconds = known_wait or delay(failures)
        repeats = isinstance(failure, RETRIED) and may_repeat(failure, repeatable=request.repeatable)
        if not repeats or not budget.allows(seconds):
            return False
        if not known_wait:  # a known wait is the window's, where all wait in order of arrival
            async with budget.waiting(seconds):
                await anyio.sleep(seconds)
        return True

    async def _attempt(self, path: str, request: Request) -> Received:
        prepared = self._prepared(path, request)
        async with self._quota.slot(current_deadline(), batch=request.batch) as slot:
            try:
                with anyio.fail_after(self._timeout_seconds):
                    answer = await self._exchange(prepared, request, slot)
            except _NEVER_SENT as error:
                slot.sent = False
                reason = f"No connection to {self._host}: {str(error)[:MAX_REASON] or 'it took too long'}."
                raise NoAnswer(reason, sent=False, uncertain=False) from error
            except httpx2.HTTPError as error:
                reason = f"The connection to {self._host} was lost before an answer came."
                raise NoAnswer(reason, sent=True, uncertain=not request.repeatable) from error
            except TimeoutError as error:
                reason = f"{self._host} did not answer within {self._timeout_seconds:g} s."
                raise NoAnswer(reason, sent=True, uncertain=not request.repeatable) from error
            if answer.status == TOO_MANY_REQUESTS:
                raise self._too_many_requests(answer, request)
            if not answer.is_success:
                raise status_error(answer.status, words(answer), uncertain=_is_uncertain(answer.status, request))
            return Received(answer.status, decoded(answer) if request.answered else None)

    def _prepared(self, path: str, request: Request) -> httpx2.Request:
        """Return the request for the wire, complete but for the credential.

        Raises InvalidArgument for arguments that cannot be sent at all.
        """
        try:
            return self._http.build_request(
                request.method,
                (self._base_url if request.versioned else self._base_url.removesuffix("/v1")) + path,
                params=request.query or None,
                json=request.body,
                headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
                # `_attempt` limits the whole request; whether it left must be known before that.
                timeout=httpx2.Timeout(None, connect=self._timeout_seconds / 3),
            )
        except UnicodeEncodeError:
            raise InvalidArgument("A text holds half of a surrogate pair, which is no character.") from None
        except httpx2.InvalidURL:
            raise InvalidArgument("The arguments are too long to be sent in an address.") from None
        except (ValueError, TypeError, RecursionError):
            raise InvalidArgument("The arguments hold a value that JSON does not have.") from None

    async def _exchange(self, prepared: httpx2.Request, request: Request, slot: Slot) -> Answer:
        response = await self._http.send(prepared, auth=self._credential, follow_redirects=False, stream=True)
        try:
            slot.counted = response.status_code != TOO_MANY_REQUESTS
            self._quota.observe(response.headers, slot, batch=request.batch)
            return Answer(response.status_code, response.headers, await _read(response))
        finally:
            await response.aclose()

    def _too_many_requests(self, answer: Answer, request: Request) -> TooManyRequests:
        seconds = retry_after(answer.headers)
        if seconds is not None:
            self._quota.close_for(seconds, batch=request.batch)
        return TooManyRequests(self._quota.seconds_until_free(batch=request.batch))


async def _read(response: httpx2.Response) -> bytes:
    """Return the body, or the beginning of one that is too long; of an error's, what can be had."""
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > MAX_ANSWER_BYTES:
                break
    except httpx2.HTTPError:
        if response.is_success:
            raise
    return bytes(content)


def _is_uncertain(status: int, request: Request) -> bool:
    """Only a 4xx says that nothing happened."""
    return not request.repeatable and not 400 <= status < 500  # noqa: PLR2004
