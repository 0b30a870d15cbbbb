"""The page on which a person gets what a job made: an export, or what became of each row of a list."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from flodesk_mcp.audience.errors import NoSuchJob
from flodesk_mcp.callers.exchange import Leaving
from flodesk_mcp.observability.audit import record
from flodesk_mcp.store import FileLink
from flodesk_mcp.web.audiences import Audiences
from flodesk_mcp.web.files.door import Door
from flodesk_mcp.web.files.preview import size_of
from flodesk_mcp.web.forms import read_form
from flodesk_mcp.web.html_page import HtmlPage

if TYPE_CHECKING:
    from flodesk_mcp.audience.job import Job
    from flodesk_mcp.audience.job_store import JobStore

__all__ = ["DownloadPage"]

KINDS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


class DownloadPage:
    """Shows what a link leads to, and hands it out when the person says so: whatever looks at links gets nothing."""

    def __init__(self, door: Door, audiences: Audiences) -> None:
        self._door = door
        self._audiences = audiences
        self._page = HtmlPage("download.html", "page.css", "form.css")

    async def show(self, request: Request) -> Response:
        """Answer with the page. Raises Refusal, StoreError, AudienceError."""
        link = await self._door.find("download", request)
        if link.used_at is not None:
            raise self._door.gone()
        job, leaving = await self._job(link)
        made = _manifest(job) if leaving.what == "export" else {}
        told = {
            "title": "Download",
            "file": leaving.file,
            "holds": f"{made['rows']:,} people, {size_of(made['bytes'])}" if made else f"{job.rows or 0:,} rows",
            "what": "The people that were exported" if made else "What became of each row",
        }
        return self._door.page(self._page, request, link, told)

    async def answer(self, request: Request) -> Response:
        """Answer with the file: once, and within five minutes once more in the same browser, should it break off.

        Raises Refusal, FormError, StoreError, AudienceError.
        """
        link = await self._door.find("download", request)
        self._door.check(request, link, (await read_form(request)).get("csrf"))
        job, leaving = await self._job(link)
        if not await (await self._door.opened()).links.use(link, self._door.browser(request)):
            raise self._door.gone()
        record(
            "A person downloaded %(what)s of job %(job)s through link %(target)s of %(who)s: %(outcome)s",
            who=link.caller,
            target=link.shown,
            what=leaving.what,
            job=job.id,
            outcome="begun",
        )
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{leaving.file}"'}
        made = _manifest(job) if leaving.what == "export" else {}
        if made:
            headers["Content-Length"] = str(made["bytes"])
        return StreamingResponse(self._text(link, job), 200, headers, KINDS[leaving.file.rpartition(".")[2]])

    async def _job(self, link: FileLink) -> "tuple[Job, Leaving]":
        leaving = Leaving(**json.loads(link.about))
        async with self._audiences.jobs_of(link.account) as jobs:
            try:
                job = await jobs.get(leaving.job) if jobs else None
            except NoSuchJob:
                job = None
        if job is None:
            raise self._door.gone()
        return job, leaving

    async def _text(self, link: FileLink, job: "Job") -> AsyncIterator[str]:
        async with self._audiences.jobs_of(link.account) as jobs:
            if jobs:
                async for piece in _parts(jobs, job) if job.kind == "export" else _report(jobs, job):
                    yield piece


def _manifest(job: "Job") -> dict[str, Any]:
    manifest: dict[str, Any] = (job.result or {})["manifest"]
    return manifest


async def _parts(jobs: "JobStore", job: "Job") -> AsyncIterator[str]:
    for number in range(1, (job.result or {})["parts"] + 1):
        yield await jobs.part(job.id, number) or ""


def _report(jobs: "JobStore", job: "Job") -> AsyncIterator[str]:
    from flodesk_mcp.audience.job_report import whole_report
    from flodesk_mcp.audience.jobs import Jobs

    return whole_report(Jobs(jobs, (), lambda _: None), job.id)
