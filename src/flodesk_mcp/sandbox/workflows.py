"""Workflows: list them, and enroll people or take them out."""

from typing import get_args

from starlette.responses import Response

from flodesk_mcp.sandbox.account import Workflow, WorkflowStatus
from flodesk_mcp.sandbox.answers import Refused, no_content, ok, page
from flodesk_mcp.sandbox.operation import Call, Form, Operation
from flodesk_mcp.sandbox.subscribers import subscriber_or_404


class EnrollmentForm(Form):
    """Who is to be enrolled."""

    id: str | None = None
    email: str | None = None


def list_workflows(call: Call) -> Response:
    """List workflows; the page size is called `perPage` here, and nowhere else."""
    known: tuple[str, ...] = get_args(WorkflowStatus)
    wanted = call.query["statuses"].split(",") if "statuses" in call.query else known
    if not set(wanted) <= set(known):
        raise Refused(400, f"statuses must be of {', '.join(known)}.")
    found = [workflow for workflow in call.account.workflows.values() if workflow.status in wanted]
    listed = page(
        found,
        call.query,
        lambda workflow: {"id": workflow.id, "name": workflow.name},
        size_name="perPage",
        default_size=10,
    )
    return ok(listed)


def enroll(call: Call) -> Response:
    """Enroll an existing subscriber."""
    workflow, form = _workflow(call), call.form(EnrollmentForm)
    id_or_email = form.id or form.email
    if not id_or_email:
        raise Refused(400, "Either id or email is required.")
    enrollment = (workflow.id, subscriber_or_404(call.account, id_or_email).id)
    if workflow.abandoned_cart:
        raise Refused(400, "Nobody can be added to an abandoned-cart workflow.")
    if workflow.status == "draft":
        raise Refused(400, "The workflow is a draft.")
    match call.account.enrollments.get(enrollment):
        case "active":
            raise Refused(400, "The subscriber is already active in the workflow.")
        case "left" if not workflow.allow_repeat:
            raise Refused(400, "The workflow does not allow repeat subscribers.")
    call.account.enrollments[enrollment] = "active"
    return no_content()


def remove_from_workflow(call: Call) -> Response:
    """Take a person out of a workflow; again changes nothing, but one who never was in it is refused."""
    person = subscriber_or_404(call.account, call.parameters["id_or_email"])
    enrollment = (_workflow(call).id, person.id)
    if enrollment not in call.account.enrollments:
        raise Refused(400, "The subscriber is not in the workflow.")
    call.account.enrollments[enrollment] = "left"
    return no_content()


def _workflow(call: Call) -> Workflow:
    workflow = call.account.workflows.get(call.parameters["workflow_id"])
    if workflow is None:
        raise Refused(404, "Workflow not found.")
    return workflow


OPERATIONS = (
    Operation("GET", "/v1/workflows", list_workflows),
    Operation("POST", "/v1/workflows/{workflow_id}/subscribers", enroll),
    Operation("DELETE", "/v1/workflows/{workflow_id}/subscribers/{id_or_email}", remove_from_workflow),
)
