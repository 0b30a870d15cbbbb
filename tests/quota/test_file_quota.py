"""What is special about a quota in a file that several processes have: the folder, damage, a restart of the machine."""

import logging
import os
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.folder import open_private
from flodesk_mcp.quota.locking import try_lock
from flodesk_mcp.quota.state import State, Waiting
from flodesk_mcp.sandbox import Sandbox

from .crowd import at_once, client_of, listings, most_in_a_minute, statuses

pytestmark = pytest.mark.anyio

ROWS = [{"email": "a@example.com"}]
Opens = Callable[..., FileQuota]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "quota"


@pytest.fixture
def opened(folder: Path) -> Opens:
    """Open the file as another process would."""
    return partial(FileQuota, folder, lambda key: "account")


async def test_a_process_that_lives_but_does_not_look_when_it_said_so_is_overtaken(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=1)
    stopped, other = opened(1), client_of(sandbox, quota=opened(1))
    await other.segments.list()

    def wait_in_vain(state: State) -> None:
        state.requests.waiting[stopped._shared.me] = Waiting([0.0], look_by=70.0)

    await stopped._shared.change(wait_in_vain)
    await anyio.sleep(1)
    await other.segments.list()
    assert 70 <= sandbox.requests[-1].at <= 73


async def test_only_this_user_may_read_what_is_shared(opened: Opens, folder: Path) -> None:
    await client_of(Sandbox(), quota=opened()).segments.list()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


async def test_a_folder_that_others_could_read_is_closed(opened: Opens, folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    await client_of(Sandbox(), quota=opened()).segments.list()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("garbage", [b"garbage", b"\0" * 2**21, b"{}" * 2**20, b"\xff" * 40])
async def test_a_damaged_file_is_said_once_and_costs_nothing(
    garbage: bytes, opened: Opens, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = Sandbox()
    one = client_of(sandbox, quota=opened())
    assert await at_once(listings(one, 60)) == []
    for _ in range(3):
        (folder / "account.quota").write_bytes(garbage)
        assert await at_once(listings(one, 10)) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "account.quota" in caplog.text
    assert await at_once(listings(client_of(sandbox, quota=opened()), 60)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100


async def test_a_folder_that_cannot_be_had_is_said_once_and_the_process_counts_for_itself(
    opened: Opens, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.parent.mkdir()
    folder.write_text("no folder")
    sandbox = Sandbox()
    assert await at_once(listings(client_of(sandbox, quota=opened()), 150)) == []
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100


async def test_a_process_that_stopped_with_the_lock_in_its_hand_holds_up_nobody(
    opened: Opens, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = Sandbox()
    client = client_of(sandbox, quota=opened())
    await client.segments.list()
    assert try_lock(open_private(folder / "account.quota", 2))
    assert await at_once(listings(client, 150)) == []
    assert sandbox.requests[1].at <= 6
    assert len(caplog.records) == 1
    assert most_in_a_minute(sandbox.requests) == 100


async def test_a_folder_that_is_removed_is_made_anew_and_shared_again(
    opened: Opens, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    one, other = client_of(sandbox, quota=opened(60)), client_of(sandbox, quota=opened(60))
    assert await at_once([*listings(one, 10), *listings(other, 10)]) == []
    shutil.rmtree(folder)
    await anyio.sleep(61)
    assert await at_once([*listings(one, 60), *listings(other, 60)]) == []
    assert most_in_a_minute(sandbox.requests) == 60
    assert caplog.records == []


async def test_a_file_that_nobody_used_for_a_day_is_removed_and_another_is_not(opened: Opens, folder: Path) -> None:
    sandbox = Sandbox()
    await client_of(sandbox, quota=opened()).segments.list()
    names = ("old", "held", "new")
    for name in names:
        (folder / f"{name}.quota").touch()
    held = open_private(folder / "held.quota", 2)
    assert try_lock(held)
    for name in names[:2]:
        os.utime(folder / f"{name}.quota", (0, 0))
    await client_of(sandbox, quota=opened()).segments.list()
    os.close(held)
    assert {path.stem for path in folder.glob("*.quota")} == {"account", "held", "new"}


async def test_what_was_sent_without_the_file_counts_when_it_is_back(opened: Opens, folder: Path) -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    one, other = client_of(sandbox, quota=opened(60)), client_of(sandbox, quota=opened(60))
    await other.segments.list()
    folder.rename(folder.with_name("away"))
    folder.write_text("no folder")
    await anyio.sleep(1)
    assert await at_once(listings(one, 20)) == []
    await anyio.sleep(59.9)
    assert await at_once(listings(one, 20)) == []
    folder.unlink()
    folder.with_name("away").rename(folder)
    await anyio.sleep(1)
    assert await at_once(listings(one, 20)) == []  # it looks again after a minute, and tells
    assert await at_once(listings(other, 40)) == []
    assert most_in_a_minute(sandbox.requests) <= 60


@pytest.mark.parametrize("up_for", [0.0, 30.0, 61.0])
async def test_a_restart_of_the_machine_opens_nothing_and_shuts_nothing_for_long(
    up_for: float, opened: Opens, folder: Path
) -> None:
    sandbox = Sandbox(requests_per_minute=1000)
    await anyio.sleep(80_000)  # it ran for a day
    assert await at_once(listings(client_of(sandbox, quota=opened()), 100)) == []
    began = anyio.current_time()

    async def after_the_restart() -> float:
        await anyio.sleep(up_for)
        client = client_of(Sandbox(requests_per_minute=1000), quota=opened())
        await client.segments.list()
        return anyio.current_time()

    from conftest import VirtualTimeLoop

    left_at = await anyio.to_thread.run_sync(
        lambda: anyio.run(after_the_restart, backend_options={"loop_factory": VirtualTimeLoop})
    )
    assert began >= 80_000
    assert left_at == pytest.approx(max(60.5, up_for), abs=0.1)


async def test_two_accounts_have_two_files_and_the_key_makes_their_names(folder: Path) -> None:
    keys: list[bytes] = []

    def named(name: str) -> Callable[[bytes], str]:
        def name_of(key: bytes) -> str:
            keys.append(key)
            return name

        return name_of

    sandbox = Sandbox(requests_per_minute=2)
    for name in ("one", "two", "one"):
        await client_of(sandbox, quota=FileQuota(folder, named(name), 1)).segments.list()
    assert {path.name for path in folder.glob("*.quota")} == {"one.quota", "two.quota"}
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    assert (folder / "key").read_bytes() == keys[0]
    assert sandbox.requests[-1].at == pytest.approx(60.5, abs=0.1)
