"""What is particular to HighLevel's API.

It answers 400 for a contact that there is not, 401 for a scope that is missing, and 422 with several messages.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flodesk_mcp.api.errors import NotFound, StatusError
from flodesk_mcp.api.service import QuotaFacts, Service, quota_facts, said_in
from flodesk_mcp.highlevel.errors import DuplicateContact, MissingScope, WrongLocation

__all__ = ["HighLevel"]

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = 400, 401, 403


class HighLevel(Service):
    """The API in one of its versions, which goes with every request as a header."""

    name = "HighLevel"

    def __init__(self, version: str) -> None:
        self.headers = {"Version": version}

    def quota_facts(self, headers: Mapping[str, str]) -> Iterable[QuotaFacts]:
        """Return what is told of the requests of ten seconds, and of those of the day."""
        return (
            *quota_facts(headers, "X-RateLimit-Max", "X-RateLimit-Remaining"),
            *quota_facts(headers, "X-RateLimit-Limit-Daily", "X-RateLimit-Daily-Remaining"),
        )

    def failure(self, status: int, body: Any) -> StatusError:
        """Return what an answer means here."""
        messages = body.get("message") if isinstance(body, dict) else None
        if isinstance(messages, list):
            body = {"message": "; ".join(map(str, messages))}
        message = said_in(body)
        said = message.casefold()
        if status == BAD_REQUEST and (duplicate := _duplicate_of(body)):
            return DuplicateContact(status, message, *duplicate)
        if status == BAD_REQUEST and said.endswith("not found"):
            return NotFound(status, message)
        if status == UNAUTHORIZED and "scope" in said:
            return MissingScope(status, message)
        if status == FORBIDDEN and "location" in said:
            return WrongLocation(status, message)
        return super().failure(status, body)


def _duplicate_of(body: Any) -> tuple[str, str] | None:
    """Return which contact is in the way, and by what, where an answer says so."""
    meta = body.get("meta") if isinstance(body, dict) else None
    contact_id = said_in(meta, "contactId")
    return (contact_id, said_in(meta, "matchingField")) if contact_id else None
