"""The page on which a person sends a file to the program that asked for it, after a look at its first rows."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import PurePath
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from flodesk_mcp.audience.errors import FileRefused
from flodesk_mcp.observability.audit import record
from flodesk_mcp.store import MOST_UPLOAD_BYTES, FileLink, NoRoom, TooLarge, Upload
from flodesk_mcp.web.files.door import Door, Refusal, address_of, leave_for
from flodesk_mcp.web.files.links import Opened
from flodesk_mcp.web.files.multipart import FileForm
from flodesk_mcp.web.files.preview import rows_of, size_of, words_of
from flodesk_mcp.web.forms import read_form
from flodesk_mcp.web.html_page import HtmlPage
from flodesk_mcp.web.middleware import MAX_BODY_SECONDS

__all__ = ["SCRIPT", "UploadPage"]

SCRIPT = "/upload.js"
KINDS = (".csv", ".tsv", ".xlsx", ".json", ".jsonl")
READ_AT_ONCE = 2
FORM_BYTES = 64 << 10
"""What a form has around its file, at most."""

CHOOSE = "Choose a file first."
OTHER_KIND = "Only CSV, TSV, XLSX, JSON and JSONL files are read. A spreadsheet can be saved as one of them."
LARGE = "It has more than 50 MB. Divide it, or leave out columns that nobody needs."
FULL = "Too many files of this account wait here. Let your program plan what it has, or wait half an hour."
OFTEN = "Too many files came from your network. Wait ten minutes."


class UploadPage:
    """Takes a file, shows its first rows and columns to the person, and hands it on when the person says so."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._choosing = HtmlPage("upload.html", "page.css", "form.css", "files.css", script=SCRIPT)
        self._looking = HtmlPage("uploaded.html", "page.css", "form.css", "files.css", script=SCRIPT)
        self._reading = anyio.CapacityLimiter(READ_AT_ONCE)

    async def show(self, request: Request) -> Response:
        """Answer with the form, or with what this browser has sent by it. Raises Refusal, StoreError."""
        link = await self._unused(request)
        upload = await (await self._door.opened()).uploads.shown(link, self._door.browser(request))
        return self._looked_at(request, link, upload) if upload else self._chosen(request, link)

    async def answer(self, request: Request) -> Response:
        """Take a file, hand it on, or drop it for another one. Raises Refusal, FormError, StoreError."""
        link = await self._door.find("upload", request)
        holds_file = request.headers.get("content-type", "").startswith("multipart/")
        try:
            with anyio.fail_after(link.expires_at - time.time() if holds_file else MAX_BODY_SECONDS):
                return await (self._receive(request, link) if holds_file else self._decided(request, link))
        except TimeoutError:
            raise self._door.gone() from None

    async def _decided(self, request: Request, link: FileLink) -> Response:
        form = await read_form(request)
        self._door.check(request, link, form.get("csrf"))
        uploads = (await self._door.opened()).uploads
        upload = await uploads.shown(link, self._door.browser(request))
        if upload is None or upload.id != form.get("upload"):
            raise self._door.gone()
        if form.get("way") == "send":
            return await self._send(request, link, upload)
        if link.used_at is None:
            await uploads.discard(upload)
        return leave_for(address_of(request))

    async def _receive(self, request: Request, link: FileLink) -> Response:
        if link.used_at is not None:
            raise self._door.gone()
        refuse = partial(self._refused, request, link)
        announced = request.headers.get("content-length", "")
        expected = int(announced) if announced.isdecimal() else MOST_UPLOAD_BYTES
        if expected > MOST_UPLOAD_BYTES + FORM_BYTES:
            raise refuse(LARGE, 413)
        form = FileForm(request)
        self._door.check(request, link, (await form.fields()).get("csrf"))
        if not form.filename:
            raise refuse(CHOOSE, 400)
        ending = PurePath(form.filename).suffix.lower()
        if ending not in KINDS:
            raise refuse(OTHER_KIND, 415)
        if not await self._door.count(request):
            raise refuse(OFTEN, 429)
        opened = await self._door.opened()
        try:
            upload = await opened.uploads.receive(link, self._door.browser(request), ending, form.content(), expected)
        except TooLarge:
            raise refuse(LARGE, 413) from None
        except NoRoom:
            raise refuse(FULL, 429) from None
        await self._look(opened, link, upload, form.filename, refuse)
        return leave_for(address_of(request))

    async def _look(self, opened: Opened, link: FileLink, upload: Upload, filename: str, refuse: Any) -> None:
        from flodesk_mcp.audience.files import Understanding, preview_of  # with the first file

        reading = json.loads(link.about)
        fields: Mapping[str, str] = reading["fields"]
        understanding = Understanding(
            fields, reading["columns"], create_missing_fields=reading["create_missing_fields"]
        )

        def look() -> Any:
            with opened.source(upload)() as table:
                return asdict(preview_of(table, understanding, fields))

        try:
            preview = await anyio.to_thread.run_sync(look, limiter=self._reading)
        except FileRefused as error:
            await opened.uploads.discard(upload)
            raise refuse(str(error), 400) from error
        await opened.uploads.show(link, upload, json.dumps({"file": filename, **preview}))

    async def _send(self, request: Request, link: FileLink, upload: Upload) -> Response:
        opened = await self._door.opened()
        if not await opened.links.use(link, self._door.browser(request)):
            raise self._door.gone()
        if upload.sent_at is None:
            await opened.uploads.hand_on(upload.id)
            record(
                "A person sent a file through link %(target)s of %(who)s: %(outcome)s",
                who=link.caller,
                target=link.shown,
                outcome="done",
            )
        return self._door.notice(
            "It is sent",
            "Go back to your program, and tell it that the file is there: it then plans what would be done, and shows "
            "you that first. Here the file is deleted half an hour after the last plan of it. You can close this page.",
        )

    async def _unused(self, request: Request) -> FileLink:
        link = await self._door.find("upload", request)
        if link.used_at is not None:
            raise self._door.gone()
        return link

    def _refused(self, request: Request, link: FileLink, words: str, status: int) -> Refusal:
        return Refusal(self._chosen(request, link, words, status))

    def _chosen(self, request: Request, link: FileLink, problem: str = "", status: int = 200) -> Response:
        told = {
            "title": f"{'Problem: ' if problem else ''}Send a list",
            "problem": words_of(problem),
            "described": "problem file-help" if problem else "file-help",
            "purpose": str(json.loads(link.about)["purpose"]),
            "kinds": ",".join(KINDS),
            "most": str(MOST_UPLOAD_BYTES),
            "minutes": str(max(round((link.expires_at - time.time()) / 60), 1)),
        }
        return self._door.page(self._choosing, request, link, told, status)

    def _looked_at(self, request: Request, link: FileLink, upload: Upload) -> Response:
        preview = json.loads(upload.shown or "{}")
        told = {
            "title": "Look at it, and send it",
            "file": preview["file"],
            "size": size_of(upload.size),
            "purpose": str(json.loads(link.about)["purpose"]),
            "upload": upload.id,
            "problem": words_of(preview["problem"]),
            **rows_of(preview),
        }
        return self._door.page(self._looking, request, link, told)
