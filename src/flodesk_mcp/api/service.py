"""What is particular to one API: its name, the headers that it wants, and what it means by its answers."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flodesk_mcp.api.errors import StatusError, status_error

__all__ = ["QuotaFacts", "Service", "quota_facts", "said_in"]

MAX_MESSAGE = 300


class QuotaFacts(NamedTuple):
    """What a service tells of a quota: so many requests are allowed in its time, so many remain."""

    allowed: int
    remaining: int


class Service:
    """An API that tells nothing of its quota, and means by a status what it says."""

    name: str
    """What people call it."""

    headers: Mapping[str, str] = MappingProxyType({})
    """What goes with every request."""

    def quota_facts(self, headers: Mapping[str, str]) -> Iterable[QuotaFacts]:
        """Return what the headers of any answer tell of its quotas."""
        return ()

    def failure(self, status: int, body: Any) -> StatusError:
        """Return the error that an answer other than a success is. `body` is its JSON, or None."""
        return status_error(status, said_in(body))


def said_in(body: Any, key: str = "message") -> str:
    """Return the service's own short message in the body of an error, or nothing."""
    message = body.get(key) if isinstance(body, dict) else None
    return message[:MAX_MESSAGE] if isinstance(message, str) else ""


def quota_facts(headers: Mapping[str, str], allowed: str, remaining: str) -> tuple[QuotaFacts, ...]:
    """Return what two headers tell of a quota, if they do."""
    most, left = _count(headers.get(allowed)), _count(headers.get(remaining))
    return (QuotaFacts(most, left),) if most and left is not None else ()


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
