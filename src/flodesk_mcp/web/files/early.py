"""An answer to a request whose body has not come: sent at once, while what still comes is read and dropped for a while.

A connection that is closed with bytes unread loses the answer, too: browsers would show an error of their own.
"""

from contextlib import suppress

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

__all__ = ["EarlyAnswer"]

DROPPED_BYTES = 200 << 20
DROPPED_SECONDS = 20


class EarlyAnswer(Response):
    """Answers as `answer` does."""

    def __init__(self, request: Request, answer: Response) -> None:
        super().__init__()
        self._request = request
        self._answer = answer
        self.status_code = answer.status_code

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole answer, read on, and only then let the connection go."""

        async def send_open(message: Message) -> None:
            await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

        await self._answer(scope, receive, send_open)
        with anyio.move_on_after(DROPPED_SECONDS), suppress(ClientDisconnect, RuntimeError):  # all of it has been read
            dropped = 0
            async for chunk in self._request.stream():
                dropped += len(chunk)
                if dropped > DROPPED_BYTES:
                    break
        await send({"type": "http.response.body", "body": b"", "more_body": False})
