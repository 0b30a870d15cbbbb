"""What a FlowNurture account holds, and the sample one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2s
from itertools import count
from typing import Any

from flodesk_mcp.sandbox.answers import timestamp
from flodesk_mcp.sandbox.sample import sample_account

__all__ = ["STAGES", "FlowNurture", "Rows", "sample"]

STAGES = ("SUBSCRIBER", "LEAD", "MQL", "SQL", "CUSTOMER")

Rows = dict[str, dict[str, Any]]


@dataclass
class FlowNurture:
    """What an account holds, by id. `tagged` and `enrolled` hold pairs of ids, `scopes` what the key may do."""

    contacts: Rows = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    segments: Rows = field(default_factory=dict)
    workflows: Rows = field(default_factory=dict)
    tagged: set[tuple[str, str]] = field(default_factory=set)
    enrolled: set[tuple[str, str]] = field(default_factory=set)
    scopes: set[str] = field(
        default_factory=lambda: {
            f"{what}:{may}"
            for what in ("contacts", "tags", "workflows", "segments", "enrollments")
            for may in ("read", "write")
        }
    )
    wraps: bool = False
    numbers: "count[int]" = field(default_factory=count)

    def new_id(self, kind: str) -> str:
        """Return the next id, the same series in every account."""
        return "c" + blake2s(f"{kind} {next(self.numbers)}".encode(), digest_size=12).hexdigest()

    def find(self, email: str) -> dict[str, Any] | None:
        """Return the contact of an address."""
        return next((row for row in self.contacts.values() if row["email"].casefold() == email.casefold()), None)


def sample() -> FlowNurture:
    """Return an account whose people are in part those of Flodesk's sample account."""
    account, made = FlowNurture(), timestamp(datetime(2025, 3, 4, 9, 30, tzinfo=UTC))
    people = [person for person in sample_account().subscribers.values() if person.first_name][::10]
    newcomers = [("ivo.brandt@example.com", "Ivo", "Brandt"), ("saga.nyberg@example.com", "Saga", "Nyberg")]
    known = [(person.email, person.first_name, person.last_name) for person in people]
    for place, (email, first, last) in enumerate([("j.quill@example.org", "Jasper", "Quill"), *known, *newcomers]):
        row: dict[str, Any] = {
            "id": account.new_id("contact"),
            "email": email,
            "firstName": first,
            "lastName": last,
            "company": "Wild Fern" if place % 5 == 0 else None,
            "jobTitle": "Florist" if place % 4 == 0 else None,
            "lifecycleStage": STAGES[place % len(STAGES)],
            "createdAt": made,
        }
        if not account.find(email):
            account.contacts[row["id"]] = row
    account.tags = {account.new_id("tag"): name for name in ("wedding", "workshop")}
    rules = {"groups": [{"match": "ALL", "rules": [{"field": "lifecycleStage", "equals": "CUSTOMER"}]}]}
    for name in ("Customers", "New leads"):
        known_id = account.new_id("segment")
        account.segments[known_id] = {"id": known_id, "name": name, "createdAt": made} | rules
    step = {"type": "EMAIL", "order": 1, "delayAmount": 2, "delayUnit": "DAYS"}
    for name, status, steps in (("Welcome", "ACTIVE", [step]), ("Win back", "DRAFT", [step]), ("Empty", "ACTIVE", [])):
        known_id = account.new_id("workflow")
        told = [{"id": account.new_id("step"), **one} for one in steps]
        account.workflows[known_id] = {"id": known_id, "name": name, "status": status, "createdAt": made, "steps": told}
    return account
