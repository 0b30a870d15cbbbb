"""Carrying out a plan: a job that creates what is missing, and then writes people by the batch."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from flodesk_mcp.audience.comparing import Wanted
from flodesk_mcp.audience.job import Commit, Job, Outcome, RunningJob
from flodesk_mcp.audience.plan import Plan
from flodesk_mcp.audience.plan_rows import PlanRow
from flodesk_mcp.flodesk import BadRequest, BatchResult, NotFound

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience

__all__ = ["CarryingOut"]

READ_AT_ONCE = 1_000
BATCH = 50
MAX_ALIKE = 3
"""After so many rows that are refused alone as well, it is not the rows that are wrong."""

_UNTOUCHED: dict[str, Literal["unchanged", "skipped"]] = {"unchanged": "unchanged", "skip": "skipped"}

logger = logging.getLogger(__name__)


class CarryingOut:
    """The kind of job that carries out plans of the kind `name`."""

    def __init__(self, name: str, audience: "Audience") -> None:
        self.name = name
        self._audience = audience

    async def run(self, job: RunningJob) -> Mapping[str, Any]:
        """Give every row of the plan an outcome. Raises FlodeskError."""
        plans = self._audience.plans
        plan = await plans.get(job.arguments["plan"])
        if not job.cursor:
            await self._create(job, plan)
        planned = plans.rows(plan.id)
        while rows := await planned.after(job.cursor["told"], READ_AT_ONCE, ("unchanged", "skip")):
            outcomes = [Outcome(row.row, _UNTOUCHED[row.action], row.email, row.reason) for row in rows]
            await job.commit(Commit({**job.cursor, "told": rows[-1].row}, outcomes=outcomes))
        while rows := await planned.after(job.cursor["done"], BATCH, ("write", "remove")):
            await self._carry_out(job, plan, rows)
        await planned.discard()
        return {"created_fields": job.cursor["fields"], "created_segments": job.cursor["segments"]}

    async def discard(self, job: Job) -> None:
        """Forget the plan of a job that was stopped."""
        await self._audience.plans.rows(job.arguments["plan"]).discard()

    async def _create(self, job: RunningJob, plan: Plan) -> None:
        """Create fields and segments, but for those that are there: perhaps since an earlier attempt."""
        fields, segments = self._audience.flodesk.custom_fields, self._audience.flodesk.segments
        made: dict[str, dict[str, str]] = {"fields": {}, "segments": {}}
        if plan.arguments["fields_to_create"]:
            await fields.all()
        for label in plan.arguments["fields_to_create"]:
            job.tell(f"Creating the custom field {label!r}", 0)
            keys = await fields.keys_of(label)
            made["fields"][label] = keys[0] if keys else (await fields.create(label)).key
        segments.names.forget()
        for name in plan.arguments["segments_to_create"]:
            job.tell(f"Creating the segment {name!r}", 0)
            ids = await segments.names.ids_of(name)
            made["segments"][name] = ids[0] if ids else (await segments.create(name)).id
        await job.commit(Commit({"told": -1, "done": -1, "sent": 0, **made}, rows=plan.arguments["rows"]))

    async def _carry_out(self, job: RunningJob, plan: Plan, rows: Sequence[PlanRow]) -> None:
        """Write what is to be written of `rows`, or else remove the first: whatever one request does."""
        rows = [row for row in rows if row.action == rows[0].action]
        job.tell("Removing people from the segment" if rows[0].action == "remove" else "Writing", job.progress)
        if rows[0].action == "remove":
            rows = rows[:1]
            outcomes = [await self._remove(plan, rows[0])]
        else:
            outcomes = await self._write(job, plan, rows)
        sent = job.cursor["sent"] + 1
        job.progress = min(sent / max(plan.numbers["requests"], 1), 1)
        await job.commit(Commit({**job.cursor, "done": rows[-1].row, "sent": sent}, outcomes=outcomes))

    async def _write(self, job: RunningJob, plan: Plan, rows: Sequence[PlanRow]) -> list[Outcome]:
        """Send a batch, and say what became of each row: in Flodesk's words, where it was refused."""
        wanted = [Wanted.of(row) for row in rows]
        try:
            bodies = [self._body(one, job, plan) for one in wanted]
            result = await self._audience.flodesk.subscribers.save_batch(bodies)
        except BadRequest:
            if len(rows) == 1:
                raise
            return await self._one_by_one(job, plan, rows)
        refused = _refused(result, [one.email or one.id for one in wanted])
        return [
            Outcome(row.row, "failed", row.email, refused[index])
            if index in refused
            else Outcome(row.row, "written", row.email, row.reason)
            for index, row in enumerate(rows)
        ]

    async def _one_by_one(self, job: RunningJob, plan: Plan, rows: Sequence[PlanRow]) -> list[Outcome]:
        """Find out which row a refusal of them all is about. Raises BadRequest where it is about each."""
        outcomes: list[Outcome] = []
        for row in rows:
            try:
                outcomes += await self._write(job, plan, [row])
            except BadRequest as error:
                outcomes.append(Outcome(row.row, "failed", row.email, error.message or f"refused ({error.status})"))
                if len(outcomes) == MAX_ALIKE and all(one.outcome == "failed" for one in outcomes):
                    raise  # it is no matter of a person
        return outcomes

    async def _remove(self, plan: Plan, row: PlanRow) -> Outcome:
        wanted = Wanted.of(row)
        try:
            await self._audience.flodesk.subscribers.remove_from_segments(wanted.id, wanted.segments)
        except NotFound:
            return Outcome(row.row, "skipped", row.email, "is not on the list any more")
        except BadRequest as error:
            return Outcome(row.row, "failed", row.email, error.message or f"refused ({error.status})")
        return Outcome(row.row, "written", row.email, row.reason)

    @staticmethod
    def _body(wanted: Wanted, job: RunningJob, plan: Plan) -> dict[str, Any]:
        """Return a person as a row of a batch."""
        new_fields = {job.cursor["fields"][label]: value for label, value in wanted.new_fields.items()}
        new_segments = [job.cursor["segments"][name] for name in wanted.new_segments]
        body: dict[str, Any] = {"id": wanted.id} if wanted.id else {"email": wanted.email}
        body |= wanted.fields
        if custom_fields := {**wanted.custom_fields, **new_fields}:
            body["custom_fields"] = custom_fields
        if segments := [*wanted.segments, *new_segments]:
            body["segment_ids"] = segments
        if plan.arguments.get("double_optin"):
            body["double_optin"] = True
        return body


def _refused(result: BatchResult, people: Sequence[str]) -> dict[int, str]:
    """Return Flodesk's words for each row that it refused, by index, or by whom it names."""
    places = {person.casefold(): place for place, person in enumerate(people)}
    refused: dict[int, str] = {}
    for failure in result.failures:
        named = (failure.email or failure.id or "").casefold()
        place = failure.index if failure.index is not None else places.get(named)
        if place is not None and 0 <= place < len(people):
            refused[place] = failure.message or failure.code or "refused, without words"
    return refused
