"""Tools on subscribers."""

from flodesk_mcp.flodesk import FlodeskClient, Subscriber
from flodesk_mcp.tools.arguments import (
    ClearFields,
    CustomFieldValues,
    DoubleOptin,
    Email,
    FirstName,
    IdOrEmail,
    LastName,
    Limit,
    NextCursor,
    OptinIp,
    OptinTimestamp,
    SegmentId,
    SegmentIds,
    Status,
    SubscriberFields,
    SubscriberId,
)
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.questions import about_clearing
from flodesk_mcp.tools.results import SubscriberListing, WrittenSubscriber, only, subscriber_listing, with_notice
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("subscribers", "people", default=True)


@toolset.tool("List subscribers", "GET /subscribers", target=("segment_id",))
async def list_all_flodesk_subscribers(
    flodesk: FlodeskClient,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
    status: Status | None = None,
    segment_id: SegmentId | None = None,
    fields: SubscriberFields | None = None,
) -> SubscriberListing:
    """List people, the newest first: who signed up lately, which people bounced, show everyone who opted out, or all
    addresses on one segment's list; else everybody. No search: for one person get_single_flodesk_subscriber_by_id.
    Empty values are left out.
    """
    fetch = flodesk.subscribers.list
    page = await listing("list_subscribers", fetch, limit, next_cursor, status=status, segment_id=segment_id)
    return subscriber_listing(page, fields)


@toolset.tool("Get a subscriber", "GET /subscribers/{id_or_email}", target=("id_or_email",))
async def get_single_flodesk_subscriber_by_id(
    flodesk: FlodeskClient, id_or_email: IdOrEmail, fields: SubscriberFields | None = None
) -> Subscriber:
    """Look up one person by id or e-mail address: what do we know about her, are they still subscribed, when did they
    join, which segments is this person in? Empty values are left out.
    """
    return only(await flodesk.subscribers.get(id_or_email), fields)


@toolset.tool(
    "Create or update a subscriber",
    "POST /subscribers",
    target=("email", "id", "segment_ids"),
    idempotent=True,
    question=about_clearing,
    asked_for="clear_fields",
)
async def create_a_flodesk_subscriber(
    flodesk: FlodeskClient,
    email: Email | None = None,
    id: SubscriberId | None = None,
    first_name: FirstName | None = None,
    last_name: LastName | None = None,
    custom_fields: CustomFieldValues | None = None,
    segment_ids: SegmentIds | None = None,
    double_optin: DoubleOptin | None = None,
    optin_ip: OptinIp | None = None,
    optin_timestamp: OptinTimestamp | None = None,
    clear_fields: ClearFields | None = None,
) -> WrittenSubscriber:
    """Sign up (register) a new person I met, add her to the mailing list, or change the profile of the one with this
    email or id (one is needed): fix the last name, a birthday. Only given values change, blanks never erase:
    clear_fields does. segment_ids only adds, and may start or stop workflows. double_optin lets them confirm by mail
    first. Never re-subscribes. Custom fields must exist: list_all_flodesk_custom_fields.
    """
    erased = clear_fields or []
    saved = await flodesk.subscribers.save(
        email=email,
        id=id,
        first_name=first_name,
        last_name=last_name,
        custom_fields=custom_fields,
        segment_ids=segment_ids,
        double_optin=double_optin,
        optin_ip=optin_ip,
        optin_timestamp=optin_timestamp,
        clear_fields=erased,
    )
    stayed = await flodesk.subscribers.not_cleared(saved, erased) if erased else ()
    return with_notice(saved, erased, stayed)


@toolset.tool(
    "Remove a subscriber from segments",
    "DELETE /subscribers/{id_or_email}/segments",
    target=("id_or_email", "segment_ids"),
    idempotent=True,
)
async def delete_a_flodesk_subscriber_by_id(
    flodesk: FlodeskClient, id_or_email: IdOrEmail, segment_ids: SegmentIds
) -> WrittenSubscriber:
    """Take a person out of a list, pull somebody from a VIP segment (untag), drop her from a group she shouldn't be in
    anymore, remove him but keep him on the list: nobody is deleted or unsubscribed.
    """
    return with_notice(await flodesk.subscribers.remove_from_segments(id_or_email, segment_ids))
