"""Operations on contacts, their tags and their enrollments."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import Conflict, NotFound
from flodesk_mcp.api.request import Request, given
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.flownurture.models import BARE, IN_WHATEVER, Contact

__all__ = ["MAX_PER_PAGE", "Contacts"]

MAX_PER_PAGE = 100
MAX_SEARCHED = 5

_CONTACT: TypeAdapter[Contact] = TypeAdapter(Annotated[Contact, IN_WHATEVER])
_CONTACTS: TypeAdapter[list[Contact]] = TypeAdapter(Annotated[list[Contact], BARE])
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)

Found = list[Contact]


class Contacts:
    """The people. The API can neither delete one nor tell who may be mailed."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def list(self, *, page: int = 1, limit: int = 25, search: str | None = None) -> Found:
        """Return one page of contacts; beyond the last, none. Source: GET /contacts.

        What a page beyond the last is answered with is not known, so a 404 is taken for an empty one.
        """
        query = {"page": page, "limit": limit, "search": search}
        try:
            return await self._sender.send(_CONTACTS, Request("GET", "contacts", query=query))
        except NotFound:
            if page > 1:
                return []
            raise

    async def get(self, id: str) -> Contact:
        """Return one contact. Raises NotFound. Source: GET /contacts/{id}."""
        return await self._sender.send(_CONTACT, Request("GET", "contacts", id))

    async def find(self, email: str) -> Contact | None:
        """Return the contact of an address, None where there is none. Source: GET /contacts with search."""
        wanted = email.strip().casefold()
        with self._sender.one_deadline():
            for page in range(1, MAX_SEARCHED + 1):
                found = await self.list(page=page, limit=MAX_PER_PAGE, search=email.strip())
                for contact in found:
                    if (contact.email or "").casefold() == wanted:
                        return contact
                if len(found) < MAX_PER_PAGE:
                    break
        return None

    async def save(self, email: str, fields: Mapping[str, str]) -> tuple[Contact, bool]:
        """Create the contact of an address, or change what is given; return it, and whether it is new.

        An address is there once, so a repeat is answered with a 409, and then the contact is looked for and changed.
        Raises Conflict where it cannot be found. Source: POST /contacts, PATCH /contacts/{id}.
        """
        body = {"email": email} | given(fields)
        with self._sender.one_deadline():
            try:
                return await self._sender.send(_CONTACT, Request("POST", "contacts", body=body)), True
            except Conflict:
                known = await self.find(email)
                if known is None:
                    raise
                if not fields:
                    return known, False
                return await self.change(known.id, fields), False

    async def change(self, id: str, fields: Mapping[str, str]) -> Contact:
        """Change what is given. Raises NotFound. Source: PATCH /contacts/{id}."""
        return await self._sender.send(_CONTACT, Request("PATCH", "contacts", id, body=dict(fields)))

    async def add_tag(self, id: str, tag_id: str) -> None:
        """Give a contact a tag; again changes nothing. Raises NotFound. Source: POST /contacts/{id}/tags/add."""
        await self._tag(id, "add", tag_id)

    async def remove_tag(self, id: str, tag_id: str) -> None:
        """Take a tag from a contact. Raises NotFound. Source: POST /contacts/{id}/tags/remove."""
        await self._tag(id, "remove", tag_id)

    async def _tag(self, id: str, what: str, tag_id: str) -> None:
        await self._sender.send(_ANYTHING, Request("POST", "contacts", id, "tags", what, body={"tagId": tag_id}))
