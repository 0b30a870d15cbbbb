"""Operations on workflows."""

from collections.abc import AsyncGenerator, Sequence

from pydantic import TypeAdapter

from flodesk_mcp.api.request import Request, person
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flodesk.directory import Directory
from flodesk_mcp.flodesk.listing import whole_list
from flodesk_mcp.flodesk.models import Page, Workflow

__all__ = ["Workflows"]

_WORKFLOWS = TypeAdapter(Page[Workflow])


class Workflows:
    """Automated sequences of mails. The API can enroll people and take them out; it cannot make a workflow."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.names = Directory("workflow", sender, self.list)

    async def list(self, *, page: int = 1, per_page: int = 20, statuses: Sequence[str] | None = None) -> Page[Workflow]:
        """Return one page of workflows, of all `statuses` or of some: active, paused, draft.

        Source: GET /workflows, which spells its page size `perPage`.
        """
        query = {"page": page, "perPage": per_page, "statuses": ",".join(statuses) if statuses else None}
        return await self._sender.send(_WORKFLOWS, Request("GET", "workflows", query=query))

    def every(self, *, statuses: Sequence[str] | None = None) -> AsyncGenerator[Workflow, None]:
        """Yield every workflow, or those of some statuses, while others may change the list. See whole_list."""
        return whole_list(lambda page, per_page: self.list(page=page, per_page=per_page, statuses=statuses))

    async def enroll(self, workflow_id: str, *, id: str | None = None, email: str | None = None) -> None:
        """Start a workflow for a subscriber.

        Raises BadRequest where it refuses the person (active in it already, or no repeats allowed), NotFound.
        Source: POST /workflows/{workflow_id}/subscribers.
        """
        body = person(id, email)
        await self._sender.command(
            Request("POST", "workflows", workflow_id, "subscribers", body=body, repeatable=False, answered=False)
        )

    async def remove(self, workflow_id: str, id_or_email: str) -> None:
        """Stop a workflow for a subscriber. Raises NotFound.

        Source: DELETE /workflows/{workflow_id}/subscribers/{id_or_email}.
        """
        await self._sender.command(
            Request("DELETE", "workflows", workflow_id, "subscribers", id_or_email, answered=False)
        )
