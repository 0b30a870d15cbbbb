"""Tools on workflows."""

from flodesk_mcp.flodesk import FlodeskClient, Workflow
from flodesk_mcp.tools.arguments import Email, IdOrEmail, Limit, NextCursor, SubscriberId, WorkflowId, WorkflowStatuses
from flodesk_mcp.tools.paging import listing
from flodesk_mcp.tools.results import Enrollment, Listing, notice_for
from flodesk_mcp.tools.spec import Toolset

toolset = Toolset("workflows", "enrolling in workflows", default=True)

LOOK_IN_FLODESK = "No tool lists who is in a workflow: look at it in Flodesk before you call again."


@toolset.tool("List workflows", "GET /workflows")
async def list_all_flodesk_workflows(
    flodesk: FlodeskClient,
    limit: Limit = 20,
    next_cursor: NextCursor | None = None,
    statuses: WorkflowStatuses | None = None,
) -> Listing[Workflow]:
    """Show which workflows we have: do we have a welcome series, which automations are running, paused or draft? None
    can be made or edited here.
    """
    return await listing("list_workflows", flodesk.workflows.list, limit, next_cursor, statuses=statuses)


@toolset.tool(
    "Enroll a subscriber in a workflow",
    "POST /workflows/{workflow_id}/subscribers",
    target=("workflow_id", "email", "id"),
    check=LOOK_IN_FLODESK,
)
async def create_a_flodesk_workflow(
    flodesk: FlodeskClient, workflow_id: WorkflowId, id: SubscriberId | None = None, email: Email | None = None
) -> Enrollment:
    """Enroll a person in a workflow: start the welcome series for them, send an automation to somebody, put her through
    emails, kick off a sequence for a client. It sends its mails by itself. Creates no workflow. Refused when they are
    in it, unless it allows repeats.
    """
    await flodesk.workflows.enroll(workflow_id, id=id, email=email)
    return await _enrollment(flodesk, workflow_id, id or email or "", enrolled=True)


@toolset.tool(
    "Remove a subscriber from a workflow",
    "DELETE /workflows/{workflow_id}/subscribers/{id_or_email}",
    target=("workflow_id", "id_or_email"),
    idempotent=True,
    check=LOOK_IN_FLODESK,
)
async def delete_a_flodesk_workflow_by_id(
    flodesk: FlodeskClient, workflow_id: WorkflowId, id_or_email: IdOrEmail
) -> Enrollment:
    """Take one person out of a workflow: stop the welcome series for them, end a sequence. The workflow itself stays:
    nothing is deleted.
    """
    await flodesk.workflows.remove(workflow_id, id_or_email)
    return await _enrollment(flodesk, workflow_id, id_or_email, enrolled=False)


async def _enrollment(flodesk: FlodeskClient, workflow_id: str, subscriber: str, *, enrolled: bool) -> Enrollment:
    """Return what the 204 does not say, with a notice about somebody who gets no mail."""
    notice = notice_for(await flodesk.subscribers.status_of(subscriber))
    return Enrollment(workflow_id=workflow_id, subscriber=subscriber, enrolled=enrolled, notice=notice)
