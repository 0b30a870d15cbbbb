"""What Flodesk's webhooks post. Source: flodesk-api, Webhook events.

Read tolerantly: of what is there, only what says which event and which person is required.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from flodesk_mcp.events.errors import NotRead
from flodesk_mcp.store import Announced

__all__ = ["announced_by"]

MAX_NAME = 100
MAX_ADDRESS = 320
MAX_TEXT = 1_000
_TYPE = re.compile(r"\w+(\.\w+)*", re.ASCII)
WITHOUT = "webhook_id"
"""Two webhooks of an account that tell the same tell it in one event."""


def announced_by(body: bytes) -> Announced:
    """Return the event in the body of a post.

    Raises NotRead for what is no JSON object, names no event, or nobody that Flodesk could be asked about.
    """
    try:
        content = from_json(body)
    except ValueError:
        raise NotRead("The body is not JSON.") from None
    if not isinstance(content, dict):
        raise NotRead("The body is no JSON object.")
    person, segment = _object(content, "subscriber"), _object(content, "segment")
    event_type = _text(content.get("event_name"), MAX_NAME) or ""
    if not _TYPE.fullmatch(event_type):
        raise NotRead("There is no event_name, or one that is none.")
    subscriber_id, email = _text(person.get("id"), MAX_NAME), _text(person.get("email"), MAX_ADDRESS)
    if subscriber_id is None and email is None:
        raise NotRead("There is no subscriber with an id or an address.")
    told = {name: value for name, value in content.items() if name != WITHOUT}
    return Announced(
        digest=hashlib.sha256(to_json(_sorted(told))).hexdigest(),
        type=event_type,
        occurred_at=_moment(content.get("event_time")),
        subscriber_id=subscriber_id,
        email=email and email.lower(),
        segment_id=_text(segment.get("id"), MAX_NAME),
        segment_name=_text(segment.get("name"), MAX_TEXT),
        webhook_id=_text(content.get(WITHOUT), MAX_NAME),
    )


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def _text(value: Any, longest: int) -> str | None:
    """Return a text that a database can hold; a number stands for its digits, and what is too long for nothing."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    text = text.replace("\0", "").strip()
    return text if 0 < len(text) <= longest else None


def _moment(value: Any) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def _sorted(value: Any) -> Any:
    """Return the same with the names of each object in order: in which they come says nothing."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
