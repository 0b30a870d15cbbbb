"""Taking people out: a job that reads the account fresh, and writes those who match into a file or into parts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from flodesk_mcp.audience.columns import FIELDS, Lines, headings
from flodesk_mcp.audience.conditions import Condition
from flodesk_mcp.audience.destination import Digest, InFile, InParts
from flodesk_mcp.audience.job import Commit, Job, RunningJob
from flodesk_mcp.audience.manifest import put_manifest
from flodesk_mcp.audience.mirror import Place
from flodesk_mcp.audience.operators import Match
from flodesk_mcp.flodesk import Personal, Subscriber

if TYPE_CHECKING:
    from flodesk_mcp.audience.audience import Audience

__all__ = ["OPEN_FIELDS", "Export", "ExportOrder"]

WHOLE_SECONDS = 3600
"""How old the last reading of the whole list may be: only such a one tells who has unsubscribed elsewhere."""

READ_AT_ONCE = 2_000
SETTLED_ROWS = 10_000
"""How much may have to be written again after an interruption."""

READING = 0.9
"""How much of the work reading the account is, where the quota is what takes time."""

OPEN_FIELDS = tuple(
    name for name in FIELDS if not any(isinstance(mark, Personal) for mark in Subscriber.model_fields[name].metadata)
)
"""What may leave where personal data is masked."""


@dataclass(frozen=True)
class ExportOrder:
    """What is to be taken out: of those who match, `fields`, as `file_format`, into `file` or, without one, parts.

    `name` is what somebody wants to call those.
    """

    file_format: Literal["csv", "jsonl"] = "csv"
    where: Sequence[Condition] = ()
    match: Match = "all"
    fields: Sequence[str] = FIELDS
    file: str | None = None
    masked: bool = False
    name: str | None = None

    def as_arguments(self) -> dict[str, Any]:
        """Return it as a job keeps it."""
        return asdict(self) | {"where": [asdict(condition) for condition in self.where]}

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Return what a job keeps as an order."""
        return cls(**{**arguments, "where": [Condition(**condition) for condition in arguments["where"]]})


@dataclass
class _Cursor:
    """How far an export came. Empty of `as_of` while the account is read, with a `manifest` when all is written."""

    as_of: str = ""
    headings: dict[str, str] = field(default_factory=dict)
    after: list[Any] | None = None
    written: int = 0
    position: int = 0
    manifest: dict[str, Any] | None = None

    @property
    def place(self) -> Place | None:
        """Behind whom it goes on."""
        return Place(*self.after) if self.after else None


class Export:
    """The kind of job that takes people out."""

    name = "export"

    def __init__(self, audience: "Audience") -> None:
        self._audience = audience

    async def run(self, job: RunningJob) -> Mapping[str, Any]:
        """Read the account, write everybody who matches, and return where they are. Raises FlodeskError, OSError."""
        order, cursor = ExportOrder.of(job.arguments), _Cursor(**job.cursor)
        if not cursor.as_of:
            cursor = await self._read(job, order)
        target = InFile(Path(order.file), job.id) if order.file else InParts(cursor.position)
        try:
            if cursor.manifest is None or (isinstance(target, InFile) and not target.is_there):
                cursor = await self._write(job, order, cursor, target)
            manifest = cursor.manifest or {}
            if isinstance(target, InFile):
                target.appear(Digest(manifest["bytes"], manifest["sha256"]))
                return {"file": order.file, "manifest": manifest, "manifest_file": put_manifest(target, manifest)}
            return {"parts": target.recorded, "manifest": manifest}
        finally:
            if isinstance(target, InFile):
                target.close()

    async def discard(self, job: Job) -> None:
        """Remove the file that an export did not finish."""
        if file := job.arguments["file"]:
            InFile(Path(file), job.id).temporary.unlink(missing_ok=True)

    async def _read(self, job: RunningJob, order: ExportOrder) -> _Cursor:
        """Make the mirror fresh, and take note of what will be written."""

        def told(done: int, total: int) -> None:
            job.tell(f"Reading the account: {done:,} of {total:,} people", READING * done / max(total, 1))

        mirror = self._audience.mirror
        job.tell("Reading the account", job.progress)
        status = await mirror.status()
        is_old = self._audience.clock() - (status.whole_at or 0) > WHOLE_SECONDS
        await mirror.refresh(0, told, whole=is_old)
        self._audience.flodesk.segments.names.forget()  # one may have been deleted since the export was ordered
        where = await self._audience.where(order.where, order.match)
        rows = await mirror.count(where)
        labels = await self._audience.flodesk.custom_fields.labels()
        cursor = _Cursor(as_of=await self._audience.as_of(), headings=headings(labels))
        await job.commit(Commit(asdict(cursor), rows=rows))
        return cursor

    async def _write(self, job: RunningJob, order: ExportOrder, cursor: _Cursor, target: InFile | InParts) -> _Cursor:
        """Write from where `cursor` stands, and return where it stands at the end."""
        mirror = self._audience.mirror
        where = await self._audience.where(order.where, order.match)
        rows = await mirror.count(where)
        names = await mirror.segment_names()
        lines = Lines(order.file_format, order.fields, cursor.headings, _open(names) if order.masked else names)
        before = cursor.written
        if not await target.open(cursor.position):
            cursor = _Cursor(as_of=cursor.as_of, headings=cursor.headings)
            await target.open(0)
        if not cursor.written and not cursor.position:
            await target.write([lines.first])
        place, unsettled = cursor.place, cursor.written - before

        async def settle(total: int) -> None:
            first = target.recorded + 1 if isinstance(target, InParts) else 1
            cursor.position, parts = await target.settle()
            cursor.after = [place.created_us, place.id] if place else None
            await job.commit(Commit(asdict(cursor), rows=total, written=unsettled, parts=parts, first_part=first))

        async for found in mirror.stored(where, cursor.place, READ_AT_ONCE):
            await target.write(lines.of(found))
            place = Place.of_last(found)
            cursor.written += len(found[0])
            unsettled += len(found[0])
            share = min(cursor.written / max(rows, 1), 1)
            job.tell(f"Writing: {cursor.written:,} of {rows:,} people", READING + (1 - READING) * share)
            if unsettled >= SETTLED_ROWS or isinstance(target, InParts):
                await settle(max(rows, cursor.written))
                unsettled = 0
        await settle(cursor.written)
        digest = await target.finish(lambda number: self._audience.jobs.part(job.id, number))
        cursor.manifest = self._manifest(order, cursor, digest)
        await job.commit(Commit(asdict(cursor)))
        return cursor

    def _manifest(self, order: ExportOrder, cursor: _Cursor, digest: Digest) -> dict[str, Any]:
        made_at = datetime.fromtimestamp(self._audience.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted = [name for name in FIELDS if name in order.fields]
        return {
            "file": Path(order.file).name if order.file else order.name,
            "format": order.file_format,
            "made_at": made_at,
            "as_of": cursor.as_of,
            "rows": cursor.written,
            "filter": {"match": order.match, "where": [asdict(condition) for condition in order.where]},
            "fields": wanted,
            "personal_data": "masked" if order.masked else "shown",
            "bytes": digest.size,
            "sha256": digest.sha256,
        }


def _open(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names of segments that cannot hold somebody's address; the others go by their ids."""
    import html
    import unicodedata
    from urllib.parse import unquote

    plain = {key: unicodedata.normalize("NFKC", html.unescape(unquote(unquote(name)))) for key, name in names.items()}
    return {key: name for key, name in names.items() if "@" not in plain[key]}
