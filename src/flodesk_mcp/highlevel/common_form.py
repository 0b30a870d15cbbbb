"""HighLevel's objects in the form that all providers have in common."""

from collections.abc import Mapping

from flodesk_mcp.highlevel.models import Contact as TheirContact
from flodesk_mcp.highlevel.models import Tag, Workflow
from flodesk_mcp.providers.model import Contact, ContactSegment, ContactWorkflow, Status
from flodesk_mcp.providers.names import beyond

__all__ = ["PROVIDER", "contact_of", "segment_of", "status_of", "workflow_of"]

PROVIDER = "highlevel"

SILENT = ("active", "permanent")
"""What `dndSettings` says of a channel that nothing is sent through."""


def status_of(row: TheirContact) -> Status:
    """Return whether HighLevel mails somebody. Where it says nothing of that, it is unknown."""
    email = next((told for name, told in (row.dnd_settings or {}).items() if name.casefold() == "email"), None)
    told = email.get("status") if isinstance(email, dict) else None
    if row.bounce_email:
        return "bounced"
    if row.unsubscribe_email or row.dnd or told in SILENT:
        return "unsubscribed"
    return "unknown" if row.dnd is None and told is None else "subscribed"


def contact_of(row: TheirContact, labels: Mapping[str, str]) -> Contact:
    """Return a contact, its custom fields by their `labels`."""
    values = {labels.get(field.id, field.id): field.value for field in row.custom_fields or [] if field.value}
    extra = {name: value for name, value in (row.model_extra or {}).items() if name != "locationId"}
    return Contact(
        id=row.id,
        provider=PROVIDER,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
        company=row.company_name,
        status=status_of(row),
        tags=row.tags,
        custom_fields=values or None,
        created_at=row.date_added,
        updated_at=row.date_updated,
        raw_only=beyond(extra, dndSettings=row.dnd_settings),
    )


def segment_of(tag: Tag) -> ContactSegment:
    """Return a tag."""
    return ContactSegment(id=tag.id, provider=PROVIDER, name=tag.name, kind="tag")


def workflow_of(row: Workflow) -> ContactWorkflow:
    """Return a workflow."""
    return ContactWorkflow(
        id=row.id,
        provider=PROVIDER,
        name=row.name,
        status=row.status,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
