"""All contacts of another provider, read page by page, over several calls where its quota wants that."""

from dataclasses import dataclass, field
from typing import Any

import anyio

from flodesk_mcp.flodesk import FlodeskError, InvalidArgument, QuotaExhausted
from flodesk_mcp.providers.model import Contact
from flodesk_mcp.providers.provider import Provider

__all__ = ["ContactsReading", "StillTaking"]

PER_PAGE = 100
MOST = 200_000
SECONDS_OF_A_CALL = 20.0
MAY_NOT_BE_MAILED = ("unsubscribed", "pending", "bounced")


class StillTaking(FlodeskError):
    """So many contacts are read so far. They are kept, and another call goes on from there."""

    def __init__(self, provider: str, contacts: int) -> None:
        super().__init__(
            f"{contacts:,} contacts of {provider} are read so far, and kept for ten minutes. Call again: it goes on "
            "from there."
        )


@dataclass
class ContactsReading:
    """What was read of one provider, or of one segment there, as rows of an import.

    Of how many the provider does not tell whether they may be mailed, `unknown` says.
    """

    segment_id: str | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    unknown: int = 0
    _seen: set[str] = field(default_factory=set)
    _after: Any = None
    _done: bool = False
    _one_at_a_time: anyio.Lock = field(default_factory=anyio.Lock)

    async def to_the_end(self, provider: Provider) -> list[dict[str, Any]]:
        """Read what is left, and return all. Raises StillTaking, FlodeskError; what was read is kept."""
        began = anyio.current_time()
        try:
            while not self._done:
                if anyio.current_time() - began > SECONDS_OF_A_CALL:
                    raise StillTaking(provider.name, len(self.rows))
                async with self._one_at_a_time:
                    if not self._done:
                        await self._read_page(provider)
        except QuotaExhausted as error:
            error.advice = f"{len(self.rows):,} contacts are read, and kept for ten minutes: it goes on from there."
            raise
        return self.rows

    async def _read_page(self, provider: Provider) -> None:
        page = await provider.list_contacts(
            limit=PER_PAGE, after=self._after, search=None, segment_id=self.segment_id, status=None
        )
        new = [contact for contact in page.rows if contact.id not in self._seen]
        self._seen.update(contact.id for contact in new)
        self.rows += map(_row, new)
        self.unknown += sum(contact.status == "unknown" for contact in new)
        if len(self.rows) > MOST:
            raise InvalidArgument(
                f"{provider.name} has more than {MOST:,} contacts: export them there, and give the file."
            )
        self._after = page.after
        self._done = page.after is None or not new  # a page that brings nobody new is the end, whatever it says


def _row(contact: Contact) -> dict[str, Any]:
    """Return a contact as a row of an import: by the headings that lists have."""
    return {
        **(contact.custom_fields or {}),
        "email": contact.email,
        "first name": contact.first_name,
        "last name": contact.last_name,
        "phone": contact.phone,
        "company": contact.company,
        "tags": [*(contact.segments or []), *(contact.tags or [])],
        "email status": contact.status if contact.status in MAY_NOT_BE_MAILED else None,
    }
