"""From counts to a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from flodesk_mcp.audience.counts import MONDAY_US, WEEK_US, Counts
from flodesk_mcp.audience.departures import Departures, LookUp, among_people
from flodesk_mcp.audience.report import FilledField, Joined, Left, Overlap, Report, SegmentSize, cut
from flodesk_mcp.audience.rows import Work
from flodesk_mcp.audience.suspects import mistyped_addresses, twins_of
from flodesk_mcp.audience.tables import readings

__all__ = ["Names", "report_on"]

MAX_SEGMENTS = 30
MAX_OVERLAPS = 12
MAX_FIELDS = 30
MAX_MISTYPED = 10
MAX_KINDS = 10

NO_DATES = "Flodesk keeps no date of leaving"
NOT_YET = f"{NO_DATES}: how many left is counted between two readings of the whole list, and so far there was one."
BETWEEN_READINGS = f"{NO_DATES}: this counts who was active in one reading of the whole list and not in the next."
TOLD = "`weeks` counts unsubscribes that webhooks told of, since {since}; bounces and complaints are told by none."
OF_A_SEGMENT = f"{NO_DATES}, and none of leaving a segment: `change` compares its size in two readings of the list."


@dataclass(frozen=True)
class Names:
    """What people call the segments and custom fields of an account, by id and by key."""

    segments: Mapping[str, str]
    fields: Mapping[str, str]


async def report_on(
    work: Work,
    names: Names,
    now: datetime,
    days: int,
    as_of: str,
    segment_id: str | None = None,
    among: ColumnElement[bool] | None = None,
    departures: LookUp | None = None,
) -> Report:
    """Return the report on everybody in the mirror, or on one segment, whose people are `among` them.

    Sign-ups count from `days` before `now`, and so do `departures`. Raises AudienceError.
    """
    counts = Counts(work, among)
    since = now - timedelta(days=days)
    since_us, until_us = _microseconds(since), _microseconds(now + timedelta(days=1))  # Flodesk's clock may be ahead
    statuses, sources = await counts.by("status"), await counts.by("source")
    people = sum(statuses.values())
    readings_compared = await _left(work, since, segment_id)
    segments, more_segments = await _segments(counts, names, readings_compared.sizes, since_us, until_us, segment_id)
    filled, more_fields = await _fields(counts, names, people)
    mistyped = await mistyped_addresses(counts)
    twin_groups, twins = await twins_of(counts)
    return Report(
        as_of=as_of,
        segment=cut(_label(segment_id, names.segments)) if segment_id else None,
        people=people,
        statuses=_largest(statuses),
        sources=_largest(sources),
        joined=await _joined(counts, since, since_us, until_us, _microseconds(now)),
        left=await _dated(work, readings_compared.left, departures and await departures(since), among),
        segments=[size for _, size in segments],
        more_segments=more_segments or None,
        overlaps=await _overlaps(counts, dict(segments)),
        custom_fields=filled,
        more_custom_fields=more_fields or None,
        mistyped_people=sum(found.people for found in mistyped),
        mistyped=mistyped[:MAX_MISTYPED],
        more_mistyped=max(len(mistyped) - MAX_MISTYPED, 0) or None,
        twin_groups=twin_groups,
        twins=twins,
    )


async def _joined(counts: Counts, since: datetime, since_us: int, until_us: int, now_us: int) -> Joined:
    by_week = await counts.by_week(since_us, until_us)
    first, last = ((time - MONDAY_US) // WEEK_US for time in (since_us, now_us))
    weeks = range(first, max([last, *by_week]) + 1)
    return Joined(
        since=_iso(since.timestamp()),
        people=sum(by_week.values()),
        weeks={_monday(week): by_week.get(week, 0) for week in weeks},
    )


@dataclass(frozen=True)
class _Compared:
    """Two readings, compared. `sizes` are those of segments in the earlier and the later one, by id."""

    left: Left
    sizes: tuple[Mapping[str, int], Mapping[str, int]] | None = None


async def _left(work: Work, since: datetime, segment_id: str | None) -> _Compared:
    """Compare the last reading with the last one before the period, or with the first that there is."""
    done = select(readings).where(readings.c.finished_at.is_not(None))
    last = await work.first(done.order_by(readings.c.id.desc()).limit(1))
    before = done.where(readings.c.began_at <= since.timestamp()).order_by(readings.c.id.desc())
    first = await work.first(before.limit(1)) or await work.first(done.order_by(readings.c.id).limit(1))
    if last is None or first is None or last.id == first.id:
        return _Compared(Left(notice=NOT_YET))
    sizes = (first.segment_sizes or {}, last.segment_sizes or {})
    left = Left(after=_iso(first.began_at), until=_iso(last.began_at), notice=BETWEEN_READINGS)
    if segment_id:
        change = sizes[1].get(segment_id, 0) - sizes[0].get(segment_id, 0)
        return _Compared(left.model_copy(update={"change": change, "notice": OF_A_SEGMENT}))
    people = await work.value(select(func.sum(readings.c.left)).where(readings.c.id > first.id))
    return _Compared(left.model_copy(update={"people": people or 0}), sizes)


async def _dated(work: Work, left: Left, departures: Departures | None, among: ColumnElement[bool] | None) -> Left:
    """Add in which weeks people left, where webhooks told."""
    if departures is None:
        return left
    if among is not None:
        departures = await among_people(work, departures, among)
    told = TOLD.format(since=_iso(departures.known_since.timestamp()))
    weeks = departures.by_week(lambda at: _monday((_microseconds(at) - MONDAY_US) // WEEK_US))
    return left.model_copy(update={"weeks": weeks, "notice": f"{left.notice} {told}"})


async def _segments(
    counts: Counts,
    names: Names,
    sizes: tuple[Mapping[str, int], Mapping[str, int]] | None,
    since_us: int,
    until_us: int,
    without: str | None,
) -> tuple[list[tuple[str, SegmentSize]], int]:
    """Return the largest segments by id, and how many more there are."""
    rows = [row for row in await counts.by_segment(since_us, until_us) if row.id != without]

    def change(segment_id: str) -> int | None:
        return sizes[1].get(segment_id, 0) - sizes[0].get(segment_id, 0) if sizes else None

    shown = [
        (
            row.id,
            SegmentSize(
                segment=cut(_label(row.id, names.segments)),
                people=row.number,
                active=row.active,
                joined=row.joined,
                change=change(row.id),
            ),
        )
        for row in rows[:MAX_SEGMENTS]
    ]
    return shown, len(rows) - len(shown)


async def _overlaps(counts: Counts, sizes: Mapping[str, SegmentSize]) -> list[Overlap]:
    """Return which of the largest segments share most people."""
    overlaps = []
    for row in await counts.overlaps(list(sizes), MAX_OVERLAPS):
        larger, smaller = sorted((sizes[row.one], sizes[row.other]), key=lambda size: -size.active)
        overlaps.append(
            Overlap(
                segments=[larger.segment, smaller.segment],
                sizes=[larger.active, smaller.active],
                shared=row.number,
                percent=_percent(row.number, smaller.active),
            )
        )
    return overlaps


async def _fields(counts: Counts, names: Names, people: int) -> tuple[list[FilledField], int]:
    """Return the fields that most people have a value in, and how many more fields there are."""
    filled = dict.fromkeys(names.fields, 0) | await counts.by_field()
    rows = sorted(filled.items(), key=lambda row: (-row[1], row[0]))
    shown = [
        FilledField(field=cut(_label(key, names.fields)), filled=number, percent=_percent(number, people))
        for key, number in rows[:MAX_FIELDS]
    ]
    return shown, len(rows) - len(shown)


def _label(known: str, names: Mapping[str, str]) -> str:
    """Return the name for an id or key, with that where it is not the only one of this name."""
    name = names.get(known) or known
    return name if sum(other == name for other in names.values()) <= 1 else f"{name} ({known})"


def _largest(counts: Mapping[str, int]) -> dict[str, int]:
    rows = [(cut(name), number) for name, number in counts.items()]
    rest = sum(number for _, number in rows[MAX_KINDS:])
    return dict(rows[:MAX_KINDS]) | ({"other": rest} if rest else {})


def _percent(part: int, whole: int) -> int:
    return round(part / whole * 100) if whole else 0


def _monday(week: int) -> str:
    return f"{datetime.fromtimestamp((week * WEEK_US + MONDAY_US) / 1_000_000, UTC):%Y-%m-%d}"


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _microseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000_000)
