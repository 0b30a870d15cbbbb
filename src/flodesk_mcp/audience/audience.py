"""One account's whole list: what tools and commands alike call."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flodesk_mcp.audience.carrying_out import CarryingOut
from flodesk_mcp.audience.conditions import FIELDS, Condition, Where, nearest_of
from flodesk_mcp.audience.departures import LookUp
from flodesk_mcp.audience.draft import Draft
from flodesk_mcp.audience.errors import PlanRefused, WrongCondition
from flodesk_mcp.audience.export import Export, ExportOrder
from flodesk_mcp.audience.folding import fold
from flodesk_mcp.audience.import_plan import IMPORT, ImportPlanning
from flodesk_mcp.audience.job import Job, JobKind
from flodesk_mcp.audience.job_store import JobStore
from flodesk_mcp.audience.jobs import Jobs, Spawn
from flodesk_mcp.audience.mirror import Freshness, Mirror, Place
from flodesk_mcp.audience.operators import Match
from flodesk_mcp.audience.plan import Plan, Plans
from flodesk_mcp.audience.planning import Planning
from flodesk_mcp.audience.report import Report
from flodesk_mcp.audience.reporting import Names, report_on
from flodesk_mcp.audience.segment_names import SegmentNames
from flodesk_mcp.audience.source import Source
from flodesk_mcp.audience.storage import Storage
from flodesk_mcp.audience.sync_plan import SYNC, SyncPlanning
from flodesk_mcp.audience.upkeep import Upkeep
from flodesk_mcp.flodesk import FlodeskClient, NotFound, Subscriber, UnknownName

__all__ = ["Audience", "Found"]

MINUTE = 60


def _never(_: object) -> None:
    """Run nothing: this process only looks."""


@dataclass(frozen=True)
class Found:
    """A page of those who match. `places` has each one's place in the list; `total` counts all who match."""

    people: list[Subscriber]
    places: list[Place]
    total: int
    has_more: bool
    as_of: str


class Audience:
    """The whole list of the account that `flodesk` opens, kept in `storage`.

    `spawn` runs what outlives a call; without it, no job runs, and calls wait for all they need.
    """

    def __init__(
        self,
        flodesk: FlodeskClient,
        storage: Storage,
        clock: Callable[[], float] = time.time,
        spawn: Spawn | None = None,
    ) -> None:
        self.flodesk = flodesk
        self.storage = storage
        self.clock = clock
        self.mirror = Mirror(flodesk, storage, clock)
        self.spawn = spawn or _never
        self.upkeep = Upkeep(self.mirror, spawn, clock)
        self.plans = Plans(storage.jobs, clock)
        self.planning = Planning(self.plans, self.upkeep, spawn)
        kinds: list[JobKind] = [Export(self), CarryingOut(IMPORT, self), CarryingOut(SYNC, self)]
        self.jobs = Jobs(JobStore(storage, clock), kinds, self.spawn)

    async def where(self, conditions: Sequence[Condition] | None, match: Match = "all") -> Where | None:
        """Return conditions whose fields and segments people name, by keys and ids. None and none are everybody.

        Raises WrongCondition for a name or an operator that there is not, FlodeskError.
        """
        if not conditions:
            return None
        where = Where([await self._resolved(condition) for condition in conditions], match)
        where.clause()  # so that what is wrong is said before anything is read
        return where

    async def search(
        self, where: Where | None = None, after: Place | None = None, limit: int = 20, *, refresh: bool = False
    ) -> Found:
        """Return up to `limit` of those who match behind `after`, the newest first.

        The mirror is refreshed when it is older than five minutes, or read whole when `refresh` asks for it; not for a
        page after the first. Raises FlodeskError, StillReading where there is none yet and it takes long to make.
        """
        if after is None or refresh:
            known = await self.upkeep.refresh(at_once=refresh)
        else:
            known = await self.mirror.freshness()
        found = await self.mirror.search(where, after, limit + 1)
        await self.mirror.used()
        shown = found.page[:limit]
        return Found(
            people=[person.subscriber(found.segment_names) for person, _ in shown],
            places=[place for _, place in shown],
            total=found.total,
            has_more=len(found.page) > limit,
            as_of=as_of(known),
        )

    async def report(self, segment_id: str | None = None, days: int = 90, departures: LookUp | None = None) -> Report:
        """Return the report on everybody, or on those in a segment. Sign-ups and `departures` count from `days` ago.

        The mirror is refreshed when it is older than five minutes. Raises FlodeskError, NotFound for a segment that
        there is not, StillReading where there is no mirror yet and it takes long to make.
        """
        known = await self.upkeep.refresh()
        await self.mirror.used()
        names = Names(await self.mirror.segment_names(), await self.flodesk.custom_fields.labels())
        if segment_id is not None and segment_id not in names.segments:
            segment = await self.flodesk.segments.get(segment_id)  # nobody is in it, or it is gone
            names = Names({**names.segments, segment_id: segment.name or segment_id}, names.fields)
        among = None if segment_id is None else Where([Condition("segment", "is", segment_id)]).clause()
        now = datetime.fromtimestamp(self.clock(), UTC)
        async with self.mirror.rows.reading() as work:
            return await report_on(work, names, now, days, as_of(known), segment_id, among, departures)

    async def as_of(self) -> str:
        """Return how old what is known of the list is, and which part of it may be older."""
        return as_of(await self.mirror.freshness())

    async def export(self, order: ExportOrder) -> Job:
        """Begin a job that takes out what is ordered. Raises WrongCondition, AudienceError, FlodeskError."""
        await self.where(order.where, order.match)  # so that what is wrong is said before anything begins
        return await self.jobs.start(Export.name, order.as_arguments())

    async def plan_import(
        self,
        source: Source,
        *,
        segments: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        double_optin: bool = False,
        create_missing_fields: bool = False,
        warnings: Sequence[str] = (),
        asked: str | None = None,
    ) -> Plan:
        """Plan to write all whom `source` names, and to put them into `segments`, ids or names. See ImportPlanning.

        `warnings` are what is known of the source already.
        What takes long goes on beside the call that `asked` for it: see Planning. Raises StillPlanning, FileRefused,
        AudienceError, FlodeskError.
        """

        async def make(draft: Draft) -> Plan:
            draft.warnings.extend(warnings)
            planning = ImportPlanning(
                draft,
                self.mirror,
                SegmentNames(await self.flodesk.segments.names.by_id()),
                await self.flodesk.custom_fields.labels(),
                segments=segments,
                columns=columns,
                double_optin=double_optin,
                create_missing_fields=create_missing_fields,
            )
            return await planning.plan(source)

        return await self.planning.plan(IMPORT, make, asked)

    async def plan_sync(
        self,
        segment_id: str,
        source: Source | Where | None,
        *,
        columns: Mapping[str, str] | None = None,
        remove_others: bool = False,
        asked: str | None = None,
    ) -> Plan:
        """Plan to put into a segment all whom `source` names, or who match; None is everybody. See SyncPlanning.

        What takes long goes on beside the call that `asked` for it: see Planning. Raises StillPlanning, FileRefused,
        AudienceError, FlodeskError.
        """

        async def make(draft: Draft) -> Plan:
            segment = await self.flodesk.segments.get(segment_id)
            if segment.segment_type == "dynamic":
                raise PlanRefused("Flodesk itself decides who is in this segment (it is dynamic): choose another.")
            labels = await self.flodesk.custom_fields.labels()
            planning = SyncPlanning(draft, self.mirror, segment, labels, columns=columns, remove_others=remove_others)
            if source is None or isinstance(source, Where):
                return await planning.plan_of(source)
            return await planning.plan(source)

        return await self.planning.plan(SYNC, make, asked)

    async def carry_out(self, plan_id: str) -> Job:
        """Begin the job that does what a plan says, which is possible once. Raises PlanRefused, AudienceError."""
        plan = await self.plans.take(plan_id)
        job = await self.jobs.start(plan.kind, {"plan": plan.id})
        await self.plans.carried_out_by(plan.id, job.id)
        return job

    async def _resolved(self, condition: Condition) -> Condition:
        if condition.field == "segment" and condition.value:
            ids = [await self._segment(value) for value in condition.values()]
            return Condition("segment", condition.operator, "|".join(ids))
        if condition.field in FIELDS:
            return condition
        known = await self.flodesk.custom_fields.known([condition.field])
        if key := known.key(condition.field):
            return Condition(key, condition.operator, condition.value)
        if (name := fold(condition.field).replace(" ", "_")) in FIELDS:
            return await self._resolved(Condition(name, condition.operator, condition.value))
        labels = [label for _, label in sorted(known.labels.items())]
        raise WrongCondition(
            f"There is no field {condition.field[:80]!r}. {nearest_of(condition.field, [*FIELDS, *labels])}"
        )

    async def _segment(self, id_or_name: str) -> str:
        """Return the id of a segment that there is. Raises UnknownName."""
        names = self.flodesk.segments.names
        segment_id = await names.id_of(id_or_name)
        if segment_id not in (known := await names.by_id()):
            try:
                await self.flodesk.segments.get(segment_id)  # perhaps somebody has just created it elsewhere
            except NotFound:
                raise UnknownName("segment", id_or_name, known) from None
        return segment_id

    async def resume(self) -> None:
        """Go on with jobs that an earlier process left."""
        if self.storage.has_jobs():
            self.jobs.resume()

    async def aclose(self) -> None:
        """Close what is open."""
        await self.storage.aclose()


def as_of(status: Freshness) -> str:
    """Return how old the mirror is, and which part of it may be older."""
    checked, whole = status.checked_at or 0, status.whole_at or 0
    text = _time(whole)
    if checked - whole >= MINUTE:
        text = f"{_time(checked)} for who is on the list and for own writes; other changes at Flodesk: {text}"
    if status.reading is not None:
        text += f". Being read anew: {status.reading:,} of {status.total or 0:,} people so far"
    return text


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
