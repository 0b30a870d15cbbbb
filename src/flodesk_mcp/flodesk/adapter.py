"""Flodesk among the providers."""

from collections.abc import Mapping, Sequence
from typing import Any

from flodesk_mcp.api.errors import InvalidArgument
from flodesk_mcp.api.request import given
from flodesk_mcp.flodesk.client import FlodeskClient
from flodesk_mcp.flodesk.models import Segment, Subscriber
from flodesk_mcp.providers.model import (
    Contact,
    ContactSegment,
    ContactWorkflow,
    Enrolled,
    InSegments,
    Rows,
    Status,
)
from flodesk_mcp.providers.names import beyond
from flodesk_mcp.providers.provider import Provider

__all__ = ["FlodeskAdapter"]

STATUSES: Mapping[str, Status] = {
    "active": "subscribed",
    "unsubscribed": "unsubscribed",
    "complained": "unsubscribed",
    "unconfirmed": "pending",
    "bounced": "bounced",
    "cleaned": "bounced",
}
"""An archived person's is unknown: what became of them the API does not tell."""


NO_FIELD = "Flodesk has no phone or company: use custom_fields."

LACKS: Mapping[str, str] = {
    "list_contacts.search": "Flodesk does not search: use search_flodesk_subscribers.",
    "save_contact.phone": NO_FIELD,
    "save_contact.company": NO_FIELD,
    "plan_flodesk_import": "Flodesk is where an import goes to, not where it comes from.",
}
"""What this provider cannot do, and what can be done instead."""

NOTES: Mapping[str, str] = {"get_contact_workflow": "Flodesk tells a name alone."}


class FlodeskAdapter(Provider):
    """A Flodesk account."""

    id = "flodesk"
    name = "Flodesk"
    lacks = LACKS
    notes = NOTES

    def __init__(self, client: FlodeskClient) -> None:
        self._client = client

    async def list_contacts(
        self, *, limit: int, after: Any, search: str | None, segment_id: str | None, status: str | None
    ) -> Rows[Contact]:
        """Return one page. Several statuses of Flodesk's are one here: their lists come one after the other."""
        if segment_id is not None:
            segment_id = await self._client.segments.names.id_of(segment_id)
        parts: list[str | None] = [theirs for theirs, ours in STATUSES.items() if ours == status]
        if not parts:
            parts = [None if status is None else "archived"]
        part, page = after or (0, 1)
        found = await self._client.subscribers.list(
            page=page, per_page=limit, status=parts[part], segment_id=segment_id
        )
        last = page >= (found.meta.total_pages or 0)
        following = [part, page + 1] if not last else [part + 1, 1] if part + 1 < len(parts) else None
        total = found.meta.total_items if len(parts) == 1 else None
        return Rows([_contact(person) for person in found.data], following, total)

    async def get_contact(self, id_or_email: str) -> Contact:
        """Return one subscriber."""
        return _contact(await self._client.subscribers.get(id_or_email))

    async def save_contact(
        self,
        *,
        email: str,
        first_name: str | None,
        last_name: str | None,
        phone: str | None,
        company: str | None,
        custom_fields: Mapping[str, str] | None,
    ) -> Contact:
        """Create or update the subscriber."""
        return _contact(
            await self._client.subscribers.save(
                email=email, first_name=first_name, last_name=last_name, custom_fields=custom_fields
            )
        )

    async def list_segments(self, *, limit: int, after: Any) -> Rows[ContactSegment]:
        """Return one page of segments."""
        page = after or 1
        found = await self._client.segments.list(page=page, per_page=limit)
        more = page < (found.meta.total_pages or 0)
        return Rows([_segment(row) for row in found.data], page + 1 if more else None, found.meta.total_items)

    async def get_segment(self, segment_id: str) -> ContactSegment:
        """Return one segment."""
        return _segment(await self._client.segments.get(await self._client.segments.names.id_of(segment_id)))

    async def add_to_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Put a subscriber into segments."""
        ids = await self._ids(segment_ids)
        person = await self._client.subscribers.add_to_segments(id_or_email, list(ids.values()))
        return self._in_segments(person, added=ids)

    async def remove_from_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Take a subscriber out of segments."""
        ids = await self._ids(segment_ids)
        person = await self._client.subscribers.remove_from_segments(id_or_email, list(ids.values()))
        return self._in_segments(person, removed=ids)

    async def list_workflows(self, *, limit: int, after: Any) -> Rows[ContactWorkflow]:
        """Return one page of workflows."""
        page = after or 1
        found = await self._client.workflows.list(page=page, per_page=limit)
        more = page < (found.meta.total_pages or 0)
        rows = [ContactWorkflow(id=row.id, provider=self.id, name=row.name) for row in found.data]
        return Rows(rows, page + 1 if more else None, found.meta.total_items)

    async def get_workflow(self, workflow_id: str) -> ContactWorkflow:
        """Return one workflow, of which Flodesk tells no more than in its list."""
        known = await self._client.workflows.names.id_of(workflow_id)
        names = await self._client.workflows.names.by_id()
        if known not in names:
            raise InvalidArgument(f"Flodesk lists no workflow {known[:80]!r}.")
        return ContactWorkflow(id=known, provider=self.id, name=names[known])

    async def enroll(self, workflow_id: str, id_or_email: str) -> Enrolled:
        """Put a subscriber into a workflow."""
        known = await self._client.workflows.names.id_of(workflow_id)
        who = {"email": id_or_email} if "@" in id_or_email else {"id": id_or_email}
        await self._client.workflows.enroll(known, **who)
        status = await self._client.subscribers.status_of(id_or_email)
        quiet = f"This person is {status} and gets no mail." if status not in {None, "active"} else None
        return Enrolled(provider=self.id, id=id_or_email, workflow_id=known, enrolled=True, notice=quiet)

    async def _ids(self, segment_ids: Sequence[str]) -> dict[str, str]:
        return {name: await self._client.segments.names.id_of(name) for name in segment_ids}

    def _in_segments(self, person: Subscriber, **ids: dict[str, str]) -> InSegments:
        names = [segment.name or segment.id for segment in person.segments or []]
        return InSegments.model_validate(
            {"provider": self.id, "id": person.id, "kind": "segments", "now_in": names, **ids}
        )


def _contact(person: Subscriber) -> Contact:
    finer = None if person.status in {"active", "unsubscribed", "bounced"} else person.status
    optin = given({"optin_ip": person.optin_ip, "optin_timestamp": person.optin_timestamp})
    return Contact(
        id=person.id,
        provider=FlodeskAdapter.id,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        status=STATUSES.get(person.status or "", "unknown"),
        segments=[segment.name or segment.id for segment in person.segments or []],
        custom_fields=person.custom_fields,
        created_at=person.created_at,
        raw_only=beyond(person.model_extra, source=person.source, status=finer, **optin),
    )


def _segment(row: Segment) -> ContactSegment:
    return ContactSegment(
        id=row.id,
        provider=FlodeskAdapter.id,
        name=row.name,
        kind="rules" if row.segment_type == "dynamic" else "segment",
        contacts=row.total_active_subscribers,
        created_at=row.created_at,
        raw_only=beyond(row.model_extra, color=row.color),
    )
