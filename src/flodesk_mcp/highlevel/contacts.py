"""Operations on contacts, their tags and their workflows."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from flodesk_mcp.api.errors import NotFound
from flodesk_mcp.api.request import Request, given
from flodesk_mcp.api.retry import Sender
from flodesk_mcp.highlevel.errors import DuplicateContact
from flodesk_mcp.highlevel.models import Contact, ContactPage, Done, OneContact, Saved, Tagged

__all__ = ["MAX_QUERY", "Contacts"]

MAX_QUERY = 75
PER_PAGE = 100


_ONE = TypeAdapter(OneContact)
_SAVED = TypeAdapter(Saved)
_PAGE = TypeAdapter(ContactPage)
_TAGGED = TypeAdapter(Tagged)
_DONE = TypeAdapter(Done)


class Contacts:
    """The people of a location.

    No method sends `tags` with a contact: there they would replace all that it has.
    """

    def __init__(self, sender: Sender, location_id: str, *, value_key: str) -> None:
        """Take what the value of a custom field is called when it is written."""
        self._sender = sender
        self._location_id = location_id
        self._value_key = value_key

    async def search(
        self,
        *,
        limit: int = PER_PAGE,
        page: int = 1,
        after: Sequence[Any] | None = None,
        query: str | None = None,
        tag: str | None = None,
    ) -> ContactPage:
        """Return one page of the contacts that match, which lags by seconds behind what was written.

        `after` is the `search_after` of the last contact before; it takes the place of `page`, which HighLevel refuses
        beside it. Source: POST /contacts/search.
        """
        body: dict[str, Any] = {"locationId": self._location_id, "pageLimit": limit}
        body |= {"searchAfter": list(after)} if after else {"page": page}
        if query:
            body["query"] = query[:MAX_QUERY]
        if tag:
            body["filters"] = [{"field": "tags", "operator": "contains", "value": tag}]
        return await self._sender.send(_PAGE, Request("POST", "contacts", "search", body=body, reads=True))

    async def get(self, id: str) -> Contact:
        """Return one contact. Raises NotFound. Source: GET /contacts/{id}."""
        answer = await self._sender.send(_ONE, Request("GET", "contacts", id))
        if answer.contact is None:
            raise NotFound(404)
        return answer.contact

    async def find(self, email: str) -> Contact | None:
        """Return the contact of an address, None where there is none. Source: GET /contacts/search/duplicate."""
        query = {"locationId": self._location_id, "email": email.strip()}
        try:
            answer = await self._sender.send(_ONE, Request("GET", "contacts", "search", "duplicate", query=query))
        except NotFound:
            return None
        found = answer.contact
        return found if found and (found.email or "").casefold() == email.strip().casefold() else None

    async def save(
        self, email: str, fields: Mapping[str, str], custom_fields: Mapping[str, str] | None = None
    ) -> tuple[Contact, bool]:
        """Create the contact of an address, or change what is given; return it, and whether it is new.

        `custom_fields` are values by the id of the field. HighLevel's upsert looks for the phone number, too, and might
        change somebody else: so it is never sent one. Raises DuplicateContact where somebody else has that number.
        Source: POST /contacts/upsert, POST /contacts/, PUT /contacts/{id}.
        """
        body = self._body(fields, custom_fields)
        phone = body.pop("phone", None)
        with self._sender.one_deadline():
            if phone is None:
                return await self._upserted(email, body)
            known = await self.find(email)
            try:
                if known is None:
                    created = self._placed(email, {**body, "phone": phone})
                    request = Request("POST", "contacts", body=created, slash=True)
                    return (await self._sender.send(_SAVED, request)).contact, True
                known_id = known.id
            except DuplicateContact as duplicate:
                if duplicate.matching_field != "email":
                    raise
                known_id = duplicate.contact_id  # it was made a moment ago
            request = Request("PUT", "contacts", known_id, body={"phone": phone})
            changed = (await self._sender.send(_SAVED, request)).contact
            return (await self._upserted(email, body))[0] if body else changed, False

    async def add_tags(self, id: str, names: Sequence[str]) -> list[str] | None:
        """Give a contact tags, by name; return those that it has. Raises NotFound. Source: POST /contacts/{id}/tags."""
        return await self._tags("POST", id, names)

    async def remove_tags(self, id: str, names: Sequence[str]) -> list[str] | None:
        """Take tags from a contact; return what is left. Raises NotFound.

        Source: DELETE /contacts/{id}/tags, with a body.
        """
        return await self._tags("DELETE", id, names)

    async def enroll(self, id: str, workflow_id: str) -> None:
        """Put a contact into a workflow. Never repeated in doubt. Raises NotFound, BadRequest.

        Source: POST /contacts/{id}/workflow/{workflow_id}.
        """
        request = Request("POST", "contacts", id, "workflow", workflow_id, body={}, repeatable=False)
        await self._sender.send(_DONE, request)

    async def _tags(self, method: str, id: str, names: Sequence[str]) -> list[str] | None:
        request = Request(method, "contacts", id, "tags", body={"tags": list(names)})
        return (await self._sender.send(_TAGGED, request)).tags

    async def _upserted(self, email: str, body: Mapping[str, Any]) -> tuple[Contact, bool]:
        request = Request("POST", "contacts", "upsert", body=self._placed(email, body))
        saved = await self._sender.send(_SAVED, request)
        return saved.contact, bool(saved.new)

    def _placed(self, email: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"locationId": self._location_id, "email": email, **body}

    def _body(self, fields: Mapping[str, str], custom_fields: Mapping[str, str] | None) -> dict[str, Any]:
        custom = [{"id": field_id, self._value_key: value} for field_id, value in (custom_fields or {}).items()]
        return given(fields) | ({"customFields": custom} if custom else {})
