"""FlowNurture among the providers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flodesk_mcp.api.credentials import BearerToken
from flodesk_mcp.api.errors import FlodeskError, InvalidArgument, PartlyDone
from flodesk_mcp.api.request import given
from flodesk_mcp.flownurture.client import BASE_URL, REQUESTS_PER_MINUTE, FlowNurtureClient
from flodesk_mcp.flownurture.contacts import MAX_PER_PAGE
from flodesk_mcp.flownurture.models import Contact as TheirContact
from flodesk_mcp.flownurture.models import Segment, Workflow, WorkflowStep
from flodesk_mcp.providers.known import Access
from flodesk_mcp.providers.model import Contact, ContactSegment, ContactWorkflow, Enrolled, InSegments, Rows, Step
from flodesk_mcp.providers.names import beyond, id_of, missing
from flodesk_mcp.providers.provider import NotOffered, Provider, page_of

__all__ = ["ADAPTER", "FlowNurtureAdapter", "open_adapter"]

OWN_FIELDS = {"jobTitle": "job_title", "lifecycleStage": "lifecycle_stage"}
STAGES = ("SUBSCRIBER", "LEAD", "MQL", "SQL", "CUSTOMER")
NO_MEMBERS = "FlowNurture does not tell who is in a segment: use search."
BY_TAG_IDS = "FlowNurture: ids of tags, from its web app; its segments are rules."


LACKS: Mapping[str, str] = {
    "list_contacts.segment_id": NO_MEMBERS,
    "list_contacts.status": "Nor who may be mailed: look there.",
    "save_contact.phone": "FlowNurture has no phone.",
    "plan_flodesk_import.from_segment": f"{NO_MEMBERS} Leave from_segment out to take all.",
}
"""What this provider cannot do, and what can be done instead."""

NOTES: Mapping[str, str] = {
    "save_contact": "FlowNurture's custom_fields: jobTitle, lifecycleStage.",
    "add_contact_to_segments": BY_TAG_IDS,
    "remove_contact_from_segments": BY_TAG_IDS,
    "enroll_contact": "FlowNurture: active ones with steps.",
}


class FlowNurtureAdapter(Provider):
    """A FlowNurture account. Segments are rules there, and whether somebody may be mailed the API does not tell."""

    id = "flownurture"
    name = "FlowNurture"
    lacks = LACKS
    notes = NOTES

    def __init__(self, client: FlowNurtureClient) -> None:
        self._client = client

    async def list_contacts(
        self, *, limit: int, after: Any, search: str | None, segment_id: str | None, status: str | None
    ) -> Rows[Contact]:
        """Return one page. FlowNurture counts nothing: a full page may be the last."""
        page = after or 1
        found = await self._client.contacts.list(page=page, limit=limit, search=search)
        return Rows([_contact(row) for row in found], page + 1 if len(found) == min(limit, MAX_PER_PAGE) else None)

    async def get_contact(self, id_or_email: str) -> Contact:
        """Return one contact, with what the list does not show."""
        return _contact(await self._client.contacts.get(await self._id(id_or_email)))

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
        """Create the contact, or look for it and change it."""
        own = dict(custom_fields or {})
        if unknown := sorted(own.keys() - OWN_FIELDS.keys()):
            raise NotOffered(
                f"FlowNurture has no custom field {unknown[0][:80]!r}: it has {' and '.join(OWN_FIELDS)} alone."
            )
        if own.get("lifecycleStage", STAGES[0]) not in STAGES:
            raise InvalidArgument(f"lifecycleStage is one of {', '.join(STAGES)}.")
        fields = given({"firstName": first_name, "lastName": last_name, "company": company}) | own
        saved, _ = await self._client.contacts.save(email, fields)
        return _contact(saved)

    async def list_segments(self, *, limit: int, after: Any) -> Rows[ContactSegment]:
        """Return one page of segments."""
        return page_of([_segment(row) for row in await self._client.segments.all()], limit, after)

    async def get_segment(self, segment_id: str) -> ContactSegment:
        """Return one segment."""
        return _segment(await self._client.segments.get(await self._segment_id(segment_id)))

    async def add_to_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Give a contact tags."""
        await self._refuse_segments(segment_ids)
        known = await self._id(id_or_email)
        await _each(segment_ids, partial(self._client.contacts.add_tag, known))
        return InSegments(provider=self.id, id=known, kind="tags", added={tag_id: tag_id for tag_id in segment_ids})

    async def remove_from_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Take tags from a contact."""
        await self._refuse_segments(segment_ids)
        known = await self._id(id_or_email)
        await _each(segment_ids, partial(self._client.contacts.remove_tag, known))
        return InSegments(provider=self.id, id=known, kind="tags", removed={tag_id: tag_id for tag_id in segment_ids})

    async def list_workflows(self, *, limit: int, after: Any) -> Rows[ContactWorkflow]:
        """Return one page of workflows."""
        return page_of([_workflow(row) for row in await self._client.workflows.all()], limit, after)

    async def get_workflow(self, workflow_id: str) -> ContactWorkflow:
        """Return one workflow, with its steps."""
        return _workflow(await self._client.workflows.get(await self._workflow_id(workflow_id)))

    async def enroll(self, workflow_id: str, id_or_email: str) -> Enrolled:
        """Put a contact into a workflow."""
        workflow, contact = await self._workflow_id(workflow_id), await self._id(id_or_email)
        made = await self._client.workflows.enroll(workflow, contact)
        return Enrolled(provider=self.id, id=contact, workflow_id=workflow, enrolled=True, status=made.status)

    async def _id(self, id_or_email: str) -> str:
        if "@" not in id_or_email:
            return id_or_email
        found = await self._client.contacts.find(id_or_email)
        if found is None:
            raise missing(self.name)
        return found.id

    async def _segment_id(self, id_or_name: str) -> str:
        return id_of("segment", id_or_name, {row.id: row.name or "" for row in await self._client.segments.all()})

    async def _workflow_id(self, id_or_name: str) -> str:
        return id_of("workflow", id_or_name, {row.id: row.name or "" for row in await self._client.workflows.all()})

    async def _refuse_segments(self, tag_ids: Sequence[str]) -> None:
        """Raise NotOffered where a segment is meant: somebody may have taken its id for that of a tag."""
        names = {row.id: (row.name or "").casefold() for row in await self._client.segments.all()}
        for tag_id in tag_ids:
            if tag_id in names or tag_id.casefold() in names.values():
                raise NotOffered(
                    f"{tag_id[:80]!r} is a segment of FlowNurture, made by rules: nobody can be added to it or removed "
                    "from it. Give the id of a tag, from FlowNurture's web app."
                )


ADAPTER = FlowNurtureAdapter


def open_adapter(access: Access) -> FlowNurtureAdapter:
    """Return the account that a key opens. Raises ValueError for what cannot be one."""
    credential = BearerToken(access.settings["flownurture_api_key"])
    return FlowNurtureAdapter(
        FlowNurtureClient(
            credential,
            base_url=access.settings.get("flownurture_base_url", BASE_URL),
            http=access.http,
            quota=access.open_quota(credential, "flownurture", REQUESTS_PER_MINUTE, 60),
            max_wait_seconds=access.max_wait_seconds,
            timeout_seconds=access.timeout_seconds,
        )
    )


async def _each(tag_ids: Sequence[str], change: Callable[[str], Awaitable[None]]) -> None:
    """Make one request for each tag, which is all that there is. Raises PartlyDone, FlodeskError."""
    for place, tag_id in enumerate(tag_ids):
        try:
            await change(tag_id)
        except FlodeskError as error:
            if not place:
                raise
            raise PartlyDone(tag_ids[:place], tag_ids[place:], error) from error


def _contact(row: TheirContact) -> Contact:
    own = {name: getattr(row, attribute) for name, attribute in OWN_FIELDS.items()}
    return Contact(
        id=row.id,
        provider=FlowNurtureAdapter.id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        company=row.company,
        custom_fields=given(own) or None,
        created_at=row.created_at,
        raw_only=beyond(row.model_extra),
    )


def _segment(row: Segment) -> ContactSegment:
    return ContactSegment(
        id=row.id,
        provider=FlowNurtureAdapter.id,
        name=row.name,
        kind="rules",
        created_at=row.created_at,
        raw_only=beyond(row.model_extra),
    )


def _workflow(row: Workflow) -> ContactWorkflow:
    steps = None if row.steps is None else [_step(step) for step in sorted(row.steps, key=lambda step: step.order or 0)]
    return ContactWorkflow(
        id=row.id,
        provider=FlowNurtureAdapter.id,
        name=row.name,
        status=row.status,
        enrolled=row.enrollment_count,
        step_count=row.step_count,
        steps=steps,
        created_at=row.created_at,
    )


def _step(step: WorkflowStep) -> Step:
    delay = f"{step.delay_amount} {step.delay_unit or ''}".strip() if step.delay_amount is not None else None
    return Step(type=step.type, order=step.order, delay=delay)
