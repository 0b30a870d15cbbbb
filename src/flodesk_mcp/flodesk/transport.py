"""One request: authenticate, wait for quota, send, retry or raise."""

import json
import random
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import anyio
import httpx2

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.flodesk.auth import Credential
from flodesk_mcp.flodesk.budget import call_budget, current_budget
from flodesk_mcp.flodesk.errors import (
    FlodeskError,
    NoAnswer,
    NotFound,
    QuotaExhausted,
    ServerError,
    UnreadableAnswer,
    status_error,
)
from flodesk_mcp.flodesk.quota import Quota

__all__ = ["Request", "Transport", "open_http"]

USER_AGENT = f"flodesk-mcp/{__version__} ({HOMEPAGE})"
MAX_ANSWER_BYTES = 10 * 1024 * 1024
MAX_WORDS = 300
MAX_ATTEMPTS = 6
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Request:
    """What to send. `paths` holds a second one to try on a 404.

    `repeatable` says that sending it twice does no more than sending it once, `versioned` that its paths are
    below the base URL's `/v1` and not beside it.
    """

    method: str
    paths: tuple[str, ...]
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = True
    batch: bool = False
    versioned: bool = True


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: httpx2.Headers
    content: bytes


def open_http(transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """Return the process's one HTTP client: connections are reused, no redirect is followed, no cookie is kept.

    Close it with `aclose()` or `async with`. Its own timeouts are off but for connecting: the transport
    limits the whole request.
    """
    http = httpx2.AsyncClient(
        transport=transport,
        headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        timeout=httpx2.Timeout(None, connect=10),
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
        self._quota = quota
        self._max_wait_seconds = max_wait_seconds
        self._timeout_seconds = timeout_seconds

    async def send(self, request: Request) -> Any:
        """Send `request` as often as it takes and return the decoded answer, None for an empty one.

        Raises FlodeskError: QuotaExhausted, NoAnswer, UnreadableAnswer or a StatusError.
        """
        with self.one_budget():
            for path in request.paths[:-1]:
                try:
                    return await self._send_to(path, request)
                except NotFound:
                    continue
            return await self._send_to(request.paths[-1], request)

    def one_budget(self) -> AbstractContextManager[None]:
        """Let the requests within the block share what one call may wait."""
        return call_budget(self._max_wait_seconds)

    async def _send_to(self, path: str, request: Request) -> Any:
        budget = current_budget()
        for attempt in range(1, MAX_ATTEMPTS):
            try:
                return await self._attempt(path, request)
            except _RETRIED as failure:
                delay = _delay(failure, attempt)
                if not _may_repeat(failure, request) or not budget.allows(delay):
                    raise
                async with budget.waiting(delay):
                    await anyio.sleep(delay)
        return await self._attempt(path, request)

    async def _attempt(self, path: str, request: Request) -> Any:
        async with self._quota.slot(current_budget(), batch=request.batch) as slot:
            try:
                with anyio.fail_after(self._timeout_seconds):
                    answer = await self._exchange(path, request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
                slot.sent = False
                reason = f"No connection to {self._host()}: {str(error)[:MAX_WORDS] or 'it took too long'}."
                raise NoAnswer(reason, sent=False, uncertain=False) from error
            except (httpx2.HTTPError, httpx2.StreamError) as error:
                reason = f"The connection to {self._host()} was lost before an answer came."
                raise NoAnswer(reason, sent=True, uncertain=_is_uncertain(request)) from error
            except TimeoutError as error:
                reason = f"{self._host()} did not answer within {self._timeout_seconds:g} s."
                raise NoAnswer(reason, sent=True, uncertain=_is_uncertain(request)) from error
            self._quota.observe(answer.headers)
            return self._result(answer, request)

    async def _exchange(self, path: str, request: Request) -> _Answer:
        async with self._http.stream(
            request.method,
            (self._base_url if request.versioned else self._base_url.removesuffix("/v1")) + path,
            params=request.query or None,
            json=request.body,
            auth=self._credential,
        ) as response:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER_BYTES:
                    if not response.is_success:
                        break
                    raise _TooLarge("Flodesk's answer is larger than 10 MiB.", status=response.status_code)
            return _Answer(response.status_code, response.headers, bytes(content))

    def _result(self, answer: _Answer, request: Request) -> Any:
        if answer.status == TOO_MANY_REQUESTS:
            retry_after = _retry_after(answer.headers)
            if retry_after is not None:
                self._quota.close_for(retry_after, batch=request.batch)
            raise _TooManyRequests(retry_after)
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            uncertain = answer.status >= 500 and _is_uncertain(request)  # noqa: PLR2004
            raise status_error(answer.status, _words(answer.content), uncertain=uncertain)
        if not answer.content:
            return None
        try:
            return json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise UnreadableAnswer("Flodesk's answer is not JSON.", status=answer.status) from error

    def _host(self) -> str:
        return httpx2.URL(self._base_url).host


class _TooLarge(UnreadableAnswer):
    """Asking again would only bring the same again."""


class _TooManyRequests(QuotaExhausted):
    """429: Flodesk did nothing, and may have said when to come back."""

    def __init__(self, retry_after: float | None) -> None:
        super().__init__(60 if retry_after is None else retry_after)
        self.told = retry_after


_RETRIED = (_TooManyRequests, NoAnswer, ServerError, UnreadableAnswer)


def _is_uncertain(request: Request) -> bool:
    return not request.repeatable


def _may_repeat(failure: FlodeskError, request: Request) -> bool:
    """Tell whether a repeat is safe. Source: flodesk-api, Repeating a request."""
    surely_did_nothing = isinstance(failure, _TooManyRequests) or (isinstance(failure, NoAnswer) and not failure.sent)
    return surely_did_nothing or (request.repeatable and not isinstance(failure, _TooLarge))


def _delay(failure: FlodeskError, attempt: int) -> float:
    if isinstance(failure, _TooManyRequests) and failure.told is not None:
        return failure.told
    return float(2 ** (attempt - 2) * random.uniform(0.75, 1.25))  # noqa: S311 - spreads retries, no secret


def _retry_after(headers: httpx2.Headers) -> float | None:
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text[:7])
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return None


def _words(content: bytes) -> str:
    """Return Flodesk's own short message from the body of an error, or nothing: bodies are mostly unknown."""
    try:
        message = json.loads(content)["message"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return message[:MAX_WORDS] if isinstance(message, str) else ""
