"""What FlowNurture's page says of each operation."""

from typing import Any, Literal

from starlette.responses import Response

from flodesk_mcp.sandbox.answers import Refused, created, ok, timestamp
from flodesk_mcp.sandbox.flownurture.account import STAGES, FlowNurture, Rows
from flodesk_mcp.sandbox.flownurture.door import ROOT
from flodesk_mcp.sandbox.operation import Call, Form, Operation

__all__ = ["OPERATIONS"]

MAX_LIMIT = 100
Stage = Literal["SUBSCRIBER", "LEAD", "MQL", "SQL", "CUSTOMER"]
Asked = Call[FlowNurture]


class ContactForm(Form):
    """What a contact is made of, or what changes."""

    email: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    company: str | None = None
    jobTitle: str | None = None
    lifecycleStage: Stage | None = None


class TagForm(Form):
    """Which tag is meant."""

    tagId: str


class EnrollmentForm(Form):
    """Who joins which workflow."""

    contactId: str
    workflowId: str


def list_contacts(call: Asked) -> Response:
    """List contacts, newest last, as a bare list."""
    page, limit = _number(call, "page", 1), _number(call, "limit", 25, MAX_LIMIT)
    wanted = call.query.get("search", "").casefold()
    shown = ("id", "email", "firstName", "lastName", "company", "lifecycleStage", "createdAt")
    found = [
        {name: row[name] for name in shown}
        for row in call.account.contacts.values()
        if any(wanted in str(row[name]).casefold() for name in ("email", "firstName", "lastName", "company"))
    ]
    return ok(found[(page - 1) * limit : page * limit])


def get_contact(call: Asked) -> Response:
    """Show one contact."""
    return ok(_shown(call, _contact(call.account, call.parameters["id"])))


def create_contact(call: Asked) -> Response:
    """Make a contact, unless its address is there."""
    form = call.form(ContactForm)
    if not form.email:
        raise Refused(400, "email should not be empty")
    if call.account.find(form.email):
        raise Refused(409, "A contact with this email already exists")
    row = {"id": call.account.new_id("contact"), **form.model_dump(), "createdAt": timestamp(call.now)}
    row["lifecycleStage"] = form.lifecycleStage or STAGES[0]
    call.account.contacts[row["id"]] = row
    return created(_shown(call, row))


def update_contact(call: Asked) -> Response:
    """Change what is given."""
    row = _contact(call.account, call.parameters["id"])
    row |= {name: value for name, value in call.form(ContactForm).model_dump().items() if value is not None}
    return ok(_shown(call, row))


def add_tag(call: Asked) -> Response:
    """Give a contact a tag; again changes nothing."""
    call.account.tagged.add(_pair(call))
    return ok({"success": True})


def remove_tag(call: Asked) -> Response:
    """Take a tag from a contact."""
    call.account.tagged.discard(_pair(call))
    return ok({"success": True})


def list_segments(call: Asked) -> Response:
    """List the segments, without their rules."""
    shown = ("id", "name", "createdAt")
    return ok([{name: row[name] for name in shown} for row in call.account.segments.values()])


def get_segment(call: Asked) -> Response:
    """Show a segment with its rules."""
    return ok(_row(call.account.segments, call.parameters["id"], "Segment"))


def list_workflows(call: Asked) -> Response:
    """List the workflows, with counts in place of the steps."""
    return ok([_counted(call.account, row) for row in call.account.workflows.values()])


def get_workflow(call: Asked) -> Response:
    """Show a workflow with its steps."""
    row = _row(call.account.workflows, call.parameters["id"], "Workflow")
    return ok(_counted(call.account, row) | {"steps": row["steps"]})


def enroll(call: Asked) -> Response:
    """Put a contact into a workflow that is active and has steps, once."""
    form = call.form(EnrollmentForm)
    contact = _contact(call.account, form.contactId)
    workflow = _row(call.account.workflows, form.workflowId, "Workflow")
    if workflow["status"] != "ACTIVE" or not workflow["steps"]:
        raise Refused(400, "Workflow must be active and have steps")
    pair = (contact["id"], workflow["id"])
    if pair in call.account.enrolled:
        raise Refused(400, "Contact is already enrolled in this workflow")
    call.account.enrolled.add(pair)
    made = {"id": call.account.new_id("enrollment"), "contactId": pair[0], "workflowId": pair[1], "status": "ACTIVE"}
    return created(made | {"createdAt": timestamp(call.now)})


def _number(call: Asked, name: str, default: int, most: int = 10**6) -> int:
    text = call.query.get(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(400, f"{name} must not be greater than {most}")
    return int(text)


def _shown(call: Asked, row: dict[str, Any]) -> dict[str, Any]:
    return {"contact": row} if call.account.wraps else row


def _contact(account: FlowNurture, id: str) -> dict[str, Any]:
    return _row(account.contacts, id, "Contact")


def _row(rows: Rows, id: str, kind: str) -> dict[str, Any]:
    if id not in rows:
        raise Refused(404, f"{kind} not found")
    return rows[id]


def _pair(call: Asked) -> tuple[str, str]:
    contact, tag = _contact(call.account, call.parameters["id"]), call.form(TagForm).tagId
    if tag not in call.account.tags:
        raise Refused(404, "Tag not found")
    return contact["id"], tag


def _counted(account: FlowNurture, row: dict[str, Any]) -> dict[str, Any]:
    enrollments = sum(workflow == row["id"] for _, workflow in account.enrolled)
    shown = {name: row[name] for name in ("id", "name", "status", "createdAt")}
    return shown | {"_count": {"steps": len(row["steps"]), "enrollments": enrollments}}


OPERATIONS = (
    Operation("GET", f"{ROOT}/contacts", list_contacts),
    Operation("POST", f"{ROOT}/contacts", create_contact),
    Operation("GET", f"{ROOT}/contacts/{{id}}", get_contact),
    Operation("PATCH", f"{ROOT}/contacts/{{id}}", update_contact),
    Operation("POST", f"{ROOT}/contacts/{{id}}/tags/add", add_tag),
    Operation("POST", f"{ROOT}/contacts/{{id}}/tags/remove", remove_tag),
    Operation("GET", f"{ROOT}/segments", list_segments),
    Operation("GET", f"{ROOT}/segments/{{id}}", get_segment),
    Operation("GET", f"{ROOT}/workflows", list_workflows),
    Operation("GET", f"{ROOT}/workflows/{{id}}", get_workflow),
    Operation("POST", f"{ROOT}/enrollments", enroll),
)
