"""Answers that reach another process than the one that asks: they are passed on, and the client hears of that."""

import secrets
from collections.abc import Callable
from typing import Any

import anyio
from pydantic_core import from_json, to_json

from flodesk_mcp.messages import Messages, Stop

__all__ = ["expect_answer", "pass_on"]

PASSED_ON_SECONDS = 3.0


def expect_answer(messages: Messages, session: str, question: str, take: Callable[[Any], object]) -> Stop:
    """Let answers to a question of a session come from other processes, until the returned function is called."""

    def heard(message: bytes) -> None:
        told = from_json(message)
        take(told["answer"])
        messages.publish(_taken(told["reply_to"]), b"")

    return messages.listen(_question(session, question), heard)


async def pass_on(messages: Messages, session: str, answer: Any) -> bool:
    """Bring an answer to the process that asks, and return whether there is one."""
    reply_to, taken = secrets.token_hex(8), anyio.Event()
    stop = messages.listen(_taken(reply_to), lambda _: taken.set())
    try:
        await messages.ready()
        messages.publish(_question(session, str(answer["id"])), to_json({"reply_to": reply_to, "answer": answer}))
        with anyio.move_on_after(PASSED_ON_SECONDS):
            await taken.wait()
    finally:
        stop()
    return taken.is_set()


def _question(session: str, question: str) -> str:
    return f"question {session} {question[:100]}"


def _taken(reply_to: str) -> str:
    return f"taken {reply_to}"
