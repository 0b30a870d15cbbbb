"""One attempt: take a slot of the quota, authenticate, send, and read what comes back."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy

import anyio
import httpx2

from flodesk_mcp import HOMEPAGE, __version__
from flodesk_mcp.api.credentials import Credential
from flodesk_mcp.api.errors import InvalidArgument, NoAnswer
from flodesk_mcp.api.request import Request
from flodesk_mcp.api.response import MAX_ANSWER_BYTES, Answer, retry_after
from flodesk_mcp.api.service import Service
from flodesk_mcp.api.tracing import request_span, wait_span
from flodesk_mcp.deadline import current_deadline
from flodesk_mcp.quota import Quota, Slot

__all__ = ["USER_AGENT", "Transport", "answered_within", "open_http", "read_capped"]

USER_AGENT = f"flodesk-mcp/{__version__} ({HOMEPAGE})"
HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json"}
MAX_REASON = 300
UNAUTHORIZED = 401

_NO_PROXY: dict[str, httpx2.AsyncBaseTransport | None] = dict.fromkeys(
    ("all://localhost", "all://127.0.0.0/8", "all://[::1]"), None
)
"""What a proxy of the environment never sees: this machine would be another one there."""

_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError, httpx2.UnsupportedProtocol)


def open_http(
    transport: httpx2.AsyncBaseTransport | None = None, certificates: ssl.SSLContext | None = None
) -> httpx2.AsyncClient:
    """Return an HTTP client for many accounts: connections are reused, no redirect is followed, no cookie is kept.

    Several of them can share `certificates`, which take long to read. Close it with `aclose()` or `async with`.
    """
    http = httpx2.AsyncClient(
        transport=transport,
        verify=True if certificates is None else certificates,
        mounts=_NO_PROXY,
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=30),
        follow_redirects=False,
    )
    # Credentials share this client, so a cookie set for one must never be sent for another.
    http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return http


class Transport:
    """Sends for one account, within its quota. Its `credential` may be replaced at any time.

    A request that has not left yet leaves with the new one.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        credential: Credential,
        service: Service,
        *,
        base_url: str,
        quota: Quota,
        timeout_seconds: float,
    ) -> None:
        self.credential = credential
        self.service = service
        self.quota = quota
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._host = httpx2.URL(base_url).netloc.decode()
        self._timeout_seconds = timeout_seconds
        self._headers = httpx2.Headers(http.headers)
        self._headers.update({**HEADERS, **service.headers})
        # `attempt` limits the whole request; whether it left must be known before that.
        self._extensions = {"timeout": httpx2.Timeout(None, connect=timeout_seconds / 3).as_dict()}

    async def attempt(self, path: str, request: Request) -> Answer:
        """Send `request` to one of its paths, and return the answer, whatever its status.

        It is sent once; and once more where the credential turns out to have a successor.

        Raises InvalidArgument, NoAnswer, NotRenewed; QuotaSpent when the wait for a slot is not allowed.
        """
        prepared = self._prepared(path, request)
        answer, proof = await self._sent(prepared, request)
        if answer.status == UNAUTHORIZED and await self.credential.replaces(proof):
            answer, _ = await self._sent(prepared, request)
        return answer

    async def _sent(self, prepared: httpx2.Request, request: Request) -> tuple[Answer, Credential]:
        """Send once, within the quota, and return the answer with what the request was sent with."""
        wait = wait_span()
        try:
            async with self.quota.slot(current_deadline().of(self.service.name), batch=request.batch) as slot:
                if wait:
                    wait.end()
                slot.sent = False
                proof = await self.credential.proof()
                slot.sent = True
                try:
                    with (
                        request_span(self.service.name, request.method, self._host, batch=request.batch) as span,
                        answered_within(self._timeout_seconds, self._host, uncertain=not request.repeatable),
                    ):
                        answer = await self._exchange(prepared, request, proof, slot)
                        if span:
                            span.set_attribute("http.response.status_code", answer.status)
                        return answer, proof
                except NoAnswer as error:
                    slot.sent = error.sent
                    raise
        finally:
            if wait and wait.is_recording():
                wait.end()

    def _prepared(self, path: str, request: Request) -> httpx2.Request:
        """Return the request for the wire, complete but for the credential.

        Raises InvalidArgument for arguments that cannot be sent at all.
        """
        try:
            return httpx2.Request(
                request.method,
                (self._base_url if request.versioned else self._base_url.removesuffix("/v1")) + path,
                params=request.query or None,
                json=request.body,
                headers=self._headers,
                extensions=self._extensions,
            )
        except UnicodeEncodeError:
            raise InvalidArgument("A text holds half of a surrogate pair, which is no character.") from None
        except httpx2.InvalidURL:
            raise InvalidArgument("The arguments are too long to be sent in an address.") from None
        except (ValueError, TypeError, RecursionError):
            raise InvalidArgument("The arguments hold a value that JSON does not have.") from None

    async def _exchange(self, prepared: httpx2.Request, request: Request, proof: Credential, slot: Slot) -> Answer:
        response = await self._http.send(prepared, auth=proof, follow_redirects=False, stream=True)
        try:
            head = Answer(response.status_code, response.headers, b"")
            slot.counted = not head.is_over_quota
            for facts in self.service.quota_facts(head.headers):
                self.quota.observe(*facts, slot, batch=request.batch)
            answer = Answer(head.status, head.headers, await read_capped(response))
        finally:
            await response.aclose()
        closed = retry_after(answer.headers, datetime.now(UTC)) if answer.is_over_quota else None
        if closed is not None:
            self.quota.close_for(closed, batch=request.batch)
        return answer


@contextmanager
def answered_within(seconds: float, host: str, *, uncertain: bool = False) -> Iterator[None]:
    """Raise NoAnswer for whatever keeps the answer of `host` away from the block, which may take so many seconds.

    `uncertain` says that a request which was sent may have done what must not be done twice.
    """
    try:
        with anyio.fail_after(seconds):
            yield
    except _NEVER_SENT as error:
        reason = f"No connection to {host}: {str(error)[:MAX_REASON] or 'it took too long'}."
        raise NoAnswer(reason, sent=False, uncertain=False) from error
    except httpx2.HTTPError as error:
        reason = f"The connection to {host} was lost before an answer came."
        raise NoAnswer(reason, sent=True, uncertain=uncertain) from error
    except TimeoutError as error:
        reason = f"{host} did not answer within {seconds:g} s."
        raise NoAnswer(reason, sent=True, uncertain=uncertain) from error


async def read_capped(response: httpx2.Response) -> bytes:
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
