"""Messages for a connection of server-sent events that another replica holds: they are passed on to it.

What proves who sends a message stays here. The replica with the connection knows who that is, and takes the message
from nobody else; the limits that the message sets itself go with it.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import anyio
from anyio.abc import TaskGroup
from mcp.server.auth.middleware.bearer_auth import authorization_context
from pydantic_core import from_json, to_json
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flodesk_mcp.messages import Messages, Stop
from flodesk_mcp.web.auth.principal import User
from flodesk_mcp.web.request_filter import limits_in, request_limits

__all__ = ["pass_message_on", "take_messages"]

PASSED_ON_SECONDS = 5.0


def take_messages(messages: Messages, session: str, user: User, take: ASGIApp, tasks: TaskGroup) -> Stop:
    """Give `take` what other replicas get for the connection `session` of `user`, until the result is called."""

    def heard(message: bytes) -> None:
        tasks.start_soon(_take, messages, from_json(message), user, take)

    return messages.listen(_connection(session), heard)


async def pass_message_on(messages: Messages, session: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Bring a message to the replica that holds the connection, and answer as that one does; 404 if none does."""
    request = Request(scope, receive)
    reply_to, answers = secrets.token_hex(8), list[bytes]()
    answered = anyio.Event()

    def heard(message: bytes) -> None:
        answers.append(message)
        answered.set()

    told = {
        "reply_to": reply_to,
        "who": _who(scope["user"]),
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        "scheme": scope["scheme"],
        "headers": {"host": request.headers.get("host", ""), **limits_in(request)},
        "body": b64encode(await request.body()).decode(),
    }
    stop = messages.listen(_reply(reply_to), heard)
    try:
        await messages.ready()
        messages.publish(_connection(session), to_json(told))
        with anyio.move_on_after(PASSED_ON_SECONDS):
            await answered.wait()
    finally:
        stop()
    answer: Mapping[str, Any] = from_json(answers[0]) if answers else {"status": 404, "text": "Could not find session"}
    await Response(answer["text"], answer["status"], media_type="text/plain")(scope, receive, send)


async def _take(messages: Messages, told: Mapping[str, Any], user: User, take: ASGIApp) -> None:
    if told["who"] != _who(user):
        return  # as if there were no such connection
    headers = {"content-type": "application/json", **told["headers"]}
    body = b64decode(told["body"])
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": told["path"],
        "scheme": told["scheme"],
        "query_string": told["query"].encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
    connection = HTTPConnection(scope)
    scope["user"] = User(user.principal, *request_limits(connection))
    parts: list[Message] = []
    incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        parts.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            text = b"".join(part.get("body", b"") for part in parts).decode("utf-8", "replace")
            answer = {"status": parts[0]["status"], "text": text}
            messages.publish(_reply(told["reply_to"]), to_json(answer))

    await take(scope, receive, send)


def _who(user: User) -> list[str | None]:
    return [value if value is None else str(value) for value in authorization_context(user).values()]


def _connection(session: str) -> str:
    return f"connection {session}"


def _reply(reply_to: str) -> str:
    return f"reply {reply_to}"
