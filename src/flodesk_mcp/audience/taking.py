"""From the rows of a list to those of a plan: everybody once, beside whom the list of the account has."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flodesk_mcp.audience.comparing import Known, OnList, Wanted, key_of
from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files import FoundPerson, Problem
from flodesk_mcp.audience.known import by_addresses, by_ids
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.plan_rows import Action, PlanRow
from flodesk_mcp.audience.seen import Seen
from flodesk_mcp.audience.source import Chunk

__all__ = ["Taking", "Verdict"]

MAX_ROWS = 5_000_000
REPEATED = "the same person as in row {}, whose values count"
BY_ID = "id:"


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
        self._seen = Seen()

    def names(self, person: Person) -> bool:
        """Tell whether any row was about somebody."""
        return _key(person) in self._seen or BY_ID + person.id in self._seen

    async def take(self, chunk: Chunk) -> None:
        """Put the rows of a chunk into the draft. Raises FileRefused, AudienceError."""
        counts, rows = self._draft.counts, []
        wanted: dict[str, tuple[int, Wanted]] = {}
        counts["rows"] += len(chunk)
        if counts["rows"] > MAX_ROWS:
            raise FileRefused(f"It has more than {MAX_ROWS:,} rows: divide it.")
        for found in chunk:
            if isinstance(found, Problem):
                rows.append(self._unusable(found))
                continue
            one = self._wanted(found)
            key = key_of(found.email) if found.email else BY_ID + found.id
            if before := wanted.get(key):
                rows.append(self._repeated(before[0], before[1].email, found.row))
                one.after(before[1])
            wanted[key] = found.row, one
        known = await self._people(wanted)
        await self._pass_on(wanted, known)
        rows += [self._row(row, key, one, known.get(key)) for key, (row, one) in wanted.items()]
        if len(rows) > len(wanted):
            rows.sort()
        await self._draft.put(rows)

    def of_list(self, row: int, wanted: Wanted, person: Person) -> PlanRow:
        """Return a row about somebody whom a search found, counted."""
        key = _key(person)
        self._seen.put(key, row)
        return self._row(row, key, wanted, person)

    def _row(self, row: int, key: str, wanted: Wanted, person: OnList | None) -> PlanRow:
        """Return the row of a person, counted."""
        if person:
            wanted.email = person.email or wanted.email  # as Flodesk knows it
        action, reason, counted = self._verdict(wanted, person)
        counts = self._draft.counts
        for name in counted:
            counts[name] += 1
        if "invalid" in counted:
            self._draft.tell(Problem(row, "", reason or ""))
        return PlanRow(row, key, action, wanted.email or None, reason, wanted.parts())

    def _unusable(self, problem: Problem) -> PlanRow:
        self._draft.counts["invalid"] += 1
        self._draft.tell(problem)
        reason = f"{problem.column}: {problem.reason}" if problem.column else problem.reason
        return PlanRow(problem.row, None, "skip", None, reason, None)

    def _repeated(self, row: int, email: str | None, by: int) -> PlanRow:
        self._draft.counts["duplicates"] += 1
        return PlanRow(row, None, "skip", email, REPEATED.format(by), None)

    async def _pass_on(self, wanted: Mapping[str, tuple[int, Wanted]], known: Mapping[str, Known]) -> None:
        """Pass on what earlier rows of the same people want; those count no more."""
        put = self._seen.put
        again = {before: key for key, (row, _) in wanted.items() if (before := put(key, row)) is not None}
        if not again:
            return
        repeated = []
        for row in await self._draft.rows.numbered(again):
            key, before = again[row.row], Wanted.of_parts(row.content)
            if row.person == key:
                self._draft.counts.subtract(self._verdict(before, known.get(key)).counted)
                number, one = wanted[key]
                one.after(before)
                repeated.append(self._repeated(row.row, row.email, number))
        await self._draft.replace(repeated)

    async def _people(self, wanted: Mapping[str, tuple[int, Wanted]]) -> dict[str, Known]:
        """Return those of the list, by the key of the row that means them."""
        found = await by_addresses(self._mirror, [one.email for _, one in wanted.values() if one.email])
        by_id = await by_ids(self._mirror, [one.id for _, one in wanted.values() if not one.email])
        return found | {BY_ID + known: person for known, person in by_id.items()} if by_id else found


def _key(person: Person) -> str:
    return key_of(person.email or person.id)
