"""Operations on workflows, and on who is in them."""

from typing import Annotated

from pydantic import TypeAdapter

from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flownurture.models import BARE, IN_WHATEVER, Enrollment, Workflow

__all__ = ["Workflows"]

_WORKFLOW: TypeAdapter[Workflow] = TypeAdapter(Annotated[Workflow, IN_WHATEVER])
_WORKFLOWS: TypeAdapter[list[Workflow]] = TypeAdapter(Annotated[list[Workflow], BARE])
_ENROLLMENT: TypeAdapter[Enrollment] = TypeAdapter(Annotated[Enrollment, IN_WHATEVER])


class Workflows:
    """Automations. The API can take nobody out of one."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def all(self) -> list[Workflow]:
        """Return the workflows; whether there are pages of them is not known. Source: GET /workflows."""
        return await self._sender.send(_WORKFLOWS, Request("GET", "workflows"))

    async def get(self, id: str) -> Workflow:
        """Return one workflow with its steps. Raises NotFound. Source: GET /workflows/{id}."""
        return await self._sender.send(_WORKFLOW, Request("GET", "workflows", id))

    async def enroll(self, workflow_id: str, contact_id: str) -> Enrollment:
        """Put a contact into a workflow that is active and has steps, and that it is not in yet.

        Never repeated in doubt. Raises BadRequest, NotFound. Source: POST /enrollments.
        """
        body = {"contactId": contact_id, "workflowId": workflow_id}
        return await self._sender.send(_ENROLLMENT, Request("POST", "enrollments", body=body, repeatable=False))
