"""Several quotas on one file, as several processes have them: one promise for all, on virtual time."""

import logging
import os
import shutil
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import pytest

from flodesk_mcp.flodesk import BearerToken, FlodeskClient, QuotaExhausted, open_http
from flodesk_mcp.quota.file import FileQuota
from flodesk_mcp.quota.folder import open_private
from flodesk_mcp.quota.locking import try_lock
from flodesk_mcp.quota.state import State, Waiting
from flodesk_mcp.sandbox import SANDBOX_ACCESS_TOKEN, Fault, Sandbox

from .crowd import HOUR, SlowNetwork, at_once, client_of, listings, most_in_a_minute, statuses

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


async def test_five_processes_use_one_quota_and_never_exceed_it(opened: Opens) -> None:
    sandbox = Sandbox()
    network = SlowNetwork(sandbox.transport(), lambda: 0.05)
    http = open_http(network)
    clients = [
        FlodeskClient(BearerToken(SANDBOX_ACCESS_TOKEN), http=http, max_wait_seconds=HOUR, quota=opened())
        for _ in range(5)
    ]
    assert await at_once(call for client in clients for call in listings(client, 50)) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    assert network.most_under_way == 10
    assert sandbox.requests[-1].at <= 2 * 60 / 0.97 + 10


async def test_who_came_first_leaves_first_whatever_the_process(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=2)
    clients = [client_of(sandbox, quota=opened(2)) for _ in range(3)]
    assert await at_once(listings(clients[0], 2)) == []
    async with anyio.create_task_group() as tasks:
        for page, who in enumerate([2, 0, 1, 1, 2, 0], start=11):
            tasks.start_soon(partial(clients[who].segments.list, page=page))
            await anyio.sleep(1)
    pages = [int(request.query["page"]) for request in sandbox.requests]
    # Two places are free at a time, and who may take them need not wait for one another.
    assert [sorted(pages[start : start + 2]) for start in range(0, 8, 2)] == [[1, 2], [11, 12], [13, 14], [15, 16]]
    assert [request.at for request in sandbox.requests][2:] == pytest.approx(
        [60.5, 60.5, 121, 121, 181.5, 181.5], abs=0.1
    )


async def test_who_would_wait_too_long_behind_other_processes_is_told_at_once(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=2)
    patient, hasty = client_of(sandbox, quota=opened(2)), client_of(sandbox, quota=opened(2), max_wait=65)
    async with anyio.create_task_group() as tasks:
        for call in listings(patient, 4):
            tasks.start_soon(call)
        await anyio.sleep(5)
        with pytest.raises(QuotaExhausted) as refused:
            await hasty.segments.list()
    assert refused.value.retry_after == pytest.approx(116, abs=0.1)


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


async def test_batches_count_in_both_windows_over_all_processes(opened: Opens) -> None:
    sandbox = Sandbox()
    clients = [client_of(sandbox, quota=opened()) for _ in range(3)]
    batches = [partial(client.subscribers.save_batch, ROWS) for client in clients for _ in range(10)]
    assert await at_once([*batches, *listings(clients[0], 90)]) == []
    assert statuses(sandbox) == {200}
    assert most_in_a_minute(sandbox.requests) == 100
    assert most_in_a_minute(request for request in sandbox.requests if request.method == "POST") == 20


async def test_a_foreign_spender_that_one_process_sees_slows_all_down(opened: Opens) -> None:
    sandbox = Sandbox()
    one, other = client_of(sandbox, quota=opened()), client_of(sandbox, quota=opened())
    sandbox.spend(SANDBOX_ACCESS_TOKEN, 60)
    await one.segments.list()
    assert await at_once(listings(other, 60)) == []
    assert statuses(sandbox) == {200}
    assert sum(request.at < 60 for request in sandbox.requests) == 40


async def test_retry_after_closes_the_window_for_all_processes(opened: Opens) -> None:
    sandbox = Sandbox()
    sandbox.fail(Fault("status", status=429, retry_after=12))
    one, other = client_of(sandbox, quota=opened()), client_of(sandbox, quota=opened())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.segments.list)
        await anyio.sleep(1)
        tasks.start_soon(other.webhooks.list)
    first, *later = [request.at for request in sandbox.requests]
    assert first == 0
    assert len(later) == 2
    assert all(12 <= at < 12.5 for at in later)  # never before it, and soon after: processes look at random moments


async def test_a_call_cancelled_while_it_waits_leaves_nothing_behind(opened: Opens) -> None:
    sandbox = Sandbox(requests_per_minute=1)
    one, other = client_of(sandbox, quota=opened(1)), client_of(sandbox, quota=opened(1))
    await one.segments.list()
    with anyio.move_on_after(10):
        await one.segments.list()
    await other.segments.list()
    assert sandbox.requests[-1].at == pytest.approx(60.5, abs=0.1)


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
