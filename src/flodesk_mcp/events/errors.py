"""What can go wrong with events."""

from flodesk_mcp.flodesk import FlodeskError

__all__ = ["EventsFailed", "EventsUnavailable", "InboxFull", "NotRead"]


class EventsUnavailable(FlodeskError):
    """No events are kept here; the message says what that would need."""


class EventsFailed(FlodeskError):
    """What is stored of events cannot be read or changed."""


class InboxFull(Exception):
    """More events wait to be stored than may."""


class NotRead(ValueError):
    """What was posted is no event; the message says why, and quotes nothing of it."""
