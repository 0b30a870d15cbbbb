"""Exports that are interrupted: by a full disk, by the end of a process, by somebody who tidies up."""

import csv
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from flodesk.changing import Flodesk
from flodesk_mcp.audience.audience import Audience
from flodesk_mcp.audience.export import ExportOrder
from flodesk_mcp.audience.manifest import verified
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.callers.background import Background
from flodesk_mcp.sandbox import SANDBOX_API_KEY

pytestmark = pytest.mark.anyio
PEOPLE = 700


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flodesk_mcp.audience.export.READ_AT_ONCE", 50)
    monkeypatch.setattr("flodesk_mcp.audience.export.SETTLED_ROWS", 100)


@pytest.fixture
def flodesk() -> Flodesk:
    return Flodesk(PEOPLE)


@asynccontextmanager
async def process(flodesk: Flodesk, folder: Path) -> AsyncIterator[Audience]:
    """The audience as one process has it."""
    background = Background()
    async with background.running():
        audience = Audience(flodesk.client, LocalStorage(folder / "data", "account"), spawn=background.spawn)
        yield audience
    await audience.aclose()


class Syncs:
    """Counts what is made sure of on the disk, and may let one of them fail or hang."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        self.full_at: int | None = None
        self._sync = os.fsync
        monkeypatch.setattr("flodesk_mcp.audience.destination.os.fsync", self)

    def __call__(self, descriptor: int) -> None:
        self.number += 1
        if self.full_at is not None and self.number >= self.full_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._sync(descriptor)


def _everybody(flodesk: Flodesk, path: Path) -> bool:
    with path.open(encoding="utf-8-sig", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    return sorted(ids) == sorted(flodesk.sandbox.accounts[SANDBOX_API_KEY].subscribers)


async def _ended(audience: Audience, id: str) -> Any:
    with anyio.fail_after(3_600):
        return await audience.jobs.wait(id, 3_600)


async def test_after_a_full_disk_the_export_goes_on_where_it_stopped(
    flodesk: Flodesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs(monkeypatch)
    path = tmp_path / "all.csv"
    async with process(flodesk, tmp_path) as audience:
        syncs.full_at = 4
        job = await audience.export(ExportOrder(file=str(path)))
        failed = await _ended(audience, job.id)
        requests = len(flodesk.sandbox.requests)
        syncs.full_at = None
        await audience.jobs.restart()
        ended = await _ended(audience, job.id)

    assert (failed.state, failed.written) == ("failed", 300)
    assert failed.problem == "The disk is full: make room; `flodesk-mcp jobs run` then goes on where it stopped."
    assert (ended.state, ended.written, ended.rows) == ("done", PEOPLE, PEOPLE)
    assert len(flodesk.sandbox.requests) == requests
    assert _everybody(flodesk, path)
    assert verified(path)["rows"] == PEOPLE


async def test_an_export_of_a_process_that_ended_is_finished_by_the_next(
    flodesk: Flodesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs(monkeypatch)
    path = tmp_path / "all.csv"
    async with process(flodesk, tmp_path) as audience:
        job = await audience.export(ExportOrder(file=str(path)))
        while syncs.number < 3:  # noqa: ASYNC110 - the disk tells nobody
            await anyio.sleep(0.001)
    async with process(flodesk, tmp_path) as audience:
        await audience.resume()
        ended = await _ended(audience, job.id)

    assert (ended.state, ended.written) == ("done", PEOPLE)
    assert _everybody(flodesk, path)
    assert verified(path)["rows"] == PEOPLE


async def test_an_unfinished_file_that_somebody_removed_is_written_anew(
    flodesk: Flodesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = Syncs(monkeypatch)
    path = tmp_path / "all.csv"
    async with process(flodesk, tmp_path) as audience:
        syncs.full_at = 4
        job = await audience.export(ExportOrder(file=str(path)))
        await _ended(audience, job.id)
        (unfinished,) = tmp_path.glob(".all.csv.*.part")
        unfinished.unlink()
        syncs.full_at = None
        await audience.jobs.restart()
        ended = await _ended(audience, job.id)

    assert (ended.state, ended.written) == ("done", PEOPLE)
    assert _everybody(flodesk, path)


async def test_parts_go_on_where_they_stopped(flodesk: Flodesk, tmp_path: Path) -> None:
    async with process(flodesk, tmp_path) as audience:
        job = await audience.export(ExportOrder())
        while not (await audience.jobs.get(job.id)).written:  # noqa: ASYNC110 - it is far from its end
            await anyio.sleep(0.001)
    async with process(flodesk, tmp_path) as audience:
        await audience.resume()
        ended = await _ended(audience, job.id)
        parts = [await audience.jobs.part(job.id, number + 1) for number in range(ended.result["parts"])]

    path = tmp_path / "together.csv"
    path.write_bytes("".join(part or "" for part in parts).encode())
    assert _everybody(flodesk, path)
    assert ended.written == PEOPLE
