"""Tools that act on subscribers: beyond the default ones."""

from flodesk_mcp.flodesk import BatchResult, FlodeskClient
from flodesk_mcp.tools.arguments import IdOrEmail, SegmentIds, SubscriberRows
from flodesk_mcp.tools.errors import explain_row
from flodesk_mcp.tools.given import WrongRow
from flodesk_mcp.tools.questions import about_unsubscribing
from flodesk_mcp.tools.results import BatchReport, Failed, WrittenSubscriber, batch_report, with_notice
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("subscriber_actions", "adding to segments, unsubscribing, batches of 50")


@toolset.tool(
    "Add a subscriber to segments",
    "POST /subscribers/{id_or_email}/segments",
    target=("id_or_email", "segment_ids"),
    idempotent=True,
)
async def add_a_flodesk_subscriber_to_segments(
    flodesk: FlodeskClient, id_or_email: IdOrEmail, segment_ids: SegmentIds
) -> WrittenSubscriber:
    """Put somebody in a list, tag a person as VIP, move her into a segment: she is already a subscriber. This may start
    or stop workflows. They stay in other segments. Creates nobody: for a new person use create_a_flodesk_subscriber.
    """
    return with_notice(await flodesk.subscribers.add_to_segments(id_or_email, segment_ids))


@toolset.tool(
    "Unsubscribe a subscriber from everything",
    "POST /subscribers/{id_or_email}/unsubscribe",
    target=("id_or_email",),
    destructive=True,
    idempotent=True,
    question=about_unsubscribing,
)
async def unsubscribe_a_flodesk_subscriber(flodesk: FlodeskClient, id_or_email: IdOrEmail) -> WrittenSubscriber:
    """Unsubscribe a person: stop all mail to them because they complained or want off the list for good (opt out of
    everything). Cannot be undone: only they can subscribe again, through a form. To take them off one list only, use
    delete_a_flodesk_subscriber_by_id.
    """
    return with_notice(await flodesk.subscribers.unsubscribe(id_or_email))


@toolset.tool(
    "Create or update up to 50 subscribers",
    "POST /subscribers/batch",
    target=("subscribers", "segment_ids"),
    idempotent=True,
)
async def create_flodesk_subscribers_in_batch(
    flodesk: FlodeskClient, subscribers: SubscriberRows, segment_ids: SegmentIds | None = None
) -> BatchReport:
    """Add many people at once, up to 50 contacts of a table, or update them: get all attendees in from a csv, bulk
    upload names, import a spreadsheet. Each row has an email or id; all are added to segment_ids, which may start or
    stop workflows. Look at failed: a row there was not written. At most 20 batches a minute.
    """
    refused = [
        Failed(row=number, email=row.text("email"), id=row.text("id"), code="not_sent", reason=explain_row(row))
        for number, row in enumerate(subscribers)
        if isinstance(row, WrongRow)
    ]
    rows = {number: row for number, row in enumerate(subscribers) if not isinstance(row, WrongRow)}
    bodies = [row.model_dump(exclude_none=True) for row in rows.values()]
    sent = await flodesk.subscribers.save_batch(bodies, segment_ids=segment_ids) if bodies else BatchResult()
    return batch_report(sent, refused, list(rows))
