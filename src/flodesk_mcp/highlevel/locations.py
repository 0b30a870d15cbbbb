"""Operations on what a location has: tags, custom fields, workflows, users."""

from pydantic import TypeAdapter

from flodesk_mcp.api.request import Request
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.freshness import Fresh
from flodesk_mcp.highlevel.models import CustomField, CustomFields, Tag, Tags, User, Workflow, Workflows

__all__ = ["Location"]

CACHED_SECONDS = 300

_TAGS = TypeAdapter(Tags)
_FIELDS = TypeAdapter(CustomFields)
_WORKFLOWS = TypeAdapter(Workflows)
_USER = TypeAdapter(User)


class Location:
    """What contacts of a location can have, and who works there. None of its lists has pages."""

    def __init__(self, sender: Sender, location_id: str) -> None:
        self._sender = sender
        self._location_id = location_id
        self._fields = Fresh(self._look_up_fields, CACHED_SECONDS)

    async def tags(self) -> list[Tag]:
        """Return all tags. Source: GET /locations/{id}/tags."""
        return (await self._sender.send(_TAGS, Request("GET", "locations", self._location_id, "tags"))).tags

    async def custom_fields(self) -> list[CustomField]:
        """Return the custom fields of contacts, at most five minutes old. Source: GET /locations/{id}/customFields."""
        return await self._fields.get()

    async def workflows(self) -> list[Workflow]:
        """Return all workflows. Source: GET /workflows/."""
        request = Request("GET", "workflows", query={"locationId": self._location_id}, slash=True)
        return (await self._sender.send(_WORKFLOWS, request)).workflows

    async def user(self, id: str) -> User:
        """Return one user. Raises NotFound. Source: GET /users/{id}."""
        return await self._sender.send(_USER, Request("GET", "users", id))

    async def _look_up_fields(self) -> list[CustomField]:
        request = Request("GET", "locations", self._location_id, "customFields", query={"model": "contact"})
        return (await self._sender.send(_FIELDS, request)).custom_fields
