"""The adapter: from Tiny's people to contacts, and the row of what Tiny cannot do."""

from typing import Any

from flodesk_mcp.api.credentials import BearerToken
from flodesk_mcp.providers import Contact, Provider, Rows
from flodesk_mcp.providers.known import Access
from flodesk_mcp.providers.provider import page_of

from .client import Person, Tiny, TinyClient

NO_SEGMENTS = "Tiny has no segments: every person is in its one list."
NO_WORKFLOWS = "Tiny has no workflows: send by hand."


class TinyAdapter(Provider):
    """An account at Tiny."""

    id = "tiny"
    name = "Tiny"
    lacks = {  # noqa: RUF012 - nobody changes it
        "list_contacts.search": "Tiny does not search: list all.",
        "list_contacts.segment_id": NO_SEGMENTS,
        "list_contacts.status": "Tiny knows no status.",
        "save_contact": "Tiny's API only reads: add people on its page.",
        "list_contact_segments": NO_SEGMENTS,
        "get_contact_segment": NO_SEGMENTS,
        "add_contact_to_segments": NO_SEGMENTS,
        "remove_contact_from_segments": NO_SEGMENTS,
        "list_contact_workflows": NO_WORKFLOWS,
        "get_contact_workflow": NO_WORKFLOWS,
        "enroll_contact": NO_WORKFLOWS,
        "plan_flodesk_import.from_segment": NO_SEGMENTS,
    }

    def __init__(self, client: TinyClient) -> None:
        self._client = client

    async def list_contacts(
        self, *, limit: int, after: Any, search: str | None, segment_id: str | None, status: str | None
    ) -> Rows[Contact]:
        return page_of([_contact(person) for person in await self._client.people()], limit, after)

    async def get_contact(self, id_or_email: str) -> Contact:
        return _contact(await self._client.person(id_or_email))


ADAPTER = TinyAdapter


def open_adapter(access: Access) -> TinyAdapter:
    credential = BearerToken(access.settings["tiny_key"])
    return TinyAdapter(
        TinyClient(
            Tiny(),
            credential,
            identity=None,
            base_url="https://tiny.example.com/v1",
            http=access.http,
            quota=access.open_quota(credential, "tiny", 30, 60),
            max_wait_seconds=access.max_wait_seconds,
            timeout_seconds=access.timeout_seconds,
        )
    )


def _contact(person: Person) -> Contact:
    return Contact(id=person.id, provider="tiny", email=person.mail)
