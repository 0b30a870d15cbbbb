"""What a location of HighLevel holds, and the sample one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2s
from itertools import count
from typing import Any

import anyio

from flodesk_mcp.sandbox.answers import timestamp
from flodesk_mcp.sandbox.sample import sample_account

__all__ = ["HIGHLEVEL_LOCATION_ID", "HighLevel", "Rows", "sample"]

HIGHLEVEL_LOCATION_ID = "ve9EPM428h8vShlRW1KT"
LAG_SECONDS = 3.0
SCOPES = (
    "contacts.readonly",
    "contacts.write",
    "locations/tags.readonly",
    "locations/tags.write",
    "locations/customFields.readonly",
    "workflows.readonly",
    "users.readonly",
    "socialplanner/tag.readonly",
    "socialplanner/statistics.readonly",
)

Rows = dict[str, dict[str, Any]]


@dataclass
class HighLevel:
    """One location, its things by id.

    `enrolled` holds pairs of a contact and a workflow, `scopes` what the token may do. A search finds what a contact
    was three seconds ago: `written` is what it is since when, and what it was before. With `allows_duplicates` an
    address may be there twice.
    """

    location_id: str = HIGHLEVEL_LOCATION_ID
    allows_duplicates: bool = False
    contacts: Rows = field(default_factory=dict)
    written: dict[str, tuple[float, dict[str, Any] | None]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    custom_fields: Rows = field(default_factory=dict)
    workflows: Rows = field(default_factory=dict)
    users: Rows = field(default_factory=dict)
    social_tags: Rows = field(default_factory=dict)
    enrolled: set[tuple[str, str]] = field(default_factory=set)
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    numbers: "count[int]" = field(default_factory=count)

    def new_id(self, kind: str) -> str:
        """Return the next id: 20 letters and digits, the same series in every location."""
        return blake2s(f"{kind} {next(self.numbers)}".encode(), digest_size=10).hexdigest()

    def write(self, row: dict[str, Any]) -> None:
        """Keep a contact, which searches see later."""
        self.written[row["id"]] = anyio.current_time(), self.contacts.get(row["id"])
        self.contacts[row["id"]] = row

    def indexed(self) -> list[dict[str, Any]]:
        """Return the contacts as a search sees them now."""
        now, seen = anyio.current_time(), []
        for known_id, row in self.contacts.items():
            since, before = self.written.get(known_id, (-LAG_SECONDS, None))
            shown = row if now - since >= LAG_SECONDS else before
            if shown is not None:
                seen.append(shown)
        return seen

    def with_value(self, name: str, value: str) -> dict[str, Any] | None:
        """Return the contact with an address or number."""
        wanted = value.casefold()
        return next((row for row in self.contacts.values() if str(row.get(name) or "").casefold() == wanted), None)


def sample() -> HighLevel:
    """Return a location whose people are in part those of Flodesk's sample account."""
    account, made = HighLevel(), timestamp(datetime(2025, 5, 6, 14, 0, tzinfo=UTC))
    people = [person for person in sample_account().subscribers.values() if person.first_name][::7]
    known = [(person.email, person.first_name, person.last_name) for person in people]
    newcomers = [("ines.vogel@example.com", "Ines", "Vogel"), ("tomas.reyes@example.com", "Tomás", "Reyes")]
    field_id = account.new_id("field")
    account.custom_fields[field_id] = {
        "id": field_id,
        "name": "Favourite flower",
        "fieldKey": "contact.favourite_flower",
        "dataType": "TEXT",
        "model": "contact",
    }
    for place, (email, first, last) in enumerate([("j.quill@example.org", "Jasper", "Quill"), *known, *newcomers]):
        quiet = place % 9 == 4  # noqa: PLR2004 - as good as any
        row: dict[str, Any] = {
            "id": account.new_id("contact"),
            "locationId": account.location_id,
            "firstName": first,
            "lastName": last,
            "email": email,
            "phone": f"+1555010{place:04}",
            "companyName": "Wild Fern" if place % 6 == 0 else None,
            "tags": ["wedding"] if place % 3 == 0 else ["wedding", "vip"] if place % 3 == 1 else [],
            "dnd": quiet,
            "dndSettings": {"Email": {"status": "active", "message": "", "code": ""}} if quiet else {},
            "customFields": [{"id": field_id, "value": "Peony"}] if place % 4 == 0 else [],
            "dateAdded": made,
            "dateUpdated": made,
        }
        if not account.with_value("email", email):
            account.contacts[row["id"]] = row
    account.tags = {account.new_id("tag"): name for name in ("wedding", "vip", "workshop")}
    for name, status in (("Nurture", "published"), ("Old launch", "draft")):
        known_id = account.new_id("workflow")
        account.workflows[known_id] = {
            "id": known_id,
            "name": name,
            "status": status,
            "version": 1,
            "createdAt": made,
            "updatedAt": made,
        }
    user_id = account.new_id("user")
    account.users[user_id] = {
        "id": user_id,
        "name": "Rowan Ashdown",
        "firstName": "Rowan",
        "lastName": "Ashdown",
        "email": "rowan@example.com",
        "phone": "+15550100000",
        "roles": {"type": "account", "role": "admin", "locationIds": [account.location_id]},
    }
    for name in ("launch", "behind the scenes", "bouquets"):
        known_id = account.new_id("social tag")
        account.social_tags[known_id] = {
            "_id": known_id,
            "tag": name,
            "locationId": account.location_id,
            "createdBy": user_id,
            "deleted": False,
            "createdAt": made,
            "updatedAt": made,
        }
    return account
