"""What a report counts, in SQL: nothing but counts, and a few examples, leaves the database."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select, true
from sqlalchemy.sql.selectable import TableValuedAlias

from flodesk_mcp.audience.addresses import GMAIL
from flodesk_mcp.audience.rows import AnySelect, Work
from flodesk_mcp.audience.tables import people

__all__ = ["MONDAY_US", "WEEK_US", "Counts"]

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US
MONDAY_US = 4 * DAY_US
"""The first Monday since 1970."""

MOST_OF_ONE_NAME = 20
"""People of one name who are compared: a name that more share says nothing of them ("Test Test")."""

BETWEEN = "\n"

number = func.count().label("number")
is_active = people.c.status == "active"
named = and_(people.c.first_name_folded != "", people.c.last_name_folded != "")


class Counts:
    """Counts among the people of the mirror whom `among` means, or all."""

    def __init__(self, work: Work, among: ColumnElement[bool] | None = None) -> None:
        self._work = work
        self._among = true() if among is None else among

    async def by(self, name: str) -> dict[str, int]:
        """Return how many have each value of the column `name`, the most frequent first."""
        column = func.coalesce(people.c[name], "")
        query = select(column.label("value"), number).group_by(column).order_by(number.desc(), column)
        return {row.value or "unknown": row.number for row in await self._all(query)}

    async def by_week(self, since_us: int, until_us: int) -> dict[int, int]:
        """Return the sign-ups of a period by the number of the week, counted from MONDAY_US."""
        week = (people.c.created_us - MONDAY_US) // WEEK_US
        period = people.c.created_us.between(since_us, until_us)
        query = select(week.label("week"), number).where(period).group_by(week)
        return {row.week: row.number for row in await self._all(query)}

    async def by_segment(self, since_us: int, until_us: int) -> Sequence[Row[Any]]:
        """Return id, number, active and joined (in a period) of people in each segment that anybody is in."""
        segment = self._segments()
        active = _sum_of(is_active).label("active")
        joined = _sum_of(people.c.created_us.between(since_us, until_us)).label("joined")
        query = select(segment.c.value.label("id"), number, active, joined).select_from(people.join(segment, true()))
        return await self._all(query.group_by(segment.c.value).order_by(active.desc(), segment.c.value))

    async def overlaps(self, segment_ids: Sequence[str], most: int) -> Sequence[Row[Any]]:
        """Return which two of `segment_ids` share active people, and how many: up to `most`, the largest first."""
        one, other = (self._segments() for _ in range(2))
        query = (
            select(one.c.value.label("one"), other.c.value.label("other"), number)
            .select_from(people.join(one, true()).join(other, true()))
            .where(is_active, one.c.value < other.c.value)
            .where(one.c.value.in_(segment_ids), other.c.value.in_(segment_ids))
            .group_by(one.c.value, other.c.value)
            .order_by(number.desc(), one.c.value, other.c.value)
        )
        return await self._all(query.limit(most))

    async def by_field(self) -> dict[str, int]:
        """Return how many people have a value in each custom field, by its key."""
        field = self._fields()
        query = select(field.c.key.label("key"), number).select_from(people.join(field, true()))
        return {row.key: row.number for row in await self._all(query.group_by(field.c.key))}

    def domains(self) -> AsyncIterator[Sequence[Row[Any]]]:
        """Yield every domain of an address, with the number of people who have it, and an example, in batches."""
        email = people.c.email_folded
        domain = func.substr(email, self._place_of("@", email) + 1)
        query = select(domain.label("domain"), number, func.min(email).label("example"))
        return self._each(query.where(email.contains("@")).group_by(domain))

    async def mailboxes(self, most: int) -> tuple[int, Sequence[Sequence[str]]]:
        """Return how many mailboxes several addresses reach, and the ids of these people for up to `most` of them."""
        mailbox = self._mailbox()
        query = (
            select(func.count().over().label("groups"), _listed(people.c.id))
            .where(people.c.email_folded.contains("@"))
            .group_by(mailbox)
            .having(number > 1)
            .order_by(number.desc(), mailbox)
            .limit(most)
        )
        rows = await self._all(query)
        return (rows[0].groups if rows else 0), [sorted(row.listed.split(BETWEEN)) for row in rows]

    async def namesakes(self) -> AsyncIterator[Sequence[Sequence[tuple[str, str]]]]:
        """Yield people of one name in batches of such groups, each person as id and address."""
        person = people.c.id + " " + people.c.email_folded
        name = (people.c.last_name_folded, people.c.first_name_folded)
        query = select(_listed(person)).where(named, people.c.email_folded.contains("@"))
        query = query.group_by(*name).having(number.between(2, MOST_OF_ONE_NAME)).order_by(*name)
        async for rows in self._each(query):
            yield [[_pair(text) for text in row.listed.split(BETWEEN)] for row in rows]

    async def addresses(self, ids: Sequence[str]) -> dict[str, str | None]:
        """Return the addresses of some people by id."""
        rows = await self._work.all(select(people.c.id, people.c.email).where(people.c.id.in_(ids)))
        return {row.id: row.email for row in rows}

    def _mailbox(self) -> ColumnElement[str]:
        """Return what is the same for addresses that reach the same mailbox: see `addresses.mailbox`."""
        email = people.c.email_folded
        at = self._place_of("@", email)
        local, domain = func.substr(email, 1, at - 1), func.substr(email, at + 1)
        plus = self._place_of("+", local)
        plain = case((plus > 1, func.substr(local, 1, plus - 1)), else_=local)
        at_gmail = domain.in_(GMAIL)
        return case((at_gmail, func.replace(plain, ".", "") + "@gmail.com"), else_=plain + "@" + domain)

    def _segments(self) -> TableValuedAlias:
        """Return the ids of the segments that somebody is in, as rows with a `value`."""
        if self._work.dialect == "postgresql":
            return func.json_array_elements_text(people.c.segments).table_valued("value").render_derived()
        return func.json_each(people.c.segments).table_valued("value")

    def _fields(self) -> TableValuedAlias:
        """Return the custom fields that somebody has a value in, as rows with a `key`."""
        if self._work.dialect == "postgresql":
            return func.json_object_keys(people.c.custom_fields).table_valued("key").render_derived()
        return func.json_each(people.c.custom_fields).table_valued("key")

    def _place_of(self, letter: str, text: ColumnElement[str]) -> ColumnElement[int]:
        """Return where `letter` is in `text`, counted from 1, or 0."""
        place = func.strpos if self._work.dialect == "postgresql" else func.instr
        return place(text, letter)

    async def _all(self, query: AnySelect) -> Sequence[Row[Any]]:
        return await self._work.all(query.where(self._among))

    def _each(self, query: AnySelect) -> AsyncIterator[Sequence[Row[Any]]]:
        return self._work.each(query.where(self._among))


def _sum_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _listed(text: ColumnElement[str]) -> ColumnElement[str]:
    return func.aggregate_strings(text, BETWEEN).label("listed")


def _pair(text: str) -> tuple[str, str]:
    person_id, _, email = text.partition(" ")
    return person_id, email
