"""What a location of HighLevel has beside contacts: tags, custom fields, workflows, users."""

from starlette.responses import Response

from flodesk_mcp.sandbox.answers import Refused, ok
from flodesk_mcp.sandbox.highlevel.account import HighLevel
from flodesk_mcp.sandbox.operation import Call, Operation

__all__ = ["OPERATIONS", "check_location"]

Asked = Call[HighLevel]


def check_location(call: Asked, location_id: str) -> None:
    """Refuse what asks for another location than the token opens."""
    if location_id != call.account.location_id:
        raise Refused(403, "The token does not have access to this location.")


def list_tags(call: Asked) -> Response:
    """List all tags, without pages."""
    check_location(call, call.parameters["id"])
    tags = call.account.tags.items()
    return ok({"tags": [{"id": known, "name": name, "locationId": call.account.location_id} for known, name in tags]})


def list_custom_fields(call: Asked) -> Response:
    """List all custom fields, without pages."""
    check_location(call, call.parameters["id"])
    return ok({"customFields": list(call.account.custom_fields.values())})


def list_workflows(call: Asked) -> Response:
    """List all workflows, without pages."""
    check_location(call, call.query.get("locationId", ""))
    return ok({"workflows": list(call.account.workflows.values())})


def get_user(call: Asked) -> Response:
    """Show a user, bare."""
    user = call.account.users.get(call.parameters["id"])
    if user is None:
        raise Refused(400, f"User with id {call.parameters['id']} not found")
    return ok(user)


OPERATIONS = (
    Operation("GET", "/locations/{id}/tags", list_tags),
    Operation("GET", "/locations/{id}/customFields", list_custom_fields),
    Operation("GET", "/workflows/", list_workflows),
    Operation("GET", "/users/{id}", get_user),
)
