"""Tools on contacts and segments of any provider."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from flodesk_mcp.callers.caller import Caller
from flodesk_mcp.providers import Contact, ContactSegment, ContactWorkflow, Enrolled, InSegments
from flodesk_mcp.tools.arguments import (
    CustomFieldValues,
    Email,
    FirstError,
    FirstName,
    IdOrEmail,
    LastName,
    Limit,
    NextCursor,
    Trimmed,
)
from flodesk_mcp.tools.contact_pages import contact_page, segment_page, workflow_page
from flodesk_mcp.tools.given import FromJson, unless_all
from flodesk_mcp.tools.provider_choice import ALL, chosen
from flodesk_mcp.tools.results import Listing
from flodesk_mcp.tools.side_by_side import FoundContacts, at_all, at_one

ProviderId = Annotated[str, Trimmed, Field(max_length=50, description="Marketing tool.")]
Search = Annotated[str, Trimmed, Field(max_length=200, description="Text in names or addresses.")]
Segment = Annotated[str, Trimmed, Field(max_length=300, description="Id or exact name.")]
Segments = Annotated[
    list[Annotated[str, Trimmed]],
    FirstError,
    FromJson,
    Field(min_length=1, max_length=50, description="1 to 50 ids or exact names."),
]
Workflow = Annotated[str, Trimmed, Field(max_length=300, description="Id or exact name.")]
Phone = Annotated[str, Trimmed, Field(max_length=40, description="Phone number.")]
Company = Annotated[str, Trimmed, Field(max_length=300, description="Company.")]
ContactStatus = Annotated[
    str,
    AfterValidator(unless_all),
    Field(pattern="^(all|subscribed|unsubscribed|pending|bounced|unknown)$"),
    Field(
        description="Only this status; default all.",
        json_schema_extra={"enum": ["all", "subscribed", "unsubscribed", "pending", "bounced", "unknown"]},
    ),
]


class SavedContact(Contact):
    """A contact after a write."""

    notice: str | None = Field(None, description="What your user should hear")


async def list_contacts(
    caller: Caller,
    provider: ProviderId | None = None,
    search: Search | None = None,
    segment_id: Segment | None = None,
    status: ContactStatus | None = None,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
) -> Listing[Contact]:
    """List contacts of one marketing tool: all, or those who match a search, segment, tag or status."""
    return await contact_page(caller, provider, limit, next_cursor, search=search, segment_id=segment_id, status=status)


async def get_contact(caller: Caller, id_or_email: IdOrEmail, provider: ProviderId | None = None) -> FoundContacts:
    """Show one contact with status, segments or tags, and fields. By e-mail address, provider "all" shows the person
    at all marketing tools side by side.
    """
    if provider == ALL:
        return await at_all(caller, id_or_email)
    return await at_one(caller, provider, id_or_email)


async def save_contact(
    caller: Caller,
    email: Email,
    provider: ProviderId | None = None,
    first_name: FirstName | None = None,
    last_name: LastName | None = None,
    phone: Phone | None = None,
    company: Company | None = None,
    custom_fields: CustomFieldValues | None = None,
) -> SavedContact:
    """Create a contact, or change what is given of the one with this address. Segments and tags stay."""
    there = caller.providers.chosen(provider)
    given: dict[str, Any] = {
        "first_name": first_name,
        "last_name": last_name,
        "phone": phone,
        "company": company,
        "custom_fields": custom_fields,
    }
    there.check("save_contact", given)
    saved = await there.save_contact(email=email, **given)
    caller.providers.note(there, [saved.id])
    quiet = saved.status in {"unsubscribed", "bounced", "pending"}
    notice = f"This person is {saved.status} at {there.name} and gets no mail." if quiet else None
    return SavedContact.model_validate(saved.model_dump() | {"notice": notice})


async def list_contact_segments(
    caller: Caller, provider: ProviderId | None = None, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[ContactSegment]:
    """List the segments of one marketing tool, or the tags where it has these instead: kind says which."""
    return await segment_page(caller, provider, limit, next_cursor)


async def get_contact_segment(
    caller: Caller, segment_id: Segment, provider: ProviderId | None = None
) -> ContactSegment:
    """Show one segment or tag, and how many contacts are in it, where the marketing tool tells that."""
    return await chosen(caller, "get_contact_segment", provider, segment_id).get_segment(segment_id)


async def add_contact_to_segments(
    caller: Caller, id_or_email: IdOrEmail, segment_ids: Segments, provider: ProviderId | None = None
) -> InSegments:
    """Put a contact into segments, or give it tags where there are tags instead. That can start workflows, and end
    some: nothing tells which.
    """
    there = chosen(caller, "add_contact_to_segments", provider, id_or_email, *segment_ids)
    return await there.add_to_segments(id_or_email, segment_ids)


async def remove_contact_from_segments(
    caller: Caller, id_or_email: IdOrEmail, segment_ids: Segments, provider: ProviderId | None = None
) -> InSegments:
    """Take a contact out of segments, or take tags from it. The contact stays."""
    there = chosen(caller, "remove_contact_from_segments", provider, id_or_email, *segment_ids)
    return await there.remove_from_segments(id_or_email, segment_ids)


async def list_contact_workflows(
    caller: Caller, provider: ProviderId | None = None, limit: Limit = 20, next_cursor: NextCursor | None = None
) -> Listing[ContactWorkflow]:
    """List the workflows (automations) of one marketing tool."""
    return await workflow_page(caller, provider, limit, next_cursor)


async def get_contact_workflow(
    caller: Caller, workflow_id: Workflow, provider: ProviderId | None = None
) -> ContactWorkflow:
    """Show one workflow, with its steps where the marketing tool shows them."""
    return await chosen(caller, "get_contact_workflow", provider, workflow_id).get_workflow(workflow_id)


async def enroll_contact(
    caller: Caller, workflow_id: Workflow, id_or_email: IdOrEmail, provider: ProviderId | None = None
) -> Enrolled:
    """Start a workflow for a contact who is there: it may send mail. No tool takes anybody out again."""
    there = chosen(caller, "enroll_contact", provider, workflow_id, id_or_email)
    return await there.enroll(workflow_id, id_or_email)
