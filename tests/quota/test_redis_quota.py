"""What is special about a quota in Redis: replicas that die, a memory that is lost, a server that is away."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from redis import Redis

from deploy.cluster import make_certificate
from deploy.programs import Redis as RedisServer
from deploy.programs import running
from flodesk_mcp.deadline import WaitDeadline
from flodesk_mcp.flodesk import QuotaNotKnown
from flodesk_mcp.quota import QuotaSpent, QuotaUnknown
from flodesk_mcp.quota.redis import RedisMemory, RedisQuota
from flodesk_mcp.sandbox import Sandbox
from ports import free_port

from .crowd import at_once, client_of, listings

pytestmark = pytest.mark.anyio

MINUTE = 3.0
LATE = 2.0


@pytest.fixture
def anyio_backend() -> str:
    """Redis is behind a socket, which virtual time would overtake."""
    return "asyncio"


@asynccontextmanager
async def replica(redis: RedisServer) -> AsyncIterator[RedisMemory]:
    memory = RedisMemory(redis.url, minute=MINUTE)
    async with memory.running():
        await memory.link.ask("PING")
        yield memory


async def leave(quota: RedisQuota, patience: float = 0.0) -> float:
    """Send a request, and return when it left."""
    async with quota.slot(WaitDeadline(anyio.current_time() + patience)):
        return anyio.current_time()


async def sure(memory: RedisMemory) -> None:
    """Return when the memory is relied on."""
    await leave(RedisQuota(memory, "somebody else's", minute=MINUTE), patience=20)


def requests_of(memory: RedisMemory, limit: int = 2) -> RedisQuota:
    return RedisQuota(memory, "account", limit, limit, minute=MINUTE)


async def test_a_new_redis_is_relied_on_within_two_seconds(redis_server: RedisServer) -> None:
    async with replica(redis_server) as memory:
        began = anyio.current_time()
        await leave(requests_of(memory), patience=10)
        assert anyio.current_time() - began < LATE


async def test_two_replicas_count_together(redis_server: RedisServer) -> None:
    async with replica(redis_server) as one, replica(redis_server) as other:
        await sure(one)
        await leave(requests_of(one))
        await leave(requests_of(other))
        with pytest.raises(QuotaSpent) as spent:
            await leave(requests_of(one))
    assert 2 < spent.value.seconds <= MINUTE + 0.5


async def test_accounts_do_not_count_for_each_other(redis_server: RedisServer) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        for account in ("one", "two"):
            await leave(RedisQuota(memory, account, 1, minute=MINUTE))


async def test_after_a_lost_memory_nobody_sends_for_a_minute(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        left = await leave(requests_of(memory))
        redis_server.kill()
        redis_server.start()
        async with replica(redis_server) as newcomer:
            with pytest.raises(QuotaUnknown):
                await leave(requests_of(newcomer))
            with pytest.raises(QuotaUnknown):
                await leave(requests_of(memory))
            assert "lost its memory" in memory.problem
            again = await leave(requests_of(newcomer), patience=20)
    assert again - left > MINUTE + 0.5
    assert [record.levelno for record in caplog.records].count(logging.WARNING) >= 1


async def test_a_memory_that_somebody_empties_is_a_lost_one(redis_server: RedisServer) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        left = await leave(requests_of(memory))
        Redis.from_url(redis_server.url).flushall()
        with pytest.raises(QuotaUnknown):
            await leave(requests_of(memory))
        assert await leave(requests_of(memory), patience=20) - left > MINUTE + 0.5


async def test_what_a_restarted_redis_has_on_its_disk_may_be_older_and_is_not_believed(
    redis_server: RedisServer,
) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        left = await leave(requests_of(memory))
        Redis.from_url(redis_server.url).save()
    redis_server.kill()
    redis_server.start()
    async with replica(redis_server) as newcomer:
        assert await leave(requests_of(newcomer), patience=20) - left > MINUTE + 0.5


async def test_scripts_that_somebody_removed_are_loaded_again(redis_server: RedisServer) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        Redis.from_url(redis_server.url).script_flush()
        await leave(requests_of(memory))


async def test_while_redis_is_away_calls_wait_a_little_and_then_fail_at_once_with_a_sentence(
    redis_server: RedisServer,
) -> None:
    sandbox = Sandbox()
    async with replica(redis_server) as memory:
        await sure(memory)
        flodesk = client_of(sandbox, quota=requests_of(memory, 100))
        assert await at_once(listings(flodesk, 3)) == []
        redis_server.kill()
        (short,) = await at_once(listings(flodesk, 1))
        began = anyio.current_time()
        errors = await at_once(listings(flodesk, 20))
        assert anyio.current_time() - began < 1
        assert "cannot be reached" in memory.problem
        redis_server.start()
    assert {type(error) for error in [short, *errors]} == {QuotaNotKnown}
    assert "cannot see now how much of the account's request quota is left, so nothing was sent" in str(short)
    assert len(sandbox.requests) == 3


async def test_a_redis_that_hangs_for_a_moment_delays_calls_and_loses_none(redis_server: RedisServer) -> None:
    sandbox = Sandbox()
    async with replica(redis_server) as memory:
        await sure(memory)
        flodesk = client_of(sandbox, quota=requests_of(memory, 100))
        async with anyio.create_task_group() as tasks:
            redis_server.pause()
            errors: list[Exception] = []

            async def call() -> None:
                errors.extend(await at_once(listings(flodesk, 5)))

            tasks.start_soon(call)
            await anyio.sleep(0.5)
            redis_server.go_on()
        assert errors == []
        assert requests_of(memory, 100).free() == 100  # knows nothing by itself
        quota = requests_of(memory, 100)
        await leave(quota)
        await quota._in_all.look()
        assert quota.free() == 94


async def test_a_redis_that_hangs_for_longer_takes_no_place_for_a_call_that_has_given_up(
    redis_server: RedisServer,
) -> None:
    async with replica(redis_server) as memory:
        await sure(memory)
        flodesk = client_of(Sandbox(), quota=requests_of(memory, 100))
        await memory.link.ask("PING")  # then it waits for nothing, and what comes next is said at once
        redis_server.pause()
        errors = await at_once(listings(flodesk, 12))
        redis_server.go_on()
        assert {type(error) for error in errors} == {QuotaNotKnown}
        assert len(errors) == 12
        quota = requests_of(memory, 100)
        await leave(quota, patience=20)
        await quota._in_all.look()
        assert quota.free() == 99


async def test_an_encrypted_connection_is_made_where_the_address_says_so(tmp_path: Path, redis_url: str) -> None:
    make_certificate(tmp_path)
    files = [f"tls-cert-file {tmp_path}/cert.pem", f"tls-key-file {tmp_path}/key.pem", "tls-auth-clients no"]
    port = free_port()
    server = RedisServer(tmp_path, free_port(), f"tls-port {port}", *files, password="secret")
    with running(server):
        url = f"rediss://:secret@127.0.0.1:{port}/0?ssl_ca_certs={tmp_path}/cert.pem"
        memory = RedisMemory(url, minute=MINUTE)
        async with memory.running():
            await sure(memory)
            await leave(requests_of(memory))


async def test_a_password_and_a_database_are_in_the_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RedisServer(tmp_path_factory.mktemp("redis"), free_port(), password="secret/word")
    server.start()
    try:
        memory = RedisMemory(server.url.replace("secret/word", "secret%2Fword").replace("/0", "/3"), minute=MINUTE)
        async with memory.running():
            await sure(memory)
            await leave(requests_of(memory))
    finally:
        server.kill()
