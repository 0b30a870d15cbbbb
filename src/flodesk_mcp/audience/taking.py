"""From the rows of a list to those of a plan: everybody once, beside whom the list of the account has."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flodesk_mcp.audience.comparing import Known, OnList, Wanted, key_of
from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.files import FoundPerson, Problem
from flodesk_mcp.audience.known import by_addresses, by_ids
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.plan import Action, PlanRow
from flodesk_mcp.audience.source import Chunk

__all__ = ["Taking", "Verdict"]

REPEATED = "the same person as in row {}, whose values count"
BY_ID = "id:"
SEEN_BITS = 1 << 25
"""4 MB: of a million people, two or three in a hundred are looked for although they come once."""


class Verdict(NamedTuple):
    """What shall become of a row, why, and what it counts as."""

    action: Action
    reason: str | None
    counted: list[str]


class Taking:
    """Puts rows into a draft. `wanted` says what a row asks for, `verdict` what that comes to for somebody."""

    def __init__(
        self,
        draft: Draft,
        mirror: Mirror,
        wanted: Callable[[FoundPerson], Wanted],
        verdict: Callable[[Wanted, OnList | None], Verdict],
    ) -> None:
        self._draft = draft
        self._mirror = mirror
        self._wanted = wanted
        self._verdict = verdict
        self._seen = bytearray(SEEN_BITS >> 3)

    async def take(self, chunk: Chunk) -> None:
        """Put the rows of a chunk into the draft. Raises AudienceError."""
        counts, rows = self._draft.counts, []
        wanted: dict[str, tuple[int, Wanted]] = {}
        counts["rows"] += len(chunk)
        for found in chunk:
            if isinstance(found, Problem):
                counts["invalid"] += 1
                self._draft.tell(found)
                reason = f"{found.column}: {found.reason}" if found.column else found.reason
                rows.append(PlanRow(found.row, None, "skip", None, reason, None))
                continue
            one = self._wanted(found)
            key = key_of(found.email) if found.email else BY_ID + found.id
            if before := wanted.get(key):
                rows.append(self._repeated(before[0], before[1].email, found.row))
                one.after(before[1])
            wanted[key] = found.row, one
        replaced = await self._again(wanted)
        rows += [self._repeated(old.row, old.email, wanted[old.person or ""][0]) for old in replaced]
        known = await self._people(wanted)
        rows += [self.row(row, key, one, known.get(key)) for key, (row, one) in wanted.items()]
        rows.sort(key=lambda row: row.row)
        await self._draft.put(rows, replaced)

    def _repeated(self, row: int, email: str | None, by: int) -> PlanRow:
        self._draft.counts["duplicates"] += 1
        return PlanRow(row, None, "skip", email, REPEATED.format(by), None)

    async def _again(self, wanted: Mapping[str, tuple[int, Wanted]]) -> list[PlanRow]:
        """Return the earlier rows of people who come again, with what they want passed on; they count no more."""
        again = [key for key in wanted if self._may_come_again(key)]
        earlier = await self._draft.plans.known(self._draft.id, again) if again else []
        if not earlier:
            return []
        people = await self._people({key: wanted[key] for row in earlier if (key := row.person)})
        for row in earlier:
            key, before = row.person or "", Wanted.from_text(row.content or "")
            self._draft.counts.subtract(self._verdict(before, people.get(key)).counted)
            wanted[key][1].after(before)
        return earlier

    def _may_come_again(self, key: str) -> bool:
        """Tell whether there may be an earlier row of somebody: almost always without a query."""
        place = hash(key) % SEEN_BITS
        byte, bit = place >> 3, 1 << (place & 7)
        seen = bool(self._seen[byte] & bit)
        self._seen[byte] |= bit
        return seen

    async def _people(self, wanted: Mapping[str, tuple[int, Wanted]]) -> dict[str, Known]:
        """Return those of the list, by the key of the row that means them."""
        found = await by_addresses(self._mirror, [one.email for _, one in wanted.values() if one.email])
        by_id = await by_ids(self._mirror, [one.id for _, one in wanted.values() if not one.email])
        return found | {BY_ID + known: person for known, person in by_id.items()}

    def row(self, row: int, key: str, wanted: Wanted, person: OnList | None) -> PlanRow:
        """Return the row of a person, counted."""
        if person:
            wanted.email = person.email or wanted.email  # as Flodesk knows it
        verdict = self._verdict(wanted, person)
        for name in verdict.counted:
            self._draft.counts[name] += 1
        if "invalid" in verdict.counted:
            self._draft.tell(Problem(row, "", verdict.reason or ""))
        return PlanRow(row, key, verdict.action, wanted.email or None, verdict.reason, wanted.text())
