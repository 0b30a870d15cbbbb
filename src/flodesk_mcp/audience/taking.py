"""From the rows of a list to those of a plan: everybody once, beside whom the list of the account has."""

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from flodesk_mcp.audience.comparing import Known, Wanted, key_of
from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.audience.files import Problem
from flodesk_mcp.audience.known import BY_ID, COMPARED, KnownPeople, known_people
from flodesk_mcp.audience.mirror import Mirror
from flodesk_mcp.audience.person import Person
from flodesk_mcp.audience.plan_rows import Action, NewRow
from flodesk_mcp.audience.seen import Seen
from flodesk_mcp.audience.source import Chunk

__all__ = ["Taking", "Verdict"]

MAX_ROWS = 5_000_000
REPEATED = "the same person as in row {}, whose values count"

Verdict = tuple[Action, str | None, tuple[str, ...]]
"""What shall become of a row, why, and what it counts as."""

PlainRows = Callable[[Chunk, KnownPeople, Sequence[int]], Mapping[int, NewRow]]
"""Makes and counts rows by place, out of a chunk, whom the list has of it, and the places to look at."""


class Taking:
    """Puts rows into a draft. `resolve` makes what rows say what is wanted, `verdict` tells what that comes to.

    `plain_rows` may make those that are as most are, all at once; `compared` are the columns of the mirror that
    `verdict` looks at.
    """

    def __init__(
        self,
        draft: Draft,
        mirror: Mirror,
        resolve: Callable[[Sequence[Wanted]], None],
        verdict: Callable[[Wanted, Any], Verdict],
        plain_rows: PlainRows = lambda *_: {},
        compared: Collection[str] = COMPARED,
    ) -> None:
        self._draft = draft
        self._mirror = mirror
        self._resolve = resolve
        self._verdict = verdict
        self._plain_rows = plain_rows
        self._seen = Seen()
        self.compared = compared

    def names(self, person: Person) -> bool:
        """Tell whether any row was about somebody."""
        return _key(person) in self._seen or BY_ID + person.id in self._seen

    async def take(self, chunk: Chunk) -> None:
        """Put the rows of a chunk into the draft. Raises FileRefused, AudienceError."""
        counts = self._draft.counts
        counts["rows"] += len(chunk.rows) + len(chunk.problems)
        if counts["rows"] > MAX_ROWS:
            raise FileRefused(f"It has more than {MAX_ROWS:,} rows: divide it.")
        rows = [*map(self._unusable, chunk.problems)]
        keys = [*map(str.casefold, chunk.emails)]
        if "" in keys:
            keys = [key or BY_ID + known_id for key, known_id in zip(keys, chunk.ids, strict=True)]
        places = dict(zip(keys, range(len(keys)), strict=True))  # of the last row of each person
        known = await known_people(self._mirror, keys, chunk.emails, chunk.ids, self.compared)
        is_each_once = len(places) == len(keys)
        last_rows = chunk.rows if is_each_once else [chunk.rows[place] for place in places.values()]
        again = self._seen.put([*places], last_rows)
        repeated = {*again.values()}
        if not is_each_once:
            repeated |= {key for place, key in enumerate(keys) if places[key] != place}
        alone = [place for place, key in enumerate(keys) if key not in repeated] if repeated else range(len(keys))
        plain = self._plain_rows(chunk, known, alone)
        rows += plain.values()
        rest = [place for place in range(len(keys)) if place not in plain]
        people = [*map(chunk.person, rest)]
        self._resolve(people)
        wanted: dict[str, Wanted] = {}
        for place, one in zip(rest, people, strict=True):
            key = keys[place]
            if before := wanted.get(key):
                rows.append(self._repeated(before.row, before.email, one.row))
                one.after(before)
            wanted[key] = one
        on_list = {key: known.person(places[key]) for key in wanted}
        if again:
            await self._pass_on(again, wanted, on_list)
        rows += [self._row(key, one, on_list[key]) for key, one in wanted.items()]
        rows.sort(key=itemgetter(0))
        await self._draft.put(rows, ([*chunk.fields], [*chunk.custom_fields]))

    def of_list(self, wanted: Wanted, person: Person) -> NewRow:
        """Return a row about somebody whom a search found, counted."""
        key = _key(person)
        self._seen.put([key], [wanted.row])
        return self._row(key, wanted, person)

    def _row(self, key: str, wanted: Wanted, person: Known | Person | None) -> NewRow:
        if person and person.email:
            wanted.email = person.email  # as Flodesk knows it
        action, reason, counted = self._verdict(wanted, person)
        counts = self._draft.counts
        for name in counted:
            counts[name] += 1
        if action == "skip" and "invalid" in counted:
            self._draft.tell(Problem(wanted.row, "", reason or ""))
        # An unchanged one has nothing to pass on to a later row. Its address says by what it is known, if by that.
        nothing = action == "unchanged" and not wanted.says and key == key_of(wanted.email)
        return wanted.row, action, wanted.email or None, reason, None if nothing else wanted.parts()

    def _unusable(self, problem: Problem) -> NewRow:
        self._draft.counts["invalid"] += 1
        self._draft.tell(problem)
        reason = f"{problem.column}: {problem.reason}" if problem.column else problem.reason
        return problem.row, "skip", None, reason, None

    def _repeated(self, row: int, email: str | None, by: int) -> NewRow:
        self._draft.counts["duplicates"] += 1
        return row, "skip", email, REPEATED.format(by), None

    async def _pass_on(
        self, again: Mapping[int, str], wanted: Mapping[str, Wanted], known: Mapping[str, Known | None]
    ) -> None:
        """Pass on what earlier rows want of people who come `again`, by those rows, which count no more."""
        repeated = []
        for row in await self._draft.rows.numbered(again):
            key, before = again[row.row], Wanted.of(row)
            if key in {key_of(before.email), BY_ID + before.id}:  # else it only looks the same to `Seen`
                self._draft.counts.subtract(self._verdict(before, known[key])[2])
                wanted[key].after(before)
                repeated.append(self._repeated(row.row, row.email, wanted[key].row))
        await self._draft.replace(repeated)


def _key(person: Person) -> str:
    return key_of(person.email or person.id)
