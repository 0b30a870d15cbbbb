"""What can go wrong on request: faults, the queue they wait in, and the answers they give.

kind         the operation's work   what the caller sees
status       not done               that status, in the service's envelope unless `body` says otherwise
html         not done               502 with a proxy's page
hang         not done               nothing, ever
refuse       not done               a connection that is refused; once served over HTTP, like drop_before
drop_before  not done               a connection that breaks
drop_after   done                   a connection that breaks
hang_after   done                   nothing, ever
malformed    done                   200 with half of a JSON object
huge         done                   200 with 11 MiB of junk
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Literal

from pydantic import ConfigDict
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

FaultKind = Literal["status", "html", "refuse", "drop_before", "drop_after", "hang", "hang_after", "malformed", "huge"]

AFTER_THE_WORK: frozenset[FaultKind] = frozenset({"drop_after", "hang_after", "malformed", "huge"})

PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
HALF_AN_OBJECT = '{"id": "65f0c2'
JUNK = b"x" * 2**20
JUNK_CHUNKS = 11
REDIRECTED_TO = "https://elsewhere.example.com/"


@dataclass(frozen=True)
class Fault:
    """What goes wrong for the next `times` requests of a method whose raw path contains `path`.

    `status` counts for kind "status" only; `retry_after` (seconds) and `body` for "status" and "html".
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: FaultKind
    status: int = 500
    retry_after: int | None = None
    body: str | None = None
    times: int = 1
    method: str | None = None
    path: str | None = None

    def strikes(self, method: str, path: str) -> bool:
        """Whether a request is one that this fault waits for."""
        return self.method in (None, method) and (self.path or "") in path


class FaultQueue:
    """Faults in the order in which they were asked for; each strikes its first matching requests."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its requests."""
        self._waiting.extend([fault] * fault.times)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes a request now."""
        fault = self._next(method, path)
        if fault:
            self._waiting.remove(fault)
        return fault

    def take_refusal(self, method: str, path: str) -> bool:
        """Whether the connection for a request is refused; any other fault goes on waiting."""
        fault = self._next(method, path)
        if fault is None or fault.kind != "refuse":
            return False
        self._waiting.remove(fault)
        return True

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def _next(self, method: str, path: str) -> Fault | None:
        return next((fault for fault in self._waiting if fault.strikes(method, path)), None)


Refuse = Callable[[int, str, Mapping[str, str]], Response]
"""Makes an error in the envelope of a service, of status, message and headers."""


def answer_of(fault: Fault, refuse: Refuse) -> ASGIApp:
    """Return the application that answers in an operation's place."""
    match fault.kind:
        case "status":
            return _status(fault, refuse)
        case "html":
            return HTMLResponse(fault.body or PROXY_PAGE, 502, _headers(fault))
        case "malformed":
            return Response(HALF_AN_OBJECT, media_type="application/json")
        case "huge":
            return _send_junk
        case "hang" | "hang_after":
            return _never_answer
        case "refuse" | "drop_before" | "drop_after":
            return _break_off


def _status(fault: Fault, refuse: Refuse) -> Response:
    if fault.body is not None:
        return Response(fault.body, fault.status, _headers(fault), media_type="application/json")
    return refuse(fault.status, "Something went wrong, as requested.", _headers(fault))


def _headers(fault: Fault) -> Mapping[str, str]:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if HTTPStatus.MULTIPLE_CHOICES <= fault.status < HTTPStatus.BAD_REQUEST:
        headers["Location"] = REDIRECTED_TO
    return headers


async def _send_junk(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    for left in reversed(range(JUNK_CHUNKS)):
        await send({"type": "http.response.body", "body": JUNK, "more_body": left > 0})


async def _never_answer(scope: Scope, receive: Receive, send: Send) -> None:
    # Waiting for the caller to give up, instead of for ever, leaves nothing behind in a server.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _break_off(scope: Scope, receive: Receive, send: Send) -> None:
    # A body was promised and none comes: a server closes the connection, our transport raises.
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
