"""Who a report is in doubt about: addresses that look mistyped, and people who look like one."""

from collections import Counter
from collections.abc import Sequence

from flodesk_mcp.audience.addresses import mailbox, mistake, same_person
from flodesk_mcp.audience.counts import Counts
from flodesk_mcp.audience.report import Mistyped, Twin, Twins, cut

__all__ = ["mistyped_addresses", "twins_of"]

MAX_OF_A_REASON = 5
MAX_IN_GROUP = 3

Ids = Sequence[str]


async def mistyped_addresses(counts: Counts) -> list[Mistyped]:
    """Return what looks mistyped in addresses, what most people have first."""
    found: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    async for rows in counts.domains():
        for row in rows:
            if wrong := mistake(row.domain):
                found[wrong] += row.number
                examples.setdefault(wrong, row.example)
    return [
        Mistyped(ending=wrong[0], meant=wrong[1], people=people, example=cut(examples[wrong]))
        for wrong, people in found.most_common()
    ]


async def twins_of(counts: Counts) -> tuple[int, list[Twins]]:
    """Return how many groups of people look like one person, and the first few of each reason."""
    shared, mailboxes = await counts.mailboxes(MAX_OF_A_REASON)
    alike, namesakes = 0, list[Ids]()
    async for batch in counts.namesakes():
        for people in batch:
            groups = _alike(people)
            alike += len(groups)
            namesakes += groups[: MAX_OF_A_REASON - len(namesakes)]
    emails = await counts.addresses([known for ids in [*mailboxes, *namesakes] for known in ids[:MAX_IN_GROUP]])

    def shown(reason: str, ids: Ids) -> Twins:
        people = [Twin(id=known, email=cut(emails.get(known) or "") or None) for known in ids[:MAX_IN_GROUP]]
        return Twins(reason=reason, count=len(ids), people=people)

    return shared + alike, [
        *(shown("same mailbox", ids) for ids in mailboxes),
        *(shown("same name, similar address", ids) for ids in namesakes),
    ]


def _alike(people: Sequence[tuple[str, str]]) -> list[Ids]:
    """Return groups of ids of people of one name whose addresses are nearly the same, each mailbox once."""
    groups: list[list[tuple[str, str]]] = []
    for person in {mailbox(email): (known, email) for known, email in sorted(people)}.values():
        near = next((group for group in groups if any(same_person(person[1], email) for _, email in group)), None)
        if near is None:
            groups.append([person])
        else:
            near.append(person)
    return [[known for known, _ in group] for group in groups if len(group) > 1]
