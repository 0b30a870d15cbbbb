"""The file of a mirror: private, and what happens when it is damaged, newer, on a full disk, or shared."""

import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import pytest

from flodesk_mcp.audience import sqlite
from flodesk_mcp.audience.errors import MirrorUnusable, StorageFailed
from flodesk_mcp.audience.forgetting import forget_unused_files

from .accounts import mirrored, nothing

pytestmark = pytest.mark.anyio


def _file(folder: Path) -> Path:
    return folder / "audience" / "account" / "mirror.sqlite3"


async def test_only_this_user_can_read_it(tmp_path: Path) -> None:
    async with mirrored(3, tmp_path) as account:
        await account.audience.mirror.refresh()
        files = list(_file(tmp_path).parent.iterdir())
        assert len(files) > 1
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
        assert stat.S_IMODE(_file(tmp_path).parent.stat().st_mode) == 0o700


async def test_nothing_is_made_before_it_is_used(tmp_path: Path) -> None:
    async with mirrored(3, tmp_path) as account:
        assert not await account.audience.mirror.exists()
        await account.audience.mirror.note(await account.flodesk.client.subscribers.get("3@example.com"))
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", [b"no database at all" * 1000, None])
async def test_a_damaged_file_is_said_and_kept_aside_when_a_new_one_is_asked_for(
    damage: bytes | None, tmp_path: Path
) -> None:
    async with mirrored(300, tmp_path) as account:
        await account.audience.mirror.refresh()
        await account.audience.aclose()
        file = _file(tmp_path)
        was = file.read_bytes()
        broken = damage or was[:4096] + b"\xa7" * (len(was) - 4096)
        file.write_bytes(broken)
        account.audience = account.opened()
        with pytest.raises(MirrorUnusable, match=r"is damaged.*refresh"):
            await account.audience.search()
        found = await account.audience.search(refresh=True)
        assert found.total == 300
        (kept,) = file.parent.glob("mirror.sqlite3.kept-*")
        assert kept.read_bytes()[4096 : len(broken)] == broken[4096:]
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_a_file_of_a_newer_version_is_left_alone_until_a_new_one_is_asked_for(tmp_path: Path) -> None:
    async with mirrored(3, tmp_path) as account:
        await account.audience.mirror.refresh()
        await account.audience.aclose()
        with sqlite3.connect(_file(tmp_path)) as connection:
            connection.execute("PRAGMA user_version=99")
        connection.close()
        account.audience = account.opened()
        with pytest.raises(MirrorUnusable, match="newer version"):
            await account.audience.search()
        await account.audience.mirror.refresh(whole=True)
        assert (await account.audience.search()).total == 3
        (kept,) = _file(tmp_path).parent.glob("mirror.sqlite3.kept-*")
        with sqlite3.connect(kept) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (99,)
        connection.close()


async def test_a_full_disk_is_said_and_what_was_read_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = sqlite._prepare

    def fill(connection: Any, record: Any) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA max_page_count=200")

    async with mirrored(2_300, tmp_path) as account:
        monkeypatch.setattr(sqlite, "_prepare", fill)
        with pytest.raises(StorageFailed, match="disk is full"):
            await account.audience.mirror.refresh()
        monkeypatch.undo()
        known = await account.audience.mirror.status()
        assert 0 < known.people < 2_300
        await account.audience.aclose()
        account.audience = account.opened()
        asked = account.requests
        await account.audience.mirror.refresh()
        assert account.requests - asked < 25
        assert await account.people() == account.truth()


async def test_two_servers_on_one_account_read_it_once(tmp_path: Path) -> None:
    async with mirrored(2_300, tmp_path) as account:
        other = account.opened()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(account.audience.mirror.refresh)
            tasks.start_soon(other.mirror.refresh)
        assert account.requests < 2_300 / 80 + 3
        assert await other.mirror.count() == await account.audience.mirror.count() == 2_300
        await other.aclose()


async def test_who_waited_goes_on_when_the_other_dies(tmp_path: Path) -> None:
    async with mirrored(2_300, tmp_path) as account:
        other = account.opened()
        with anyio.CancelScope() as dies:
            account.change(*[nothing] * 5, lambda _: dies.cancel())
            await account.audience.mirror.refresh()
        await other.mirror.refresh()
        assert await account.people() == account.truth()
        assert account.requests < 2_300 / 80 + 6
        await other.aclose()


async def test_a_mirror_that_nobody_uses_is_forgotten_and_its_jobs_are_not(tmp_path: Path) -> None:
    async with mirrored(3, tmp_path) as account:
        await account.audience.search()
        await account.audience.jobs.latest()
        used = (_file(tmp_path).parent / "used").stat().st_mtime
        forget_unused_files(tmp_path, used - 1)
        assert _file(tmp_path).exists()
        await account.audience.aclose()
        forget_unused_files(tmp_path, used + 1)
        assert not list(_file(tmp_path).parent.glob("mirror*"))
        assert (_file(tmp_path).parent / "jobs.sqlite3").exists()
        assert (await account.audience.search()).total == 3


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "audience").write_text("in the way")
    async with mirrored(3, tmp_path) as account:
        with pytest.raises(StorageFailed, match="cannot be used"):
            await account.audience.search()
        with suppress(FileNotFoundError):
            await account.audience.aclose()
