"""The id of the request that is being answered, for whatever is logged meanwhile."""

from contextvars import ContextVar

__all__ = ["request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="-")
