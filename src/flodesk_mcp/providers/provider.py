"""What an adapter does for one provider's account, and what it says of that which the provider cannot do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

from flodesk_mcp.api.errors import InvalidArgument
from flodesk_mcp.providers.model import Contact, ContactSegment, ContactWorkflow, Enrolled, InSegments, Rows

__all__ = ["NotOffered", "Provider", "page_of"]


class NotOffered(InvalidArgument):
    """The provider cannot do this. The message says so, and what can be done instead."""


class Provider(ABC):
    """One account of one provider.

    `lacks` is its row of capabilities: what it cannot do, by tool or by tool.argument, each with what can be done
    instead. `notes` tells by tool what is otherwise than elsewhere. A call that `lacks` names never gets here, so a
    method that it names need not be written.
    Every method raises FlodeskError; NotFound for an id or address that there is not, UnknownName.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    lacks: ClassVar[Mapping[str, str]] = MappingProxyType({})
    notes: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @abstractmethod
    async def list_contacts(
        self, *, limit: int, after: Any, search: str | None, segment_id: str | None, status: str | None
    ) -> Rows[Contact]:
        """Return one page of contacts; `after` is what an earlier page named."""

    @abstractmethod
    async def get_contact(self, id_or_email: str) -> Contact:
        """Return one contact."""

    async def save_contact(
        self,
        *,
        email: str,
        first_name: str | None,
        last_name: str | None,
        phone: str | None,
        company: str | None,
        custom_fields: Mapping[str, str] | None,
    ) -> Contact:
        """Create the contact of an address, or change what is given."""
        raise self._not_offered()

    async def list_segments(self, *, limit: int, after: Any) -> Rows[ContactSegment]:
        """Return one page of segments."""
        raise self._not_offered()

    async def get_segment(self, segment_id: str) -> ContactSegment:
        """Return one segment."""
        raise self._not_offered()

    async def add_to_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Put a contact into segments, or give it tags."""
        raise self._not_offered()

    async def remove_from_segments(self, id_or_email: str, segment_ids: Sequence[str]) -> InSegments:
        """Take a contact out of segments, or take tags from it."""
        raise self._not_offered()

    async def list_workflows(self, *, limit: int, after: Any) -> Rows[ContactWorkflow]:
        """Return one page of workflows."""
        raise self._not_offered()

    async def get_workflow(self, workflow_id: str) -> ContactWorkflow:
        """Return one workflow."""
        raise self._not_offered()

    async def enroll(self, workflow_id: str, id_or_email: str) -> Enrolled:
        """Put a contact into a workflow."""
        raise self._not_offered()

    def _not_offered(self) -> NotOffered:
        return NotOffered(f"{self.name} cannot do this.")

    def check(self, tool: str, given: Mapping[str, Any]) -> None:
        """Raise NotOffered where this provider cannot do what `tool` is asked for with what is `given`."""
        for argument in ("", *(f".{name}" for name, value in given.items() if value is not None)):
            if instead := self.lacks.get(tool + argument):
                raise NotOffered(f"{self.name} cannot do this: {instead}")

    @classmethod
    def about(cls, tool: str) -> str:
        """Return what is otherwise here than what a tool says of itself, in a sentence or some, or nothing."""
        told = [cls.notes.get(tool, "")]
        told += [text for name, text in cls.lacks.items() if name.partition(".")[0] == tool]
        return " ".join(dict.fromkeys(filter(None, told)))


def page_of(rows: Sequence[Any], limit: int, after: Any) -> Rows[Any]:
    """Return one page of a list that the provider gives whole."""
    first = after if isinstance(after, int) else 0
    end = first + limit
    return Rows(list(rows[first:end]), end if end < len(rows) else None, len(rows))
