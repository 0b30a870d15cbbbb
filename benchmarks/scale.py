"""What one more account, person or token costs: `python -m benchmarks.scale` prints the numbers of docs/scale.md.

Times are those of the processor, user and system, which a machine that does other things, too, does not stretch much.
"""

import sqlite3
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from pydantic import SecretStr

from benchmarks.large_flodesk import person
from deploy.programs import NotInstalled, Redis, free_port, running
from flodesk_mcp.audience.storage import LocalStorage
from flodesk_mcp.audience.writing import put_people
from flodesk_mcp.callers.pool import ClientPool
from flodesk_mcp.deadline import current_deadline, wait_deadline
from flodesk_mcp.flodesk import ApiKey, FlodeskClient, Subscriber, open_http
from flodesk_mcp.flodesk.plain import plain
from flodesk_mcp.quota.redis import RedisMemory, RedisQuota
from flodesk_mcp.store import Store, TokenLimits, new_key

ACCOUNTS = 300
TOKENS = 100
PEOPLE = 3000
REDIS_ACCOUNTS, PLACES_EACH = 200, 20


async def main() -> int:
    """Measure and print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        rows = [*await _clients(), *await _stored(folder), *await _mirrored(folder), *await _in_redis(folder)]
    width = max(len(words) for words, _ in rows)
    for words, value in rows:
        print(f"{words:{width}}  {value}")
    return 0


async def _clients() -> list[tuple[str, str]]:
    """Return what an account takes that this process holds: without requests, and with a full minute of them."""
    async with open_http() as http:
        pool = ClientPool(lambda identity, credential: FlodeskClient(credential, identity=identity, http=http), 100)
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        clients = [pool.client(f"account-{number}", ApiKey(f"key-{number}")) for number in range(ACCOUNTS)]
        idle = (tracemalloc.get_traced_memory()[0] - before) / ACCOUNTS
        for client in clients[:20]:
            quota = client._transport.quota
            with wait_deadline(60):
                for _ in range(100):
                    async with quota.slot(current_deadline()):
                        pass
        busy = (tracemalloc.get_traced_memory()[0] - before) / ACCOUNTS - idle
        tracemalloc.stop()
    return [
        ("memory of an account in use", f"{idle / 1024:.1f} KiB"),
        ("memory of its last 100 requests", f"{busy * ACCOUNTS / 20 / 1024:.1f} KiB"),
    ]


async def _stored(folder: Path) -> list[tuple[str, str]]:
    file = folder / "state.sqlite3"
    async with Store(f"sqlite:///{file}", SecretStr(new_key())) as store:
        empty = _bytes(file)
        adding = await _seconds(lambda number: store.accounts.add(f"a{number}", "api_key", f"key-{number}"), ACCOUNTS)
        account = (_bytes(file) - empty) / ACCOUNTS
        before = _bytes(file)
        made = [await store.tokens.create(f"t{number}", f"a{number}", TokenLimits()) for number in range(TOKENS)]
        token = (_bytes(file) - before) / TOKENS
        opening = await _seconds(lambda _: store.accounts.all(), 5) / ACCOUNTS
        finding = await _seconds(lambda number: store.tokens.find(made[number]), TOKENS)
        found = [await store.tokens.find(text) for text in made]
        ids = [each.id for each in found if each]
        checking = await _seconds(lambda _: store.tokens.valid(ids), 20) / TOKENS
    return [
        ("database of an account", f"{account:.0f} bytes"),
        ("database of a token", f"{token:.0f} bytes"),
        ("storing an account", f"{adding * 1000:.2f} ms"),
        ("opening an account at start", f"{opening * 1e6:.0f} us"),
        ("looking a token up, every five minutes", f"{finding * 1000:.2f} ms"),
        ("checking one of the tokens in use, every second", f"{checking * 1e6:.1f} us"),
    ]


async def _mirrored(folder: Path) -> list[tuple[str, str]]:
    storage = LocalStorage(folder, "account")
    rows = [plain(Subscriber.model_validate(person(number))) for number in range(PEOPLE)]
    began = time.process_time()
    for start in range(0, PEOPLE, 100):
        async with storage.mirror.writing() as work:
            await put_people(work, rows[start : start + 100], time.time())
    seconds = (time.process_time() - began) / PEOPLE
    await storage.aclose()
    size = _bytes(Path(storage.place())) / PEOPLE
    return [("mirror of a person", f"{size:.0f} bytes"), ("writing a person into it", f"{seconds * 1e6:.0f} us")]


async def _in_redis(folder: Path) -> list[tuple[str, str]]:
    """Return what places in quotas take in a Redis, by its own account; nothing where there is none."""
    try:
        redis = Redis(folder, free_port())
    except NotInstalled as missing:
        print(f"{missing}: Redis was left out")
        return []
    with running(redis):
        memory = RedisMemory(redis.url)
        async with memory.running():
            await memory.link.ask("PING")
            before = await _redis_facts(memory)
            for number in range(REDIS_ACCOUNTS):
                quota = RedisQuota(memory, f"account {number}")
                with wait_deadline(60):
                    for _ in range(PLACES_EACH):
                        async with quota.slot(current_deadline()):
                            pass
            after = await _redis_facts(memory)
    taken = after["used_cpu_user"] + after["used_cpu_sys"] - before["used_cpu_user"] - before["used_cpu_sys"]
    kept = after["used_memory"] - before["used_memory"]
    return [
        ("a place in a quota, of Redis's processor", f"{taken / (REDIS_ACCOUNTS * PLACES_EACH) * 1e6:.0f} us"),
        (f"memory of Redis for an account's {PLACES_EACH} requests", f"{kept / REDIS_ACCOUNTS / 1024:.1f} KiB"),
    ]


async def _redis_facts(memory: RedisMemory) -> dict[str, float]:
    told = [(await memory.link.ask("INFO", section)).decode() for section in ("cpu", "memory")]
    lines = (line.partition(":") for part in told for line in part.splitlines())
    return {name: float(value) for name, _, value in lines if name in {"used_cpu_user", "used_cpu_sys", "used_memory"}}


async def _seconds(work: Callable[[int], Awaitable[object]], times: int) -> float:
    """Return how much of the processor one of so many takes."""
    began = time.process_time()
    for number in range(times):
        await work(number)
    return (time.process_time() - began) / times


def _bytes(file: Path) -> int:
    """Return the size of a SQLite file, with all that was written into it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


if __name__ == "__main__":
    sys.exit(anyio.run(main))
