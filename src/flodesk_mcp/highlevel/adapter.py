"""HighLevel among the providers."""

from collections.abc import Mapping, Sequence
from typing import Any

from flodesk_mcp.api.credentials import BearerToken
from flodesk_mcp.api.errors import FlodeskError, InvalidArgument
from flodesk_mcp.api.request import given
from flodesk_mcp.highlevel.client import (
    BASE_URL,
    BURST_SECONDS,
    DAY_SECONDS,
    REQUESTS_A_BURST,
    REQUESTS_A_DAY,
    VERSION,
    HighLevelClient,
    both_quotas,
)
from flodesk_mcp.highlevel.common_form import PROVIDER, contact_of, segment_of, status_of, workflow_of
from flodesk_mcp.highlevel.contacts import MAX_QUERY
from flodesk_mcp.highlevel.models import Contact as TheirContact
from flodesk_mcp.highlevel.models import Tag, User, Workflow
from flodesk_mcp.highlevel.social import SocialPlanner
from flodesk_mcp.providers.known import Access
from flodesk_mcp.providers.model import (
    Contact,
    ContactSegment,
    ContactWorkflow,
    Enrolled,
    InSegments,
    Rows,
)
from flodesk_mcp.providers.names import id_of, missing
from flodesk_mcp.providers.provider import Provider, page_of

__all__ = ["ADAPTER", "HighLevelAdapter", "open_adapter", "open_client"]

LACKS: Mapping[str, str] = {
    "list_contacts.status": "HighLevel cannot filter by status.",
}
"""What this provider cannot do, and what can be done instead."""

NOTES: Mapping[str, str] = {
    "list_contacts": "HighLevel: tags; seconds behind writes.",
    "list_contact_segments": "HighLevel: tags.",
    "get_contact_segment": "HighLevel: a tag.",
    "add_contact_to_segments": "HighLevel: tags, which must exist.",
    "remove_contact_from_segments": "HighLevel: tags.",
    "get_contact_workflow": "HighLevel shows no steps.",
}


class HighLevelAdapter(Provider):
    """A location of HighLevel. It has tags where others have segments."""

    id = PROVIDER
    name = "HighLevel"
    lacks = LACKS
    notes = NOTES

    def __init__(self, client: HighLevelClient) -> None:
        self._client = client

    @property
    def social(self) -> SocialPlanner:
        """The social planner, which no other provider has."""
        return self._client.social

    async def user(self, id: str) -> User:
        """Return somebody who works with the account."""
        return await self._client.location.user(id)

    async def list_contacts(
        self, *, limit: int, after: Any, search: str | None, segment_id: str | None, status: str | None
    ) -> Rows[Contact]:
        """Return one page of a search, which is some seconds behind what was written."""
        if search is not None and len(search) > MAX_QUERY:
            raise InvalidArgument(f"HighLevel searches for at most {MAX_QUERY} characters, not {len(search)}.")
        tag = None if segment_id is None else (await self._tag(segment_id)).name
        by_number = after if isinstance(after, int) else 1
        place = after if isinstance(after, list) else None
        page = await self._client.contacts.search(limit=limit, page=by_number, after=place, query=search, tag=tag)
        following = None
        if len(page.contacts) == limit:
            following = page.contacts[-1].search_after or by_number + 1
        labels = await self._labels(page.contacts)
        return Rows([contact_of(row, labels) for row in page.contacts], following, page.total)

    async def get_contact(self, id_or_email: str) -> Contact:
        """Return one contact."""
        return await self._shown(await self._found(id_or_email))

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
        """Create the contact, or change it; its tags stay."""
        names = {"firstName": first_name, "lastName": last_name, "phone": phone, "companyName": company}
        values = await self._by_id(custom_fields) if custom_fields else None
        saved, _ = await self._client.contacts.save(email, given(names), values)
        return await self._shown(saved)

    async def list_segments(self, *, limit: int, after: Any) -> Rows[ContactSegment]:
        """Return one page of tags."""
        return page_of([segment_of(tag) for tag in await self._client.location.tags()], limit, after)

    async def get_segment(self, segment_id: str) -> ContactSegment:
        """Return one tag, and how many have it."""
        tag = await self._tag(segment_id)
        page = await self._client.contacts.search(limit=1, tag=tag.name)
        return segment_of(tag).model_copy(update={"contacts": page.total})

    async def add_to_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Give a contact tags."""
        tags = await self._tags(segment_ids)
        known = await self._id(id_or_email)
        now = await self._client.contacts.add_tags(known, [tag.name or "" for tag in tags.values()])
        return self._in_segments(known, now, added={name: tag.id for name, tag in tags.items()})

    async def remove_from_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Take tags from a contact."""
        tags = await self._tags(segment_ids)
        known = await self._id(id_or_email)
        now = await self._client.contacts.remove_tags(known, [tag.name or "" for tag in tags.values()])
        return self._in_segments(known, now, removed={name: tag.id for name, tag in tags.items()})

    async def list_workflows(self, *, limit: int, after: Any) -> Rows[ContactWorkflow]:
        """Return one page of workflows."""
        return page_of([workflow_of(row) for row in await self._client.location.workflows()], limit, after)

    async def get_workflow(self, workflow_id: str) -> ContactWorkflow:
        """Return one workflow, of which HighLevel tells no more than in its list."""
        return workflow_of(await self._workflow(workflow_id))

    async def enroll(self, workflow_id: str, id_or_email: str) -> Enrolled:
        """Put a contact into a workflow."""
        workflow = await self._workflow(workflow_id)
        contact = await self._found(id_or_email)
        await self._client.contacts.enroll(contact.id, workflow.id)
        status = status_of(contact)
        quiet = f"This person is {status} and gets no mail." if status in {"unsubscribed", "bounced"} else None
        return Enrolled(provider=self.id, id=contact.id, workflow_id=workflow.id, enrolled=True, notice=quiet)

    async def _found(self, id_or_email: str) -> TheirContact:
        if "@" not in id_or_email:
            return await self._client.contacts.get(id_or_email)
        found = await self._client.contacts.find(id_or_email)
        if found is None:
            raise missing(self.name)
        return found

    async def _id(self, id_or_email: str) -> str:
        return (await self._found(id_or_email)).id if "@" in id_or_email else id_or_email

    async def _tags(self, ids_or_names: Sequence[str]) -> dict[str, Tag]:
        tags = {tag.id: tag for tag in await self._client.location.tags()}
        names = {known: tag.name or "" for known, tag in tags.items()}
        return {name: tags[id_of("segment", name, names)] for name in ids_or_names}

    async def _tag(self, id_or_name: str) -> Tag:
        return (await self._tags([id_or_name]))[id_or_name]

    async def _workflow(self, id_or_name: str) -> Workflow:
        rows = {row.id: row for row in await self._client.location.workflows()}
        return rows[id_of("workflow", id_or_name, {known: row.name or "" for known, row in rows.items()})]

    async def _by_id(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return values by the ids of fields that are given by name, key or id."""
        fields = await self._client.location.custom_fields()
        keys = {(field.field_key or "").removeprefix("contact."): field.id for field in fields}
        names = {field.id: field.name or "" for field in fields}
        return {keys.get(name) or id_of("custom field", name, names): value for name, value in values.items()}

    async def _labels(self, contacts: Sequence[TheirContact]) -> dict[str, str]:
        """Return the names of custom fields by id, where any of `contacts` has one and the token may look them up."""
        if not any(contact.custom_fields for contact in contacts):
            return {}
        try:
            return {field.id: field.name or field.id for field in await self._client.location.custom_fields()}
        except FlodeskError:
            return {}

    async def _shown(self, row: TheirContact) -> Contact:
        return contact_of(row, await self._labels([row]))

    def _in_segments(self, known: str, now: list[str] | None, **ids: dict[str, str]) -> InSegments:
        return InSegments.model_validate({"provider": self.id, "id": known, "kind": "tags", "now_in": now, **ids})


ADAPTER = HighLevelAdapter


def open_adapter(access: Access) -> HighLevelAdapter:
    """Return the location that a token opens. Raises ValueError for what cannot be one."""
    return HighLevelAdapter(open_client(access))


def open_client(access: Access) -> HighLevelClient:
    """Return the client of a location. Raises ValueError for what cannot be a token."""
    settings, credential = access.settings, BearerToken(access.settings["highlevel_token"])
    return HighLevelClient(
        credential,
        settings["highlevel_location_id"],
        version=settings.get("highlevel_version", VERSION),
        base_url=settings.get("highlevel_base_url", BASE_URL),
        http=access.http,
        quota=both_quotas(
            access.open_quota(credential, "highlevel burst", REQUESTS_A_BURST, BURST_SECONDS),
            access.open_quota(credential, "highlevel day", REQUESTS_A_DAY, DAY_SECONDS),
        ),
        max_wait_seconds=access.max_wait_seconds,
        timeout_seconds=access.timeout_seconds,
    )
