"""What a waiting call says of its progress to a client that asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from mcp.server.context import ServerRequestContext

__all__ = ["tell", "telling"]

_context: ContextVar[ServerRequestContext[Any] | None] = ContextVar("flodesk_telling", default=None)


@contextmanager
def telling(context: ServerRequestContext[Any]) -> Iterator[None]:
    """Let `tell` reach the client of `context` within the block."""
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)


async def tell(words: str, seconds: float, most: float) -> None:
    """Say what is under way, `seconds` after the call began, which ends after `most` of them."""
    if (context := _context.get()) is not None:
        with suppress(Exception):  # nobody to tell is no reason to fail the call
            await context.session.report_progress(round(seconds), round(most), words)
