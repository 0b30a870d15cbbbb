"""Streamable HTTP: the newest revision without sessions, the older ones with sessions that any process can take on."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import anyio
from anyio.abc import TaskGroup
from mcp.server.auth.provider import principal_components
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import RequestBodyLimitMiddleware
from mcp_types import INVALID_REQUEST, ErrorData, InitializeRequestParams, JSONRPCError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flodesk_mcp.freshness import FreshMap
from flodesk_mcp.web.auth.principal import user_of
from flodesk_mcp.web.callers import WebCallers
from flodesk_mcp.web.questions import pass_on
from flodesk_mcp.web.replicas import Replicas
from flodesk_mcp.web.session import Session
from flodesk_mcp.web.session_id import VALID_SECONDS, Owner, SessionIds

__all__ = ["Sessions"]

MAX_SESSIONS_EACH = 20
MAX_SESSIONS = 2000
MAX_ENDED = 10_000
BUSY_RETRY_SECONDS = 5

SESSION_ID = "mcp-session-id"
ENDED = "ended sessions"


class Sessions:
    """Answers every request to /mcp. A session takes up memory from its first request until it is idle.

    Of more than a caller may have the one that was used least recently leaves the memory, and comes back when it is
    used again; only one in which a call is under way stays.
    """

    def __init__(
        self, server: Server[Any], callers: WebCallers, keys: Sequence[bytes], max_body_bytes: int, replicas: Replicas
    ) -> None:
        """Take the keys that session ids are signed with."""
        self._server = server
        self._replicas = replicas
        self._callers = callers
        self._ids = SessionIds(keys)
        # Hosts are checked before, on every path: without settings the SDK's own check, which comes later, is off.
        self._stateless = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=max_body_bytes)
        self._bounded = RequestBodyLimitMiddleware(self._answer, max_body_bytes)
        self._open: OrderedDict[str, Session] = OrderedDict()  # the least recently used first
        self._ended = replicas.claims("ended session", VALID_SECONDS, MAX_ENDED)
        self._ended_here: FreshMap[str, bool] = FreshMap(VALID_SECONDS, MAX_ENDED)
        self._group: TaskGroup  # while it runs

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._open)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for as long as this is open."""
        async with self._stateless.run(), anyio.create_task_group() as self._group:
            stop = self._replicas.messages.listen(ENDED, self._heard_of_end)
            try:
                yield
            finally:
                stop()
                self._group.cancel_scope.cancel()

    def withdraw_questions(self) -> None:
        """Let the calls that wait for a person fail: this process ends, and another one would get the answer."""
        for session in self._open.values():
            session.withdraw_questions()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        revision = Headers(scope=scope).get("mcp-protocol-version")
        if revision is None or revision in HANDSHAKE_PROTOCOL_VERSIONS:
            await self._bounded(scope, receive, send)
        else:
            await self._stateless.handle_request(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of an older revision."""
        request = Request(scope, receive)
        owner = principal_components(user_of(request).access_token)
        session_id = request.headers.get(SESSION_ID)
        message: Any = None
        if request.method == "POST":
            try:
                body = await request.body()
            except ClientDisconnect:
                return
            message, receive = _parsed(body), _replayed(body, receive)
        if opening := _opening(message):
            # The answer needs no session: it begins to exist with the first request that bears its id.
            send = _naming(self._ids.issue(opening, owner), send)
            await self._stateless.handle_request(scope, receive, send)
        elif session_id is not None:
            answer = await self._in_session(session_id, owner, request.method, message)
            await answer(scope, receive, send)
        elif request.method == "POST":
            await self._stateless.handle_request(scope, receive, send)
        else:
            await Response(status_code=405, headers={"Allow": "POST"})(scope, receive, send)

    async def _in_session(self, session_id: str, owner: Owner, method: str, message: Any) -> ASGIApp:
        """Return what answers a request that names a session; `message` is what it posts."""
        start = self._ids.read(session_id, owner)
        if start is None or await self._has_ended(session_id, start.name):
            return _refusal(404, "Session not found. Open another with initialize.")
        session = self._open.get(session_id)
        if session is not None and session.has_ended:
            session = None
        if method == "DELETE":
            await self._ended.claim(start.name)
            self._replicas.messages.publish(ENDED, start.name.encode())
            return Response(status_code=200)
        if _is_notification(message) and session is None:
            return Response(status_code=202)  # there is nothing yet that could be told
        if _is_answer(message) and not (session and session.awaits(message["id"])):
            return await self._passed_on(start.name, message)
        if session is None:
            if not self._make_room(owner, by_ending=method == "POST"):
                headers = {"Retry-After": str(BUSY_RETRY_SECONDS)}
                return _refusal(429, f"All of your {MAX_SESSIONS_EACH} sessions are busy.", headers)
            session = self._open[session_id] = Session(session_id, start, owner, self._replicas.messages)
            self._group.start_soon(self._serve, session)
        self._open.move_to_end(session_id)
        return session.handle

    async def _passed_on(self, name: str, answer: Any) -> Response:
        """Bring an answer to a question that is not open in this process to the one that asks."""
        if self._replicas.are_many and await pass_on(self._replicas.messages, name, answer):
            return Response(status_code=202)
        return _refusal(400, "No such question is open here: the call that asked it has failed, or will.")

    async def _has_ended(self, session_id: str, name: str) -> bool:
        """Tell whether the client has ended a session. Of one that is in memory here this process was told so."""
        if self._ended_here.get(name):
            return True
        return session_id not in self._open and await self._ended.is_claimed(name)

    def _heard_of_end(self, name: bytes) -> None:
        self._ended_here.set(name.decode(), value=True)
        for session in [session for session in self._open.values() if session.name == name.decode()]:
            self._end(session)

    def _make_room(self, owner: Owner, *, by_ending: bool) -> bool:
        """Return whether there is room for another session of `owner`, if need be when idle ones have ended.

        A stream alone never ends another session: clients open theirs again at once, and would do so in turns for ever.
        """
        everybodys = list(self._open.values())
        own = [session for session in everybodys if session.owner == owner]
        for crowd, most in (own, MAX_SESSIONS_EACH), (everybodys, MAX_SESSIONS):
            if len(crowd) >= most:
                idle = next((session for session in crowd if not session.calls), None)
                if idle is None or not by_ending:
                    return False
                self._end(idle)
        return True

    async def _serve(self, session: Session) -> None:
        try:
            await session.serve(self._server, self._callers)
        finally:
            if self._open.get(session.id) is session:
                del self._open[session.id]

    def _end(self, session: Session) -> None:
        del self._open[session.id]
        self._group.start_soon(session.end)


def _parsed(body: bytes) -> Any:
    """Return the message in a body, None where there is none: what the SDK makes of that is its answer."""
    try:
        return from_json(body)
    except ValueError:
        return None


def _opening(message: Any) -> InitializeRequestParams | None:
    """Return what a message opens a session with."""
    if not isinstance(message, dict) or message.get("method") != "initialize" or "id" not in message:
        return None
    try:
        return InitializeRequestParams.model_validate(message.get("params"), by_name=False)
    except ValidationError:
        return None


def _is_notification(message: Any) -> bool:
    return isinstance(message, dict) and "method" in message and "id" not in message


def _is_answer(message: Any) -> bool:
    return isinstance(message, dict) and "method" not in message and "id" in message


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a way to receive `body` once more, and then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _naming(session_id: str, send: Send) -> Send:
    """Return a way to send an answer that gives a client the id of its session."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            MutableHeaders(scope=message)[SESSION_ID] = session_id
        await send(message)

    return named


def _refusal(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    error = JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=INVALID_REQUEST, message=words))
    content = error.model_dump_json(by_alias=True, exclude_unset=True)
    return Response(content, status, headers, media_type="application/json")
